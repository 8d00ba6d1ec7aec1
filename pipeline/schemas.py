"""The JSON Schemas of what Qinhe reads and writes, as published under ``docs/schemas``."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from pipeline.facts import CallFacts
from pipeline.measure.imports import transcript_schema
from pipeline.scorecard import Scorecard

NAMES: Final = ("facts", "scorecard", "transcript")
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TITLES: Final = {
    "facts": (CallFacts, "What happened in a call: `qinhe measure`"),
    "scorecard": (Scorecard, "What was concluded: `qinhe judge`"),
}


def schema(name: str) -> dict[str, Any]:
    """The schema (2020-12) of ``name``, one of `NAMES`."""
    if name == "transcript":
        return transcript_schema()
    kind, title = _TITLES[name]
    return {"$schema": _DIALECT, "title": title, **msgspec.json.schema(kind)}


def encoded(name: str) -> bytes:
    """The schema as its file's bytes."""
    plain = msgspec.json.encode(schema(name), order="deterministic")
    return msgspec.json.format(plain, indent=1) + b"\n"
