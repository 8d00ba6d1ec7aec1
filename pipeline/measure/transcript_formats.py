"""The written forms of transcripts, each read into the same cues.

`parse` tells the form from the content, never from the file's name: our own JSON
(``qinhe.transcript/1``), WebVTT, SubRip, NIST STM, Amazon Connect Contact Lens, Amazon Transcribe
Call Analytics, Amazon Transcribe, and the JSON that openai-whisper, WhisperX and the OpenAI API
write. What the cues mean for the call (who is who, when each word was said) is for
`pipeline.measure.imports`.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, NoReturn, TypeVar

import msgspec

from pipeline.errors import TranscriptError
from pipeline.measure.words import UNHEARD, Piece

SCHEMA: Final = "qinhe.transcript/1"
READABLE: Final = (
    "a transcript: JSON (qinhe.transcript/1, Contact Lens, Transcribe, Whisper), WebVTT, SRT or STM"
)


class Cue(NamedTuple):
    """What one label said between two times.

    Attributes:
        label: the speaker as the file names it, ``None`` where it names none.
        pieces: parts with times of their own, where the file has them.
        where: for error messages ("line 12").
    """

    label: str | None
    start: float
    end: float
    text: str
    pieces: tuple[Piece, ...]
    where: str


class Parsed(NamedTuple):
    """A transcript file as it stands."""

    form: str
    language: str | None
    cues: tuple[Cue, ...]


# ── Our own format ───────────────────────────────────────────────────────────────────────────────

Seconds = Annotated[float, msgspec.Meta(ge=0, description="Seconds from the recording's start.")]
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of our format's parts."""

    text: str
    start: Seconds
    end: Seconds
    speaker: str | None = None
    """``agent``, ``customer``, or any name that is mapped when the transcript is imported."""
    channel: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Instead of ``speaker``: 0 is the left channel or the first file."""
    probability: Probability | None = None


class OwnWord(Own, frozen=True):
    """A word with its time. In a segment the speaker is the segment's."""


class OwnSegment(Own, frozen=True):
    """An utterance; with ``words`` its words have times of their own."""

    words: tuple[OwnWord, ...] = ()


class OwnTranscript(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``segments``, or ``words`` where there are no utterances."""

    schema: Literal["qinhe.transcript/1"]
    language: str | None = None
    segments: tuple[OwnSegment, ...] = ()
    words: tuple[OwnWord, ...] = ()


def transcript_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``qinhe.transcript/1``."""
    schema = msgspec.json.schema(OwnTranscript)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A transcript made elsewhere, for `qinhe score --transcript`",
        **schema,
    }


# ── Telling the forms apart ──────────────────────────────────────────────────────────────────────


def parse(text: str, source: str | Path, recording: str | None = None) -> Parsed:
    """Reads a transcript of any known form.

    Args:
        source: the file, for messages.
        recording: name of the recording, which picks its lines from an STM file of several.

    Raises:
        TranscriptError: no known form, or a part that does not fit its form, with the line.
    """
    body = text.strip("\ufeff \t\r\n\x00")
    if not body:
        _refuse(source, "an empty file", "export the transcript again")
    if body.startswith(("{", "[")):
        return _checked(_json(body, source), source)
    if body.startswith("WEBVTT"):
        return _checked(Parsed("WebVTT", None, tuple(_subtitles(text, source))), source)
    if _ARROW.search(body):
        return _checked(Parsed("SRT", None, tuple(_subtitles(text, source))), source)
    if re.match(r"(SPEAKER|SPKR-INFO|LEXEME)\s", body):
        _refuse(source, "RTTM, which holds no words", "give the STM or subtitle file beside it")
    if any(_STM.match(line) for line in body.splitlines()[:50]):
        return _checked(Parsed("STM", None, tuple(_stm(text, source, recording))), source)
    _refuse(source, f"text that begins {body[:20]!r}", "export it in one of these forms")


def _checked(parsed: Parsed, source: str | Path) -> Parsed:
    for cue in parsed.cues:
        for start, end in ((cue.start, cue.end), *((p.start, p.end) for p in cue.pieces)):
            if not (math.isfinite(start) and math.isfinite(end) and 0 <= start <= end):
                _refuse(
                    f"{source}, {cue.where}",
                    f"{start:g} to {end:g} s",
                    "correct the times",
                    expected="a start that is not negative and not after the end",
                )
    return parsed


