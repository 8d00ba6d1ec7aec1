"""Which settings of a criterion are tried: a grid of numbers that people would write."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from pipeline.errors import UsageError
from pipeline.tune.knobs import DIGITS, Knob, value_of
from pipeline.tune.objective import Floats
from pipeline.tune.table import BY_VALUE, Setting, Table

Bounds = Mapping[str, tuple[float | None, float | None]]
"""Name of a knob -> the numbers between which it must stay."""
CANDIDATES: Final = 60
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_SMALLEST: Final = 10.0**-DIGITS


def narrowed(one: Bounds, other: Bounds) -> Bounds:
    """What both allow."""
    found: dict[str, tuple[float | None, float | None]] = dict(one)
    for name, (low, high) in other.items():
        floor, ceiling = found.get(name, (None, None))
        lows = [each for each in (low, floor) if each is not None]
        highs = [each for each in (high, ceiling) if each is not None]
        found[name] = (max(lows, default=None), min(highs, default=None))
    return found


@dataclass(frozen=True, slots=True)
class Axis:
    """A knob and the numbers that it is tried at, in order; ``present`` is the rubric's."""

    knob: Knob
    candidates: tuple[float, ...]
    present: int


@dataclass(frozen=True, slots=True)
class Space:
    """Every combination of the axes' numbers, as places on the axes.

    Attributes:
        fixed: the criterion's limits that no axis turns.
    """

    axes: tuple[Axis, ...]
    fixed: Setting = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many combinations."""
        return math.prod(len(axis.candidates) for axis in self.axes)

    @property
    def present(self) -> tuple[int, ...]:
        """The rubric's own."""
        return tuple(axis.present for axis in self.axes)

    def setting(self, place: Sequence[int]) -> dict[str, float]:
        """The numbers at a place."""
        return {
            axis.knob.key: axis.candidates[at] for axis, at in zip(self.axes, place, strict=True)
        }

    def sane(self, place: Sequence[int]) -> bool:
        """A low limit stays below a high one, also one that is not turned."""
        setting = {**self.fixed, **self.setting(place)}
        low, high = setting.get("low"), setting.get("high")
        return low is None or high is None or low < high

    def places(self) -> list[tuple[int, ...]]:
        """Every sane combination."""
        ranges = (range(len(axis.candidates)) for axis in self.axes)
        return [place for place in itertools.product(*ranges) if self.sane(place)]

    def along(self, axis: int, place: Sequence[int]) -> list[tuple[int, ...]]:
        """Places that differ from this one on a single axis only."""
        every = range(len(self.axes[axis].candidates))
        moved = [(*place[:axis], at, *place[axis + 1 :]) for at in every]
        return [each for each in moved if self.sane(each)]


def space_of(table: Table, knobs: Sequence[Knob], bounds: Bounds | None = None) -> Space:
    """The grid for these knobs.

    Limits are tried at round numbers across the values that were measured in the table's calls;
    what decides what is counted, at the settings that the table has.

    Args:
        table: of the marked calls.
        knobs: of its criterion.
        bounds: people's own limits on what may come out.

    Raises:
        UsageError: bounds that leave nothing, not even the present number.
    """
    axes = tuple(_axis(table, knob, (bounds or {}).get(knob.name)) for knob in knobs)
    limits = {key: value_of(table.criterion, key) for key in ("low", "high")}
    return Space(axes, {key: value for key, value in limits.items() if value is not None})


def _axis(table: Table, knob: Knob, bound: tuple[float | None, float | None] | None) -> Axis:
    present = value_of(table.criterion, knob.key) or 0.0
    if knob.role == "sense":
        found = {cell[knob.key] for cell in table.cells}
    else:
        found = {*_round_numbers(table.values[table.codes == BY_VALUE], knob), present}
    low, high = bound or (None, None)
    floor = knob.floor if low is None else max(low, knob.floor)
    top = knob.ceiling if knob.ceiling is not None else math.inf
    ceiling = top if high is None else min(high, top)
    if not floor <= present <= ceiling:
        raise UsageError(
            f"{knob.name} is {present:g} now, outside {floor:g} to {ceiling:g}; widen the bounds."
        )
    candidates = tuple(sorted(value for value in found if floor <= value <= ceiling))
    return Axis(knob, candidates, candidates.index(present))


def _round_numbers(values: Floats, knob: Knob) -> list[float]:
    values = values[np.isfinite(values)]
    if not len(values):
        return []
    low, high = (float(each) for each in np.quantile(values, (0.005, 0.995)))
    whole = knob.whole or bool((values == values.round()).all())
    step = _step((high - low) / CANDIDATES, least=1.0 if whole else _SMALLEST)
    first, last = math.floor(low / step) - 1, math.ceil(high / step) + 1
    return [round(number * step, DIGITS) + 0.0 for number in range(first, last + 1)]


def _step(wanted: float, least: float) -> float:
    """The round number (1, 2, 2.5 or 5 and noughts) that is not below what is wanted."""
    if wanted <= least:
        return least
    power = 10.0 ** math.floor(math.log10(wanted))
    steps = (power * factor for factor in _STEPS)
    return max(least, next(step for step in steps if step >= wanted * (1 - 1e-9)))


def verdicts(table: Table, settings: Sequence[Setting]) -> Floats:
    """Settings x calls: 1 where missed."""
    found = np.empty((len(settings), table.codes.shape[1]), np.float32)
    for row, setting in enumerate(settings):
        found[row] = table.missed(setting)
    return found  # type: ignore[return-value]  # half the memory of the doubles it counts as
