"""Laws of level and loudness that hold for any sound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.measure import level, loudness
from pipeline.measure.channel import from_samples

RATE = 8000
seeds = st.integers(0, 2**16)
gains_db = st.floats(-18.0, 18.0)


def talk(seed, seconds=3.0):
    """Noise that swells and fades; at any gain below it stays over the gates."""
    rng = np.random.default_rng(seed)
    envelope = np.repeat(rng.choice([0.1, 0.3, 1.0], round(seconds * 10)), RATE // 10)
    return rng.standard_normal(len(envelope)) * envelope * 0.03


@settings(deadline=None, max_examples=20)
@given(seeds, gains_db)
def test_gain_moves_every_level_by_itself(seed, gain_db):
    sound = talk(seed)
    plain = from_samples(sound, RATE)
    moved = from_samples(sound * 10 ** (gain_db / 20), RATE)
    before, after = (level.active_speech_level(c) for c in (plain, moved))
    assert after.long_term_dbov - before.long_term_dbov == pytest.approx(gain_db, abs=1e-3)
    # The thresholds are 6 dB apart and met within 0.5 dB: so exact is the standard, no more.
    assert after.level_dbov - before.level_dbov == pytest.approx(gain_db, abs=0.6)
    heard = [loudness.loudness([c]).integrated_lufs for c in (plain, moved)]
    assert heard[1] - heard[0] == pytest.approx(gain_db, abs=1e-3)


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_whole_steps_of_the_meter_move_its_reading_exactly(seed):
    sound = talk(seed)
    before, after = (
        level.active_speech_level(from_samples(sound * factor, RATE)) for factor in (1.0, 0.5)
    )
    assert after.level_dbov - before.level_dbov == pytest.approx(-6.0206, abs=1e-4)
    assert after.activity == pytest.approx(before.activity, abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_speech_is_no_softer_than_the_whole_and_no_longer(seed):
    found = level.active_speech_level(from_samples(talk(seed), RATE))
    assert found.level_dbov >= found.long_term_dbov - 1e-9
    assert 0 < found.activity <= 1


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_track_holds_the_power_of_the_sound(seed):
    sound = talk(seed)
    track = level.track(from_samples(sound, RATE))
    mean = np.mean(10 ** (track.astype(np.float64) / 10))
    assert mean == pytest.approx(np.mean(sound.astype(np.float32) ** 2.0), rel=1e-3)


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_the_order_of_channels_does_not_matter(seed):
    left, right = (from_samples(talk(seed + n), RATE) for n in (0, 1))
    one, other = (loudness.loudness(pair) for pair in ([left, right], [right, left]))
    assert one == other
    assert one.integrated_lufs >= loudness.loudness([left]).integrated_lufs - 1e-9
