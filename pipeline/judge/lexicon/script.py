"""Everything said in a call as one row of units, with the way back to words, turns and times."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.facts import AGENT, CUSTOMER, Said, Turn
from pipeline.judge.lexicon.compiled import compiled
from pipeline.judge.lexicon.normalise import COMMA, STOP, digit_of, units
from pipeline.judge.lexicon.rows import (
    BY_AGENT,
    BY_ANYONE,
    BY_CUSTOMER,
    Bools,
    Growing,
    Longs,
)
from pipeline.timeline import Span

Floats = npt.NDArray[np.float64]

BREAK = 0
"""The unit between turns: no phrase crosses it."""
EDGE = 24
"""Breaks at both ends, so that windows never leave the row."""
_FINE = 1e9
"""Times are kept to the nanosecond."""
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
            return np.fromiter(map(known.__getitem__, texts), np.int64, len(texts))
        except KeyError:
            numbers = [known[text] if text in known else self._learn(text) for text in texts]
            return np.array(numbers, np.int64)

    def _learn(self, text: str) -> int:
        """A new word's number."""
        found, marks = units(text)
        self._first.add([self._units.add([self.number(unit) for unit in found])])
        self._marks.add(marks)
        number = self._words[text] = self._count.add([len(found)])
        return number

    @property
    def spelling(self) -> Spelling:
        """How the words so far are spelt."""
        columns = self._first, self._count, self._units, self._marks
        return Spelling(*(column.values for column in columns))


class Spelling(NamedTuple):
    """The units of words."""

    first: Longs
    """By word, where its units begin …"""
    counts: Longs
    """… and how many it has …"""
    units: Longs
    """… their numbers …"""
    marks: Longs
    """… and the mark after each."""


@dataclass(frozen=True, slots=True)
class Script:
    """The call's units in a row: turns in time order, a `BREAK` between them."""

    ids: Longs
    """Unit numbers, `EDGE` breaks at both ends."""
    marks: list[int]
    """What stands after each unit (`normalise.COMMA` …) …"""
    marked: Longs
    """… and the same for looking at all of them at once."""
    word_of: Longs
    """Index of each unit's word; -1 for breaks."""
    texts: list[str]
    """The words with something to hear in them, as they are written …"""
    probabilities: list[float | None]
    """… and how sure the recogniser was of each; empty where it is of none."""
    turn_of: Longs
    """Index of each unit's turn; -1 for breaks."""
    party: Longs
    """Who says each unit (`BY_AGENT` …); `BY_NOBODY` for breaks."""
    starts: list[int]
    """Where each turn's units start …"""
    ends: list[int]
    """… and end."""
    begins: Floats
    """When each unit begins, in seconds; a word's units share its time evenly …"""
    finishes: Floats
    """… and when it ends."""
    stopped: Bools
    """Whether a sentence ends with the unit, by its mark or because its turn does."""
    clauses: Longs
    """For each unit how many commas, full stops and breaks came before."""
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
        begin, finish = self.begins.item(start), self.finishes.item(end - 1)
        return Span(begin, max(begin, finish))

    def shown_span(self, start: int, end: int) -> Span:
        """The same on whole milliseconds."""
        begin, finish = self.begins.item(start), self.finishes.item(end - 1)
        # Several times as quick as `round`, and no time is negative.
        return Span(int(begin * 1e3 + 0.5) / 1e3, int(max(begin, finish) * 1e3 + 0.5) / 1e3)


def script_of(turns: Sequence[Turn], vocabulary: Vocabulary) -> Script:
    """The row of units of a call's turns."""
    every = [turn.said for turn in turns]
    texts = list(itertools.chain.from_iterable([said.texts for said in every]))
    starts, ends = _times(every, len(texts))
    spelt = vocabulary.words(texts)
    spelling = vocabulary.spelling
    heard = spelling.counts[spelt] > 0
    edges = np.array([0, *itertools.accumulate([len(said.texts) for said in every])])
    parties = np.array([PARTIES.get(turn.speaker, BY_ANYONE) for turn in turns], np.int64)
    row = _laid_out(spelling, spelt, edges, parties, starts, ends)
    probabilities = _probabilities(every)
    if not heard.all():
        texts = list(itertools.compress(texts, heard))
        probabilities = list(itertools.compress(probabilities, heard))
    stopped = (row.marks >= STOP) | (row.ids == BREAK)
    closed = stopped | (row.marks >= COMMA)
    return Script(
        ids=row.ids,
        marks=row.marks.tolist(),
        marked=row.marks,
        word_of=row.word_of,
        texts=texts,
        probabilities=probabilities,
        turn_of=row.turn_of,
        party=row.party,
        starts=row.starts.tolist(),
        ends=row.ends.tolist(),
        begins=row.begins,
        finishes=row.finishes,
        stopped=stopped,
        clauses=closed.cumsum() - closed,
        sections=stopped.cumsum() - stopped,
        names=vocabulary.names,
        numbers=row.ids.tolist(),
    )


def _times(every: Sequence[Said], count: int) -> tuple[Floats, Floats]:
    """When each word begins and ends."""
    starts = itertools.chain.from_iterable([said.starts for said in every])
    ends = itertools.chain.from_iterable([said.ends for said in every])
    return np.fromiter(starts, np.float64, count), np.fromiter(ends, np.float64, count)


def _probabilities(every: Sequence[Said]) -> list[float | None]:
    """How sure the recogniser was of each word; empty where it is of none."""
    if not any(said.probabilities for said in every):
        return []
    rows = [said.probabilities or (None,) * len(said.texts) for said in every]
    return list(itertools.chain.from_iterable(rows))


class _Row(NamedTuple):
    """As the fields of `Script` by these names."""

    ids: Longs
    marks: Longs
    word_of: Longs
    """Of the words with something to hear in them."""
    turn_of: Longs
    party: Longs
    begins: Floats
    finishes: Floats
    starts: Longs
    ends: Longs


@compiled
def _laid_out(
    spelling: Spelling, words: Longs, edges: Longs, parties: Longs, starts: Floats, ends: Floats
) -> _Row:
    """Words unit by unit, a break after each turn.

    Args:
        spelling: of all words.
        words: those that were said, by number.
        edges: where the words of each turn begin, one more at the end.
        parties: who says each turn.
        starts: when each word begins …
        ends: … and ends; its units share that evenly.
    """
    turns = len(parties)
    size = 2 * EDGE + turns
    for word in words:
        size += spelling.counts[word]
    ids, marks, party = np.zeros((3, size), np.int64)  # a break is 0, and nobody says it
    word_of, turn_of = np.full((2, size), -1, np.int64)
    begins, finishes = np.zeros((2, size))
    firsts, lasts = np.empty((2, turns), np.int64)
    place, number = EDGE, 0
    for turn in range(turns):
        firsts[turn] = place
        for word in range(edges[turn], edges[turn + 1]):
            count = spelling.counts[words[word]]
            if not count:
                continue
            first, step = spelling.first[words[word]], (ends[word] - starts[word]) / count
            for at in range(count):
                ids[place], marks[place] = spelling.units[first + at], spelling.marks[first + at]
                party[place], turn_of[place], word_of[place] = parties[turn], turn, number
                # Without the noise of floating-point sums.
                begins[place] = np.rint((starts[word] + at * step) * _FINE) / _FINE
                finishes[place] = np.rint((starts[word] + at * step + step) * _FINE) / _FINE
                place += 1
            number += 1
        lasts[turn] = place
        place += 1
    return _Row(ids, marks, word_of, turn_of, party, begins, finishes, firsts, lasts)
