"""Overlapped speech of two voices, against dialogues whose overlaps are known."""

import numpy as np
import pytest

from pipeline.measure import overlapped, speakers
from pipeline.measure.channel import from_samples
from pipeline.measure.frames import spans
from pipeline.measure.spectrogram import Spectrogram
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span, intersection, total
from scripts.validation.speakers import noisy, sample_call
from tests.conftest import CALLS

SETTINGS = load_measure_settings()
OVERLAPPED = SETTINGS.speakers.overlapped


@pytest.fixture(scope="module")
def model():
    return speakers.load_encoder()


@pytest.fixture(scope="module")
def quarrel():
    """A sample call whose parties often talk at once."""
    return sample_call(CALLS / "interrupted_customer.truth.json")


def told_apart(call, model):
    heard = spans(call.truth.any(axis=0), call.truth.shape[1] / 100)
    return speakers.diarize(from_samples(call.samples, 8000), heard, SETTINGS.speakers, model)


def test_what_is_marked_are_overlaps(quarrel, model):
    found = told_apart(quarrel, model)
    true = spans(quarrel.truth.all(axis=0), quarrel.truth.shape[1] / 100)
    marked = tuple(each.span for each in found.overlaps)
    right = total(intersection(marked, true))
    assert right > 0.7 * total(marked)
    assert right > 0.3 * total(true)
    for each in found.overlaps:
        assert 0 < each.confidence < 1
        assert found.both(each.span) == pytest.approx(each.confidence)
    # Both voices have them.
    assert total(intersection(*found.speech)) == pytest.approx(total(marked))


def test_parties_who_take_turns_never_overlap(model):
    found = told_apart(sample_call(CALLS / "cold_monotone.truth.json"), model)
    assert len(found.speech) == 2
    assert found.overlaps == ()
    assert found.both(Span(3, 4)) == 1.0


def test_nothing_is_marked_in_noise(quarrel, model):
    noise = np.random.default_rng(1).standard_normal(len(quarrel.samples))
    assert told_apart(noisy(quarrel, noise), model).overlaps == ()


def test_an_overlap_is_likely_somewhere_and_possible_throughout():
    likely = np.zeros(300)
    likely[50:100] = np.concatenate([np.linspace(0, 0.9, 25), np.linspace(0.9, 0, 25)])
    likely[150:200] = 0.45  # never likely
    likely[250:260] = 0.9  # too short
    found = np.flatnonzero(overlapped.marked(likely, OVERLAPPED))
    assert found[0] == pytest.approx(50 + 25 * OVERLAPPED.goes_on / 0.9, abs=2)
    assert found[-1] == pytest.approx(99 - 25 * OVERLAPPED.goes_on / 0.9, abs=2)
    assert len(found) == found[-1] - found[0] + 1


def test_with_too_few_examples_of_a_voice_nothing_is_likely(model):
    labels = np.zeros(1000)
    labels[900:960] = 1.0
    mel = Spectrogram.of(np.ones((1000, 40), np.float32))
    assert not overlapped.probability(mel, labels, OVERLAPPED, model, "auto").any()
