"""Fits a criterion's numbers to marks, and says how far to trust what came out.

The headline is what agents who had no part in the fitting show: calls are split by agent, each part
is judged with numbers fitted to the others, and which numbers are turned at all is chosen inside
the fitting (nested cross-validation; Varma & Simon 2006). The figure of the fit itself is kept
beside it as what it is, optimistic.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
import numpy as np

from pipeline.errors import UsageError
from pipeline.tune import enough
from pipeline.tune.interval import CONFIDENCE, Estimate, interval
from pipeline.tune.knobs import Knob
from pipeline.tune.objective import KAPPA, Floats, Objective, counts_of, kappa
from pipeline.tune.sample import Ints, Sample, folds, redrawn
from pipeline.tune.search import Place, Search, search_of, weighed
from pipeline.tune.space import Bounds, Space, space_of
from pipeline.tune.table import Flags
from pipeline.values import Value

Status = Literal["change", "keep", "nothing", "not-enough", "one-sided"]
"""``change``: other numbers serve better on agents who had no part. ``keep``: none that do were
found. ``nothing``: the marks do not follow what is measured. ``not-enough``, ``one-sided``: too few
marks, or all the same."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a fit goes about it.

    Attributes:
        objective: what is searched for.
        seed: of everything that is drawn.
        folds: parts by agent.
        inner: parts of the rest, where several numbers could be turned.
        redraws: samples that intervals are taken from.
        shuffles: of the marks, to see what chance finds.
        bounds: people's own limits on what may come out.
    """

    objective: Objective = KAPPA
    seed: int = 0
    folds: int = 5
    inner: int = 4
    redraws: int = 800
    shuffles: int = 999
    bounds: Bounds | None = None


PLAN: Final = Plan()
CHANCE: Final = 0.005
"""Marks of no meaning pass for a lesson that often at most."""


class Moved(Value, frozen=True, kw_only=True):
    """One knob: what it is, what serves best, and what serves as well as far as marks tell.

    Attributes:
        candidates, scores: the objective along the knob, the others as proposed.
        score_low, score_high: its interval at every candidate.
    """

    key: str
    present: float
    best: float
    low: float
    high: float
    candidates: tuple[float, ...]
    scores: tuple[float, ...]
    score_low: tuple[float, ...]
    score_high: tuple[float, ...]


class Fit(Value, frozen=True, kw_only=True):
    """What marks say of one criterion's numbers.

    Attributes:
        calls, missed: marked calls that entered, and how many raters say are missed.
        agents: how many different ones; 0 is not known, and calls were held out instead.
        without_verdict: marked calls that the judge has no verdict on.
        unit: what was redrawn for intervals.
        held_out: the objective on agents who had no part in the fitting: the headline.
        fitted: the same on the calls that were fitted to: optimistic.
        now: the rubric's own numbers, on the same calls; nothing was fitted, so it is plain.
        gain: held out less now.
        held_out_kappa: as ``held_out``, in Cohen's kappa whatever the objective.
        chance: how often marks without meaning would have fitted so well.
        counts: of the held-out verdicts: flagged rightly, flagged wrongly, overlooked, passed.
        more: about how many more marks are wanted; 0: enough.
        knobs: what was turned.
        ordered: of these, numbers that were held so as to stay in order with another criterion's.
    """

    criterion: str
    status: Status
    objective: str
    calls: int
    missed: int
    agents: int
    without_verdict: int
    unit: Literal["agent", "call"]
    more: int = 0
    chance: float | None = None
    held_out: Estimate | None = None
    held_out_kappa: Estimate | None = None
    fitted: float | None = None
    now: Estimate | None = None
    gain: Estimate | None = None
    counts: tuple[int, int, int, int] | None = None
    knobs: tuple[Moved, ...] = ()
    ordered: tuple[str, ...] = ()

    @property
    def setting(self) -> dict[str, float]:
        """The numbers that serve best."""
        return {knob.key: knob.best for knob in self.knobs}

    @property
    def changes(self) -> dict[str, float]:
        """Those of them that are to take the rubric's place."""
        if self.status != "change":
            return {}
        return {knob.key: knob.best for knob in self.knobs if knob.best != knob.present}


