"""Finds every phrase of a lexicon in a call, in sound space, in one pass.

Approximate matching with weighted edits, made quick in three steps:

1. *Seeds* (`seeds.py`). Places where a piece of a phrase and one of its neighbours sound right.
2. *Straight.* Candidates are priced without insertions and deletions.
3. *Banded.* Those that fail but could pass with one unit more or fewer are priced by dynamic
   programming in a band of one (Sellers 1980), all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.rows import BY_ANYONE, Longs
from pipeline.judge.lexicon.script import BREAK, Script, Vocabulary
from pipeline.judge.lexicon.seeds import Ints, Seeds, packed
from pipeline.judge.lexicon.sound import BLOCKED, HOMOPHONE, SIMILAR_INITIAL, SoundCosts

T = TypeVar("T", bound=np.generic)
Costs = npt.NDArray[np.int16]

INSERT = 50
INSERT_LIGHT = 16
INSERT_FILLER = 2
DELETE = 120
DELETE_LIGHT = 30
LIGHT = frozenset("的了呢啊吧呀嘛哈哦就那这个先也您你我给是一下们把都")
"""Units that may come between those of a phrase without changing what it means …"""
LEFT_OUT = frozenset("的了呢啊吧呀嘛就一")
"""… and units that may be left out inside one."""
HARD = SIMILAR_INITIAL
"""From this cost on a unit is another one, not a near sound."""
MAX_UNITS = 20
"""The longest literal piece; longer ones are cut to it."""
SHORT = 3
"""Phrases of up to so many units bear no unit more or fewer."""
PLACE_BITS, COST_BITS, SPAN_BITS = 20, 10, 6
MAX_PLACE = 1 << PLACE_BITS
"""Beyond any place in a call."""
_MAX_COST, _MAX_SPAN = 1 << COST_BITS, 1 << SPAN_BITS
"""Beyond any budget, and beyond the units that any literal may take."""
_BESIDE = np.array([[-1], [0], [1]])
_OFFSETS = np.array([0, -1, 1])
"""Where a way through the band began, from where its phrase would have; the likeliest first …"""
_WAYS = 4
"""… and room for its number in the low bits of a cost."""
_BEGAN = np.array([[1], [0], [2]], np.int32)
""" `_OFFSETS` as each state begins."""


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
    cost: Longs | Ints


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
        self._asked = np.full(len(literals), BY_ANYONE) if asked is None else asked
        self._fillers, self._negators = fillers, negators
        cut = [(units[:MAX_UNITS], exact) for units, exact in literals]
        self.lengths = np.array([len(units) for units, _ in cut], np.int64)
        self._budgets = np.array([budget(len(u), exact=exact) for u, exact in cut], np.int32)
        rows = sorted({unit for units, _ in cut for unit in units})
        self._row = {unit: row + 1 for row, unit in enumerate(rows)}  # row 0 pads
        self._sounds = SoundCosts(rows, negators)
        longest = max([SHORT, *(len(units) for units, _ in cut)])
        self._patterns = np.zeros((len(cut), longest), np.int64)
        for index, (units, _) in enumerate(cut):
            self._patterns[index, : len(units)] = [self._row[unit] for unit in units]
        self._short_patterns = self._patterns[:, :SHORT].copy()
        self._exact = np.array([exact for _, exact in cut], bool)
        self._deletes = self._deletions(rows)
        self._single_literals: tuple[dict[str, int], dict[str, int]] = ({}, {})
        for index, (units, exact) in enumerate(cut):
            if len(units) == 1:
                self._single_literals[exact][units[0]] = index
        self._seeds = Seeds(cut, self._row, self._asked)
        # By heard unit, with room for more than were heard so far:
        self._heard = 0
        self._costs = np.zeros((0, len(rows) + 1), np.int16)
        self._insert = np.zeros(0, np.int32)
        self._sound_of = np.zeros(0, np.int64)
        self._fitting = np.zeros((0, len(self._seeds.neighbours) // 8 + 1), np.uint8)
        self._singles = np.zeros((2, 0), np.int64)  # by whether they are exact, too

    def _deletion(self, unit: str) -> int:
        if unit in self._negators:
            return BLOCKED
        return DELETE_LIGHT if unit in LEFT_OUT or unit in self._fillers else DELETE

    def _deletions(self, rows: Sequence[str]) -> Costs:
        """What leaving out each unit of each literal costs; the first and the last carry it."""
        costs = np.array([0, *(self._deletion(unit) for unit in rows)], np.int16)[self._patterns]
        costs[:, 0] = BLOCKED
        costs[np.arange(len(self.lengths)), self.lengths - 1] = BLOCKED
        return costs

    # ── Costs of units heard ─────────────────────────────────────────────────────────────────

    def _learn(self) -> None:
        """What the units cost that were not heard before."""
        heard, names = self._heard, self._vocabulary.names
        if heard == len(names):
            return
        self._make_room(len(names))
        one, two = self._seeds.neighbours.T
        for number in range(heard, len(names)):
            unit, costs = names[number], self._costs[number]
            costs[1:] = BLOCKED if unit == "\n" else self._sounds.column(unit)
            self._fitting[number] = packed((costs[one] < HARD) | (costs[two] < HARD))
            self._insert[number] = self._insertion(unit)
            self._sound_of[number] = self._seeds.sound_of(unit)
            self._singles[:, number] = [each.get(unit, -1) for each in self._single_literals]
        self._heard = len(names)

    def _make_room(self, count: int) -> None:
        """Twice the room when there is too little, so that learning costs the same per unit."""
        if count <= len(self._insert):
            return
        room = max(count, 2 * len(self._insert), 512)
        self._costs = _longer(self._costs, room)
        self._fitting = _longer(self._fitting, room)
        self._insert = _longer(self._insert, room)
        self._sound_of = _longer(self._sound_of, room)
        self._singles = _longer(self._singles.T, room).T.copy()

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
        ids = script.ids
        heard = ids * self._costs.shape[1]
        sounds, party = self._sound_of[ids], script.party
        literal, start, edge, unit = self._seeds.candidates(ids, sounds, party, self._fitting)
        brief = self.lengths[literal] <= SHORT
        few, more = brief.nonzero()[0], (~brief).nonzero()[0]
        found = self._straight(heard, literal[few], start[few])
        edged = self._edged(heard, literal[more], start[more], edge[more], unit[more])
        longer, hopeful = self._priced(heard, *edged)
        banded = self._banded(ids, heard, *hopeful)
        return joined([self._single(ids, party), _cheapest([found, longer, *banded])])

    def _single(self, ids: Longs, party: Longs) -> Places:
        """Literals of one unit: the unit itself, nothing near it."""
        literals = self._singles.take(ids, axis=1)
        exact, start = ((literals >= 0) & (self._asked[literals] & party != 0)).nonzero()
        literal = literals[exact, start]
        return Places(literal, start, start + 1, np.zeros(len(start), np.int32))

    def _cost(self, heard: Longs, place: Longs, row: Longs) -> Costs:
        """What hearing the units at these places costs for those of these rows.

        Args:
            heard: where in the table the costs of each unit of the script begin.
            place: places in the script.
            row: rows of the literals' units.
        """
        return self._costs.ravel().take(heard.take(place) + row)

    def _edged(
        self, heard: Longs, literal: Longs, start: Longs, edge: Longs, unit: Longs
    ) -> tuple[Longs, Longs]:
        """Those whose other end, too, was said where it may be, at most one place off."""
        costs = self._cost(heard, edge + _BESIDE, unit)
        kept = (costs.min(axis=0) < HARD).nonzero()[0]
        return literal[kept], start[kept]

    def _straight(self, heard: Longs, literal: Longs, start: Longs) -> Places:
        """The short ones that are found: they bear no edit."""
        pattern = self._short_patterns.take(literal, axis=0).T
        costs = self._cost(heard, start + np.arange(SHORT)[:, None], pattern)
        cost = costs.sum(axis=0, dtype=np.int32)
        good = cost <= self._budgets[literal]
        exact = self._exact[literal]
        if exact.any():
            good &= ~exact | (costs.max(axis=0) <= HOMOPHONE)
        literal, start, cost = literal[good], start[good], cost[good]
        return Places(literal, start, start + self.lengths[literal], cost)

    def _priced(
        self, heard: Longs, literal: Longs, start: Longs
    ) -> tuple[Places, tuple[Longs, Longs]]:
        """What is found of the longer ones without an edit, and what might be with one."""
        last = self.lengths[literal] - 1
        width = int(last.max(initial=0)) + 1
        pattern = self._patterns.take(literal, axis=0).T[:width]
        straight = self._cost(heard, start + np.arange(width)[:, None], pattern)
        exact = self._exact[literal]
        cost = straight.sum(axis=0, dtype=np.int32)
        good = cost <= self._budgets[literal]
        good &= (straight[0] < HARD) & (straight[last, np.arange(len(literal))] < HARD)
        if exact.any():
            good &= ~exact | (straight.max(axis=0) <= HOMOPHONE)
        found = Places(literal[good], start[good], start[good] + last[good] + 1, cost[good])
        rest = ~good & ~exact
        if not rest.any():
            return found, (literal[:0], start[:0])
        chosen = literal[rest], start[rest], pattern[:, rest], straight[:, rest]
        return found, self._hopeful(heard, *chosen)

    def _hopeful(
        self, heard: Longs, literal: Longs, start: Longs, pattern: Longs, straight: Costs
    ) -> tuple[Longs, Longs]:
        """Those that could pass with a unit more or fewer, by a lower bound of their cost."""
        width = len(straight)
        least = np.minimum(straight, self._deletes.take(literal, axis=0).T[:width])
        # Fewer misfits than a whole phrase of them: the shifted rows are worth looking up.
        likely = (least >= HARD).sum(axis=0) <= self.lengths[literal] - 2
        literal, start = literal[likely], start[likely]
        pattern, least = pattern[:, likely], least[:, likely]
        place = start + np.arange(width)[:, None]
        np.minimum(least, self._cost(heard, place - 1, pattern), out=least)
        np.minimum(least, self._cost(heard, place + 1, pattern), out=least)
        bound = least.sum(axis=0, dtype=np.int32) + INSERT_FILLER
        hopeful = bound <= self._budgets[literal]
        return literal[hopeful], start[hopeful]

    def _banded(self, ids: Longs, heard: Longs, literal: Longs, start: Longs) -> list[Places]:
        """The hopeful ones, priced exactly."""
        if not len(literal):
            return []
        at, last = np.arange(len(literal)), self.lengths[literal] - 1
        width = int(last.max()) + 1
        place = start + np.arange(width)[:, None, None] + _BESIDE
        pattern = self._patterns.take(literal, axis=0).T[:width]
        band = self._cost(heard, place, pattern[:, None]).astype(np.int32)
        band[0][band[0] >= HARD] = BLOCKED
        edge = band[last, :, at]
        band[last, :, at] = np.where(edge >= HARD, BLOCKED, edge)
        return [self._programmed(literal, start, band, self._ahead(ids, start, last, width))]

    def _programmed(self, literal: Longs, start: Longs, band: Ints, ahead: Ints) -> Places:
        """Cheapest way through the band: state = how far the row runs ahead (-1, 0, 1).

        A state is its cost and, in the low bits, where it began: the least is the cheapest.
        """
        width, _, count = band.shape
        deletes = self._deletes.take(literal, axis=0).T[:width].astype(np.int32) * _WAYS
        band, ahead = band * _WAYS, ahead * _WAYS
        states = np.zeros((width, 3, count), np.int32)
        state = _BEGAN.repeat(count, axis=1)
        for step in range(width):
            # One unit of the phrase not said: the row falls one behind.
            fallen = state[1:] + deletes[step]
            state = state + band[step]
            np.minimum(state[:2], fallen, out=state[:2])
            # One unit more said than the phrase has: the row runs one ahead.
            for way in (0, 1):
                more = state[way] + ahead[step + way, way]
                np.minimum(state[way + 1], more, out=state[way + 1])
            states[step] = state
        last = self.lengths[literal] - 1
        final = states[last, :, np.arange(count)]
        way_out = (final // _WAYS).argmin(axis=1)
        best = final[np.arange(count), way_out]
        cost, began = best // _WAYS, best % _WAYS
        good = cost <= self._budgets[literal]
        begin = start + _OFFSETS[began]
        end = start + last + way_out
        return Places(literal[good], begin[good], end[good], cost[good])

    def _ahead(self, ids: Longs, start: Longs, last: Longs, width: int) -> Ints:
        """What a unit more costs at each place, in states -1 and 0; nothing comes after the end."""
        place = np.arange(width + 1)[:, None]
        heard = ids[start + place]
        repeats = (heard == ids[start + place - 1]) & (heard != BREAK)
        costs = np.where(repeats, INSERT_LIGHT, self._insert[heard])
        ended = place[:, None] - np.array([[0], [1]]) >= last
        ahead: Ints = np.where(ended, BLOCKED, costs[:, None])
        return ahead


def _longer(table: npt.NDArray[T], room: int) -> npt.NDArray[T]:
    longer = np.zeros((room, *table.shape[1:]), table.dtype)
    longer[: len(table)] = table
    return longer


def joined(parts: Sequence[Places]) -> Places:
    """All together."""
    return Places(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _cheapest(parts: Sequence[Places]) -> Places:
    """All together, by literal and start; of several at one start the cheapest.

    A place makes one number, so that sorting places is sorting numbers.
    """
    literal, start, end, cost = joined(parts)
    key = ((literal * MAX_PLACE + start) * _MAX_COST + cost) * _MAX_SPAN + (end - start)
    key.sort()
    where = key >> (COST_BITS + SPAN_BITS)  # shifts: several times as quick as divisions
    fresh = np.ones(len(key), bool)
    fresh[1:] = where[1:] != where[:-1]
    key, where = key[fresh], where[fresh]
    start = where & (MAX_PLACE - 1)
    end = start + (key & (_MAX_SPAN - 1))
    return Places(where >> PLACE_BITS, start, end, (key >> SPAN_BITS) & (_MAX_COST - 1))
