"""Transcripts in other programs' JSON.

Amazon Connect Contact Lens and Transcribe Call Analytics (post-call), Amazon Transcribe, and what
openai-whisper, WhisperX and the OpenAI API write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pipeline.measure.imports.cues import Cue, Parsed, refuse
from pipeline.measure.imports.own import SCHEMA, read_own, single_words
from pipeline.measure.words import Piece


class _Loose(msgspec.Struct, frozen=True):
    """Base of others' formats: fields that are of no use here may stand beside."""


class _AmazonAlternative(_Loose, frozen=True, rename="pascal"):
    content: str = ""
    confidence: float | None = None


class _AmazonItem(_Loose, frozen=True, rename="pascal"):
    begin_offset_millis: float | None = None
    end_offset_millis: float | None = None
    type: str = "pronunciation"
    content: str | None = None
    confidence: float | None = None
    alternatives: tuple[_AmazonAlternative, ...] = ()


class _AmazonTurn(_Loose, frozen=True, rename="pascal"):
    begin_offset_millis: float
    end_offset_millis: float
    content: str = ""
    participant_id: str | None = None
    participant_role: str | None = None
    items: tuple[_AmazonItem, ...] = ()


class _AmazonParticipant(_Loose, frozen=True, rename="pascal"):
    participant_id: str | None = None
    participant_role: str | None = None


class _AmazonCall(_Loose, frozen=True, rename="pascal"):
    """Contact Lens (post-call) and Transcribe Call Analytics write nearly the same."""

    transcript: tuple[_AmazonTurn, ...]
    participants: tuple[_AmazonParticipant, ...] = ()
    language_code: str | None = None


class _TranscribeAlternative(_Loose, frozen=True):
    content: str = ""
    confidence: float | None = None


class _TranscribeItem(_Loose, frozen=True):
    alternatives: tuple[_TranscribeAlternative, ...]
    type: str = "pronunciation"
    start_time: float | None = None
    end_time: float | None = None
    speaker_label: str | None = None
    channel_label: str | None = None


class _TranscribeSpeakerItem(_Loose, frozen=True):
    start_time: float
    speaker_label: str | None = None


class _TranscribeSpeakerSegment(_Loose, frozen=True):
    speaker_label: str
    items: tuple[_TranscribeSpeakerItem, ...] = ()


class _TranscribeSpeakers(_Loose, frozen=True):
    segments: tuple[_TranscribeSpeakerSegment, ...] = ()


class _TranscribeChannel(_Loose, frozen=True):
    channel_label: str
    items: tuple[_TranscribeItem, ...] = ()


class _TranscribeChannels(_Loose, frozen=True):
    channels: tuple[_TranscribeChannel, ...] = ()


class _TranscribeResults(_Loose, frozen=True):
    items: tuple[_TranscribeItem, ...] = ()
    speaker_labels: _TranscribeSpeakers | None = None
    channel_labels: _TranscribeChannels | None = None
    language_code: str | None = None


class _Transcribe(_Loose, frozen=True):
    results: _TranscribeResults


class _WhisperWord(_Loose, frozen=True):
    word: str = ""
    text: str = ""
    start: float | None = None
    end: float | None = None
    probability: float | None = None
    score: float | None = None  # WhisperX
    speaker: str | None = None


class _WhisperSegment(_Loose, frozen=True):
    start: float
    end: float
    text: str
    speaker: str | None = None
    words: tuple[_WhisperWord, ...] = ()


class _Whisper(_Loose, frozen=True):
    segments: tuple[_WhisperSegment, ...] = ()
    words: tuple[_WhisperWord, ...] = ()
    language: str | None = None


T = TypeVar("T")


def read_json(body: str, source: str | Path) -> Parsed:
    """Reads JSON of any known schema, ours included.

    Raises:
        TranscriptError: malformed, or of no known schema.
    """
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        refuse(source, f"JSON that breaks off or is malformed ({error})", "export it again")
    if isinstance(found, list):
        found = {"segments": found}
    read = _reader(found, source)
    return read(found, source)


def _reader(found: dict[str, Any], source: str | Path) -> Callable[[Any, str | Path], Parsed]:
    """The reader that fits the keys."""
    schema = found.get("schema")
    if schema == SCHEMA:
        return read_own
    if schema is not None:
        refuse(source, f"JSON of schema {schema!r}", f"give one of schema {SCHEMA}")
    if isinstance(found.get("Transcript"), list):
        return _amazon_call
    if isinstance(found.get("results"), dict):
        return _amazon_transcribe
    if isinstance(found.get("segments"), list) or isinstance(found.get("words"), list):
        return _whisper
    keys = ", ".join(sorted(str(key)[:20] for key in found)[:6]) or "no keys"
    return refuse(
        source, f"JSON with {keys}", f'write it as {{"schema": "{SCHEMA}", "segments": […]}}'
    )


