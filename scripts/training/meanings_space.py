"""Texts as rows of n-grams: what the text model sees of them, in training as in a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from pipeline.judge.lexicon.evidence import runs_of
from pipeline.judge.lexicon.grams import (
    BEGIN,
    END,
    PLACES,
    UNKNOWN,
    Codes,
    keys_of,
    pieces_of,
    sound_of,
)
from pipeline.judge.lexicon.normalise import COMMA, STOP, units
from pipeline.judge.lexicon.rows import Bools, Longs
from pipeline.judge.lexicon.script import BREAK, Floats, Vocabulary


@dataclass(frozen=True)
class Grams:
    """Every n-gram of some texts: which, of which text."""

    keys: Longs
    piece: Longs
    """The piece each starts in …"""
    text: Longs
    """… and the text of each piece."""
    sentence: Longs
    """Of each piece."""
    lengths: Longs
    """Tokens of each piece."""


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
        room = UNKNOWN - 1 - len(self.syllables)
        frequent = names[np.argsort(-counts, kind="stable")][: (counts >= least).sum()]
        self.characters = [BEGIN, END, *map(str, frequent)][:room]
        self.codes = Codes(self.characters, self.syllables)
        grams = self.grams(texts)
        keys, which = np.unique(grams.keys, return_inverse=True)
        pairs = np.unique(which * len(texts) + grams.text[grams.piece])
        self.counts = np.bincount(pairs // len(texts), minlength=len(keys))
        kept = self.counts >= least
        self.keys, self.counts = keys[kept], self.counts[kept]
        self.classes = sparse.csr_matrix((len(self.keys), 0), dtype=np.float32)

    def widen(self, classes: sparse.csr_matrix) -> None:
        """Let rows show classes of words too: a row an n-gram, a column a class."""
        self.classes = classes

    def folded(self, weights: Floats) -> Floats:
        """Weights of n-grams alone that do what those of n-grams and classes do."""
        found: Floats = weights[: len(self.keys)] + self.classes @ weights[len(self.keys) :]
        return found

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
        keys, where = keys_of(pieces, self.codes, self.vocabulary.names)
        token_piece = np.arange(len(pieces.sentence)).repeat(np.diff(pieces.first))
        unit = pieces.place.searchsorted(pieces.first[:-1])
        return Grams(
            keys=keys,
            piece=token_piece[where // PLACES],
            text=np.array(owner)[pieces.script[unit.clip(max=len(pieces.place) - 1)]],
            sentence=pieces.sentence,
            lengths=np.diff(pieces.first),
        )

    def rows(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """A row a text: how often it has each n-gram, over the root of its length."""
        grams = self.grams(texts)
        pieces = np.arange(len(grams.text))
        return self._scaled(grams, grams.text, pieces, len(texts))

    def runs(self, texts: Sequence[str]) -> tuple[sparse.csr_matrix, Longs, Bools]:
        """A row a run of pieces, as a call is looked at.

        Returns:
            The rows, the text of each, and whether it is one piece of a text that has several.
        """
        grams = self.grams(texts)
        low, high = runs_of(grams.sentence)
        piece, run = _stretches(low, high)
        rows = self._scaled(grams, run, piece, len(low))
        text = grams.text[low]
        single = (high - low == 1) & (np.bincount(grams.text)[text] > 1)
        return rows, text, single

    def _scaled(self, grams: Grams, row: Longs, piece: Longs, rows: int) -> sparse.csr_matrix:
        """Rows that are sums of pieces, over the roots of their lengths."""
        at = np.minimum(self.keys.searchsorted(grams.keys), len(self.keys) - 1)
        known = self.keys[at] == grams.keys
        ones = np.ones(int(known.sum()), np.float32)
        shape = len(grams.text), len(self.keys)
        of_piece = sparse.csr_matrix((ones, (grams.piece[known], at[known])), shape=shape)
        taken = np.ones(len(row), np.float32), (row, piece)
        sums = sparse.csr_matrix(taken, shape=(rows, len(grams.text)))
        lengths = sums @ grams.lengths
        found = sparse.diags(lengths.clip(1) ** -0.5) @ (sums @ of_piece)
        return sparse.hstack([found, found @ self.classes], format="csr")


def _stretches(first: Longs, end: Longs) -> tuple[Longs, Longs]:
    """The numbers from each ``first`` to before its ``end``, and which stretch each is of."""
    counts = end - first
    ends = counts.cumsum()
    place = np.arange(len(counts)).repeat(counts)
    return np.arange(len(place)) + (first - ends + counts).take(place), place
