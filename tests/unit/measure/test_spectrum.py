import numpy as np
import pytest

from pipeline.measure import spectrum
from pipeline.measure.channel import from_samples
from pipeline.timeline import Span


def sine(seconds, hz, rate, amplitude=0.5):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
def test_bands_add_up_to_the_sound_at_every_rate(rate):
    found = spectrum.bands(from_samples(sine(1.0, 1000.0, rate), rate))
    assert found.levels(0, 100).shape == (100, spectrum.BANDS)
    total = 10 * np.log10(found.power(10, 90).sum(axis=1))
    assert total == pytest.approx(-9.03, abs=0.2)  # 0.5 of full scale: -6.02 - 3.01


def test_a_tone_lies_in_its_own_band():
    for number, hz in enumerate(spectrum.centres_hz()):
        level = spectrum.bands(from_samples(sine(0.5, hz, 8000), 8000)).levels(0, 50)
        assert (level[5:45].argmax(axis=1) == number).all()


def test_only_what_was_asked_for_is_looked_at():
    channel = from_samples(np.random.default_rng(0).standard_normal(80000) * 0.1, 8000)
    whole = spectrum.bands(channel).levels(0, 1000)
    part = spectrum.bands(channel, [Span(2.0, 3.0)], margin_s=0.3).levels(0, 1000)
    assert (part[:170] == spectrum.SILENCE_DB).all()
    assert (part[330:] == spectrum.SILENCE_DB).all()
    assert np.allclose(part[170:330], whole[170:330], atol=1e-3)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(1), np.zeros(8000)])
def test_silence_has_no_level(samples):
    level = spectrum.bands(from_samples(samples, 8000)).levels(0, 200)
    assert level.shape == (-(-len(samples) // 80), spectrum.BANDS)
    assert (level == spectrum.SILENCE_DB).all()


def test_slow_sampling_is_not_looked_at():
    level = spectrum.bands(from_samples(np.ones(4000), 4000)).levels(0, 100)
    assert (level == spectrum.SILENCE_DB).all()
