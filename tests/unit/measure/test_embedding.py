"""The voice encoder."""

import subprocess
import sys

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.measure import embedding, spectrogram
from pipeline.measure.channel import from_samples
from pipeline.measure.frames import frame_count


@pytest.fixture(scope="module")
def encoder():
    return embedding.load_encoder()


def noise(seconds=2.0, rate=16000, seed=0):
    chance = np.random.default_rng(seed)
    return (0.1 * chance.standard_normal(round(seconds * rate))).astype(np.float32)


def spectrum(samples, rate):
    channel = from_samples(samples, rate)
    count = frame_count(channel)
    return spectrogram.mel_power(channel, np.ones(count, bool)).read(0, count)


def test_embeddings_are_of_length_one_and_do_not_depend_on_their_batch(encoder):
    mel = spectrum(noise(4.0), 16000)
    pieces = [mel[:160], mel[20:100], mel[40:200], mel[60:140]]
    together = encoder.embed(pieces, "float32")
    alone = np.concatenate([encoder.embed([piece], "float32") for piece in pieces])
    assert np.linalg.norm(together, axis=1) == pytest.approx(1.0)
    assert together == pytest.approx(alone, abs=1e-5)


def test_half_precision_hears_the_same(encoder):
    mel = spectrum(noise(4.0), 16000)
    pieces = [mel[:120], mel[120:240]]
    full, half = encoder.embed(pieces, "float32"), encoder.embed(pieces, "bfloat16")
    assert (full * half).sum(axis=1).min() > 0.999


def test_a_file_that_is_no_encoder_is_refused(tmp_path):
    path = tmp_path / "voices.npz"
    with pytest.raises(ModelError, match="voice encoder"):
        embedding.load_encoder(path)
    path.write_bytes(b"not an archive")
    with pytest.raises(ModelError, match="install qinhe again"):
        embedding.load_encoder(path)
    np.savez(path, **{"linear.weight": np.zeros((2, 2))})
    with pytest.raises(ModelError, match=r"its last layer is \(2, 2\)"):
        embedding.load_encoder(path)


_WITHOUT_TORCH = """
import sys
import numpy as np
from pipeline.measure import embedding

encoder = embedding.load_encoder()
chance = np.random.default_rng(7)
pieces = [chance.exponential(0.01, (n, 40)).astype(np.float32) for n in (120, 70, 120, 1, 100)]
few = encoder.embed_few(pieces, "auto")
assert "torch" not in sys.modules
full = encoder.embed(pieces, "float32")
assert np.abs(few - full).max() < 1e-5, np.abs(few - full).max()
assert "torch" in sys.modules
again = embedding.load_encoder()
"""


def test_few_pieces_are_heard_alike_without_torch():
    subprocess.run([sys.executable, "-c", _WITHOUT_TORCH], check=True)


def test_torch_is_taken_once_importing_it_pays():
    patience = embedding.load_encoder().patience
    assert not patience.ends(300)
    assert patience.ends(300)
    assert patience.ends(1)
