"""What it costs to take what was heard for a phrase, wherever one may have been said.

Approximate matching with weighted edits, made quick in three steps:

1. *Seeds* (`seeds.py`). Places where a piece of a phrase, one of its neighbours and its other end
   sound right.
2. *Straight.* Candidates are priced without insertions and deletions.
3. *Banded.* Those that fail but could pass with one unit more or fewer are priced by dynamic
   programming in a band of one (Sellers 1980).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.compiled import compiled, inlined
from pipeline.judge.lexicon.keytable import value_of
from pipeline.judge.lexicon.rows import Ints, Longs
from pipeline.judge.lexicon.script import BREAK
from pipeline.judge.lexicon.seeds import EXACT, Bits, SeedTables
from pipeline.judge.lexicon.sound import BLOCKED, HOMOPHONE, SIMILAR_INITIAL

Costs = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]

INSERT_LIGHT: Final = 16
INSERT_FILLER: Final = 2
CLAUSE: Final = 20
"""What a comma inside a phrase costs that need not be exact: 好，饭 is not 好烦."""
NEVER: Final = 255
"""Stands for `BLOCKED` where costs are bytes: a small table is a quick one."""
HARD: Final = SIMILAR_INITIAL
"""From this cost on a unit is another one, not a near sound."""
SHORT: Final = 3
"""Phrases of up to so many units bear no unit more or fewer."""
PLACE_BITS: Final = 20
MAX_PLACE: Final = 1 << PLACE_BITS
"""Beyond any place in a call."""
COST_BITS: Final = 10
SPAN_BITS: Final = 6
"""Room for any budget, and for the units that any literal may take."""
_WAYS: Final = 4
"""A state of the band is its cost and, in the low bits, where it began: the least is the cheapest.
Of ways that cost the same the one that begins in its place comes first."""
_IN_PLACE, _BEFORE, _AFTER = 0, 1, 2


class Heard(NamedTuple):
    """A call, unit by unit."""

    ids: Longs
    sounds: Longs
    """Numbers of the units' skeletons (`Seeds.sound_of`)."""
    party: Longs
    """Who says each (`BY_AGENT` …)."""
    clauses: Longs
    """For each unit how many commas and stops came before: the same number, one clause."""


class UnitTables(NamedTuple):
    """By heard unit, with room for more than were heard so far."""

    costs: Costs
    """What taking it for each unit of the phrases costs (`NEVER`: it cannot be)."""
    rows: Shorts
    """The row of the phrases' unit that it is; -1: none of theirs …"""
    insert: Ints
    """… and what it costs that it was said in between."""
    fitting: Bits
    """Whether it fits what lies beside each piece (`packed`)."""
    singles: Longs
    """The literal that is this one unit, in two rows: inexact and exact; -1: none."""


class LiteralTables(NamedTuple):
    """By literal, and by the units in them."""

    patterns: Shorts
    """Rows of its units in `UnitTables.costs`."""
    asked: Longs
    """Whose words it is looked for in (`BY_AGENT` …)."""
    deletes: Ints
    """By row, what leaving out that unit costs in the middle of a phrase."""


def places_in(
    heard: Heard, seeds: SeedTables, units: UnitTables, literals: LiteralTables
) -> tuple[Longs, Longs, Longs, Longs]:
    """Every place within its literal's budget: literal, start, end, cost.

    By literal and start; of several at one start the cheapest, of these the shortest.
    """
    keys = _found(heard, seeds, units, literals)
    keys.sort()  # NumPy sorts several numbers at a time
    return _cheapest(keys)


@compiled
def _cheapest(keys: Longs) -> tuple[Longs, Longs, Longs, Longs]:
    """Places from their keys, the first one of each literal and start."""
    literal, start, end, cost = np.empty((4, len(keys)), np.int64)
    count, before = 0, -1
    for key in keys:
        where = key >> (COST_BITS + SPAN_BITS)
        if where != before:
            literal[count], start[count] = where >> PLACE_BITS, where & (MAX_PLACE - 1)
            end[count] = start[count] + (key & ((1 << SPAN_BITS) - 1))
            cost[count] = (key >> SPAN_BITS) & ((1 << COST_BITS) - 1)
            count += 1
        before = where
    return literal[:count], start[:count], end[:count], cost[:count]


