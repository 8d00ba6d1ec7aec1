"""Numbers of different criteria that belong together keep the order in which they stand.

Where two criteria ask the same of a call and differ in their numbers only (a limit, and a wider one
whose miss is grave), the one that is stricter now stays so; and every low limit on a measure stays
below every high one. Criteria are fitted one by one, so what comes out is held against these orders
and, where it breaks one, fitted again between bounds.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from pipeline.rubric import Rubric, kinds
from pipeline.rubric.kinds import AnyCriterion
from pipeline.scorecard import Text
from pipeline.tune.fit import Fit
from pipeline.tune.knobs import Knob, knobs_of, turned, value_of
from pipeline.tune.space import Bounds

Refit = Callable[[str, Bounds], Fit]
"""Fits a criterion again between bounds."""
_NOBODY: Final = Text(zh="", en="")


@dataclass(frozen=True, slots=True)
class Order:
    """The number of one knob is to stay at or below that of another."""

    lower: Knob
    upper: Knob


def orders_of(rubric: Rubric) -> tuple[Order, ...]:
    """What has to stay in order between criteria; what is not so now is not asked for."""
    asked = {each.id: _asked(each) for each in rubric.criteria}
    found: list[Order] = []
    for one, other in itertools.combinations(rubric.criteria, 2):
        if asked[one.id] == asked[other.id]:
            found += _between(one, other)
    return tuple(found)


def _asked(criterion: AnyCriterion) -> AnyCriterion:
    """What a criterion asks of a call, its numbers left out."""
    plain: Any = turned(criterion, {knob.key: 0.0 for knob in knobs_of(criterion)})
    same: dict[str, Any] = {
        "id": "", "standard": "", "pillar": "", "name": _NOBODY, "points": 0.0,
        "severity": "normal", "slack": 0.0, "low": None, "high": None,
    }  # fmt: skip
    fields = plain.__struct_fields__
    bare: AnyCriterion = msgspec.structs.replace(
        plain, **{key: value for key, value in same.items() if key in fields}
    )
    return bare


def _between(one: AnyCriterion, other: AnyCriterion) -> Iterator[Order]:
    own, theirs = ({knob.key: knob for knob in knobs_of(each)} for each in (one, other))
    for key in own.keys() & theirs.keys():
        pair = sorted((own[key], theirs[key]), key=lambda knob: _rank(knob, one, other))
        if _rank(pair[0], one, other) != _rank(pair[1], one, other):
            yield Order(*pair)
    if isinstance(one, kinds.Measure):
        for lows, highs in ((own, theirs), (theirs, own)):
            if "low" in lows and "high" in highs:
                low, high = lows["low"], highs["high"]
                if _rank(low, one, other)[0] < _rank(high, one, other)[0]:
                    yield Order(low, high)


def _rank(knob: Knob, one: AnyCriterion, other: AnyCriterion) -> tuple[float, int]:
    """By number; of equals, the graver criterion is the one that flags less."""
    criterion = one if knob.criterion == one.id else other
    grave = ("normal", "pillar", "critical").index(criterion.severity)
    mild = {"raised": -grave, "lowered": grave, None: 0}[knob.flags]
    return value_of(criterion, knob.key) or 0.0, mild


def in_order(
    rubric: Rubric, fits: Mapping[str, Fit], orders: tuple[Order, ...], refit: Refit
) -> dict[str, Fit]:
    """The fits, those that break an order fitted again between bounds until none does.

    Where both numbers of a pair moved across each other, each gets the half of the way that lies on
    its side; where one did, the other one's number is its bound.
    """
    present = {each.id: each for each in rubric.criteria}
    found = dict(fits)
    bounds: dict[str, tuple[float | None, float | None]] = {}

    def number(knob: Knob) -> float:
        changes = found[knob.criterion].changes if knob.criterion in found else {}
        return changes.get(knob.key, value_of(present[knob.criterion], knob.key) or 0.0)

    for _ in range(2 * len(orders) + 1):
        broken = [each for each in orders if number(each.lower) > number(each.upper)]
        if not broken:
            break
        for order in broken:
            edge = _edge(present, order, number(order.lower), number(order.upper))
            low, high = bounds.get(order.lower.name, (None, None))
            bounds[order.lower.name] = (low, edge if high is None else min(edge, high))
            low, high = bounds.get(order.upper.name, (None, None))
            bounds[order.upper.name] = (edge if low is None else max(edge, low), high)
        for criterion in {k.criterion for each in broken for k in (each.lower, each.upper)}:
            if criterion in found and found[criterion].knobs:
                own = {key: ends for key, ends in bounds.items() if _of(key, found[criterion])}
                held = tuple(sorted(own))
                found[criterion] = msgspec.structs.replace(refit(criterion, own), ordered=held)
    return found


def _of(name: str, fit: Fit) -> bool:
    return any(name == f"{fit.criterion}.{knob.key}" for knob in fit.knobs)


def _edge(present: Mapping[str, AnyCriterion], order: Order, lower: float, upper: float) -> float:
    """Where the two may meet: between what they are now, as near to what they would be as can."""
    first, last = (
        value_of(present[knob.criterion], knob.key) or 0.0 for knob in (order.lower, order.upper)
    )
    if lower == first:
        return first
    if upper == last:
        return last
    return min(max((lower + upper) / 2, first), last)
