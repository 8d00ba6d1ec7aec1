"""The unsigned form of a vCon as a JSON Schema, written from draft-ietf-vcon-vcon-core-03.

What the draft calls MUST is required here; of what it calls SHOULD, the kinds of party and
analysis. Any object may have more parameters (section 2.5).
"""

from typing import Any

_INDEX = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_DATE = {  # section 2.2: RFC 3339
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}
_UUID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
_HASH = {"type": "string", "pattern": "^sha(256|384|512)-[A-Za-z0-9_-]+$"}
_HASHES = {"anyOf": [_HASH, {"type": "array", "items": _HASH}]}
_MEDIA = {"type": "string", "pattern": "^[a-z]+/[A-Za-z0-9.+-]+$"}
_CONTENT: dict[str, Any] = {
    "properties": {
        "mediatype": _MEDIA,
        "filename": _TEXT,
        "encoding": {"enum": ["json", "none", "base64url"]},
        "url": {"type": "string", "pattern": "^https://"},
        "content_hash": _HASHES,
    },
    "dependentRequired": {  # sections 2.3 and 2.4
        "body": ["encoding", "mediatype"],
        "encoding": ["body"],
        "url": ["content_hash"],
    },
    "if": {"required": ["encoding"], "properties": {"encoding": {"not": {"const": "json"}}}},
    "then": {"properties": {"body": _TEXT}},
}
_PARTY = {  # section 4.2
    "type": "object",
    "properties": {
        **dict.fromkeys(("tel", "sip", "stir", "mailto", "name", "did", "validation"), _TEXT),
        **dict.fromkeys(("gmlpos", "uuid", "org", "dept"), _TEXT),
        "type": {"enum": ["person", "bot", "organization"]},
        # draft-ietf-vcon-cc-extension
        "role": {"enum": ["agent", "customer", "supervisor", "sme", "thirdparty"]},
    },
}
_DIALOG = {  # section 4.3
    "type": "object",
    "required": ["type", "start"],
    **_CONTENT,
    "properties": {
        **_CONTENT["properties"],
        "type": {"enum": ["recording", "text", "recording-set", "transfer", "incomplete"]},
        "start": _DATE,
        "duration": {"type": "number", "minimum": 0},
        "parties": {
            "anyOf": [
                _INDEX,
                {
                    "type": "array",
                    "items": {
                        "anyOf": [_INDEX, {"type": "array", "items": _INDEX}, {"type": "null"}]
                    },
                },
            ]
        },
        "originator": _INDEX,
    },
}
_ANALYSIS = {  # section 4.5
    "type": "object",
    "required": ["type", "vendor"],
    **_CONTENT,
    "properties": {
        **_CONTENT["properties"],
        "type": {"enum": ["report", "sentiment", "summary", "transcript", "translation", "tts"]},
        "dialog": {"anyOf": [_INDEX, {"type": "array", "items": _INDEX}]},
        **dict.fromkeys(("vendor", "product", "schema"), _TEXT),
    },
}
VCON: dict[str, Any] = {  # section 4
    "type": "object",
    "required": ["uuid", "created_at"],
    "properties": {
        "vcon": {"const": "0.4.0"},
        "uuid": _UUID,
        "extensions": {"type": "array", "items": _TEXT},
        "critical": {"type": "array", "items": _TEXT},
        "created_at": _DATE,
        "updated_at": _DATE,
        "subject": _TEXT,
        "redacted": {
            "type": "object",
            "required": ["type"],
            "properties": {"uuid": _UUID, "type": _TEXT, "content_hash": _HASHES},
            "dependentRequired": {"url": ["content_hash"]},
        },
        "parties": {"type": "array", "items": _PARTY},
        "dialog": {"type": "array", "items": _DIALOG},
        "analysis": {"type": "array", "items": _ANALYSIS},
    },
    "not": {"required": ["redacted", "amended"]},  # the one or the other
}
