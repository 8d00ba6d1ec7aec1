"""Thresholds fitted to marks whose truth is known.

Calls are written with known values (a median response time, a speech rate) and measured by the
judge itself; agents differ, as people do. In every run 300 calls of 30 agents are drawn; three
raters see the truth, which is a planted threshold, and each is wrong as often as said. Their
majority is what `qinhe tune` fits to, without knowing any of it. "soft" raters are unsure near the
threshold (logistic, a tenth of the values' spread) in place of being wrong anywhere. Marks without
meaning are drawn at random; under "halo" an agent's calls are all marked alike whatever was
measured, which only holding out whole agents gives away.

Points are fitted to marks of whole calls, 0 to 100: twelve criteria of 3 points each in two
pillars, three raters who weigh them from 0.5 to 6, are mild or strict, and unsure by 4 to 8 of 100.

"Held out" and "fitted" are compared with the agreement that the chosen numbers have with the same
raters on 3,000 calls of 300 agents that were never drawn from. 200 runs each, 100 of points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.facts import CallFacts, FloorTransfer
from pipeline.rubric import load_lexicon, shipped
from pipeline.tune.fit import Fit, Plan, fit
from pipeline.tune.knobs import Knob, knobs_of
from pipeline.tune.objective import counts_of, kappa
from pipeline.tune.sample import sample_of
from pipeline.tune.table import Reader, Table, cells_of, tables
from pipeline.tune.truth import Truth
from scripts.validation import tuned_points
from scripts.validation.table import OURS, Row, Target
from scripts.validation.talk import Line, facts_of

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

RUNS: Final = 200
CALLS: Final = 300
AGENTS: Final = 30
FRESH: Final = 10
"""So many times as many calls and agents for the comparison."""
RUBRIC: Final = "affinity-zh-v1"
REACH: Final = Target(95, at_least=True)
_SAID: Final = "我马上帮您查询一下这个问题"


@dataclass(frozen=True, slots=True)
class Planted:
    """What is known of a world: the criterion, the values' spread over agents and calls, limits."""

    criterion: str
    limits: dict[str, float]
    middle: float
    among_agents: float
    among_calls: float
    call: Callable[[float], CallFacts]

    def values(self, agents: npt.NDArray[np.int64], rng: np.random.Generator) -> Floats:
        """A log-normal value for each call, to the millisecond."""
        own = rng.normal(0, self.among_agents, int(agents.max()) + 1)[agents]
        drawn = np.exp(rng.normal(np.log(self.middle), self.among_calls, len(agents)) + own)
        values: Floats = np.round(drawn, 3).astype(np.float64)
        return values

    def truth(self, values: Floats) -> Flags:
        """Whether each call is missed."""
        low, high = self.limits.get("low", -np.inf), self.limits.get("high", np.inf)
        return (values < low) | (values > high)

    def margin(self, values: Floats) -> Floats:
        """How far beyond the nearest limit, in tenths of the values' spread."""
        beyond = [
            (limit - values) if key == "low" else (values - limit)
            for key, limit in self.limits.items()
        ]
        return np.max(beyond, axis=0) / (0.1 * self.middle * self.among_calls)


def _answering(seconds: float) -> CallFacts:
    """A call in which the agent answers after so many seconds."""
    lines = [Line(by="customer", says=_SAID), Line(by="agent", says=_SAID)]
    facts = facts_of(lines)
    transfer = FloorTransfer(
        from_speaker="customer", to_speaker="agent", at=seconds + 4.0, offset_s=seconds
    )
    return msgspec.structs.replace(facts, transfers=(transfer,))


def _speaking(rate: float) -> CallFacts:
    """A call in which the agent speaks so many syllables a second."""
    return facts_of([Line(by="customer", says=_SAID), Line(by="agent", says=_SAID, rate=rate)])


RESPONSE: Final = Planted("response-time", {"high": 2.3}, 1.8, 0.3, 0.4, _answering)
RATE: Final = Planted("speech-rate", {"low": 3.6, "high": 5.2}, 4.4, 0.12, 0.2, _speaking)

Raters = Callable[[Planted, Floats, np.random.Generator], Flags]


def wrong(*shares: float) -> Raters:
    """Raters who are wrong so often each, wherever; their majority."""

    def mark(planted: Planted, values: Floats, rng: np.random.Generator) -> Flags:
        truth = planted.truth(values)
        votes = [truth ^ (rng.random(len(values)) < share) for share in shares]
        return np.sum(votes, axis=0) * 2 > len(votes)

    return mark


def soft(planted: Planted, values: Floats, rng: np.random.Generator) -> Flags:
    """Three raters who are unsure near the threshold."""
    sure = 1 / (1 + np.exp(-np.clip(planted.margin(values), -30, 30)))
    return np.sum(rng.random((3, len(values))) < sure, axis=0) >= 2


