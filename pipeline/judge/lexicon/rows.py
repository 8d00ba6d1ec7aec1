"""Arrays, and rows of numbers of different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.compiled import compiled

Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Longs = npt.NDArray[np.int64]
"""What NumPy looks up by without converting first, which would cost more than the look-up."""
BY_NOBODY, BY_AGENT, BY_CUSTOMER, BY_ANYONE = 0, 1, 2, 3
"""Who says a unit, and in whose words a phrase is looked for: bits. Voices that are neither party's
are searched for everything."""


class Spread(NamedTuple):
    """For each of some numbers several others, and whose words each of those is looked for in."""

    first: Ints
    """Where each number's begin; one more at the end …"""
    entries: Ints
    """… and they."""
    asked: Longs
    """By entry, whose words (`BY_AGENT` …)."""

    @classmethod
    def of(cls, pairs: Sequence[tuple[int, int]], asked: Sequence[int], numbers: int) -> Spread:
        """Of a number and an entry that it has, each.

        Args:
            pairs: numbers with entries.
            asked: of each entry, whose words.
            numbers: how many there are.
        """
        number, entry = np.array(pairs, np.int64).reshape(-1, 2).T
        first = np.zeros(numbers + 1, np.int32)
        np.cumsum(np.bincount(number, minlength=numbers), out=first[1:])
        entries = entry[number.argsort(kind="stable")].astype(np.int32)
        return cls(first, entries, np.array(asked, np.int64))

    def wanted(self) -> Longs:
        """Whose words each number is looked for in."""
        found = np.zeros(len(self.first) - 1, np.int64)
        number = np.arange(len(found)).repeat(np.diff(self.first))
        np.bitwise_or.at(found, number, self.asked[self.entries])
        return found


@compiled
def with_room(rows: Longs, count: int) -> Longs:
    """Rows with room for one more than so many: twice as many, if need be."""
    return rows if count < len(rows) else np.concatenate((rows, np.empty_like(rows)))


class Growing:
    """Numbers that more are added to; room is doubled, so that adding costs the same for each."""

    def __init__(self) -> None:
        self.values = np.zeros(1024, np.int64)
        """The numbers, and zeros after them."""
        self.length = 0

    def add(self, numbers: Sequence[int]) -> int:
        """Put these at the end; returns where they start."""
        start, self.length = self.length, self.length + len(numbers)
        if self.length > len(self.values):
            longer = np.zeros(2 * self.length, np.int64)
            longer[:start] = self.values[:start]
            self.values = longer
        self.values[start : self.length] = numbers
        return start
