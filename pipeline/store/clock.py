"""The time of day, for what people read; nothing is ever decided by it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The moment of asking, in UTC."""
    return datetime.now(UTC)
