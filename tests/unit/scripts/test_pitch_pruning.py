"""Units that do nothing, or what others do, can go without anything changing."""

import numpy as np
import pytest

from pipeline.measure import _pitch_posterior as posterior
from scripts.training.pitch import pruning

CHANCE = np.random.default_rng(0)


def network(width=8, units=6):
    """A small one; unit 4 is dead, unit 5 twice unit 0."""
    arrays = {"leave_w": CHANCE.standard_normal((width, 3)), "leave_b": np.zeros(3)}
    for number in range(len(posterior.DILATIONS)):
        convolution = 0.3 * CHANCE.standard_normal((5, width, units))
        convolution[:, :, 5] = 2 * convolution[:, :, 0]
        bias = CHANCE.standard_normal(units)
        bias[4], bias[5] = -1000, 2 * bias[0]
        arrays |= {
            f"conv{number}_w": convolution,
            f"conv{number}_b": bias,
            f"mix{number}_w": 0.3 * CHANCE.standard_normal((units, width)),
            f"mix{number}_b": CHANCE.standard_normal(width),
        }
    return posterior.PitchModel({k: v.astype(np.float32) for k, v in arrays.items()}, "")


def test_what_is_needless_goes_and_nothing_changes():
    model = network()
    sounds = [CHANCE.standard_normal((300, 8)).astype(np.float32) for _ in range(4)]
    smaller = pruning.pruned(model, sounds, (4, 4, 4, 4))
    assert smaller.arrays["conv2_w"].shape == (5, 8, 4)
    fresh = CHANCE.standard_normal((200, 8)).astype(np.float32)
    assert smaller.logits(fresh) == pytest.approx(model.logits(fresh), rel=1e-2, abs=1e-2)


def test_the_rest_is_fitted_anew_to_what_the_block_said():
    model = network()
    sounds = [CHANCE.standard_normal((400, 8)).astype(np.float32) for _ in range(4)]
    smaller = pruning.pruned(model, sounds, (3, 4, 4, 4))
    before = model.block(sounds[0], 0) @ model.arrays["mix0_w"] + model.arrays["mix0_b"]
    after = smaller.block(sounds[0], 0) @ smaller.arrays["mix0_w"] + smaller.arrays["mix0_b"]
    assert after.mean(axis=0) == pytest.approx(before.mean(axis=0), abs=0.1)
    left = np.square(after - before).mean() / before.var(axis=0).mean()
    assert 0 < left < 0.5


def test_silence_and_snippets_tell_nothing():
    model = posterior.load_model()
    assert pruning.heard(model, np.zeros(16000)) is None
    assert pruning.heard(model, CHANCE.standard_normal(2000)) is None
    told = pruning.heard(model, CHANCE.standard_normal(16000))
    assert told is not None
    assert told.shape == (200, 128)