def noise(planted: Planted, values: Floats, rng: np.random.Generator) -> Flags:
    """Marks without meaning: 30 % missed."""
    return rng.random(len(values)) < 0.3


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what was fitted, and what the chosen numbers are worth on calls never drawn from."""

    fit: Fit
    fresh: float | None


def world(planted: Planted, seed: int) -> tuple[Callable[[Floats], Table], tuple[Knob, ...]]:
    """A way from values to the judge's table, and the knobs that are turned."""
    rubric = shipped(RUBRIC)
    criterion = next(each for each in rubric.criteria if each.id == planted.criterion)
    knobs = tuple(knob for knob in knobs_of(criterion) if knob.key in planted.limits)
    cells = {criterion.id: cells_of(criterion, knobs)}
    reader = Reader(rubric, load_lexicon(rubric.lexicon), cells)
    known: dict[float, object] = {}

    def judged(values: Floats) -> Table:
        for value in np.unique(values):
            if value not in known:
                known[value] = reader.read(planted.call(float(value)))
        rows = [known[value] for value in values]
        return tables(rubric, cells, rows)[criterion.id]  # type: ignore[arg-type]

    return judged, knobs


def runs(planted: Planted, raters: Raters, *, halo: bool = False) -> Iterator[Run]:
    """`RUNS` runs, each with a seed of its own."""
    judged, knobs = world(planted, 0)
    for seed in range(RUNS):
        rng = np.random.default_rng([seed, 7])
        agents = rng.integers(0, AGENTS, CALLS)
        values = planted.values(agents, rng)
        marked = raters(planted, values, rng)
        if halo:
            marked = (rng.random(AGENTS) < 0.4)[agents]
        found = _fit(judged(values), planted, agents, marked, knobs, seed)
        yield Run(found, _fresh(found, planted, raters, rng))


def _fit(
    table: Table,
    planted: Planted,
    agents: npt.NDArray[np.int64],
    marked: Flags,
    knobs: tuple[Knob, ...],
    seed: int,
) -> Fit:
    calls = [f"call-{number}" for number in range(len(agents))]
    missed = {call: bool(mark) for call, mark in zip(calls, marked, strict=True)}
    truth = Truth(
        criterion=planted.criterion, rule="majority", missed=missed, raters={}, weights={}
    )
    sample = sample_of(table, calls, [f"agent-{number}" for number in agents], truth)
    return fit(sample, knobs, Plan(seed=seed))


def _fresh(found: Fit, planted: Planted, raters: Raters, rng: np.random.Generator) -> float | None:
    """The agreement of the chosen numbers with the raters on calls of other agents."""
    if not found.knobs:
        return None
    agents = rng.integers(0, FRESH * AGENTS, FRESH * CALLS)
    values = planted.values(agents, rng)
    low, high = found.setting.get("low", -np.inf), found.setting.get("high", np.inf)
    flags = (values < low) | (values > high)
    return float(kappa(counts_of(flags, raters(planted, values, rng))))


def share(flags: list[bool]) -> float:
    """In percent."""
    return 100 * sum(flags) / len(flags)


def inside(run: Run, planted: Planted) -> bool:
    """Whether every planted limit lies in its interval."""
    return bool(run.fit.knobs) and all(
        knob.low <= planted.limits[knob.key] <= knob.high for knob in run.fit.knobs
    )


def _row(what: str, on: str, value: float, unit: str = "", target: Target | None = None) -> Row:
    return Row("tuning", what, on, OURS, value, unit, target)


def _found(planted: Planted, raters: Raters, on: str) -> Iterator[Row]:
    every = list(runs(planted, raters))
    fitted = [run for run in every if run.fit.knobs]
    yield _row("planted limits within their intervals, % of runs", on,
               share([inside(run, planted) for run in every]), "%", REACH)  # fmt: skip
    widths = [(knob.high - knob.low) for run in fitted for knob in run.fit.knobs]
    yield _row("width of the intervals, median", on, float(np.median(widths)))
    held = [(run.fit.held_out, run.fit.fitted, run.fresh) for run in fitted]
    known = [(h, f, fresh) for h, f, fresh in held if h is not None and f is not None and fresh]
    yield _row("kappa: held out less on fresh calls, mean", on,
               float(np.mean([h.value - fresh for h, _, fresh in known])))  # fmt: skip
    yield _row("kappa: fitted less on fresh calls, mean", on,
               float(np.mean([f - fresh for _, f, fresh in known])))  # fmt: skip
    yield _row("kappa on fresh calls within the held-out interval, % of runs", on,
               share([h.low <= fresh <= h.high for h, _, fresh in known]), "%")  # fmt: skip


def _nothing(on: str, *, halo: bool) -> Row:
    every = [run.fit.status for run in runs(RESPONSE, noise, halo=halo)]
    told = [status == "nothing" for status in every]
    target = None if halo else Target(98, at_least=True)
    return _row("marks without meaning told as such, % of runs", on, share(told), "%", target)


def rows(data: Path) -> list[Row]:
    """Every figure; nothing is read from ``data``."""
    one, two = "one limit", "two limits"
    return [
        *_found(RESPONSE, wrong(0.1, 0.1, 0.1), f"{one}, raters wrong in 10 %"),
        *_found(RESPONSE, wrong(0.15, 0.2, 0.3), f"{one}, raters wrong in 15, 20, 30 %"),
        *_found(RESPONSE, soft, f"{one}, soft raters"),
        *_found(RATE, wrong(0.1, 0.1, 0.1), f"{two}, raters wrong in 10 %"),
        _nothing("30 % missed, at random", halo=False),
        _nothing("40 % of agents, all their calls (halo)", halo=True),
        *tuned_points.rows(),
    ]
