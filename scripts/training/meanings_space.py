"""Texts as rows of n-grams: what the text model sees of them, in training as in a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.judge.lexicon.grams import (
    BEGIN,
    CODE_BITS,
    END,
    Codes,
    Keys,
    Pieces,
    keys_of,
    pieces_of,
    sound_of,
)
from pipeline.judge.lexicon.normalise import COMMA, STOP, units
from pipeline.judge.lexicon.script import BREAK, Vocabulary

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Grams:
    """Every n-gram of some texts: which, of which text."""

    keys: Keys
    text: Longs
    lengths: Longs
    """Tokens of each text."""


class Space:
    """The n-grams that a model may weigh.

    Args:
        texts: what it learns from; n-grams in fewer than ``least`` of them are left out.
    """

    def __init__(self, texts: Sequence[str], least: int = 2) -> None:
        self.vocabulary = Vocabulary()
        said = [unit for text in texts for unit in units(text)[0]]
        names, counts = np.unique(np.array(said), return_counts=True)
        self.syllables = sorted({sound_of(str(name)) for name in names})
        room = (1 << CODE_BITS) - 1 - len(self.syllables)
        frequent = names[np.argsort(-counts, kind="stable")][: (counts >= least).sum()]
        self.characters = [BEGIN, END, *map(str, frequent)][:room]
        self.codes = Codes(self.characters, self.syllables)
        grams = self.grams(texts)
        keys, which = np.unique(grams.keys, return_inverse=True)
        pairs = np.unique(which * len(texts) + grams.text)
        self.counts = np.bincount(pairs // len(texts), minlength=len(keys))
        kept = self.counts >= least
        self.keys, self.counts = keys[kept], self.counts[kept]

    def grams(self, texts: Sequence[str]) -> Grams:
        """Every n-gram of these texts, unknown ones too."""
        ids, marks, owner = [BREAK], [0], [-1]
        for at, text in enumerate(texts):
            found, mark = units(text)
            ids += [*(self.vocabulary.number(unit) for unit in found), BREAK]
            marks += [*mark, 0]
            owner += [at] * (len(found) + 1)
        row, stops = np.array(ids), np.array(marks)
        pieces = pieces_of(row, stops >= COMMA, stops >= STOP)
        keys, start = keys_of(pieces, self.codes, self.vocabulary.names)
        text_of_clause = _text_of_clause(pieces, np.array(owner))
        lengths = np.bincount(text_of_clause[pieces.clause], minlength=len(texts))
        return Grams(keys, text_of_clause[pieces.clause[start]], lengths)

    def rows(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """A row a text: how often it has each n-gram, over the root of its length."""
        grams = self.grams(texts)
        at = np.minimum(self.keys.searchsorted(grams.keys), len(self.keys) - 1)
        known = self.keys[at] == grams.keys
        shape = len(texts), len(self.keys)
        ones = np.ones(int(known.sum()), np.float32)
        found = sparse.csr_matrix((ones, (grams.text[known], at[known])), shape=shape)
        return sparse.csr_matrix(sparse.diags(grams.lengths.clip(1) ** -0.5) @ found)


def _text_of_clause(pieces: Pieces, owner: Longs) -> Longs:
    """Which text each clause is of."""
    head = np.flatnonzero(np.diff(pieces.clause, prepend=-1))
    unit = pieces.place.searchsorted(head)
    found: Longs = owner[pieces.script[unit]]
    return found
