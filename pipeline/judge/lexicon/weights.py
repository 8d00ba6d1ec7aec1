"""The weights of a text model, in bytes: an n-gram's for up to 64 lists are one line of memory.

What n-grams weigh together is a sum of rows, which a compiled loop adds many bytes at a time.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.compiled import compiled
from pipeline.judge.lexicon.rows import Longs
from pipeline.rubric.meanings import Meanings

Singles = npt.NDArray[np.float32]
Steps = npt.NDArray[np.int8]
Sums = npt.NDArray[np.int16]
"""256 n-grams fit, and a piece has half of that."""

_MOST: Final = 127
_LINE: Final = 64
"""Bytes that a processor fetches at once."""


class Weights:
    """What each n-gram says for and against each list, in whole steps of `scale`.

    Args:
        model: the weights.
        intents: the intent of each list (L).
    """

    def __init__(self, model: Meanings, intents: Longs) -> None:
        self.scale: Singles = np.ones(len(intents), np.float32)
        """Logits, before division by the root of the length, in a step (L)."""
        self.steps = _table(len(model.keys), len(intents))
        """By n-gram and list, and no weight in the columns after these."""
        gram = np.arange(len(model.keys)).repeat(np.diff(model.first))
        order = model.intent_of.argsort(kind="stable")
        edges = model.intent_of[order].searchsorted(np.arange(len(model.intents) + 1))
        for at, intent in enumerate(intents.tolist()):
            mine = order[edges[intent] : edges[intent + 1]]
            own = model.weights[mine]
            self.scale[at] = np.abs(own).max(initial=1e-9) / _MOST
            self.steps[gram[mine], at] = np.rint(own / self.scale[at])


def _table(rows: int, columns: int) -> Steps:
    """Zeros, each row in as few lines of memory as it fits in."""
    width = -(-columns // _LINE) * _LINE
    room = np.zeros(rows * width + _LINE, np.int8)
    first = -room.ctypes.data % _LINE
    return room[first : first + rows * width].reshape(rows, width)


@compiled
def sums_of(steps: Steps, gram: Longs, first: Longs) -> Sums:
    """What n-grams weigh together for each list.

    Args:
        steps: their weights (`Weights.steps`).
        gram: the n-grams.
        first: where each piece's begin (P), and the end.

    Returns:
        A row a piece (P × the columns of ``steps``).
    """
    found = np.zeros((len(first) - 1, steps.shape[1]), np.int16)
    for piece in range(len(found)):
        row = found[piece]
        for at in range(first[piece], first[piece + 1]):
            own = steps[gram[at]]
            for which in range(len(row)):
                row[which] += own[which]
    return found
