import math

import numpy as np
import pytest

from pipeline.measure import level
from pipeline.measure.channel import from_samples
from pipeline.measure.frames import frame_count
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

RATE = 8000
SETTINGS = load_measure_settings().level


def sine(seconds, amplitude=1.0, hz=997.0, rate=RATE):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def noise(seconds, dbov, seed=1, rate=RATE):
    samples = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return samples * 10 ** (dbov / 20)


def bursts(levels_dbov, on_s=1.0, off_s=1.0, floor_dbov=-80.0, seed=1):
    """Noise that is on and off in turn; the spans say when it is on."""
    parts, spans, at = [noise(off_s, floor_dbov, seed)], [], off_s
    for number, dbov in enumerate(levels_dbov):
        parts += [noise(on_s, dbov, seed + number), noise(off_s, floor_dbov, seed + 100 + number)]
        spans.append(Span(at, at + on_s))
        at += on_s + off_s
    return np.concatenate(parts), tuple(spans)


def test_a_full_scale_square_wave_is_zero_dbov_and_a_sine_three_less():
    square = np.sign(sine(1.0, hz=1000.0) + 1e-9)
    assert level.track(from_samples(square, RATE)) == pytest.approx(0.0, abs=1e-4)
    assert level.track(from_samples(sine(1.0, hz=1000.0), RATE)) == pytest.approx(-3.0103, abs=1e-3)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100])
def test_every_ten_milliseconds_have_a_frame_at_every_rate(rate):
    samples = np.concatenate([sine(61.0, 0.1, 1000.0, rate), sine(0.5, 0.01, 1000.0, rate)])
    track = level.track(from_samples(samples, rate))
    assert track.dtype == np.float32
    assert len(track) == 6150
    assert track[:6100] == pytest.approx(-23.01, abs=0.1)  # across the blocks' border too
    assert track[6101:] == pytest.approx(-43.01, abs=0.1)


@pytest.mark.parametrize("samples", [1, 109, 110, 111, 220, 221, 331, 11025])
def test_track_has_a_value_for_every_frame_that_has_begun(samples):
    channel = from_samples(np.full(samples, 0.5), 11025)  # 110.25 samples a frame
    found = level.track(channel)
    assert len(found) == frame_count(channel)
    assert found[0] == pytest.approx(-6.02, abs=0.01)


def test_digital_silence_lies_on_the_floor():
    assert (level.track(from_samples(np.zeros(RATE), RATE)) == level.FLOOR_DBOV).all()


def test_speech_level_leaves_out_the_pauses():
    samples, _ = bursts([-20.0] * 10, on_s=1.0, off_s=2.0)
    found = level.active_speech_level(from_samples(samples, RATE))
    # Each burst of 1 s is held for 0.2 s more: 1.2 of every 3 seconds, and 0.8 dB under the burst.
    assert found.activity == pytest.approx(10 * 1.2 / 32, abs=0.03)
    assert found.level_dbov == pytest.approx(-20.0 - 10 * math.log10(1.2), abs=0.3)
    assert found.long_term_dbov == pytest.approx(-20.0 + 10 * math.log10(10 / 32), abs=0.1)


def test_level_does_not_depend_on_how_the_sound_is_cut_into_blocks(monkeypatch):
    channel = from_samples(bursts([-20.0, -26.0, -23.0], off_s=0.45)[0], RATE)
    whole = level.active_speech_level(channel)
    monkeypatch.setattr(level, "_BLOCK_S", 0.1037)
    pieces = level.active_speech_level(channel)
    assert pieces.activity == pytest.approx(whole.activity, abs=1e-12)
    assert pieces.level_dbov == pytest.approx(whole.level_dbov, abs=1e-9)


def test_level_of_a_turn_is_that_of_its_own_sound():
    samples, spans = bursts([-20.0, -30.0])
    channel = from_samples(samples, RATE)
    loud, soft = (level.active_speech_level_of(channel, [span]).level_dbov for span in spans)
    assert loud - soft == pytest.approx(10.0, abs=0.2)
    assert loud == pytest.approx(-20.0, abs=0.3)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(RATE), "no sound"),
        (np.zeros(0), "no sound"),
        (np.full(RATE, 1e-5), "too faint"),
        (np.array([0.5]), "too faint"),
    ],
    ids=["silence", "nothing", "last bit", "one sample"],
)
def test_what_is_no_speech_has_no_level_and_a_reason(samples, reason):
    found = level.active_speech_level(from_samples(samples, RATE))
    assert found.level_dbov is None
    assert found.activity is None
    assert reason in found.reason


def test_a_speaker_at_minus_fifty_is_still_measured():
    samples, _ = bursts([-50.0] * 5, floor_dbov=-90.0)
    assert level.active_speech_level(from_samples(samples, RATE)).level_dbov == pytest.approx(
        -50.8, abs=0.4
    )


def test_background_is_what_is_heard_between_the_speech():
    samples, spans = bursts([-20.0] * 5, floor_dbov=-55.0)
    channel = from_samples(samples, RATE)
    found = level.background(
        level.track(channel), spans, level.active_speech_level(channel), SETTINGS
    )
    assert found.noise_dbov == pytest.approx(-55.0, abs=0.5)
    assert found.snr_db == pytest.approx(34.2, abs=1.0)


def test_background_needs_silence_to_be_heard_in():
    channel = from_samples(noise(3.0, -20.0), RATE)
    found = level.background(
        level.track(channel), [Span(0.0, 3.0)], level.active_speech_level(channel), SETTINGS
    )
    assert (found.noise_dbov, found.snr_db) == (None, None)
    assert "without speech" in found.reason


def test_a_turned_gain_moves_speech_and_background():
    samples, spans = bursts([-30.0] * 20, floor_dbov=-60.0)
    samples[20 * RATE :] *= 10 ** (10 / 20)
    (change,) = level.gain_changes(level.track(from_samples(samples, RATE)), spans, SETTINGS)
    assert change.at == pytest.approx(20.0, abs=2.0)
    assert change.change_db == pytest.approx(10.0, abs=1.0)


def test_a_raised_voice_is_no_change_of_gain():
    samples, spans = bursts([-30.0] * 10 + [-20.0] * 10, floor_dbov=-60.0)
    assert level.gain_changes(level.track(from_samples(samples, RATE)), spans, SETTINGS) == ()


def test_new_background_noise_is_no_change_of_gain():
    samples, spans = bursts([-30.0] * 20, floor_dbov=-60.0)
    samples[20 * RATE :] += noise(len(samples) / RATE - 20.0, -48.0, seed=7)
    assert level.gain_changes(level.track(from_samples(samples, RATE)), spans, SETTINGS) == ()
