"""Recognises the same sound with one system and prints, as JSON, what that cost this process.

python -m scripts.benchmarking.recogniser_alone calls SYSTEM CALL…
python -m scripts.benchmarking.recogniser_alone shape SYSTEM NAME
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import torch
import whisper
from whisper import timing
from whisper.decoding import DecodingOptions
from whisper.model import ModelDimensions, Whisper
from whisper.tokenizer import get_tokenizer

from pipeline.facts import Word
from pipeline.measure import batched, call, quantised
from pipeline.measure.audio import Audio, resampled
from pipeline.measure.cache import Cache
from pipeline.measure.recogniser import Recogniser, load
from pipeline.measure.roles import DEFAULT
from pipeline.measure.stages import Stages
from pipeline.measure.transcript import WHISPER_HZ
from pipeline.settings import MeasureSettings, load_measure_settings
from pipeline.timeline import Span
from scripts.benchmarking.alone import peak_mb
from scripts.benchmarking.material import CALLS
from scripts.benchmarking.timing import cpu_s
from scripts.synthesis.truth import read_truth

Samples = npt.NDArray[np.float32]

THEIRS: Final = "whisper.transcribe"
EIGHT_BIT: Final = "qinhe --engine faster-whisper"
WINDOW_S: Final = 30.0
WINDOWS: Final = 8  # what both channels of some five minutes fill
TOKENS: Final = 224  # where Whisper stops a window's text; random weights hardly stop before
SHAPES: Final = {
    "tiny": ModelDimensions(80, 1500, 384, 6, 4, 51865, 448, 384, 6, 4),
    "small": ModelDimensions(80, 1500, 768, 12, 12, 51865, 448, 768, 12, 12),
    "large-v3-turbo": ModelDimensions(128, 1500, 1280, 20, 32, 51866, 448, 1280, 20, 4),
}


def calls(system: str, names: Sequence[str]) -> dict[str, Any]:
    """Both channels of sample calls, one call after the other.

    Returns:
        ``words`` of each call, ``spent_s``: processor time of this process since it was started,
        models and packages loaded, ``duration_s`` of the calls.
    """
    settings = _settings(system)
    recogniser = load("demo", "cpu", settings.transcript.engine)
    models = None if system == THEIRS else call.load_models(settings, None, None)
    words: list[list[Word]] = []
    duration_s = 0.0
    for name in names:
        truth = read_truth(CALLS / f"{name}.truth.json")
        recording = call.Recording((CALLS / truth.audio,), name, DEFAULT)
        with call.opened(recording, settings.audio) as audio:
            duration_s += audio.duration_s
            if models is None:
                words.append(list(_theirs(audio, recogniser.model)))
            else:
                words.append(
                    _ours(Stages(audio, models, settings, Cache(None), _silent), recogniser)
                )
    return {"words": words, "spent_s": time.process_time(), "duration_s": duration_s}


def _settings(system: str) -> MeasureSettings:
    settings = load_measure_settings()
    if system == EIGHT_BIT:
        eight = msgspec.structs.replace(settings.transcript, engine=quantised.ENGINE)
        return msgspec.structs.replace(settings, transcript=eight)
    return settings


def _silent(stage: str, share: float) -> None:
    """Nobody waits for progress here."""


def _ours(stages: Stages, recogniser: Recogniser) -> list[Word]:
    """Speech activity included: it is what tells which sound to recognise."""
    speech = stages.activity().speech
    parties = {speaker: (channel, speech[channel]) for speaker, channel in DEFAULT.items()}
    found = stages.words(recogniser, parties, "zh")
    return [word for party in found.values() for word in party.words]


def _theirs(audio: Audio, model: Any) -> Iterator[Word]:
    for speaker, number in DEFAULT.items():
        channel = audio.channels[number]
        sound = resampled(channel.read(0.0, channel.duration_s), channel.rate_hz, WHISPER_HZ)
        found = model.transcribe(
            sound, language="zh", word_timestamps=True, fp16=False, temperature=0.0
        )
        for part in found["segments"]:
            for each in part["words"]:
                span = Span(float(each["start"]), max(float(each["start"]), float(each["end"])))
                yield Word(text=each["word"], span=span, speaker=speaker)


def shape(system: str, name: str) -> dict[str, Any]:
    """A published shape with random weights, which write a text of `TOKENS` tokens a window.

    Returns:
        ``spent_s``: processor time, the model's making left out, for ``duration_s`` of sound.
    """
    torch.manual_seed(0)
    model = Whisper(SHAPES[name]).eval()
    model.set_alignment_heads(whisper._ALIGNMENT_HEADS[name])
    timing.dtw(torch.zeros(2, 2))  # compiled when first called, whoever calls it
    noise = np.random.default_rng(0)
    count = 1 if system == THEIRS else WINDOWS  # one after the other: each takes as long
    sounds = [
        noise.normal(0, 0.1, round(WINDOW_S * WHISPER_HZ)).astype(np.float32) for _ in range(count)
    ]
    work = _write_one_by_one if system == THEIRS else _write_together
    return {"spent_s": cpu_s(lambda: work(model, sounds)), "duration_s": count * WINDOW_S}


def _write_together(model: Whisper, windows: Sequence[Samples]) -> None:
    settings = load_measure_settings().transcript
    once = msgspec.structs.replace(settings, temperatures=(0.0,))
    list(batched.recognise(model, windows, once, "zh"))


def _write_one_by_one(model: Whisper, windows: Sequence[Samples]) -> None:
    """What `whisper.transcribe` does with a window: it is decoded, then aligned for word times.

    `transcribe` itself would go on from where the last word ends, which random weights place
    anywhere, and do parts of a window again.
    """
    tokenizer = get_tokenizer(True, num_languages=model.num_languages, language="zh")
    options = DecodingOptions(language="zh", fp16=False, without_timestamps=True)
    for window in windows:
        mel = whisper.log_mel_spectrogram(
            window, model.dims.n_mels, padding=whisper.audio.N_SAMPLES
        )
        mel = whisper.pad_or_trim(mel[:, : -whisper.audio.N_FRAMES], whisper.audio.N_FRAMES)
        found = whisper.decode(model, mel, options)
        text = [token for token in found.tokens if token < tokenizer.eot]
        timing.find_alignment(model, tokenizer, text, mel, whisper.audio.N_FRAMES)


def main() -> None:
    torch.set_num_threads(1)
    what, system, *rest = sys.argv[1:]
    found = calls(system, rest) if what == "calls" else shape(system, rest[0])
    print(msgspec.json.encode({**found, "peak_mb": peak_mb()}).decode())


if __name__ == "__main__":
    main()
