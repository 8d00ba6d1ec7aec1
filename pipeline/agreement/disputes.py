"""The calls on which people differ most, and those where all of them differ from the system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.agreement.coefficients import Array
from pipeline.agreement.ratings import CODES, Ratings
from pipeline.store.marks import SYSTEM
from pipeline.values import Value

_VERDICTS = {code: verdict for verdict, code in CODES.items()}


class Differing(Value, frozen=True, kw_only=True):
    """One criterion of a call (``None``: the whole call) and who said what of it."""

    criterion: str | None
    said: dict[str, str | float]


class Dispute(Value, frozen=True, kw_only=True):
    """One call.

    Attributes:
        disagreement: 0 (all say the same) to 1, on average over what two or more have marked:
            of verdicts the share of pairs that differ, of numbers their mean distance on the scale.
        marked: on how many criteria (and the whole call) two or more have marked it.
        differing: where they differ, or where the system differs from all of them.
    """

    call_id: str
    disagreement: float
    marked: int
    differing: tuple[Differing, ...]


def disputes(tables: Sequence[Ratings], most: int) -> list[Dispute]:
    """At most ``most`` calls on which raters differ, the worst first; ties by name."""
    found: dict[str, list[tuple[float, Differing]]] = {}
    for ratings in tables:
        apart = _apart(ratings)
        for unit in np.flatnonzero(~np.isnan(apart)):
            about = Differing(criterion=ratings.criteria[unit], said=_said(ratings, int(unit)))
            found.setdefault(ratings.calls[unit], []).append((float(apart[unit]), about))
    every = [
        Dispute(
            call_id=call,
            disagreement=float(np.mean([apart for apart, _ in units])),
            marked=len(units),
            differing=tuple(
                about for apart, about in sorted(units, key=lambda unit: -unit[0]) if apart > 0
            ),
        )
        for call, units in found.items()
    ]
    differing = [each for each in every if each.disagreement > 0]
    return sorted(differing, key=lambda each: (-each.disagreement, each.call_id))[:most]


def outvoted(tables: Sequence[Ratings], most: int) -> list[Dispute]:
    """At most ``most`` calls where two or more people agree on a verdict and the system differs.

    Those with the most such criteria first.
    """
    found: dict[str, list[Differing]] = {}
    for ratings in tables:
        if ratings.scale is None and ratings.unheard is None:
            for unit in _against_all(ratings):
                about = Differing(criterion=ratings.criteria[unit], said=_said(ratings, unit))
                found.setdefault(ratings.calls[unit], []).append(about)
    every = [
        Dispute(call_id=call, disagreement=0.0, marked=len(about), differing=tuple(about))
        for call, about in found.items()
    ]
    return sorted(every, key=lambda each: (-each.marked, each.call_id))[:most]


def _against_all(ratings: Ratings) -> Iterator[int]:
    for unit, (marks, ours) in enumerate(zip(ratings.values, ratings.system, strict=True)):
        said = marks[~np.isnan(marks)]
        if len(said) >= 2 and (said == said[0]).all() and not np.isnan(ours) and ours != said[0]:
            yield unit


def _apart(ratings: Ratings) -> Array:
    """By unit, over its pairs of raters; NaN where fewer than two have marked it."""
    columns = ratings.values.T
    width = 1.0 if ratings.scale is None else ratings.scale.high - ratings.scale.low
    total, pairs = np.zeros(len(ratings.calls)), np.zeros(len(ratings.calls))
    for place, first in enumerate(columns):
        for second in columns[place + 1 :]:
            both = ~(np.isnan(first) | np.isnan(second))
            apart = first != second if ratings.scale is None else np.abs(first - second) / width
            total += np.where(both, apart, 0.0)
            pairs += both
    return total / np.where(pairs > 0, pairs, np.nan)


def _said(ratings: Ratings, unit: int) -> dict[str, str | float]:
    names = [*ratings.raters, SYSTEM]
    values = [*ratings.values[unit], ratings.system[unit]]
    return {
        name: _VERDICTS[int(value)] if ratings.scale is None else float(value)
        for name, value in zip(names, values, strict=True)
        if not np.isnan(value)
    }
