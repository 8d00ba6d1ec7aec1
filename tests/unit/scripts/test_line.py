"""The simulated line against definitions, libsndfile's coder and the ITU meter's readings."""

import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scripts.synthesis import sounds
from scripts.synthesis.line import (
    RATE_HZ,
    Line,
    Signal,
    active_speech_level,
    at_level,
    leaked,
    mu_law_decode,
    mu_law_encode,
    noise,
    telephone_band,
    transmit,
)

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
OCTETS = np.arange(256).astype(np.uint8)


def sine(frequency_hz: float, seconds: float = 1.0, amplitude: float = 0.25) -> Signal:
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return amplitude * np.sin(2 * np.pi * frequency_hz * time)


def rms_db(signal: Signal) -> float:
    return 10 * math.log10(float(np.mean(signal**2)))


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def talk(seconds_each: float, pairs: int, level_db: float = -26.0) -> Signal:
    """Noise and silence in turn, each that long; the noise has `level_db`."""
    burst = chance().standard_normal(round(seconds_each * RATE_HZ))
    burst *= 10 ** (level_db / 20) / np.sqrt(np.mean(burst**2))
    return np.tile(np.concatenate([burst, np.zeros_like(burst)]), pairs)


# ── µ-law ────────────────────────────────────────────────────────────────────────────────────────


def test_every_octet_decodes_as_libsndfile_decodes_it() -> None:
    theirs, _ = soundfile.read(
        io.BytesIO(OCTETS.tobytes()),
        samplerate=RATE_HZ,
        channels=1,
        format="RAW",
        subtype="ULAW",
        dtype="int16",
    )
    assert np.array_equal(mu_law_decode(OCTETS), theirs)


def test_decoded_values_code_back_to_their_octet() -> None:
    back = mu_law_encode(mu_law_decode(OCTETS) / 32768)
    differing = OCTETS[back != OCTETS]
    assert differing.tolist() == [0x7F]  # minus zero is zero


def test_coding_error_grows_with_the_signal() -> None:
    ramp = np.linspace(-0.98, 0.98, 20001)
    error = np.abs(mu_law_decode(mu_law_encode(ramp)) / 32768 - ramp)
    assert np.all(error <= np.maximum(np.abs(ramp) / 16, 4 / 8192))


def test_beyond_full_scale_is_clipped() -> None:
    loudest = mu_law_decode(np.array([0x80, 0x00], np.uint8))
    assert np.array_equal(mu_law_decode(mu_law_encode(np.array([3.0, -3.0]))), loudest)


# ── Band ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("frequency_hz", [400, 1000, 3300])
def test_band_passes(frequency_hz: float) -> None:
    tone = sine(frequency_hz)
    middle = slice(1000, -1000)
    assert rms_db(telephone_band(tone)[middle]) == pytest.approx(rms_db(tone[middle]), abs=0.1)


@pytest.mark.parametrize("frequency_hz", [60, 150, 240, 3500])
def test_band_stops(frequency_hz: float) -> None:
    tone = sine(frequency_hz)
    middle = slice(1000, -1000)
    assert rms_db(telephone_band(tone)[middle]) < rms_db(tone[middle]) - 30


def test_band_filter_does_not_move_the_sound() -> None:
    click = np.zeros(4000)
    click[1234] = 1.0
    filtered = telephone_band(click)
    assert len(filtered) == len(click)
    assert int(np.argmax(np.abs(filtered))) == 1234


# ── Level ────────────────────────────────────────────────────────────────────────────────────────


def test_level_of_steady_sound_is_its_rms() -> None:
    steady = talk(5.0, 1)[: 5 * RATE_HZ]
    level, activity = active_speech_level(steady)
    assert level == pytest.approx(-26.0, abs=0.1)
    assert activity > 0.98


def test_pauses_longer_than_the_hangover_do_not_count() -> None:
    level, activity = active_speech_level(talk(2.0, 5))
    # The meter keeps 0.2 s of every pause, so 2.2 s of 4 s are active.
    assert activity == pytest.approx(2.2 / 4, abs=0.03)
    assert level == pytest.approx(-26 - 10 * math.log10(1.1), abs=0.25)


