"""The JSON Schema of ``qinhe.marks/1``, which review applications write."""

from __future__ import annotations

from typing import Any, Final

from pipeline.marks.rows import SCHEMA
from pipeline.store.marks import NOBODY, VERDICTS

_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 500}
_SCALE: Final = r"^-?\d+(\.\d+)?--?\d+(\.\d+)?(:\d+(\.\d+)?)?$"
_CELLS: Final[dict[str, Any]] = {
    "call_id": _TEXT | {"description": "the call's name in the store"},
    "criterion": _TEXT | {"description": "a criterion's id; left out: the whole call"},
    "rater": _TEXT
    | {
        "description": "who marked; may be left out where `--rater` says it",
        "not": {"enum": sorted(NOBODY)},
    },
    "start_s": {"type": "number", "minimum": 0, "description": "of the span, with end_s"},
    "end_s": {"type": "number", "minimum": 0},
    "note": {"type": "string"},
    "marked_at": {
        "type": "string",
        "format": "date-time",
        "description": "a moment without a zone is that of the machine that imports",
    },
}
"""What both kinds of mark have; `rows.CELLS` without value and scale."""
_VERDICT: Final[dict[str, Any]] = {"value": {"enum": list(VERDICTS)}}
_NUMBER: Final[dict[str, Any]] = {
    "value": {"type": "number"},
    "scale": {
        "type": "string",
        "pattern": _SCALE,
        "maxLength": 32,
        "description": "0-100, or 1-5:1 for whole numbers; may be left out where `--scale` says it",
    },
}


def marks_schema() -> dict[str, Any]:
    """The schema (2020-12): verdicts, and numbers on a scale."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Human marks: `qinhe marks import`, `qinhe marks export`",
        "type": "object",
        "properties": {
            "schema": {"const": SCHEMA},
            "marks": {"type": "array", "items": {"oneOf": [_kind(_VERDICT), _kind(_NUMBER)]}},
        },
        "required": ["schema", "marks"],
    }


def _kind(value: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": _CELLS | value,
        "required": ["call_id", "value"],
        "dependentRequired": {"start_s": ["end_s"], "end_s": ["start_s"]},
        "additionalProperties": False,
    }
