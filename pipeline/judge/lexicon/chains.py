"""Phrases with gaps in them: slot after slot, each filled by one of its literals, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.judge.lexicon.match import Places
from pipeline.judge.lexicon.seeds import Ints, Longs

_SHIFT = 1 << 20
"""Beyond any place in a call: slot and place make one number."""


class Chain(NamedTuple):
    """One phrase with gaps."""

    entry: int
    slots: tuple[frozenset[int], ...]
    """The literals that fill each slot."""
    gaps: tuple[int, ...]
    """Units that may lie between one slot and the next."""


class Spread:
    """Rows of different lengths: for each of some numbers, several others."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self._first = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=self._first[1:])
        self._flat = np.array([each for row in rows for each in row], np.int64)

    def of(self, which: Longs) -> tuple[Longs, Longs]:
        """The rows of these numbers one after the other, and which number each entry is of."""
        at, place = stretches(self._first[which], self._first[which + 1])
        return self._flat[at], place


def stretches(first: Longs, end: Longs) -> tuple[Longs, Longs]:
    """The numbers from each ``first`` to before its ``end``, and which stretch each is of."""
    counts = end - first
    ends = counts.cumsum()
    place = np.arange(len(counts)).repeat(counts)
    return np.arange(len(place)) + (first - ends + counts)[place], place


class Chains:
    """Every phrase with gaps, compiled once.

    Args:
        chains: the phrases.
        literals: how many literals there are.
    """

    def __init__(self, chains: Sequence[Chain], literals: int) -> None:
        number: dict[frozenset[int], int] = {}
        for chain in chains:
            for slot in chain.slots:
                number.setdefault(slot, len(number))
        slots_of: list[list[int]] = [[] for _ in range(literals)]
        for slot, at in number.items():
            for literal in slot:
                slots_of[literal].append(at)
        self._slots_of = Spread(slots_of)
        longest = max((len(chain.slots) for chain in chains), default=1)
        self._count = len(number)
        self._slots = np.full((len(chains), longest), self._count, np.int64)  # the last: none
        self._gaps = np.zeros((len(chains), longest), np.int64)
        for row, chain in enumerate(chains):
            self._slots[row, : len(chain.slots)] = [number[slot] for slot in chain.slots]
            self._gaps[row, 1 : len(chain.slots)] = chain.gaps
        self._entry = np.array([chain.entry for chain in chains], np.int64)

    def find(self, places: Places, sections: Ints) -> list[Places]:
        """Every way through the slots: each next one starts within its gap, in the same sentence.

        Args:
            places: where literals were found.
            sections: a number for each unit, another one after each full stop and each turn.

        Returns:
            Entries in the place of literals.
        """
        slot, at = self._slots_of.of(places.literal)
        key = slot * _SHIFT + places.start[at]
        order = key.argsort(kind="stable")
        key, at = key[order], at[order]
        starts, ends, costs = places.start[at], places.end[at], places.cost[at]
        filled = np.zeros(self._count + 1, bool)
        filled[slot] = filled[-1] = True
        chain = np.flatnonzero(filled[self._slots].all(axis=1))
        first = self._slots[chain, 0] * _SHIFT
        which, way = stretches(*np.searchsorted(key, (first, first + _SHIFT)))
        chain, start, end, cost = chain[way], starts[which], ends[which], costs[which]
        found = []
        for step in range(1, self._slots.shape[1]):
            slot = self._slots[chain, step]
            done = slot == self._count
            found.append(Places(self._entry[chain[done]], start[done], end[done], cost[done]))
            low = slot * _SHIFT + end
            high = np.where(done, low, low + self._gaps[chain, step] + 1)
            which, way = stretches(*np.searchsorted(key, (low, high)))
            unbroken = sections[end[way] - 1] == sections[starts[which]]
            which, way = which[unbroken], way[unbroken]
            chain, start, end = chain[way], start[way], ends[which]
            cost = cost[way] + costs[which]
        return [*found, Places(self._entry[chain], start, end, cost)]
