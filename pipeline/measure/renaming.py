"""Facts with their voices under other names: nothing in them but names depends on who is who."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from pipeline.facts import CallFacts, Shares

V = TypeVar("V", bound=msgspec.Struct)

_NAMES: Final = ("speaker", "first", "second", "yielded", "from_speaker", "to_speaker")
"""Fields that name a voice, wherever they stand."""
_PARTS: Final = (
    "speakers",
    "turns",
    "pauses",
    "overlaps",
    "transfers",
    "monologues",
    "bursts",
    "drawls",
    "fillers",
)


def renamed(facts: CallFacts, names: Mapping[str, str]) -> CallFacts:
    """The same facts with voices renamed: old name -> new name, others keep theirs."""
    changed: dict[str, Any] = {
        part: tuple(_renamed(each, names) for each in getattr(facts, part)) for part in _PARTS
    }
    talk_s = {names.get(name, name): value for name, value in facts.shares.talk_s.items()}
    changed["shares"] = Shares(
        talk_s=talk_s,
        both_s=facts.shares.both_s,
        hold_s=facts.shares.hold_s,
        silence_s=facts.shares.silence_s,
    )
    if facts.transcript is not None:
        refused = tuple(_renamed(text, names) for text in facts.transcript.refused)
        changed["transcript"] = msgspec.structs.replace(facts.transcript, refused=refused)
    return msgspec.structs.replace(facts, **changed)


def _renamed(value: V, names: Mapping[str, str]) -> V:
    fields = {
        field: names[name]
        for field in _NAMES
        if (name := getattr(value, field, None)) in names and name is not None
    }
    return msgspec.structs.replace(value, **fields) if fields else value
