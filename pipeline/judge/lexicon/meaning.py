"""Finds what was meant where no phrase list has the words: a linear text model over a call.

For each intent a weight per n-gram (`pipeline.rubric.meanings`). A stretch of talk is one to three
pieces in a row, or a sentence; the evidence for an intent is the sum of its n-grams' weights over
the root of the stretch's length, plus a bias; the logistic function of it is the probability.
The sums of pieces add up to those of longer stretches, so all stretches cost little more than one.
What counts is cut down to the run of units that speak for it most (Kadane's maximum sum), which is
what the report shows and where negation and reported speech are looked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from pipeline.judge.lexicon.grams import (
    CODE_BITS,
    LONGEST,
    Codes,
    Keys,
    Pieces,
    keys_of,
    length_of,
    pieces_of,
)
from pipeline.judge.lexicon.normalise import COMMA, units
from pipeline.judge.lexicon.rows import Longs, Spread, stretches
from pipeline.judge.lexicon.script import BREAK, Bools, Floats, Script, Vocabulary
from pipeline.rubric.meanings import Meanings
from pipeline.rubric.model import PhraseList

CLAUSE_GAP_S: Final = 0.35
"""A silence that ends a clause where no comma does …"""
SENTENCE_GAP_S: Final = 0.7
"""… and a sentence."""
RUN: Final = 3
"""Pieces in a row that are looked at together …"""
MAX_SENTENCE: Final = 8
"""… and those of a whole sentence, if it is no longer."""
_MIX: Final = 0x9E3779B97F4A7C15
"""2^64 over the golden ratio, for hashing by multiplication (Knuth) …"""
_ROUNDS: Final = 16
"""… and so many times at most, each time by another odd multiple of it."""


class Meant(NamedTuple):
    """Something meant, as a phrase list's hit would be."""

    phrases: str
    """The list that the intent stands beside."""
    start: int
    """Where the words that speak for it most start in the script …"""
    end: int
    """… and end."""
    low: int
    """The whole stretch that was judged …"""
    high: int
    probability: float


