"""Everything said in a call as one row of units, with the way back to words, turns and times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.facts import Turn, Word
from pipeline.judge.lexicon.normalise import units
from pipeline.timeline import Span

Ints = npt.NDArray[np.int32]

BREAK = 0
"""The unit between turns: no phrase crosses it."""
EDGE = 24
"""Breaks at both ends, so that windows never leave the row."""


class Vocabulary:
    """Numbers for the units heard so far, and the units of each distinct word."""

    def __init__(self) -> None:
        self.names: list[str] = ["\n"]
        self._number: dict[str, int] = {"\n": BREAK}
        self._words: dict[str, tuple[list[int], list[int]]] = {}

    def __len__(self) -> int:
        return len(self.names)

    def number(self, unit: str) -> int:
        """The unit's number; a new one gets the next."""
        known = self._number.get(unit)
        if known is None:
            known = self._number[unit] = len(self.names)
            self.names.append(unit)
        return known

    def of(self, text: str) -> tuple[list[int], list[int]]:
        """A word's unit numbers, and the mark after each."""
        known = self._words.get(text)
        if known is None:
            found, marks = units(text)
            known = self._words[text] = ([self.number(unit) for unit in found], list(marks))
        return known


@dataclass(frozen=True, slots=True)
class Script:
    """The call's units in a row: turns in time order, a `BREAK` between them."""

    ids: Ints
    """Unit numbers, `EDGE` breaks at both ends."""
    marks: list[int]
    """What stands after each unit (`normalise.COMMA` …)."""
    word_of: list[int]
    """Index of each unit's word; -1 for breaks."""
    words: list[Word]
    turn_of: list[int]
    """Index of each unit's turn; -1 for breaks."""
    starts: list[int]
    """Where each turn's units start …"""
    ends: list[int]
    """… and end."""
    names: list[str]
    """The vocabulary: unit by number."""
    first_unit: list[int]
    """Index of each word's first unit."""

    def unit(self, index: int) -> str:
        """The unit at an index of the row."""
        return self.names[int(self.ids[index])]

    def text(self, start: int, end: int) -> str:
        """The units from ``start`` to ``end``, joined."""
        return "".join(self.names[number] for number in self.ids[start:end])

    def span(self, start: int, end: int) -> Span:
        """When the units from ``start`` to before ``end`` were said; words divide evenly."""
        return Span(self._time(start, 0), max(self._time(start, 0), self._time(end - 1, 1)))

    def _time(self, index: int, edge: int) -> float:
        at = self.word_of[index]
        span = self.words[at].span
        first = self.first_unit[at]
        following = self.first_unit[at + 1] if at + 1 < len(self.first_unit) else len(self.word_of)
        length = max(1, min(following, self.ends[self.turn_of[index]]) - first)
        return span.start + (index - first + edge) / length * span.duration


def script_of(turns: Sequence[Turn], vocabulary: Vocabulary) -> Script:
    """The row of units of a call's turns."""
    ids = [BREAK] * EDGE
    marks = [0] * EDGE
    word_of = [-1] * EDGE
    turn_of = [-1] * EDGE
    words: list[Word] = []
    starts, ends, first_unit = [], [], []
    for index, turn in enumerate(turns):
        starts.append(len(ids))
        for word in turn.words:
            numbers, after = vocabulary.of(word.text)
            if not numbers:
                continue
            first_unit.append(len(ids))
            word_of.extend([len(words)] * len(numbers))
            ids += numbers
            marks += after
            words.append(word)
        turn_of.extend([index] * (len(ids) - len(turn_of)))
        ends.append(len(ids))
        ids.append(BREAK)
        marks.append(0)
        word_of.append(-1)
        turn_of.append(-1)
    ids += [BREAK] * EDGE
    return Script(
        ids=np.array(ids, np.int32),
        marks=marks + [0] * EDGE,
        word_of=word_of + [-1] * EDGE,
        words=words,
        turn_of=turn_of + [-1] * EDGE,
        starts=starts,
        ends=ends,
        names=vocabulary.names,
        first_unit=first_unit,
    )
