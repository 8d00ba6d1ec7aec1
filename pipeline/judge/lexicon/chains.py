"""Phrases with gaps in them: slot after slot, each filled by one of its literals, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.judge.lexicon.match import MAX_PLACE, Places
from pipeline.judge.lexicon.rows import ByParty, Longs, stretches
from pipeline.judge.lexicon.script import Bools

PLACES_BITS = 24
MAX_PLACES = 1 << PLACES_BITS
"""Beyond the number of places where literals are found in a call."""


class Chain(NamedTuple):
    """One phrase with gaps."""

    entry: int
    slots: tuple[frozenset[int], ...]
    """The literals that fill each slot."""
    gaps: tuple[int, ...]
    """Units that may lie between one slot and the next."""


class Chains:
    """Every phrase with gaps, compiled once.

    Args:
        chains: the phrases.
        asked: of each entry, whose words it is looked for in (`script.BY_AGENT` …).
        literals: how many literals there are.
    """

    def __init__(self, chains: Sequence[Chain], asked: Sequence[int], literals: int) -> None:
        number: dict[frozenset[int], int] = {}
        for chain in chains:
            for slot in chain.slots:
                number.setdefault(slot, len(number))
        wanted = [0] * len(number)
        for chain in chains:
            for slot in chain.slots:
                wanted[number[slot]] |= asked[chain.entry]
        pairs = [(literal, at) for slot, at in number.items() for literal in slot]
        self._slots_of = ByParty(pairs, wanted, literals)
        self.asked = self._slots_of.asked
        """Whose words each literal is looked for in."""
        longest = max((len(chain.slots) for chain in chains), default=1)
        self._count = len(number)
        self._slots = np.full((longest, len(chains)), self._count, np.int64)  # the last: none
        self._gaps = np.zeros((longest, len(chains)), np.int64)
        for at, chain in enumerate(chains):
            self._slots[: len(chain.slots), at] = [number[slot] for slot in chain.slots]
            self._gaps[1 : len(chain.slots), at] = chain.gaps
        self._entry = np.array([chain.entry for chain in chains], np.int64)
        self._asked = np.array([asked[chain.entry] for chain in chains], np.int64)

    def find(self, places: Places, said_by: Longs, sections: Longs) -> list[Places]:
        """Every way through the slots: each next one starts within its gap, in the same sentence.

        Args:
            places: where literals were found.
            said_by: who said each.
            sections: a number for each unit, another one after each full stop and each turn.

        Returns:
            Entries in the place of literals.
        """
        chain, together, key = self._possible(places, said_by, sections)
        if not len(chain):
            return []
        at = key & (MAX_PLACES - 1)  # a power of two: quicker than %
        key >>= PLACES_BITS
        starts, ends, costs = places.start[at], places.end[at], places.cost[at]
        first = self._slots[0, chain] * MAX_PLACE
        which, way = stretches(key.searchsorted(first), key.searchsorted(first + MAX_PLACE))
        asked = (self._asked[chain[way]] & said_by[at[which]]) != 0
        asked &= together[way, sections[starts[which]]]
        which, way = which[asked], way[asked]
        chain, start, end, cost = chain[way], starts[which], ends[which], costs[which]
        found: list[Places] = []
        for step in range(1, len(self._slots)):
            if not len(chain):
                return found
            slot = self._slots[step, chain]
            done = slot == self._count
            found.append(Places(self._entry[chain[done]], start[done], end[done], cost[done]))
            low = slot * MAX_PLACE + end
            high = np.where(done, low, low + self._gaps[step, chain] + 1)
            which, way = stretches(key.searchsorted(low), key.searchsorted(high))
            unbroken = sections[end[way] - 1] == sections[starts[which]]
            which, way = which[unbroken], way[unbroken]
            chain, start, end = chain[way], start[way], ends[which]
            cost = cost[way] + costs[which]
        return [*found, Places(self._entry[chain], start, end, cost)]

    def _possible(
        self, places: Places, said_by: Longs, sections: Longs
    ) -> tuple[Longs, Bools, Longs]:
        """The chains with a literal in each slot, where so, and what fills their slots, in order.

        First by the whole call, which leaves few, then by the sentence. Slot, start and number of
        the place make one number, so that sorting is of numbers.
        """
        slot, at = self._slots_of.of(places.literal, said_by)
        filled = np.zeros(self._count + 1, bool)
        filled[slot] = filled[-1] = True
        chain = np.flatnonzero(filled.take(self._slots).all(axis=0))
        slot, at = self._of_these(chain, slot, at)
        there = np.zeros((self._count + 1, sections.item(-1) + 1), bool)
        there[slot, sections[places.start[at]]] = True
        there[-1] = True
        together = np.logical_and.reduce(there[self._slots.take(chain, axis=1)])
        kept = np.flatnonzero(together.any(axis=1))
        chain, together = chain[kept], together[kept]
        slot, at = self._of_these(chain, slot, at)
        key = (slot * MAX_PLACE + places.start[at]) * MAX_PLACES + at
        key.sort()
        return chain, together, key

    def _of_these(self, chain: Longs, slot: Longs, at: Longs) -> tuple[Longs, Longs]:
        """What fills the slots of some of the chains."""
        wanted = np.zeros(self._count + 1, bool)
        wanted[self._slots.take(chain, axis=1)] = True
        used = wanted[slot].nonzero()[0]
        return slot[used], at[used]
