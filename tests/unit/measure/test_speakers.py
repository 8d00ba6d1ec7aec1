"""Voices told apart in sound whose speakers are known, and what is said of how sure that is."""

import numpy as np
import pytest
import soundfile

from pipeline.measure import speakers
from pipeline.measure.channel import from_samples
from pipeline.measure.frames import mask_of, spans
from pipeline.measure.speakers import Separation, Stretch
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span, total, union
from scripts.synthesis.truth import read_truth
from scripts.validation import der
from scripts.validation.speakers import sample_call
from tests.conftest import CALLS

SETTINGS = load_measure_settings().speakers
RATE = 8000


@pytest.fixture(scope="module")
def model():
    return speakers.load_encoder()


@pytest.fixture(scope="module")
def call():
    """A sample call in one channel, and when each party speaks in it."""
    return sample_call(CALLS / "no_closing.truth.json")


def spans_of(mask):
    return spans(mask, len(mask) / 100)


@pytest.fixture(scope="module")
def told_apart(call, model):
    channel = from_samples(call.samples, RATE)
    return speakers.diarize(channel, spans_of(call.truth.any(axis=0)), SETTINGS, model)


def test_two_voices_are_found_where_they_are(call, told_apart):
    assert len(told_apart.speech) == 2
    found = np.array([mask_of(part, call.truth.shape[1]) for part in told_apart.speech])
    assert der.score(call.truth, found, 0.25).percent < 2
    assert told_apart.confidence > 0.95


def test_all_speech_is_somebodys_and_nobody_speaks_in_silence(call, told_apart):
    heard = spans_of(call.truth.any(axis=0))
    assert total(union(*told_apart.speech)) == pytest.approx(total(heard), abs=0.02)
    for voice, part in enumerate(told_apart.speech, 1):
        stretches = [each.span for each in told_apart.stretches if each.voice == voice]
        for span in part:
            assert any(each.start <= span.start and span.end <= each.end for each in stretches)
        assert told_apart.talk_error_s(voice) < 0.1 * total(part)


def test_voices_are_numbered_as_they_come(told_apart):
    assert told_apart.speech[0][0].start < told_apart.speech[1][0].start
    assert told_apart.stretches[0].voice == 1
    starts = [each.span.start for each in told_apart.stretches]
    assert starts == sorted(starts)


def test_one_party_is_one_voice(call, model):
    truth = read_truth(CALLS / f"{call.name}.truth.json")
    samples, rate = soundfile.read(CALLS / truth.audio, always_2d=True)
    heard = spans_of(call.truth[0])
    found = speakers.diarize(from_samples(samples[:, 0], rate), heard, SETTINGS, model)
    assert found.speech == (heard,)
    assert found.confidence > 0.5


class _Counting:
    """An encoder that counts what it is asked."""

    def __init__(self, model):
        self.model, self.pieces = model, 0

    def embed(self, pieces, precision):
        self.pieces += len(pieces)
        return self.model.embed(pieces, precision)

    embed_few = embed


def test_one_glance_tells_that_a_line_has_one_voice(call, model):
    truth = read_truth(CALLS / f"{call.name}.truth.json")
    samples, rate = soundfile.read(CALLS / truth.audio, always_2d=True)
    channel, heard = from_samples(samples[:, 0], rate), spans_of(call.truth[0])
    glance, look = _Counting(model), _Counting(model)
    found = speakers.company(channel, heard, SETTINGS, glance)
    assert found.speech == speakers.diarize(channel, heard, SETTINGS, look).speech == (heard,)
    assert found.confidence > 0.5
    assert glance.pieces < 0.5 * look.pieces


def test_a_line_that_seems_to_have_two_voices_is_looked_at_closely(call, model):
    channel = from_samples(call.samples, RATE)
    heard = spans_of(call.truth.any(axis=0))
    found = speakers.company(channel, heard, SETTINGS, model)
    voices = np.array([mask_of(part, call.truth.shape[1]) for part in found.speech])
    assert der.score(call.truth, voices, 0.25).percent < 2
    assert found.confidence > 0.95
    assert found.overlaps == ()


def test_a_line_with_too_little_speech_says_why(call, model):
    channel = from_samples(call.samples, RATE)
    found = speakers.company(channel, (Span(1, 4),), SETTINGS, model)
    assert found == Separation(reason="under 6 s of speech")


def test_too_little_speech_tells_nothing(call, model):
    channel = from_samples(call.samples, RATE)
    found = speakers.diarize(channel, (Span(1, 4),), SETTINGS, model)
    assert found == Separation(reason="under 6 s of speech")
    assert speakers.diarize(channel, (), SETTINGS, model).speech == ()


def test_silence_given_for_speech_invents_nobody(model):
    channel = from_samples(np.zeros(20 * RATE), RATE)
    found = speakers.diarize(channel, (Span(2, 18),), SETTINGS, model)
    assert len(found.speech) == 1


def test_another_diarizers_voices_are_rated(call, told_apart, model):
    channel = from_samples(call.samples, RATE)
    heard = spans_of(call.truth.any(axis=0))
    own = tuple(spans_of(part) for part in call.truth)
    found = speakers.diarize(channel, heard, SETTINGS, model, own)
    assert len(found.speech) == 2
    assert found.confidence == pytest.approx(told_apart.confidence, abs=0.05)
    alone = speakers.diarize(channel, heard, SETTINGS, model, (heard, ()))
    assert len(alone.speech) == 1


def test_the_same_voice_has_the_same_portrait(call, model):
    channel = from_samples(call.samples, RATE)
    one, two = (spans_of(part) for part in call.truth)
    first, second = one[: len(one) // 2], one[len(one) // 2 :]
    portraits = [speakers.portrait(channel, part, SETTINGS, model) for part in (first, second, two)]
    assert portraits[0] @ portraits[1] > portraits[0] @ portraits[2] + 0.05
    assert np.linalg.norm(portraits[0]) == pytest.approx(1)
    assert speakers.portrait(channel, (Span(1, 2),), SETTINGS, model) is None


def test_how_sure_a_span_is_comes_from_its_stretches():
    found = Separation(
        speech=((Span(0, 2), Span(4, 6)), (Span(2, 4),)),
        stretches=(
            Stretch(voice=1, span=Span(0, 2), confidence=1.0),
            Stretch(voice=2, span=Span(2, 4), confidence=0.7),
            Stretch(voice=1, span=Span(4, 6), confidence=0.6),
        ),
        confidence=0.9,
    )
    assert found.sure(Span(0, 6), 1) == pytest.approx(0.9 * 0.8)
    assert found.sure(Span(2, 3), 2) == pytest.approx(0.9 * 0.7)
    assert found.sure(Span(2, 3), 1) == 0.0
    assert found.talk_error_s(1) == pytest.approx(2 * 0.1 + 2 * (1 - 0.54))
