"""Finds what was meant where no phrase list has the words: a linear text model over a call.

For each intent a weight per n-gram (`pipeline.rubric.meanings`). A stretch of talk is one to three
pieces in a row, or a sentence; the evidence for an intent is the sum of its n-grams' weights over
the root of the stretch's length, plus a bias; the logistic function of it is the probability.
The sums of pieces add up to those of longer stretches, so all stretches cost little more than one.
What counts is cut down to the run of units that speak for it most (Kadane's maximum sum), which is
what the report shows and where negation and reported speech are looked for.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np

from pipeline.judge.lexicon.examples import Examples
from pipeline.judge.lexicon.grams import LONGEST, Codes, Pieces, every_key, pieces_of
from pipeline.judge.lexicon.keytable import KeyTable
from pipeline.judge.lexicon.normalise import COMMA, units
from pipeline.judge.lexicon.rows import Longs, stretches
from pipeline.judge.lexicon.script import BREAK, PARTIES, Bools, Floats, Script, Vocabulary
from pipeline.judge.lexicon.weights import Weights
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
_SHARES: Final = np.array([0, *(12 // length for length in range(1, LONGEST + 1))])
"""Of an n-gram's weight each of its tokens has a part; in twelfths all are whole numbers."""


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
    grams: Longs
    """What of it speaks for the meaning: numbers of the model's n-grams."""


