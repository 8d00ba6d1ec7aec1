"""Noise on a party's own line, built so that what it is and when it sounds is known."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from pipeline.measure import handling, level
from pipeline.measure.channel import from_samples
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span, total

SETTINGS = load_measure_settings().handling
RATE = 8000
VOICE_DBOV = -26.0
SPEECH = (Span(1.0, 4.0), Span(12.0, 15.0))
SECONDS = 20.0


def at_level(sound, dbov):
    return sound * 10 ** (dbov / 20) / np.sqrt(np.mean(np.square(sound)))


def in_band(sound):
    """Through a telephone line, which lets a click ring for a moment."""
    return sosfilt(butter(4, (300, 3400), "bandpass", fs=RATE, output="sos"), sound)


def vowel(seconds, dbov, hz=140.0):
    time = np.arange(round(seconds * RATE)) / RATE
    return at_level(np.sum([np.sin(2 * np.pi * hz * k * time) / k for k in range(3, 20)], 0), dbov)


def hiss(seconds, dbov, seed=0):
    return at_level(np.random.default_rng(seed).standard_normal(round(seconds * RATE)), dbov)


def key(dbov):
    """A key's case: a knock that rings at 1.8 kHz and is gone after some ten milliseconds."""
    time = np.arange(round(0.02 * RATE)) / RATE
    ring = np.exp(-time / 0.005) * np.sin(2 * np.pi * 1800 * time)
    return at_level(ring + np.exp(-time / 0.004) * hiss(0.02, -14), dbov)


def breath(seconds, dbov):
    swell = np.sin(np.pi * np.linspace(0, 1, round(seconds * RATE)))
    return at_level(swell * hiss(seconds, 0.0), dbov)


def rustle(seconds, dbov):
    """Paper: hiss whose loudness jumps about every few milliseconds."""
    jumps = np.random.default_rng(5).uniform(0.1, 1, round(seconds * 100))
    return at_level(np.repeat(jumps, RATE // 100) * hiss(seconds, 0.0), dbov)


def knock(dbov):
    time = np.arange(round(0.12 * RATE)) / RATE
    return at_level(np.exp(-time / 0.02) * hiss(0.12, -10), dbov)


def line(*sounds, noise_dbov=-70.0):
    """Two stretches of voice, and ``sounds``: (second, samples)."""
    samples = hiss(SECONDS, noise_dbov, seed=9)
    for span in SPEECH:
        samples[round(span.start * RATE) : round(span.end * RATE)] += vowel(3.0, VOICE_DBOV)
    for at, sound in sounds:
        begin = round(at * RATE)
        samples[begin : begin + len(sound)] += sound
    return from_samples(in_band(samples), RATE)


def found_on(channel, heard=0.0, aside=(), speech=SPEECH):
    levels = level.track(channel)
    probability = np.full(len(levels), heard, np.float32)
    return handling.find(channel, levels, speech, probability, aside, SETTINGS)


def keys(first, count, every_s=0.22, dbov=-33.0):
    return [(first + i * every_s, key(dbov)) for i in range(count)]


def test_typing_is_one_stretch_from_the_first_key_to_the_last():
    (span,) = found_on(line(*keys(6.0, 9))).spans
    assert (span.start, span.end) == pytest.approx((6.0, 6.0 + 8 * 0.22 + 0.02), abs=0.02)


def test_keys_far_apart_are_two_stretches():
    found = found_on(line(*keys(5.0, 4), *keys(9.0, 4)))
    assert len(found.spans) == 2


@pytest.mark.parametrize(
    ("sound", "seconds"),
    [(breath(0.5, -30.0), 0.5), (rustle(0.9, -32.0), 0.9), (knock(-20.0), 0.1)],
    ids=["breath", "paper", "knock"],
)
def test_breath_paper_and_knocks_are_heard_where_they_are(sound, seconds):
    (span,) = found_on(line((7.0, sound))).spans
    assert span.start == pytest.approx(7.0, abs=0.08)
    assert span.duration == pytest.approx(seconds, abs=0.15)


@pytest.mark.parametrize(
    "sounds",
    [
        pytest.param([], id="nothing"),
        pytest.param(keys(7.0, 2), id="two keys"),
        pytest.param([(7.0, breath(0.5, -58.0))], id="a breath"),
        pytest.param([(4.08, key(-33.0)), (11.9, key(-33.0))], id="plosives at the ends"),
        pytest.param([(6.0, vowel(0.6, -38.0, hz=110))], id="another voice"),
        pytest.param([(5.0, hiss(6.0, -36.0, seed=3))], id="a lorry"),
        pytest.param([(17.0, hiss(3.0, -36.0, seed=3))], id="a window that stays open"),
    ],
)
def test_what_is_no_handling(sounds):
    assert found_on(line(*sounds)) == handling.Handling(())


def test_clicks_of_the_line_are_nobodys():
    impulse = np.array([0.9, -0.9])
    assert found_on(line(*[(5.0 + 0.3 * i, impulse) for i in range(12)])).spans == ()


def test_what_the_speech_model_hears_is_left_to_it():
    sounds = keys(6.0, 9)
    assert found_on(line(*sounds), heard=0.3).spans == ()


def test_tones_music_and_leaks_are_not_listened_to():
    assert found_on(line((7.0, rustle(0.9, -32.0))), aside=[Span(6.9, 8.0)]).spans == ()


def test_a_noisy_line_tells_nothing():
    found = found_on(line(*keys(6.0, 9), noise_dbov=-48.0))
    assert found.spans == ()
    assert found.reason is not None
    assert found.reason.startswith("noise only 2")
    assert found.cues == ()
    assert [gap.measure for gap in found.not_measured] == ["handling-noise"]


def test_without_speech_or_without_silence_nothing_is_said():
    assert found_on(line(), speech=()).reason == "nobody speaks on the channel"
    assert found_on(line(), speech=(Span(0.5, 19.5),)).reason == "under 3 s without speech"


def test_cues_are_the_stretches_and_one_for_all():
    found = found_on(line(*keys(6.0, 9), (9.5, rustle(0.9, -32.0))))
    whole, *stretches = found.cues
    assert (whole.name, whole.unit, whole.span) == ("handling-noise", "s", None)
    assert whole.value == pytest.approx(total(found.spans))
    assert [(cue.span, cue.value) for cue in stretches] == [(s, s.duration) for s in found.spans]
    assert [cue.value for cue in found_on(line()).cues] == [0.0]


@pytest.mark.parametrize("seconds", [0.0, 0.004, 0.1])
def test_next_to_nothing(seconds):
    channel = from_samples(np.full(round(seconds * RATE), 0.1), RATE)
    assert found_on(channel, speech=()).reason == "nobody speaks on the channel"
