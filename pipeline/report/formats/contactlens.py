"""JSON shaped like Amazon Connect Contact Lens' own output for a call (version 1.1.0).

What Contact Lens derives from its own models (sentiment, issues, loudness scores) is left out, not
invented.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec

from pipeline.facts import AGENT, CUSTOMER, INTERRUPTIONS, CallFacts, Turn
from pipeline.timeline import Span, gaps, union

_ROLES: Final = {AGENT: "AGENT", CUSTOMER: "CUSTOMER"}
_LANGUAGES: Final = {"zh": "zh-CN", "en": "en-US", "yue": "zh-HK", "ja": "ja-JP", "ko": "ko-KR"}


def contact_lens(facts: CallFacts, masked: bool) -> bytes:
    """The call as Contact Lens would write it, where it can be told.

    Args:
        facts: as measured, masked if they are to be.
        masked: says so in the file.
    """
    shaped = {
        "Version": "1.1.0",
        "AccountId": "",
        "Channel": "VOICE",
        "ContentMetadata": {"Output": "Redacted" if masked else "Raw"},
        "JobStatus": "COMPLETED",
        "LanguageCode": _language(facts),
        "Participants": [
            {"ParticipantId": _id(party.speaker), "ParticipantRole": _id(party.speaker)}
            for party in facts.speakers
        ],
        "Categories": {"MatchedCategories": [], "MatchedDetails": {}},
        "ConversationCharacteristics": _characteristics(facts),
        "CustomModels": [],
        "Transcript": [_turn(facts, turn) for turn in facts.turns if turn.words],
    }
    return msgspec.json.format(msgspec.json.encode(shaped), indent=1) + b"\n"


def _language(facts: CallFacts) -> str:
    code = facts.transcript.language if facts.transcript else "zh"
    return _LANGUAGES.get(code, code)


def _id(speaker: str) -> str:
    return _ROLES.get(speaker, speaker.upper())


def _ms(seconds: float) -> int:
    return round(1000 * seconds)


def _offsets(span: Span) -> dict[str, int]:
    return {
        "BeginOffsetMillis": _ms(span.start),
        "DurationMillis": _ms(span.end) - _ms(span.start),
        "EndOffsetMillis": _ms(span.end),
    }


def _turn(facts: CallFacts, turn: Turn) -> dict[str, Any]:
    named = f"{facts.audio.sha256}:{turn.speaker}:{turn.span.start}"
    return {
        "Id": hashlib.sha256(named.encode()).hexdigest()[:32],
        "ParticipantId": _id(turn.speaker),
        "Content": turn.text,
        "BeginOffsetMillis": _ms(turn.span.start),
        "EndOffsetMillis": _ms(turn.span.end),
    }


def _characteristics(facts: CallFacts) -> dict[str, Any]:
    return {
        "TotalConversationDurationMillis": _ms(facts.audio.duration_s),
        "Interruptions": _interruptions(facts),
        "NonTalkTime": _non_talk(facts),
        "TalkSpeed": {"DetailsByParticipant": _speeds(facts)},
        "TalkTime": {
            "DetailsByParticipant": {
                _id(party.speaker): {"TotalTimeMillis": _ms(party.talk_s)}
                for party in facts.speakers
            },
            "TotalTimeMillis": _ms(sum(party.talk_s for party in facts.speakers)),
        },
    }


def _interruptions(facts: CallFacts) -> dict[str, Any]:
    found: dict[str, list[dict[str, int]]] = {}
    for overlap in facts.overlaps:
        if overlap.kind in INTERRUPTIONS:
            found.setdefault(_id(overlap.second), []).append(_offsets(overlap.span))
    every = [each for parts in found.values() for each in parts]
    return {
        "InterruptionsByInterrupter": found,
        "TotalCount": len(every),
        "TotalTimeMillis": sum(each["DurationMillis"] for each in every),
    }


def _non_talk(facts: CallFacts) -> dict[str, Any]:
    speech = union(*(party.speech for party in facts.speakers))
    quiet = [_offsets(span) for span in gaps(speech, Span(0.0, facts.audio.duration_s))]
    return {"TotalTimeMillis": sum(each["DurationMillis"] for each in quiet), "Instances": quiet}


def _speeds(facts: CallFacts) -> dict[str, dict[str, int]]:
    words: dict[str, int] = {}
    for turn in facts.turns:
        words[turn.speaker] = words.get(turn.speaker, 0) + len(turn.words)
    return {
        _id(party.speaker): {
            "AverageWordsPerMinute": round(60 * words[party.speaker] / party.talk_s)
        }
        for party in facts.speakers
        if words.get(party.speaker) and _ms(party.talk_s)
    }
