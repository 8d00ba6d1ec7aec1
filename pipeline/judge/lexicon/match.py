"""Finds every phrase of a lexicon in a call, in sound space, in one pass.

Here phrases become tables, and units heard for the first time rows of them; the search itself is in
`pricing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.pricing import (
    HARD,
    INSERT_FILLER,
    INSERT_LIGHT,
    NEVER,
    Heard,
    LiteralTables,
    UnitTables,
    places_in,
)
from pipeline.judge.lexicon.rows import BY_ANYONE, Longs
from pipeline.judge.lexicon.script import Script, Vocabulary
from pipeline.judge.lexicon.seeds import Seeds, packed
from pipeline.judge.lexicon.sound import BLOCKED, HOMOPHONE, SoundCosts

T = TypeVar("T", bound=np.generic)

INSERT = 50
DELETE = 120
DELETE_LIGHT = 30
LIGHT = frozenset("的了呢啊吧呀嘛哈哦就那这个先也您你我给是一下们把都")
"""Units that may come between those of a phrase without changing what it means …"""
LEFT_OUT = frozenset("的了呢啊吧呀嘛就一")
"""… and units that may be left out inside one."""
MAX_UNITS = 20
"""The longest literal piece; longer ones are cut to it."""


def budget(length: int, *, exact: bool) -> int:
    """The cost that a phrase of so many units may bear, in hundredths of a unit.

    One unit must be itself; up to five may differ by near sounds; from six on one may be heard
    as something else altogether, though never the first or the last: 您看着办 is not 您看这样.
    """
    if length == 1:
        return 0
    if exact:
        return HOMOPHONE * length
    if length == 2:
        return 2 * HOMOPHONE
    if length <= 5:
        return (32, 42, 54)[length - 3]
    return 15 * length + 5


class Places(NamedTuple):
    """Literals found in the row: which, where they start and end, what they cost."""

    literal: Longs
    start: Longs
    end: Longs
    cost: Longs


class Matcher:
    """Literal pieces compiled once, found in any number of calls.

    Args:
        literals: units of each piece, and whether it must be exact.
        vocabulary: numbers of units; shared with the scripts that will be searched.
        fillers: units that cost next to nothing in between.
        negators: units that never come, go or change.
        asked: of each piece, whose words it is looked for in (`BY_AGENT` …); everybody's where left
            out.
    """

    def __init__(
        self,
        literals: Sequence[tuple[tuple[str, ...], bool]],
        vocabulary: Vocabulary,
        fillers: frozenset[str],
        negators: frozenset[str],
        asked: Longs | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._fillers, self._negators = fillers, negators
        cut = [(units[:MAX_UNITS], exact) for units, exact in literals]
        rows = sorted({unit for units, _ in cut for unit in units})
        self._row = {unit: row + 1 for row, unit in enumerate(rows)}  # row 0 pads
        self._sounds = SoundCosts(rows, negators)
        self._single_literals: tuple[dict[str, int], dict[str, int]] = ({}, {})
        for index, (units, exact) in enumerate(cut):
            if len(units) == 1:
                self._single_literals[exact][units[0]] = index
        patterns = np.zeros((len(cut), max([1, *(len(units) for units, _ in cut)])), np.int16)
        for index, (units, _) in enumerate(cut):
            patterns[index, : len(units)] = [self._row[unit] for unit in units]
        self._literals = LiteralTables(
            patterns=patterns,
            asked=np.full(len(cut), BY_ANYONE) if asked is None else asked,
            deletes=np.array([0, *(self._deletion(unit) for unit in rows)], np.int32),
        )
        budgets = np.array([budget(len(units), exact=exact) for units, exact in cut], np.int32)
        self._seeds = Seeds(cut, self._row, budgets, self._literals.asked)
        self._heard = 0
        self._sound_of = np.zeros(0, np.int64)
        self._units = UnitTables(
            costs=np.zeros((0, len(rows) + 1), np.uint8),
            rows=np.zeros(0, np.int16),
            insert=np.zeros(0, np.int32),
            fitting=np.zeros((0, len(self._seeds.neighbours) // 8 + 1), np.uint8),
            singles=np.zeros((2, 0), np.int64),
        )

    def _deletion(self, unit: str) -> int:
        if unit in self._negators:
            return BLOCKED
        return DELETE_LIGHT if unit in LEFT_OUT or unit in self._fillers else DELETE

    # ── Costs of units heard ─────────────────────────────────────────────────────────────────

    def _learn(self) -> None:
        """What the units cost that were not heard before."""
        heard, names = self._heard, self._vocabulary.names
        if heard == len(names):
            return
        self._make_room(len(names))
        one, two = self._seeds.neighbours.T
        for number in range(heard, len(names)):
            unit, costs = names[number], self._units.costs[number]
            costs[1:] = NEVER if unit == "\n" else self._sounds.column(unit).clip(max=NEVER)
            self._units.fitting[number] = packed((costs[one] < HARD) | (costs[two] < HARD))
            self._units.rows[number] = self._row.get(unit, -1)
            self._units.insert[number] = self._insertion(unit)
            self._units.singles[:, number] = [each.get(unit, -1) for each in self._single_literals]
            self._sound_of[number] = self._seeds.sound_of(unit)
        self._heard = len(names)

    def _make_room(self, count: int) -> None:
        """Twice the room when there is too little, so that learning costs the same per unit."""
        if count <= len(self._sound_of):
            return
        room = max(count, 2 * len(self._sound_of), 512)
        self._sound_of = _longer(self._sound_of, room)
        costs, rows, insert, fitting, singles = self._units
        self._units = UnitTables(
            costs=_longer(costs, room),
            rows=_longer(rows, room),
            insert=_longer(insert, room),
            fitting=_longer(fitting, room),
            singles=_longer(singles.T, room).T.copy(),
        )

    def _insertion(self, unit: str) -> int:
        if unit == "\n" or unit in self._negators:
            return BLOCKED
        if unit in self._fillers:
            return INSERT_FILLER
        return INSERT_LIGHT if unit in LIGHT else INSERT

    # ── The pass ─────────────────────────────────────────────────────────────────────────────

    def find(self, script: Script) -> Places:
        """Every place within its literal's budget, each literal's in the order they start."""
        self._learn()
        heard = Heard(script.ids, self._sound_of[script.ids], script.party, script.clauses)
        return Places(*places_in(heard, self._seeds.tables, self._units, self._literals))


def _longer(table: npt.NDArray[T], room: int) -> npt.NDArray[T]:
    longer = np.zeros((room, *table.shape[1:]), table.dtype)
    longer[: len(table)] = table
    return longer