Taken = Callable[[str, int, int], bool]
"""Whether nothing more is wanted of a list in a stretch of the script."""


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
        intents = np.array([model.intents.index(each.intent) for each in wanted.values()], np.int64)
        self._codes = Codes(model.characters, model.syllables)
        self._table = KeyTable(model.keys)
        self._weights = Weights(model, intents)
        self._bias = model.bias[intents]
        limits = model.limits[intents].tolist()
        asked = [each.at_least for each in wanted.values()]
        least = [
            _logit(limit if given is None else given)
            for given, limit in zip(asked, limits, strict=True)
        ]
        self._least = np.full((max(PARTIES.values()) + 2, len(self.names)), np.inf)
        """By party and list, the sum over the root of the length from which it counts."""
        party = np.array([PARTIES[model.speakers[intent]] for intent in intents])
        self._least[party, np.arange(len(party))] = (least - self._bias) / self._weights.scale
        self._examples = Examples(model, intents, self._weights, self._read)

    # ── Evidence ─────────────────────────────────────────────────────────────────────────────

    def nearest(self, meant: Sequence[Meant]) -> list[str]:
        """The written examples that share what speaks for each meaning most with its words."""
        lists = [self.names.index(each.phrases) for each in meant]
        return self._examples.nearest(lists, [each.grams for each in meant])

    # ── A call ───────────────────────────────────────────────────────────────────────────────

    def search(self, script: Script, taken: Taken = lambda *_: False) -> list[Meant]:
        """What was meant, the likeliest stretch of each sentence for each list, in time order.

        Args:
            script: the call.
            taken: tells of a list and a stretch of the script whether to leave it out.
        """
        pieces = pieces_of(script.ids, *_cuts(script))
        if not len(pieces.units):
            return []
        said = self._said(pieces)
        if not len(said.own):
            return []
        found = self._heard(said, script.party)
        names = [self.names[which] for which in found.which.tolist()]
        stretch = zip(names, found.low.tolist(), found.high.tolist(), strict=True)
        left = [at for at, each in enumerate(stretch) if not taken(*each)]
        return self._meant(said, _Heard._make(each[left] for each in found)) if left else []

    def _said(self, pieces: Pieces) -> _Said:
        """The n-grams that the model knows, piece by piece."""
        keys = every_key(pieces, self._codes, self._vocabulary.names)
        at, gram = self._table.find(keys.reshape(_PLACES, -1).T.ravel())
        first = at.searchsorted(pieces.first * _PLACES)
        own = (first[1:] > first[:-1]).nonzero()[0]
        edges = np.empty(len(own) + 1, np.int64)
        edges[:-1], edges[-1] = first.take(own), len(at)
        return _Said(pieces, at, gram, own, edges)

    def _heard(self, said: _Said, party: Longs) -> _Heard:
        """The likeliest stretch of each sentence for each list that it is sure enough of."""
        pieces, own = said.pieces, said.own
        begin, finish = pieces.first[own], pieces.first[own + 1]
        total = np.zeros((len(own) + 1, len(self.names)), np.int64)
        np.cumsum(self._weights.sums(said.gram, said.first), axis=0, out=total[1:])
        length = np.zeros(len(own) + 1, np.int64)
        np.cumsum(finish - begin, out=length[1:])
        sentence = pieces.sentence.take(own)
        low, high = runs_of(sentence)
        root = np.sqrt(length.take(high) - length.take(low))
        by = party.take(_unit(pieces, finish, -1)).take(low)
        evidence = total.take(high, axis=0)
        evidence -= total.take(low, axis=0)
        least = self._least.take(by, axis=0)
        least *= root[:, None]
        hits = (evidence >= least).ravel().nonzero()[0]
        run, which = np.divmod(hits, len(self.names))
        score = evidence.ravel().take(hits) * self._weights.scale.take(which) / root.take(run)
        score += self._bias.take(which)
        best = _best(sentence.take(low).take(run), which, score)
        first, end = low.take(run.take(best)), high.take(run.take(best))
        begin, finish = begin.take(first), finish.take(end - 1)
        return _Heard(
            which=which.take(best),
            score=score.take(best),
            first=said.first.take(first),
            last=said.first.take(end),
            begin=begin,
            finish=finish,
            low=_unit(pieces, begin),
            high=_unit(pieces, finish, -1) + 1,
        )

    def _meant(self, said: _Said, found: _Heard) -> list[Meant]:
        """The words that speak for each meaning most."""
        at, hit = stretches(found.first, found.last)
        gram, place = said.gram.take(at), said.at.take(at)
        weight = self._weights.of(gram, found.which.take(hit))
        start, length = place >> 3, (place >> 1 & 3) + 1
        begin, finish = _cores(hit, start, length, weight, found.begin, found.finish)
        first, last = _unit(said.pieces, begin), _unit(said.pieces, finish, -1)
        speaks = (weight > 0).nonzero()[0]
        spoken, edges = gram.take(speaks), hit.take(speaks).searchsorted(np.arange(len(first) + 1))
        grams = [spoken[low:high] for low, high in itertools.pairwise(edges.tolist())]
        chance = 1 / (1 + np.exp(-found.score))
        columns = np.minimum(first, last), last + 1, found.low, found.high, chance
        names = [self.names[which] for which in found.which.tolist()]
        rows = zip(names, *(each.tolist() for each in columns), grams, strict=True)
        return sorted(itertools.starmap(Meant, rows), key=_BY_START)

    def _read(self, texts: Sequence[str]) -> tuple[Longs, Longs]:
        """The n-grams that the model knows in some texts, each one clause, and whose they are."""
        ids = [BREAK]
        for text in texts:
            ids += [*(self._vocabulary.number(unit) for unit in units(text)[0]), BREAK]
        none = np.zeros(len(ids), bool)
        said = self._said(pieces_of(np.array(ids), none, none))
        owner = said.pieces.clauses.searchsorted(said.at // _PLACES, side="right") - 1
        return said.gram, owner


_PLACES: Final = 2 * LONGEST
"""N-grams that may start at a token: by length, characters and syllables."""
_BY_START = attrgetter("start")


class _Said(NamedTuple):
    """A call's pieces and the known n-grams in them, piece by piece."""

    pieces: Pieces
    at: Longs
    """Where each n-gram is (`Listener._numbered`) …"""
    gram: Longs
    """… and which it is."""
    own: Longs
    """The pieces that have any (P) …"""
    first: Longs
    """… and where theirs begin; one more at the end (P + 1)."""


class _Heard(NamedTuple):
    """Stretches that mean something (H)."""

    which: Longs
    """The list of each."""
    score: Floats
    """In logits."""
    first: Longs
    """The stretch's n-grams: from here …"""
    last: Longs
    """… to before here."""
    begin: Longs
    """Its tokens: from here …"""
    finish: Longs
    """… to before here."""
    low: Longs
    """Its units in the script: from here …"""
    high: Longs
    """… to before here."""


def _unit(pieces: Pieces, token: Longs, shift: int = 0) -> Longs:
    """Where the first unit from a token on stands in the script, or one that many after it."""
    at = pieces.place.searchsorted(token)
    return pieces.script.take(at + shift, mode="clip")


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
    closes = (script.marked >= COMMA) | (gaps > CLAUSE_GAP_S)
    return closes, script.stopped | (gaps > SENTENCE_GAP_S)


def runs_of(sentence: Longs) -> tuple[Longs, Longs]:
    """Every run of up to `RUN` pieces in a sentence, and every sentence: first and past last."""
    count = len(sentence)
    first = np.arange(count)
    lows, highs = [first], [first + 1]
    for more in range(1, RUN):
        low = (sentence[more:] == sentence[: count - more]).nonzero()[0]
        lows.append(low)
        highs.append(low + (more + 1))
    edges = np.ones(count + 1, bool)
    edges[1:-1] = sentence[1:] != sentence[:-1]
    edge = edges.nonzero()[0]
    length = edge[1:] - edge[:-1]
    whole = ((length > RUN) & (length <= MAX_SENTENCE)).nonzero()[0]
    lows.append(edge.take(whole))
    highs.append(edge.take(whole + 1))
    return np.concatenate(lows), np.concatenate(highs)


def _best(sentence: Longs, which: Longs, score: Floats) -> Longs:
    """The likeliest hit of each list in each sentence."""
    order = np.lexsort((-score, which, sentence))
    sentence, which = sentence.take(order), which.take(order)
    fresh = np.ones(len(order), bool)
    fresh[1:] = (sentence[1:] != sentence[:-1]) | (which[1:] != which[:-1])
    chosen: Longs = order[fresh]
    return chosen


def _cores(
    hit: Longs, start: Longs, length: Longs, weight: Longs, low: Longs, high: Longs
) -> tuple[Longs, Longs]:
    """For each hit the run of tokens with the largest sum: first and past last.

    An n-gram's weight is shared out evenly among its tokens.
    """
    width = int((high - low).max())
    share = weight * _SHARES.take(length)
    row = np.arange(len(low)) * (width + 1) - low
    size = len(low) * (width + 1)
    end = np.minimum(start + length, high.take(hit))  # some reach out of the stretch
    at = row.take(hit)
    change = np.bincount(at + start, share, size) - np.bincount(at + end, share, size)
    run = np.zeros((len(low), width + 1))
    np.cumsum(change.reshape(run.shape)[:, :-1].cumsum(axis=1), axis=1, out=run[:, 1:])
    gain = run[:, 1:] - np.minimum.accumulate(run, axis=1)[:, :-1]
    token = np.arange(width + 1)
    gain[token[:-1] >= (high - low)[:, None]] = -np.inf
    end = gain.argmax(axis=1)
    before = np.where(token <= end[:, None], run, np.inf)
    begin = width - before[:, ::-1].argmin(axis=1)  # of several the last: the shortest run
    return low + begin, low + end + 1
