"""What is timed: calls of known length, made of the sample calls or of real ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import soundfile

from pipeline.facts import CallFacts, Word
from pipeline.measure import call
from pipeline.measure.cache import Cache
from pipeline.measure.imports import SCHEMA
from pipeline.measure.roles import DEFAULT
from pipeline.settings import load_measure_settings
from scripts.synthesis.truth import read_truth

Samples = npt.NDArray[np.int16]

RATE_HZ: Final = 8000
FIVE_MINUTES_S: Final = 300
CALLS: Final = Path(__file__).resolve().parents[2] / "tests" / "calls"
SAMPLES: Final = ("good_service", "complaint_7a", "cold_monotone")
"""Sample calls of 339 seconds together."""


def five_minutes(folder: Path) -> tuple[Path, Path]:
    """Five minutes of the sample calls one after the other, and their transcript."""
    parts, words, at = [], list[Word](), 0.0
    for name in SAMPLES:
        truth = read_truth(CALLS / f"{name}.truth.json")
        parts.append(_read(CALLS / truth.audio))
        words += [_later(word, at) for word in truth.words]
        at += len(parts[-1]) / RATE_HZ
    sound = np.concatenate(parts)[: FIVE_MINUTES_S * RATE_HZ]
    audio, transcript = folder / "five_minutes.wav", folder / "five_minutes.json"
    soundfile.write(audio, sound, RATE_HZ, subtype="PCM_16")
    transcript.write_bytes(transcript_of([w for w in words if w.span.end <= FIVE_MINUTES_S]))
    return audio, transcript


def real_calls(data: Path, folder: Path) -> Path | None:
    """Every real stereo call one after the other; ``None`` where there are none."""
    files = sorted((data / "calls").glob("*.wav"))
    if not files:
        return None
    audio = folder / "real_calls.wav"
    soundfile.write(audio, np.concatenate([_read(f) for f in files]), RATE_HZ, subtype="PCM_16")
    return audio


def repeated(source: Path, folder: Path, seconds: float) -> Path:
    """The same call over and over, for ``seconds``; written piece by piece."""
    audio = folder / f"long_{seconds:.0f}.wav"
    with soundfile.SoundFile(audio, "w", RATE_HZ, 2, "PCM_16") as out:
        for block in _blocks(_read(source), round(seconds * RATE_HZ)):
            out.write(block)
    return audio


def facts_of(audio: Path, transcript: Path | None) -> CallFacts:
    """The facts of a call, nothing cached."""
    settings = load_measure_settings()
    models = call.load_models(settings, None, None)
    recording = call.Recording((audio,), audio.stem, DEFAULT, transcript)
    with call.opened(recording, settings.audio) as sound:
        return call.measure(sound, recording, models, settings, Cache(None)).facts


def _blocks(sound: Samples, wanted: int) -> Iterator[Samples]:
    while wanted > 0:
        yield sound[:wanted]
        wanted -= len(sound)


def _read(path: Path) -> Samples:
    sound, rate = soundfile.read(path, dtype="int16", always_2d=True)
    if rate != RATE_HZ or sound.shape[1] != 2:
        raise ValueError(f"{path}: a stereo call at {RATE_HZ} Hz is wanted")
    found: Samples = sound
    return found


def _later(word: Word, by_s: float) -> Word:
    return msgspec.structs.replace(word, span=word.span.shifted(by_s))


def transcript_of(words: Sequence[Word]) -> bytes:
    """A transcript of our own form that says these words."""
    return msgspec.json.encode(
        {
            "schema": SCHEMA,
            "language": "zh",
            "words": [
                {"text": w.text, "speaker": w.speaker, "start": w.span.start, "end": w.span.end}
                for w in words
            ],
        }
    )
