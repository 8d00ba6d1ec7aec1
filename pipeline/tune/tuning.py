"""Tunes a rubric: every criterion that was asked for, and what its new numbers would turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from pipeline.rubric import Rubric
from pipeline.store.marks import Mark
from pipeline.tune.calls import Calls
from pipeline.tune.fit import Fit, Plan, fit
from pipeline.tune.knobs import Knob
from pipeline.tune.order import in_order, orders_of
from pipeline.tune.proposal import Change
from pipeline.tune.sample import Sample, sample_of
from pipeline.tune.space import Bounds, narrowed
from pipeline.tune.table import BY_VALUE, MET, OUTCOMES
from pipeline.tune.truth import Problem, Rule, Truth, problems, truth_of
from pipeline.values import Value

SCHEMA: Final = "qinhe.tuning/1"


class Flip(Value, frozen=True, kw_only=True):
    """A stored call whose verdict the proposed numbers turn."""

    call_id: str
    criterion: str
    before: str
    after: str
    value: float | None


class Tuned(Value, frozen=True, kw_only=True):
    """What `qinhe tune` found.

    Attributes:
        rule: how several raters' marks became one verdict.
        fits: the criteria that have marks, in the rubric's order.
        truths: criterion -> what raters say.
        refused: criterion -> what is wrong with its marks; it was not tuned.
        noted: marks that were left out, and why: nothing else of their criterion is.
        unmarked: criteria that were asked for and that nobody marked.
        flips: verdicts of all stored calls that the changes turn.
        judged: criterion -> stored calls with a verdict, of those that change.
    """

    schema: Literal["qinhe.tuning/1"] = SCHEMA
    rubric: str
    version: int
    rubric_sha256: str
    rule: Rule
    seed: int
    calls: int
    fits: tuple[Fit, ...]
    truths: Mapping[str, Truth]
    refused: Mapping[str, tuple[Problem, ...]]
    noted: tuple[Problem, ...]
    unmarked: tuple[str, ...]
    flips: tuple[Flip, ...]
    judged: Mapping[str, int]

    @property
    def one_rater(self) -> tuple[str, ...]:
        """Criteria marked by one person only: how far people agree on them is not known."""
        return tuple(key for key, truth in self.truths.items() if len(truth.raters) == 1)


@dataclass(frozen=True, slots=True)
class Work:
    """What tuning needs, read once.

    Attributes:
        rubric: the one in force.
        knobs: criterion -> what may be turned.
        calls: the store's, with tables of these criteria.
        marks: every stored mark.
    """

    rubric: Rubric
    knobs: Mapping[str, Sequence[Knob]]
    calls: Calls
    marks: Sequence[Mark]


def tune(work: Work, plan: Plan, rule: Rule = "majority", workers: int = 1) -> Tuned:
    """Fit every criterion that has marks.

    Args:
        work: rubric, knobs, calls and marks.
        plan: how to fit.
        rule: how several raters' marks become one verdict.
        workers: threads.

    Raises:
        UsageError: bounds that leave out the rubric's own number.
    """
    refused = refusals(work)
    truths = truths_of(work, rule, refused)
    fits = _fits(work, truths, plan, workers)
    changed = [each for each in fits if each.changes]
    return Tuned(
        rubric=work.rubric.id,
        version=work.rubric.version,
        rubric_sha256=work.rubric.sha256,
        rule=rule,
        seed=plan.seed,
        calls=len(work.calls),
        fits=fits,
        truths=truths,
        refused=refused,
        noted=tuple(each for each in _problems(work) if each.kind in _LEFT_OUT),
        unmarked=tuple(key for key in work.knobs if key not in truths and key not in refused),
        flips=tuple(flip for each in changed for flip in _flips(work.calls, each)),
        judged={
            each.criterion: int(work.calls.tables[each.criterion].judged({}).sum())
            for each in changed
        },
    )


def _fits(work: Work, truths: Mapping[str, Truth], plan: Plan, workers: int) -> tuple[Fit, ...]:
    """Each criterion's fit, in order among themselves."""

    def fitted(criterion: str, plan: Plan) -> Fit:
        return fit(sample(work, truths[criterion]), work.knobs[criterion], plan)

    def refit(criterion: str, bounds: Bounds) -> Fit:
        return fitted(criterion, replace(plan, bounds=narrowed(plan.bounds or {}, bounds)))

    # Threads: nearly all of it is arithmetic on arrays, which lets others run.
    with ThreadPoolExecutor(workers) as pool:
        every = pool.map(lambda criterion: fitted(criterion, plan), truths)
        found = dict(zip(truths, every, strict=True))
    return tuple(in_order(work.rubric, found, orders_of(work.rubric), refit).values())


