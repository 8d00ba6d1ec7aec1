"""The shipped checkpoint, through plain `whisper.transcribe`, on held-out voices and sentences."""

from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
import whisper

from scripts.synthesis.voice import SpeechError, Voice, speak
from scripts.training import noises
from scripts.training.evaluate import (
    RATE,
    Recording,
    Score,
    held_out_voice,
    measure,
    record,
    summary,
    transcribe,
)
from scripts.training.sentences import HELD_OUT_SENTENCES

CHECKPOINT = Path(__file__).parents[2] / "pipeline" / "models" / "whisper-demo-zh.pt"
SENTENCES = 16


def missing() -> str | None:
    """Why these tests cannot run here."""
    if not CHECKPOINT.exists():
        return f"{CHECKPOINT.name} is not there: make it with scripts/train_demo_model"
    try:
        speak("好", Voice())
    except SpeechError as error:
        return str(error)
    return None


pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@cache
def model() -> whisper.Whisper:
    """The checkpoint, loaded once, on one thread."""
    torch.set_num_threads(1)
    return whisper.load_model(str(CHECKPOINT), device="cpu")


def recordings(condition: str) -> list[Recording]:
    """Held-out sentences, each by a held-out voice over the condition's line."""
    random = Random(f"demo model {condition}")
    chosen = random.sample(HELD_OUT_SENTENCES, SENTENCES)
    return [record([text], held_out_voice(random), condition, random) for text in chosen]


def test_file_is_small() -> None:
    assert CHECKPOINT.stat().st_size < 15e6


@pytest.mark.parametrize(
    ("condition", "limit"),
    [("clean", 0.10), ("telephone", 0.10), ("telephone, noise 20 dB", 0.15)],
)
def test_held_out_sentences_are_recognised(condition: str, limit: float) -> None:
    score = Score()
    for recording in recordings(condition):
        measure(model(), recording, score, words=False)
    assert score.characters > 150
    assert score.cer is not None
    assert score.cer < limit, summary(score)


def test_words_are_timed() -> None:
    score = Score()
    for recording in recordings("telephone"):
        measure(model(), recording, score, words=True)
    assert len(score.word_starts) > 60
    assert np.percentile(score.word_starts, 95) < 0.3
    assert np.percentile(score.word_ends, 95) < 0.3


def test_several_utterances_are_segments_with_times() -> None:
    random = Random(3)
    sentences = random.sample(HELD_OUT_SENTENCES, 6)
    recording = record(sentences, held_out_voice(random), "telephone", random)
    score = Score()
    measure(model(), recording, score, words=False)
    assert score.cer is not None
    assert score.cer < 0.15, summary(score)
    segments = transcribe(model(), recording.samples)["segments"]
    truth = [words[0].start for words in recording.utterances]
    near = [min(abs(segment["start"] - start) for segment in segments) for start in truth]
    assert np.median(near) < 0.3


@pytest.mark.parametrize("kind", sorted(noises.KINDS))
def test_sound_without_speech_gives_no_text(kind: str) -> None:
    samples = noises.noise(kind, 31337, 12.0)
    assert transcribe(model(), samples)["text"].strip() == ""


def test_silence_gives_no_text() -> None:
    assert transcribe(model(), np.zeros(10 * RATE, np.float32))["text"].strip() == ""


def test_other_words_give_another_text() -> None:
    # A model that has learnt a language by heart would answer both alike.
    voice = Voice("f5", 190)
    first = record(["我要退货，这台洗衣机坏了。"], voice, "clean", Random(1))
    second = record(["蓝天下面走来一群孩子。"], voice, "clean", Random(1))
    for recording in (first, second):
        score = Score()
        measure(model(), recording, score, words=False)
        assert score.cer is not None
        assert score.cer < 0.35