class Listener:
    """The intents that phrase lists ask for, ready for any number of calls.

    Args:
        model: the weights.
        lists: phrase lists by name; those with ``means`` take part.
        vocabulary: numbers of units; shared with the scripts that will be searched.
    """

    def __init__(
        self, model: Meanings, lists: Mapping[str, PhraseList], vocabulary: Vocabulary
    ) -> None:
        self._vocabulary = vocabulary
        self.model = model
        self.names = [name for name, each in lists.items() if each.means is not None]
        means = [each.means for each in lists.values() if each.means is not None]
        self._intent = np.array([model.intents.index(each.intent) for each in means], np.int64)
        at_least = [
            model.limits[intent] if each.at_least is None else each.at_least
            for each, intent in zip(means, self._intent, strict=True)
        ]
        self._bias = model.bias[self._intent]
        self._least = np.array([_logit(each) for each in at_least])
        self._codes = Codes(model.characters, model.syllables)
        self._speakers = sorted(set(model.speakers))
        self._columns()
        self._table = KeyTable(self._keys)
        self._written: dict[int, tuple[Longs, Longs, Floats]] = {}

    def _columns(self) -> None:
        """The weights of the wanted intents: by speaker and n-gram, which lists and how much."""
        model = self.model
        lists_of = Spread(
            [
                np.flatnonzero(self._intent == intent).tolist()
                for intent in range(len(model.intents))
            ]
        )
        column, which = lists_of.of(model.intent_of)
        gram = np.arange(len(model.keys)).repeat(np.diff(model.first))[which]
        weight = model.weights[which]
        used, gram = np.unique(gram, return_inverse=True)
        self._keys = model.keys[used]
        speaker = np.array([self._speakers.index(each) for each in model.speakers], np.int64)
        row = speaker[self._intent[column]] * len(used) + gram
        order = np.argsort(row, kind="stable")
        self._column, self._weight, self._gram = column[order], weight[order], gram[order]
        self._rows = len(used)
        edges = np.arange(len(self._speakers) * len(used) + 1)
        self._first = row[order].searchsorted(edges)
        self._gram_length = length_of(self._keys)

    # ── Evidence ─────────────────────────────────────────────────────────────────────────────

    def nearest(self, script: Script, meant: Meant) -> str:
        """The written example that shares what speaks for the meaning most with these words."""
        column = self.names.index(meant.phrases)
        if column not in self._written:
            self._written[column] = self._example_grams(column)
        held, example, weight = self._written[column]
        ids = np.array([BREAK, *script.ids[meant.low : meant.high].tolist(), BREAK])
        marks = np.array([0, *script.marks[meant.low : meant.high], 0])
        none = np.zeros(len(ids), bool)
        pieces = pieces_of(ids, marks >= COMMA, none)
        grams = np.unique(self._table.find(keys_of(pieces, self._codes, script.names)[0]))
        shared = np.isin(held, grams)
        likeness = np.bincount(example[shared], weight[shared], minlength=1)
        texts = self._examples(column)
        return texts[int(likeness.argmax())] if texts else ""

    def _examples(self, column: int) -> tuple[str, ...]:
        first, intent = self.model.example_first, self._intent[column]
        return self.model.examples[first[intent] : first[intent + 1]]

    def _example_grams(self, column: int) -> tuple[Longs, Longs, Floats]:
        """What the examples hold that speaks for a list: n-grams, of which example, how much."""
        ids = [BREAK]
        for text in self._examples(column):
            ids += [*(self._vocabulary.number(unit) for unit in units(text)[0]), BREAK]
        none = np.zeros(len(ids), bool)
        pieces = pieces_of(np.array(ids), none, none)
        keys, start = keys_of(pieces, self._codes, self._vocabulary.names)
        gram, example = self._table.find(keys), pieces.clause[start]
        weight = np.zeros(self._rows + 1)  # the last: of unknown n-grams
        mine = self._column == column
        weight[self._gram[mine]] = np.maximum(self._weight[mine], 0)
        speaks = weight[gram] > 0
        return gram[speaks], example[speaks], weight[gram[speaks]]

    # ── A call ───────────────────────────────────────────────────────────────────────────────

    def search(self, script: Script, speakers: Sequence[str]) -> list[Meant]:
        """What was meant, the likeliest stretch of each sentence for each list, in time order.

        Args:
            script: the call.
            speakers: who has each turn.
        """
        closes, stops = _cuts(script)
        pieces = pieces_of(script.ids, closes, stops)
        if not len(pieces.units) or not self.names:
            return []
        piece, column, weight, start, gram = self._evidence(script, speakers, pieces)
        lists, count = len(self.names), len(pieces.sentence)
        sums = np.bincount(piece * lists + column, weight, count * lists).reshape(count, lists)
        low, high = runs_of(pieces.sentence)
        total = np.zeros((count + 1, lists))
        np.cumsum(sums, axis=0, out=total[1:])
        length = pieces.first[high] - pieces.first[low]
        score = (total[high] - total[low]) / np.sqrt(length)[:, None] + self._bias
        run, which = np.nonzero(score >= self._least)
        if not len(run):
            return []
        best = _best(pieces.sentence[low[run]], which, score[run, which])
        run, which = run[best], which[best]
        hits = np.full((count, lists), -1)
        at, hit = stretches(low[run], high[run])
        hits[at, which[hit]] = hit
        mine = hits[piece, column]
        taking = mine >= 0
        tokens = pieces.first[low[run]], pieces.first[high[run]]
        length_of_gram = self._gram_length[gram[taking]]
        cores = _cores(mine[taking], start[taking], length_of_gram, weight[taking], *tokens)
        return self._meant(pieces, which, score[run, which], tokens, cores)

    def _evidence(
        self, script: Script, speakers: Sequence[str], pieces: Pieces
    ) -> tuple[Longs, Longs, Floats, Longs, Longs]:
        """Every weight that bears on a list: its piece, list, weight, first token and n-gram."""
        keys, start = keys_of(pieces, self._codes, self._vocabulary.names)
        gram = self._table.find(keys)
        known = gram >= 0
        gram, start = gram[known], start[known]
        token_piece = np.arange(len(pieces.sentence)).repeat(np.diff(pieces.first))
        piece = token_piece[start]
        number = {name: at for at, name in enumerate(self._speakers)}
        speaker_of_turn = np.array([number.get(each, -1) for each in speakers], np.int64)
        head = pieces.script[pieces.place.searchsorted(pieces.first[:-1])]
        speaker = speaker_of_turn[np.array(script.turn_of)[head]][piece]
        if (speaker < 0).any():
            mine = speaker >= 0
            gram, start, piece, speaker = gram[mine], start[mine], piece[mine], speaker[mine]
        row = speaker * self._rows + gram
        at, which = stretches(self._first[row], self._first[row + 1])
        return piece[which], self._column[at], self._weight[at], start[which], gram[which]

    def _meant(
        self,
        pieces: Pieces,
        which: Longs,
        score: Floats,
        tokens: tuple[Longs, Longs],
        cores: tuple[Longs, Longs],
    ) -> list[Meant]:
        last = len(pieces.place) - 1
        place, script = pieces.place, pieces.script
        ends = [
            script[np.clip(place.searchsorted(at) + shift, 0, last)].tolist()
            for at, shift in ((cores[0], 0), (cores[1], -1), (tokens[0], 0), (tokens[1], -1))
        ]
        chance = (1 / (1 + np.exp(-score))).tolist()
        rows = zip(which.tolist(), *ends, chance, strict=True)
        return sorted(
            (
                Meant(self.names[name], min(start, end), end + 1, low, high + 1, likely)
                for name, start, end, low, high, likely in rows
            ),
            key=lambda each: each.start,
        )


