import numpy as np
import pytest
from scipy.signal import lfilter

from pipeline.measure import level, spectrum, tone
from pipeline.measure.channel import from_samples
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

RATE = 8000
SETTINGS = load_measure_settings().tone


def voice(seconds=2.0, f0=120.0, formants=(500, 1500, 2500, 3300), noise_db=-60.0, rate=RATE):
    """Pulses through resonators, as Klatt (1980) builds vowels, with silence around."""
    f0 = np.broadcast_to(np.asarray(f0, float), round(seconds * rate))
    pulses = np.diff(np.floor(np.cumsum(f0) / rate), prepend=0.0)
    sound = lfilter([1.0], [1.0, -0.9], pulses)
    for hz, width in zip(formants, (60, 90, 120, 160), strict=False):
        radius = np.exp(-np.pi * width / rate)
        sound = lfilter([1.0], [1.0, -2 * radius * np.cos(2 * np.pi * hz / rate), radius**2], sound)
    sound *= 0.1 / np.sqrt(np.mean(sound**2))
    sound = np.concatenate([np.zeros(rate // 2), sound, np.zeros(rate // 2)])
    noise = np.random.default_rng(0).standard_normal(len(sound)) * 0.1 * 10 ** (noise_db / 20)
    return sound + noise


def measured(seconds=2.0, f0=120.0, rate=RATE, **sound):
    channel = from_samples(voice(seconds, f0, rate=rate, **sound), rate)
    track = np.full(len(level.track(channel)), np.nan, np.float32)
    per_frame = np.broadcast_to(np.asarray(f0, float), round(seconds * rate))[:: rate // 100]
    track[50 : 50 + len(per_frame)] = per_frame
    return tone.measure(
        channel,
        track,
        level.track(channel),
        spectrum.bands(channel),
        [Span(0.5, 0.5 + seconds)],
        SETTINGS,
    )


@pytest.mark.parametrize("rate", [8000, 16000])
def test_formants_of_a_built_vowel_are_those_it_was_built_with(rate):
    found = measured(rate=rate)
    assert found.f2_hz == pytest.approx(1500, rel=0.04)
    assert found.f3_hz == pytest.approx(2500, rel=0.04)


def test_spread_lips_show_as_higher_formants():
    plain = [measured(f0=f0) for f0 in (110.0, 120.0, 130.0)]
    smiled = measured(formants=(500, 1620, 2700, 3300))  # 8 % up
    cues = {cue.name: cue for cue in tone.of_turn(smiled, tone.usual(plain))}
    assert cues["f2_shift"].value == pytest.approx(8, abs=3)
    assert cues["f3_shift"].value == pytest.approx(8, abs=3)
    assert cues["f3_shift"].unit == "%"


def test_pitch_is_given_in_semitones():
    found = measured(f0=200.0)
    assert found.pitch_height_st == pytest.approx(12.0)
    assert found.pitch_spread_st == pytest.approx(0.0, abs=1e-3)
    rising = measured(f0=np.linspace(100, 200, 16000))
    assert rising.pitch_spread_st == pytest.approx(9.3, abs=0.5)  # 12 st of which 80 % in Hz
    assert rising.final_slope_st_s > 3
    assert measured(f0=np.linspace(200, 100, 16000)).final_slope_st_s < -3


def test_a_breathy_voice_has_less_harmonicity_and_a_lower_cepstral_peak():
    clear, breathy = measured(), measured(noise_db=-16.0)
    assert clear.hnr_db > breathy.hnr_db + 2
    assert clear.cpp_db > breathy.cpp_db + 3


def test_noise_silences_what_it_would_falsify():
    found = measured(noise_db=-10.0)
    assert found.pitch_height_st is not None
    assert (found.f2_hz, found.cpp_db, found.hnr_db, found.tilt_db_oct) == (None,) * 4
    assert "noisy" in found.reason


def test_too_little_voice_has_no_tone():
    found = measured(seconds=0.5)
    assert found.pitch_height_st is None
    assert "of voice" in found.reason


def test_nothing_has_no_tone():
    channel = from_samples(np.zeros(0), RATE)
    empty = np.zeros(0, np.float32)
    found = tone.measure(channel, empty, empty, spectrum.bands(channel), [], SETTINGS)
    assert found.voiced_s == 0
    assert found.reason is not None


def test_cues_are_in_the_speakers_own_units():
    turns = [tone.Tone(pitch_height_st=value) for value in (0.0, 1.0, 2.0, 3.0, 4.0)]
    usual = tone.usual(turns)
    assert usual["pitch_height_st"] == tone.Usual(2.0, pytest.approx(1.4826), 5)
    (cue,) = tone.of_turn(tone.Tone(pitch_height_st=5.0), usual)
    assert (cue.name, cue.value, cue.unit) == ("pitch_height_st_change", 3.0, "st")
    assert cue.z == pytest.approx(3 / 1.4826)


def test_a_call_without_history_has_only_what_needs_none():
    turns = [measured(f0=f0) for f0 in (110.0, 120.0, 130.0)]
    cues, missing = tone.of_call(turns)
    assert {cue.name for cue in cues} == {
        "pitch_spread_st",
        "pitch_slope_st_s",
        "loudness_variation_db",
    }
    assert "tone.jitter" in {one.measure for one in missing}


def test_a_call_is_held_against_history():
    history = tone.usual([measured(f0=f0) for f0 in (110.0, 120.0, 130.0)])
    cues, _ = tone.of_call([measured(f0=f0) for f0 in (140.0, 150.0, 160.0)], history)
    height = next(cue for cue in cues if cue.name == "pitch_height_st_change")
    assert height.value == pytest.approx(12 * np.log2(150 / 120), abs=0.01)
    assert height.z > 1


def test_two_turns_are_no_habit():
    cues, missing = tone.of_call([measured(), measured()])
    assert cues == ()
    assert "tone.pitch_spread_st" in {one.measure for one in missing}
