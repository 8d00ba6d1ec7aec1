"""The shipped model on sound whose words and times are known, and on sound without words."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from pipeline.measure.audio import Channel, from_samples, resampled
from pipeline.measure.recogniser import DEMO_MODEL, Recogniser, load
from pipeline.measure.transcript import Party, transcribe
from pipeline.settings import TranscriptSettings, load_measure_settings
from pipeline.timeline import Span, Timeline, bridge
from scripts.synthesis.voice import SpokenWord, Voice, speak
from tests.conftest import program

RATE = 8000
SENTENCES = (
    "您好，请问有什么可以帮您？",
    "请稍等，我帮您查询一下。",
    "感谢您的耐心等待。",
    "非常抱歉给您带来不便。",
    "请问您的手机号码是多少？",
    "您的订单已经发货了。",
    "还有其他可以帮您的吗？",
    "感谢您的来电，再见。",
)
PAUSES_S = (0.7, 3.0, 0.6, 25.0, 1.5, 40.0, 0.4, 2.0)


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    if not DEMO_MODEL.is_file():
        pytest.skip(f"{DEMO_MODEL.name} is not made: run scripts/train_demo_model")
    return load("demo", "cpu")


@pytest.fixture(scope="module")
def settings() -> TranscriptSettings:
    return load_measure_settings().transcript


def spoken(voice: Voice) -> tuple[Channel, Timeline, list[SpokenWord]]:
    """A channel with every sentence after its pause, when there is speech, and every character."""
    program("espeak-ng")
    parts: list[np.ndarray] = []
    truth: list[SpokenWord] = []
    at = 0.0
    for sentence, pause in zip(SENTENCES, PAUSES_S, strict=True):
        speech = speak(sentence, voice)
        sound = resampled(speech.samples, speech.rate, RATE)
        at += pause
        truth += [SpokenWord(w.text, at + w.start, at + w.end) for w in speech.words]
        parts += [np.zeros(round(pause * RATE), np.float32), sound]
        at += len(sound) / RATE
    noise = np.random.default_rng(0).normal(0, 10 ** (-66 / 20), round((at + 1) * RATE))
    channel = np.concatenate([*parts, np.zeros(RATE + 8, np.float32)])[: len(noise)] + noise
    activity = bridge((Span(word.start, word.end) for word in truth), 0.2)
    return from_samples(channel, RATE), activity, truth


def aligned(truth: list[SpokenWord], heard: list[SpokenWord]) -> tuple[int, list[float]]:
    """Character errors (Levenshtein), and start errors in seconds of the characters that match."""
    rows, columns = len(truth) + 1, len(heard) + 1
    cost = np.zeros((rows, columns), int)
    cost[:, 0], cost[0, :] = np.arange(rows), np.arange(columns)
    for i in range(1, rows):
        for j in range(1, columns):
            wrong = truth[i - 1].text != heard[j - 1].text
            cost[i, j] = min(cost[i - 1, j] + 1, cost[i, j - 1] + 1, cost[i - 1, j - 1] + wrong)
    errors: list[float] = []
    i, j = rows - 1, columns - 1
    while i and j:
        wrong = truth[i - 1].text != heard[j - 1].text
        if cost[i, j] == cost[i - 1, j - 1] + wrong:
            i, j = i - 1, j - 1
            if not wrong:
                errors.append(heard[j].start - truth[i].start)
        elif cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    return int(cost[-1, -1]), errors


@pytest.mark.parametrize("voice", [Voice("f2", 190), Voice("m3", 210, 40)], ids=["woman", "man"])
def test_words_and_their_times(
    recogniser: Recogniser, settings: TranscriptSettings, voice: Voice
) -> None:
    channel, speech, truth = spoken(voice)
    found = transcribe([Party("agent", channel, speech)], recogniser, settings)[0]
    heard = [
        SpokenWord(
            character,
            word.span.start + word.span.duration * n / len(word.text),
            word.span.start + word.span.duration * (n + 1) / len(word.text),
        )
        for word in found.words
        for n, character in enumerate(word.text)
    ]
    wrong, errors = aligned(truth, heard)
    assert wrong / len(truth) < 0.15
    assert np.median(np.abs(errors)) < 0.1
    assert np.quantile(np.abs(errors), 0.95) < 0.3
    assert all(0 < (word.probability or 0) <= 1 for word in found.words)


def test_the_same_sound_gives_the_same_bytes(
    recogniser: Recogniser, settings: TranscriptSettings
) -> None:
    channel, speech, _ = spoken(Voice("f4", 230))
    harder = msgspec.structs.replace(settings, retry_log_probability=-0.001)  # samples, seeded
    first, second = (
        msgspec.json.encode(
            transcribe([Party("agent", channel, speech[:3])], recogniser, harder)[0]
        )
        for _ in range(2)
    )
    assert first == second


def silence(_: np.ndarray) -> np.ndarray:
    return np.zeros(20 * RATE)


def line_noise(_: np.ndarray) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 10 ** (-60 / 20), 20 * RATE)


def loud_noise(_: np.ndarray) -> np.ndarray:
    return np.random.default_rng(2).normal(0, 10 ** (-25 / 20), 20 * RATE)


def tone(time: np.ndarray) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 440 * time)


def ringback(time: np.ndarray) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 450 * time) * (time % 5 < 1)


def music(time: np.ndarray) -> np.ndarray:
    """A plucked tune with chords."""
    sound = np.zeros(len(time))
    for n, key in enumerate([60, 64, 67, 72, 69, 65, 62, 67] * 9):
        at = time - n * 0.25
        for step in (0, 4, 7) if n % 4 == 0 else (0,):
            hertz = 440 * 2 ** ((key + step - 69) / 12)
            for k in (1, 2, 3, 4):
                ring = np.where(at >= 0, np.exp(-np.clip(at, 0, None) * 4), 0)
                sound += 0.08 / k * ring * np.sin(2 * np.pi * hertz * k * at)
    return sound


@pytest.mark.parametrize("kind", [silence, line_noise, loud_noise, tone, ringback, music])
def test_sound_without_speech_gives_no_words(
    recogniser: Recogniser, settings: TranscriptSettings, kind: Callable[[np.ndarray], np.ndarray]
) -> None:
    channel = from_samples(kind(np.arange(20 * RATE) / RATE), RATE)
    # An activity detector that takes it all for speech: the recogniser is on its own.
    found = transcribe([Party("agent", channel, (Span(0.5, 19.0),))], recogniser, settings)[0]
    assert found.words == ()
    assert all(text.reason for text in found.refused)
