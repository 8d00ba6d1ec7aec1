"""Finds every phrase of a lexicon in a call, in sound space, in one pass.

Approximate matching with weighted edits, made quick in three steps:

1. *Seeds.* By the pigeonhole principle (Navarro 2001, "A guided tour to approximate string
   matching", section 8), a phrase that may suffer ``k`` hard errors and is cut into ``k + 1``
   pieces has one piece left whole. Pieces are looked up by the skeleton of their sound, in which
   near-homophones are the same, for the whole call at once.
2. *Straight.* Candidates are priced without insertions and deletions.
3. *Banded.* Those that fail but could pass with one unit more or fewer are priced by dynamic
   programming in a band of one (Sellers 1980), again all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.script import BREAK, Script, Vocabulary
from pipeline.judge.lexicon.sound import (
    BLOCKED,
    HOMOPHONE,
    SIMILAR_INITIAL,
    SoundCosts,
    readings,
    skeleton,
    skeleton_of,
)

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

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
WIDTHS = ((2, 3), (4, 6), (7, MAX_UNITS))
"""Phrases are priced by groups of about the same length: a table is as wide as its widest."""
_SHIFT = 1 << 20


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


def hard_errors(length: int) -> int:
    """How many units of a phrase may be heard as something else altogether."""
    if length <= 3:
        return 0
    return 1 if length < 10 else 2


Found = tuple[int, int, int]
"""A literal piece found in the row: where it starts, where it ends, what it cost."""


Places = tuple[Longs, Longs, Longs, Ints]
"""The same for many: literals, starts, ends, costs."""


class Matcher:
    """Literal pieces compiled once, found in any number of calls.

    Args:
        literals: units of each piece, and whether it must be exact.
        vocabulary: numbers of units; shared with the scripts that will be searched.
        fillers: units that cost next to nothing in between.
        negators: units that never come, go or change.
    """

    def __init__(
        self,
        literals: Sequence[tuple[tuple[str, ...], bool]],
        vocabulary: Vocabulary,
        fillers: frozenset[str],
        negators: frozenset[str],
    ) -> None:
        self._vocabulary = vocabulary
        self._fillers, self._negators = fillers, negators
        cut = [(units[:MAX_UNITS], exact) for units, exact in literals]
        self.lengths = np.array([len(units) for units, _ in cut], np.int64)
        self._budgets = np.array([budget(len(u), exact=exact) for u, exact in cut], np.int32)
        rows = sorted({unit for units, _ in cut for unit in units})
        self._row = {unit: row + 1 for row, unit in enumerate(rows)}  # row 0 pads
        self._sounds = SoundCosts(rows, negators)
        self._pattern = np.zeros((len(cut), MAX_UNITS), np.int32)
        for index, (units, _) in enumerate(cut):
            self._pattern[index, : len(units)] = [self._row[unit] for unit in units]
        self._exact = np.array([exact for _, exact in cut], bool)
        self._delete = np.array([0, *(self._deletion(unit) for unit in rows)], np.int16)
        self._costs = np.zeros((len(rows) + 1, 0), np.int16)
        self._insert = np.zeros(0, np.int32)
        self._skeletons = np.zeros(0, np.int64)
        self._skeleton_number: dict[str, int] = {}
        self._single_literals: tuple[dict[str, int], dict[str, int]] = ({}, {})
        self._singles = [np.zeros(0, np.int64), np.zeros(0, np.int64)]
        self._seed(cut)

    def _deletion(self, unit: str) -> int:
        if unit in self._negators:
            return BLOCKED
        return DELETE_LIGHT if unit in LEFT_OUT or unit in self._fillers else DELETE

    # ── Seeds ────────────────────────────────────────────────────────────────────────────────

    def _seed(self, literals: Sequence[tuple[tuple[str, ...], bool]]) -> None:
        seeds: dict[int, list[tuple[int, int, int]]] = {}
        for index, (units, exact) in enumerate(literals):
            if len(units) == 1:
                self._single_literals[exact][units[0]] = index
                continue
            errors = 0 if exact else hard_errors(len(units))
            for offset, piece in _pieces(units, errors + 1):
                for code in self._codes(piece):
                    seeds.setdefault(code, []).append((index, offset, len(piece)))
        codes = sorted(seeds)
        self._seed_codes = np.array(codes, np.int64)
        self._seed_first = np.zeros(len(codes) + 1, np.int64)
        np.cumsum([len(seeds[code]) for code in codes], out=self._seed_first[1:])
        flat = [entry for code in codes for entry in seeds[code]]
        self._seed_literal = np.array([literal for literal, *_ in flat], np.int64)
        self._seed_offset = np.array([offset for _, offset, _ in flat], np.int64)
        sides = [self._side(literals[index][0], offset, size) for index, offset, size in flat]
        self._seed_step = np.array([step for step, _, _, _ in sides], np.int64)
        self._seed_beside = np.array([beside for _, beside, _, _ in sides], np.int64)
        self._seed_next = np.array([(one, two) for _, _, one, two in sides], np.int64)

    def _side(self, units: Sequence[str], offset: int, size: int) -> tuple[int, int, int, int]:
        """Where a piece's neighbours lie, and which they are: direction, place, rows of two."""
        if size == len(units):
            return 0, 0, 0, 0
        step = 1 if offset + size < len(units) else -1
        first = offset + size if step > 0 else offset - 1
        second = first + step
        inside = 0 <= second < len(units)
        one = self._row[units[first]]
        return step, first - offset, one, self._row[units[second]] if inside else one

    def _codes(self, piece: Sequence[str]) -> set[int]:
        """The piece's codes: by each unit's commonest reading, and by its readings elsewhere."""
        codes = {_code([self._skeleton(skeleton(unit)) for unit in piece])}
        for at, unit in enumerate(piece):
            for other in readings(unit)[1:]:
                numbers = [self._skeleton(skeleton(each)) for each in piece]
                numbers[at] = self._skeleton(skeleton_of(other))
                codes.add(_code(numbers))
        return codes

    def _skeleton(self, name: str) -> int:
        return self._skeleton_number.setdefault(name, len(self._skeleton_number) + 2)

    # ── Costs of units heard ─────────────────────────────────────────────────────────────────

    def _learn(self) -> None:
        """Columns for the units that were not heard before."""
        known, names = self._costs.shape[1], self._vocabulary.names
        if known == len(names):
            return
        new = names[known:]
        columns = np.zeros((self._costs.shape[0], len(new)), np.int16)
        for at, unit in enumerate(new):
            columns[1:, at] = BLOCKED if unit == "\n" else self._sounds.column(unit)
        self._costs = np.concatenate([self._costs, columns], axis=1)
        self._insert = np.append(
            self._insert, np.array([self._insertion(unit) for unit in new], np.int32)
        )
        for exact, known_here in enumerate(self._single_literals):
            more = np.array([known_here.get(unit, -1) for unit in new], np.int64)
            self._singles[exact] = np.append(self._singles[exact], more)
        numbers = [1 if unit == "\n" else self._skeleton(skeleton(unit)) for unit in new]
        self._skeletons = np.append(self._skeletons, np.array(numbers, np.int64))

    def _insertion(self, unit: str) -> int:
        if unit == "\n" or unit in self._negators:
            return BLOCKED
        if unit in self._fillers:
            return INSERT_FILLER
        return INSERT_LIGHT if unit in LIGHT else INSERT

    # ── The pass ─────────────────────────────────────────────────────────────────────────────

    def find(self, script: Script) -> dict[int, list[Found]]:
        """By literal, every place within its budget, in the order they start."""
        self._learn()
        literal, start = self._neighbours_fit(script.ids, *self._candidates(script.ids))
        lengths = self.lengths[literal]
        found = self._single(script.ids)
        hopeful = [(literal[:0], start[:0])]
        for low, high in WIDTHS:
            chosen = np.flatnonzero((lengths >= low) & (lengths <= high))
            if len(chosen):
                widest = min(high, int(lengths[chosen].max()))
                straight, edited = self._priced(script.ids, literal[chosen], start[chosen], widest)
                found += straight
                hopeful += edited
        which, where = (np.concatenate(column) for column in zip(*hopeful, strict=True))
        return _by_literal([*found, *self._banded(script.ids, which, where)])

    def _single(self, ids: Ints) -> list[Places]:
        """Literals of one unit: the unit itself, nothing near it."""
        found = []
        for table in self._singles:
            literal = table[ids]
            start = np.flatnonzero(literal >= 0)
            found.append((literal[start], start, start + 1, np.zeros(len(start), np.int32)))
        return found

    def _candidates(self, ids: Ints) -> tuple[Longs, Longs]:
        heard = self._skeletons[ids]
        one = heard
        two = heard[:-1] * _SHIFT + heard[1:]
        three = two[:-1] * _SHIFT + heard[2:]
        where, seeds = [], []
        for codes in (one, two, three):
            at = np.searchsorted(self._seed_codes, codes)
            at[at == len(self._seed_codes)] = 0
            hits = np.flatnonzero(self._seed_codes[at] == codes)
            where.append(hits)
            seeds.append(at[hits])
        position, seed = np.concatenate(where), np.concatenate(seeds)
        first, counts = self._seed_first[seed], np.diff(self._seed_first)[seed]
        entry = np.repeat(first - np.append(0, np.cumsum(counts)[:-1]), counts) + np.arange(
            counts.sum()
        )
        return entry, np.repeat(position, counts)

    def _neighbours_fit(self, ids: Ints, entry: Longs, position: Longs) -> tuple[Longs, Longs]:
        """Literals and starts of the candidates whose piece has a fitting unit beside it.

        Next to a whole piece, the phrase's next unit was said, or the one after it, or it comes one
        later: with one error, that is all that can be. It spares pricing nine in ten.
        """
        literal = self._seed_literal[entry]
        start = position - self._seed_offset[entry]
        step = self._seed_step[entry]
        whole = step == 0
        beside = position + self._seed_beside[entry]
        near, far = self._costs, self._seed_next
        one, two = far[entry, 0], far[entry, 1]
        fits = whole | (near[one, ids[beside]] < HARD) | (near[two, ids[beside + step]] < HARD)
        rest = np.flatnonzero(~fits)
        after = ids[beside[rest] + step[rest]]
        late = near[one[rest], after] < HARD
        early = near[two[rest], ids[beside[rest]]] < HARD
        fits[rest] = late | early
        return literal[fits], start[fits]

    def _priced(
        self, ids: Ints, literal: Longs, start: Longs, width: int
    ) -> tuple[list[Places], list[tuple[Longs, Longs]]]:
        """What is found without an edit, and what might be with one."""
        pattern = self._pattern[literal, :width]
        straight = self._costs[pattern, ids[start[:, None] + np.arange(width)]]
        last = self.lengths[literal] - 1
        exact = self._exact[literal]
        cost = straight.sum(axis=1, dtype=np.int32)
        edges_fit = (straight[:, 0] < HARD) & (straight[np.arange(len(literal)), last] < HARD)
        good = (cost <= self._budgets[literal]) & edges_fit
        if exact.any():
            good &= ~exact | (straight.max(axis=1) <= HOMOPHONE)
        found = [(literal[good], start[good], start[good] + last[good] + 1, cost[good])]
        if width <= 3:
            return found, []
        rest = np.flatnonzero(~good & ~exact)
        return found, [self._hopeful(ids, literal[rest], start[rest], straight[rest], width)]

    def _hopeful(
        self, ids: Ints, literal: Longs, start: Longs, straight: Ints, width: int
    ) -> tuple[Longs, Longs]:
        """Those that could pass with a unit more or fewer, by a lower bound of their cost."""
        deletes = self._deletes(literal, width)
        pattern = self._pattern[literal, :width]
        least = np.minimum(straight, deletes)
        # Fewer misfits than a whole phrase of them: the shifted rows are worth looking up.
        likely = np.flatnonzero((least >= HARD).sum(axis=1) <= self.lengths[literal] - 2)
        literal, start, pattern = literal[likely], start[likely], pattern[likely]
        straight, least = straight[likely], least[likely]
        columns = start[:, None] + np.arange(width)
        earlier = self._costs[pattern, ids[columns - 1]]
        later = self._costs[pattern, ids[columns + 1]]
        np.minimum(least, np.minimum(earlier, later), out=least)
        bound = least.sum(axis=1, dtype=np.int32) + INSERT_FILLER
        hopeful = np.flatnonzero(bound <= self._budgets[literal])
        return literal[hopeful], start[hopeful]

    def _banded(self, ids: Ints, literal: Longs, start: Longs) -> list[Places]:
        """The hopeful ones, priced exactly."""
        if not len(literal):
            return []
        width = int(self.lengths[literal].max())
        columns = start[:, None, None] + np.arange(width)[:, None] + np.array([-1, 0, 1])
        band = self._costs[self._pattern[literal, :width, None], ids[columns]].astype(np.int32)
        at, last = np.arange(len(literal)), self.lengths[literal] - 1
        band[:, 0][band[:, 0] >= HARD] = BLOCKED
        band[at, last] = np.where(band[at, last] >= HARD, BLOCKED, band[at, last])
        return [self._programmed(ids, literal, start, band)]

    def _deletes(self, literal: Longs, width: int) -> Ints:
        """What leaving out each unit costs; the first and the last carry the phrase."""
        costs = self._delete[self._pattern[literal, :width]].astype(np.int32)
        costs[:, 0] = BLOCKED
        costs[np.arange(len(literal)), self.lengths[literal] - 1] = BLOCKED
        return costs

    def _programmed(self, ids: Ints, literal: Longs, start: Longs, band: Ints) -> Places:
        """Cheapest way through the band: state = how far the row runs ahead (-1, 0, 1)."""
        count, width, _ = band.shape
        state = np.zeros((count, 3), np.int32)
        begin = np.tile(np.array([-1, 0, 1], np.int32), (count, 1))
        lengths = self.lengths[literal]
        deletes = self._deletes(literal, width)
        best, best_end = np.full(count, BLOCKED, np.int32), np.zeros(count, np.int64)
        best_begin = np.zeros(count, np.int64)
        for step in range(width):
            kept, dropped = state + band[:, step], state + deletes[:, step, None]
            # One unit of the phrase not said: the row falls one behind.
            fallen = np.full_like(dropped, BLOCKED)
            fallen[:, :2] = dropped[:, 1:]
            falls = fallen < kept
            new = np.where(falls, fallen, kept)
            came = np.where(falls, np.roll(begin, -1, axis=1), begin)
            # One unit more said than the phrase has: the row runs one ahead.
            done: Bools = np.less_equal(lengths, step + 1)
            self._ahead(ids, start + step, new, came, done)
            state, begin = new, came
            last: Bools = np.equal(lengths, step + 1)
            if last.any():
                ways = state[last]
                way = ways.argmin(axis=1)
                at = np.arange(len(way))
                best[last] = ways[at, way]
                best_begin[last] = start[last] + begin[last][at, way]
                best_end[last] = start[last] + step + way
        good = best <= self._budgets[literal]
        return literal[good], best_begin[good], best_end[good], best[good]

    def _ahead(self, ids: Ints, at: Longs, state: Ints, begin: Ints, done: Bools) -> None:
        for way in (0, 1):
            heard = ids[at + way]  # the unit after the one that state ``way`` has just taken
            repeats = (heard == ids[at + way - 1]) & (heard != BREAK)
            cost = np.where(repeats, INSERT_LIGHT, self._insert[heard])
            ahead = state[:, way] + cost
            better = (ahead < state[:, way + 1]) & ~done
            state[better, way + 1] = ahead[better]
            begin[better, way + 1] = begin[better, way]


