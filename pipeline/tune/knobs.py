"""The knobs of a criterion: the numbers of a rubric that decide a verdict and can be turned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from pipeline.errors import UsageError
from pipeline.rubric import Rubric, kinds
from pipeline.rubric.checking import says_of
from pipeline.rubric.kinds import AnyCriterion
from pipeline.rubric.say import Say, parts_of
from pipeline.values import Value

DIGITS: Final = 3
"""Decimals that a tuned number has at most; facts have no more."""

Role = Literal["limit", "sense"]
"""``limit``: the verdict is one measured number against it. ``sense``: it decides what is counted
or measured, so the judge has to look again."""


class Knob(Value, frozen=True, kw_only=True):
    """One number of one criterion.

    Attributes:
        key: where it stands in the criterion, as ``high``, ``where.first_s`` or ``say.least``.
        flags: whether more calls are missed when it is raised or lowered; ``None``: depends.
        floor, ceiling: beyond them it makes no sense.
        principal: turned where nobody asks for others.
    """

    criterion: str
    key: str
    role: Role
    flags: Literal["raised", "lowered"] | None
    whole: bool = False
    floor: float = 0.0
    ceiling: float | None = None
    principal: bool = True

    @property
    def name(self) -> str:
        """As people write it: ``speech-rate.high``."""
        return f"{self.criterion}.{self.key}"


# key: role, flags, whole, floor, ceiling, principal
_Row = tuple[Role, Literal["raised", "lowered"] | None, bool, float, float | None, bool]
_LOW: Final[_Row] = ("limit", "raised", False, float("-inf"), None, True)
_HIGH: Final[_Row] = ("limit", "lowered", False, float("-inf"), None, True)
_SHARE: Final[_Row] = ("limit", "raised", False, 0.0, 1.0, True)
_WITHIN: Final[_Row] = ("sense", "lowered", False, 0.0, None, False)
_CALM: Final[_Row] = ("sense", "lowered", False, 0.0, None, True)


def _counted(*, principal: bool = False) -> _Row:
    return ("sense", None, True, 1.0, None, principal)


_KNOBS: Final[Mapping[type, Mapping[str, _Row]]] = {
    kinds.Measure: {"low": _LOW, "high": _HIGH},
    kinds.Events: {
        "at_most": ("limit", "lowered", False, 0.0, None, True),
        "beyond": ("sense", None, False, 0.0, None, True),
        "at_least_s": ("sense", "lowered", False, 0.0, None, False),
        "min_confidence": ("sense", "lowered", False, 0.0, 1.0, False),
    },
    kinds.Says: {
        "at_least": ("limit", "raised", True, 1.0, None, False),
        "where.first_s": _WITHIN,
        "where.last_s": _WITHIN,
    },
    kinds.Avoids: {"at_most": ("limit", "lowered", True, 0.0, None, True)},
    kinds.Answers: {"share": _SHARE, "within_s": _WITHIN, "at_least_s": _WITHIN},
    kinds.Prefers: {"share": _SHARE},
    kinds.Restates: {"overlap": ("sense", "raised", False, 0.0, 1.0, True)},
    kinds.ReadsBack: {"share": _SHARE},
    kinds.Steps: {"share": _SHARE},
    kinds.Questions: {"share": _SHARE, "max_syllables": _counted()},
    kinds.QuestionKinds: {"min_open": _counted(principal=True), "min_closed": _counted()},
    kinds.Explains: {"share": _SHARE, "within_s": _WITHIN},
    kinds.FullAnswers: {"share": _SHARE, "min_syllables": _counted()},
    kinds.Listens: {"share": _SHARE, "story_s": _WITHIN},
    kinds.Politely: {"share": _SHARE, "within_s": _WITHIN},
    kinds.Calm: {"max_level_db": _CALM, "max_pitch_st": _CALM, "max_rate_ratio": _CALM},
    kinds.Adapts: {"max_ratio": _CALM},
    kinds.Types: {"at_least": _counted(principal=True)},
}
"""Kinds that are missing have no number to turn (`Mood`)."""
_LIKENESS: Final[_Row] = ("sense", "raised", False, 0.3, 1.0, False)


def knobs_of(criterion: AnyCriterion, *, similarity: bool = False) -> tuple[Knob, ...]:
    """Every knob that the criterion's rubric sets; with ``similarity`` those of likeness too."""
    rows = dict(_KNOBS.get(type(criterion), {}))
    if similarity:
        rows |= {f"{key}.least": _LIKENESS for key in _likened(criterion)}
    given = {key: row for key, row in rows.items() if _given(criterion, key)}
    if isinstance(criterion, kinds.Events) and "beyond" in given:
        given["at_most"] = (*given["at_most"][:5], False)  # the size decides, not the count
    if isinstance(criterion, kinds.Says) and criterion.per_minutes is not None:
        given.pop("at_least")  # it grows with the call: no number of its own to hold a limit to
    return tuple(_knob(criterion.id, key, row) for key, row in given.items())