def _refuse(
    source: str | Path, found: str, remedy: str, *, expected: str = READABLE
) -> NoReturn:
    raise TranscriptError(source, expected=expected, found=found, remedy=remedy)


# ── What stands in the text and is no word ───────────────────────────────────────────────────────

_UNHEARD_MARKERS = re.compile(
    r"unk|unintelligible|inaudible|indiscernible|pii|redacted|xxx+|听不清|听不清楚|不清楚|\?+|？+",
    re.IGNORECASE,
)
_MARKER = re.compile(
    r"\[([^\[\]]{0,80})\]|<([^<>]{0,80})>|\{([^{}]{0,80})\}|【([^【】]{0,80})】"
    r"|\(([^()\d]{0,80})\)|（([^（）\d]{0,80})）|♪([^♪]*)♪?"
)
_HESITATION = re.compile(r"(?<!\w)[%&]\w+")


def spoken(text: str) -> str:
    """The text without markup and notes ([noise], <unk>, （笑声）, %hesitation).

    Speech that the transcriber could not or must not write ([unintelligible], <unk>, [PII])
    becomes `UNHEARD`: it took time, though it has no words.
    """
    return _HESITATION.sub(" ", _MARKER.sub(_replaced, html.unescape(text)))


def _replaced(match: re.Match[str]) -> str:
    inside = next((group for group in match.groups() if group is not None), "").strip()
    return f" {UNHEARD} " if _UNHEARD_MARKERS.fullmatch(inside) else " "


# ── WebVTT and SubRip ────────────────────────────────────────────────────────────────────────────

_CLOCK = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_ARROW = re.compile(r"^[^\n]*\d\s*-->", re.MULTILINE)
_TIMING = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?$")
_INNER_CLOCK = re.compile(rf"<{_CLOCK}>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>]*)>", re.IGNORECASE)
_PREFIX = re.compile(
    r"\s*(?:[-–—>]+\s*)?(?:[\[【]([^\[\]【】:：]{1,40})[\]】]\s*[:：]?|([^\s:：<>\[\]][^:：<>\[\]]{0,39})[:：])"
    r"(?P<rest>.*)$",
    re.DOTALL,
)


def _subtitles(text: str, source: str | Path) -> Iterator[Cue]:
    cues = [cue for block in _blocks(text) for cue in _cue(*block, source)]
    labels = _prefix_labels(cues)
    for cue in cues:
        yield _without_prefix(cue, labels)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """(number of the first line, lines) of every run of lines between blank ones."""
    block: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _cue(number: int, lines: list[str], source: str | Path) -> Iterator[Cue]:
    at = next((i for i, line in enumerate(lines[:2]) if "-->" in line), None)
    if at is None:  # the header, NOTE, STYLE, REGION
        return
    where = f"line {number + at}"
    timing = _TIMING.match(lines[at])
    if timing is None:
        _refuse(
            f"{source}, {where}",
            repr(lines[at].strip()[:60]),
            "correct the line",
            expected="times such as 00:00:01.000 --> 00:00:04.500",
        )
    clocks = timing.groups()
    span = (_clock(clocks[:4]), _clock(clocks[4:8]))
    yield from _voices("\n".join(lines[at + 1 :]), *span, where)


