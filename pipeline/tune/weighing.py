"""The points that criteria may have, and those under which marks go along with people's best.

Points only weigh, so what is searched for is Pearson's correlation of our marks with theirs: a
rater who is mild throughout, or keeps to the middle of a scale, is no reason to weigh one criterion
more than another. The search is pulled towards the rubric's own points by how far they move
(Pearson's chi-square of new points against old ones), as ridge regression is to nought (Hoerl &
Kennard 1970).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize

from pipeline.errors import UsageError
from pipeline.rubric import Rubric
from pipeline.rubric.reading import side_of, weighted
from pipeline.tune.sample import Units
from pipeline.tune.shares import Shares
from pipeline.tune.space import Bounds

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

KEY: Final = "points"
STEP: Final = 0.1
"""Points are written to a tenth."""
MOST: Final = 3.0
"""Unless people allow it, no criterion comes to weigh more than so many times what it does, or less
than such a part: a row of the standard is not weighed away because its misses are rare."""
LEAST_JUDGED: Final = 20
LEAST_OF_EACH: Final = 5
"""Marked calls that win all of a criterion's points, and that do not; with fewer it stays."""
_NEAR: Final = 1e-9
_TINY: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Layout:
    """What a rubric's points may become: one place for each criterion.

    Attributes:
        names: of the criteria.
        present: their points, as the rubric's file has them.
        scale: what a point of the file weighs in the mark (`rubric.reading.weighted`).
        groups: numbers of the groups whose totals stay: pillars, and within them voice and words
            where the rubric weighs these against each other.
        low, high: bounds.
        free: criteria whose points may change.
    """

    names: tuple[str, ...]
    present: Floats
    scale: Floats
    groups: Ints
    low: Floats
    high: Floats
    free: Flags

    def only(self, free: Flags) -> Layout:
        """The same with fewer criteria that may change; who is alone in a group stays."""
        free = free & self.free
        size = np.bincount(self.groups, weights=free, minlength=int(self.groups.max()) + 1)
        free &= size[self.groups] > 1
        return Layout(self.names, self.present, self.scale, self.groups, self.low, self.high, free)


def layout_of(written: Rubric, names: Sequence[str] = (), bounds: Bounds | None = None) -> Layout:
    """The points of a rubric as it is written, before its weights are applied.

    Args:
        written: the rubric (`rubric.reading.as_written`).
        names: criteria whose points may change, also as ``speech-rate.points``; none: all that
            have any.
        bounds: people's own limits on what may come out.

    Raises:
        UsageError: a name that no criterion with points has, or bounds that leave out its points.
    """
    criteria = written.criteria
    ids = tuple(each.id for each in criteria)
    present = np.array([each.points for each in criteria])
    weighs = np.array([each.points for each in weighted(written).criteria])
    asked = {name.removesuffix(f".{KEY}") for name in names}
    _refuse_unknown(asked, ids, present)
    low, high = _bounds(ids, present, bounds or {})
    kept = [(each.pillar, side_of(each.standard) if written.weights else "") for each in criteria]
    order = sorted(set(kept))
    free = (present > 0) & np.array([not asked or name in asked for name in ids])
    layout = Layout(
        names=ids,
        present=present,
        scale=np.where(present > 0, weighs / np.where(present > 0, present, 1.0), 1.0),
        groups=np.array([order.index(group) for group in kept], np.int64),
        low=low,
        high=high,
        free=free,
    )
    return layout.only(free)


def _refuse_unknown(asked: set[str], ids: Sequence[str], present: Floats) -> None:
    for name in sorted(asked):
        if name not in ids:
            raise UsageError(f"{name!r} is no criterion of this rubric.")
        if not present[ids.index(name)] > 0:
            raise UsageError(f"{name!r} has no points: it is only observed, and stays so.")


def _bounds(ids: Sequence[str], present: Floats, bounds: Bounds) -> tuple[Floats, Floats]:
    low, high = present / MOST, MOST * present
    for name, (floor, ceiling) in bounds.items():
        criterion, _, key = name.rpartition(".")
        if key != KEY or criterion not in ids:
            raise UsageError(f"--keep {name}: no points of that name, such as {ids[0]}.{KEY}.")
        at = ids.index(criterion)
        low[at] = max(0.0, low[at] if floor is None else floor)
        high[at] = high[at] if ceiling is None else ceiling
        if not low[at] <= present[at] <= high[at]:
            raise UsageError(
                f"{name} is {present[at]:g} now, outside {low[at]:g} to {high[at]:g}; "
                "widen the bounds."
            )
    return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedCalls(Units):
    """Calls that people gave a mark and that we can give one.

    Attributes:
        shares: what the judge says.
        wanted: the raters' mark.
    """

    shares: Shares
    wanted: Floats

    def told(self) -> Flags:
        """Criteria that are judged often enough, and not always alike, to be weighed anew."""
        judged = self.shares.judged
        full = (self.shares.won >= 1) & judged
        found: Flags = judged.sum(axis=0) >= LEAST_JUDGED
        for each in (full, judged & ~full):
            found &= each.sum(axis=0) >= LEAST_OF_EACH
        return found


def correlation(one: Floats, other: Floats, weights: Floats) -> Floats:
    """Pearson's, of calls under weights (calls, or calls x times); 0 where one does not vary."""
    sums = np.stack((np.ones_like(one), one, other, one * one, other * other, one * other))
    n, a, b, aa, bb, ab = sums @ weights
    spread = np.maximum(n * aa - a * a, 0.0) * np.maximum(n * bb - b * b, 0.0)
    alike = spread <= _NEAR * np.maximum(1.0, (n * aa) * (n * bb)) * 1e-6
    found: Floats = np.where(alike, 0.0, (n * ab - a * b) / np.sqrt(np.where(alike, 1.0, spread)))
    return found


