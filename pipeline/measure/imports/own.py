"""Our own form, ``qinhe.transcript/1``: the one to write when a transcript is made for Qinhe."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from pipeline.measure.imports.cues import Cue, Parsed, refuse
from pipeline.measure.words import Piece

SCHEMA: Final = "qinhe.transcript/1"

Seconds = Annotated[float, msgspec.Meta(ge=0, description="Seconds from the recording's start.")]
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]
Speaker = Annotated[
    str, msgspec.Meta(description="agent, customer, or a name that is mapped on import.")
]
ChannelNumber = Annotated[
    int,
    msgspec.Meta(ge=0, description="Instead of speaker: 0 is the left channel or the first file."),
]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What words and segments have in common."""

    text: str
    start: Seconds
    end: Seconds
    speaker: Speaker | None = None
    channel: ChannelNumber | None = None
    probability: Probability | None = None


class TranscriptWord(_Part, frozen=True):
    """A word with its time. Inside a segment it has the segment's speaker."""


class TranscriptSegment(_Part, frozen=True):
    """An utterance, its words timed or not."""

    words: tuple[TranscriptWord, ...] = ()


class Transcript(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Segments; or words, where there are no segments."""

    schema: Literal["qinhe.transcript/1"]
    language: str | None = None
    segments: tuple[TranscriptSegment, ...] = ()
    words: tuple[TranscriptWord, ...] = ()


def transcript_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``qinhe.transcript/1``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A transcript made elsewhere, for `qinhe score --transcript`",
        **msgspec.json.schema(Transcript),
    }


def read_own(found: Any, source: str | Path) -> Parsed:
    """Reads decoded JSON of our schema.

    Raises:
        TranscriptError: it does not fit the schema; names the place.
    """
    try:
        transcript = msgspec.convert(found, Transcript)
    except msgspec.ValidationError as error:
        refuse(source, str(error), "correct it", expected=f"a transcript of schema {SCHEMA}")
    if transcript.segments and transcript.words:
        refuse(
            source,
            "segments and words side by side",
            "put the words into their segments",
            expected="either segments or words",
        )
    cues = [_cue(part, f"segment {n}") for n, part in enumerate(transcript.segments, 1)]
    cues += single_words((_label(word), _piece(word)) for word in transcript.words)
    return Parsed("qinhe", transcript.language, tuple(cues))


def _cue(segment: TranscriptSegment, where: str) -> Cue:
    pieces = tuple(_piece(word, " ") for word in segment.words)
    return Cue(_label(segment), segment.start, segment.end, segment.text, pieces, where)


def _piece(word: TranscriptWord, after: str = "") -> Piece:
    return Piece(word.text + after, word.start, word.end, word.probability)


def _label(part: _Part) -> str | None:
    if part.speaker is not None or part.channel is None:
        return part.speaker
    return f"channel {part.channel}"


def single_words(words: Iterable[tuple[str | None, Piece]]) -> list[Cue]:
    """A cue for each of (label, word): for files that know no utterances."""
    return [
        Cue(label, piece.start, piece.end, piece.text, (piece,), f"word {number}")
        for number, (label, piece) in enumerate(words, 1)
    ]
