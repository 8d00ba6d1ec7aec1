"""Marks: what is wrong with them is named, what is right becomes one verdict a call."""

from itertools import product

import pytest

from pipeline.store.marks import Mark
from pipeline.tune.truth import problems, truth_of


def mark(call: str, rater: str, value="met", criterion: str | None = "c", **more) -> Mark:
    return Mark(call_id=call, rater=rater, criterion=criterion, value=value, **more)


def kinds(marks: list[Mark]) -> set[str]:
    return {each.kind for each in problems(marks, {"a", "b"}, {"c"})}


def test_good_marks_have_no_problem() -> None:
    good = [mark(call, rater) for call, rater in product("ab", "xyz")]
    assert kinds([*good, mark("a", "x", 80.0, None, scale="0-100")]) == set()


@pytest.mark.parametrize(
    ("bad", "kind", "names"),
    [
        ([mark("zz", "x")], "not-stored", "'zz'"),
        ([mark("a", "x"), mark("a", "x", "missed")], "twice", "'x' on 'a'"),
        ([mark("a", "x", criterion="other")], "other-criterion", "'other'"),
        ([mark("a", "x"), mark("b", "x", 3.0, scale="1-5:1")], "mixed-scales", "1-5:1"),
        (
            [mark("a", "x", 3.0, scale="1-5:1"), mark("b", "x", 30.0, scale="0-100")],
            "mixed-scales",
            "0-100, 1-5:1",
        ),
        ([mark("a", "x", 3.0, scale="1-5:1")], "numbers", "met or missed"),
    ],
)
def test_bad_marks_are_named(bad: list[Mark], kind: str, names: str) -> None:
    (found,) = problems(bad, {"a", "b"}, {"c"})
    assert found.kind == kind
    assert names in found.found


def test_overall_marks_may_be_numbers_but_on_one_scale() -> None:
    one = mark("a", "x", 80.0, None, scale="0-100")
    assert kinds([one]) == set()
    assert kinds([one, mark("b", "x", 3.0, None, scale="1-5:1")]) == {"mixed-scales"}


def test_the_majority_decides_and_a_tie_is_no_verdict() -> None:
    marks = [
        mark("a", "x", "missed"), mark("a", "y", "missed"), mark("a", "z", "met"),
        mark("b", "x", "missed"), mark("b", "y", "met"),
        mark("d", "x", "not_applicable"), mark("d", "y", "not_applicable"), mark("d", "z", "met"),
        mark("e", "z", "met"),
    ]  # fmt: skip
    truth = truth_of("c", marks)
    assert truth.missed == {"a": True, "e": False}
    assert (truth.ties, truth.not_applicable, truth.split) == (1, 1, 3)
    assert truth.raters == {"x": 3, "y": 3, "z": 3}


def test_a_rater_who_agrees_with_nobody_counts_for_nothing_when_weighed() -> None:
    marks = []
    for number in range(40):
        value, other = ("met", "missed") if number % 3 else ("missed", "met")
        call = f"call-{number}"
        marks += [mark(call, "x", value), mark(call, "y", value), mark(call, "odd", other)]
    marks += [mark("last", "odd", "missed"), mark("last", "x", "met")]
    truth = truth_of("c", marks, "weighted")
    assert truth.weights["odd"] == 0.0
    assert truth.weights["x"] > 3.0
    assert truth.missed["last"] is False
    assert truth_of("c", marks).ties == 1