@compiled
def _found(heard: Heard, seeds: SeedTables, units: UnitTables, literals: LiteralTables) -> Longs:
    """The places in one number each (`_key`), as they are met."""
    # Arrays are taken out of their tuples once: in a loop that costs more than the steps do.
    ids, _, party, clauses = heard
    costs, own, insert, _, singles = units
    patterns, asked, deletes = literals
    pieces = seeds.pieces
    at, place_of = _candidates(heard, seeds, units)
    keys = np.empty(2 * len(ids) + len(at), np.int64)
    count = 0
    for place in range(1, len(ids) - 2):
        for kind in range(2):
            single = singles[kind, ids[place]]
            if single >= 0 and asked[single] & party[place]:
                keys[count] = _key(single, place, place + 1, 0)
                count += 1
    for number in range(len(at)):
        piece = pieces[at[number]]
        pattern, start = patterns[piece.literal, : piece.length], place_of[number] - piece.offset
        cost, begin, end = _priced(costs, own, insert, deletes, ids, pattern, start, piece)
        if piece.budget != EXACT:
            cost += CLAUSE * (clauses[end - 1] - clauses[begin])
            cost = cost if cost <= piece.budget else BLOCKED
        if cost < BLOCKED:
            keys[count] = _key(piece.literal, begin, end, cost)
            count += 1
    return keys[:count]


@compiled
def _candidates(heard: Heard, seeds: SeedTables, units: UnitTables) -> tuple[Longs, Longs]:
    """The pieces beside which, and at whose phrase's other end, the right units were said.

    Sieve after sieve, with hardly a branch: the processor waits for much of the memory at once.

    Returns:
        Rows of `SeedTables.pieces`, and the place of each.
    """
    ids, pieces = heard.ids, seeds.pieces
    costs, own, _, fitting, _ = units
    places, first, last = _seeds_in(heard, seeds)
    row, place_of = np.empty((2, (last - first).sum() + 1), np.int64)
    count = 0
    for seed in range(len(places)):
        place = places[seed]
        for at in range(first[seed], last[seed]):
            row[count], place_of[count] = at, place
            count += _fits(fitting, ids, pieces[at], place)
    some, count = count, 0
    for number in range(some):
        at, place = row[number], place_of[number]
        row[count], place_of[count] = at, place
        count += (pieces[at].length <= SHORT) or _ends_well(costs, own, ids, pieces[at], place)
    return row[:count], place_of[:count]


@compiled
def _seeds_in(heard: Heard, seeds: SeedTables) -> tuple[Longs, Longs, Longs]:
    """Where pieces of literals sound right, and from which to before which ones of each place."""
    ids, sounds, party, _ = heard
    known, count_of_seeds, pairs, seed_of_pair, seed_of_triple, rows, _ = seeds
    places, first, last = np.empty((3, 2 * len(ids)), np.int64)
    count = 0
    for place in range(1, len(ids) - 2):
        pair = pairs[sounds[place] * known + sounds[place + 1]]
        if pair:
            triple = value_of(seed_of_triple, pair * known + sounds[place + 2])
            for seed in (seed_of_pair[pair], max(0, triple)):
                row = party[place] * count_of_seeds + seed
                places[count], first[count], last[count] = place, rows[row, 0], rows[row, 1]
                count += 1
    return places[:count], first[:count], last[:count]


@inlined
def _key(literal: int, start: int, end: int, cost: int) -> int:
    """A place as a number that sorts by literal, start, cost and length."""
    where = (literal << PLACE_BITS) + start
    return (((where << COST_BITS) + cost) << SPAN_BITS) + end - start


@inlined
def _fits(fitting: Bits, ids: Longs, piece: Any, place: int) -> bool:
    """Whether one of the two units next to a whole piece was said where it may be.

    With one error that is all that can be: the next unit was said, or the one after it, or it comes
    one later. It spares pricing nine in ten.
    """
    near = fitting[ids[place + piece.near], piece.byte]
    far = fitting[ids[place + piece.far], piece.byte]
    return bool((near | far) & piece.bit)


@inlined
def _ends_well(costs: Costs, own: Shorts, ids: Longs, piece: Any, place: int) -> bool:
    """Whether the phrase's other end, too, was said where it may be, at most one place off."""
    edge, row = place + piece.edge, piece.edge_row
    if own[ids[edge]] == row:  # as a rule: it spares three looks into a large table
        return True
    cost = min(costs[ids[edge - 1], row], costs[ids[edge], row], costs[ids[edge + 1], row])
    return bool(cost < HARD)