def _by_literal(
    parts: Sequence[Places],
) -> dict[int, list[Found]]:
    """Places by literal, in time order; of several at one start the cheapest."""
    if not parts:
        return {}
    literal, start, end, cost = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not len(literal):
        return {}
    order = np.lexsort((cost, start, literal))
    literal, start, end, cost = literal[order], start[order], end[order], cost[order]
    fresh = np.ones(len(literal), bool)
    fresh[1:] = (literal[1:] != literal[:-1]) | (start[1:] != start[:-1])
    literal = literal[fresh]
    places = list(
        zip(start[fresh].tolist(), end[fresh].tolist(), cost[fresh].tolist(), strict=True)
    )
    edges = np.flatnonzero(np.diff(literal, prepend=-1)).tolist()
    return {
        int(literal[low]): places[low:high]
        for low, high in zip(edges, [*edges[1:], len(places)], strict=True)
    }


def _pieces(units: Sequence[str], count: int) -> Iterable[tuple[int, Sequence[str]]]:
    """The phrase in ``count`` pieces of at most three units, with their offsets."""
    for number in range(count):
        low = len(units) * number // count
        high = len(units) * (number + 1) // count
        yield low, units[low : min(high, low + 3)]


def _code(numbers: Sequence[int]) -> int:
    code = 0
    for number in numbers:
        code = code * _SHIFT + number
    return code
