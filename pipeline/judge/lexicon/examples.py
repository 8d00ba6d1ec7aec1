"""Finds the written example most like what was said: evidence for what a text model heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.judge.lexicon.compiled import compiled
from pipeline.judge.lexicon.keytable import NONE, KeyTable, value_of
from pipeline.judge.lexicon.rows import Ints, Longs
from pipeline.judge.lexicon.weights import Singles, Weights
from pipeline.rubric.meanings import Meanings

Read = Callable[[Sequence[str]], tuple[Longs, Longs]]
"""Texts to the n-grams in them that a model knows, and which text each is in."""


class _Index(NamedTuple):
    """The examples of a list, by the n-grams in them that speak for it."""

    numbers: KeyTable
    """A number for each …"""
    weights: Singles
    """… by number how much each speaks for the list, in logits …"""
    first: Ints
    """… where the examples that hold it begin, one more at the end …"""
    examples: Ints
    """… and they."""


class Examples:
    """The sentences that were written for each list, each list's read when it is first asked for.

    Args:
        model: has them.
        intents: the intent of each list (L).
        weights: what n-grams say for and against each list.
        read: cuts texts in n-grams.
    """

    def __init__(self, model: Meanings, intents: Longs, weights: Weights, read: Read) -> None:
        first = model.example_first
        self._texts = [model.examples[first[at] : first[at + 1]] for at in intents.tolist()]
        self._weights, self._read = weights, read
        self._indices: dict[int, _Index] = {}

    def nearest(self, which: int, grams: Longs) -> str:
        """The example of a list that shares most weight with these n-grams; "": it has none."""
        texts = self._texts[which]
        if not texts:
            return ""
        index = self._indices.get(which)
        if index is None:
            index = self._indices[which] = self._indexed(which)
        ordered = grams.copy()
        ordered.sort()
        return texts[_nearest(index, ordered, len(texts))]

    def _indexed(self, which: int) -> _Index:
        gram, example = self._read(self._texts[which])
        speaks = self._weights.steps[gram, which] > 0
        gram, example = gram[speaks], example[speaks]
        order = gram.argsort(kind="stable")
        grams, first = np.unique(gram[order], return_index=True)
        weights = self._weights.steps[grams, which] * self._weights.scale[which]
        return _Index(
            KeyTable.of(grams, np.arange(len(grams))),
            weights.astype(np.float32, copy=False),
            np.append(first, len(gram)).astype(np.int32),
            example[order].astype(np.int32),
        )


@compiled
def _nearest(index: _Index, said: Longs, count: int) -> int:
    """The one of so many examples that shares most with n-grams, given in order.

    An n-gram said twice is still shared once; one that an example has twice counts twice.
    """
    numbers, weights, first, examples = index
    likeness = np.zeros(count)
    before = -1
    for gram in said:
        number = value_of(numbers, gram)
        if number != NONE and gram != before:
            for place in range(first[number], first[number + 1]):
                likeness[examples[place]] += weights[number]
        before = gram
    return int(likeness.argmax())
