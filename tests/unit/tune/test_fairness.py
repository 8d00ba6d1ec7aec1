"""Groups: even ones pass, a threshold on the line is told, agents are not taken for many calls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from pipeline.errors import UsageError
from pipeline.tune.calls import Calls
from pipeline.tune.fairness import fairness, holm, wilson
from tests.unit.tune import worlds

RNG = np.random.default_rng(0)


@given(st.integers(0, 40), st.integers(1, 40))
def test_wilson_as_scipy(hits: int, more: int) -> None:
    expected = binomtest(hits, hits + more).proportion_ci(method="wilson")
    assert wilson(hits, hits + more) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_holm_by_hand() -> None:
    """0.005 x 4, 0.01 x 3, 0.03 x 2; 0.04 x 1 is lifted to what came before it."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def compared(values: np.ndarray, missed: np.ndarray, groups: list[str], agents: list[str | None]):
    calls = Calls(
        call_ids=tuple(f"call-{at}" for at in range(len(values))),
        agents=tuple(agents),
        groups=tuple({"line": group} for group in groups),
        tables={"response-time": worlds.table("response-time", values)},
    )
    return fairness(calls, {"response-time": worlds.truth("response-time", missed)})


def test_a_delay_on_the_line_is_told() -> None:
    """Raters hear no difference; the line adds half a second to every answer on it."""
    groups = RNG.choice(["voip", "landline"], 400).tolist()
    answers = np.round(RNG.uniform(0.2, 1.8, 400), 3)
    late = np.array([0.6 if group == "voip" else 0.0 for group in groups])
    (found,) = compared(answers + late, answers > 1.5, groups, worlds.agents(40, 400, 99))
    assert found.on_the_line
    assert found.test == "Fisher"
    shares = {rate.group: rate for rate in found.rates}
    assert shares["landline"].flagged == 0
    assert shares["voip"].low > shares["landline"].high


def test_groups_that_are_alike_are_not_told_apart() -> None:
    uneven = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        groups = rng.choice(["a", "b", "c"], 300).tolist()
        values = np.round(rng.uniform(0.2, 2.2, 300), 3)
        (found,) = compared(values, np.zeros(300, bool), groups, worlds.agents(40, 300, seed + 999))
        uneven += found.uneven
    assert uneven <= 5


def test_six_agents_of_two_kinds_are_six_and_not_three_hundred() -> None:
    """Agents differ for their own reasons; their group is only a name for a few of them."""
    uneven = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        who = rng.integers(0, 6, 300)
        values = np.round(rng.normal(1.5, 0.1, 300) + rng.normal(0, 0.5, 6)[who], 3)
        groups = [("a", "b")[agent % 2] for agent in who]
        (found,) = compared(values, np.zeros(300, bool), groups, [f"agent-{at}" for at in who])
        assert found.one_group_agents
        uneven += found.uneven
    assert uneven <= 2


def test_small_groups_are_named_and_left_out_of_the_test() -> None:
    groups = ["a"] * 50 + ["b"] * 50 + ["c"] * 3
    values = np.full(103, 1.0)
    (found,) = compared(values, np.zeros(103, bool), groups, [None] * 103)
    assert found.left_out == ("c",)
    assert [rate.group for rate in found.rates] == ["a", "b", "c"]


def test_small_groups_are_shown_and_not_tested() -> None:
    groups = ["a"] * 200 + ["b"] * 190 + ["tiny"] * 4
    values = np.round(np.random.default_rng(1).uniform(0.2, 2.2, 394), 3)
    none = np.zeros(394, bool)
    (found,) = compared(values, none, groups, worlds.agents(40, 394))
    assert [rate.group for rate in found.rates] == ["a", "b", "tiny"]
    assert found.left_out == ("tiny",)
    (alone,) = compared(values[196:], none[196:], groups[196:], worlds.agents(40, 198))
    assert (alone.p, alone.adjusted, alone.uneven) == (None, None, False)
    assert len(alone.rates) == 3


def test_a_key_that_no_call_has_is_refused() -> None:
    calls = Calls(("a",), (None,), ({"line": "voip"},), {})
    with pytest.raises(UsageError, match="no call has that; there: line"):
        fairness(calls, {}, ["lien"])
