"""Finds what was meant where no phrase list has the words: a linear text model over a call.

For each intent a weight per n-gram (`pipeline.rubric.meanings`). A stretch of talk is one to three
pieces in a row, or a sentence; the evidence for an intent is the sum of its n-grams' weights over
the root of the stretch's length, plus a bias; the logistic function of it is the probability.
What counts is cut down to the run of units that speak for it most, which is what the report shows
and where negation and reported speech are looked for. The loops are in `evidence.py`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np

from pipeline.judge.lexicon.evidence import (
    Taken,
    Talk,
    cores,
    free,
    known_in,
    likeliest,
)
from pipeline.judge.lexicon.examples import Examples
from pipeline.judge.lexicon.grams import PLACES, Codes, Pieces, keys_of, pieces_of
from pipeline.judge.lexicon.keytable import KeyTable, among
from pipeline.judge.lexicon.normalise import COMMA, units
from pipeline.judge.lexicon.rows import Bools, Longs
from pipeline.judge.lexicon.script import BREAK, PARTIES, Floats, Script, Vocabulary
from pipeline.judge.lexicon.weights import Weights, sums_of
from pipeline.rubric.meanings import Meanings
from pipeline.rubric.model import PhraseList

CLAUSE_GAP_S: Final = 0.35
"""A silence that ends a clause where no comma does …"""
SENTENCE_GAP_S: Final = 0.7
"""… and a sentence."""


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
    """The n-grams of the call that the model knows …"""
    first: int
    """… of which the stretch's are those from here …"""
    last: int
    """… to before here."""


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
        self.speakers = [model.speakers[intent] for intent in intents.tolist()]
        """Who means each."""
        self._codes = Codes(model.characters, model.syllables)
        self._table = KeyTable.of(model.keys, np.arange(len(model.keys)))
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
        party = np.array([PARTIES[speaker] for speaker in self.speakers])
        self._least[party, np.arange(len(party))] = (least - self._bias) / self._weights.scale
        self._examples = Examples(model, intents, self._weights, self._read)

    # ── Evidence ─────────────────────────────────────────────────────────────────────────────

    def nearest(self, meant: Meant) -> str:
        """The written example that shares what speaks for a meaning most with its words."""
        own = meant.grams[meant.first : meant.last]
        return self._examples.nearest(self.names.index(meant.phrases), own)

    # ── A call ───────────────────────────────────────────────────────────────────────────────

    def search(self, script: Script, taken: Taken | None = None) -> list[Meant]:
        """What was meant, the likeliest stretch of each sentence for each list, in time order.

        Args:
            script: the call.
            taken: where the lists have their words already: such stretches are left out.
        """
        pieces = pieces_of(script.ids, *_cuts(script))
        talk = self._talk(pieces)
        known = known_in(pieces, talk.at, script.party)
        sums = sums_of(self._weights.steps, talk.gram, known.first)
        which, score, first, last = likeliest(
            known, sums, self._least, self._weights.scale, self._bias
        )
        begin, finish = known.begin.take(first), known.finish.take(last - 1)
        low, high = _unit(pieces, begin), _unit(pieces, finish, -1) + 1
        grams = known.first.take(first), known.first.take(last)
        found = _Found(which, score, *grams, begin, finish, low, high)
        if taken is not None:
            left = free(taken, which, low, high)
            found = _Found._make([column[left] for column in found])
        return self._meant(pieces, talk, found)

    def _talk(self, pieces: Pieces) -> Talk:
        """The n-grams that the model knows."""
        keys, at = keys_of(pieces, self._codes, self._vocabulary.names)
        found, gram = among(self._table, keys)
        return Talk(at[found], gram)

    def _meant(self, pieces: Pieces, talk: Talk, found: _Found) -> list[Meant]:
        """The words that speak for each meaning most."""
        begin, finish = cores(
            talk, self._weights.steps, found.which, found.first, found.last,
            found.begin, found.finish,
        )  # fmt: skip
        first, last = _unit(pieces, begin), _unit(pieces, finish, -1)
        chance = 1 / (1 + np.exp(-found.score))
        columns = np.minimum(first, last), last + 1, found.low, found.high, chance
        edges = found.first, found.last
        names = [self.names[which] for which in found.which.tolist()]
        rows = zip(
            names,
            *(each.tolist() for each in columns),
            itertools.repeat(talk.gram, len(names)),
            *(each.tolist() for each in edges),
            strict=True,
        )
        return sorted(itertools.starmap(Meant, rows), key=_BY_START)

    def _read(self, texts: Sequence[str]) -> tuple[Longs, Longs]:
        """The n-grams that the model knows in some texts, each one clause, and whose they are."""
        ids = [BREAK]
        for text in texts:
            ids += [*(self._vocabulary.number(unit) for unit in units(text)[0]), BREAK]
        none = np.zeros(len(ids), bool)
        pieces = pieces_of(np.array(ids), none, none)
        talk = self._talk(pieces)
        owner = pieces.clauses.searchsorted(talk.at // PLACES, side="right") - 1
        return talk.gram, owner


_BY_START = attrgetter("start")


class _Found(NamedTuple):
    """Stretches that mean something (H), by sentence and list."""

    which: Longs
    """The list of each."""
    score: Floats
    """In logits."""
    first: Longs
    """Its n-grams: from here …"""
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
    begins, finishes = script.begins, script.finishes
    gaps = np.zeros(len(begins))
    gaps[:-1] = begins[1:] - finishes[:-1]
    closes = (script.marked >= COMMA) | (gaps > CLAUSE_GAP_S)
    return closes, script.stopped | (gaps > SENTENCE_GAP_S)
