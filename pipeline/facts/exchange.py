"""What happens between the parties: pauses, overlaps, the floor, and how the time divides."""

from __future__ import annotations

from typing import Literal

from pipeline.timeline import Span
from pipeline.values import Value

OverlapKind = Literal[
    "backchannel",
    "terminal",
    "choral",
    "competitive-with-floor",
    "competitive-without-floor",
    "silent-interruption",
]
INTERRUPTIONS: frozenset[OverlapKind] = frozenset(
    {"competitive-with-floor", "competitive-without-floor", "silent-interruption"}
)
"""The kinds of overlap in which the second speaker went for the first one's floor."""


class Pause(Value, frozen=True, kw_only=True):
    """Silence inside one party's turn."""

    speaker: str
    span: Span


class Overlap(Value, frozen=True, kw_only=True):
    """Both parties at once, or one cutting in on the other without it."""

    span: Span
    first: str
    """Who held the floor."""
    second: str
    """Who came in."""
    kind: OverlapKind
    yielded: str | None = None
    """Who stopped; ``None`` where nobody did."""
    confidence: float = 1.0
    """How sure the kind is, 0 to 1."""


class FloorTransfer(Value, frozen=True, kw_only=True):
    """The floor passes from one party to the other (Heldner & Edlund 2010)."""

    from_speaker: str
    to_speaker: str
    at: float
    """When the new speaker starts."""
    offset_s: float
    """Positive: a gap, the response time. Negative: an overlap."""
    confidence: float = 1.0
    """How sure it is that two voices and not one are on its sides, 0 to 1."""


class Monologue(Value, frozen=True, kw_only=True):
    """A long stretch in which one party speaks and the other at most backchannels."""

    speaker: str
    span: Span


class Shares(Value, frozen=True, kw_only=True):
    """How the call's time divides, in seconds. ``talk`` + ``both`` + ``hold`` + ``silence`` is
    exactly the call's duration.
    """

    talk_s: dict[str, float]
    """Per speaker, alone."""
    both_s: float
    hold_s: float
    silence_s: float
