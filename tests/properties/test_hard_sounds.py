"""What is no speech, or hardly any, breaks nothing and is given no invented figure."""

import math

import msgspec
import numpy as np
import pytest

from pipeline.measure import effort, hesitation, level, loudness, nuclei, pace, spectrum, tone
from pipeline.measure.channel import from_samples
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

RATE = 8000
SETTINGS = load_measure_settings()
TIME = np.arange(2 * RATE) / RATE
NOISE = np.random.default_rng(0).standard_normal(2 * RATE)
CLICKS = (np.arange(2 * RATE) % 1000 == 0) * 0.9
SOUNDS = {
    "nothing": np.zeros(0),
    "one sample": np.array([0.5]),
    "silence": np.zeros(2 * RATE),
    "direct current": np.full(2 * RATE, 0.3),
    "tone": 0.5 * np.sin(2 * np.pi * 440 * TIME),
    "noise": 0.1 * NOISE,
    "clicks": CLICKS,
    "chord": sum(0.2 * np.sin(2 * np.pi * hz * TIME) for hz in (262, 330, 392)),
    "faint": 10 ** (-50 / 20) * NOISE,
    "full scale": np.sign(NOISE),
}


def figures(value):
    """Every number in a value, however deep."""
    for part in msgspec.to_builtins(value).values() if isinstance(value, msgspec.Struct) else ():
        if isinstance(part, float):
            yield part


@pytest.mark.parametrize("voiced", [False, True], ids=["unvoiced", "taken for voice"])
@pytest.mark.parametrize("name", SOUNDS)
def test_no_stage_breaks_or_invents(name, voiced):
    channel = from_samples(SOUNDS[name], RATE)
    span = Span(0.0, channel.duration_s)
    levels, bands = level.track(channel), spectrum.bands(channel)
    f0_hz = np.full(len(levels), 150.0 if voiced else np.nan, np.float32)
    voicing = np.full(len(levels), float(voiced), np.float32)
    active = level.active_speech_level(channel)
    heard = nuclei.nuclei(bands, voicing, SETTINGS.nuclei)
    found = [
        active,
        loudness.loudness([channel]),
        level.background(levels, [], active, SETTINGS.level),
        effort.voicing(levels, bands, f0_hz, [span], SETTINGS.level),
        tone.measure(channel, f0_hz, levels, bands, [span], SETTINGS.tone),
        pace.of_turn([], span, [span], "zh", SETTINGS.pace, heard),
    ]
    for value in found:
        assert all(math.isfinite(number) for number in figures(value)), value
    assert level.gain_changes(levels, [span], SETTINGS.level) == ()
    assert hesitation.fillers([], [span], heard, "agent", SETTINGS.hesitation) == ()
    if not voiced:
        assert len(heard.times) == 0
        assert found[4].reason is not None
        assert found[5].nuclei_rate_syl_s is None
        assert hesitation.drawls(heard, voicing, [span], [], "agent", SETTINGS.hesitation) == ()


@pytest.mark.parametrize("name", ["nothing", "silence"])
def test_silence_says_why(name):
    channel = from_samples(SOUNDS[name], RATE)
    for found in (level.active_speech_level(channel), loudness.loudness([channel])):
        assert found.reason
        assert list(figures(found)) == []
