"""What a check returns, before points are put on it."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import msgspec

from pipeline.scorecard import Evidence, Outcome, Text

MAX_EVIDENCE = 8
"""Moments shown per finding; the worst or first ones."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one check; ``share`` of the points is won."""

    outcome: Outcome
    share: float
    reason: Text
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    evidence: tuple[Evidence, ...] = ()


def met(
    reason: Text,
    evidence: Iterable[Evidence] = (),
    *,
    value: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Verdict:
    """All points."""
    return judged(True, reason, evidence, value=value, low=low, high=high)


def missed(
    reason: Text,
    evidence: Iterable[Evidence] = (),
    *,
    share: float = 0.0,
    value: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Verdict:
    """``share`` of the points at most, below 1."""
    return judged(False, reason, evidence, share=share, value=value, low=low, high=high)


def not_measured(zh: str, en: str) -> Verdict:
    """The facts do not allow a verdict."""
    return Verdict("not_measured", 0.0, Text(zh=zh, en=en))


def not_applicable(zh: str, en: str) -> Verdict:
    """Nothing in this call called for it."""
    return Verdict("not_applicable", 0.0, Text(zh=zh, en=en))


def judged(  # noqa: PLR0913 - a number stands with its unit and its limits
    good: bool,
    reason: Text,
    evidence: Iterable[Evidence] = (),
    *,
    share: float = 0.0,
    value: float | None = None,
    low: float | None = None,
    high: float | None = None,
    unit: str | None = None,
) -> Verdict:
    """Met or missed; missed, ``share`` of the points is won.

    ``value`` is the number that decided, ``low`` and ``high`` the limits it was held against.
    """
    return Verdict(
        "met" if good else "missed",
        1.0 if good else min(1.0, max(0.0, share)),
        reason,
        None if value is None else _rounded(value),
        None if low is None else _limit(low),
        None if high is None else _limit(high),
        unit,
        tuple(evidence)[:MAX_EVIDENCE],
    )


def falling(beyond: float, slack: float) -> float:
    """Share of the points left so far beyond a limit: a straight line to 0 at ``slack``."""
    if beyond <= 0:
        return 1.0
    return max(0.0, 1 - beyond / slack) if slack > 0 else 0.0


def shown(value: float, digits: int, *, signed: bool = False) -> str:
    """A number for people; what rounds to zero has no sign."""
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if signed and rounded else ''}.{digits}f}"


def _rounded(value: float) -> float:
    return float(value) if isinstance(value, int) else round(value, 3) + 0.0


_limit = functools.lru_cache(maxsize=1024)(_rounded)  # a rubric's are the same in every call
