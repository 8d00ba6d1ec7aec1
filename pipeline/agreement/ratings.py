"""Marks as tables: units (a call, or a call and a criterion) by raters, and the system beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.agreement import figures
from pipeline.agreement.coefficients import Array
from pipeline.scorecard import Scorecard, Text
from pipeline.store.marks import VERDICTS, Mark, Scale, Verdict
from pipeline.store.verdicts import Held, JudgedCall

CODES: Final[dict[str, int]] = {"missed": 0, "met": 1, "not_applicable": 2}
"""Verdicts as categories."""
_MOST_LEVELS: Final = 30
_OWN_ENDS: Final = (0.0, 100.0)

About = tuple[str, str | None]
System = Mapping[About, Verdict | float]
"""(Call, criterion or ``None``) -> the verdict or the mark of 0 to 100; what was not measured is
left out.
"""


@dataclass(frozen=True, slots=True)
class Ratings:
    """All marks on one criterion, on the whole call, or on every criterion pooled.

    Attributes:
        criterion: ``None``: the whole call, or pooled.
        scale: ``None``: verdicts.
        calls: which call each unit is of.
        criteria: which criterion each unit is of.
        raters: people, in order of name.
        values: units x raters: codes of verdicts or numbers; NaN: not marked.
        system: by unit; NaN: nothing to hold against the marks.
        unheard: why the system says nothing on any unit.
        moments: units x raters: when each was marked, seconds since 1970; NaN: not known.
    """

    criterion: str | None
    scale: Scale | None
    calls: list[str]
    criteria: list[str | None]
    raters: tuple[str, ...]
    values: Array
    system: Array
    unheard: Text | None
    moments: Array
    pooled: bool = False

    @property
    def levels(self) -> tuple[float, ...]:
        """The categories: codes of verdicts, or the scale's steps; none where it has no few."""
        if self.scale is None:
            every = np.concatenate([self.values.ravel(), self.system])
            return (0.0, 1.0, 2.0) if (every == CODES["not_applicable"]).any() else (0.0, 1.0)
        return self.scale.levels if len(self.scale.levels) <= _MOST_LEVELS else ()

    def codes(self, values: Array) -> Array:
        """Values as places among `levels`; NaN where they are none of them."""
        if self.scale is None:
            return values
        step = self.scale.step or 1.0
        places = (values - self.scale.low) / step
        rounded = np.round(places)
        return np.where(np.isclose(places, rounded, atol=1e-6), rounded, np.nan)


def tables(marks: Sequence[Mark], system: System) -> list[Ratings]:
    """The whole call's marks first, then each criterion's in the order in which they are met."""
    by_criterion: dict[str | None, list[Mark]] = {None: []}
    for mark in marks:
        by_criterion.setdefault(mark.criterion, []).append(mark)
    return [_table(criterion, of, system) for criterion, of in by_criterion.items() if of]


def _table(criterion: str | None, marks: Sequence[Mark], system: System) -> Ratings:
    calls = sorted({mark.call_id for mark in marks})
    raters = tuple(sorted({mark.rater for mark in marks}))
    row = {call: place for place, call in enumerate(calls)}
    column = {rater: place for place, rater in enumerate(raters)}
    values = np.full((len(calls), len(raters)), np.nan)
    moments = np.full_like(values, np.nan)
    for mark in marks:
        at = row[mark.call_id], column[mark.rater]
        values[at] = _code(mark.value)
        moments[at] = mark.marked_at.timestamp() if mark.marked_at else np.nan
    scale = None if marks[0].scale is None else Scale.parse(marks[0].scale)
    said = [system.get((call, criterion)) for call in calls]
    beside, unheard = _beside(criterion, scale, said)
    return Ratings(
        criterion=criterion,
        scale=scale,
        calls=calls,
        criteria=[criterion] * len(calls),
        raters=raters,
        values=values,
        system=beside,
        unheard=unheard,
        moments=moments,
    )


def _code(value: Verdict | float | None) -> float:
    if value is None:
        return np.nan
    return float(CODES[value]) if isinstance(value, str) else value


def _beside(
    criterion: str | None, scale: Scale | None, said: Sequence[Verdict | float | None]
) -> tuple[Array, Text | None]:
    """What the system says in the raters' terms, or why it cannot be held against them."""
    nothing = np.full(len(said), np.nan)
    if scale is None and criterion is None:
        return nothing, figures.NO_VERDICT
    if scale is not None and criterion is not None:
        return nothing, figures.NOT_MARKED_SO
    if scale is not None and (scale.low, scale.high) != _OWN_ENDS:
        return nothing, figures.OTHER_SCALE
    beside = np.array([_code(value) for value in said])
    return beside, figures.NOT_JUDGED if np.isnan(beside).all() else None


def pooled(of: Iterable[Ratings]) -> Ratings | None:
    """All criteria with verdicts as one table; ``None`` where there are not two."""
    parts = [ratings for ratings in of if ratings.scale is None and ratings.criterion is not None]
    if len(parts) < 2:
        return None
    raters = tuple(sorted({rater for ratings in parts for rater in ratings.raters}))
    heard = [ratings for ratings in parts if ratings.unheard is None]
    return Ratings(
        criterion=None,
        scale=None,
        calls=[call for ratings in parts for call in ratings.calls],
        criteria=[criterion for ratings in parts for criterion in ratings.criteria],
        raters=raters,
        values=np.vstack([_widened(ratings.values, ratings.raters, raters) for ratings in parts]),
        system=np.concatenate([ratings.system for ratings in parts]),
        unheard=None if heard else figures.NOT_JUDGED,
        moments=np.vstack([_widened(ratings.moments, ratings.raters, raters) for ratings in parts]),
        pooled=True,
    )


def _widened(values: Array, raters: Sequence[str], wanted: Sequence[str]) -> Array:
    wide = np.full((len(values), len(wanted)), np.nan)
    for place, rater in enumerate(raters):
        wide[:, wanted.index(rater)] = values[:, place]
    return wide


# ── What the system says ─────────────────────────────────────────────────────────────────────────


def of_store(calls: Iterable[JudgedCall], verdicts: Iterable[Held]) -> dict[About, Verdict | float]:
    """The current scorecards' marks and verdicts."""
    said: dict[About, Verdict | float] = {}
    for call in calls:
        if call.mark is not None:
            said[call.call_id, None] = call.mark
    for held in verdicts:
        if held.outcome in VERDICTS:
            said[held.call_id, held.criterion] = held.outcome
    return said


def of_cards(cards: Iterable[Scorecard]) -> dict[About, Verdict | float]:
    """The marks and verdicts of scorecards."""
    said: dict[About, Verdict | float] = {}
    for card in cards:
        if card.mark is not None:
            said[card.call_id, None] = card.mark
        for finding in card.findings:
            if finding.outcome != "not_measured":
                said[card.call_id, finding.criterion] = finding.outcome
    return said