def listener_of(
    model: Meanings | None, lists: Mapping[str, PhraseList], vocabulary: Vocabulary
) -> Listener | None:
    """What listens for the lists' meanings; ``None``: no list asks for any."""
    if model is None or all(each.means is None for each in lists.values()):
        return None
    return Listener(model, lists, vocabulary)


def _logit(chance: float) -> float:
    return math.log(max(chance, 1e-9) / max(1 - chance, 1e-9))


def _cuts(script: Script) -> tuple[Bools, Bools]:
    """After which units a clause ends, and a sentence."""
    begins, finishes = script.times
    gaps = np.zeros(len(begins))
    gaps[:-1] = begins[1:] - finishes[:-1]
    closes = (np.array(script.marks) >= COMMA) | (gaps > CLAUSE_GAP_S)
    return closes, script.stopped | (gaps > SENTENCE_GAP_S)


def runs_of(sentence: Longs) -> tuple[Longs, Longs]:
    """Every run of up to `RUN` pieces in a sentence, and every sentence: first and past last."""
    count = len(sentence)
    first = np.arange(count)
    lows, highs = [first], [first + 1]
    for more in range(1, RUN):
        low = np.flatnonzero(sentence[more:] == sentence[: count - more])
        lows.append(low)
        highs.append(low + more + 1)
    begin = np.flatnonzero(np.diff(sentence, prepend=-1))
    end = np.append(begin[1:], count)
    whole = (end - begin > RUN) & (end - begin <= MAX_SENTENCE)
    return np.concatenate([*lows, begin[whole]]), np.concatenate([*highs, end[whole]])


def _best(sentence: Longs, which: Longs, score: Floats) -> Longs:
    """The likeliest hit of each list in each sentence."""
    order = np.lexsort((-score, which, sentence))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(sentence[order]) != 0) | (np.diff(which[order]) != 0)
    chosen: Longs = order[fresh]
    return chosen


def _cores(
    hit: Longs, start: Longs, length: Longs, weight: Floats, low: Longs, high: Longs
) -> tuple[Longs, Longs]:
    """For each hit the run of tokens with the largest sum: first and past last.

    An n-gram's weight is shared out evenly among its tokens.
    """
    width = int((high - low).max())
    shares = np.zeros(len(low) * (width + 1))
    share = weight / length
    for step in range(LONGEST):
        inside = (length > step) & (start + step < high[hit])
        at = hit[inside] * (width + 1) + start[inside] + step - low[hit[inside]] + 1
        shares += np.bincount(at, share[inside], len(shares))[: len(shares)]
    run = shares.reshape(len(low), width + 1).cumsum(axis=1)
    least = np.minimum.accumulate(run, axis=1)
    gain = run[:, 1:] - least[:, :-1]
    gain[np.arange(width) >= (high - low)[:, None]] = -np.inf
    end = gain.argmax(axis=1)
    begin = np.where(np.arange(width + 1) <= end[:, None], run, np.inf).argmin(axis=1)
    return low + begin, low + end + 1


class KeyTable:
    """Numbers found by their place among others, through hashing: one look at most places.

    Slots that more than one key falls on are marked, and those keys lie in the next, smaller table.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = np.append(keys, np.uint64(0))
        self._tables: list[tuple[int, np.uint64, Longs, Bools]] = []
        left = np.arange(len(keys))
        for again in range(_ROUNDS):
            mix = np.uint64(_MIX * (2 * again + 1) & (1 << 64) - 1)
            bits = max(8, len(left).bit_length() + 2)
            slots = np.full(1 << bits, -1)
            place = _slot(keys[left], mix, bits)
            slots[place[::-1]] = left[::-1]
            missed = slots[place] != left
            crowded = np.zeros(1 << bits, bool)
            crowded[place[missed]] = True
            self._tables.append((bits, mix, slots, crowded))
            left = left[missed]
            if not len(left):
                return
        raise ValueError(f"{len(left)} n-grams do not fit the table")

    def find(self, keys: Keys) -> Longs:
        """The place of each key, -1 where it is none of them."""
        found = np.full(len(keys), -1)
        left: Longs | None = None
        for bits, mix, slots, crowded in self._tables:
            wanted = keys if left is None else keys[left]
            place = _slot(wanted, mix, bits)
            at = slots[place]
            right = self._keys[at] == wanted
            if left is None:
                found = np.where(right, at, -1)
                left = np.flatnonzero(~right & crowded[place])
            else:
                found[left[right]] = at[right]
                left = left[~right & crowded[place]]
            if not len(left):
                break
        return found


def _slot(keys: Keys, mix: np.uint64, bits: int) -> Longs:
    mixed = (keys ^ (keys >> np.uint64(CODE_BITS * 2 + 5))) * mix
    slot: Longs = (mixed >> np.uint64(64 - bits)).astype(np.int64)
    return slot
