"""Tunes a rubric's points: what is read for it, what it finds, what the proposal would move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final, Literal

import numpy as np

from pipeline.rubric import Lexicon, Rubric
from pipeline.rubric.reading import weighted
from pipeline.store.database import Database
from pipeline.store.marks import Mark
from pipeline.tune.interval import Estimate
from pipeline.tune.overall import Overall, overall_of
from pipeline.tune.points import PLAN, PointsFit, PointsPlan, fit_points, marked_calls
from pipeline.tune.proposal import Change
from pipeline.tune.reading import read_store
from pipeline.tune.shares import Floats, ShareReader, Shares, shares_of
from pipeline.tune.truth import Problem, problems
from pipeline.tune.weighing import KEY, Layout
from pipeline.values import Value

SCHEMA: Final = "qinhe.points/1"
LEFT_OUT: Final = "not-stored"
"""What is named and concerns no other mark."""


class Moved(Value, frozen=True, kw_only=True):
    """A stored call whose mark the proposed points move."""

    call_id: str
    before: float
    after: float


class Pointed(Value, frozen=True, kw_only=True):
    """What `qinhe tune --points` found.

    Attributes:
        calls: stored calls that were judged.
        refused: what is wrong with the marks; nothing was fitted.
        noted: marks that were left out, and why.
        fit: ``None`` where the marks were refused.
        overall: what raters said.
        moved: stored calls whose mark the changes move, those that move most first.
    """

    schema: Literal["qinhe.points/1"] = SCHEMA
    rubric: str
    version: int
    rubric_sha256: str
    seed: int
    calls: int
    refused: tuple[Problem, ...]
    noted: tuple[Problem, ...]
    fit: PointsFit | None = None
    overall: Overall | None = None
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class PointsWork:
    """What tuning points needs, read once.

    Attributes:
        written: the rubric as its file has it, before its weights are applied.
        layout: what its points may become.
        call_ids, agents, shares: of the store's calls.
        marks: on whole calls.
        other_language: calls in another language than the rubric's; they are left out.
        faults: calls whose facts cannot be read, and why.
    """

    written: Rubric
    layout: Layout
    call_ids: tuple[str, ...]
    agents: tuple[str | None, ...]
    shares: Shares
    marks: Sequence[Mark]
    other_language: int = 0
    faults: tuple[str, ...] = ()


def read_shares(
    database: Database,
    written: Rubric,
    lexicon: Lexicon,
    layout: Layout,
    marks: Sequence[Mark],
    workers: int = 1,
) -> PointsWork:
    """Judge every measured call of a store, and keep its shares of the points.

    Raises:
        StoreError: the store cannot be read.
    """
    make = partial(ShareReader, weighted(written), lexicon)
    found = read_store(database, written.language, make, workers)
    return PointsWork(
        written=written,
        layout=layout,
        call_ids=found.call_ids,
        agents=found.agents,
        shares=shares_of(found.answers, len(written.criteria)),
        marks=[mark for mark in marks if mark.criterion is None],
        other_language=found.other_language,
        faults=found.faults,
    )


def tune_points(work: PointsWork, plan: PointsPlan = PLAN) -> Pointed:
    """Fit the points to the marks of whole calls."""
    rubric = weighted(work.written)
    found = problems(work.marks, work.call_ids, ())
    refused = tuple(each for each in found if each.kind != LEFT_OUT)
    about = partial(
        Pointed,
        rubric=rubric.id,
        version=rubric.version,
        rubric_sha256=rubric.sha256,
        seed=plan.seed,
        calls=len(work.call_ids),
        refused=refused,
        noted=tuple(each for each in found if each.kind == LEFT_OUT),
    )
    if refused:
        return about()
    overall = overall_of(work.marks)
    marked, without = marked_calls(work.shares, work.layout, work.call_ids, work.agents, overall)
    pillars = {each.id: each.pillar for each in rubric.criteria}
    fit = fit_points(marked, work.layout, pillars, overall, without, plan)
    return about(fit=fit, overall=overall, moved=moved(work, fit.changes))


def points_of(layout: Layout, changes: Mapping[str, float]) -> Floats:
    """Every criterion's points with some changed, as the rubric's file would have them."""
    pairs = zip(layout.names, layout.present, strict=True)
    return np.array([changes.get(name, present) for name, present in pairs], np.float64)


def moved(work: PointsWork, changes: Mapping[str, float]) -> tuple[Moved, ...]:
    """Stored calls whose mark these points move, those that move most first."""
    if not changes:
        return ()
    scale = work.layout.scale
    before = work.shares.marks(work.layout.present * scale)
    after = work.shares.marks(points_of(work.layout, changes) * scale)
    found = [
        Moved(call_id=call, before=float(was), after=float(now))
        for call, was, now in zip(work.call_ids, before, after, strict=True)
        if was != now and np.isfinite(was)
    ]
    return tuple(sorted(found, key=lambda each: (-abs(each.after - each.before), each.call_id)))


# ── Evidence, as a rubric's comments say it ──────────────────────────────────────────────────────


def changes_of(found: Pointed, on: date) -> tuple[Change, ...]:
    """The points to propose, each with its evidence."""
    if found.fit is None:
        return ()
    own = {each.criterion: each for each in found.fit.points}
    return tuple(
        Change(
            criterion=key,
            key=KEY,
            number=number,
            why=(
                f"Tuned {on:%Y-%m-%d}: points {own[key].present:g} -> {number:g}; "
                f"{own[key].low:g} to {own[key].high:g} when agents are redrawn.",
            ),
        )
        for key, number in found.fit.changes.items()
    )


def head_of(found: Pointed, on: date) -> tuple[str, ...]:
    """What the new file says first."""
    fit = found.fit
    if fit is None or fit.held_out is None or fit.now is None or fit.fitted is None:
        raise ValueError(f"{found.rubric} has not been fitted")
    who = f"{fit.agents} agents" if fit.agents else "agents not known, calls held out"
    return (
        f"Points proposed by `qinhe tune --points` on {on:%Y-%m-%d} from {found.rubric} "
        f"v{found.version} ({found.rubric_sha256[:12]}), seed {found.seed}.",
        f"Correlation with the raters' marks on agents held out {_told(fit.held_out)}; before "
        f"{_told(fit.now)}; fitted {fit.fitted:.2f}, optimistic.",
        f"{fit.calls} calls, {who}, {fit.raters} raters, marks: {fit.scale or 'verdicts'}. The "
        "totals of the pillars stay.",
        f"The marks of {len(found.moved)} of {found.calls} stored calls move. Whoever takes it "
        "over answers for it.",
        "",
    )


def _told(figure: Estimate) -> str:
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"
