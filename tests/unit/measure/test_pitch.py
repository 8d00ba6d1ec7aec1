"""F0 of signals that are built pulse by pulse, so that the truth is known exactly."""

import msgspec
import numpy as np
import pytest
from scipy.signal import butter, lfilter, sosfiltfilt

from pipeline.errors import ModelError
from pipeline.measure import pitch
from pipeline.measure.channel import from_samples, resampled
from pipeline.measure.pitch import PitchTrack
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

RATE = 8000
SETTINGS = load_measure_settings().pitch


@pytest.fixture(scope="module")
def model():
    return pitch.load_model()


def voice(hz, rate=RATE, formants=(600, 1400, 2600)):
    """Glottal pulses at the frequency ``hz`` (one value a sample) through formants."""
    cycles = np.cumsum(np.asarray(hz, float) / rate)
    begins = np.flatnonzero(np.diff(np.floor(cycles), prepend=0))
    late = (cycles[begins] % 1) / (np.asarray(hz)[begins] / rate)  # pulses lie between samples
    pulses = np.zeros(len(cycles) + 1)
    pulses[begins] += 1 - late
    pulses[begins - 1] += late
    sound = lfilter([1], [1, -0.9], pulses[:-1])
    for formant in formants:
        radius = np.exp(-np.pi * 90 / rate)
        angle = 2 * np.pi * formant / rate
        sound = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], sound)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def telephone(sound, rate=RATE):
    return sosfiltfilt(butter(2, [300, 3400], "bandpass", fs=rate, output="sos"), sound).astype(
        np.float32
    )


def steady(hz, seconds=1.0, rate=RATE):
    return np.full(round(seconds * rate), float(hz))


def trembling(hz, seconds=1.0, rate=RATE, octaves=0.08):
    """About ``hz``, moving as a living voice does."""
    t = np.arange(round(seconds * rate)) / rate
    return hz * 2 ** (octaves * np.sin(2 * np.pi * 3 * t))


def between_silences(sound, seconds=0.5):
    silence = np.zeros(round(seconds * RATE), np.float32)
    return np.concatenate([silence, sound, silence])


def track(sound, model, rate=RATE, **kwargs):
    return pitch.track(from_samples(sound, rate), SETTINGS, model, **kwargs)


def cents(found, true_hz):
    return 1200 * np.log2(found / true_hz)


PITCHES = (65, 80, 105, 140, 180, 220, 270, 330, 400, 480)


@pytest.mark.parametrize("hz", PITCHES)
def test_a_voice_without_its_fundamental(hz, model):
    course = trembling(hz)
    found = track(between_silences(telephone(voice(course))), model).f0_hz
    inside = slice(55, 145)
    off = cents(found[50:150], course[40::80])
    assert np.isfinite(found[inside]).mean() > 0.95
    assert np.abs(np.nanmedian(off)) < 10
    assert np.nanmax(np.abs(off[5:95])) < 100  # above all: no octave errors
    assert np.isnan(found[:45]).all()
    assert np.isnan(found[160:]).all()


@pytest.mark.parametrize("hz", [*PITCHES, 195, 205, 210, 225, 235, 440])
def test_a_machines_steady_voice(hz, model):
    inside = track(between_silences(telephone(voice(steady(hz)))), model).f0_hz[55:145]
    assert np.isfinite(inside).mean() > 0.95
    assert np.nanmax(np.abs(cents(inside, hz))) < 10


def test_a_glide_is_followed_at_the_right_time(model):
    hz = 110 * 2 ** np.linspace(0, 1, 12000)
    found = track(telephone(voice(hz)), model).f0_hz
    truth = hz[40::80]
    inside = slice(10, 140)
    assert np.isfinite(found[inside]).mean() > 0.97
    assert np.abs(np.nanmedian(cents(found[inside], truth[inside]))) < 8
    assert np.nanpercentile(np.abs(cents(found[inside], truth[inside])), 95) < 40


def test_a_voice_through_noise(model):
    rng = np.random.default_rng(1)
    sound = between_silences(telephone(voice(150 * 2 ** (0.3 * np.sin(np.arange(16000) / 2500)))))
    noise = rng.standard_normal(len(sound)) * np.std(sound) * 10 ** (-10 / 20)
    found = track((sound + noise).astype(np.float32), model).f0_hz
    truth = 150 * 2 ** (0.3 * np.sin(np.arange(40, 16000, 80) / 2500))
    assert np.isfinite(found[55:245]).mean() > 0.95
    assert np.nanpercentile(np.abs(cents(found[50:250], truth)), 95) < 60
    assert np.isfinite(found[:45]).mean() < 0.05


