"""The engines that run Whisper, behind one function: windows of sound in, timed text out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.errors import UsageError
from pipeline.measure.audio import FloatArray
from pipeline.measure.recogniser import Recogniser
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
        UsageError: the engine cannot do what the settings ask for.
    """
    if settings.engine == "openai-whisper":
        return (_transcribed(recogniser, sound, settings, language) for sound in sounds)
    if settings.beam_size is not None:
        raise UsageError(
            f"transcript.beam_size {settings.beam_size} needs transcript.engine openai-whisper, "
            "found batched: set beam_size to null or change the engine."
        )
    from pipeline.measure import batched  # torch and whisper take seconds to load

    found = batched.recognise(recogniser.model, sounds, settings, language)
    return ((passage,) for passage in found)


def _transcribed(
    recogniser: Recogniser, sound: FloatArray, settings: TranscriptSettings, language: str
) -> tuple[Passage, ...]:
    """openai-whisper's own `transcribe`: its segments in one window."""
    from pipeline.measure.batched import repeatable

    with repeatable(settings.seed):
        found = recogniser.model.transcribe(
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
