"""Points fitted to marks of whole calls whose weights are known; rows of `tuning`.

Twelve criteria in two pillars; agents differ in what they are good at. Three raters mark each call
0 to 100 by points of their own (from 0.5 to 6 where the rubric has 3 throughout), milder or
stricter, and unsure by 4, 6 and 8 of 100.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from pipeline.store.marks import Mark
from pipeline.tune.overall import overall_of
from pipeline.tune.points import PointsFit, PointsPlan, fit_points
from pipeline.tune.shares import Shares
from pipeline.tune.weighing import Layout, MarkedCalls, correlation
from scripts.validation.table import OURS, Row, Target

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Goes = Literal["by points of their own", "by the rubric's points", "by nothing"]

RUNS: Final = 100
CALLS: Final = 300
AGENTS: Final = 30
FRESH: Final = 10
PRESENT: Final = np.full(12, 3.0)
THEIRS: Final = np.array([1, 5, 3, 6, 0.5, 2.5, 1, 5, 3, 6, 0.5, 2.5])
RATERS: Final = {"Chen": (0.0, 4.0), "Li": (6.0, 6.0), "Zhou": (-5.0, 8.0)}
_NAMES: Final = tuple(f"criterion-{at}" for at in range(len(PRESENT)))
_PILLARS: Final = {name: str(at // 6) for at, name in enumerate(_NAMES)}
_PLAN: Final = PointsPlan(refits=0)


@dataclass(frozen=True, slots=True)
class World:
    """What agents are good at, and how easy each criterion is."""

    good: Floats
    easy: Floats

    def calls(self, agents: Ints, rng: np.random.Generator) -> Shares:
        """What the judge says of a call of each."""
        chance = 1 / (1 + np.exp(-(self.easy + self.good[agents])))
        met = rng.random(chance.shape) < chance
        share = np.where(met, 1.0, rng.choice([0.0, 0.0, 0.5], met.shape))
        judged = rng.random(met.shape) < 0.9
        none = np.zeros(met.shape, bool)
        return Shares(np.where(judged, share, 0.0), judged, none, none[:, 0])


def world(agents: int, rng: np.random.Generator) -> World:
    """One with so many agents."""
    easy = rng.normal(0.8, 1.0, len(PRESENT))
    return World(rng.normal(0, 1, (agents, len(PRESENT))), easy)


def _layout() -> Layout:
    every = np.ones(len(PRESENT))
    return Layout(
        _NAMES, PRESENT, every, np.arange(len(PRESENT)) // 6, PRESENT / 3, PRESENT * 3, every > 0
    )


def _marks(shares: Shares, goes: Goes, rng: np.random.Generator) -> list[Mark]:
    points = THEIRS if goes == "by points of their own" else PRESENT
    true = shares.marks(points) if goes != "by nothing" else np.full(len(shares), 75.0)
    return [
        Mark(call_id=str(call), rater=rater, scale="0-100",
             value=float(np.clip(np.round(rng.normal(mark + mild, unsure)), 0, 100)))
        for call, mark in enumerate(true)
        for rater, (mild, unsure) in RATERS.items()
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what was fitted, and what it is worth on calls of agents never drawn from."""

    fit: PointsFit
    fresh: float
    error: float


def runs(goes: Goes) -> Iterator[Run]:
    """`RUNS` runs, each with a seed of its own."""
    for seed in range(RUNS):
        rng = np.random.default_rng([seed, 11])
        known = world(AGENTS, rng)
        agents = rng.integers(0, AGENTS, CALLS)
        shares = known.calls(agents, rng)
        overall = overall_of(_marks(shares, goes, rng))
        wanted = np.array([overall.values[str(call)] for call in range(CALLS)])
        marked = MarkedCalls(agents=agents, shares=shares, wanted=wanted)
        plan = PointsPlan(seed=seed, refits=_PLAN.refits)
        found = fit_points(marked, _layout(), _PILLARS, overall, plan=plan)
        best = np.array([each.best for each in found.points])
        error = float(np.abs(best - THEIRS).mean() / np.abs(PRESENT - THEIRS).mean())
        yield Run(found, _fresh(known.easy, best, goes, rng), error)


def _fresh(easy: Floats, best: Floats, goes: Goes, rng: np.random.Generator) -> float:
    known = World(rng.normal(0, 1, (FRESH * AGENTS, len(PRESENT))), easy)
    agents = rng.integers(0, FRESH * AGENTS, FRESH * CALLS)
    shares = known.calls(agents, rng)
    overall = overall_of(_marks(shares, goes, rng))
    wanted = np.array([overall.values[str(call)] for call in range(len(agents))])
    return float(correlation(shares.marks(best), wanted, np.ones(len(agents))))


def _share(flags: Sequence[bool]) -> float:
    return 100 * sum(flags) / len(flags)


def rows() -> Iterator[Row]:
    """What raters go by, and what comes out."""

    def row(what: str, on: str, value: float, unit: str = "", to: Target | None = None) -> Row:
        return Row("tuning", what, on, OURS, value, unit, to)

    on = "points, raters who weigh in a way of their own"
    found = list(runs("by points of their own"))
    changed = [run.fit.status == "change" for run in found]
    yield row("other points proposed, % of runs", on, _share(changed), "%", Target(95, True))
    error = float(np.mean([run.error for run in found]))
    yield row("points: error left, of that of the present ones", on, error)
    held = [(run.fit.held_out, run.fit.fitted or 0.0, run.fresh) for run in found]
    known = [(h, f, fresh) for h, f, fresh in held if h is not None]
    yield row("correlation: held out less on fresh calls, mean", on,
              float(np.mean([h.value - fresh for h, _, fresh in known])))  # fmt: skip
    yield row("correlation: fitted less on fresh calls, mean", on,
              float(np.mean([f - fresh for _, f, fresh in known])))  # fmt: skip
    yield row("correlation on fresh calls within the held-out interval, % of runs", on,
              _share([h.low <= fresh <= h.high for h, _, fresh in known]), "%")  # fmt: skip
    for goes, on in (
        ("by the rubric's points", "points, raters who weigh as the rubric does"),
        ("by nothing", "points, marks at random"),
    ):
        kept = [not run.fit.changes for run in runs(goes)]  # type: ignore[arg-type]  # a Literal
        yield row("present points kept, % of runs", on, _share(kept), "%", Target(95, True))
