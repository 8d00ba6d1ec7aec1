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
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

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
from pipeline.judge.lexicon.rows import Longs, stretches
from pipeline.judge.lexicon.script import BREAK, Bools, Floats, Script, Vocabulary
from pipeline.rubric.meanings import Meanings
from pipeline.rubric.model import Means, PhraseList

Singles = npt.NDArray[np.float32]

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
    grams: tuple[int, ...]
    """What of it the model knows."""


class _Voice(NamedTuple):
    """The intents that one party is asked for."""

    speaker: str
    names: list[str]
    """Their lists (L)."""
    intents: Longs
    """The model's intent of each (L)."""
    weights: npt.NDArray[np.int8]
    """Of every n-gram for every list; the last row, of unknown n-grams, is 0 (F + 1 × L) …"""
    scale: Singles
    """… and what one of them is in logits (L). In 8 bits a row is one line of the cache."""
    bias: Floats
    least: Floats
    """The logit from which each counts (L)."""


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
        wanted = {name: each.means for name, each in lists.items() if each.means is not None}
        self.names = list(wanted)
        self._codes = Codes(model.characters, model.syllables)
        self._table = KeyTable(model.keys)
        gram = np.arange(len(model.keys)).repeat(np.diff(model.first))
        self._voices = [
            _voice(model, speaker, wanted, gram) for speaker in sorted(set(model.speakers))
        ]
        self._written: dict[str, tuple[Longs, Longs, Singles]] = {}

    # ── Evidence ─────────────────────────────────────────────────────────────────────────────

    def nearest(self, meant: Meant) -> str:
        """The written example that shares what speaks for the meaning most with these words."""
        voice = next(each for each in self._voices if meant.phrases in each.names)
        column = voice.names.index(meant.phrases)
        if meant.phrases not in self._written:
            self._written[meant.phrases] = self._example_grams(voice, column)
        held, example, weight = self._written[meant.phrases]
        spoken = np.zeros(len(self.model.keys) + 1, bool)
        spoken[list(meant.grams)] = True
        shared = spoken[held]
        likeness = np.bincount(example[shared], weight[shared], minlength=1)
        texts = self._examples(voice, column)
        return texts[int(likeness.argmax())] if texts else ""

    def _examples(self, voice: _Voice, column: int) -> tuple[str, ...]:
        first, intent = self.model.example_first, voice.intents[column]
        return self.model.examples[first[intent] : first[intent + 1]]

    def _example_grams(self, voice: _Voice, column: int) -> tuple[Longs, Longs, Singles]:
        """What the examples hold that speaks for a list: n-grams, of which example, how much."""
        ids = [BREAK]
        for text in self._examples(voice, column):
            ids += [*(self._vocabulary.number(unit) for unit in units(text)[0]), BREAK]
        none = np.zeros(len(ids), bool)
        pieces = pieces_of(np.array(ids), none, none)
        keys, start = keys_of(pieces, self._codes, self._vocabulary.names)
        gram, example = self._table.find(keys), pieces.clause[start]
        weight = voice.weights[gram, column] * voice.scale[column]
        speaks = weight > 0
        return gram[speaks], example[speaks], weight[speaks]

    # ── A call ───────────────────────────────────────────────────────────────────────────────

    def search(self, script: Script, speakers: Sequence[str]) -> list[Meant]:
        """What was meant, the likeliest stretch of each sentence for each list, in time order.

        Args:
            script: the call.
            speakers: who has each turn.
        """
        pieces = pieces_of(script.ids, *_cuts(script))
        if not len(pieces.units):
            return []
        keys, start = keys_of(pieces, self._codes, self._vocabulary.names)
        gram = self._table.find(keys)
        known = np.flatnonzero(gram >= 0)
        count = len(pieces.sentence)
        token_piece = np.arange(count, dtype=np.int16 if count < 1 << 15 else np.int64)
        piece = token_piece.repeat(np.diff(pieces.first))[start[known]]
        known = known[piece.argsort(kind="stable")]
        said = _Said(
            pieces=pieces,
            gram=gram[known],
            start=start[known],
            keys=keys[known],
            first=np.append(0, np.bincount(piece, minlength=count).cumsum()),
        )
        turn = np.asarray(script.turn_of)[
            pieces.script[pieces.place.searchsorted(pieces.first[:-1])]
        ]
        speaker = np.array(speakers)[turn]
        found = [each for voice in self._voices for each in _heard(voice, said, speaker)]
        return sorted(found, key=_BY_START)


