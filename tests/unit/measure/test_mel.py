import librosa
import numpy as np
import pytest

from pipeline.measure import mel


@pytest.mark.parametrize(("low", "high"), [(0.0, 8000.0), (200.0, 900.0), (1200.0, 3600.0)])
def test_the_scales_are_those_of_librosa(low, high):
    slaney = librosa.mel_frequencies(42, fmin=low, fmax=high)
    assert mel.slaney_hz(42, low, high) == pytest.approx(slaney, rel=1e-9, abs=1e-9)
    htk = librosa.mel_frequencies(42, fmin=low, fmax=high, htk=True)
    assert mel.htk_hz(42, low, high) == pytest.approx(htk, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("rate", "size"), [(8000, 200), (16000, 400), (44100, 1125)])
def test_the_bands_are_those_of_librosa(rate, size):
    reference = librosa.filters.mel(
        sr=rate, n_fft=size, n_mels=14, fmin=200, fmax=3600, htk=True, norm=None
    )
    found = mel.triangles(mel.htk_hz(16, 200, 3600), rate, size)
    assert found == pytest.approx(reference.T, abs=1e-6)


def test_a_band_is_one_in_its_middle_and_nothing_beyond_its_edges():
    found = mel.triangles(np.array([100.0, 200.0, 400.0, 800.0]), 8000, 80)
    assert found.shape == (41, 2)
    assert found[:9].tolist() == [
        [0, 0], [0, 0], [1, 0], [0.5, 0.5], [0, 1], [0, 0.75], [0, 0.5], [0, 0.25], [0, 0],
    ]  # fmt: skip
    assert not found[9:].any()
