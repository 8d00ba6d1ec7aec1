"""vCon, the IETF's container for conversations (draft-ietf-vcon-vcon-core, syntax 0.4.0).

The recording is named by its hash; its sound is not inside. The transcript and the scorecard are
analyses of it. Who is the agent is said as the contact-centre extension does (`role`, draft-ietf-
vcon-cc-extension).
"""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from pipeline import __version__
from pipeline.facts import AGENT, CUSTOMER, CallFacts
from pipeline.scorecard import Scorecard

_SYNTAX: Final = "0.4.0"
_VENDOR: Final = "qinhe"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A call with what is known of it besides its sound.

    Attributes:
        started_at: when the call began; where nobody knows, when it was stored.
        agent: the agent's name.
        masked: whether numbers that identify people are masked in facts and scorecard.
    """

    facts: CallFacts
    scorecard: Scorecard | None
    started_at: datetime
    agent: str | None
    masked: bool


def vcon(conversation: Conversation) -> bytes:
    """The call as an unsigned vCon; the same call is the same bytes."""
    facts = conversation.facts
    start = conversation.started_at.isoformat(timespec="milliseconds")
    container: dict[str, Any] = {
        "vcon": _SYNTAX,
        "uuid": str(_uuid(facts, masked=conversation.masked)),
        "extensions": ["CC"],
        "created_at": start,
        "subject": facts.call_id,
        "parties": [_party(speaker.speaker, conversation.agent) for speaker in facts.speakers],
        "dialog": [_recording(facts, start)],
        "analysis": list(_analyses(conversation)),
    }
    if conversation.masked:
        whole = str(_uuid(facts, masked=False))
        container["redacted"] = {"uuid": whole, "type": "identifying numbers and addresses"}
    return msgspec.json.format(msgspec.json.encode(container), indent=1) + b"\n"


def _uuid(facts: CallFacts, *, masked: bool) -> uuid.UUID:
    """Version 8 (RFC 9562: bits of one's own making), from the recording's content."""
    name = f"vcon {facts.audio.sha256}{' masked' if masked else ''}"
    bits = bytearray(hashlib.sha256(name.encode()).digest()[:16])
    bits[6] = (bits[6] & 0x0F) | 0x80
    bits[8] = (bits[8] & 0x3F) | 0x80
    return uuid.UUID(bytes=bytes(bits))


def _party(speaker: str, agent: str | None) -> dict[str, str]:
    role = {"role": speaker} if speaker in (AGENT, CUSTOMER) else {}
    return {"name": agent if speaker == AGENT and agent else speaker, "type": "person", **role}


def _recording(facts: CallFacts, start: str) -> dict[str, Any]:
    known = re.fullmatch("[0-9a-f]{64}", facts.audio.sha256) is not None
    raw = bytes.fromhex(facts.audio.sha256) if known else b""
    hashed = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    channels = [party.channel for party in facts.speakers]
    return {
        "type": "recording",
        "start": start,
        "duration": facts.audio.duration_s,
        "parties": [channels.index(channel) for channel in sorted(set(channels))],
        "originator": 0,
        "mediatype": mimetypes.guess_type(facts.audio.name)[0] or "application/octet-stream",
        "filename": facts.audio.name,
        "content_hash": f"sha256-{hashed}",
    }


def _analyses(conversation: Conversation) -> Any:
    facts = conversation.facts
    common = {"dialog": 0, "vendor": _VENDOR, "product": f"qinhe {__version__}"}
    if facts.transcript is not None:
        yield {
            "type": "transcript",
            **common,
            "mediatype": "application/json",
            "encoding": "json",
            "body": [_turn(turn) for turn in facts.turns if turn.words],
        }
    if conversation.scorecard is not None:
        yield {
            "type": "report",
            **common,
            "schema": conversation.scorecard.schema,
            "mediatype": "application/json",
            "encoding": "json",
            "body": msgspec.to_builtins(conversation.scorecard),
        }


def _turn(turn: Any) -> dict[str, Any]:
    return {
        "speaker": turn.speaker,
        "start": turn.span.start,
        "end": turn.span.end,
        "text": turn.text,
        "words": [
            {"text": word.text, "start": word.span.start, "end": word.span.end}
            for word in turn.words
        ],
    }