class _Said(NamedTuple):
    """A call's pieces and the known n-grams in them, piece by piece."""

    pieces: Pieces
    gram: Longs
    """The n-grams, in the order of their pieces …"""
    start: Longs
    """… the token each starts at …"""
    keys: Keys
    """… and they themselves."""
    first: Longs
    """Where each piece's n-grams begin; one more at the end."""


_BY_START = attrgetter("start")


def _voice(model: Meanings, speaker: str, wanted: Mapping[str, Means], gram: Longs) -> _Voice:
    """The lists that ask for what this party says, and the weights of their intents."""
    named = {name: model.intents.index(means.intent) for name, means in wanted.items()}
    names = [name for name, intent in named.items() if model.speakers[intent] == speaker]
    intents = np.array([named[name] for name in names], np.int64)
    weights = np.zeros((len(model.keys) + 1, len(names)), np.int8)
    scale = np.ones(len(names), np.float32)
    for column, intent in enumerate(intents.tolist()):
        mine = model.intent_of == intent
        own = model.weights[mine]
        scale[column] = np.abs(own).max(initial=1e-9) / 127
        weights[gram[mine], column] = np.rint(own / scale[column])
    asked = [wanted[name].at_least for name in names]
    limits = zip(asked, model.limits[intents].tolist(), strict=True)
    least = [_logit(limit if given is None else given) for given, limit in limits]
    bias = model.bias[intents]
    return _Voice(speaker, names, intents, weights, scale, bias, np.array(least))


def _heard(voice: _Voice, said: _Said, speaker: npt.NDArray[np.str_]) -> list[Meant]:
    """What one party meant."""
    own = np.flatnonzero((speaker == voice.speaker) & (np.diff(said.first) > 0))
    if not len(own) or not voice.names:
        return []
    pieces = said.pieces
    at, _ = stretches(said.first[own], said.first[own + 1])
    counts = said.first[own + 1] - said.first[own]
    weights = voice.weights.take(said.gram[at], axis=0).astype(np.float32)
    sums = np.add.reduceat(weights, counts.cumsum() - counts)
    low, high = runs_of(pieces.sentence[own])
    total = np.zeros((len(own) + 1, len(voice.names)), np.float32)
    np.cumsum(sums, axis=0, out=total[1:])
    total *= voice.scale
    length = np.append(0, np.diff(pieces.first)[own].cumsum())
    root = np.sqrt(length[high] - length[low])
    said_for = total[high] - total[low]
    run, which = np.nonzero(said_for >= root[:, None] * (voice.least - voice.bias))
    if not len(run):
        return []
    score = said_for[run, which] / root[run] + voice.bias[which]
    best = _best(pieces.sentence[own][low[run]], which, score)
    run, which, score = run[best], which[best], score[best]
    first, last = own[low[run]], own[high[run] - 1] + 1
    at, hit = stretches(said.first[first], said.first[last])
    known = np.split(said.gram[at], np.flatnonzero(np.diff(hit)) + 1)
    weight = voice.weights[said.gram[at], which[hit]] * voice.scale[which[hit]]
    tokens = pieces.first[first], pieces.first[last]
    cores = _cores(hit, said.start[at], length_of(said.keys[at]), weight, *tokens)
    return _meant(voice, pieces, which, score, tokens, cores, known)


def _meant(
    voice: _Voice,
    pieces: Pieces,
    which: Longs,
    score: Floats,
    tokens: tuple[Longs, Longs],
    cores: tuple[Longs, Longs],
    known: Sequence[Longs],
) -> list[Meant]:
    """The hits with their places in the script, from places among the tokens."""
    last = len(pieces.place) - 1
    ends = [
        pieces.script[np.clip(pieces.place.searchsorted(at) + shift, 0, last)].tolist()
        for at, shift in ((cores[0], 0), (cores[1], -1), (tokens[0], 0), (tokens[1], -1))
    ]
    chance = (1 / (1 + np.exp(-score))).tolist()
    grams = [tuple(each.tolist()) for each in known]
    return [
        Meant(voice.names[name], min(start, end), end + 1, low, high + 1, likely, own)
        for name, start, end, low, high, likely, own in zip(
            which.tolist(), *ends, chance, grams, strict=True
        )
    ]


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
    hit: Longs, start: Longs, length: Longs, weight: Singles, low: Longs, high: Longs
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
    before = np.where(np.arange(width + 1) <= end[:, None], run, np.inf)
    begin = width - before[:, ::-1].argmin(axis=1)  # of several the last: the shortest run
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