def fit(sample: Sample, knobs: Sequence[Knob], plan: Plan = PLAN) -> Fit:
    """Fit the knobs of one criterion.

    Args:
        sample: its marked calls.
        knobs: what may be turned.
        plan: how.

    Raises:
        UsageError: bounds that leave out the rubric's own number.
    """
    criterion, calls, missed = sample.table.criterion.id, len(sample), int(sample.marked.sum())
    if not knobs:
        raise UsageError(f"{criterion} has no number to turn.")
    about = Fit(
        criterion=criterion,
        status="not-enough",
        objective=plan.objective.label,
        calls=calls,
        missed=missed,
        agents=sample.known_agents,
        without_verdict=sample.without_verdict,
        unit=sample.unit,
        more=enough.more(calls, missed, sample.known_agents),
    )
    if calls and missed in (0, calls):
        return _with(about, status="one-sided")
    if about.more or 0 < sample.known_agents < enough.LEAST_AGENTS:
        return about
    return _fitted(about, sample, space_of(sample.table, knobs, plan.bounds), plan)


def _fitted(about: Fit, sample: Sample, space: Space, plan: Plan) -> Fit:
    search = search_of(space, sample, plan.objective, plan.seed)
    held = _held_out(search, sample, plan)
    best = _nested_best(search, sample, np.ones(len(sample)), plan)
    weights = redrawn(sample, plan.redraws, plan.seed)
    score, now = plan.objective, search.flags([space.present])[0] > 0
    found = _with(
        about,
        chance=_chance(search, sample, best, plan),
        held_out=_estimate(score, held, sample, weights),
        held_out_kappa=_estimate(kappa, held, sample, weights),
        fitted=float(score(weighed(search.flags([best]), sample, np.ones(len(sample))))[0]),
        now=_estimate(score, now, sample, weights),
        gain=_difference(score, held, now, sample, weights),
        counts=tuple(int(each) for each in counts_of(held, sample.marked)),
        knobs=tuple(
            _moved(search, axis, best, sample, score, weights) for axis in range(len(space.axes))
        ),
    )
    return _with(found, status=_status(found))


def _with(fit: Fit, **changes: object) -> Fit:
    return msgspec.structs.replace(fit, **changes)


def _status(fit: Fit) -> Status:
    sure, gain, chance = fit.held_out_kappa, fit.gain, fit.chance
    if sure is None or gain is None or chance is None:
        return "not-enough"
    if chance > CHANCE or sure.low <= 0:
        return "nothing"
    moved = any(knob.best != knob.present for knob in fit.knobs)
    return "change" if moved and gain.low > 0 else "keep"


# ── Held out ─────────────────────────────────────────────────────────────────────────────────────


def _held_out(search: Search, sample: Sample, plan: Plan) -> Flags:
    """Each call's verdict by numbers that its agent had no part in."""
    parts = folds(sample.groups, sample.marked, plan.folds, plan.seed)
    held = np.zeros(len(sample), bool)
    for part in range(int(parts.max()) + 1):
        inside = (parts != part).astype(float)
        place = _nested_best(search, sample, inside, plan)
        held[parts == part] = search.flags([place])[0][parts == part] > 0
    return held


_WORTH: Final = 0.02
"""More numbers are turned only where that brings so much more on calls held out."""


def _nested_best(search: Search, sample: Sample, weights: Floats, plan: Plan) -> Place:
    """The best place for some calls; which axes are free is chosen by holding out among them."""
    axes = range(len(search.space.axes))
    choices: list[tuple[int, ...]] = [(axis,) for axis in axes]
    if len(choices) > 1:
        choices.append(tuple(axes))
    if len(choices) == 1:
        return search.best(weights, choices[0])
    inside = np.flatnonzero(weights > 0)
    parts = np.full(len(sample), -1, np.int64)
    own = folds(sample.groups[inside], sample.marked[inside], plan.inner, plan.seed + 1)
    parts[inside] = own
    scores = [_inner_score(search, sample, weights, parts, free, plan) for free in choices]
    # The first is as good as any that is not clearly better: fewer numbers, in the rubric's order.
    top = max(scores)
    free = next(each for each, score in zip(choices, scores, strict=True) if score >= top - _WORTH)
    return search.best(weights, free)


def _inner_score(
    search: Search,
    sample: Sample,
    weights: Floats,
    parts: Ints,
    free: tuple[int, ...],
    plan: Plan,
) -> float:
    held = np.zeros((1, len(sample)))
    for part in range(int(parts.max()) + 1):
        place = search.best(weights * (parts != part), free)
        own = parts == part
        held[0, own] = search.flags([place])[0][own]
    return float(plan.objective(weighed(held, sample, weights))[0])


# ── How sure ─────────────────────────────────────────────────────────────────────────────────────


