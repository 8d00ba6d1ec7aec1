"""What we concluded: findings with their evidence, and the marks they add up to.

A scorecard names its rubric and its facts by hash, so it can be made again bit by bit. Points and
possible points travel together (`Points`), so that pillars, calls, agents and teams add up; a
finding that was not measured, or does not apply, has 0 possible points and changes no ratio.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from pipeline.errors import FactsError
from pipeline.timeline import Span
from pipeline.values import Value

SCHEMA: Final = "qinhe.scorecard/1"

Outcome = Literal["met", "missed", "not_measured", "not_applicable"]
Severity = Literal["normal", "pillar", "critical"]
"""``pillar``: a miss takes the whole pillar. ``critical``: a miss fails the call (100-1=0)."""


class Text(Value, frozen=True, kw_only=True):
    """A text for people, in both languages of the user interface."""

    zh: str
    en: str

    def of(self, ui: str) -> str:
        """The text in ``ui`` ("zh" or "en")."""
        return self.en if ui == "en" else self.zh


class Points(Value, frozen=True, kw_only=True):
    """Points won out of points possible.

    Points add; percentages do not, so the only way to a percentage is `percent` of a sum.
    """

    won: float = 0.0
    possible: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.won <= self.possible:
            raise ValueError(f"points must lie in 0 to possible: {self.won} of {self.possible}")

    def __add__(self, other: Points) -> Points:
        return Points(won=self.won + other.won, possible=self.possible + other.possible)

    @property
    def percent(self) -> float | None:
        """0 to 100; ``None`` where nothing was possible."""
        return 100 * self.won / self.possible if self.possible else None

    @staticmethod
    def sum(points: Iterable[Points]) -> Points:
        """The sum, exact whatever the order (`math.fsum`)."""
        every = tuple(points)
        possible = math.fsum([part.possible for part in every])
        won = math.fsum([part.won for part in every])
        return Points(won=min(won, possible), possible=possible)


class Evidence(Value, frozen=True, kw_only=True):
    """One moment that a finding rests on."""

    span: Span | None = None
    """``None``: the whole call."""
    speaker: str | None = None
    words: str | None = None
    """What was said there, as transcribed."""
    phrase: str | None = None
    """The rubric's phrase that it was taken for."""
    similarity: float | None = None
    """How like the phrase the words are, 0 to 1."""
    value: float | None = None
    limit: float | None = None
    unit: str | None = None
    counts: bool = True
    """False: a hit shown but not counted, for example because the sound does not support it."""
    note: Text | None = None
    rewrite: str | None = None
    """The better sentence, where the standard has one."""


_ASKS_FOR_WORDS: Final = frozenset({"say", "answer", "steps", "restate"})
"""Kinds of criterion that look for words which should be said."""


class Finding(Value, frozen=True, kw_only=True):
    """The verdict on one criterion."""

    criterion: str
    standard: str
    """Id of the row in the catalogue of standards (V01, T01, P05, F04 …)."""
    pillar: str
    name: Text
    outcome: Outcome
    severity: Severity = "normal"
    kind: str | None = None
    """How it was judged: the criterion's kind in the rubric (``measure``, ``say`` …)."""
    measure: str | None = None
    """What was held against limits, by the rubric's name: a number (``speech-rate`` …) or events
    that were counted (``interruption`` …)."""
    value: float | None = None
    """What was measured."""
    low: float | None = None
    high: float | None = None
    """The limits that ``value`` was held against."""
    unit: str | None = None
    points: Points = Points()
    evidence: tuple[Evidence, ...] = ()
    reason: Text
    """The verdict in a sentence; for ``not_measured`` and ``not_applicable``: why."""

    @property
    def cost(self) -> float:
        """Points lost on it."""
        return self.points.possible - self.points.won

    @property
    def costly(self) -> bool:
        """Points were lost on it, or the whole call."""
        return self.outcome == "missed" and (self.cost > 0 or self.severity == "critical")

    @property
    def faults(self) -> tuple[Evidence, ...]:
        """The moments that count against a missed finding.

        Where words were asked for, those that were said are shown as evidence, and are no faults.
        """
        if self.outcome != "missed":
            return ()
        asked = self.kind in _ASKS_FOR_WORDS
        return tuple(each for each in self.evidence if each.counts and not (asked and each.phrase))


class PillarMark(Value, frozen=True, kw_only=True):
    """One pillar's sum."""

    pillar: str
    name: Text
    points: Points
    failed: bool = False
    """A finding of severity ``pillar`` or ``critical`` was missed in it."""


class Coaching(Value, frozen=True, kw_only=True):
    """One thing to talk about with the agent, enough to read out and to play."""

    criterion: str
    """The finding's; its name and reason stand there."""
    lost: Points
    """The finding's points: what was won of what was possible."""
    moment: Evidence | None = None
    """The moment to play; ``None``: the whole call."""
    better: str | None = None
    """The better sentence, where the standard has one."""


class Axis(Value, frozen=True, kw_only=True):
    """One axis of the affinity radar (K05): a pillar's rows of one family of the standard."""

    pillar: str
    family: str
    """The letter that the rows' ids begin with: V, T, P, F, C."""
    name: Text
    standards: tuple[str, ...]
    """The rows that stand behind it."""
    outcome: Outcome
    """``met`` or ``missed`` where there is a mark; otherwise why there is none."""
    points: Points
    mark: float | None
    """On the standard's scale of 3.5 to 5.5; ``None``: nothing on it was measured."""


class RubricRef(Value, frozen=True, kw_only=True):
    """Which rubric, exactly."""

    id: str
    version: int
    sha256: str
    lexicon_sha256: str | None = None
    """Which phrase lists, exactly."""
    name: Text


class Scorecard(Value, frozen=True, kw_only=True):
    """The marks of one call.

    ``mark`` is 0 to 100; 0 where ``failed``; ``None`` where nothing could be measured.
    """

    schema: Literal["qinhe.scorecard/1"] = SCHEMA
    call_id: str
    facts_sha256: str
    rubric: RubricRef
    mark: float | None
    points: Points
    failed: bool = False
    """A critical finding was missed: one fault spoils the call (100-1=0)."""
    pillars: tuple[PillarMark, ...]
    findings: tuple[Finding, ...]
    """In the rubric's order."""
    coaching: tuple[Coaching, ...] = ()
    """What to talk about first: the costliest findings, at most three."""
    radar: tuple[Axis, ...] = ()
    """The affinity radar, pillar by pillar."""
    demonstration: bool = False
    """The words came from the demonstration model; do not judge real people by them."""


def decode(data: bytes, source: str | Path) -> Scorecard:
    """A scorecard from its stored form.

    Raises:
        FactsError: not JSON, another schema, or fields that do not fit.
    """
    try:
        return msgspec.json.decode(data, type=Scorecard)
    except (msgspec.DecodeError, ValueError) as error:  # a ValidationError is a DecodeError
        raise FactsError(
            source,
            expected=f"a scorecard as JSON (schema {SCHEMA})",
            found=f"something else ({error})",
            remedy="score the call again with this version of qinhe",
        ) from None