_LEFT_OUT: Final = frozenset({"not-stored", "other-criterion"})
"""What is named and concerns no other mark."""


def refusals(work: Work) -> dict[str, tuple[Problem, ...]]:
    """Criteria whose marks cannot be used, and why."""
    found: dict[str, tuple[Problem, ...]] = {}
    for problem in _problems(work):
        criterion = problem.criterion
        if criterion in work.knobs and criterion is not None and problem.kind not in _LEFT_OUT:
            found[criterion] = (*found.get(criterion, ()), problem)
    return found


def _problems(work: Work) -> tuple[Problem, ...]:
    criteria = {each.id for each in work.rubric.criteria}
    about = [mark for mark in work.marks if mark.criterion is not None]
    return problems(about, work.calls.call_ids, criteria)


def truths_of(work: Work, rule: Rule, refused: Iterable[str] = ()) -> dict[str, Truth]:
    """Criterion -> what raters say, of those whose marks can be used."""
    wanted = [key for key in work.knobs if key not in set(refused)]
    marked = {mark.criterion for mark in work.marks}
    return {key: truth_of(key, work.marks, rule) for key in wanted if key in marked}


def sample(work: Work, truth: Truth) -> Sample:
    """The marked calls of a criterion."""
    calls = work.calls
    return sample_of(calls.tables[truth.criterion], calls.call_ids, calls.agents, truth)


def _flips(calls: Calls, found: Fit) -> Iterable[Flip]:
    table = calls.tables[found.criterion]
    before, after = table.outcomes({}), table.outcomes(found.changes)
    for at, call in enumerate(calls.call_ids):
        if before[at] != after[at]:
            value = float(table.values[0, at]) if table.codes[0, at] == BY_VALUE else None
            yield Flip(
                call_id=call,
                criterion=found.criterion,
                before=OUTCOMES[min(before[at], MET + 1)],
                after=OUTCOMES[min(after[at], MET + 1)],
                value=None if value is None else round(value, 3),
            )


# ── Evidence, as a rubric's comments say it ──────────────────────────────────────────────────────


def changes_of(tuned: Tuned, on: date) -> tuple[Change, ...]:
    """The numbers to propose, each with its evidence."""
    return tuple(
        Change(criterion=each.criterion, key=knob.key, number=knob.best,
               why=_why(tuned, each, knob.key, on))
        for each in tuned.fits
        for knob in each.knobs
        if knob.key in each.changes
    )  # fmt: skip


def _why(tuned: Tuned, found: Fit, key: str, on: date) -> tuple[str, ...]:
    knob = next(each for each in found.knobs if each.key == key)
    truth = tuned.truths[found.criterion]
    held, now, fitted = found.held_out, found.now, found.fitted
    if held is None or now is None or fitted is None:
        raise ValueError(f"{found.criterion} has not been fitted")
    who = f"{found.agents} agents" if found.agents else "agents not known, calls held out"
    return (
        f"Tuned {on:%Y-%m-%d}: {knob.present:g} -> {knob.best:g}; from {knob.low:g} to "
        f"{knob.high:g} serves as well, as far as the marks tell.",
        f"{found.objective} on agents held out {held.value:.2f} [{held.low:.2f}, {held.high:.2f}]; "
        f"before {now.value:.2f} [{now.low:.2f}, {now.high:.2f}]; fitted {fitted:.2f}, optimistic.",
        f"{found.calls} calls, {found.missed} missed; {who}; {len(truth.raters)} raters "
        f"({truth.rule}, {truth.ties} ties left out).",
    )


def head_of(tuned: Tuned, on: date) -> tuple[str, ...]:
    """What the new file says first."""
    return (
        f"Proposed by `qinhe tune` on {on:%Y-%m-%d} from {tuned.rubric} v{tuned.version} "
        f"({tuned.rubric_sha256[:12]}), seed {tuned.seed}.",
        f"{len(tuned.flips)} verdicts of {tuned.calls} stored calls turn. Whoever takes it over "
        "answers for it.",
        "",
    )
