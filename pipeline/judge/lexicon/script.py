"""Everything said in a call as one row of units, with the way back to words, turns and times."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from pipeline.facts import AGENT, CUSTOMER, Turn, Word
from pipeline.judge.lexicon.normalise import STOP, digit_of, units
from pipeline.judge.lexicon.rows import (
    BY_AGENT,
    BY_ANYONE,
    BY_CUSTOMER,
    Bools,
    Growing,
    Longs,
    stretches,
)
from pipeline.timeline import Span

Floats = npt.NDArray[np.float64]
N = TypeVar("N", np.int64, np.float64)

BREAK = 0
"""The unit between turns: no phrase crosses it."""
EDGE = 24
"""Breaks at both ends, so that windows never leave the row."""
PARTIES = {AGENT: BY_AGENT, CUSTOMER: BY_CUSTOMER}
SPEAKERS = {party: speaker for speaker, party in PARTIES.items()}


class Vocabulary:
    """Numbers for the units heard so far, and the units of each distinct word."""

    def __init__(self) -> None:
        self.names: list[str] = ["\n"]
        self._number: dict[str, int] = {"\n": BREAK}
        self._numbers_of: dict[frozenset[str], frozenset[int]] = {}
        self._words: dict[str, int] = {}
        self._digits = Growing()
        self._digits.add([0])
        self._first, self._count = Growing(), Growing()
        self._units, self._marks = Growing(), Growing()

    def __len__(self) -> int:
        return len(self.names)

    def number(self, unit: str) -> int:
        """The unit's number; a new one gets the next."""
        known = self._number.get(unit)
        if known is None:
            known = self._number[unit] = len(self.names)
            self.names.append(unit)
            self._digits.add([digit_of(unit) is not None])
        return known

    def numbers(self, units: frozenset[str]) -> frozenset[int]:
        """The numbers of these units, which are always the same."""
        known = self._numbers_of.get(units)
        if known is None:
            known = self._numbers_of[units] = frozenset(map(self.number, units))
        return known

    def digits_in(self, units: Longs) -> Longs:
        """Which of these units, by number, are digits: 1; 0 for the others."""
        return self._digits.values[units]

    def words(self, texts: Sequence[str]) -> Longs:
        """The numbers of words; new ones get the next."""
        known = self._words
        try:
            numbers = [known[text] for text in texts]
        except KeyError:
            numbers = [known[text] if text in known else self._learn(text) for text in texts]
        return np.fromiter(numbers, np.int64, len(numbers))

    def _learn(self, text: str) -> int:
        """A new word's number."""
        found, marks = units(text)
        self._first.add([self._units.add([self.number(unit) for unit in found])])
        self._marks.add(marks)
        number = self._words[text] = self._count.add([len(found)])
        return number

    def counts(self, words: Longs) -> Longs:
        """How many units each of these words has."""
        return self._count.values[words]

    def spelt(self, words: Longs, counts: Longs) -> tuple[Longs, Longs, Longs]:
        """The units of these words in a row, the mark after each, and which word each is of."""
        first = self._first.values[words]
        at, word = stretches(first, first + counts)
        return self._units.values[at], self._marks.values[at], word


@dataclass(frozen=True, slots=True)
class Script:
    """The call's units in a row: turns in time order, a `BREAK` between them."""

    ids: Longs
    """Unit numbers, `EDGE` breaks at both ends."""
    marks: list[int]
    """What stands after each unit (`normalise.COMMA` …) …"""
    marked: Longs
    """… and the same for looking at all of them at once."""
    word_of: list[int]
    """Index of each unit's word; -1 for breaks."""
    words: list[Word]
    """Those with something to hear in them …"""
    texts: list[str]
    """… as they are written."""
    turn_of: Longs
    """Index of each unit's turn; -1 for breaks."""
    party: Longs
    """Who says each unit (`BY_AGENT` …); `BY_NOBODY` for breaks."""
    starts: list[int]
    """Where each turn's units start …"""
    ends: list[int]
    """… and end."""
    times: tuple[Floats, Floats]
    """When each unit begins and ends, in seconds; a word's units share its time evenly."""
    begins: list[float]
    """When each begins, without the noise of floating-point sums …"""
    finishes: list[float]
    """… and ends."""
    stopped: Bools
    """Whether a sentence ends with the unit, by its mark or because its turn does."""
    sections: Longs
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

    def span(self, start: int, end: int) -> Span:
        """When the units from ``start`` to before ``end`` were said."""
        begin, finish = self.begins[start], self.finishes[end - 1]
        return Span(begin, max(begin, finish))

    def shown_span(self, start: int, end: int) -> Span:
        """The same on whole milliseconds."""
        begins, finishes = self.times
        begin, finish = begins.item(start), finishes.item(end - 1)
        return Span(round(begin, 3), round(max(begin, finish), 3))


