"""Two ways to the best setting: every one, and Optuna's choice where they are too many."""

import functools

import numpy as np
import pytest

from pipeline.tune import search
from pipeline.tune.fit import Plan, fit
from pipeline.tune.knobs import knobs_of
from pipeline.tune.objective import KAPPA
from pipeline.tune.sample import Sample, sample_of
from pipeline.tune.search import ByOptuna, Exhaustive, search_of, weighed
from pipeline.tune.space import space_of
from pipeline.tune.table import MET, MISSED, Table, cells_of
from tests.unit.tune import worlds

TRUE = {"max_level_db": 6.0, "max_pitch_st": 4.5, "max_rate_ratio": 1.2}
CALLS = 400


@functools.cache
def calm(noise: float = 0.0) -> Sample:
    """After an upset turn the voice must stay: raters have a limit each for level, pitch, rate."""
    rng = np.random.default_rng(1)
    criterion = worlds.criterion("calm-under-complaint")
    knobs = knobs_of(criterion)
    shown = np.stack([rng.uniform(0.3, 1.3, CALLS) * TRUE[knob.key] for knob in knobs])
    cells = cells_of(criterion, knobs)
    missed = np.array(
        [(shown > [[cell[knob.key]] for knob in knobs]).any(axis=0) for cell in cells]
    )
    codes = np.where(missed, MISSED, MET).astype(np.int8)
    table = Table(criterion, cells, worlds.reading(codes, np.full(codes.shape, np.nan)))
    marked = (shown > [[TRUE[knob.key]] for knob in knobs]).any(axis=0)
    marked ^= rng.random(CALLS) < noise
    calls = [f"call-{at}" for at in range(CALLS)]
    return sample_of(table, calls, worlds.agents(30, CALLS), worlds.truth("calm", marked))


def both(seed: int = 0):
    sample = calm()
    space = space_of(sample.table, knobs_of(sample.table.criterion))
    return sample, Exhaustive(space, sample, KAPPA), ByOptuna(space, sample, KAPPA, seed)


def scored(sample: Sample, way: search.Search, place: search.Place) -> float:
    every = np.ones(len(sample))
    return float(KAPPA(weighed(way.flags([place]), sample, every))[0])


def test_optuna_comes_near_to_the_best_of_all() -> None:
    sample, every, some = both()
    free = range(len(every.space.axes))
    assert len(free) == 3
    ones = np.ones(len(sample))
    best = scored(sample, every, every.best(ones, free))
    found = scored(sample, some, some.best(ones, free))
    present = scored(sample, every, every.space.present)
    assert found >= best - 0.05
    assert found > present


def test_one_seed_one_answer_and_only_free_axes_move() -> None:
    sample, _, some = both()
    _, _, again = both()
    ones = np.ones(len(sample))
    place = some.best(ones, [1])
    assert place == again.best(ones, [1])
    assert (place[0], place[2]) == (some.space.present[0], some.space.present[2])


def test_both_ask_the_same_verdicts() -> None:
    _, every, some = both()
    places = every.space.places()[::37]
    assert (every.flags(places) == some.flags(places)).all()


def test_which_way_is_taken_hangs_on_how_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    sample, every, _ = both()
    assert isinstance(search_of(every.space, sample, KAPPA, 0), Exhaustive)
    monkeypatch.setattr(search, "EXHAUSTIVE", every.space.size - 1)
    assert isinstance(search_of(every.space, sample, KAPPA, 0), ByOptuna)


def test_several_numbers_are_fitted_by_optuna_all_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole of a fit, held out and nested, where the grid is too large to try."""
    monkeypatch.setattr(search, "EXHAUSTIVE", 10)
    monkeypatch.setattr(search, "TRIALS", 40)
    sample = calm(0.05)
    plan = Plan(folds=3, inner=2, redraws=100, shuffles=199)
    found = fit(sample, knobs_of(sample.table.criterion), plan)
    assert found.status == "change"
    assert found.gain is not None
    assert found.gain.low > 0
    level, pitch, rate = found.knobs
    assert 4.5 < level.best < 7.5
    assert 3.0 < pitch.best < 6.0
    assert rate.low <= 1.2 <= rate.high
    assert found == fit(sample, knobs_of(sample.table.criterion), plan)
