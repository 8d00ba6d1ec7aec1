import numpy as np
import pytest

from pipeline.measure.channel import from_samples
from pipeline.measure.waveform import peaks


@pytest.mark.parametrize("rate", [8000, 11025, 48000])
def test_each_frame_shows_its_own_loudest_sample(rate: int) -> None:
    samples = np.zeros(2 * rate, np.float32)
    samples[round(0.505 * rate)] = -0.5
    samples[round(1.255 * rate)] = 0.25
    found = peaks(from_samples(samples, rate))
    assert len(found) == 200
    assert {i: float(found[i]) for i in np.flatnonzero(found)} == {50: 0.5, 125: 0.25}


@pytest.mark.parametrize("samples", [0, 1, 79, 80, 81])
def test_short_channels(samples: int) -> None:
    found = peaks(from_samples(np.full(samples, 0.5), 8000))
    assert found.tolist() == [0.5] * -(-samples // 80)


def test_blocks_do_not_show() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 8000 * 130).astype(np.float32)
    whole = np.abs(samples).reshape(-1, 80).max(axis=1)
    np.testing.assert_array_equal(peaks(from_samples(samples, 8000)), whole)
