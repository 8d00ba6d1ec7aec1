"""The coaching summary in words: the same for the terminal and the page."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.report.phrasing import PAGE, number
from pipeline.scorecard import Coaching, Evidence, Finding, Points, Scorecard
from pipeline.standards import catalogue


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to talk about, in the report's language."""

    finding: Finding
    name: str
    lost: str
    reason: str
    moment: Evidence | None
    better: str | None
    asked: tuple[tuple[str, str], ...]
    """(training document, its words); for where there is no better sentence."""

    @property
    def critical(self) -> bool:
        """It failed the call."""
        return self.finding.severity == "critical"


def advice(scorecard: Scorecard, ui: str) -> list[Advice]:
    """What the scorecard says to talk about first, in its order."""
    findings = {finding.criterion: finding for finding in scorecard.findings}
    return [_worded(each, findings[each.criterion], ui) for each in scorecard.coaching]


def _worded(given: Coaching, finding: Finding, ui: str) -> Advice:
    return Advice(
        finding=finding,
        name=finding.name.of(ui),
        lost=lost(given.lost, ui),
        reason=finding.reason.of(ui),
        moment=given.moment,
        better=given.better,
        asked=asked(finding.standard, ui),
    )


def lost(points: Points, ui: str) -> str:
    """How many points, as a phrase."""
    return PAGE["lost_points"].of(ui).format(n=number(points.possible - points.won))


def asked(standard: str, ui: str) -> tuple[tuple[str, str], ...]:
    """What the training documents ask for in a row of the standard: (document, its words)."""
    every = catalogue()
    row = every.get(standard)
    if row is None:
        return ()
    return tuple((every.documents[key].of(ui), words) for key, words in row.quotes.items())
