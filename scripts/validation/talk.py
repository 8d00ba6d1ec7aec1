"""Facts made of written lines: the words' times, speech and turns that such talk would have.

For tests and validation of judging, where no sound is needed. Every Hanzi takes 0.22 s, which is
4.5 syllables a second; the other party answers after 0.4 s.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from pipeline.facts import (
    AGENT,
    CUSTOMER,
    AudioFacts,
    Burst,
    CallFacts,
    Drawl,
    Filler,
    FloorTransfer,
    Hold,
    Monologue,
    Overlap,
    OverlapKind,
    Said,
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
    hold: Literal["music", "silence", "ringback"] | None = None
    """What fills the silence before it; the customer waits."""
    cuts: OverlapKind | None = None
    """It comes in on the other party's last words, in this way."""
    backchannels: int = 0
    """How often the other party says 嗯 during it."""
    tries: int = 0
    """How often the other party tries to come in during it."""
    bursts: int = 0
    drawls: int = 0
    fillers: int = 0
    prosody: dict[str, Any] = msgspec.field(default_factory=dict)


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
    written = [each if isinstance(each, Line) else Line(by=each[0], says=each[1]) for each in lines]
    turns, speech = _turns(written)
    end = (turns[-1].span.end if turns else 0.0) + START_S
    speakers = tuple(
        _party(name, channel, speech[name], (speaker_more or {}).get(name, {}))
        for channel, name in enumerate((AGENT, CUSTOMER))
    )
    built: dict[str, Any] = {
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
    return CallFacts(**(built | _happenings(written, turns) | dict(more or {})))


def _turns(
    lines: Sequence[Line],
) -> tuple[tuple[Turn, ...], dict[str, list[Span]]]:
    time, turns = 0.0, []
    speech: dict[str, list[Span]] = {AGENT: [], CUSTOMER: []}
    for number, line in enumerate(lines):
        after = START_S if number == 0 and line.after == ANSWER_S else line.after
        turn = _turn(line, time + after)
        if not line.unheard:
            speech[line.by].append(turn.span)
        turns.append(turn)
        time = turn.span.end
    return tuple(turns), speech


MONOLOGUE_S = 20.0


def _happenings(lines: Sequence[Line], turns: Sequence[Turn]) -> dict[str, Any]:
    """Holds, overlaps, monologues, bursts, drawls and fillers of the lines."""
    holds, overlaps, monologues = [], [], []
    bursts, drawls, fillers = [], [], []
    for line, turn, before in zip(lines, turns, (None, *turns), strict=False):
        span, other = turn.span, _OTHER[line.by]
        if line.hold is not None:
            start = before.span.end if before is not None else 0.0
            holds.append(Hold(span=Span(start, span.start), kind=line.hold))
        if line.cuts is not None:
            cut = Span(span.start, min(span.end, span.start + 0.6))
            overlaps.append(Overlap(span=cut, first=other, second=line.by, kind=line.cuts))
        signs: tuple[tuple[OverlapKind, int], ...] = (
            ("backchannel", line.backchannels),
            ("competitive-without-floor", line.tries),
        )
        for kind, count in signs:
            overlaps += [
                Overlap(span=each, first=line.by, second=other, kind=kind)
                for each in _moments(span, count)
            ]
        if span.duration >= MONOLOGUE_S:
            monologues.append(Monologue(speaker=line.by, span=span))
        bursts += [
            Burst(speaker=line.by, span=each, rate_syl_s=8.0)
            for each in _moments(span, line.bursts)
        ]
        drawls += [Drawl(speaker=line.by, span=each) for each in _moments(span, line.drawls)]
        fillers += [
            Filler(speaker=line.by, span=each, text="嗯") for each in _moments(span, line.fillers)
        ]
    return {
        "holds": tuple(holds),
        "overlaps": tuple(sorted(overlaps, key=lambda each: each.span)),
        "monologues": tuple(monologues),
        "bursts": tuple(bursts),
        "drawls": tuple(drawls),
        "fillers": tuple(fillers),
    }


_OTHER = {AGENT: CUSTOMER, CUSTOMER: AGENT}


def _moments(span: Span, count: int) -> list[Span]:
    """So many short moments spread over a span."""
    step = span.duration / (count + 1)
    starts = [span.start + step * (number + 1) for number in range(count)]
    return [Span(round(start, 3), round(start + 0.3, 3)) for start in starts]


def read_line(written: str | Mapping[str, Any]) -> Line:
    """A line as people write it: "坐席：您好" or a mapping whose ``坐席`` or ``客户`` says it."""
    if isinstance(written, str):
        who, _, says = written.partition("：")
        return Line(by=_WHO[who], says=says)
    rest = dict(written)
    who = next(name for name in _WHO if name in rest)
    return msgspec.convert({"by": _WHO[who], "says": rest.pop(who), **rest}, Line)


_WHO = {"坐席": AGENT, "客户": CUSTOMER, "agent": AGENT, "customer": CUSTOMER}


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
        said=Said.of(words),
        prosody=TurnProsody(**prosody),
    )


def _word(text: str, start: float, length: float, line: Line) -> Word:
    span = Span(round(start, 3), round(start + length, 3))
    return Word(text=text, span=span, speaker=line.by, probability=line.probability)


def _party(
    name: str, channel: int, speech: Sequence[Span], more: Mapping[str, Any]
) -> SpeakerFacts:
    spans = union(speech)
    built: dict[str, Any] = {
        "speaker": name,
        "channel": channel,
        "role_confidence": 1.0,
        "talk_s": round(sum(span.duration for span in spans), 3),
        "speech": spans,
    }
    return msgspec.convert(msgspec.to_builtins(built | dict(more)), SpeakerFacts)


def _transfers(turns: Sequence[Turn]) -> tuple[FloorTransfer, ...]:
    return tuple(
        FloorTransfer(
            from_speaker=one.speaker,
            to_speaker=two.speaker,
            at=two.span.start,
            offset_s=round(two.span.start - one.span.end, 3),
        )
        for one, two in itertools.pairwise(turns)
        if one.speaker != two.speaker
    )
