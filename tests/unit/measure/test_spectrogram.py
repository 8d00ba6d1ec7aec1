"""The spectrum that the voice encoder hears."""

import librosa
import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d

from pipeline.measure import spectrogram
from pipeline.measure.channel import from_samples, resampled
from pipeline.measure.frames import frame_count
from pipeline.measure.spectrogram import Spectrogram


def noise(seconds=2.0, rate=16000, seed=0):
    chance = np.random.default_rng(seed)
    return (0.1 * chance.standard_normal(round(seconds * rate))).astype(np.float32)


def spectrum(samples, rate):
    channel = from_samples(samples, rate)
    count = frame_count(channel)
    return spectrogram.mel_power(channel, np.ones(count, bool)).read(0, count)


def cleaned(mel, speech, noise):
    """A copy of it without the noise."""
    found = spectrogram.clean(Spectrogram.of(mel), speech, noise, 1.0)
    return found.read(0, len(mel))


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
    found = spectrogram.mel_power(channel, within)
    assert np.array_equal(found.read(0, len(within)).any(axis=1), within)
    assert np.array_equal(found.looked_at, within)


def test_noise_is_taken_off_and_the_level_is_the_networks():
    chance = np.random.default_rng(3)
    mel = 0.01 * chance.chisquare(6, (400, spectrogram.BANDS)).astype(np.float32) / 6
    speech = np.zeros(400, bool)
    speech[100:300] = True
    mel[100:300, :20] += 1.0
    noise = spectrogram.noise_of(Spectrogram.of(mel), speech)
    found = cleaned(mel, speech, noise)
    assert found[speech].sum(axis=1).mean() == pytest.approx(0.35)
    assert (
        found[speech, 20:].mean() < 0.15 * mel[speech, 20:].mean() / mel[speech].sum(axis=1).mean()
    )
    quieter = cleaned(mel * np.float32(1e-4), speech, noise * 1e-4)
    assert quieter == pytest.approx(found, rel=1e-3, abs=1e-6)


def test_long_recordings_are_cleaned_as_in_one_piece() -> None:
    noise = np.random.default_rng(4)
    mel = noise.exponential(1.0, (9500, 40)).astype(np.float32)
    speech = noise.random(9500) < 0.5
    floor = np.full(40, 0.3, np.float32)
    left = np.clip(1 - floor / uniform_filter1d(mel, 5, axis=0), 0.0, 1.0)
    found = cleaned(mel, speech, floor)
    ratio = found / np.maximum(mel * left, 1e-6)
    np.testing.assert_allclose(ratio[mel * left > 1e-3], np.median(ratio), rtol=1e-3)


def test_windows_are_believed_as_far_as_they_stand_out_of_the_noise():
    mel = np.full((600, spectrogram.BANDS), 0.01, np.float32)
    speech = np.zeros(600, bool)
    speech[100:500] = True
    for first, over_noise_db in ((100, 0.0), (200, 10.0), (300, 20.0), (400, -30.0)):
        mel[first : first + 100] += 0.01 * 10 ** (over_noise_db / 10)
    windows = [(first, first + 100) for first in (100, 200, 300, 400)]
    mel = Spectrogram.of(mel)
    noise = spectrogram.noise_of(mel, speech)
    found = spectrogram.trust(mel, windows, noise, 10.0)
    assert found[:3] == pytest.approx([0.01, 0.5, 0.99], abs=0.005)
    assert 0 < found[3] < 0.001
    assert np.array_equal(spectrogram.trust(mel, windows, None, 10.0), np.ones(4))


def test_no_noise_is_known_where_nobody_is_silent():
    mel = Spectrogram.of(np.ones((200, spectrogram.BANDS), np.float32))
    assert spectrogram.noise_of(mel, np.ones(200, bool)) is None


def test_windows_lie_evenly_in_the_runs_of_speech():
    speech = np.zeros(1000, bool)
    speech[0:20], speech[100:180], speech[300:700] = True, True, True
    found = spectrogram.windows(speech, 1.2, 0.3, 0.3)
    assert found[0] == (100, 180)
    rest = found[1:]
    assert rest[0][0] == 300
    assert rest[-1][1] == 700
    assert {last - first for first, last in rest} == {120}
    steps = np.diff([first for first, _ in rest])
    assert steps.max() <= 30
    assert np.ptp(steps) <= 1


def test_pieces_come_in_few_lengths():
    mel = np.arange(500 * spectrogram.BANDS, dtype=np.float32).reshape(500, -1)
    found = spectrogram.pieces(Spectrogram.of(mel), [(0, 7), (10, 43), (100, 220)])
    assert [len(piece) for piece in found] == [7, 30, 120]
    assert np.array_equal(found[1], mel[11:41])
    assert np.array_equal(found[1:][1], mel[100:220])


def test_of_many_windows_some_are_looked_at_from_the_first_to_the_last():
    windows = [(10 * i, 10 * i + 5) for i in range(1000)]
    assert spectrogram.spread(windows, 1000) == windows
    some = spectrogram.spread(windows, 100)
    assert (len(some), some[0], some[-1]) == (100, windows[0], windows[-1])
    steps = np.diff([first for first, _ in some])
    assert set(steps) <= {100, 110}
    mask = spectrogram.covered(some, 20_000)
    assert mask.sum() == 500
    assert mask[some[7][0]]
    assert not mask[some[7][1]]


def test_quiet_and_level_are_those_of_the_cleaned_spectrum():
    mel = np.random.default_rng(8).exponential(1.0, (7000, 40)).astype(np.float32)
    speech = np.arange(7000) % 700 < 400
    found = spectrogram.clean(Spectrogram.of(mel), speech, np.full(40, 0.2, np.float32), 1.0)
    assert found.level() == pytest.approx(found.read(0, 7000).sum(axis=1))
    assert spectrogram.snr_db(found, speech, np.full(40, 0.2, np.float32)) == pytest.approx(
        10 * np.log10(mel[speech].sum(axis=1).mean() / 8 - 1), abs=1e-4
    )
