"""A voice as a vector that fits into a line of text: 256 numbers as base64 of signed bytes."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
"""Shape (dimensions,), of length 1."""

_FULL: Final = 127


def encoded(vector: Vector) -> str:
    """The vector as text; its length is lost, its direction is kept to half a degree."""
    scale = _FULL / max(float(np.abs(vector).max()), 1e-9)
    return base64.b64encode(np.round(vector * scale).astype(np.int8).tobytes()).decode("ascii")


def decoded(text: str) -> Vector:
    """The vector of a text, of length 1.

    Raises:
        ValueError: not such a text.
    """
    vector = np.frombuffer(base64.b64decode(text, validate=True), np.int8).astype(np.float32)
    length = float(np.linalg.norm(vector))
    if length == 0:
        raise ValueError("a voiceprint without a voice")
    return np.asarray(vector / length, np.float32)


def mean(prints: Sequence[str]) -> str | None:
    """The voice in the middle of several; ``None`` for none."""
    if not prints:
        return None
    return encoded(np.mean([decoded(each) for each in prints], axis=0))


def likeness(one: str, other: str) -> float | None:
    """Cosine of the angle between two voices, -1 to 1; ``None``: of different networks."""
    first, second = decoded(one), decoded(other)
    return float(first @ second) if len(first) == len(second) else None
