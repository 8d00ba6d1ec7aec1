"""Rows of numbers of different lengths, many at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]
"""What NumPy looks up by without converting first, which would cost more than the look-up."""
BY_NOBODY, BY_AGENT, BY_CUSTOMER, BY_ANYONE = 0, 1, 2, 3
"""Who says a unit, and in whose words a phrase is looked for: bits. Voices that are neither party's
are searched for everything."""


def stretches(first: Longs, end: Longs) -> tuple[Longs, Longs]:
    """The numbers from each ``first`` to before its ``end``, and which stretch each is of."""
    counts = end - first
    ends = counts.cumsum()
    place = np.arange(len(counts)).repeat(counts)
    return np.arange(len(place)) + (first - ends + counts).take(place), place


class Spread:
    """Rows of different lengths: for each of some numbers, several others."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self._first = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=self._first[1:])
        self._flat = np.array([each for row in rows for each in row], np.int64)

    @classmethod
    def of_pairs(cls, row: Longs, value: Longs, rows: int) -> Spread:
        """The same from the row of each value, in order."""
        made = cls([])
        made._first = np.zeros(rows + 1, np.int64)
        np.cumsum(np.bincount(row, minlength=rows), out=made._first[1:])
        made._flat = value[row.argsort(kind="stable")]
        return made

    def of(self, which: Longs) -> tuple[Longs, Longs]:
        """The rows of these numbers one after the other, and which number each entry is of."""
        at, place = stretches(self._first[which], self._first[which + 1])
        return self._flat.take(at), place


class ByParty:
    """Entries of literals, apart by whose words they are looked for in.

    Args:
        pairs: a literal and an entry that it belongs to.
        asked: of each entry, whose words (`script.BY_AGENT` …).
        literals: how many there are.
    """

    def __init__(
        self, pairs: Sequence[tuple[int, int]], asked: Sequence[int], literals: int
    ) -> None:
        literal, entry = np.array(pairs, np.int64).reshape(-1, 2).T
        by = np.array(asked, np.int64)[entry]
        self.asked = np.zeros(literals, np.int64)
        """Whose words each literal is looked for in."""
        np.bitwise_or.at(self.asked, literal, by)
        party = np.arange(BY_ANYONE + 1)[:, None]
        of, which = np.nonzero(party & by)
        row = of * literals + literal[which]
        self._rows = Spread.of_pairs(row, entry[which], (BY_ANYONE + 1) * literals)
        self._literals = literals

    def of(self, literals: Longs, said_by: Longs) -> tuple[Longs, Longs]:
        """As `Spread.of`: what is looked for in the words of these parties."""
        return self._rows.of(said_by * self._literals + literals)


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
