from collections import Counter

import pytest

from pipeline.marks.sampling import draw
from pipeline.store.verdicts import Held, JudgedCall


def call(number: int, agent: str = "李", mark: float | None = 50.0) -> JudgedCall:
    return JudgedCall(
        call_id=f"call-{number:03d}", source="", agent=agent, started_at=None, duration_s=60.0,
        mark=mark,
    )  # fmt: skip


def held(number: int, value: float | None, criterion: str = "pace", **limits: float) -> Held:
    return Held(
        call_id=f"call-{number:03d}", criterion=criterion, outcome="met", value=value,
        low=limits.get("low"), high=limits.get("high"),
    )  # fmt: skip


def names(calls: list[JudgedCall]) -> list[str]:
    return [each.call_id for each in calls]


@pytest.mark.parametrize("by", ["random", "stratified", "uncertain"])
def test_the_same_seed_draws_the_same_calls_in_any_order(by: str) -> None:
    calls = [call(n, f"agent {n % 4}", n) for n in range(40)]
    verdicts = [held(n, n, high=12.5) for n in range(40)]
    drawn = names(draw(calls, verdicts, 10, by, 7))
    assert drawn == names(draw(calls[::-1], verdicts[::-1], 10, by, 7))
    assert len(set(drawn)) == 10


def test_another_seed_draws_others_and_each_is_as_likely() -> None:
    calls = [call(n) for n in range(20)]
    counts = Counter(
        name for seed in range(400) for name in names(draw(calls, [], 5, "random", seed))
    )
    assert len(counts) == 20
    # Binomial(400, 1/4): mean 100, standard deviation 8.7; five of them either way.
    assert all(57 < count < 143 for count in counts.values())


def test_no_more_calls_than_there_are() -> None:
    assert len(draw([call(1), call(2)], [], 9, "random", 0)) == 2
    assert draw([], [], 3, "stratified", 0) == []


def test_strata_are_drawn_evenly_however_rare() -> None:
    common = [call(n, "busy", mark=80.0 + n % 10) for n in range(90)]
    rare = [call(100 + n, "rare", mark=10.0 * n) for n in range(4)]
    drawn = draw([*common, *rare, call(999, "new", mark=None)], [], 7, "stratified", 3)
    counts = Counter(each.agent for each in drawn)
    assert counts == {"busy": 3, "rare": 3, "new": 1}


def test_within_an_agent_low_and_high_marks_take_turns() -> None:
    marks = [5.0] * 3 + [50.0] * 3 + [95.0] * 30
    drawn = draw([call(n, mark=mark) for n, mark in enumerate(marks)], [], 6, "stratified", 1)
    assert Counter(each.mark for each in drawn)[95.0] <= 4
    assert {each.mark for each in drawn} >= {5.0, 95.0}


def test_uncertain_takes_what_lies_nearest_its_limit_criterion_by_criterion() -> None:
    calls = [call(n) for n in range(10)]
    pace = [held(n, n, "pace", low=2.2, high=100.0) for n in range(10)]
    hold = [held(n, 10.0 * n, "hold", high=72.0) for n in range(10)]
    drawn = names(draw(calls, [*pace, *hold], 4, "uncertain", 0))
    assert set(drawn[:2]) == {"call-002", "call-007"}
    assert set(drawn[2:]) == {"call-003", "call-008"}


def test_what_has_no_value_or_no_limit_is_never_near() -> None:
    calls = [call(n) for n in range(3)]
    verdicts = [held(0, None, high=1.0), held(1, 5.0), held(2, 9.0, high=1.0)]
    assert names(draw(calls, verdicts, 3, "uncertain", 0)) == ["call-002"]