def _estimate(
    score: Callable[[Floats], Floats], flags: Flags, sample: Sample, weights: Floats
) -> Estimate:
    row = flags[None].astype(np.float64)
    value = score(weighed(row, sample, np.ones(len(sample))))[0]
    drawn = score(weighed(row, sample, weights))[0]
    return interval(float(value), drawn, sample.units)


def _difference(
    score: Callable[[Floats], Floats], one: Flags, two: Flags, sample: Sample, weights: Floats
) -> Estimate:
    """How much better one's verdicts are than two's, on the same redrawn calls."""
    both = np.stack((one, two)).astype(np.float64)
    value = score(weighed(both, sample, np.ones(len(sample))))
    drawn = score(weighed(both, sample, weights))
    return interval(float(value[0] - value[1]), drawn[0] - drawn[1], sample.units)


def _moved(
    search: Search,
    axis: int,
    best: Place,
    sample: Sample,
    score: Callable[[Floats], Floats],
    weights: Floats,
) -> Moved:
    places = search.space.along(axis, best)
    flags = search.flags(places)
    scores = score(weighed(flags, sample, np.ones(len(sample))))
    drawn = score(weighed(flags, sample, weights))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail), axis=1)
    candidates = [search.space.axes[axis].candidates[place[axis]] for place in places]
    first, last = _as_good(scores, drawn)
    return Moved(
        key=search.space.axes[axis].knob.key,
        present=search.space.axes[axis].candidates[search.space.present[axis]],
        best=search.space.axes[axis].candidates[best[axis]],
        low=candidates[max(0, first - 1)],
        high=candidates[min(len(candidates) - 1, last + 1)],
        candidates=tuple(candidates),
        scores=tuple(round(float(each), 6) for each in scores),
        score_low=tuple(round(float(each), 6) for each in low),
        score_high=tuple(round(float(each), 6) for each in high),
    )


def _as_good(scores: Floats, drawn: Floats) -> tuple[int, int]:
    """The first and the last candidate that the redrawn samples cannot tell from the best.

    The model confidence set (Hansen, Lunde & Nason 2011) with the largest standardised difference
    as its measure: a candidate stays unless others beat it by more than redrawing would make of
    candidates that are alike. The true one stays 95 times in 100. What lies between two candidates
    is not tried, so the caller steps one further out.
    """
    ahead = scores[:, None] - scores[None, :]
    swing = drawn[:, None, :] - drawn[None, :, :] - ahead[:, :, None]
    spread = swing.std(axis=2)
    alike = spread < 1e-9
    safe = np.where(alike, 1.0, spread)
    beaten = np.where(alike, 0.0, ahead / safe).max(axis=0)
    chance = np.where(alike[:, :, None], 0.0, swing / safe[:, :, None]).max(axis=0)
    stays = (chance >= beaten[:, None]).mean(axis=1) > 1 - CONFIDENCE
    stays |= scores >= scores.max() - 1e-9
    kept = np.flatnonzero(stays)
    return int(kept[0]), int(kept[-1])


_TRIED_BY_CHANCE: Final = 400


def _chance(search: Search, sample: Sample, best: Place, plan: Plan) -> float:
    """How often the best of the grid agrees as well with marks that are dealt anew to the calls.

    Phipson & Smyth (2010): the true order counts as one of the draws, so it is never 0.
    """
    places = [each for each in _some(search.space, plan.seed) if search.space.sane(each)]
    flags = search.flags(list(dict.fromkeys((best, *places))))
    rng = np.random.default_rng(plan.seed + 2)
    marked = sample.marked.astype(np.float32)
    dealt = rng.permuted(np.tile(marked, (plan.shuffles + 1, 1)), axis=1)
    dealt[0] = marked
    hit = flags @ dealt.T
    flagged, bad, every = flags.sum(axis=1)[:, None], float(marked.sum()), len(sample)
    parts = (hit, flagged - hit, bad - hit, every - flagged - bad + hit)
    top = kappa(np.stack(parts, axis=-1).astype(np.float64)).max(axis=0)
    return float((top >= top[0] - 1e-9).mean())


def _some(space: Space, seed: int) -> list[Place]:
    """Places across the whole space, all of them where they are few."""
    if space.size <= _TRIED_BY_CHANCE:
        return list(itertools.product(*(range(len(axis.candidates)) for axis in space.axes)))
    rng = np.random.default_rng(seed + 3)
    drawn = [rng.integers(0, len(axis.candidates), _TRIED_BY_CHANCE) for axis in space.axes]
    return [tuple(int(at) for at in place) for place in zip(*drawn, strict=True)]
