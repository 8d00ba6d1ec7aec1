"""What only many calls show: the K rows of the standard, from scorecards and durations.

Pure functions over what is stored; ratios are made from sums, never from means of ratios.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pipeline.scorecard import Axis, Finding, Outcome, Points, Scorecard, Text

HANDLING_S = (240.0, 360.0)
"""K01: four to six minutes."""
RESOLUTION = (0.75, 0.85)
"""K02."""
SATISFACTION = 0.9
"""K03: over 90 %."""
PROFILE = (3.5, 5.5)
"""K05: the scale of the affinity profile."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure over many calls."""

    standard: str
    value: float | None
    """``None``: no call allowed it."""
    low: float | None = None
    high: float | None = None
    unit: str = ""
    calls: int
    """How many calls it rests on."""

    @property
    def met(self) -> bool | None:
        """Within its limits; ``None`` where there is no value."""
        if self.value is None:
            return None
        over = self.high is not None and self.value > self.high
        return not over and not (self.low is not None and self.value < self.low)


def handling_time(durations_s: Sequence[float]) -> Figure:
    """K01: the mean duration of the calls, in seconds."""
    mean = math.fsum(durations_s) / len(durations_s) if durations_s else None
    low, high = HANDLING_S
    return Figure(standard="K01", value=mean, low=low, high=high, unit="s", calls=len(durations_s))


def first_call_resolution(cards: Iterable[Scorecard]) -> Figure:
    """K02: the share of calls in which the customer does not come back with the same matter."""
    return _share("K02", cards, "C04", low=RESOLUTION[0])


def satisfaction(cards: Iterable[Scorecard]) -> Figure:
    """K03: the share of calls at whose end the customer's mood has not sunk (an estimate)."""
    return _share("K03", cards, "C05", low=SATISFACTION)


def spoilt(cards: Iterable[Scorecard]) -> Figure:
    """K04: the share of calls that one critical fault has spoilt (100-1=0)."""
    every = tuple(cards)
    value = sum(card.failed for card in every) / len(every) if every else None
    return Figure(standard="K04", value=value, high=0.0, calls=len(every))


def _share(standard: str, cards: Iterable[Scorecard], row: str, low: float) -> Figure:
    outcomes = [
        finding.outcome == "met"
        for card in cards
        for finding in card.findings
        if finding.standard == row and finding.outcome in ("met", "missed")
    ]
    value = sum(outcomes) / len(outcomes) if outcomes else None
    return Figure(standard=standard, value=value, low=low, calls=len(outcomes))


class Spoke(msgspec.Struct, frozen=True, kw_only=True):
    """One spoke of the affinity radar (K05)."""

    standard: str
    name: Text
    points: Points
    mark: float | None
    """On the scale of 3.5 to 5.5; ``None``: never measured."""


def profile(cards: Iterable[Scorecard]) -> tuple[Spoke, ...]:
    """K05: per row of the standard that carries points, its mark over all the calls."""
    found: dict[str, list[Finding]] = {}
    for card in cards:
        for finding in card.findings:
            found.setdefault(finding.standard, []).append(finding)
    return tuple(
        Spoke(standard=row, name=every[0].name, points=points, mark=profile_mark(points))
        for row, every in sorted(found.items())
        if (points := Points.sum(each.points for each in every)).possible > 0
    )


FAMILIES: dict[str, Text] = {
    "V": Text(zh="语音语调", en="Voice"),
    "T": Text(zh="倾听与应答", en="Turn-taking"),
    "P": Text(zh="服务用语", en="Wording"),
    "F": Text(zh="避免忌语", en="No taboos"),
    "C": Text(zh="客户感受", en="Customer"),
}
"""The families of the standard's rows, by the letter that their ids begin with."""


def radar(findings: Sequence[Finding], pillars: Iterable[str]) -> tuple[Axis, ...]:
    """K05 as few enough axes for a picture: each pillar's findings by family of the standard.

    Pillar by pillar, in the order given.

    An axis whose criteria carry no points at all (what is only observed) is left out; one whose
    criteria could not be measured, or did not apply, stays, without a mark.
    """
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.pillar, finding.standard[:1]), []).append(finding)
    return tuple(
        axis
        for pillar in pillars
        for family in FAMILIES
        if (axis := _axis(pillar, family, groups.get((pillar, family), ()))) is not None
    )


def _axis(pillar: str, family: str, findings: Sequence[Finding]) -> Axis | None:
    if not findings:
        return None
    judged = [each.points for each in findings if each.outcome in ("met", "missed")]
    points = Points.sum(judged)
    if len(judged) == len(findings) and not points.possible:
        return None
    return Axis(
        pillar=pillar,
        family=family,
        name=FAMILIES[family],
        standards=tuple(dict.fromkeys([each.standard for each in findings])),
        outcome=_together(findings, points),
        points=points,
        mark=None if (mark := profile_mark(points)) is None else round(mark, 3),
    )


def _together(findings: Sequence[Finding], points: Points) -> Outcome:
    if points.possible:
        return "met" if points.won == points.possible else "missed"
    unheard = any(each.outcome == "not_measured" for each in findings)
    return "not_measured" if unheard else "not_applicable"


def profile_mark(points: Points) -> float | None:
    """A ratio of points on the profile's scale."""
    if points.percent is None:
        return None
    low, high = PROFILE
    return low + (high - low) * points.percent / 100


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """K06: marks given here against marks given by people."""

    calls: int
    bias: float | None
    """Mean of ours less theirs, in points of 100."""
    mean_error: float | None
    """Mean absolute difference."""


def calibration(pairs: Iterable[tuple[float, float]]) -> Calibration:
    """Our mark and the person's, call by call."""
    differences = [ours - theirs for ours, theirs in pairs]
    if not differences:
        return Calibration(calls=0, bias=None, mean_error=None)
    count = len(differences)
    return Calibration(
        calls=count,
        bias=math.fsum(differences) / count,
        mean_error=math.fsum(abs(each) for each in differences) / count,
    )


def recurring(cards: Iterable[Scorecard], least_calls: int = 2) -> tuple[tuple[str, int], ...]:
    """K07: criteria missed in several calls, the most frequent first: causes to cure."""
    counts = Counter(
        criterion for card in cards for criterion in {each.criterion for each in _missed(card)}
    )
    return tuple(
        sorted(
            ((criterion, count) for criterion, count in counts.items() if count >= least_calls),
            key=lambda each: (-each[1], each[0]),
        )
    )


def _missed(card: Scorecard) -> list[Finding]:
    return [each for each in card.findings if each.outcome == "missed"]


def voice_and_words(card: Scorecard, sides: Mapping[str, str]) -> dict[str, Points]:
    """K08: a call's points for the voice and for the words.

    Args:
        card: the call.
        sides: "voice" or "words" by row of the standard (`pipeline.rubric.reading.side_of`).
    """
    sums: dict[str, list[Points]] = {"voice": [], "words": []}
    for finding in card.findings:
        sums[sides[finding.standard]].append(finding.points)
    return {side: Points.sum(parts) for side, parts in sums.items()}
