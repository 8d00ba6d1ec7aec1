"""What every stage's settings have."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every stage's settings."""

    def sha256(self) -> str:
        """Names these settings: part of a stage's cache key and of its provenance."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


def sha256_of(value: Any) -> str:
    """SHA-256 of any value that `msgspec` can encode, independent of key order."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