def unvoiced_sounds():
    rng = np.random.default_rng(7)
    t = np.arange(3 * RATE) / RATE
    clicks = np.zeros(3 * RATE)
    clicks[rng.integers(0, len(clicks), 20)] = 0.8
    chord = sum(np.sin(2 * np.pi * hz * h * t) / h for hz in (262, 330, 392) for h in range(1, 6))
    return {
        "white noise": 0.1 * rng.standard_normal(3 * RATE),
        "quiet noise": 1e-4 * rng.standard_normal(3 * RATE),
        "red noise": 0.02 * lfilter([1], [1, -0.95], rng.standard_normal(3 * RATE)),
        "silence": np.zeros(3 * RATE),
        "offset": np.full(3 * RATE, 0.3),
        "low tone": 0.3 * np.sin(2 * np.pi * 300 * t),
        "high tone": 0.3 * np.sin(2 * np.pi * 1000 * t),
        "ringback": 0.2 * (np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 480 * t)),
        "key": 0.2 * (np.sin(2 * np.pi * 770 * t) + np.sin(2 * np.pi * 1336 * t)),
        "busy tone": 0.2 * (np.sin(2 * np.pi * 480 * t) + np.sin(2 * np.pi * 620 * t)),
        "overdriven tone": np.clip(np.sin(2 * np.pi * 450 * t), -0.3, 0.3),
        "hum": sum(0.1 / h * np.sin(2 * np.pi * 50 * h * t) for h in range(1, 30)),
        "chord": 0.1 * chord,
        "clicks": clicks,
    }


@pytest.mark.parametrize("name", unvoiced_sounds())
def test_no_pitch_is_invented(name, model):
    found = track(unvoiced_sounds()[name].astype(np.float32), model)
    assert np.isfinite(found.f0_hz).mean() < 0.02
    summary = pitch.summary(found, [Span(0, 3)], SETTINGS)
    assert summary.median_hz is None
    assert summary.reason