def script_of(turns: Sequence[Turn], vocabulary: Vocabulary) -> Script:
    """The row of units of a call's turns."""
    words, texts, spelt, turn_of_word = _words(turns, vocabulary)
    counts = vocabulary.counts(spelt)
    said, marked, word = vocabulary.spelt(spelt, counts)
    turn = turn_of_word[word]
    party = np.array([PARTIES.get(each.speaker, BY_ANYONE) for each in turns], np.int64)
    place = np.arange(EDGE, EDGE + len(said)) + turn  # a break after each turn
    size = EDGE + len(said) + len(turns) + EDGE
    ids, marks = _row(size, place, said), _row(size, place, marked)
    begins, finishes = _times(words, counts, word)
    begins, finishes = _row(size, place, begins), _row(size, place, finishes)
    starts, ends = _edges(turn, len(turns))
    stopped = (marks >= STOP) | (ids == BREAK)
    return Script(
        ids=ids,
        marks=marks.tolist(),
        marked=marks,
        word_of=_row(size, place, word, -1).tolist(),
        words=words,
        texts=texts,
        turn_of=_row(size, place, turn, -1),
        party=_row(size, place, party[turn]),
        starts=starts.tolist(),
        ends=ends.tolist(),
        times=(begins, finishes),
        begins=begins.round(9).tolist(),
        finishes=finishes.round(9).tolist(),
        stopped=stopped,
        sections=stopped.cumsum() - stopped,
        names=vocabulary.names,
        numbers=ids.tolist(),
    )


def _words(
    turns: Sequence[Turn], vocabulary: Vocabulary
) -> tuple[list[Word], list[str], Longs, Longs]:
    """The words with something to hear in them, as written, their numbers, the turn of each."""
    words = list(itertools.chain.from_iterable([turn.words for turn in turns]))
    texts = [word.text for word in words]
    spelt = vocabulary.words(texts)
    turn = np.arange(len(turns)).repeat([len(turn.words) for turn in turns])
    heard = vocabulary.counts(spelt) > 0
    if heard.all():
        return words, texts, spelt, turn
    words, texts = list(itertools.compress(words, heard)), list(itertools.compress(texts, heard))
    return words, texts, spelt[heard], turn[heard]


def _row(size: int, place: Longs, values: npt.NDArray[N], rest: int = 0) -> npt.NDArray[N]:
    """A value for each unit said, and for the breaks the same one."""
    row = np.full(size, rest, values.dtype)
    row[place] = values
    return row


def _edges(turn: Longs, turns: int) -> tuple[Longs, Longs]:
    """Where each turn starts and ends in the row, from the turn of each unit said."""
    number = np.arange(turns + 1)
    edges = turn.searchsorted(number) + number + EDGE
    return edges[:-1], edges[1:] - 1


def _times(words: Sequence[Word], counts: Longs, word: Longs) -> tuple[Floats, Floats]:
    """When each unit said begins and ends, from the word of each."""
    spans = [each.span for each in words]
    start = np.fromiter([span.start for span in spans], np.float64, len(spans))
    end = np.fromiter([span.end for span in spans], np.float64, len(spans))
    step = ((end - start) / counts)[word]
    place = np.arange(len(word)) - (counts.cumsum() - counts)[word]
    begins = start[word] + place * step
    return begins, begins + step
