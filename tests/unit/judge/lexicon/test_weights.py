"""Weights in bytes are, summed, what the model's own weights give."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.judge.lexicon.grams import LONGEST, PIECE
from pipeline.judge.lexicon.weights import Weights, sums_of

MOST = 2 * LONGEST * (PIECE + 2)
"""N-grams of a piece."""


def weights(rows: list[dict[int, float]], intents: list[int]) -> Weights:
    """By n-gram, the weight of each intent."""
    model = SimpleNamespace(
        keys=np.arange(len(rows)),
        first=np.cumsum([0, *map(len, rows)]),
        intent_of=np.array([intent for row in rows for intent in row], np.int64),
        weights=np.array([weight for row in rows for weight in row.values()], np.float64),
        intents=tuple(map(str, range(80))),
    )
    return Weights(model, np.array(intents, np.int64))


@given(
    st.lists(st.dictionaries(st.integers(0, 79), st.floats(-9, 9)), min_size=1, max_size=9),
    st.lists(st.integers(0, 79), max_size=80),
    st.lists(st.lists(st.integers(0, 8), min_size=1, max_size=9), min_size=1, max_size=5),
)
def test_sums_are_sums(
    rows: list[dict[int, float]], intents: list[int], pieces: list[list[int]]
) -> None:
    ready = weights(rows, intents)
    pieces = [[gram % len(rows) for gram in piece] for piece in pieces]
    edges = np.cumsum([0, *map(len, pieces)])
    sums = sums_of(ready.steps, np.concatenate(pieces), edges)
    for at, intent in enumerate(intents):
        totals = sums[:, at] * ready.scale[at]
        for piece, total in zip(pieces, totals, strict=True):
            right = sum(rows[gram].get(intent, 0.0) for gram in piece)
            assert total == pytest.approx(right, abs=float(ready.scale[at]) * len(piece) * 0.51)


@pytest.mark.parametrize("weight", [-3.0, 3.0])
def test_the_fullest_piece_does_not_run_over_into_the_next_list(weight: float) -> None:
    ready = weights([{0: weight, 1: -weight}], [0, 1, 2, 0, 1])
    (sums,) = sums_of(ready.steps, np.zeros(MOST, np.int64), np.array([0, MOST]))
    most = 127 * MOST * np.sign(weight)
    assert sums[:5].tolist() == [most, -most, 0, most, -most]
    assert not sums[5:].any()
