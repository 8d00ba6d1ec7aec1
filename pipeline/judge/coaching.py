"""What to talk about with the agent first, and the moment to play while doing so."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.scorecard import Coaching, Evidence, Finding

MOST = 3
_WEIGHT = {"critical": 2, "pillar": 1, "normal": 0}


def coaching(findings: Sequence[Finding]) -> tuple[Coaching, ...]:
    """The costliest findings: critical ones first, then by points lost, then in rubric order."""
    lost = [each for each in findings if each.outcome == "missed" and each.cost > 0]
    return tuple(_advice(each) for each in sorted(lost, key=_cost, reverse=True)[:MOST])


def _cost(finding: Finding) -> tuple[int, float]:
    return _WEIGHT[finding.severity], finding.cost


def _advice(finding: Finding) -> Coaching:
    moment = _moment(finding.faults) or _moment(finding.evidence)
    return Coaching(
        criterion=finding.criterion,
        lost=finding.points,
        moment=moment,
        better=moment.rewrite if moment is not None else None,
    )


def _moment(evidence: Sequence[Evidence]) -> Evidence | None:
    """The first that counts, one with a better sentence before others."""
    heard = [each for each in evidence if each.counts and each.span is not None]
    return next((each for each in heard if each.rewrite), heard[0] if heard else None)
