"""Finds the written example most like what was said: evidence for what a text model heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from pipeline.judge.lexicon.rows import Longs
from pipeline.judge.lexicon.weights import Weights
from pipeline.rubric.meanings import Meanings

Read = Callable[[Sequence[str]], tuple[Longs, Longs]]
"""Texts to the n-grams in them that a model knows, and which text each is in."""
_GRAM_BITS: Final = 32
_LAST: Final = np.iinfo(np.int64).max


class Examples:
    """The sentences that were written for each list, by the n-grams in them.

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
        self._most = max([1, *map(len, self._texts)])
        self._known = np.zeros(len(intents), bool)
        """Which lists' examples were read: each when it is first asked for."""
        self._keys = np.array([_LAST])
        """List and n-gram in one number, ascending …"""
        self._first = np.zeros(2, np.int64)
        """… where the examples that hold it begin …"""
        self._example = np.zeros(0, np.int64)
        """… and they."""

    def nearest(self, lists: Sequence[int], grams: Sequence[Longs]) -> list[str]:
        """For each list the example that shares most weight with these n-grams; "": has none.

        Args:
            lists: of each.
            grams: what was said that speaks for it.
        """
        if not lists:
            return []
        which = np.array(lists)
        if not self._known[which].all():
            self._learn(np.unique(which[~self._known[which]]))
        asked = np.arange(len(which)).repeat([len(each) for each in grams])
        once = (asked << _GRAM_BITS) | np.concatenate(grams)
        once.sort()  # an n-gram said twice is still shared once
        once = once[np.append(True, once[1:] != once[:-1])]
        asked, gram = once >> _GRAM_BITS, once & ((1 << _GRAM_BITS) - 1)
        name = which.take(asked)
        key = (name << _GRAM_BITS) | gram
        at = self._keys.searchsorted(key)
        begin = self._first.take(at)
        counts = (self._first.take(at + 1) - begin) * (self._keys.take(at) == key)
        weight = self._weights.of(gram, name).astype(np.float32) * self._weights.scale.take(name)
        held = np.arange(counts.sum()) + (begin - counts.cumsum() + counts).repeat(counts)
        place = (asked * self._most).repeat(counts) + self._example.take(held)
        likeness = np.bincount(place, weight.repeat(counts), len(which) * self._most)
        best = likeness.reshape(len(which), -1).argmax(axis=1).tolist()
        return [
            self._texts[name][at] if self._texts[name] else ""
            for name, at in zip(lists, best, strict=True)
        ]

    def _learn(self, lists: Longs) -> None:
        """Read the examples of these lists."""
        keys = [self._keys[:-1].repeat(np.diff(self._first)[:-1])]
        examples = [self._example]
        for name in lists.tolist():
            gram, example = self._read(self._texts[name])
            speaks = self._weights.of(gram, np.full(len(gram), name)) > 0
            keys.append((name << _GRAM_BITS) | gram[speaks])
            examples.append(example[speaks])
        every = np.concatenate(keys)
        order = every.argsort(kind="stable")
        distinct, first = np.unique(every[order], return_index=True)
        self._keys = np.append(distinct, _LAST)
        self._first = np.append(first, [len(every)] * 2)
        self._example = np.concatenate(examples)[order]
        self._known[lists] = True
