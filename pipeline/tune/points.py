"""Fits the criteria's points, so that our marks of whole calls go along with people's.

The headline is what agents who had no part in the fitting show (`fit` says how); how strongly the
points are held to the rubric's own is chosen by holding out again inside the fitting (nested
cross-validation; Varma & Simon 2006), and keeping them all is one of the choices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
import numpy as np

from pipeline.tune import enough
from pipeline.tune.interval import CONFIDENCE, Estimate, interval
from pipeline.tune.overall import HUNDRED, Overall
from pipeline.tune.sample import folds, numbers_of, redrawn
from pipeline.tune.shares import Flags, Floats, Shares
from pipeline.tune.weighing import (
    Layout,
    MarkedCalls,
    concordance,
    correlation,
    rounded,
    solved,
)
from pipeline.values import Value

Status = Literal["change", "keep", "nothing", "not-enough", "one-sided"]
"""As a threshold's (`fit.Status`)."""
PULLS: Final = (math.inf, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""How strongly points are held to the rubric's own; the first keeps them."""
_WORTH: Final = 0.005
"""They are let go further only where that brings so much more on calls held out."""
CALLS_A_POINT: Final = 5
"""Marked calls wanted for every number of points that may change."""


@dataclass(frozen=True, slots=True)
class PointsPlan:
    """How a fit goes about it.

    Attributes:
        seed: of everything that is drawn.
        folds: parts by agent.
        inner: parts of the rest.
        redraws: samples that intervals of figures are taken from.
        refits: samples that the points are fitted to anew.
    """

    seed: int = 0
    folds: int = 5
    inner: int = 4
    redraws: int = 800
    refits: int = 100


PLAN: Final = PointsPlan()


class Weighed(Value, frozen=True, kw_only=True):
    """One criterion's points.

    Attributes:
        best: what serves best; the present ones where marks do not tell.
        low, high: between which they come out when agents are redrawn.
        held: why it was not weighed anew: it hardly varies in the marked calls ("alike"), or it
            was not asked for or is alone in its pillar ("fixed").
    """

    criterion: str
    pillar: str
    present: float
    best: float
    low: float
    high: float
    held: Literal["alike", "fixed"] | None = None


class PointsFit(Value, frozen=True, kw_only=True):
    """What marks of whole calls say of a rubric's points.

    Attributes:
        scale: of the marks; ``None``: verdicts.
        calls, agents, raters: that entered; 0 agents are not known, and calls were held out.
        without_mark: marked calls that we can give no mark.
        unit: what was redrawn for intervals.
        more: about how many more marked calls are wanted; 0: enough.
        pull: how strongly the points are held to the rubric's own; ``None``: they are kept.
        held_out: the correlation with the raters' marks, on agents who had no part: the headline.
        fitted: the same on the calls that were fitted to: optimistic.
        now: the rubric's own points on the same calls.
        gain: held out less now.
        curve: the correlation on calls held out within the fitting, pull by pull (`PULLS`).
        near, near_now: Lin's concordance, where the marks are 0 to 100 as ours are.
        points: criteria that have any, in the rubric's order.
    """

    status: Status
    scale: str | None
    calls: int
    agents: int
    raters: int
    without_mark: int
    unit: Literal["agent", "call"]
    more: int = 0
    pull: float | None = None
    held_out: Estimate | None = None
    fitted: float | None = None
    now: Estimate | None = None
    gain: Estimate | None = None
    near: Estimate | None = None
    near_now: Estimate | None = None
    curve: tuple[float, ...] = ()
    points: tuple[Weighed, ...] = ()

    @property
    def changes(self) -> dict[str, float]:
        """Points that are to take the rubric's place."""
        if self.status != "change":
            return {}
        return {each.criterion: each.best for each in self.points if each.best != each.present}


def marked_calls(
    shares: Shares,
    layout: Layout,
    call_ids: Sequence[str],
    agents: Sequence[str | None],
    overall: Overall,
) -> tuple[MarkedCalls, int]:
    """The calls with a mark of the raters and one of ours; and how many have only theirs."""
    ours = shares.marks(layout.present * layout.scale)
    at = [index for index, call in enumerate(call_ids) if call in overall.values]
    kept = np.array([index for index in at if np.isfinite(ours[index])], np.int64)
    wanted = np.array([overall.values[call_ids[index]] for index in kept], np.float64)
    marked = MarkedCalls(agents=numbers_of(agents)[kept], shares=shares.of(kept), wanted=wanted)
    return marked, len(at) - len(kept)


def fit_points(
    marked: MarkedCalls,
    layout: Layout,
    pillars: Mapping[str, str],
    overall: Overall,
    without_mark: int = 0,
    plan: PointsPlan = PLAN,
) -> PointsFit:
    """Fit the points of a rubric.

    Args:
        marked: calls with marks of both.
        layout: what may change.
        pillars: criterion -> its pillar.
        overall: what raters said.
        without_mark: calls that were left out for want of a mark of ours.
        plan: how.
    """
    told = layout.only(marked.told())
    about = PointsFit(
        status="not-enough",
        scale=overall.scale,
        calls=len(marked),
        agents=marked.known_agents,
        raters=len(overall.raters),
        without_mark=without_mark,
        unit=marked.unit,
        more=more(len(marked), marked.known_agents, int(told.free.sum())),
    )
    if len(marked) and np.ptp(marked.wanted) == 0:
        return msgspec.structs.replace(about, status="one-sided")
    few = 0 < marked.known_agents < enough.LEAST_AGENTS
    if about.more or few or not told.free.any():
        return about
    return _fitted(about, marked, layout, pillars, plan)


def more(calls: int, agents: int, free: int) -> int:
    """About how many more marked calls are wanted; 0: there are enough.

    Enough for a correlation of 0.6 to be known to within 0.2: by Fisher's (1921) z, whose variance
    is 1 / (n - 3), times what calls of one agent add to it (Kish 1965); and a few calls for every
    number of points that may change.
    """
    reach = math.atanh(enough.PLANNED_KAPPA) - math.atanh(enough.PLANNED_KAPPA - enough.HALF_WIDTH)
    alone = (1.96 / reach) ** 2 + 3
    per_agent = calls / agents if agents else 1.0
    design = 1 + max(0.0, per_agent - 1) * enough.LIKENESS
    return enough.rough(max(math.ceil(alone * design), CALLS_A_POINT * free) - calls)


def _fitted(
    about: PointsFit,
    marked: MarkedCalls,
    layout: Layout,
    pillars: Mapping[str, str],
    plan: PointsPlan,
) -> PointsFit:
    every, told = np.ones(len(marked)), layout.only(marked.told())
    curve = _curve(marked, told, every, plan)
    pull = _chosen(curve)
    best = _best(marked, told, every, pull)
    held = _held_out(marked, told, plan)
    now, weights = _marks(marked, layout, layout.present), redrawn(marked, plan.redraws, plan.seed)
    hundred = about.scale == HUNDRED
    found = msgspec.structs.replace(
        about,
        pull=pull if math.isfinite(pull) else None,
        held_out=_estimate(correlation, held, marked, weights),
        fitted=float(correlation(_marks(marked, layout, best), marked.wanted, every)),
        now=_estimate(correlation, now, marked, weights),
        gain=_gain(held, now, marked, weights),
        near=_estimate(concordance, held, marked, weights) if hundred else None,
        near_now=_estimate(concordance, now, marked, weights) if hundred else None,
        curve=curve,
        points=_weighed(marked, layout, pillars, best, pull, plan),
    )
    return msgspec.structs.replace(found, status=_status(found))


def _status(found: PointsFit) -> Status:
    if found.held_out is None or found.gain is None or found.held_out.low <= 0:
        return "nothing"
    moved = any(each.best != each.present for each in found.points)
    return "change" if moved and found.gain.low > 0 else "keep"


def _marks(marked: MarkedCalls, layout: Layout, points: Floats) -> Floats:
    """Of every marked call; 0 where bounds of 0 have left none of its criteria any points."""
    found: Floats = np.nan_to_num(marked.shares.marks(points * layout.scale), nan=0.0)
    return found


def _best(marked: MarkedCalls, layout: Layout, weights: Floats, pull: float) -> Floats:
    """The points under one pull, as they would be written."""
    return rounded(solved(marked, layout, weights, pull, layout.present), layout)


def _parts(marked: MarkedCalls, inside: Flags, count: int, seed: int) -> np.ndarray:
    """Parts by agent of the calls inside, high and low marks as even as can be; -1 outside."""
    parts = np.full(len(marked), -1, np.int64)
    high = marked.wanted > np.median(marked.wanted[inside])
    parts[inside] = folds(marked.groups[inside], high[inside], count, seed)
    return parts


def _held_out(marked: MarkedCalls, layout: Layout, plan: PointsPlan) -> Floats:
    """Each call's mark by points that its agent had no part in."""
    parts = _parts(marked, np.ones(len(marked), bool), plan.folds, plan.seed)
    held = np.zeros(len(marked))
    for part in range(int(parts.max()) + 1):
        inside = (parts != part).astype(float)
        pull = _chosen(_curve(marked, layout, inside, plan))
        points = _best(marked, layout, inside, pull)
        held[parts == part] = _marks(marked, layout, points)[parts == part]
    return held


def _curve(
    marked: MarkedCalls, layout: Layout, weights: Floats, plan: PointsPlan
) -> tuple[float, ...]:
    """What each pull is worth, on calls held out among those with a weight."""
    inside = weights > 0
    parts = _parts(marked, inside, plan.inner, plan.seed + 1)
    held = np.tile(_marks(marked, layout, layout.present), (len(PULLS), 1))
    for part in range(int(parts.max()) + 1):
        own, start = parts == part, layout.present
        for at, pull in enumerate(PULLS):
            start = solved(marked, layout, weights * ~own, pull, start)
            held[at, own] = _marks(marked, layout, start)[own]
    return tuple(float(correlation(each, marked.wanted, weights)) for each in held)


def _chosen(curve: Sequence[float]) -> float:
    """The strongest pull that is worth as much as any."""
    top = max(curve)
    return next(p for p, score in zip(PULLS, curve, strict=True) if score >= top - _WORTH)


def _weighed(
    marked: MarkedCalls,
    layout: Layout,
    pillars: Mapping[str, str],
    best: Floats,
    pull: float,
    plan: PointsPlan,
) -> tuple[Weighed, ...]:
    told = layout.only(marked.told())
    drawn = redrawn(marked, plan.refits, plan.seed + 2).T if math.isfinite(pull) else ()
    refits = [rounded(solved(marked, told, each, pull, best), told) for each in drawn]
    tail = (1 - CONFIDENCE) / 2
    ends = np.quantile(np.stack(refits or [best]), (tail, 1 - tail), axis=0)
    low, high = np.minimum(ends[0], best), np.maximum(ends[1], best)
    return tuple(
        Weighed(
            criterion=name,
            pillar=pillars[name],
            present=float(layout.present[at]),
            best=float(best[at]),
            low=round(float(low[at]), 1),
            high=round(float(high[at]), 1),
            held=None if told.free[at] else "alike" if layout.free[at] else "fixed",
        )
        for at, name in enumerate(layout.names)
        if layout.present[at] > 0
    )


def _estimate(
    score: Callable[[Floats, Floats, Floats], Floats],
    marks: Floats,
    marked: MarkedCalls,
    weights: Floats,
) -> Estimate:
    value = float(score(marks, marked.wanted, np.ones(len(marked))))
    return interval(value, score(marks, marked.wanted, weights), marked.units)


def _gain(held: Floats, now: Floats, marked: MarkedCalls, weights: Floats) -> Estimate:
    """How much better held-out marks go along than the present ones, on the same redrawn calls."""
    every = np.ones(len(marked))
    value, drawn = (
        correlation(held, marked.wanted, each) - correlation(now, marked.wanted, each)
        for each in (every, weights)
    )
    return interval(float(value), drawn, marked.units)
