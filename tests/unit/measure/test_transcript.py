"""Packing, times and order, with a recogniser that hears tones instead of words.

Each "word" of the test calls is a tone whose pitch stands for its text, so what was said and when
is known exactly; the recogniser reports the tones that it finds in the window it is given.
"""

from typing import Any

import msgspec
import numpy as np
import pytest

from pipeline.errors import ModelError, UsageError
from pipeline.facts import Word
from pipeline.measure.audio import Channel, from_samples
from pipeline.measure.guards import Guarded
from pipeline.measure.recogniser import Recogniser
from pipeline.measure.transcript import Party, transcribe, windows
from pipeline.settings import TranscriptSettings, load_measure_settings
from pipeline.timeline import Span, Timeline, bridge, total

RATE = 8000
TEXTS = "您好请问有什么可以帮到先生"


class Device:
    type = "cpu"


class ToneReader:
    """Stands in for `whisper.model.Whisper`: every tone is a word."""

    device = Device()

    def __init__(self, multilingual: bool = True, late_s: float = 0.0) -> None:
        self.is_multilingual = multilingual
        self.late_s = late_s
        self.windows: list[float] = []
        self.asked: list[dict[str, Any]] = []

    def transcribe(self, sound: np.ndarray, **options: Any) -> dict[str, Any]:
        assert sound.dtype == np.float32
        self.windows.append(len(sound) / 16_000)
        self.asked.append(options)
        loud = np.convolve(np.abs(sound), np.ones(160) / 160, "same") > 0.05
        edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(int), [0]))))
        words = [self.word(sound, a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        segment = {"words": words, "avg_logprob": -0.1, "no_speech_prob": 0.0}
        return {"segments": [segment]}

    def word(self, sound: np.ndarray, first: int, last: int) -> dict[str, Any]:
        spectrum = np.abs(np.fft.rfft(sound[first:last], 16_000))
        index = round((float(np.argmax(spectrum)) - 400) / 200)
        return {
            "word": TEXTS[index],
            "start": first / 16_000 + self.late_s,
            "end": last / 16_000 + self.late_s,
            "probability": 0.9,
        }


@pytest.fixture(scope="module")
def settings() -> TranscriptSettings:
    # The tones are read by a stand-in for the model's own `transcribe`.
    settings = load_measure_settings().transcript
    return msgspec.structs.replace(settings, engine="openai-whisper")


def recogniser(model: ToneReader, demonstration: bool = False) -> Recogniser:
    return Recogniser(model, "tones", "0" * 64, demonstration)  # type: ignore[arg-type]


def call(*starts: float, length: float = 0.3, duration: float = 0.0) -> tuple[Channel, Timeline]:
    """A tone at each start, in order of `TEXTS`, and when there is sound."""
    end = max(duration, max(starts, default=0.0) + 1.0)
    sound = np.random.default_rng(0).normal(0, 1e-4, round(end * RATE))
    for n, start in enumerate(starts):
        at = np.arange(round(start * RATE), round((start + length) * RATE))
        sound[at] += 0.5 * np.sin(2 * np.pi * (400 + 200 * (n % len(TEXTS))) * at / RATE)
    spans = tuple(Span(start, start + length) for start in starts)
    return from_samples(sound, RATE), spans


def said(
    channel: Channel, speech: Timeline, model: Recogniser, settings: TranscriptSettings, **more: Any
) -> Guarded:
    (found,) = transcribe([Party("agent", channel, speech)], model, settings, **more)
    return found


def heard(
    channel: Channel, speech: Timeline, settings: TranscriptSettings, model: ToneReader
) -> tuple[Word, ...]:
    found = said(channel, speech, recogniser(model), settings)
    assert found.refused == ()
    return found.words


def test_words_keep_their_call_times_after_any_silence(settings: TranscriptSettings) -> None:
    starts = (0.4, 1.0, 1.7, 4.2, 30.0, 31.1, 95.5, 240.0, 240.5, 333.3)
    channel, speech = call(*starts)
    model = ToneReader()
    words = heard(channel, speech, settings, model)
    assert "".join(word.text for word in words) == TEXTS[: len(starts)]
    for word, start in zip(words, starts, strict=True):
        assert word.span.start == pytest.approx(start, abs=0.02)
        assert word.span.end == pytest.approx(start + 0.3, abs=0.02)
    # Ten words of 0.3 s in six minutes: one window, not twelve.
    assert len(model.windows) == 1


def test_windows_are_no_longer_than_whisper_hears(settings: TranscriptSettings) -> None:
    channel, speech = call(*np.arange(0.5, 200, 0.9))
    model = ToneReader()
    words = heard(channel, speech, settings, model)
    assert len(words) == len(speech)
    assert max(model.windows) <= 30.0
    assert len(model.windows) < 200 / 30 + 3


def test_the_demonstration_model_is_shown_less_at_once(settings: TranscriptSettings) -> None:
    starts = [start + pause for start in np.arange(0.5, 60, 4) for pause in (0, 0.4, 1.2, 1.6)]
    channel, speech = call(*starts)
    model = ToneReader()
    found = said(channel, speech, recogniser(model, True), settings)
    assert max(model.windows) <= settings.demonstration_window_s
    assert found.refused == ()
    # Windows end at pauses: no word is cut or heard twice.
    np.testing.assert_allclose([word.span.start for word in found.words], starts, atol=0.02)


def test_speech_without_a_pause_is_cut_where_it_is_quiet(settings: TranscriptSettings) -> None:
    starts = np.arange(0.5, 100, 0.5)
    channel, _ = call(*starts)
    whole = (Span(0.5, 100.0),)  # an activity detector that hears no pause at all
    model = ToneReader()
    words = heard(channel, whole, settings, model)
    assert len(words) == len(starts)
    np.testing.assert_allclose([word.span.start for word in words], starts, atol=0.02)


def test_parties_are_heard_together_and_keep_their_own_words(
    settings: TranscriptSettings,
) -> None:
    first, early = call(0.5, 2.0, 3.1)
    second, late = call(7.0, 40.0)
    parties = [Party("agent", first, early), Party("customer", second, late)]
    model = ToneReader()
    together = transcribe(parties, recogniser(model), settings)
    for (speaker, channel, speech), found in zip(parties, together, strict=True):
        (alone,) = transcribe([Party(speaker, channel, speech)], recogniser(ToneReader()), settings)
        assert found == alone
        assert {word.speaker for word in found.words} == {speaker}
        assert len(found.words) == len(speech)


def test_what_lies_between_the_speech_is_not_shown(settings: TranscriptSettings) -> None:
    channel, speech = call(0.5, 5.0, 10.0)
    kept = (speech[0], speech[2])
    words = heard(channel, kept, settings, ToneReader())
    assert [word.text for word in words] == [TEXTS[0], TEXTS[2]]


def test_times_that_run_into_silence_are_brought_back(settings: TranscriptSettings) -> None:
    channel, speech = call(1.0, 8.0)
    words = heard(channel, speech, settings, ToneReader(late_s=0.2))
    for word, span in zip(words, speech, strict=True):
        assert span.start <= word.span.start <= word.span.end <= span.end


def test_words_far_from_speech_are_refused_with_the_reason(settings: TranscriptSettings) -> None:
    channel, speech = call(1.0, 1.9)
    nothing_there = (Span(3.0, 3.1),)
    window_of_both = msgspec.structs.replace(settings, margin_s=2.5)
    found = said(channel, nothing_there, recogniser(ToneReader()), window_of_both)
    assert found.words == ()
    assert {text.reason for text in found.refused} == {"nobody speaks here"}
    assert found.refused[0].span.overlap(Span(speech[0].start, speech[1].end)) > 0.2


def test_no_speech_asks_nothing(settings: TranscriptSettings) -> None:
    channel, _ = call(duration=10.0)
    model = ToneReader()
    found = said(channel, (), recogniser(model), settings)
    assert found == ((), ())
    assert model.windows == []


def test_a_blink_of_sound(settings: TranscriptSettings) -> None:
    channel = from_samples(np.zeros(1), RATE)
    found = said(channel, (Span(0.0, 1 / RATE),), recogniser(ToneReader()), settings)
    assert found.words == ()


def test_progress_reaches_the_end_step_by_step(settings: TranscriptSettings) -> None:
    channel, speech = call(*np.arange(0.5, 120, 0.6))
    told: list[float] = []
    said(channel, speech, recogniser(ToneReader()), settings, progress=told.append)
    assert len(told) > 3
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_windows_hold_all_speech_once(settings: TranscriptSettings) -> None:
    channel, speech = call(*np.arange(0.5, 90, 1.3), length=0.4)
    taken = [
        Span(part.start, part.end)
        for window in windows(channel, speech, settings, 30.0)
        for part in window.taken
    ]
    assert sorted(taken) == taken
    assert total(taken) == pytest.approx(total(bridge(taken, 0.0)))
    assert all(any(t.start <= s.start and s.end <= t.end for t in taken) for s in speech)


def test_a_window_maps_its_silences_to_the_nearer_speech(settings: TranscriptSettings) -> None:
    channel, speech = call(1.0, 50.0)
    (window,) = windows(channel, speech, settings, 30.0)
    first, second = window.taken
    gap = settings.gap_s
    assert second.at == pytest.approx(first.end - first.start + gap)
    assert window.call_time(0.0) == first.start
    assert window.call_time(first.end - first.start + 0.3 * gap) == first.end
    assert window.call_time(first.end - first.start + 0.7 * gap) == second.start
    assert window.call_time(window.duration_s + 5) == second.end
    assert window.call_time(second.at + 0.1) == pytest.approx(second.start + 0.1)


def test_whisper_is_asked_for_what_the_settings_say(settings: TranscriptSettings) -> None:
    channel, speech = call(1.0)
    model = ToneReader()
    chosen = msgspec.structs.replace(settings, temperatures=(0.0, 0.3), prompt="您好", beam_size=3)
    said(channel, speech, recogniser(model), chosen, language="Chinese")
    (asked,) = model.asked
    assert asked["language"] == "zh"
    assert asked["temperature"] == (0.0, 0.3)
    assert asked["initial_prompt"] == "您好"
    assert asked["beam_size"] == 3
    assert asked["word_timestamps"] is True
    assert asked["condition_on_previous_text"] is False
    assert asked["fp16"] is False


def test_languages(settings: TranscriptSettings) -> None:
    channel, speech = call(1.0)
    with pytest.raises(UsageError, match="'klingon' is not a language that Whisper knows"):
        said(channel, speech, recogniser(ToneReader()), settings, language="klingon")
    english_only = recogniser(ToneReader(multilingual=False))
    with pytest.raises(ModelError, match="can write Chinese, found one for English only"):
        said(channel, speech, english_only, settings)
    found = said(channel, speech, english_only, settings, language="en")
    assert len(found.words) == 1
