"""Numbers that belong together stay in order, within a criterion and between two."""

import msgspec
import numpy as np
import pytest

from pipeline.rubric import shipped
from pipeline.tune.calls import Calls
from pipeline.tune.fit import Plan, fit
from pipeline.tune.knobs import knobs_of, turned
from pipeline.tune.order import orders_of
from pipeline.tune.space import narrowed, space_of
from pipeline.tune.table import BY_VALUE, Table
from pipeline.tune.tuning import Work, tune
from tests.unit.tune import worlds

RNG = np.random.default_rng(7)
VALUES = np.round(np.exp(RNG.normal(0.5, 0.5, 300)), 3)
AGENTS = worlds.agents(30, 300)
CALLS = tuple(f"call-{at}" for at in range(300))
PLAN = Plan(redraws=100, shuffles=199)


def severe(name: str, **changes):
    """Another criterion that asks the same."""
    return msgspec.structs.replace(worlds.criterion(name), id=f"{name}-severe", **changes)


def rubric(*criteria):
    return msgspec.structs.replace(shipped("affinity-zh-v1"), criteria=criteria)


def names(found) -> set[tuple[str, str]]:
    return {(each.lower.name, each.upper.name) for each in orders_of(found)}


def test_the_stricter_of_two_limits_on_one_measure_stays_so() -> None:
    mild, grave = worlds.criterion("response-time"), severe("response-time", high=4.0)
    expected = {("response-time.high", "response-time-severe.high")}
    assert names(rubric(mild, grave)) == names(rubric(grave, mild)) == expected


def test_of_equal_limits_the_graver_flags_no_more() -> None:
    mild = worlds.criterion("speech-rate")
    found = names(rubric(mild, severe("speech-rate", severity="critical")))
    assert ("speech-rate.high", "speech-rate-severe.high") in found
    assert ("speech-rate-severe.low", "speech-rate.low") in found
    assert ("speech-rate.low", "speech-rate-severe.high") in found
    assert ("speech-rate-severe.low", "speech-rate.high") in found


def test_what_asks_something_else_has_no_order() -> None:
    mild = worlds.criterion("response-time")
    assert names(rubric(mild, severe("response-time", high=4.0, min_syllables=30))) == set()
    assert names(rubric(mild, severe("response-time", high=4.0, when="complaint"))) == set()
    assert names(shipped("affinity-zh-v1")) == set()


def work(mild_truth: float, severe_truth: float) -> Work:
    """Raters who think the mild limit lies at one number and the severe one at another."""
    mild, grave = worlds.criterion("response-time"), severe("response-time", high=4.0)
    criteria = {each.id: each for each in (mild, grave)}
    codes = np.full((1, 300), BY_VALUE, np.int8)
    tables = {
        key: Table(each, ({},), worlds.reading(codes, VALUES[None]))
        for key, each in criteria.items()
    }
    marks = [
        worlds.mark(call, key, bool(value > limit))
        for key, limit in zip(criteria, (mild_truth, severe_truth), strict=True)
        for call, value in zip(CALLS, VALUES, strict=True)
    ]
    calls = Calls(CALLS, tuple(AGENTS), ({},) * 300, tables)
    knobs = {key: knobs_of(each) for key, each in criteria.items()}
    return Work(rubric(mild, grave), knobs, calls, marks)


@pytest.mark.parametrize(("mild", "grave"), [(2.4, 1.8), (2.2, 2.2)])
def test_limits_that_would_cross_are_fitted_again_in_order(mild: float, grave: float) -> None:
    fits = {each.criterion: each for each in tune(work(mild, grave), PLAN).fits}
    one, other = (fits[key].setting["high"] for key in ("response-time", "response-time-severe"))
    assert one <= other
    if mild > grave:
        assert fits["response-time"].ordered == ("response-time.high",)
        assert abs(one - 2.1) <= 0.2  # half way
        assert abs(other - 2.1) <= 0.2


def test_limits_in_order_are_left_alone() -> None:
    found = tune(work(1.8, 2.4), PLAN)
    assert all(each.ordered == () for each in found.fits)
    plain = {
        key: fit(worlds.sample("response-time", VALUES, limit < VALUES, AGENTS),
                 knobs_of(worlds.criterion("response-time")), PLAN)
        for key, limit in (("response-time", 1.8),)
    }  # fmt: skip
    assert found.fits[0].knobs == plain["response-time"].knobs


def test_a_high_limit_alone_stays_above_the_low_one_that_is_not_turned() -> None:
    values = np.round(RNG.normal(3.0, 0.6, 300), 3)
    missed = values > 2.6  # the rubric's low limit is 3
    sample = worlds.sample("speech-rate", values, missed, AGENTS)
    high = [knob for knob in knobs_of(worlds.criterion("speech-rate")) if knob.key == "high"]
    (knob,) = fit(sample, high, PLAN).knobs
    assert knob.best > 3.0
    assert min(knob.candidates) > 3.0
    space = space_of(sample.table, high)
    assert all(space.setting(place)["high"] > 3.0 for place in space.places())


def test_bounds_of_people_and_of_order_hold_together() -> None:
    both = narrowed({"a.high": (1.0, None), "b.low": (None, 3.0)}, {"a.high": (0.5, 2.0)})
    assert both == {"a.high": (1.0, 2.0), "b.low": (None, 3.0)}


def test_only_numbers_differ_where_criteria_ask_the_same() -> None:
    mild = worlds.criterion("dead-air")
    grave = turned(mild, {"beyond": 60.0})
    found = names(rubric(mild, msgspec.structs.replace(grave, id="dead-air-severe")))
    assert ("dead-air.beyond", "dead-air-severe.beyond") in found
