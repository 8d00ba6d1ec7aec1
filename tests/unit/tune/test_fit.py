"""Fitting on worlds of which the answer is known."""

import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.tune import enough
from pipeline.tune.fit import Plan, fit
from pipeline.tune.knobs import knobs_of
from pipeline.tune.objective import Objective
from pipeline.tune.sample import NOBODY, folds, redrawn
from tests.unit.tune import worlds

RNG = np.random.default_rng(3)
VALUES = np.round(np.exp(RNG.normal(0.5, 0.5, 300)), 3)
TRUTH = VALUES > 2.3
AGENTS = worlds.agents(30, 300)
HIGH = knobs_of(worlds.criterion("response-time"))
QUICK = Plan(redraws=200, shuffles=399)


def fitted(missed=TRUTH, agents=AGENTS, plan=QUICK, values=VALUES):
    return fit(worlds.sample("response-time", values, missed, agents), HIGH, plan)


def test_perfect_marks_are_followed_to_the_threshold_behind_them() -> None:
    found = fitted()
    assert found.status == "change"
    (knob,) = found.knobs
    assert knob.low <= 2.3 <= knob.high
    assert knob.present == 1.5
    assert np.all((knob.best < VALUES) == TRUTH)
    assert found.fitted == 1.0
    assert found.held_out is not None
    assert found.held_out.value > 0.95
    assert found.changes == {"high": knob.best}


def test_one_seed_one_answer() -> None:
    assert fitted() == fitted()


def test_where_the_rubric_is_right_already_it_is_kept() -> None:
    found = fitted(missed=VALUES > 1.5)
    assert found.status == "keep"
    assert found.changes == {}
    assert found.knobs[0].best == 1.5


def test_marks_without_meaning_teach_nothing() -> None:
    found = fitted(missed=np.random.default_rng(1).random(300) < 0.3)
    assert found.status == "nothing"
    assert found.changes == {}
    assert found.chance is not None
    assert found.chance > 0.01


def test_marks_against_the_limit_teach_nothing() -> None:
    """Raters call the quick answers missed: no high limit says that, and none is proposed."""
    assert fitted(missed=VALUES < 1.2).status == "nothing"


def test_a_dozen_marks_are_not_enough() -> None:
    found = fit(worlds.sample("response-time", VALUES[:12], TRUTH[:12], AGENTS[:12]), HIGH, QUICK)
    assert found.status == "not-enough"
    assert found.more >= 50
    assert found.knobs == ()
    assert found.held_out is None


def test_marks_that_are_all_the_same_are_named() -> None:
    found = fitted(missed=np.zeros(300, bool))
    assert found.status == "one-sided"
    assert found.knobs == ()


def test_three_agents_are_not_enough_to_hold_one_out() -> None:
    assert fitted(agents=worlds.agents(3, 300)).status == "not-enough"


def test_bounds_hold() -> None:
    plan = Plan(redraws=100, shuffles=199, bounds={"response-time.high": (1.0, 2.0)})
    found = fitted(plan=plan)
    assert found.knobs[0].best <= 2.0
    with pytest.raises(UsageError, match=r"1\.5 now"):
        fitted(plan=Plan(bounds={"response-time.high": (2.0, 3.0)}))


def test_dear_oversights_lower_a_limit_and_dear_false_flags_raise_it() -> None:
    noisy = TRUTH ^ (np.random.default_rng(5).random(300) < 0.15)
    dear = Plan(objective=Objective("cost", overlooked=20.0), redraws=100, shuffles=199)
    mild = Plan(objective=Objective("cost", false_flag=20.0), redraws=100, shuffles=199)
    assert fitted(noisy, plan=dear).knobs[0].best < fitted(noisy, plan=mild).knobs[0].best


def test_two_limits_are_found_together_and_stay_in_order() -> None:
    rng = np.random.default_rng(4)
    values = np.round(rng.normal(4.4, 0.9, 400), 3)
    missed = (values < 3.6) | (values > 5.2)
    sample = worlds.sample("speech-rate", values, missed, worlds.agents(25, 400))
    found = fit(sample, knobs_of(worlds.criterion("speech-rate")), QUICK)
    low, high = found.knobs
    assert found.status == "change"
    assert low.low <= 3.6 <= low.high < high.low <= 5.2 <= high.high
    assert low.best < high.best


def test_no_agent_is_on_both_sides_and_verdicts_are_spread() -> None:
    groups = np.random.default_rng(2).integers(0, 23, 400)
    marked = np.random.default_rng(3).random(400) < 0.3
    parts = folds(groups, marked, 5, seed=1)
    for group in set(groups.tolist()):
        assert len(set(parts[groups == group].tolist())) == 1
    shares = [marked[parts == part].sum() for part in range(5)]
    assert max(shares) - min(shares) <= 12
    assert set(parts.tolist()) == set(range(5))


def test_agents_are_redrawn_whole() -> None:
    sample = worlds.sample("response-time", VALUES, TRUTH, AGENTS)
    weights = redrawn(sample, 20, seed=0)
    assert sample.unit == "agent"
    for agent in set(sample.agents.tolist()):
        assert (weights[sample.agents == agent] == weights[sample.agents == agent][0]).all()
    assert weights.shape == (300, 20)


def test_calls_of_nobody_stay_together_beside_known_agents() -> None:
    mixed = [agent if at % 3 else None for at, agent in enumerate(AGENTS)]
    sample = worlds.sample("response-time", VALUES, TRUTH, mixed)
    parts = folds(sample.groups, sample.marked, 5, seed=0)
    assert len(set(parts[sample.agents == NOBODY].tolist())) == 1


def test_without_any_agent_calls_are_held_out() -> None:
    found = fitted(agents=[None] * 300)
    assert (found.agents, found.unit, found.status) == (0, "call", "change")


@pytest.mark.parametrize(("calls", "missed"), [(64, 32), (300, 150)])
def test_enough_is_enough(calls: int, missed: int) -> None:
    assert enough.more(calls, missed, agents=calls) == 0


def test_rare_misses_need_more_marks() -> None:
    assert enough.wanted(100, 10, 0) > enough.wanted(100, 30, 0) > enough.wanted(100, 50, 0)
    assert enough.wanted(100, 30, 5) > enough.wanted(100, 30, 0)  # calls of an agent are alike
    assert enough.more(100, 2, 0) > 100
