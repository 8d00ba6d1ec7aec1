"""Everything said in a call as one row of units, with the way back to words, turns and times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.facts import Turn, Word
from pipeline.judge.lexicon.normalise import STOP, digit_of, units
from pipeline.timeline import Span

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

BREAK = 0
"""The unit between turns: no phrase crosses it."""
EDGE = 24
"""Breaks at both ends, so that windows never leave the row."""


class Vocabulary:
    """Numbers for the units heard so far, and the units of each distinct word."""

    def __init__(self) -> None:
        self.names: list[str] = ["\n"]
        self.digits: set[int] = set()
        """Numbers of the units that are digits."""
        self._number: dict[str, int] = {"\n": BREAK}
        self.known: dict[str, tuple[list[int], list[int]]] = {}
        """Units and marks of the words met so far; `of` for any word."""

    def __len__(self) -> int:
        return len(self.names)

    def number(self, unit: str) -> int:
        """The unit's number; a new one gets the next."""
        known = self._number.get(unit)
        if known is None:
            known = self._number[unit] = len(self.names)
            self.names.append(unit)
            if digit_of(unit) is not None:
                self.digits.add(known)
        return known

    def of(self, text: str) -> tuple[list[int], list[int]]:
        """A word's unit numbers, and the mark after each."""
        known = self.known.get(text)
        if known is None:
            found, marks = units(text)
            known = self.known[text] = ([self.number(unit) for unit in found], list(marks))
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
    begins: list[float]
    """When each unit begins, in seconds; a word's units share its time evenly …"""
    finishes: list[float]
    """… and ends."""
    times: tuple[Floats, Floats]
    """Both, for working on all units at once."""
    sections: Ints
    """For each unit how many full stops and breaks came before: the same number, unbroken talk."""
    names: list[str]
    """The vocabulary: unit by number."""
    numbers: list[int]
    """`ids`, for looking up single ones."""

    def unit(self, index: int) -> str:
        """The unit at an index of the row."""
        return self.names[self.numbers[index]]

    def text(self, start: int, end: int) -> str:
        """The units from ``start`` to ``end``, joined."""
        return "".join([self.names[number] for number in self.numbers[start:end]])

    def span(self, start: int, end: int, digits: int = 9) -> Span:
        """When the units from ``start`` to before ``end`` were said."""
        begin, finish = self.begins[start], self.finishes[end - 1]
        return Span(round(begin, digits), round(max(begin, finish), digits))


def script_of(turns: Sequence[Turn], vocabulary: Vocabulary) -> Script:
    """The row of units of a call's turns."""
    numbers, marks = [BREAK] * EDGE, [0] * EDGE
    words: list[Word] = []
    counts: list[int] = []
    starts, ends = [], []
    known, of = vocabulary.known, vocabulary.of
    for turn in turns:
        starts.append(len(numbers))
        for word in turn.words:
            units_said, after = known.get(word.text) or of(word.text)
            if units_said:
                numbers += units_said
                marks += after
                words.append(word)
                counts.append(len(units_said))
        ends.append(len(numbers))
        numbers.append(BREAK)
        marks.append(0)
    numbers += [BREAK] * EDGE
    marks += [0] * EDGE
    ids = np.array(numbers, np.int32)
    word_of, begins, finishes = _times(ids, words, counts)
    turn_of = np.full(len(ids), -1, np.int32)
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        turn_of[start:end] = index
    return Script(
        ids=ids,
        marks=marks,
        word_of=word_of.tolist(),
        words=words,
        turn_of=turn_of.tolist(),
        starts=starts,
        ends=ends,
        begins=begins.tolist(),
        finishes=finishes.tolist(),
        times=(begins, finishes),
        sections=_sections(ids, marks),
        names=vocabulary.names,
        numbers=numbers,
    )


def _sections(ids: Ints, marks: Sequence[int]) -> Ints:
    stops = (np.array(marks) >= STOP) | (ids == BREAK)
    before: Ints = np.cumsum(stops, dtype=np.int32) - stops
    return before


def _times(ids: Ints, words: Sequence[Word], counts: Sequence[int]) -> tuple[Ints, Floats, Floats]:
    """Per unit: its word, when it begins, when it ends; 0 for breaks."""
    spans = [word.span for word in words]
    start = np.array([span.start for span in spans])
    length = np.array([span.end for span in spans]) - start
    count = np.array(counts, np.int64)
    word = np.repeat(np.arange(len(words)), count)
    place = np.arange(len(word)) - np.repeat(np.cumsum(count) - count, count)
    step = (length / np.maximum(count, 1))[word]
    said = np.flatnonzero(ids != BREAK)
    word_of = np.full(len(ids), -1, np.int32)
    begins, finishes = np.zeros(len(ids)), np.zeros(len(ids))
    word_of[said] = word
    begins[said] = start[word] + place * step
    finishes[said] = begins[said] + step
    return word_of, begins, finishes
