"""What raters said of calls, made one verdict a call; what is wrong with marks is named."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal

from pipeline.store.marks import Mark, Scale
from pipeline.values import Value

Rule = Literal["majority", "weighted"]
"""``majority``: one rater, one vote. ``weighted``: a rater's vote counts as much as the rater
agrees with the others. A tie is no verdict under either."""
LEAST_RATERS_TO_WEIGH: Final = 3

ProblemKind = Literal[
    "not-stored",
    "outside-the-scale",
    "twice",
    "mixed-scales",
    "numbers",
    "other-criterion",
    "too-few-raters",
]


class Problem(Value, frozen=True, kw_only=True):
    """Something that keeps a criterion's marks from being used."""

    kind: ProblemKind
    criterion: str | None
    """``None``: overall marks."""
    found: str


class Truth(Value, frozen=True, kw_only=True):
    """What people together say of one criterion.

    Attributes:
        missed: call -> whether it was missed.
        raters: rater -> how many of the calls that rater marked.
        weights: rater -> the weight of a vote.
        ties: calls on which the votes were even; they are left out.
        not_applicable: calls of which most said that it does not apply; left out too.
        split: calls on which the raters were not of one mind, ties among them.
    """

    criterion: str
    rule: Rule
    missed: Mapping[str, bool]
    raters: Mapping[str, int]
    weights: Mapping[str, float]
    ties: int = 0
    not_applicable: int = 0
    split: int = 0


def problems(
    marks: Iterable[Mark], stored: Collection[str], criteria: Collection[str]
) -> tuple[Problem, ...]:
    """What is wrong with marks, criterion by criterion; nothing is guessed or mended.

    Args:
        marks: of any calls and criteria.
        stored: names of the calls that have facts.
        criteria: of the rubric.
    """
    by_criterion: dict[str | None, list[Mark]] = defaultdict(list)
    for mark in marks:
        by_criterion[mark.criterion].append(mark)
    found: list[Problem] = []
    for criterion, own in by_criterion.items():
        if criterion is not None and criterion not in criteria:
            text = f"{len(own)} marks on {criterion!r}, which the rubric does not have"
            found.append(Problem(kind="other-criterion", criterion=criterion, found=text))
        else:
            found += _problems_of(criterion, own, frozenset(stored))
    return tuple(found)


def _problems_of(
    criterion: str | None, marks: Sequence[Mark], stored: frozenset[str]
) -> Iterable[Problem]:
    missing = sorted({mark.call_id for mark in marks} - stored)
    if missing:
        text = f"{len(missing)} calls that are not stored, such as {missing[0]!r}"
        yield Problem(kind="not-stored", criterion=criterion, found=text)
    twice = [about for about, count in Counter(mark.about for mark in marks).items() if count > 1]
    if twice:
        call, _, rater = twice[0]
        text = f"{len(twice)} times two marks by one rater, such as {rater!r} on {call!r}"
        yield Problem(kind="twice", criterion=criterion, found=text)
    yield from _scale_problems(criterion, marks)


def _scale_problems(criterion: str | None, marks: Sequence[Mark]) -> Iterable[Problem]:
    scales = sorted({mark.scale or "verdicts" for mark in marks})
    outside = [mark for mark in marks if _outside(mark)]
    if outside:
        text = f"{len(outside)} marks outside their scale, such as {outside[0].value!r}"
        yield Problem(kind="outside-the-scale", criterion=criterion, found=text)
    if len(scales) > 1:
        text = f"marks on different scales: {', '.join(scales)}"
        yield Problem(kind="mixed-scales", criterion=criterion, found=text)
    elif criterion is not None and scales != ["verdicts"]:
        text = f"numbers ({scales[0]}) where met or missed is asked for"
        yield Problem(kind="numbers", criterion=criterion, found=text)


def _outside(mark: Mark) -> bool:
    number = mark.number
    if number is None or mark.scale is None:
        return False
    return not math.isfinite(number) or number not in Scale.parse(mark.scale)


def truth_of(criterion: str, marks: Iterable[Mark], rule: Rule = "majority") -> Truth:
    """One verdict a call, of marks that have no `problems`.

    A call counts as not applicable where more votes say so than say anything else.
    """
    own = [mark for mark in marks if mark.criterion == criterion and mark.verdict is not None]
    by_call: dict[str, dict[str, str]] = defaultdict(dict)
    for mark in own:
        by_call[mark.call_id][mark.rater] = str(mark.verdict)
    raters = Counter(mark.rater for mark in own)
    weights = _weights(by_call, raters) if rule == "weighted" else dict.fromkeys(raters, 1.0)
    decided = {call: _winner(votes, weights) for call, votes in sorted(by_call.items())}
    return Truth(
        criterion=criterion,
        rule=rule,
        missed={c: won == "missed" for c, won in decided.items() if won in ("met", "missed")},
        raters=dict(sorted(raters.items())),
        weights=dict(sorted(weights.items())),
        ties=sum(won is None for won in decided.values()),
        not_applicable=sum(won == "not_applicable" for won in decided.values()),
        split=sum(len(set(votes.values())) > 1 for votes in by_call.values()),
    )


def _winner(votes: Mapping[str, str], weights: Mapping[str, float]) -> str | None:
    sums: dict[str, float] = defaultdict(float)
    for rater, verdict in votes.items():
        sums[verdict] += weights[rater]
    ranked = sorted(sums.items(), key=lambda each: -each[1])
    if ranked[0][1] <= 0 or (len(ranked) > 1 and math.isclose(ranked[0][1], ranked[1][1])):
        return None
    return ranked[0][0]


def _weights(by_call: Mapping[str, Mapping[str, str]], raters: Iterable[str]) -> dict[str, float]:
    """Log odds of being right, where being right is to agree with what the votes come to.

    A vote of a rater who is right with probability p counts log(p / (1 - p)) (Nitzan & Paroush
    1982); what is right and who is right are found in turns (Dawid & Skene 1979), from the majority
    on. Only calls of several raters tell. One agreement and one disagreement are added, so that
    nobody counts without bound, and nobody counts less than nothing.
    """
    shared = [votes for votes in by_call.values() if len(votes) > 1]
    weights = dict.fromkeys(raters, 1.0)
    for _ in range(_ROUNDS):
        won = [_winner(votes, weights) for votes in shared]
        known = [(votes, right) for votes, right in zip(shared, won, strict=True) if right]
        before, weights = weights, {rater: _log_odds(rater, known) for rater in weights}
        if weights == before:
            break
    return weights


_ROUNDS: Final = 20


def _log_odds(rater: str, known: Iterable[tuple[Mapping[str, str], str]]) -> float:
    told = [votes[rater] == right for votes, right in known if rater in votes]
    return max(0.0, math.log((1 + sum(told)) / (1 + len(told) - sum(told))))
