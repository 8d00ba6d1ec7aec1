"""What the judge makes of calls under every setting of a criterion, extracted once.

For a limit the judge is asked once per call how far the value lies from an impossible limit; after
that a verdict is a comparison. For what decides what is counted the judge looks again, once per
setting. `Table.missed` is the judge's own verdict in both cases; `tests/properties` holds it to
that.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.facts import AGENT, CUSTOMER, CallFacts
from pipeline.judge.call import check, compile
from pipeline.judge.doubt import other_reading
from pipeline.judge.verdict import Verdict
from pipeline.judge.view import View
from pipeline.rubric import Lexicon, Rubric, kinds
from pipeline.rubric.kinds import AnyCriterion
from pipeline.tune.knobs import DIGITS, Knob, turned, value_of

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]
Setting = Mapping[str, float]
"""Key of a knob -> its value; what is not named stays as the rubric has it."""

NOT_MEASURED, NOT_APPLICABLE, MET, MISSED, BY_VALUE = range(5)
"""What is known of a call: a verdict that no limit changes, or a value that limits decide."""
_CODES: Final = {
    "not_measured": NOT_MEASURED,
    "not_applicable": NOT_APPLICABLE,
    "met": MET,
    "missed": MISSED,
}
OUTCOMES: Final = ("not_measured", "not_applicable", "met", "missed")
MOST_CELLS: Final = 256
_FEW: Final = 12


# ── Asking the judge for the number behind a verdict ─────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Probe:
    """An impossible limit, and the value that the verdict on it gives away."""

    settings: Mapping[str, Any]
    value: Callable[[Verdict], float]
    low: str | None = None
    """The key of the limit that a value must reach."""
    high: str | None = None
    """The key of the limit that it must not exceed."""


_FAR: Final = 2.0**13


def _fallen(verdict: Verdict) -> float:
    """Points fall in a straight line beyond a limit, so the share that is left says how far."""
    return (1 - verdict.share) * 2 * _FAR - _FAR


def _own_share(verdict: Verdict) -> float:
    return verdict.share


_SHARES: Final = _Probe({"share": 2.0}, _own_share, low="share")
_PROBES: Final[Mapping[type, _Probe]] = {
    kinds.Measure: _Probe(
        {"low": None, "high": -_FAR, "slack": 2 * _FAR}, _fallen, low="low", high="high"
    ),
    kinds.Events: _Probe({"at_most": -_FAR, "slack": 2 * _FAR}, _fallen, high="at_most"),
    kinds.Says: _Probe({"at_least": 10**9}, lambda verdict: verdict.value or 0.0, low="at_least"),
    kinds.Avoids: _Probe({"at_most": -1}, lambda verdict: verdict.value or 0.0, high="at_most"),
    kinds.Prefers: _Probe({"share": 2.0}, lambda verdict: 2 * verdict.share, low="share"),
    **dict.fromkeys(
        (
            kinds.Answers,
            kinds.ReadsBack,
            kinds.Steps,
            kinds.Questions,
            kinds.Explains,
            kinds.FullAnswers,
            kinds.Listens,
            kinds.Politely,
        ),
        _SHARES,
    ),
}
_NEAR: Final = 1e-8


def limits_of(criterion: AnyCriterion) -> tuple[str | None, str | None]:
    """The keys of the limits that a value must reach, and must not exceed."""
    probe = _probe(criterion)
    return (None, None) if probe is None else (probe.low, probe.high)


def _probe(criterion: AnyCriterion) -> _Probe | None:
    if isinstance(criterion, kinds.Says) and criterion.per_minutes is not None:
        return None  # how many are wanted grows with the call
    return _PROBES.get(type(criterion))


def _read(criterion: AnyCriterion, impossible: AnyCriterion, view: View) -> tuple[int, float]:
    """A call's code and value under the criterion's own settings."""
    probe = _probe(criterion)
    verdict = check(impossible, view)
    code = _CODES[verdict.outcome]
    if probe is None or code != MISSED:
        return code, math.nan
    return BY_VALUE, _exact(criterion, probe, probe.value(verdict), view)


def _exact(criterion: AnyCriterion, probe: _Probe, value: float, view: View) -> float:
    """The value, moved off a limit that people could write, to the side on which it truly lies.

    Facts have three decimals, so values often equal limits; the way over the share of the points
    loses the last bits.
    """
    written = round(value, DIGITS) + 0.0
    if abs(value - written) > _NEAR:
        return value
    for key, away in ((probe.low, -math.inf), (probe.high, math.inf)):
        if key is None:
            continue
        alone = {each: None for each in (probe.low, probe.high) if each is not None}
        tried = msgspec.structs.replace(criterion, **(alone | {key: written}))
        if check(tried, view).outcome == "missed":
            return math.nextafter(written, away)
    return written


# ── Settings to look at ──────────────────────────────────────────────────────────────────────────


def grid(knob: Knob, present: float, most: int) -> tuple[float, ...]:
    """Values of a knob to look at, the present one among them: from a third to three times it.

    Where there is room for few only, from half to twice.
    """
    reach = 3 if most >= _FEW else 2
    top = knob.ceiling if knob.ceiling is not None else max(reach * present, knob.floor + reach)
    if knob.whole:
        stride = max(1, math.ceil((top - knob.floor) / most))
        values = set(np.arange(knob.floor, top + 1, stride).tolist())
    elif knob.ceiling is not None:
        values = set(np.linspace(knob.floor, top, most).round(2).tolist())
    else:
        ratios = np.geomspace(1 / reach, reach, most)
        values = {float(f"{present * ratio:.2g}") for ratio in ratios}
    inside = {value for value in values if knob.floor <= value <= top}
    return tuple(sorted(round(value, DIGITS) for value in inside | {present}))


def cells_of(
    criterion: AnyCriterion, knobs: Sequence[Knob], most: int = 40
) -> tuple[dict[str, float], ...]:
    """Every combination of what decides what is counted; the rubric's own comes first."""
    senses = [knob for knob in knobs if knob.role == "sense"]
    present = {knob.key: value_of(criterion, knob.key) or 0.0 for knob in senses}
    each = most if len(senses) < 2 else int(MOST_CELLS ** (1 / len(senses)))
    grids = [grid(knob, present[knob.key], each) for knob in senses]
    rest = [dict(zip(present, values, strict=True)) for values in itertools.product(*grids)]
    return (present, *(cell for cell in rest if cell != present))


