import numpy as np
import pytest
import torch

from pipeline.measure import _lstm


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return torch.nn.LSTM(5, 12, 2).eval()


@pytest.fixture(scope="module")
def stack(network):
    arrays = {f"lstm.{name}": array.numpy() for name, array in network.state_dict().items()}
    return _lstm.layers(arrays, 2)


def test_sequences_of_any_lengths_end_as_in_torch(network, stack, monkeypatch):
    monkeypatch.setattr(_lstm, "_AT_ONCE", 4)
    chance = np.random.default_rng(1)
    sequences = [
        chance.standard_normal((length, 5)).astype(np.float32)
        for length in (3, 40, 1, 7, 40, 12, 3, 25, 2)
    ]
    found = _lstm.last_outputs(stack, sequences)
    with torch.inference_mode():
        for each, own in zip(sequences, found, strict=True):
            theirs = network(torch.from_numpy(each)[:, None])[1][0][-1, 0].numpy()
            assert own == pytest.approx(theirs, abs=1e-5)


def test_of_no_sequence_nothing_is_said(stack):
    assert _lstm.last_outputs(stack, []).shape == (0, 12)


def test_layers_know_their_sizes(stack):
    assert [(layer.inputs, layer.units) for layer in stack] == [(5, 12), (12, 12)]
