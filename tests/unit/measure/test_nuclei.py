import numpy as np
import pytest
from scipy.signal import lfilter

from pipeline.measure import pace
from pipeline.measure.channel import from_samples
from pipeline.measure.nuclei import Nuclei, nuclei
from pipeline.measure.spectrum import bands
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

RATE = 8000
SETTINGS = load_measure_settings()


def babble(rate_syl_s, seconds=10.0):
    """Vowels that open and close so many times a second, and when they are voiced."""
    time = np.arange(round(seconds * RATE)) / RATE
    opening = np.sin(np.pi * rate_syl_s * time) ** 2
    pulses = np.diff(np.floor(time * 120), prepend=0.0)
    vowel = pulses
    for hz, width in ((600, 80), (1300, 100), (2500, 150)):
        radius = np.exp(-np.pi * width / RATE)
        vowel = lfilter([1.0], [1.0, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2], vowel)
    sound = vowel / np.abs(vowel).max() * opening * 0.3
    return from_samples(sound, RATE), (opening[40::80] > 0.05).astype(np.float32)


@pytest.mark.parametrize("rate", [3.0, 4.0, 5.0, 6.0, 7.0])
def test_openings_are_counted(rate):
    channel, voicing = babble(rate)
    found = nuclei(bands(channel), voicing, SETTINGS.nuclei)
    # Clear openings count fully: slope * rate - offset, which real speech, whose syllables
    # run into each other, brings down to its rate.
    expected = SETTINGS.nuclei.slope * rate - SETTINGS.nuclei.offset_syl_s
    assert found.syllables([Span(0.0, 10.0)]) / 10 == pytest.approx(expected, rel=0.08)


def test_nuclei_lie_where_the_vowels_are_open():
    channel, voicing = babble(4.0)
    found = nuclei(bands(channel), voicing, SETTINGS.nuclei)
    strong = found.peaks[found.weights > 0.5 * found.weights.max()]
    phase = (strong * 4.0) % 1.0  # open at 0.5
    assert np.abs(phase - 0.5).max() < 0.15


@pytest.mark.parametrize("rate", [3.0, 5.0, 7.0])
def test_there_is_one_instant_for_each_estimated_syllable(rate):
    channel, voicing = babble(rate)
    found = nuclei(bands(channel), voicing, SETTINGS.nuclei)
    assert len(found.times) == pytest.approx(found.syllables([Span(0.0, 10.0)]), abs=1.5)
    assert (np.diff(found.times) >= 0).all()


def test_level_does_not_matter():
    channel, voicing = babble(5.0)
    soft = from_samples(channel.read() * 0.01, RATE)
    loud = nuclei(bands(channel), voicing, SETTINGS.nuclei)
    assert nuclei(bands(soft), voicing, SETTINGS.nuclei).syllables(
        [Span(0.0, 10.0)]
    ) == pytest.approx(loud.syllables([Span(0.0, 10.0)]), rel=0.02)


def test_a_short_stretch_is_drawn_towards_the_usual_rate_and_a_long_one_is_not():
    slow, quick = np.arange(0.125, 20.0, 0.25), np.arange(20.05, 21.0, 0.1)
    peaks = np.concatenate([slow, quick])
    found = Nuclei(peaks, peaks, np.ones(len(peaks)), 0.0, usual_syl_s=4.0, usual_s=0.5)
    assert found.syllables([Span(0.0, 20.0)]) == pytest.approx(80.0)
    assert found.syllables([Span(20.0, 21.0)]) == pytest.approx((10 + 0.5 * 4) / 1.5)
    assert found.syllables([Span(20.0, 20.5), Span(20.5, 21.0)]) == pytest.approx(8.0)
    assert found.syllables([Span(30.0, 31.0)]) == 0.0  # nothing heard, nothing claimed


@pytest.mark.parametrize(
    "samples",
    [np.zeros(0), np.zeros(8000), np.random.default_rng(0).standard_normal(80000) * 0.1],
    ids=["nothing", "silence", "noise"],
)
def test_what_has_no_voice_has_no_nuclei(samples):
    channel = from_samples(samples, RATE)
    found = nuclei(bands(channel), np.zeros(len(samples) // 80, np.float32), SETTINGS.nuclei)
    assert len(found.times) == 0
    assert found.syllables([Span(0.0, 10.0)]) == 0.0


def test_pace_from_sound_stands_in_where_there_are_no_words():
    channel, voicing = babble(5.0)
    found = pace.of_turn(
        [],
        Span(0.0, 10.0),
        [Span(0.0, 10.0)],
        "zh",
        SETTINGS.pace,
        nuclei(bands(channel), voicing, SETTINGS.nuclei),
    )
    assert found.nuclei_rate_syl_s == pytest.approx(5.45, rel=0.1)
    assert found.articulation_rate_syl_s is None
    assert found.reason == "no words"
