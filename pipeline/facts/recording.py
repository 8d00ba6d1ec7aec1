"""What the recording is like, and what it rules out."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from pipeline.timeline import FARTHEST_S, Span
from pipeline.values import Value

AGENT = "agent"
CUSTOMER = "customer"
MIXED = "mixed"
"""The speaker's name where one channel holds both parties and they were not told apart."""

Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=FARTHEST_S)]
"""A length of time; one of which no recording is long is damage."""
Layout = Literal["stereo", "two-files", "mono", "dual-mono"]


class NotMeasured(Value, frozen=True, kw_only=True):
    """A measure that this recording, or this stretch of it, does not allow, and why."""

    measure: str
    reason: str


class Provenance(Value, frozen=True, kw_only=True):
    """Where a part of the facts came from; together the key under which its stage is cached."""

    stage: str
    version: str
    settings_sha256: str
    model: str | None = None
    model_sha256: str | None = None


class Quality(Value, frozen=True, kw_only=True):
    """What one channel sounds like technically, and what that rules out."""

    channel: int
    silent: bool
    """Digital silence, or nothing above the noise of the coder."""
    clipped_share: float
    """Share of samples in runs at full scale, 0 to 1."""
    dc_offset: float
    """Mean sample, full scale = 1."""
    bandwidth_hz: float | None
    """Highest frequency that carries sound."""
    noise_dbov: float | None
    snr_db: float | None
    """Active speech level over noise floor."""
    coding: str | None
    """What the sound itself betrays of the codecs it went through ("8-bit log PCM" …)."""
    clipped: tuple[Span, ...] = ()
    """Where, runs within half a second of each other joined."""
    dropouts: tuple[Span, ...] = ()
    """Digital zeros inside speech."""
    gain_pumping_db: float | None = None
    """How far the noise floor swims within pauses (automatic gain control)."""
    not_measured: tuple[NotMeasured, ...] = ()


class AudioFacts(Value, frozen=True, kw_only=True):
    """The recording as a file."""

    name: str
    sha256: str
    duration_s: Seconds
    rate_hz: int
    layout: Layout
    format: str
    """Container and coding, for people ("WAV, µ-law")."""
    quality: tuple[Quality, ...]
    """One per channel."""
    notes: tuple[str, ...] = ()
    """What is odd about the file without making it unusable ("the file ends early" …)."""


class Tone(Value, frozen=True, kw_only=True):
    """A signal that is neither speech nor music."""

    span: Span
    channel: int
    kind: Literal["ringback", "busy", "dtmf", "beep"]


class Hold(Value, frozen=True, kw_only=True):
    """A stretch in which the customer waits."""

    span: Span
    kind: Literal["music", "silence", "ringback"]
    channel: int | None = None
    """Where the music was heard; ``None`` for silence on both sides."""