def concordance(one: Floats, other: Floats, weights: Floats) -> Floats:
    """Lin's (1989): how near two marks are to the same number; kappa with quadratic weights."""
    sums = np.stack((np.ones_like(one), one, other, one * one, other * other, one * other))
    n, a, b, aa, bb, ab = sums @ weights
    apart = n * (aa + bb) - 2 * a * b
    found: Floats = np.where(apart > 0, 2 * (n * ab - a * b) / np.where(apart > 0, apart, 1.0), 0.0)
    return found


# ── The search ───────────────────────────────────────────────────────────────────────────────────


def solved(
    marked: MarkedCalls, layout: Layout, weights: Floats, pull: float, start: Floats
) -> Floats:
    """The points, not yet rounded, that serve best under weights of the calls.

    Args:
        marked: the calls.
        layout: what may change.
        weights: of the calls; 0 leaves one out.
        pull: correlation that is given up for points that move by their own size.
        start: points to begin at.
    """
    free = np.flatnonzero(layout.free)
    if not np.isfinite(pull) or not len(free):
        return layout.present.copy()
    goal = _Goal(marked, layout, weights, pull)
    found = optimize.minimize(
        goal,
        start[free] / layout.present[free],
        jac=True,
        method="SLSQP",
        bounds=list(zip(layout.low[free] / layout.present[free],
                        layout.high[free] / layout.present[free], strict=True)),
        constraints={"type": "eq", "fun": goal.excess, "jac": lambda _: goal.totals},
        options={"maxiter": 200, "ftol": 1e-7},
    )  # fmt: skip
    points = layout.present.copy()
    points[free] *= np.clip(found.x, goal.low, goal.high)
    return points


class _Goal:
    """What is made small: minus the correlation, plus the pull; with its gradient.

    A mark is N / D, both linear in the points, so its derivative is (won - mark judged) / D.
    """

    def __init__(self, marked: MarkedCalls, layout: Layout, weights: Floats, pull: float) -> None:
        kept = weights > 0
        kept &= ~marked.shares.failed  # their mark is 0 under any points: they enter as a constant
        self._free = np.flatnonzero(layout.free)
        worth = layout.present * layout.scale
        self._own = worth[self._free]
        judged = marked.shares.judged[kept] * worth
        won = marked.shares.won[kept] * judged
        fixed = np.flatnonzero(~layout.free)
        self._rest = won[:, fixed].sum(axis=1), judged[:, fixed].sum(axis=1)
        self._won, self._judged = won[:, self._free], judged[:, self._free]
        self._marked = np.flatnonzero(kept)
        self._weights = weights / weights.sum()
        self._wanted = marked.wanted - self._weights @ marked.wanted
        self._size = np.sqrt(self._weights @ self._wanted**2)
        self._pull = pull / self._own.sum()
        groups = layout.groups[self._free]
        self.totals = np.array([self._own * (groups == each) for each in np.unique(groups)])
        self.low = layout.low[self._free] / layout.present[self._free]
        self.high = layout.high[self._free] / layout.present[self._free]

    def excess(self, times: Floats) -> Floats:
        """How much a group's points are more than they are now."""
        found: Floats = self.totals @ (times - 1)
        return found

    def __call__(self, times: Floats) -> tuple[float, Floats]:
        won, judged = self._won @ times + self._rest[0], self._judged @ times + self._rest[1]
        safe = np.where(judged > 0, judged, 1.0)
        marks = np.zeros(len(self._weights))
        marks[self._marked] = won / safe
        centred = marks - self._weights @ marks
        spread = np.sqrt(self._weights @ centred**2)
        drift = times - 1
        cost, slope = self._pull * self._own @ drift**2, 2 * self._pull * self._own * drift
        if spread < _NEAR or self._size < _NEAR:
            return cost, slope
        r = float(self._weights @ (centred * self._wanted)) / (spread * self._size)
        by_mark = self._weights * (self._wanted / self._size - r * centred / spread) / spread
        own = by_mark[self._marked] / safe
        gradient = own @ self._won - (own * won / safe) @ self._judged
        return cost - r, slope - gradient


def rounded(points: Floats, layout: Layout) -> Floats:
    """Points to a tenth, every group's total as it is now, every bound kept.

    What rounding leaves goes, a tenth at a time, to those that lost most by it (Hamilton's method
    of largest remainders); what is less than a tenth, to the first of them.
    """
    found = layout.present.copy()
    for group in np.unique(layout.groups[layout.free]):
        own = np.flatnonzero(layout.free & (layout.groups == group))
        low, high = layout.low[own] / STEP, layout.high[own] / STEP
        exact = points[own] / STEP
        tenths = np.clip(np.floor(exact + _TINY), np.ceil(low - _TINY), np.floor(high + _TINY))
        left = layout.present[own].sum() / STEP - tenths.sum()
        while abs(left) >= 1 - _TINY:
            step = np.sign(left)
            room = (tenths + step <= high + _TINY) & (tenths + step >= low - _TINY)
            tenths[np.argmax(np.where(room, step * (exact - tenths), -np.inf))] += step
            left -= step
        tenths[np.argmax(exact - tenths)] += left if abs(left) > _TINY else 0.0
        found[own] = np.round(tenths * STEP, 6)
    return found
