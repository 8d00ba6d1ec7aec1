"""How long a sweep takes: 40 numbers of the shipped rubric, 5,000 calls, three raters."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from pipeline.rubric import load_lexicon, shipped
from pipeline.rubric.kinds import AnyCriterion
from pipeline.store.database import open_database
from pipeline.store.marks import Mark, Verdict
from pipeline.tune.calls import Calls, read_calls
from pipeline.tune.fit import Plan
from pipeline.tune.knobs import Knob, knobs_of
from pipeline.tune.table import cells_of
from pipeline.tune.tuning import Work, tune
from scripts.synthesis.night import RUBRIC, fill
from scripts.validation.table import OURS, Row, Target

CALLS: Final = 5000
AGENTS: Final = 100
RATERS: Final = ("Chen", "Li", "Zhou")
KNOBS: Final = 40
REACH: Final = Target(60)
"""By the clock on two cores; where even the processor time is less, other work does not matter."""
PAIRS_OF_TURNS: Final = 12
"""A call of some three minutes and 500 words."""


def thresholds() -> dict[str, tuple[Knob, ...]]:
    """The first `KNOBS` limits of the rubric, by criterion."""
    found: dict[str, tuple[Knob, ...]] = {}
    for criterion in shipped(RUBRIC).criteria:
        limits = tuple(knob for knob in knobs_of(criterion) if knob.role == "limit")
        room = KNOBS - sum(map(len, found.values()))
        if limits and room:
            found[criterion.id] = limits[:room]
    return found


def marks_of(calls: Calls, seed: int = 0) -> Iterator[Mark]:
    """Three raters on every call and criterion, wrong in a tenth of the present verdicts."""
    rng = np.random.default_rng(seed)
    for criterion, table in calls.tables.items():
        missed = table.missed({})
        for rater in RATERS:
            told = missed ^ (rng.random(len(calls)) < 0.1)
            for call, bad in zip(calls.call_ids, told.tolist(), strict=True):
                verdict: Verdict = "missed" if bad else "met"
                yield Mark(call_id=call, rater=rater, criterion=criterion, value=verdict)


def _spent_s() -> float:
    """Processor time of this process and of those it has ended."""
    return sum(os.times()[:4])


def rows(calls: int = CALLS, turns: int = PAIRS_OF_TURNS) -> Iterator[Row]:
    """Seconds by the clock of reading the calls and of fitting, on as many cores as there are; and
    the processor time of both, which other work on the machine changes little.
    """
    rubric, knobs, cores = shipped(RUBRIC), thresholds(), os.cpu_count() or 1
    criteria: dict[str, AnyCriterion] = {each.id: each for each in rubric.criteria}
    cells = {key: cells_of(criteria[key], own) for key, own in knobs.items()}
    with (
        tempfile.TemporaryDirectory(prefix="qinhe-benchmark-") as folder,
        open_database(str(Path(folder) / "night.db")) as database,
    ):
        fill(database, calls, AGENTS, marked=0, turns=turns)
        spent, begun = _spent_s(), time.perf_counter()
        read = read_calls(database, rubric, load_lexicon(rubric.lexicon), cells, cores)
        read_s = time.perf_counter() - begun
    before = _spent_s()
    marks = list(marks_of(read))
    spent += _spent_s() - before  # making up marks is none of it
    begun = time.perf_counter()
    tune(Work(rubric, knobs, read, marks), Plan(), workers=cores)
    fit_s, spent = time.perf_counter() - begun, _spent_s() - spent
    count = sum(map(len, knobs.values()))
    on = f"{calls} calls, {count} thresholds, {len(RATERS)} raters, {cores} cores"
    yield Row("tune", "asking the judge, s", on, OURS, read_s)
    yield Row("tune", "fitting, held out and redrawn, s", on, OURS, fit_s)
    yield Row("tune", "the whole sweep, s", on, OURS, read_s + fit_s, "s", REACH)
    yield Row("tune", "processor time of it, all cores together, s", on, OURS, spent, "s", REACH)
