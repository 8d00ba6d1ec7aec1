"""What raters said of whole calls, made one number a call."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from pipeline.store.marks import Mark
from pipeline.values import Value

HUNDRED: Final = "0-100"
"""The scale that our own marks stand on."""
_ROUNDS: Final = 50


class Overall(Value, frozen=True, kw_only=True):
    """What people together say of whole calls.

    Attributes:
        scale: of the numbers; ``None``: verdicts, and a call's number is the share of "met".
        values: call -> the mean of its marks, each put right by its rater's leniency.
        raters: rater -> how many calls.
        leniency: rater -> how much higher than the others on the same calls, in the scale's units.
        not_applicable: calls of which nobody said anything else.
    """

    scale: str | None
    values: Mapping[str, float]
    raters: Mapping[str, int]
    leniency: Mapping[str, float]
    not_applicable: int = 0


def overall_of(marks: Iterable[Mark]) -> Overall:
    """One number a call, of marks on whole calls that have no `truth.problems`."""
    own = [mark for mark in marks if mark.criterion is None]
    by_call: dict[str, dict[str, float]] = defaultdict(dict)
    for mark in own:
        number = _number(mark)
        if number is not None:
            by_call[mark.call_id][mark.rater] = number
    raters = Counter(mark.rater for mark in own if _number(mark) is not None)
    leniency = _leniency(by_call, sorted(raters))
    return Overall(
        scale=next((mark.scale for mark in own if mark.scale is not None), None),
        values={
            call: float(np.mean([number - leniency[rater] for rater, number in said.items()]))
            for call, said in sorted(by_call.items())
        },
        raters=dict(sorted(raters.items())),
        leniency={rater: round(value, 3) for rater, value in leniency.items()},
        not_applicable=len({mark.call_id for mark in own} - set(by_call)),
    )


def _number(mark: Mark) -> float | None:
    if mark.verdict is None:
        return mark.number
    return {"met": 1.0, "missed": 0.0}.get(mark.verdict)


def _leniency(by_call: Mapping[str, Mapping[str, float]], raters: list[str]) -> dict[str, float]:
    """Least squares of mark = call + rater over calls that several raters marked.

    Two-way layout without interaction (Scheffé 1959), solved by turns; zero on average, and zero
    for who shares no call with anybody.
    """
    shared = [said for said in by_call.values() if len(said) > 1]
    known = dict.fromkeys(raters, 0.0)
    for _ in range(_ROUNDS):
        beyond: dict[str, list[float]] = defaultdict(list)
        for said in shared:
            call = np.mean([number - known[rater] for rater, number in said.items()])
            for rater, number in said.items():
                beyond[rater].append(float(number - call))
        found = {rater: float(np.mean(each)) for rater, each in beyond.items()}
        middle = float(np.mean(list(found.values()))) if found else 0.0
        known |= {rater: value - middle for rater, value in found.items()}
    return known