# ── Reading calls ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Reading:
    """What the judge says of calls: cells x calls, or one column of it.

    Attributes:
        codes: what is known (`BY_VALUE` …).
        values: NaN where limits decide nothing.
        margins: how far a value may lie on either side, where the judge gives no verdict on one
            that is so near a limit; 0 where it does.
    """

    codes: Codes
    values: Floats
    margins: Floats

    def of(self, index: Any) -> Reading:
        """A part of it."""
        return Reading(self.codes[index], self.values[index], self.margins[index])


Row = tuple[Reading, Reading | None]
"""One call as its turns were told apart, and as they might have been where that is not sure."""


class Reader:
    """Reads calls under a rubric, with only the phrases that the criteria speak of.

    Args:
        rubric: the one in force.
        lexicon: its phrase lists.
        cells: criterion -> the settings to look at; the first is the rubric's own.
    """

    def __init__(
        self, rubric: Rubric, lexicon: Lexicon, cells: Mapping[str, Sequence[Setting]]
    ) -> None:
        criteria = tuple(each for each in rubric.criteria if each.id in cells)
        self.judge = compile(msgspec.structs.replace(rubric, criteria=criteria), lexicon)
        # Kept for as long as views are read: the judge remembers expressions by identity.
        self._variants = [
            (variant, _impossible(variant))
            for each in criteria
            for variant in (turned(each, cell) for cell in cells[each.id])
        ]

    def read(self, facts: CallFacts) -> Row:
        """Codes and values of one call, cell after cell, criterion after criterion."""
        other = other_reading(facts, self.judge.rubric.confidence)
        return self._reading(facts), None if other is None else self._reading(other)

    def _reading(self, facts: CallFacts) -> Reading:
        view = self.judge.view(facts)
        found = [_read(variant, impossible, view) for variant, impossible in self._variants]
        margin = _talk_margin(view)
        return Reading(
            np.array([code for code, _ in found], np.int8),
            np.array([value for _, value in found], np.float64),
            np.array([margin if _of_talk(each) else 0.0 for each, _ in self._variants]),
        )


def _of_talk(criterion: AnyCriterion) -> bool:
    return isinstance(criterion, kinds.Measure) and criterion.measure == "talk-share"


def _talk_margin(view: View) -> float:
    """How far the share of the talk may be off (`judge.turntaking.talk_share`)."""
    parties = [view.parties[name] for name in (AGENT, CUSTOMER) if name in view.parties]
    whole = sum(party.talk_s for party in parties)
    error = max((party.talk_error_s for party in view.parties.values()), default=0.0)
    return error / whole if whole > 0 else 0.0


def _impossible(criterion: AnyCriterion) -> AnyCriterion:
    probe = _probe(criterion)
    if probe is None:
        return criterion
    return msgspec.structs.replace(criterion, **probe.settings)


