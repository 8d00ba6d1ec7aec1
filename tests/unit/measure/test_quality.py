"""Technical quality, on sound whose faults were put there."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, sosfilt

from pipeline.facts import Quality
from pipeline.measure.audio import from_samples, resampled
from pipeline.measure.quality import measure_quality
from pipeline.measure.soundscan import equal_runs, is_inside, scan
from pipeline.settings import QualitySettings, load_measure_settings
from pipeline.timeline import Span

RATE = 8000
SPEECH = tuple(Span(start, start + 1.5) for start in range(1, 31, 3))
"""Talk from 1.0 to 2.5 s, 4.0 to 5.5 s and so on: ten stretches, pauses of 1.5 s."""
SECONDS = 31.0


@pytest.fixture(scope="module")
def settings() -> QualitySettings:
    return load_measure_settings().quality


def talk(rate: int = RATE, level_dbov: float = -26.0, seed: int = 0) -> np.ndarray:
    """Wide-band sound in `SPEECH`, at a level known in speech; nothing outside it."""
    t = np.arange(round(SECONDS * rate)) / rate
    sound = _standard_noise(rate, seed) * (1.2 + np.sin(2 * np.pi * 4 * t))
    inside = is_inside(t, SPEECH)
    sound *= inside
    return sound * 10 ** (level_dbov / 20) / np.sqrt(np.mean(sound[inside] ** 2))


def noise(level_dbov: float, rate: int = RATE, seed: int = 9) -> np.ndarray:
    return 10 ** (level_dbov / 20) * _standard_noise(rate, seed)


@cache
def _standard_noise(rate: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(round(SECONDS * rate))


def measured(
    samples: np.ndarray, settings: QualitySettings, rate: int = RATE, speech=SPEECH
) -> Quality:
    return measure_quality(from_samples(samples, rate), 0, speech, settings)


def reasons(quality: Quality) -> dict[str, str]:
    return {item.measure: item.reason for item in quality.not_measured}


# ── Silence ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(4 * RATE),
        np.full(4 * RATE, 0.01),
        np.resize([8 / 32768, -8 / 32768], 4 * RATE),  # A-law, idle
        np.zeros(1),
        np.zeros(0),
    ],
    ids=["zeros", "offset", "idle A-law", "one sample", "no sample"],
)
def test_nothing_but_the_idle_coder_is_silent(settings, samples):
    quality = measured(samples, settings, speech=())
    assert quality.silent
    assert quality.clipped_share == 0
    assert quality.bandwidth_hz is None
    assert {"speech", "pitch", "level", "pace", "tone"} <= set(reasons(quality))


def test_a_quiet_speaker_is_not_silent(settings):
    quality = measured(talk(level_dbov=-50), settings)
    assert not quality.silent
    assert "pitch" not in reasons(quality)


def test_one_short_sound_is_not_silence(settings):
    samples = np.zeros(60 * RATE)
    samples[20 * RATE : 20 * RATE + 2000] = 0.01 * np.sin(np.arange(2000))
    assert not measured(samples, settings, speech=None).silent


# ── Clipping ─────────────────────────────────────────────────────────────────────────────────────


def sine(amplitude: float, hz: float = 200.0, seconds: float = 5.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


def test_share_of_clipped_samples(settings):
    loud = sine(2.0)
    quality = measured(np.clip(loud, -1, 1), settings, speech=None)
    assert quality.clipped_share == pytest.approx(np.mean(np.abs(loud) >= 1), abs=0.002)
    assert [(span.start, span.end) for span in quality.clipped] == [
        (pytest.approx(0, abs=0.01), pytest.approx(5, abs=0.01))
    ]
    assert "clipped" in reasons(quality)["level"]


def test_clipping_is_seen_after_the_sound_was_turned_down(settings):
    quality = measured(0.4 * np.clip(sine(2.0), -1, 1), settings, speech=None)
    assert quality.clipped_share > 0.5


def test_clipping_on_one_side_only(settings):
    quality = measured(np.minimum(sine(0.9), 0.6), settings, speech=None)
    assert quality.clipped_share == pytest.approx(np.mean(sine(0.9) >= 0.6), abs=0.002)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("amplitude", [0.1, 0.5, 0.9999])
def test_full_scale_alone_is_not_clipping(settings, bits, amplitude):
    scale = 2.0 ** (bits - 1)
    samples = np.rint(sine(amplitude, hz=317.3) * (scale - 1)) / scale
    assert measured(samples, settings, speech=None).clipped_share < 0.002


def test_clipped_stretches_are_placed(settings):
    samples = noise(-40)
    at = round(20 * RATE)
    samples[at : at + RATE] = np.clip(sine(1.6, seconds=1.0), -1, 1)
    quality = measured(samples, settings)
    assert len(quality.clipped) == 1
    assert quality.clipped[0].start == pytest.approx(20.0, abs=0.02)
    assert quality.clipped[0].end == pytest.approx(21.0, abs=0.02)


# ── Offset, noise ────────────────────────────────────────────────────────────────────────────────


def test_offset(settings):
    assert measured(talk() + 0.03, settings).dc_offset == pytest.approx(0.03, abs=1e-3)


@pytest.mark.parametrize("offset", [0.0, 0.05])
@pytest.mark.parametrize("floor", [-60.0, -45.0, -36.0])
def test_noise_and_its_distance_from_speech(settings, floor, offset):
    quality = measured(talk(level_dbov=-26) + noise(floor) + offset, settings)
    # The median of a frame's power lies a little below its mean: 80 samples, 0.04 dB.
    assert quality.noise_dbov == pytest.approx(floor, abs=0.3)
    assert quality.snr_db == pytest.approx(-26 - floor, abs=0.4)


def test_a_click_in_a_pause_is_not_the_noise_floor(settings):
    samples = talk() + noise(-60)
    samples[round(3.2 * RATE) : round(3.22 * RATE)] += 0.5
    assert measured(samples, settings).noise_dbov == pytest.approx(-60, abs=0.3)


def test_noise_beside_speech_rules_measures_out(settings):
    quality = measured(talk(level_dbov=-30) + noise(-33), settings)
    assert quality.snr_db == pytest.approx(3.0, abs=0.5)
    assert {"pitch", "level", "tone"} <= set(reasons(quality))


def test_what_cannot_be_known_says_why(settings):
    gated = reasons(measured(talk(), settings))
    assert gated["noise"] == "the pauses are digitally silent"
    assert gated["snr"] == "no noise floor to compare with"
    blind = reasons(measured(talk() + noise(-60), settings, speech=None))
    assert set(blind.values()) == {"it is not known when somebody speaks"}
    mute = reasons(measured(noise(-60), settings, speech=()))
    assert mute["snr"] == "nobody speaks"
    full = reasons(measured(talk() + noise(-60), settings, speech=(Span(0.0, SECONDS),)))
    assert full["noise"] == "pauses too short"


# ── Dropouts ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("milliseconds", [10, 20, 60, 200])
@pytest.mark.parametrize("rate", [8000, 16000])
def test_lost_packets_are_dropouts(settings, milliseconds, rate):
    samples = talk(rate)
    starts = [4.3, 10.7, 19.2]
    for start in starts:
        at = round(start * rate)
        samples[at : at + milliseconds * rate // 1000] = 0.0
    found = measured(samples, settings, rate).dropouts
    assert [span.start for span in found] == pytest.approx(starts, abs=0.001)
    assert [span.duration for span in found] == pytest.approx([milliseconds / 1000] * 3, abs=1e-3)


@pytest.mark.parametrize("start", [9.98, 9.99, 9.9975, 10.0, 10.995])
def test_a_dropout_at_a_seam_of_blocks_is_found_once(settings, start):
    samples = noise(-20)
    samples[round(start * RATE) : round((start + 0.02) * RATE)] = 0.0
    found = measured(samples, settings, speech=(Span(0.0, SECONDS),)).dropouts
    assert [(s.start, s.end) for s in found] == [
        (pytest.approx(start), pytest.approx(start + 0.02))
    ]


def test_pauses_and_closures_are_no_dropouts(settings):
    samples = talk()
    for start in (4.3, 10.7):  # a plosive: the voice fades for 15 ms, then a digital hole
        at, fade = round(start * RATE), round(0.015 * RATE)
        samples[at - fade : at] *= np.linspace(1, 0, fade) ** 2
        samples[at : at + 400] = 0.0
    assert measured(samples, settings).dropouts == ()


def test_a_mute_is_no_dropout(settings):
    samples = talk()
    samples[round(4.2 * RATE) : round(5.0 * RATE)] = 0.0
    assert measured(samples, settings).dropouts == ()


# ── Spectrum and coding ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("low_rate", "rate"), [(8000, 16000), (8000, 48000), (16000, 48000)])
@pytest.mark.parametrize("floor", [None, -60.0])
def test_true_bandwidth_of_sound_at_a_higher_rate(settings, low_rate, rate, floor):
    samples = resampled(talk(low_rate).astype(np.float32), low_rate, rate)
    if floor is not None:
        samples = samples + noise(floor, rate)[: len(samples)]
    quality = measured(np.clip(samples, -1, 1), settings, rate)
    assert quality.bandwidth_hz == pytest.approx(low_rate / 2, rel=0.07)
    assert quality.coding is not None
    assert quality.coding.startswith("nothing above")


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_sound_that_fills_its_rate(settings, rate):
    quality = measured(talk(rate), settings, rate)
    assert quality.bandwidth_hz == pytest.approx(rate / 2, rel=0.02)
    assert quality.coding is None


@pytest.mark.parametrize("cut", [1500.0, 2500.0, 3400.0])
def test_a_low_pass_is_seen(settings, cut):
    samples = sosfilt(butter(12, cut, fs=16000, output="sos"), talk(16000)) + noise(-80, 16000)
    quality = measured(samples, settings, 16000)
    # 50 dB down, a Butterworth of order 12 is at 1.6 times its corner.
    assert cut < quality.bandwidth_hz < 1.75 * cut
    assert ("tone" in reasons(quality)) == (quality.bandwidth_hz < 3000)


@pytest.mark.parametrize("hz", [300.0, 1000.0, 3000.0])
def test_bandwidth_of_a_tone(settings, hz):
    quality = measured(sine(0.3, hz), settings, speech=None)
    assert quality.bandwidth_hz == pytest.approx(hz, abs=300)


def coded(samples: np.ndarray, subtype: str, tmp_path) -> np.ndarray:
    path = tmp_path / "coded.wav"
    soundfile.write(path, samples, RATE, subtype=subtype)
    return soundfile.read(path)[0]


@pytest.mark.parametrize(
    ("subtype", "name"),
    [
        ("ULAW", "8-bit µ-law (G.711)"),
        ("ALAW", "8-bit A-law (G.711)"),
        ("PCM_U8", "8-bit linear"),
        ("PCM_16", None),
        ("PCM_24", None),
        ("GSM610", None),
        ("IMA_ADPCM", None),
    ],
)
def test_eight_bits_betray_themselves(settings, tmp_path, subtype, name):
    decoded = coded(talk(level_dbov=-20), subtype, tmp_path)[: round(SECONDS * RATE)]
    as_wav = coded(decoded, "PCM_16", tmp_path)
    assert measured(as_wav, settings).coding == name


def test_eight_bits_that_were_changed_afterwards_are_unknown(settings, tmp_path):
    decoded = 0.7 * coded(talk(), "ULAW", tmp_path)
    assert measured(coded(decoded, "PCM_16", tmp_path), settings).coding is None


# ── Gain control ─────────────────────────────────────────────────────────────────────────────────


def swelling(rise_db: float) -> np.ndarray:
    """Noise that rises by ``rise_db`` from the end of one stretch of speech to the next."""
    t = np.arange(round(SECONDS * RATE)) / RATE
    into_pause = np.clip((t - 2.5) % 3.0, 0, 1.5) / 1.5
    return 10 ** (rise_db * into_pause / 20)


@pytest.mark.parametrize("rise", [0.0, 6.0, 15.0])
def test_noise_that_swells_in_pauses_is_gain_pumping(settings, rise):
    quality = measured(talk() + noise(-60) * swelling(rise), settings)
    # Guards of 0.3 s leave 0.9 s of 1.5 s; the middles of its outer thirds are 0.6 s apart.
    assert quality.gain_pumping_db == pytest.approx(rise * 0.6 / 1.5, abs=0.5)


def test_strong_pumping_rules_the_level_out(settings):
    quality = measured(talk() + noise(-65) * swelling(25.0), settings)
    assert "automatic gain control" in reasons(quality)["level"]


def test_two_pauses_are_too_few_for_pumping(settings):
    quality = measured((talk() + noise(-60))[: 4 * RATE], settings, speech=SPEECH[:1])
    assert quality.gain_pumping_db is None
    assert reasons(quality)["gain_pumping"] == "too few pauses with noise in them"


# ── Anything at all ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("speech", [None, (), SPEECH])
@pytest.mark.parametrize("length", [0, 1, 2, 79, 80, 81, 511, 800, 4000])
def test_no_length_is_too_odd(settings, length, speech):
    for samples in (np.zeros(length), noise(-30)[:length], np.ones(length)):
        measured(samples, settings, speech=speech)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100])
def test_power_covers_each_hundredth_of_a_second(rate):
    samples = np.repeat(np.arange(2500) % 7 / 10, rate // 100 + 1)[: 25 * rate]
    found = scan(from_samples(noise(-20, rate)[: 25 * rate], rate), None)
    assert len(found.power) == 2500
    assert 10 * np.log10(found.power.mean()) == pytest.approx(-20, abs=0.1)
    assert len(scan(from_samples(samples, rate), None).power) == 2500


def test_level_of_a_full_scale_square_wave_is_0_dbov():
    square = np.resize([1.0] * 20 + [-1.0] * 20, RATE)
    assert 10 * np.log10(scan(from_samples(square, RATE), None).power.mean()) == pytest.approx(0)


def test_equal_runs():
    begins, lengths = equal_runs(np.array([1, 1, 1, 0, 2, 2, 0, 0, 0, 0], np.float32), 3)
    assert begins.tolist() == [0, 6]
    assert lengths.tolist() == [3, 4]
