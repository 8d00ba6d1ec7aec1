import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from pipeline.measure import effort, level, spectrum
from pipeline.measure.channel import from_samples
from pipeline.measure.rows import Rows
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

RATE = 8000
SETTINGS = load_measure_settings().level


def voice(f0, gain_db=0.0, tilt_db=0.0, seconds=2.0):
    """Harmonics that fall by 6 dB an octave; above 1 kHz by ``tilt_db`` more or less."""
    time = np.arange(round(seconds * RATE)) / RATE
    hz = np.arange(f0, 3500, f0)
    parts = hz[:, None] * time
    amplitudes = 100 / hz * np.where(hz > 1000, 10 ** (tilt_db / 20), 1.0)
    sound = (amplitudes[:, None] * np.sin(2 * np.pi * parts)).sum(axis=0) * 0.05
    return sosfilt(butter(4, 300, "high", fs=RATE, output="sos"), sound) * 10 ** (gain_db / 20)


def heard(f0, **sound):
    channel = from_samples(voice(f0, **sound), RATE)
    levels = level.track(channel)
    track = np.full(len(levels), f0, np.float32)
    track[: len(levels) // 4] = np.nan
    return effort.voicing(
        levels, spectrum.bands(channel), track, [Span(0.0, channel.duration_s)], SETTINGS
    )


USUAL = heard(120.0)


def test_a_raised_voice_is_louder_brighter_and_higher():
    found = effort.effort(heard(120.0 * 2 ** (4 / 12), gain_db=10.0, tilt_db=5.5), USUAL, SETTINGS)
    assert found.effort_db == pytest.approx(10.0, abs=2.0)


@pytest.mark.parametrize(
    "change",
    [{"gain_db": 15.0}, {"gain_db": -15.0}],
    ids=["gain up", "gain down"],
)
def test_one_cue_alone_is_no_effort(change):
    assert abs(effort.effort(heard(120.0, **change), USUAL, SETTINGS).effort_db) < 1.0


def test_a_brighter_headset_is_no_more_than_the_level_it_adds():
    found = effort.effort(heard(120.0, tilt_db=8.0), USUAL, SETTINGS)
    assert found.by_emphasis_db > 12.0
    assert found.effort_db == found.by_level_db < 4.0


def test_a_lively_question_is_no_effort():
    assert abs(effort.effort(heard(150.0), USUAL, SETTINGS).effort_db) < 2.0


def test_a_lowered_voice_is_negative():
    found = effort.effort(
        heard(120.0 * 2 ** (-3 / 12), gain_db=-8.0, tilt_db=-4.5), USUAL, SETTINGS
    )
    assert found.effort_db == pytest.approx(-8.0, abs=2.0)


def test_without_voice_there_is_no_effort():
    levels = np.full(100, -20.0, np.float32)
    bands = spectrum.Bands(Rows.of(np.full((100, spectrum.BANDS), -30.0, np.float32)))
    unvoiced = effort.voicing(
        levels, bands, np.full(100, np.nan, np.float32), [Span(0.0, 1.0)], SETTINGS
    )
    assert unvoiced.level_dbov is None
    assert "of voice" in effort.effort(unvoiced, USUAL, SETTINGS).reason
    assert "usual voice" in effort.effort(USUAL, effort.usual([]), SETTINGS).reason


def test_who_shouts_for_half_of_the_call_is_still_held_against_the_calm_half():
    loud = heard(200.0, gain_db=12.0)
    found = [one.effort_db for one in effort.of_turns([USUAL, loud, loud, USUAL, loud], SETTINGS)]
    assert found[0] == found[3] == pytest.approx(0.0)
    assert min(found[1], found[2], found[4]) > 6


def test_a_mumbled_word_is_not_the_calm_voice():
    soft = heard(90.0, gain_db=-20.0, seconds=0.5)
    plain, mumbled, _ = effort.of_turns([USUAL, soft, USUAL], SETTINGS)
    assert plain.effort_db == pytest.approx(0.0)
    assert mumbled.effort_db < -5


def test_usual_voice_is_that_of_most_of_the_talk():
    loud = heard(200.0, gain_db=12.0, seconds=1.0)
    assert effort.usual([USUAL, USUAL, loud]).f0_hz == pytest.approx(120.0)
    assert effort.usual([USUAL, loud]).level_dbov == USUAL.level_dbov