# ── A criterion's table ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Table:
    """One criterion over calls.

    Attributes:
        criterion: as the rubric has it.
        cells: settings that were looked at; the first is the rubric's own.
        reading: what the judge says of each call under each of them.
        other: the same under the other reading of what is not sure; ``None``: all is sure.
    """

    criterion: AnyCriterion
    cells: tuple[Setting, ...]
    reading: Reading
    other: Reading | None = None

    @property
    def codes(self) -> Codes:
        """What is known: cells x calls."""
        return self.reading.codes

    @property
    def values(self) -> Floats:
        """What limits are held against: cells x calls."""
        return self.reading.values

    @property
    def limits(self) -> tuple[str | None, str | None]:
        """Keys of the limits on the value."""
        return limits_of(self.criterion)

    def cell(self, setting: Setting) -> int:
        """Which cell holds this setting.

        Raises:
            KeyError: none was looked at.
        """
        wanted = {**self.cells[0], **{k: v for k, v in setting.items() if k in self.cells[0]}}
        for index, cell in enumerate(self.cells):
            if all(abs(cell[key] - value) < _NEAR for key, value in wanted.items()):
                return index
        raise KeyError(setting)

    def outcomes(self, setting: Setting) -> Codes:
        """Each call's outcome under a setting, as an index into `OUTCOMES`.

        A verdict that hangs on what is not sure is none (`judge.doubt.settled`).
        """
        cell = self.cell(setting)
        limits = [self._limit(key, setting) for key in self.limits]
        found = _decided(self.reading.of(cell), *limits)
        if self.other is None:
            return found
        other = _decided(self.other.of(cell), *limits)
        return np.where(found == other, found, NOT_MEASURED).astype(np.int8)

    def missed(self, setting: Setting) -> Flags:
        """Which calls are missed under a setting; those without a verdict are not."""
        flags: Flags = self.outcomes(setting) == MISSED
        return flags

    def judged(self, setting: Setting) -> Flags:
        """Which calls have a verdict under a setting."""
        flags: Flags = self.outcomes(setting) >= MET
        return flags

    @property
    def ever_judged(self) -> Flags:
        """Which calls may have a verdict under some setting."""
        flags: Flags = np.any(self.codes >= MET, axis=0)
        return flags

    def of(self, calls: npt.NDArray[np.int64]) -> Table:
        """The same for some of the calls."""
        some = (slice(None), calls)
        other = None if self.other is None else self.other.of(some)
        return Table(self.criterion, self.cells, self.reading.of(some), other)

    def _limit(self, key: str | None, setting: Setting) -> float | None:
        if key is None:
            return None
        return setting[key] if key in setting else value_of(self.criterion, key)


def _decided(reading: Reading, low: float | None, high: float | None) -> Codes:
    """Outcomes of one cell's calls under limits."""
    values, open_ = reading.values, reading.codes == BY_VALUE
    beyond, unsure = np.zeros(len(values), bool), np.zeros(len(values), bool)
    for limit, side in ((low, -1), (high, 1)):
        if limit is not None:
            beyond |= side * (values - limit) > 0
            unsure |= (reading.margins > 0) & (np.abs(values - limit) <= reading.margins)
    decided = np.where(beyond, MISSED, MET)
    decided = np.where(unsure, NOT_MEASURED, decided)
    return np.where(open_, decided, reading.codes).astype(np.int8)


def tables(
    rubric: Rubric, cells: Mapping[str, Sequence[Setting]], rows: Iterable[Row]
) -> dict[str, Table]:
    """Criterion -> its table, of what `Reader.read` found in every call."""
    every = list(rows)
    width = sum(len(cells[each.id]) for each in rubric.criteria if each.id in cells)
    reading = _joined([row for row, _ in every], width)
    unsure = any(other is not None for _, other in every)
    other = _joined([other or row for row, other in every], width) if unsure else None
    found, at = {}, 0
    for each in rubric.criteria:
        if each.id in cells:
            own = slice(at, at + len(cells[each.id]))
            second = None if other is None else other.of(own)
            found[each.id] = Table(each, tuple(cells[each.id]), reading.of(own), second)
            at = own.stop
    return found


def _joined(columns: Sequence[Reading], width: int) -> Reading:
    codes = np.empty((width, len(columns)), np.int8)
    values, margins = np.empty(codes.shape), np.empty(codes.shape)
    for at, column in enumerate(columns):
        codes[:, at], values[:, at] = column.codes, column.values
        margins[:, at] = column.margins
    return Reading(codes, values, margins)
