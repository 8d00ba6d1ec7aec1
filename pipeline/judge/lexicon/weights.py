"""The weights of a text model, packed so that many lists are summed at once.

A weight is a byte; eight lists lie in one 64-bit number. With every second byte masked out, four of
them have 16 bits each, and adding whole numbers adds all four (Lamport 1975, "Multiple byte
processing with full-word instructions"). An n-gram's weights for all lists of the shipped lexicon
are one line of the processor's cache.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.keytable import Keys
from pipeline.judge.lexicon.rows import Longs
from pipeline.rubric.meanings import Meanings

Singles = npt.NDArray[np.float32]

_ZERO: Final = 128
"""The byte of no weight: bytes have no sign, so that no sum takes anything from its neighbour."""
_MOST: Final = 127
_LANES: Final = 4
"""Sums in one number, of 16 bits each: 257 n-grams fit, and a piece has half of that."""
_LOW: Final = np.uint64(0x00FF00FF00FF00FF)
_BYTE: Final = np.uint64(0xFF)
_HALF: Final = np.uint64(8)


class Weights:
    """What each n-gram says for and against each list, in whole steps of `scale`.

    Args:
        model: the weights.
        intents: the intent of each list (L).
    """

    def __init__(self, model: Meanings, intents: Longs) -> None:
        lists = len(intents)
        self._words = max(1, -(-lists // (2 * _LANES)))
        half, rest = np.divmod(np.arange(lists), _LANES * self._words)
        self._word, lane = np.divmod(rest, _LANES)
        byte = 2 * lane + half
        self._shift = (8 * byte).astype(np.uint64)
        self.scale: Singles = np.ones(lists, np.float32)
        """Logits, before division by the root of the length, in a step (L)."""
        table = np.full((len(model.keys), self._words, 8), _ZERO, np.uint8)
        gram = np.arange(len(model.keys)).repeat(np.diff(model.first))
        order = model.intent_of.argsort(kind="stable")
        edges = model.intent_of[order].searchsorted(np.arange(len(model.intents) + 1))
        for at, intent in enumerate(intents.tolist()):
            mine = order[edges[intent] : edges[intent + 1]]
            own = model.weights[mine]
            self.scale[at] = np.abs(own).max(initial=1e-9) / _MOST
            table[gram[mine], self._word[at], byte[at]] = np.rint(own / self.scale[at]) + _ZERO
        self._table: Keys = table.view("<u8")[:, :, 0].astype(np.uint64, copy=False)

    def of(self, gram: Longs, which: Longs) -> Longs:
        """The weight of each n-gram for a list."""
        word = self._table.ravel().take(gram * self._words + self._word.take(which))
        word >>= self._shift.take(which)
        word &= _BYTE
        return word.view(np.int64) - _ZERO

    def sums(self, gram: Longs, first: Longs) -> Longs:
        """What n-grams weigh together for each list.

        Args:
            gram: the n-grams.
            first: where each piece's begin (P), and the end; none is empty.

        Returns:
            A row a piece (P × L).
        """
        rows = self._table.take(gram, axis=0)
        low = np.add.reduceat(rows & _LOW, first[:-1])
        rows >>= _HALF
        rows &= _LOW
        high = np.add.reduceat(rows, first[:-1])
        packed = np.concatenate([low, high], axis=1).astype("<u8", copy=False)
        sums = packed.view("<u2")[:, : len(self.scale)]
        zero = _ZERO * (first[1:] - first[:-1])
        found: Longs = sums - zero[:, None]
        return found