def _clock(groups: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = groups
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + int((fraction or "0").ljust(3, "0")) / 1000


def _voices(payload: str, start: float, end: float, where: str) -> Iterator[Cue]:
    """One cue per voice; voices in the same cue share its time by their length."""
    head, *rest = _VOICE.split(payload)
    said = [(None, head), *zip(rest[::2], rest[1::2], strict=True)]
    said = [(who, text) for who, text in said if text.strip()]
    lines = [(who, line) for who, text in said for line in _lines(text)]
    whole = sum(len(line) for _, line in lines)
    at = start
    for who, line in lines:
        until = at + (end - start) * len(line) / whole
        label = html.unescape(who).strip() or None if who else None
        yield Cue(label, at, until, line, tuple(_inner_times(line, at, until)), where)
        at = until


def _lines(text: str) -> list[str]:
    """Lines that each begin with a dash or a name are of different people; others go together."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(_PREFIX.match(line) or line.lstrip()[0] in "-–—" for line in lines):
        return lines
    return [" ".join(lines)]


def _inner_times(text: str, start: float, end: float) -> Iterator[Piece]:
    """Parts of a cue between the times inside it (<00:00:02.480>)."""
    parts = _INNER_CLOCK.split(text)
    if len(parts) == 1:
        return
    clocks = [_clock(parts[i : i + 4]) for i in range(1, len(parts), 5)]
    edges = [start, *clocks, max([end, *clocks])]
    for index, part in enumerate(parts[::5]):
        yield Piece(part, edges[index], edges[index + 1])


def _prefix_labels(cues: Sequence[Cue]) -> frozenset[str]:
    """Names before a colon that are speakers: known roles, or names that come again.

    "时间：三点" once is a sentence; a name that begins several cues, or every cue, is a speaker.
    """
    found: dict[str, int] = {}
    bare = [cue for cue in cues if cue.label is None]
    for cue in bare:
        if label := _prefix(cue.text)[0]:
            found[label] = found.get(label, 0) + 1
    everywhere = sum(found.values()) == len(bare)
    return frozenset(
        label for label, n in found.items() if everywhere or n > 1 or role_like(label)
    )


def _prefix(text: str) -> tuple[str | None, str]:
    match = _PREFIX.match(text)
    if match is None:
        return None, text
    label, rest = (match[1] or match[2]).strip(), match["rest"]
    if label[-1:].isdigit() and rest[:1].isdigit():  # 9:30 is a time
        return None, text
    return label, rest


def _without_prefix(cue: Cue, labels: frozenset[str]) -> Cue:
    label, rest = _prefix(cue.text)
    if cue.label is not None or label not in labels:
        return cue
    pieces = cue.pieces
    if pieces:
        pieces = (pieces[0]._replace(text=_prefix(pieces[0].text)[1]), *pieces[1:])
    return cue._replace(label=label, text=rest, pieces=pieces)


_ROLE_LIKE = re.compile(
    r"(agent|caller|customer|client|rep|operator|advisor|csr|user|system|ivr|bot"
    r"|speaker|spk|channel|ch|说话人|发言人|坐席|座席|客服|客户|顾客|用户|来电|话务员)[\s_\-]*\w?\d*",
    re.IGNORECASE,
)


def role_like(label: str) -> bool:
    """Whether a name before a colon is a role by itself."""
    return _ROLE_LIKE.fullmatch(label) is not None


# ── NIST STM ─────────────────────────────────────────────────────────────────────────────────────

_STM = re.compile(r"(\S+)\s+(\S+)\s+(\S+)\s+(-?[\d.]+|nan|inf)\s+(-?[\d.]+|nan|inf)(?:\s+(.*))?$")
_STM_LABELS = re.compile(r"<(?:[^<>]*,[^<>]*|o|f\d|male|female|na)>\s*", re.IGNORECASE)
_STM_EITHER = re.compile(r"\{\s*([^/{}]*?)\s*/[^{}]*\}")
_STM_IGNORED = ("ignore_time_segment_in_scoring", "inter_segment_gap", "excluded_region")


def _stm(text: str, source: str | Path, recording: str | None) -> Iterator[Cue]:
    """``file channel speaker start end [<labels>] words`` (NIST sctk, stm.htm)."""
    rows: list[tuple[str, str, Cue]] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip("\ufeff \t\x00")
        if not line or line.startswith(";;"):
            continue
        row = _STM.match(line)
        if row is None:
            _refuse(
                f"{source}, line {number}",
                repr(line[:60]),
                "correct the line",
                expected="an STM line: file, channel, speaker, start, end, words",
            )
        if cue := _stm_cue(row, f"line {number}", source):
            rows.append((row[1], row[2], cue))
    chosen = _of_recording({file for file, _, _ in rows}, recording, source)
    by_channel = len({channel for file, channel, _ in rows if file == chosen}) > 1
    for file, channel, cue in rows:
        if file == chosen:
            named = role_like(cue.label or "") or not by_channel
            yield cue if named else cue._replace(label=channel)


def _stm_cue(row: re.Match[str], where: str, source: str | Path) -> Cue | None:
    words = _STM_LABELS.sub("", row[6] or "", count=1) if (row[6] or "").startswith("<") else row[6]
    if any(ignored in f"{row[3]} {words}".lower() for ignored in _STM_IGNORED):
        return None
    words = _STM_EITHER.sub(r"\1", words or "").replace("@", " ")
    # (uh) in STM may be left out when scoring, but was said.
    words = re.sub(r"\(([^()]*)\)", r"\1", words)
    try:
        return Cue(row[3], float(row[4]), float(row[5]), words, (), where)
    except ValueError:
        _refuse(f"{source}, {where}", f"{row[4]} and {row[5]}", "correct the times",
                expected="start and end in seconds")


def _of_recording(files: set[str], recording: str | None, source: str | Path) -> str | None:
    if len(files) < 2:
        return next(iter(files), None)
    stem = Path(recording or "").stem
    fitting = [file for file in files if file == stem] or [
        file for file in files if stem and (file in stem or stem in file)
    ]
    if len(fitting) == 1:
        return fitting[0]
    _refuse(
        source,
        f"lines of {len(files)} recordings ({', '.join(sorted(files)[:4])} …)",
        "keep the lines of this recording only",
        expected=f"one recording's lines, or some named like {stem or 'the recording'}",
    )


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────


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


def _json(body: str, source: str | Path) -> Parsed:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        _refuse(source, f"JSON that breaks off or is malformed ({error})", "export it again")
    if isinstance(found, list):
        found = {"segments": found}
    read = _reader(found, source)
    return read(found, source)


def _reader(found: dict[str, Any], source: str | Path) -> Callable[[Any, str | Path], Parsed]:
    """The reader that fits the keys."""
    schema = found.get("schema")
    if schema == SCHEMA:
        return _own
    if schema is not None:
        _refuse(source, f"JSON of schema {schema!r}", f"give one of schema {SCHEMA}")
    if isinstance(found.get("Transcript"), list):
        return _amazon_call
    if isinstance(found.get("results"), dict):
        return _amazon_transcribe
    if isinstance(found.get("segments"), list) or isinstance(found.get("words"), list):
        return _whisper
    keys = ", ".join(sorted(str(key)[:20] for key in found)[:6]) or "no keys"
    _refuse(source, f"JSON with {keys}", f'write it as {{"schema": "{SCHEMA}", "segments": […]}}')


def _as(kind: type[T], found: Any, source: str | Path, name: str, *, strict: bool = False) -> T:
    try:
        return msgspec.convert(found, kind, strict=strict)
    except (msgspec.ValidationError, ValueError) as error:
        _refuse(source, str(error), "correct it or export it again", expected=name)


def _own(found: Any, source: str | Path) -> Parsed:
    transcript = _as(OwnTranscript, found, source, f"a transcript of schema {SCHEMA}", strict=True)
    if transcript.segments and transcript.words:
        _refuse(source, "segments and words side by side", "put the words into their segments",
                expected="either segments or words")
    cues = [
        Cue(
            _own_label(part),
            part.start,
            part.end,
            part.text,
            tuple(Piece(w.text, w.start, w.end, w.probability) for w in part.words),
            f"segment {number}",
        )
        for number, part in enumerate(transcript.segments, 1)
    ]
    cues += _one_word_cues(
        (_own_label(word), Piece(word.text, word.start, word.end, word.probability))
        for word in transcript.words
    )
    return Parsed("qinhe", transcript.language, tuple(cues))


def _own_label(part: Own) -> str | None:
    if part.speaker is not None or part.channel is None:
        return part.speaker
    return f"channel {part.channel}"


def _one_word_cues(words: Iterable[tuple[str | None, Piece]]) -> list[Cue]:
    return [
        Cue(label, piece.start, piece.end, piece.text, (piece,), f"word {number}")
        for number, (label, piece) in enumerate(words, 1)
    ]


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
    cues = _one_word_cues(
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
    loose = [
        (word.speaker, piece) for word in transcript.words for piece in _whisper_pieces((word,))
    ]
    if loose:  # the API's verbose_json gives words beside the segments
        return Parsed("Whisper", transcript.language, tuple(_one_word_cues(loose)))
    cues = tuple(
        Cue(
            segment.speaker or next((w.speaker for w in segment.words if w.speaker), None),
            segment.start,
            segment.end,
            segment.text,
            tuple(_whisper_pieces(segment.words)),
            f"segment {number}",
        )
        for number, segment in enumerate(transcript.segments, 1)
    )
    return Parsed("Whisper", transcript.language, cues)


def _whisper_pieces(words: Iterable[_WhisperWord]) -> Iterator[Piece]:
    for word in words:
        # WhisperX gives no times to words outside its aligner's alphabet (digits).
        if word.start is not None and word.end is not None:
            probability = word.score if word.probability is None else word.probability
            yield Piece(word.word or word.text, word.start, word.end, probability)
