"""How much hangs on each number of a rubric, and which criteria tell nothing or the same twice."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np

from pipeline.rubric import Rubric
from pipeline.tune.knobs import DIGITS, Knob, knobs_of, value_of
from pipeline.tune.objective import counts_of, kappa
from pipeline.tune.table import MET, MISSED, Table
from pipeline.values import Value

STEP: Final = 0.1
RARE: Final = 0.02
"""A criterion that is met or missed in all but so many calls tells calls hardly apart."""
ALIKE: Final = 0.9
"""Kappa from which two criteria say the same of calls."""
LEAST_CALLS: Final = 30


class Swing(Value, frozen=True, kw_only=True):
    """What a tenth more or less of one number does.

    Attributes:
        below, above: the numbers that were tried.
        flips_below, flips_above: verdicts that turn, of those that were met or missed.
        judged: how many there were.
        whole: only whole numbers make sense, so that the step is one at least, more than a tenth.
    """

    criterion: str
    key: str
    present: float
    below: float
    above: float
    flips_below: int
    flips_above: int
    judged: int
    whole: bool = False

    @property
    def share(self) -> float:
        """The larger share of verdicts that turn, 0 to 1."""
        return max(self.flips_below, self.flips_above) / self.judged if self.judged else 0.0


class Silent(Value, frozen=True, kw_only=True):
    """A criterion that tells calls hardly apart."""

    criterion: str
    why: Literal["never-judged", "always-met", "always-missed"]
    judged: int
    exceptions: int


class Twins(Value, frozen=True, kw_only=True):
    """Two criteria that say the same of the calls that both judge."""

    one: str
    other: str
    kappa: float
    calls: int


class Sensitivity(Value, frozen=True, kw_only=True):
    """A rubric's numbers over a store; swings with most flips first, counts after the others."""

    calls: int
    swings: tuple[Swing, ...]
    silent: tuple[Silent, ...]
    twins: tuple[Twins, ...]


def cells_for(rubric: Rubric) -> dict[str, tuple[dict[str, float], ...]]:
    """The settings that `sensitivity` looks at: every criterion's own and, one at a time, a tenth
    more and less of what decides what is counted.
    """
    found = {}
    for criterion in rubric.criteria:
        senses = [knob for knob in knobs_of(criterion) if knob.role == "sense"]
        present = {knob.key: value_of(criterion, knob.key) or 0.0 for knob in senses}
        steps = [(knob, number) for knob in senses for number in _steps(knob, present[knob.key])]
        moved = (present | {knob.key: number} for knob, number in steps)
        found[criterion.id] = (present, *(cell for cell in moved if cell != present))
    return found


def _steps(knob: Knob, present: float) -> tuple[float, float]:
    """A tenth less and more; at least one where only whole numbers make sense."""
    step = abs(present) * STEP
    if knob.whole:
        step = max(1.0, round(step))
    low = max(knob.floor, present - step)
    high = present + step if knob.ceiling is None else min(knob.ceiling, present + step)
    return round(low, DIGITS) + 0.0, round(high, DIGITS) + 0.0


def sensitivity(tables: Mapping[str, Table]) -> Sensitivity:
    """What the numbers of a rubric do over calls (with `cells_for` its cells)."""
    every = list(tables.values())
    swings = [swing for table in every for swing in _swings(table)]
    swings.sort(key=lambda swing: (swing.whole, -swing.share, swing.criterion, swing.key))
    return Sensitivity(
        calls=every[0].codes.shape[1] if every else 0,
        swings=tuple(swings),
        silent=tuple(found for table in every if (found := _silent(table)) is not None),
        twins=_twins(every),
    )


def _swings(table: Table) -> list[Swing]:
    judged = int(table.judged({}).sum())
    before = table.outcomes({})
    found = []
    for knob in knobs_of(table.criterion):
        present = value_of(table.criterion, knob.key) or 0.0
        numbers = _steps(knob, present)
        flips = [_turned(before, table.outcomes({knob.key: number})) for number in numbers]
        found.append(
            Swing(
                criterion=table.criterion.id,
                key=knob.key,
                present=present,
                below=numbers[0],
                above=numbers[1],
                flips_below=flips[0],
                flips_above=flips[1],
                judged=judged,
                whole=knob.whole,
            )
        )
    return found


def _turned(before: np.ndarray, after: np.ndarray) -> int:
    return int(((before != after) & (before >= MET) & (after >= MET)).sum())


def _silent(table: Table) -> Silent | None:
    outcomes = table.outcomes({})
    judged, missed = int((outcomes >= MET).sum()), int((outcomes == MISSED).sum())
    if len(outcomes) < LEAST_CALLS:
        return None
    name = table.criterion.id
    if judged == 0:
        return Silent(criterion=name, why="never-judged", judged=0, exceptions=0)
    if missed <= RARE * judged:
        return Silent(criterion=name, why="always-met", judged=judged, exceptions=missed)
    if judged - missed <= RARE * judged:
        return Silent(
            criterion=name, why="always-missed", judged=judged, exceptions=judged - missed
        )
    return None


def _twins(every: Sequence[Table]) -> tuple[Twins, ...]:
    outcomes = {table.criterion.id: table.outcomes({}) for table in every}
    found = []
    for one, other in itertools.combinations(outcomes, 2):
        both = (outcomes[one] >= MET) & (outcomes[other] >= MET)
        if both.sum() < LEAST_CALLS:
            continue
        first, second = (outcomes[key][both] == MISSED for key in (one, other))
        alike = float(kappa(counts_of(first, second)))
        if alike >= ALIKE:
            found.append(Twins(one=one, other=other, kappa=alike, calls=int(both.sum())))
    return tuple(sorted(found, key=lambda twins: -twins.kappa))
