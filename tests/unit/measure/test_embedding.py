"""The voice encoder and its spectrum."""

import librosa
import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d

from pipeline.errors import ModelError
from pipeline.measure import embedding
from pipeline.measure.channel import from_samples, resampled
from pipeline.measure.frames import frame_count


@pytest.fixture(scope="module")
def encoder():
    return embedding.load_encoder()


def noise(seconds=2.0, rate=16000, seed=0):
    chance = np.random.default_rng(seed)
    return (0.1 * chance.standard_normal(round(seconds * rate))).astype(np.float32)


def spectrum(samples, rate):
    channel = from_samples(samples, rate)
    return embedding.mel_power(channel, np.ones(frame_count(channel), bool))


def test_the_spectrum_is_what_the_network_was_trained_on():
    sound = noise()
    reference = librosa.feature.melspectrogram(
        y=np.pad(sound, (0, 400))[80:], sr=16000, n_fft=400, hop_length=160, n_mels=40, center=True
    ).T
    found = spectrum(sound, 16000)
    assert found[2:-4] == pytest.approx(reference[2 : len(found) - 4], rel=1e-3, abs=1e-6)


def test_the_spectrum_is_the_same_at_any_rate():
    wide = resampled(noise(rate=8000), 8000, 16000)
    narrow = resampled(wide, 16000, 8000)
    one, two = spectrum(wide, 16000), spectrum(narrow, 8000)
    below = slice(0, 24)  # bands under 3 kHz, clear of the filter
    power = one[5:-5, below].mean(axis=0)
    assert two[5:-5, below].mean(axis=0) == pytest.approx(power, rel=0.03)
    assert not two[:, 34:].any()


def test_only_the_frames_that_are_wanted_are_looked_at():
    channel = from_samples(noise(), 16000)
    within = np.zeros(frame_count(channel), bool)
    within[50:80] = True
    found = embedding.mel_power(channel, within)
    assert np.array_equal(found.any(axis=1), within)


def test_noise_is_taken_off_and_the_level_is_the_networks():
    chance = np.random.default_rng(3)
    mel = 0.01 * chance.chisquare(6, (400, embedding.BANDS)).astype(np.float32) / 6
    speech = np.zeros(400, bool)
    speech[100:300] = True
    mel[100:300, :20] += 1.0
    noise = embedding.noise_of(mel, speech)
    found = mel.copy()
    embedding.clean(found, speech, noise, 1.0)
    assert found[speech].sum(axis=1).mean() == pytest.approx(0.35)
    assert (
        found[speech, 20:].mean() < 0.15 * mel[speech, 20:].mean() / mel[speech].sum(axis=1).mean()
    )
    quieter = mel * np.float32(1e-4)
    embedding.clean(quieter, speech, noise * 1e-4, 1.0)
    assert quieter == pytest.approx(found, rel=1e-3, abs=1e-6)


def test_long_recordings_are_cleaned_as_in_one_piece() -> None:
    noise = np.random.default_rng(4)
    mel = noise.exponential(1.0, (9500, 40)).astype(np.float32)
    speech = noise.random(9500) < 0.5
    floor = np.full(40, 0.3, np.float32)
    left = np.clip(1 - floor / uniform_filter1d(mel, 5, axis=0), 0.0, 1.0)
    embedding.clean(found := mel.copy(), speech, floor, 1.0)
    ratio = found / np.maximum(mel * left, 1e-6)
    np.testing.assert_allclose(ratio[mel * left > 1e-3], np.median(ratio), rtol=1e-3)


def test_windows_are_believed_as_far_as_they_stand_out_of_the_noise():
    mel = np.full((600, embedding.BANDS), 0.01, np.float32)
    speech = np.zeros(600, bool)
    speech[100:500] = True
    for first, over_noise_db in ((100, 0.0), (200, 10.0), (300, 20.0), (400, -30.0)):
        mel[first : first + 100] += 0.01 * 10 ** (over_noise_db / 10)
    noise = embedding.noise_of(mel, speech)
    windows = [(first, first + 100) for first in (100, 200, 300, 400)]
    found = embedding.trust(mel, windows, noise, 10.0)
    assert found[:3] == pytest.approx([0.01, 0.5, 0.99], abs=0.005)
    assert 0 < found[3] < 0.001
    assert np.array_equal(embedding.trust(mel, windows, None, 10.0), np.ones(4))


def test_no_noise_is_known_where_nobody_is_silent():
    mel = np.ones((200, embedding.BANDS), np.float32)
    assert embedding.noise_of(mel, np.ones(200, bool)) is None


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


def test_windows_lie_evenly_in_the_runs_of_speech():
    speech = np.zeros(1000, bool)
    speech[0:20], speech[100:180], speech[300:700] = True, True, True
    found = embedding.windows(speech, 1.2, 0.3, 0.3)
    assert found[0] == (100, 180)
    rest = found[1:]
    assert rest[0][0] == 300
    assert rest[-1][1] == 700
    assert {last - first for first, last in rest} == {120}
    steps = np.diff([first for first, _ in rest])
    assert steps.max() <= 30
    assert np.ptp(steps) <= 1


def test_pieces_come_in_few_lengths():
    mel = np.ones((500, embedding.BANDS), np.float32)
    found = embedding.pieces(mel, [(0, 7), (10, 43), (100, 220)])
    assert [len(piece) for piece in found] == [7, 30, 120]


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
