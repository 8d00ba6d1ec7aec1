"""Facts made of written lines: the words' times, speech and turns that such talk would have.

For tests and validation of judging, where no sound is needed. Every Hanzi takes 0.22 s, which is
4.5 syllables a second; the other party answers after 0.4 s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from pipeline.facts import (
    AGENT,
    CUSTOMER,
    AudioFacts,
    CallFacts,
    FloorTransfer,
    Shares,
    SpeakerFacts,
    TranscriptFacts,
    Turn,
    TurnProsody,
    Word,
)
from pipeline.timeline import Span, union

SYLLABLE_S = 0.22
ANSWER_S = 0.4
START_S = 0.5
_PIECE = re.compile(r"[a-zA-Z]+(?:['’][a-zA-Z]+)*[^\w\s]*|\d+[^\w\s]*|\w[^\w\s]*")


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One turn as written down."""

    by: str
    says: str
    after: float = ANSWER_S
    """Seconds of silence before it (a hold where long)."""
    rate: float = 1 / SYLLABLE_S
    """Syllables a second."""
    probability: float | None = 0.9
    unheard: bool = False
    """The words lie over silence, as invented text does."""
    prosody: dict[str, Any] = {}


def facts_of(
    lines: Iterable[Line | tuple[str, str]],
    *,
    language: str = "zh",
    more: Mapping[str, Any] | None = None,
    speaker_more: Mapping[str, Mapping[str, Any]] | None = None,
) -> CallFacts:
    """The facts of a call in which these lines were said.

    Args:
        lines: in order.
        language: of the transcript.
        more: fields of `CallFacts` to add or replace.
        speaker_more: fields of `SpeakerFacts`, by speaker.
    """
    turns, speech = _turns(lines)
    end = (turns[-1].span.end if turns else 0.0) + START_S
    speakers = tuple(
        _party(name, channel, speech[name], (speaker_more or {}).get(name, {}))
        for channel, name in enumerate((AGENT, CUSTOMER))
    )
    built = {
        "call_id": "call",
        "audio": AudioFacts(
            name="call.wav",
            sha256="0" * 64,
            duration_s=round(end, 3),
            rate_hz=8000,
            layout="stereo",
            format="WAV",
            quality=(),
        ),
        "transcript": TranscriptFacts(source="imported", language=language),
        "speakers": speakers,
        "turns": turns,
        "transfers": _transfers(turns),
        "shares": Shares(talk_s={}, both_s=0.0, hold_s=0.0, silence_s=0.0),
    }
    return CallFacts(**(built | dict(more or {})))


def _turns(
    lines: Iterable[Line | tuple[str, str]],
) -> tuple[tuple[Turn, ...], dict[str, list[Span]]]:
    time, turns = 0.0, []
    speech: dict[str, list[Span]] = {AGENT: [], CUSTOMER: []}
    for number, each in enumerate(lines):
        line = each if isinstance(each, Line) else Line(by=each[0], says=each[1])
        after = START_S if number == 0 and line.after == ANSWER_S else line.after
        turn = _turn(line, time + after)
        if not line.unheard:
            speech[line.by].append(turn.span)
        turns.append(turn)
        time = turn.span.end
    return tuple(turns), speech


def _turn(line: Line, start: float) -> Turn:
    time, words = start, []
    for piece in _PIECE.findall(line.says):
        length = max(1, len(re.sub(r"[^\w]", "", piece)) if piece[0].isdigit() else 1) / line.rate
        words.append(_word(piece, time, length, line))
        time += length
    prosody = {
        "syllables": len(words),
        "speech_rate_syl_s": line.rate,
        "articulation_rate_syl_s": line.rate,
    } | line.prosody
    return Turn(
        speaker=line.by,
        span=Span(round(start, 3), round(max(time, start + 0.2), 3)),
        words=tuple(words),
        prosody=TurnProsody(**prosody),
    )


def _word(text: str, start: float, length: float, line: Line) -> Word:
    span = Span(round(start, 3), round(start + length, 3))
    return Word(text=text, span=span, speaker=line.by, probability=line.probability)


def _party(
    name: str, channel: int, speech: Sequence[Span], more: Mapping[str, Any]
) -> SpeakerFacts:
    spans = union(speech)
    built = {
        "speaker": name,
        "channel": channel,
        "role_confidence": 1.0,
        "talk_s": round(sum(span.duration for span in spans), 3),
        "speech": spans,
    }
    return SpeakerFacts(**(built | dict(more)))


def _transfers(turns: Sequence[Turn]) -> tuple[FloorTransfer, ...]:
    return tuple(
        FloorTransfer(
            from_speaker=one.speaker,
            to_speaker=two.speaker,
            at=two.span.start,
            offset_s=round(two.span.start - one.span.end, 3),
        )
        for one, two in zip(turns, turns[1:], strict=False)
        if one.speaker != two.speaker
    )
