"""Phrases with gaps in them: slot after slot, each filled by one of its literals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.judge.lexicon.compiled import compiled, inlined
from pipeline.judge.lexicon.match import Places
from pipeline.judge.lexicon.rows import Longs, Spread, with_room


class Chain(NamedTuple):
    """One phrase with gaps."""

    entry: int
    slots: tuple[frozenset[int], ...]
    """The literals that fill each slot."""
    gaps: tuple[int, ...]
    """Units that may lie between one slot and the next."""


class Chains(NamedTuple):
    """Every phrase with gaps, compiled once."""

    slots_of: Spread
    """The slots that literals fill."""
    entry: Longs
    """Of each chain."""
    asked: Longs
    """Whose words it is looked for in (`BY_AGENT` …)."""
    lengths: Longs
    """How many slots it has …"""
    slots: Longs
    """… which (a row each) …"""
    gaps: Longs
    """… and how many units may lie before each."""

    @classmethod
    def of(cls, chains: Sequence[Chain], asked: Sequence[int], literals: int) -> Chains:
        """Compiled.

        Args:
            chains: the phrases.
            asked: of each entry, whose words it is looked for in (`BY_AGENT` …).
            literals: how many literals there are.
        """
        number: dict[frozenset[int], int] = {}
        for chain in chains:
            for slot in chain.slots:
                number.setdefault(slot, len(number))
        wanted = [0] * len(number)
        for chain in chains:
            for slot in chain.slots:
                wanted[number[slot]] |= asked[chain.entry]
        pairs = [(literal, at) for slot, at in number.items() for literal in slot]
        longest = max((len(chain.slots) for chain in chains), default=1)
        slots, gaps = np.zeros((2, len(chains), longest), np.int64)
        for at, chain in enumerate(chains):
            slots[at, : len(chain.slots)] = [number[slot] for slot in chain.slots]
            gaps[at, 1 : len(chain.slots)] = chain.gaps
        return cls(
            slots_of=Spread.of(pairs, wanted, literals),
            entry=np.array([chain.entry for chain in chains], np.int64),
            asked=np.array([asked[chain.entry] for chain in chains], np.int64),
            lengths=np.array([len(chain.slots) for chain in chains], np.int64),
            slots=slots,
            gaps=gaps,
        )


ENTRY, START, END, COST = range(4)
"""Columns of what was found."""


@compiled
def chained(chains: Chains, places: Places, party: Longs, sections: Longs) -> Longs:
    """Every way through the slots: each next one starts within its gap, in the same sentence.

    Args:
        chains: what is looked for.
        places: where literals were found.
        party: who says each unit.
        sections: a number for each unit, another one after each full stop and each turn.

    Returns:
        Rows of entry, start, end and cost.
    """
    # Arrays are taken out of their tuples once: in a loop that costs more than the steps do.
    _, entry, asked, lengths, slots, gaps = chains
    _, starts, ends, costs = places
    first, filling = _filled(chains.slots_of, places, party)
    found, count = np.empty((256, 4), np.int64), 0
    # By step, the place that fills its slot and where the one to try next is.
    way, later = np.zeros((2, slots.shape[1]), np.int64)
    for chain in range(len(entry)):
        rarest = _rarest(first, slots[chain, : lengths[chain]])
        if first[rarest] == first[rarest + 1]:
            continue  # most cannot be filled
        step = 0
        later[0] = first[slots[chain, 0]]
        while step >= 0:  # depth first
            at = later[step]
            reach = ends[way[step - 1]] + gaps[chain, step] if step else len(party)
            if at == first[slots[chain, step] + 1] or starts[filling[at]] > reach:
                step -= 1
                continue
            way[step] = filling[at]
            later[step] += 1
            start, end = starts[filling[at]], ends[filling[at]]
            if step and sections[ends[way[step - 1]] - 1] != sections[start]:
                continue
            if not step and (
                not asked[chain] & party[start]
                or not _near(sections, starts, filling, first[rarest], first[rarest + 1], start)
            ):
                continue
            if step + 1 < lengths[chain]:
                step += 1
                slot = slots[chain, step]
                later[step] = _from(filling, starts, first[slot], first[slot + 1], end)
                continue
            found = with_room(found, count)
            found[count, ENTRY], found[count, START] = entry[chain], starts[way[0]]
            found[count, END], found[count, COST] = end, 0
            for each in range(lengths[chain]):
                found[count, COST] += costs[way[each]]
            count += 1
    return found[:count]


@compiled
def _filled(slots_of: Spread, places: Places, party: Longs) -> tuple[Longs, Longs]:
    """What fills each slot, in the order it starts, sorted by counting (Knuth, vol. 3, 5.2).

    Returns:
        Where each slot's places begin, one more at the end; and numbers of places.
    """
    literals, starts = places.literal, places.start
    edges, slots, asked = slots_of
    most = 0
    for literal in literals:
        most += edges[literal + 1] - edges[literal]
    slot_of, place_of = np.empty((2, most + 1), np.int64)
    first, count = np.zeros(len(asked) + 1, np.int64), 0
    for place in _by_start(starts, len(party)):
        literal, by = literals[place], party[starts[place]]
        for at in range(edges[literal], edges[literal + 1]):
            slot = slots[at]
            heard = asked[slot] & by != 0
            slot_of[count], place_of[count] = slot, place
            first[slot + 1] += heard
            count += heard
    first = first.cumsum()
    room, filling = first.copy(), np.empty(count, np.int64)
    for at in range(count):
        slot = slot_of[at]
        filling[room[slot]] = place_of[at]
        room[slot] += 1
    return first, filling


@compiled
def _by_start(starts: Longs, length: int) -> Longs:
    """The numbers of places in the order they start."""
    room = np.zeros(length + 1, np.int64)
    for start in starts:
        room[start + 1] += 1
    room = room.cumsum()
    order = np.empty(len(starts), np.int64)
    for place in range(len(starts)):
        order[room[starts[place]]] = place
        room[starts[place]] += 1
    return order


@inlined
def _rarest(first: Longs, slots: Longs) -> int:
    """The slot of a chain that the fewest fill."""
    rarest = 0
    for step, slot in enumerate(slots):
        if first[slot + 1] - first[slot] < first[slots[rarest] + 1] - first[slots[rarest]]:
            rarest = step
    return int(slots[rarest])


@inlined
def _near(sections: Longs, starts: Longs, filling: Longs, low: int, high: int, start: int) -> bool:
    """Whether one of a slot's is in the same sentence: without it there is no way on."""
    for at in range(low, high):  # noqa: SIM110 - numba compiles no generators
        if sections[starts[filling[at]]] == sections[start]:
            return True
    return False


@inlined
def _from(filling: Longs, starts: Longs, low: int, high: int, start: int) -> int:
    """The first of a slot's that starts at a place or after it."""
    while low < high:
        middle = (low + high) // 2
        if starts[filling[middle]] < start:
            low = middle + 1
        else:
            high = middle
    return low
