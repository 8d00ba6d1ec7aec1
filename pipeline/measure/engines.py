"""The engines that run Whisper, behind one function: windows of sound in, timed text out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from pipeline.errors import UsageError
from pipeline.measure import quantised
from pipeline.measure.audio import FloatArray
from pipeline.measure.recogniser import Elsewhere, Recogniser
from pipeline.measure.words import Passage, Piece
from pipeline.settings import TranscriptSettings


def recognised(
    recogniser: Recogniser,
    sounds: Iterable[FloatArray],
    settings: TranscriptSettings,
    language: str,
) -> Iterator[tuple[Passage, ...]]:
    """What is said in each window; times in seconds from its start.

    Args:
        recogniser: the loaded model.
        sounds: windows of at most 30 s at 16 kHz, float32; taken as they are needed.
        settings: which engine, and how it decodes.
        language: Whisper's code.

    Raises:
        UsageError: the engine cannot do what the settings ask for, or the model was loaded for
            another one.
    """
    if isinstance(recogniser.model, Elsewhere):
        return _asked(recogniser.model, sounds, settings.batch_windows, language)
    if isinstance(recogniser.model, quantised.Quantised) != (settings.engine == quantised.ENGINE):
        raise UsageError(
            f"transcript.engine {settings.engine} needs a model that was loaded for it: "
            "give the engine to load, too."
        )
    if isinstance(recogniser.model, quantised.Quantised):
        texts = quantised.recognise(recogniser.model, sounds, settings, language)
        return ((passage,) for passage in texts)
    if settings.engine == "openai-whisper":
        return (_transcribed(recogniser, sound, settings, language) for sound in sounds)
    if settings.beam_size is not None:
        raise UsageError(
            f"transcript.beam_size {settings.beam_size} needs transcript.engine openai-whisper, "
            "found batched: set beam_size to null or change the engine."
        )
    from pipeline.measure import batched  # torch and whisper take seconds to load

    context_s = settings.demonstration_context_s if recogniser.demonstration else None
    found = batched.recognise(recogniser.model, sounds, settings, language, context_s)
    return ((passage,) for passage in found)


def _asked(
    model: Elsewhere, sounds: Iterable[FloatArray], size: int, language: str
) -> Iterator[tuple[Passage, ...]]:
    """Two parts under way: one is cut and sent while the one before it is recognised."""
    left = iter(sounds)
    under_way: deque[Callable[[], list[tuple[Passage, ...]]]] = deque()
    while part := list(islice(left, size)):
        under_way.append(model.ask(part, language))
        if len(under_way) > 1:
            yield from under_way.popleft()()
    for answer in under_way:
        yield from answer()


def _transcribed(
    recogniser: Recogniser, sound: FloatArray, settings: TranscriptSettings, language: str
) -> tuple[Passage, ...]:
    """openai-whisper's own `transcribe`: its segments in one window."""
    from pipeline.measure.batched import repeatable

    model: Any = recogniser.model  # `recognised` has seen that it is openai-whisper's
    with repeatable(settings.seed):
        found = model.transcribe(
            sound,
            language=language,
            word_timestamps=True,
            condition_on_previous_text=False,  # a mistake must not breed in what follows
            temperature=tuple(settings.temperatures),
            beam_size=settings.beam_size,
            initial_prompt=settings.prompt,
            fp16=recogniser.on_gpu,
            compression_ratio_threshold=settings.compression_ratio,
            logprob_threshold=settings.retry_log_probability,
            no_speech_threshold=None,  # would drop text without a word: the guards say why
        )
    return tuple(
        Passage(
            tuple(
                Piece(
                    word["word"],
                    float(word["start"]),
                    float(word["end"]),
                    float(word["probability"]),
                )
                for word in part.get("words", ())
            ),
            float(part["avg_logprob"]),
            float(part["no_speech_prob"]),
        )
        for part in found["segments"]
    )
