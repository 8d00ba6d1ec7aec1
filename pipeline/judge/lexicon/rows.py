"""Rows of numbers of different lengths, many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.compiled import compiled, inlined

Longs = npt.NDArray[np.int64]
"""What NumPy looks up by without converting first, which would cost more than the look-up."""
BY_NOBODY, BY_AGENT, BY_CUSTOMER, BY_ANYONE = 0, 1, 2, 3
"""Who says a unit, and in whose words a phrase is looked for: bits. Voices that are neither party's
are searched for everything."""

Table = TypeVar("Table", bound=npt.NDArray[np.int64])


def stretches(first: Longs, end: Longs) -> tuple[Longs, Longs]:
    """The numbers from each ``first`` to before its ``end``, and which stretch each is of."""
    counts = end - first
    ends = counts.cumsum()
    place = np.arange(len(counts)).repeat(counts)
    return np.arange(len(place)) + (first - ends + counts).take(place), place


class ByParty(NamedTuple):
    """Entries of literals, apart by whose words they are looked for in."""

    asked: Longs
    """Whose words each literal is looked for in."""
    first: Longs
    """By party and literal where its entries begin; one more at the end …"""
    entries: Longs
    """… and they."""

    @classmethod
    def of(cls, pairs: Sequence[tuple[int, int]], by: Sequence[int], literals: int) -> ByParty:
        """Of a literal and an entry that it belongs to, each.

        Args:
            pairs: literals with entries.
            by: of each entry, whose words (`BY_AGENT` …).
            literals: how many there are.
        """
        literal, entry = np.array(pairs, np.int64).reshape(-1, 2).T
        said_by = np.array(by, np.int64)[entry]
        asked = np.zeros(literals, np.int64)
        np.bitwise_or.at(asked, literal, said_by)
        party = np.arange(BY_ANYONE + 1)[:, None]
        of, which = np.nonzero(party & said_by)
        row = of * literals + literal[which]
        first = np.zeros((BY_ANYONE + 1) * literals + 1, np.int64)
        np.cumsum(np.bincount(row, minlength=len(first) - 1), out=first[1:])
        return cls(asked, first, entry[which][row.argsort(kind="stable")])


@inlined
def row_of(rows: ByParty, literal: int, party: int) -> int:
    """The row that a literal has for a party."""
    return party * len(rows.asked) + literal


@compiled
def with_room(rows: Table, count: int) -> Table:
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
