"""Speech whose tones and intonation are drawn separately, so that what is left over is known."""

import numpy as np
import pytest

from pipeline.measure.intonation import ToneSyllable, intonation
from pipeline.measure.pitch import PitchTrack
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

SETTINGS = load_measure_settings().pitch.intonation
COURSES = {1: (3, 3), 2: (-3, 2), 3: (-3, -5), 4: (4, -4), 5: (-1, -2)}  # semitones, begin and end


def speech(n, spread_st, seed=0, declination=0.0, median_hz=180.0):
    """``n`` syllables in phrases of eight; each is raised by its own draw of the intonation."""
    rng = np.random.default_rng(seed)
    st, syllables = [], []
    frame = 0
    for number in range(n):
        if number % 8 == 0:
            st.append(np.full(50, np.nan))
            frame += 50
        tone = int(rng.integers(1, 6))
        begin, end = COURSES[tone]
        sunk = declination * 0.2 * (number % 8)
        st.append(np.linspace(begin, end, 20) + spread_st * rng.standard_normal() + sunk)
        syllables.append(ToneSyllable(Span(frame / 100, (frame + 20) / 100), tone))
        frame += 20
    f0 = median_hz * 2 ** (np.concatenate(st) / 12)
    return PitchTrack(f0.astype(np.float32), np.isfinite(f0).astype(np.float32)), syllables


@pytest.mark.parametrize("spread_st", [0.0, 1.0, 2.5])
def test_what_remains_is_what_was_added_to_the_tones(spread_st):
    found = intonation(*speech(400, spread_st), SETTINGS)
    assert found.spread_st == pytest.approx(spread_st, rel=0.12, abs=0.1)
    assert found.tone_spread_st == pytest.approx(3.0, abs=0.6)
    assert found.reason is None
    assert found.syllables == 400


def test_few_syllables_do_not_look_flat():
    spreads = [intonation(*speech(24, 2.0, seed), SETTINGS).spread_st for seed in range(40)]
    assert np.median(spreads) == pytest.approx(2.0, rel=0.25)


def test_the_tones_are_recovered():
    found = intonation(*speech(400, 0.5), SETTINGS)
    high, rising, low, falling = (found.tone_contours_st[tone] for tone in (1, 2, 3, 4))
    assert max(high) - min(high) < 0.7
    assert rising[-1] - rising[0] == pytest.approx(4.0, abs=0.5)  # 10 to 90 % of five semitones
    assert falling[0] - falling[-1] == pytest.approx(6.4, abs=0.5)
    assert np.mean(low) < np.mean(high) - 5


def test_declination_is_not_liveliness():
    found = intonation(*speech(400, 0.3, declination=-3.0), SETTINGS)
    assert found.declination_st_per_s == pytest.approx(-3.0, abs=0.3)
    assert found.spread_st == pytest.approx(0.3, abs=0.15)


def test_the_speakers_height_does_not_matter():
    low, high = (intonation(*speech(100, 1.5, median_hz=hz), SETTINGS) for hz in (90, 270))
    assert low.spread_st == pytest.approx(high.spread_st, rel=1e-3)


def test_too_few_syllables_are_named():
    found = intonation(*speech(10, 1.0), SETTINGS)
    assert found.spread_st is None
    assert found.reason == "10 syllables with pitch, 20 are needed"


def test_an_unvoiced_track_measures_nothing():
    _, syllables = speech(40, 1.0)
    silent = PitchTrack(np.full(5000, np.nan, np.float32), np.zeros(5000, np.float32))
    assert intonation(silent, syllables, SETTINGS).syllables == 0
    assert intonation(silent, [], SETTINGS).spread_st is None


def test_syllables_beyond_the_track_are_left_out():
    track, syllables = speech(40, 1.0)
    beyond = [ToneSyllable(Span(900, 900.2), 1)]
    assert intonation(track, [*syllables, *beyond], SETTINGS).syllables == 40


def test_a_tone_that_does_not_exist_is_refused():
    track, syllables = speech(40, 1.0)
    with pytest.raises(ValueError, match="tones are 1 to 5"):
        intonation(track, [*syllables, ToneSyllable(Span(0, 1), 6)], SETTINGS)