def _knob(criterion: str, key: str, row: _Row) -> Knob:
    role, flags, whole, floor, ceiling, principal = row
    return Knob(
        criterion=criterion, key=key, role=role, flags=flags, whole=whole, floor=floor,
        ceiling=ceiling, principal=principal,
    )  # fmt: skip


def _likened(criterion: AnyCriterion) -> list[str]:
    """Where the criterion goes by likeness of sentences: ``say``, ``say.any.1``, ``steps.bye``."""
    found: list[str] = []
    for steps, say in says_of(criterion):
        found += _likened_in(say, ".".join(map(str, steps)))
    return found


def _likened_in(say: Say | str, key: str) -> Iterator[str]:
    if isinstance(say, str):
        return
    if say.similar is not None:
        yield key
    for inner, part in parts_of(say):
        yield from _likened_in(part, f"{key}.{inner}")


def _given(criterion: AnyCriterion, key: str) -> bool:
    value = value_of(criterion, key)
    return value is not None and (value != 0 or key in ("at_most", "low", "high", "share"))


def value_of(criterion: AnyCriterion, key: str) -> float | None:
    """What the rubric sets there; ``None``: nothing."""
    found: Any = criterion
    for step in key.split("."):
        found = _part(found, step)
    return None if found is None else float(found)


def _part(value: Any, step: str) -> Any:
    if isinstance(value, tuple):
        return value[int(step)]
    return value.get(step) if isinstance(value, Mapping) else getattr(value, step, None)


def turned(criterion: AnyCriterion, settings: Mapping[str, float]) -> AnyCriterion:
    """The criterion with these numbers in place of its own.

    Nothing is checked: a limit may be one that no rubric could have, to make the judge say how far
    a value lies from it.
    """
    found: Any = criterion
    for key, value in settings.items():
        found = _replaced(found, key.split("."), value)
    changed: AnyCriterion = found
    return changed


def _replaced(value: Any, steps: list[str], number: float) -> Any:
    if not steps:
        whole = isinstance(value, int) and float(number).is_integer()
        return int(number) if whole else number
    part = _replaced(_part(value, steps[0]), steps[1:], number)
    if isinstance(value, tuple):
        at = int(steps[0])
        return (*value[:at], part, *value[at + 1 :])
    if isinstance(value, Mapping):
        return {**value, steps[0]: part}
    return msgspec.structs.replace(value, **{steps[0]: part})


def chosen(
    rubric: Rubric, names: tuple[str, ...] = (), *, similarity: bool = False
) -> dict[str, tuple[Knob, ...]]:
    """Criterion -> the knobs to turn.

    Args:
        rubric: whose.
        names: criteria (their principal knobs) or single knobs (``hold.beyond``); none: the
            principal knobs of every criterion.
        similarity: likeness of phrases is turned as well.

    Raises:
        UsageError: a name is neither, or a criterion has nothing to turn.
    """
    every = {each.id: knobs_of(each, similarity=similarity) for each in rubric.criteria}
    if not names:
        found = {key: _principal(knobs, similarity) for key, knobs in every.items()}
        return {key: knobs for key, knobs in found.items() if knobs}
    asked: dict[str, tuple[Knob, ...]] = {}
    for name in names:
        criterion, picked = _picked(name, every, similarity)
        asked[criterion] = tuple(dict.fromkeys((*asked.get(criterion, ()), *picked)))
    return asked


def _picked(
    name: str, every: Mapping[str, tuple[Knob, ...]], similarity: bool
) -> tuple[str, tuple[Knob, ...]]:
    criterion, _, key = name.partition(".")
    if criterion not in every:
        raise UsageError(f"{criterion!r} is no criterion of this rubric.")
    knobs = every[criterion]
    picked = tuple(k for k in knobs if k.key == key) if key else _principal(knobs, similarity)
    if not picked:
        there = ", ".join(knob.name for knob in knobs) or "none"
        raise UsageError(f"{name!r} is no number that can be turned; there: {there}.")
    return criterion, picked


def _principal(knobs: tuple[Knob, ...], similarity: bool) -> tuple[Knob, ...]:
    return tuple(
        knob for knob in knobs if knob.principal or (similarity and knob.key.endswith(".least"))
    )
