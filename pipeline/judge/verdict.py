"""What a check returns, before points are put on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pipeline.scorecard import Evidence, Outcome, Text

MAX_EVIDENCE = 8
"""Moments shown per finding; the worst or first ones."""


class Verdict(NamedTuple):
    """The outcome of one check; ``share`` of the points is won."""

    outcome: Outcome
    share: float
    reason: Text
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    evidence: tuple[Evidence, ...] = ()


def met(reason: Text, evidence: Iterable[Evidence] = (), **figures: float | str | None) -> Verdict:
    """All points."""
    return _verdict("met", 1.0, reason, evidence, figures)


def missed(
    reason: Text,
    evidence: Iterable[Evidence] = (),
    *,
    share: float = 0.0,
    **figures: float | str | None,
) -> Verdict:
    """``share`` of the points at most, below 1."""
    return _verdict("missed", min(1.0, max(0.0, share)), reason, evidence, figures)


def not_measured(zh: str, en: str) -> Verdict:
    """The facts do not allow a verdict."""
    return Verdict("not_measured", 0.0, Text(zh=zh, en=en))


def not_applicable(zh: str, en: str) -> Verdict:
    """Nothing in this call called for it."""
    return Verdict("not_applicable", 0.0, Text(zh=zh, en=en))


def judged(
    good: bool,
    reason: Text,
    evidence: Iterable[Evidence] = (),
    *,
    share: float = 0.0,
    **figures: float | str | None,
) -> Verdict:
    """Met or missed."""
    if good:
        return met(reason, evidence, **figures)
    return missed(reason, evidence, share=share, **figures)


def falling(beyond: float, slack: float) -> float:
    """Share of the points left so far beyond a limit: a straight line to 0 at ``slack``."""
    if beyond <= 0:
        return 1.0
    return max(0.0, 1 - beyond / slack) if slack > 0 else 0.0


def _verdict(
    outcome: Outcome,
    share: float,
    reason: Text,
    evidence: Iterable[Evidence],
    figures: dict[str, float | str | None],
) -> Verdict:
    moments = tuple(evidence)[:MAX_EVIDENCE]
    if not figures:
        return Verdict(outcome, share, reason, evidence=moments)
    known = figures.get
    value, low, high, unit = known("value"), known("low"), known("high"), known("unit")
    return Verdict(
        outcome,
        share,
        reason,
        None if value is None else _rounded(value),
        None if low is None else _rounded(low),
        None if high is None else _rounded(high),
        unit if isinstance(unit, str) else None,
        moments,
    )


def _rounded(value: float | str) -> float:
    return round(float(value), 3) + 0.0
