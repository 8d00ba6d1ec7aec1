"""Whisper: our batched engine beside `whisper.transcribe`, on the same weights and sound.

The sample call is recognised for real, so errors and word times are compared too. The published
shapes have random weights here: a text of a fixed number of tokens a window is written, whatever it
says, because the time depends on the shape and not on the weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import torch
import whisper
from whisper.model import ModelDimensions, Whisper

from pipeline.facts import Word
from pipeline.measure import batched, call
from pipeline.measure.audio import Audio, resampled
from pipeline.measure.cache import Cache
from pipeline.measure.recogniser import Recogniser, load
from pipeline.measure.roles import DEFAULT
from pipeline.measure.stages import Stages
from pipeline.measure.transcript import WHISPER_HZ, Party, transcribe
from pipeline.settings import load_measure_settings
from pipeline.text import bare
from scripts.benchmarking.material import CALLS
from scripts.benchmarking.timing import cpu_s
from scripts.synthesis.truth import CallTruth, read_truth
from scripts.training.evaluate import edit_distance
from scripts.validation.table import OURS, Row, Target

Samples = npt.NDArray[np.float32]

SAMPLE: Final = "good_service"
THEIRS: Final = "whisper.transcribe"
FASTER: Final = Target(3.0, at_least=True)
MOST_WORSE_POINTS: Final = Target(0.2)
MOST_APART_S: Final = Target(0.05)
WINDOW_S: Final = 30.0
TOKENS: Final = 224  # where Whisper stops a window's text; random weights hardly stop before
SHAPES: Final = {
    "tiny": ModelDimensions(80, 1500, 384, 6, 4, 51865, 448, 384, 6, 4),
    "small": ModelDimensions(80, 1500, 768, 12, 12, 51865, 448, 768, 12, 12),
    "large-v3-turbo": ModelDimensions(128, 1500, 1280, 20, 32, 51866, 448, 1280, 20, 4),
}


def rows(shapes: Sequence[str] = tuple(SHAPES)) -> Iterator[Row]:
    """The demonstration model on a sample call, then the published shapes."""
    torch.set_num_threads(1)
    yield from _sample_call()
    for name in shapes:
        yield from _shape(name)


def _sample_call() -> Iterator[Row]:
    truth = read_truth(CALLS / f"{SAMPLE}.truth.json")
    recording = call.Recording((CALLS / truth.audio,), SAMPLE, DEFAULT)
    settings = load_measure_settings()
    with call.opened(recording, settings.audio) as audio:
        ours, ours_s = _ours(audio, load("demo", "cpu"))
        theirs, theirs_s = _theirs(audio, load("demo", "cpu"))
    on = f"{SAMPLE}, both channels, the demonstration model"
    for system, words, spent_s in ((OURS, ours, ours_s), (THEIRS, theirs, theirs_s)):
        yield Row("transcript", "speed", on, system, audio.duration_s / spent_s, "x real time")
        yield Row("transcript", "character errors", on, system, 100 * _errors(words, truth), "%")
        yield Row("transcript", "word starts, median error", on, system, _off(words, truth), "s")
    yield Row("transcript", "how much faster", on, OURS, theirs_s / ours_s, "x", FASTER)
    worse = 100 * (_errors(ours, truth) - _errors(theirs, truth))
    yield Row("transcript", "character errors more", on, OURS, worse, "points", MOST_WORSE_POINTS)


def _ours(audio: Audio, recogniser: Recogniser) -> tuple[list[Word], float]:
    """Speech activity included: it is what tells which sound to recognise."""
    settings = load_measure_settings()
    models = call.load_models(settings, None, None)
    words: list[Word] = []

    def work() -> None:
        words.clear()
        stages = Stages(audio, models, settings, Cache(None), lambda stage, share: None)
        speech = stages.activity().speech
        parties = [
            Party(speaker, audio.channels[channel], speech[channel])
            for speaker, channel in DEFAULT.items()
        ]
        for found in transcribe(parties, recogniser, settings.transcript):
            words.extend(found.words)

    work()  # warms up
    return words, cpu_s(work)


def _theirs(audio: Audio, recogniser: Recogniser) -> tuple[list[Word], float]:
    words: list[Word] = []
    model: Whisper = recogniser.model

    def work() -> None:
        words.clear()
        for speaker, number in DEFAULT.items():
            channel = audio.channels[number]
            sound = resampled(channel.read(0.0, channel.duration_s), channel.rate_hz, WHISPER_HZ)
            found = model.transcribe(
                sound, language="zh", word_timestamps=True, fp16=False, temperature=0.0
            )
            for part in found["segments"]:
                words.extend(_word(each, speaker) for each in part["words"])

    work()
    return words, cpu_s(work)


def _word(found: dict[str, float | str], speaker: str) -> Word:
    data = {
        "text": found["word"],
        "span": {"start": float(found["start"]), "end": float(found["end"])},
        "speaker": speaker,
    }
    return msgspec.convert(data, Word)


def _errors(words: Sequence[Word], truth: CallTruth) -> float:
    """Character error rate over both parties."""
    wrong = total = 0
    for speaker in DEFAULT:
        said = bare("".join(word.text for word in truth.words if word.speaker == speaker))
        heard = bare("".join(word.text for word in words if word.speaker == speaker))
        wrong += edit_distance(said, heard)
        total += len(said)
    return wrong / total


def _off(words: Sequence[Word], truth: CallTruth) -> float | None:
    """Median distance of a word's start from that of the same text nearest to it in the truth."""
    found = []
    for word in words:
        same = [
            abs(true.span.start - word.span.start)
            for true in truth.words
            if true.speaker == word.speaker and bare(true.text) == bare(word.text)
        ]
        if same and min(same) < 1.0:
            found.append(min(same))
    return median(found) if found else None


def _shape(name: str) -> Iterator[Row]:
    torch.manual_seed(0)
    model = Whisper(SHAPES[name]).eval()
    noise = np.random.default_rng(0)
    windows = [noise.normal(0, 0.1, round(WINDOW_S * 16_000)).astype(np.float32) for _ in range(4)]
    theirs_s = cpu_s(lambda: _write_one_by_one(model, windows[:1])) * len(windows)
    ours_s = cpu_s(lambda: _write_together(model, windows))
    on = f"shape {name}, random weights, {TOKENS} tokens a window of 30 s"
    seconds = WINDOW_S * len(windows)
    yield Row("transcript", "speed", on, OURS, seconds / ours_s, "x real time")
    yield Row("transcript", "speed", on, THEIRS, seconds / theirs_s, "x real time")
    yield Row("transcript", "how much faster", on, OURS, theirs_s / ours_s, "x", FASTER)


def _write_together(model: Whisper, windows: Sequence[Samples]) -> None:
    settings = load_measure_settings().transcript
    once = msgspec.structs.replace(settings, temperatures=(0.0,))
    list(batched.recognise(model, windows, once, "zh"))


def _write_one_by_one(model: Whisper, windows: Sequence[Samples]) -> None:
    for window in windows:
        whisper.transcribe(
            model,
            window,
            language="zh",
            word_timestamps=True,
            fp16=False,
            temperature=0.0,
            without_timestamps=True,  # with them it would seek, and read parts of it twice
            no_speech_threshold=None,
            logprob_threshold=None,
        )