@pytest.mark.parametrize("gain_db", [-20.0, -6.02, 9.0])
def test_level_follows_gain(gain_db: float) -> None:
    signal = talk(1.0, 4)
    level, _ = active_speech_level(signal)
    louder, _ = active_speech_level(signal * 10 ** (gain_db / 20))
    assert louder - level == pytest.approx(gain_db, abs=0.05)


def test_silence_has_no_level() -> None:
    assert active_speech_level(np.zeros(8000)) == (-math.inf, 0.0)
    assert not np.any(at_level(np.zeros(8000), -26))


def test_at_level_sets_the_level() -> None:
    assert active_speech_level(at_level(talk(1.0, 3), -31.5))[0] == pytest.approx(-31.5, abs=0.05)


def test_level_agrees_with_the_itu_meter_on_real_calls() -> None:
    readings = DATA / "levels.csv"
    if not readings.is_file():
        pytest.skip("../shared/data is not on this machine")
    for row in csv.DictReader(readings.open()):
        if not row["file"].startswith("calls/"):
            continue
        samples, rate = soundfile.read(DATA / row["file"], always_2d=True)
        level, activity = active_speech_level(samples[:, int(row["channel"])], rate)
        assert level == pytest.approx(float(row["p56_active_level_dbov"]), abs=0.05), row["file"]
        assert 100 * activity == pytest.approx(float(row["p56_activity_percent"]), abs=0.5)


# ── Noise, leak, the whole line ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("slope", [0.0, 0.8])
def test_noise_has_its_level(slope: float) -> None:
    floor = noise(40000, Line(noise_dbov=-55.0, noise_slope=slope), chance())
    assert rms_db(floor) == pytest.approx(-55.0, abs=0.01)


def test_slope_moves_noise_to_low_frequencies() -> None:
    def low_share(slope: float) -> float:
        power = np.abs(np.fft.rfft(noise(40000, Line(-55.0, slope), chance()))) ** 2
        return float(np.sum(power[: len(power) // 4]) / np.sum(power))

    assert low_share(0.8) > 2 * low_share(0.0)


def test_leak_is_late_and_below() -> None:
    other = noise(8000, Line(-20.0), chance())
    heard = leaked(other, Line(leak_db=-20.0, leak_delay_s=0.03))
    assert np.allclose(heard[240:], 0.1 * other[:-240])
    assert not np.any(heard[:240])


def test_no_leak_unless_asked_for() -> None:
    assert not np.any(leaked(noise(800, Line(), chance()), Line()))


def test_line_repeats_itself_and_needs_its_seed() -> None:
    parties = np.stack([telephone_band(talk(0.5, 2)), np.zeros(16000)])
    lines = (Line(), Line(noise_dbov=-60.0, leak_db=-30.0))
    once = transmit(parties, lines, chance(3))
    assert once.dtype == np.int16
    assert np.array_equal(once, transmit(parties, lines, chance(3)))
    assert not np.array_equal(once, transmit(parties, lines, chance(4)))


# ── What switchboards play ───────────────────────────────────────────────────────────────────────


def test_ringback_is_one_second_in_five_at_450_hz() -> None:
    tone, spans = sounds.ringback(11.5)
    assert [(span.start, span.end) for span in spans] == [(0, 1), (5, 6), (10, 11)]
    assert rms_db(tone[:8000]) > -4
    assert not np.any(tone[8100:39900])
    spectrum = np.abs(np.fft.rfft(tone[:8000]))
    assert int(np.argmax(spectrum)) == 450


def test_busy_tone_has_equal_gaps() -> None:
    _, spans = sounds.busy(2.1)
    assert [round(span.start, 2) for span in spans] == [0.0, 0.7, 1.4]
    assert all(span.duration == pytest.approx(0.35) for span in spans)


def test_hold_music_sounds_throughout_at_its_level() -> None:
    music = sounds.hold_music(12.0, -24.0, chance())
    assert active_speech_level(music)[0] == pytest.approx(-24.0, abs=0.05)
    seconds = music.reshape(12, RATE_HZ)
    assert all(rms_db(second) > -40 for second in seconds)