@inlined
def _priced(  # noqa: PLR0913 - arrays of a loop, one by one
    costs: Costs,
    own: Shorts,
    insert: Ints,
    deletes: Ints,
    ids: Longs,
    pattern: Shorts,
    start: int,
    piece: Any,
) -> tuple[int, int, int]:
    """The cheapest way to take what was heard for a literal: cost, start and end.

    Args:
        costs: of a unit heard and a row of a phrase's unit …
        own: … and the row of the unit heard, where there is no more to look up.
        insert: what it costs that a unit was said in between …
        deletes: … and that a row's was not said.
        ids: the units heard.
        pattern: the literal, by row.
        start: where it may have been said.
        piece: what more there is to know of it. What is too dear comes back as `BLOCKED`.
    """
    length = len(pattern)
    worst, total = 0, 0
    for at in range(length):
        unit, row = ids[start + at], pattern[at]
        if own[unit] != row:
            cost = _cost(costs, unit, row)
            worst = max(worst, cost)
            total += cost
    if piece.budget == EXACT:
        return (total if worst <= HOMOPHONE else BLOCKED), start, start + length
    # The first and the last are not another unit: 您看着办 is not 您看这样.
    edges = max(costs[ids[start], pattern[0]], costs[ids[start + length - 1], pattern[-1]])
    if total <= piece.budget and edges < HARD:
        return total, start, start + length
    if length <= SHORT or not _hopeful(costs, deletes, ids, pattern, start, piece.budget):
        return BLOCKED, start, start
    return _banded(costs, insert, deletes, ids, pattern, start)


@inlined
def _cost(costs: Costs, unit: int, row: int) -> int:
    """What hearing a unit for a phrase's costs."""
    cost = costs[unit, row]
    return BLOCKED if cost == NEVER else cost


@inlined
def _hopeful(
    costs: Costs, deletes: Ints, ids: Longs, pattern: Shorts, start: int, budget: int
) -> bool:
    """Whether it could pass with a unit more or fewer, by a lower bound of its cost."""
    misfits, least, last = 0, INSERT_FILLER, len(pattern) - 1
    for at in range(last + 1):
        place, row = start + at, pattern[at]
        cost = _cost(costs, ids[place], row)
        if 0 < at < last:
            cost = min(cost, deletes[row])
        misfits += cost >= HARD
        for beside in (place - 1, place + 1):
            cost = min(cost, _cost(costs, ids[beside], row))
        least += cost
    return misfits < last and least <= budget


@inlined
def _banded(
    costs: Costs, insert: Ints, deletes: Ints, ids: Longs, pattern: Shorts, start: int
) -> tuple[int, int, int]:
    """The cheapest way through the band: cost, start and end.

    Its states: how far what was heard runs ahead of the phrase, a unit behind, level, or ahead.
    """
    last = len(pattern) - 1
    behind, level, ahead = _BEFORE, _IN_PLACE, _AFTER
    for step in range(last + 1):
        place, row = start + step, pattern[step]
        edge = step == 0 or step == last
        before = _state_cost(_cost(costs, ids[place - 1], row), edge)
        here = _state_cost(_cost(costs, ids[place], row), edge)
        after = _state_cost(_cost(costs, ids[place + 1], row), edge)
        # One unit of the phrase not said: what was heard falls one behind. Its ends are said.
        left_out = _WAYS * (BLOCKED if edge else deletes[row])
        behind = min(behind + before, level + left_out)
        level = min(level + here, ahead + left_out)
        ahead = ahead + after
        if step < last:  # nothing comes after the end
            # One unit more said than the phrase has: it runs one ahead.
            level = min(level, behind + _more(insert, ids, place))
            ahead = min(ahead, level + _more(insert, ids, place + 1))
    best, end = behind, start + last
    if level // _WAYS < best // _WAYS:
        best, end = level, start + last + 1
    if ahead // _WAYS < best // _WAYS:
        best, end = ahead, start + last + 2
    began = best % _WAYS
    return best // _WAYS, start - (began == _BEFORE) + (began == _AFTER), end


@inlined
def _state_cost(cost: int, edge: bool) -> int:
    """What hearing a unit for one of the phrase's costs a state; its first and last must fit."""
    return _WAYS * (BLOCKED if edge and cost >= HARD else cost)


@inlined
def _more(insert: Ints, ids: Longs, place: int) -> int:
    """What a unit more at a place costs a state; said twice over it costs little."""
    unit = ids[place]
    repeats = unit == ids[place - 1] and unit != BREAK
    return _WAYS * (INSERT_LIGHT if repeats else insert[unit])