def _as(kind: type[T], found: Any, source: str | Path, name: str) -> T:
    try:
        return msgspec.convert(found, kind, strict=False)  # some write numbers as strings
    except (msgspec.ValidationError, ValueError) as error:
        refuse(source, str(error), "correct it or export it again", expected=name)


def _amazon_call(found: Any, source: str | Path) -> Parsed:
    call = _as(_AmazonCall, found, source, "an Amazon call transcript (Contact Lens)")
    roles = {p.participant_id: p.participant_role for p in call.participants}
    return Parsed(
        "Contact Lens",
        call.language_code,
        tuple(
            Cue(
                turn.participant_role or roles.get(turn.participant_id) or turn.participant_id,
                turn.begin_offset_millis / 1000,
                turn.end_offset_millis / 1000,
                turn.content,
                tuple(_amazon_pieces(turn.items)),
                f"Transcript item {number}",
            )
            for number, turn in enumerate(call.transcript, 1)
        ),
    )


def _amazon_pieces(items: Iterable[_AmazonItem]) -> Iterator[Piece]:
    for item in items:
        if item.begin_offset_millis is None or item.end_offset_millis is None:
            continue  # punctuation has no time
        if item.type.lower() != "pronunciation":
            continue
        best = item.alternatives[0] if item.alternatives else _AmazonAlternative()
        confidence = item.confidence if item.confidence is not None else best.confidence
        yield Piece(
            (item.content if item.content is not None else best.content) + " ",
            item.begin_offset_millis / 1000,
            item.end_offset_millis / 1000,
            confidence,
        )


def _amazon_transcribe(found: Any, source: str | Path) -> Parsed:
    results = _as(_Transcribe, found, source, "an Amazon Transcribe transcript").results
    speakers = {
        item.start_time: item.speaker_label or segment.speaker_label
        for segment in (results.speaker_labels.segments if results.speaker_labels else ())
        for item in segment.items
    }
    items = [(item.channel_label, item) for item in results.items]
    if results.channel_labels:
        items = [(c.channel_label, i) for c in results.channel_labels.channels for i in c.items]
    cues = single_words(
        (
            item.speaker_label or speakers.get(item.start_time) or channel,
            Piece(
                item.alternatives[0].content,
                item.start_time,
                item.end_time,
                item.alternatives[0].confidence,
            ),
        )
        for channel, item in items
        if item.start_time is not None and item.end_time is not None and item.alternatives
    )
    return Parsed("Amazon Transcribe", results.language_code, tuple(cues))


def _whisper(found: Any, source: str | Path) -> Parsed:
    transcript = _as(_Whisper, found, source, "a Whisper transcript (segments of start, end, text)")
    if transcript.words:  # the API's verbose_json gives words beside the segments
        words = (
            (word.speaker, Piece(word.word or word.text, word.start, word.end, word.probability))
            for word in transcript.words
            if word.start is not None and word.end is not None
        )
        return Parsed("Whisper", transcript.language, tuple(single_words(words)))
    cues = tuple(
        Cue(
            segment.speaker or next((w.speaker for w in segment.words if w.speaker), None),
            segment.start,
            segment.end,
            segment.text,
            tuple(_whisper_pieces(segment)),
            f"segment {number}",
        )
        for number, segment in enumerate(transcript.segments, 1)
    )
    return Parsed("Whisper", transcript.language, cues)


def _whisper_pieces(segment: _WhisperSegment) -> Iterator[Piece]:
    """The segment's words with the blanks that its text has between them.

    WhisperX gives no times to words outside its aligner's alphabet, such as digits: they get the
    time between their neighbours.
    """
    if not any(word.start is not None for word in segment.words):
        return
    at = 0
    before = segment.start
    for index, word in enumerate(segment.words):
        text = (word.word or word.text).strip()
        found = segment.text.find(text, at)
        blank = " " if found < 0 else segment.text[at:found]
        at = at if found < 0 else found + len(text)
        start = before if word.start is None else word.start
        end = _next_start(segment, index) if word.end is None else word.end
        before = max(start, end)
        probability = word.score if word.probability is None else word.probability
        yield Piece(blank + text, start, before, probability)


def _next_start(segment: _WhisperSegment, index: int) -> float:
    later = (word.start for word in segment.words[index + 1 :] if word.start is not None)
    return next(later, segment.end)
