import numpy as np
import pytest
from scipy.signal import sosfreqz

from pipeline.measure import loudness
from pipeline.measure.channel import from_samples


def sine(seconds, dbfs, hz=997.0, rate=48000):
    return 10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
def test_weighting_is_the_standards_at_every_rate(rate):
    hz = np.geomspace(20, min(rate, 48000) * 0.49, 200)
    reference = np.abs(sosfreqz(loudness.k_weighting(48000), worN=hz, fs=48000)[1])
    ours = np.abs(sosfreqz(loudness.k_weighting(rate), worN=hz, fs=rate)[1])
    assert np.abs(20 * np.log10(ours / reference)).max() < 0.045


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_a_full_scale_sine_of_997_hz_reads_minus_3_01(rate):
    # BS.1770-5 annex 1: "If a 0 dB FS, 997 Hz sine wave is applied to the left, centre or right
    # channel input, the indicated loudness will equal -3.01 LKFS."
    found = loudness.loudness([from_samples(sine(4.0, 0.0, rate=rate), rate)])
    assert found.integrated_lufs == pytest.approx(-3.01, abs=0.045)
    assert found.short_term_max_lufs == pytest.approx(-3.01, abs=0.045)


def test_two_channels_add_their_power():
    channel = from_samples(sine(4.0, -23.0, hz=1000.0), 48000)
    # EBU Tech 3341, test 1: stereo sine, 1000 Hz, -23 dBFS each: -23.0 LUFS.
    assert loudness.loudness([channel, channel]).integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_soft_stretches_do_not_pull_the_loudness_down():
    # EBU Tech 3341, test 3: 10 s at -36, 60 s at -23, 10 s at -36 dBFS: -23.0 LUFS.
    rate = 8000
    parts = [sine(10, -36, 1000.0, rate), sine(60, -23, 1000.0, rate), sine(10, -36, 1000.0, rate)]
    channel = from_samples(np.concatenate(parts), rate)
    assert loudness.loudness([channel, channel]).integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_range_of_two_levels_is_their_distance():
    # EBU Tech 3342, test 1: 20 s at -20 dBFS, 20 s at -30 dBFS: 10 LU +-1.
    rate = 8000
    channel = from_samples(
        np.concatenate([sine(20, -20, 1000.0, rate), sine(20, -30, 1000.0, rate)]), rate
    )
    assert loudness.loudness([channel, channel]).range_lu == pytest.approx(10.0, abs=1.0)


@pytest.mark.parametrize(
    ("samples", "rate", "reason"),
    [
        (np.zeros(8000), 8000, "never above"),
        (np.zeros(0), 8000, "400 ms"),
        (np.ones(1), 8000, "400 ms"),
        (np.ones(8000), 2000, "4000 Hz"),
    ],
    ids=["silence", "nothing", "one sample", "slow sampling"],
)
def test_what_has_no_loudness_says_why(samples, rate, reason):
    found = loudness.loudness([from_samples(samples, rate)])
    assert found.integrated_lufs is None
    assert reason in found.reason


def test_short_term_curve_covers_three_seconds_each():
    channel = from_samples(np.concatenate([np.zeros(8000 * 4), sine(4, -20, 1000.0, 8000)]), 8000)
    curve = loudness.short_term([channel])
    assert len(curve) == 51
    assert curve[0] == -np.inf
    assert curve[-1] == pytest.approx(-23.01, abs=0.05)
