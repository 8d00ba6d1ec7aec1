"""The JSON Schemas of what Qinhe reads and writes, as published under ``docs/schemas``."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import msgspec

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TITLES: Final = {
    "facts": "What happened in a call: `qinhe measure`",
    "scorecard": "What was concluded: `qinhe judge`",
    "agreement": "How well people and the system agree: `qinhe agree --json`",
    "tuning": "What thresholds serve marks best: `qinhe tune --out`",
    "points": "What points serve marks best: `qinhe tune --points --out`",
}
NAMES: Final = ("facts", "scorecard", "transcript", "marks", "agreement", "tuning", "points")


def schema(name: str) -> dict[str, Any]:
    """The schema (2020-12) of ``name``, one of `NAMES`."""
    if name == "transcript":
        from pipeline.measure.imports import transcript_schema

        return transcript_schema()
    if name == "marks":
        from pipeline.marks.schema import marks_schema

        return marks_schema()
    return {"$schema": _DIALECT, "title": _TITLES[name], **msgspec.json.schema(_kind(name))}


_KINDS: Final = {
    "facts": ("pipeline.facts", "CallFacts"),
    "scorecard": ("pipeline.scorecard", "Scorecard"),
    "agreement": ("pipeline.agreement.report", "Agreement"),
    "tuning": ("pipeline.tune.tuning", "Tuned"),
    "points": ("pipeline.tune.pointing", "Pointed"),
}


def _kind(name: str) -> type[msgspec.Struct]:
    """What is written under a name; only that is loaded: some come with much arithmetic."""
    module, kind = _KINDS[name]
    found: type[msgspec.Struct] = getattr(import_module(module), kind)
    return found


def encoded(name: str) -> bytes:
    """The schema as its file's bytes."""
    plain = msgspec.json.encode(schema(name), order="deterministic")
    return msgspec.json.format(plain, indent=1) + b"\n"