@pytest.mark.parametrize("n_samples", [0, 1, 79, 80, 81, 400])
def test_very_short_channels(n_samples, model):
    found = track(np.full(n_samples, 0.5, np.float32), model)
    assert len(found.f0_hz) == len(found.voicing) == -(-n_samples // 80)
    assert np.isnan(found.f0_hz).all()


def test_gain_does_not_matter(model):
    sound = between_silences(telephone(voice(trembling(130, 2.0))))
    loud, quiet = track(sound, model).f0_hz, track(sound * 0.02, model).f0_hz
    np.testing.assert_allclose(quiet[60:240], loud[60:240], rtol=0.01)


@pytest.mark.parametrize("rate", [11025, 16000, 44100])
def test_other_rates(rate, model):
    hz = trembling(200, 2.0, rate)
    found = track(voice(hz, rate), model, rate).f0_hz
    assert len(found) == 200
    truth = hz[((np.arange(200) + 0.5) * 0.01 * rate).astype(int)]
    assert np.abs(np.nanmedian(cents(found, truth)[10:190])) < 10
    assert np.isfinite(found[10:190]).mean() > 0.95


def test_long_recordings_are_measured_as_short_ones(model):
    """Blocks and pieces leave no seams: 65 s, cut at every 20 s and every 3 s."""
    slow = 150 * 2 ** (0.2 * np.sin(np.arange(65 * RATE) / 4000))
    found = track(telephone(voice(slow)), model).f0_hz
    truth = slow[40::80]
    assert np.isfinite(found[10:-10]).all()
    assert np.abs(cents(found, truth)[10:-10]).max() < 60


def test_how_many_pieces_are_decided_at_once_changes_nothing(model, monkeypatch):
    sound = telephone(voice(trembling(150, 13.0)))
    together = track(sound, model).f0_hz
    monkeypatch.setattr(pitch, "_PIECES_AT_ONCE", 2)
    np.testing.assert_array_equal(track(sound, model).f0_hz, together)


def test_only_the_stretches_asked_for_are_looked_at(model):
    sound = telephone(voice(trembling(160, 6.0)))
    found = track(sound, model, within=[Span(1, 2), Span(4, 4.5)])
    voiced = np.isfinite(found.f0_hz)
    assert voiced[100:200].all()
    assert voiced[400:450].all()
    assert not voiced[:65].any()  # a margin is looked at, so that edges are decided in context
    assert not voiced[240:365].any()
    assert (found.voicing[240:365] == 0).all()


def test_nothing_asked_for_nothing_measured(model):
    assert np.isnan(track(voice(trembling(160)), model, within=[]).f0_hz).all()


def test_a_resampled_voice_keeps_its_pitch(model):
    sound = voice(steady(180, 1.0))
    there_and_back = resampled(resampled(sound, RATE, 16000), 16000, RATE)
    found = track(there_and_back, model).f0_hz
    assert np.abs(np.nanmedian(cents(found, 180))) < 10


def test_a_raised_voice_is_not_taken_for_an_octave_error(model):
    """Twenty seconds at 140 Hz, and half a second at almost twice that."""
    calm = 140 * 2 ** (0.15 * np.sin(np.arange(20 * RATE) / 3000))
    shout = 260 * 2 ** (0.1 * np.sin(np.arange(RATE // 2) / 900))
    pause = np.zeros(RATE // 5, np.float32)
    sound = [telephone(voice(calm)), pause, telephone(voice(shout)), pause]
    found = track(np.concatenate([*sound, telephone(voice(calm[: 5 * RATE]))]), model).f0_hz
    begin = 2020
    inside = found[begin + 5 : begin + 45]
    assert np.isfinite(inside).mean() > 0.8
    assert np.nanmax(np.abs(cents(inside, 260))) < 300


def test_a_lowered_voice_is_not_taken_for_an_octave_error(model):
    """Twenty seconds at 250 Hz, and half a second an octave below, as clear as the rest."""
    high = 250 * 2 ** (0.15 * np.sin(np.arange(20 * RATE) / 3000))
    low = 125 * 2 ** (0.1 * np.sin(np.arange(RATE // 2) / 900))
    pause = np.zeros(RATE // 5, np.float32)
    sound = [telephone(voice(high)), pause, telephone(voice(low)), pause]
    found = track(np.concatenate([*sound, telephone(voice(high[: 5 * RATE]))]), model).f0_hz
    inside = found[2025:2065]
    assert np.isfinite(inside).mean() > 0.8
    assert np.nanmax(np.abs(cents(inside, 125))) < 300


@pytest.mark.parametrize(("pitch_hz", "lateness"), [(240, 0.03), (250, 0.04)])
def test_folds_that_swing_a_little_unevenly_are_not_heard_an_octave_lower(
    pitch_hz, lateness, model
):
    """For half a second, in the middle of six, cycles are too long and too short in turns."""
    hz = np.concatenate([trembling(pitch_hz, seconds) for seconds in (3.0, 0.5, 3.0)])
    late = np.zeros(len(hz))
    late[3 * RATE : 3 * RATE + RATE // 2] = lateness
    cycles = np.cumsum(hz / RATE)
    even = np.floor(cycles) % 2 == 0
    moved = hz * np.where(even, 1 + late, 1 - late)
    found = track(telephone(voice(moved)), model).f0_hz
    off = np.abs(cents(found, hz[40::80]))[305:345]
    assert np.nanmax(off) < 300


def made(*semitones_by_frame):
    st = np.concatenate(semitones_by_frame)
    return PitchTrack((200 * 2 ** (st / 12)).astype(np.float32), np.isfinite(st).astype(np.float32))


def test_summary_of_a_known_track():
    st = np.linspace(-6, 6, 201)  # 12 semitones in two seconds
    summary = pitch.summary(made(st), [Span(0, 2.01)], SETTINGS)
    assert summary.median_hz == pytest.approx(200, rel=1e-4)
    assert summary.spread_st == pytest.approx(0.34 * 12, abs=0.05)
    assert summary.range_st == pytest.approx(0.9 * 12, abs=0.05)
    assert summary.movement_st_per_s == pytest.approx(6, abs=0.05)
    assert summary.voiced_s == 2.01


def test_movement_is_not_taken_across_a_gap():
    gap = np.full(10, np.nan)
    summary = pitch.summary(made(np.zeros(50), gap, np.full(50, 5.0)), [Span(0, 1.1)], SETTINGS)
    assert summary.movement_st_per_s == pytest.approx(0, abs=1e-4)


def test_summary_counts_only_its_spans():
    two = made(np.zeros(100), np.full(100, 12.0))
    assert pitch.summary(two, [Span(1, 2)], SETTINGS).median_hz == pytest.approx(400, rel=1e-4)


def test_too_little_voice_has_no_statistics():
    summary = pitch.summary(made(np.zeros(20)), [Span(0, 0.2)], SETTINGS)
    assert summary.voiced_s == 0.2
    assert summary.median_hz is summary.spread_st is summary.range_st is None
    assert "0.20 s of voice, 0.30 s are needed" in summary.reason


def test_semitones():
    np.testing.assert_allclose(
        pitch.semitones([100, 200, 50, np.nan], 100), [0, 12, -12, np.nan], atol=1e-12
    )


def test_what_is_not_a_model_is_refused(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"x\.npz"):
        pitch.load_model(tmp_path / "x.npz")
    with pytest.raises(ModelError, match=r"missing\.npz"):
        pitch.load_model(tmp_path / "missing.npz")
    np.savez(tmp_path / "small.npz", enter_w=np.zeros((3, 2)), leave_b=np.zeros(4))
    with pytest.raises(ModelError, match="found 3 and 4"):
        pitch.load_model(tmp_path / "small.npz")


def test_settings_change_the_decision(model):
    sound = telephone(voice(trembling(150)))
    never = msgspec.structs.replace(SETTINGS, voicing_bias=-100.0)
    assert np.isnan(pitch.track(from_samples(sound, RATE), never, model).f0_hz).all()


def test_a_long_recording_is_decided_part_by_part_as_in_one_piece(model, monkeypatch):
    sound = np.concatenate(
        [between_silences(telephone(voice(trembling(hz, 2.0)))) for hz in (90, 210, 130, 170, 250)]
    )
    whole = track(sound, model)
    monkeypatch.setattr(pitch, "_PIECES_AT_ONCE", 1)
    monkeypatch.setattr(pitch, "_BLOCK_FRAMES", 700)
    parts = track(sound, model)
    assert np.array_equal(whole.f0_hz, parts.f0_hz, equal_nan=True)
    assert parts.voicing == pytest.approx(whole.voicing, abs=1e-5)
    assert np.isfinite(whole.f0_hz).sum() > 900
