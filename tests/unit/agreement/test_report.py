"""Raters whose reliability is known: what they must agree on, who drifts, which calls differ."""

from datetime import timedelta

import msgspec
import numpy as np
import pytest

from pipeline.agreement.figures import Figure
from pipeline.agreement.report import Agreement, Line, agreement
from pipeline.errors import MarksError
from pipeline.store.marks import Mark
from tests.unit.agreement.simulated import START, numbers, verdicts

CALLS = 400
TRUTH = np.random.default_rng(5).random(CALLS) < 0.7
ERRORS = {"王": 0.05, "李": 0.15}


def name(number: int) -> str:
    return f"call-{number:04d}"


def system(wrong: float = 0.1, seed: int = 9, criterion: str = "pace") -> dict:
    turned = np.random.default_rng(seed).random(CALLS) < wrong
    return {
        (name(number), criterion): "met" if met else "missed"
        for number, met in enumerate(turned != TRUTH)
    }


def only(found: Agreement) -> Line:
    (line,) = found.lines
    return line


def inside(figure: Figure, value: float) -> bool:
    return figure.low is not None and figure.low <= value <= figure.high


def planted_kappa(first: float, second: float) -> float:
    """Kappa of two who err independently on 70 % met calls."""
    p, same = 0.7, (1 - first) * (1 - second) + first * second
    a, b = (p * (1 - e) + (1 - p) * e for e in (first, second))
    chance = a * b + (1 - a) * (1 - b)
    return (same - chance) / (1 - chance)


def test_planted_reliability_is_found_within_its_interval() -> None:
    found = only(agreement(verdicts(TRUTH, ERRORS, 1), system(), {}))
    among, beside = found.compared.among, found.compared.system
    assert inside(among.same, 0.95 * 0.85 + 0.05 * 0.15)
    assert inside(among.kappa, planted_kappa(0.05, 0.15))
    ours = (planted_kappa(0.1, 0.05) + planted_kappa(0.1, 0.15)) / 2
    assert inside(beside.kappa, ours)
    assert inside(found.compared.gap, ours - planted_kappa(0.05, 0.15))
    assert among.kappa.calls == beside.kappa.calls == CALLS
    assert among.linear.reason is not None
    assert among.linear.value is None


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """95 % intervals over 150 worlds; binomial: 136 or fewer of 150 has a chance under 2 %."""
    generator = np.random.default_rng(3)
    held = 0
    for world in range(150):
        truth = generator.random(120) < 0.7
        marks = verdicts(truth, ERRORS, 1000 + world)
        held += inside(
            only(agreement(marks, {}, {}, draws=300)).compared.among.kappa,
            planted_kappa(0.05, 0.15),
        )
    assert held > 135


def test_the_same_seed_says_the_same() -> None:
    marks = verdicts(TRUTH, ERRORS, 1)
    first, again = (agreement(marks[::step], system(), {}, draws=50) for step in (1, -1))
    assert msgspec.json.encode(first) == msgspec.json.encode(again)
    other = agreement(marks, system(), {}, draws=50, seed=1)
    assert only(other).compared.among.kappa.value == only(first).compared.among.kappa.value
    assert only(other).compared.among.kappa.low != only(first).compared.among.kappa.low


def test_a_pair_has_its_confusion_table_and_each_rater_a_prevalence() -> None:
    found = only(agreement(verdicts(TRUTH, ERRORS, 1), system(), {}))
    (pair,) = found.compared.pairs
    assert (pair.first, pair.second) == ("李", "王")
    table = np.array(pair.table)
    assert table.sum() == CALLS
    by_rater = {said.rater: said for said in found.compared.prevalence}
    assert tuple(table.sum(1)) == by_rater["李"].counts
    assert tuple(table.sum(0)) == by_rater["王"].counts
    assert found.categories == ("missed", "met")
    assert [pair.second for pair in found.compared.with_system] == ["李", "王", "majority"]
    shift = (table.sum(1)[1] - table.sum(0)[1]) / CALLS
    assert pair.coefficients.difference.value == pytest.approx(shift)


def test_not_applicable_is_a_third_category_where_it_is_used() -> None:
    marks = verdicts(TRUTH, ERRORS, 1)
    marks[3] = msgspec.structs.replace(marks[3], value="not_applicable")
    assert only(agreement(marks, {}, {})).categories == ("missed", "met", "not_applicable")


def test_numbers_are_compared_as_numbers() -> None:
    truth = np.random.default_rng(2).normal(60, 10, CALLS)
    marks = numbers(truth, {"王": 4.0, "李": 4.0, "张": 4.0}, 3)
    ours = {(name(n), None): float(value) + 5.0 for n, value in enumerate(truth)}
    found = only(agreement(marks, ours, {}))
    assert inside(found.compared.among.icc, 100 / 116)
    assert inside(found.compared.icc["2,k"], 100 / (100 + 16 / 3))
    assert inside(found.compared.among.apart, 4 * np.sqrt(2) * np.sqrt(2 / np.pi))
    assert inside(found.compared.system.difference, 5.0)
    assert found.compared.among.kappa.value is None
    assert found.categories == ()
    assert found.compared.pairs[0].table is None


def test_few_steps_make_categories_too() -> None:
    truth = np.random.default_rng(2).normal(60, 10, CALLS)
    marks = [
        msgspec.structs.replace(m, value=float(np.clip(round(m.value / 20), 1, 5)), scale="1-5:1")
        for m in numbers(truth, {"王": 4.0, "李": 4.0}, 3)
    ]
    found = only(agreement(marks, {(name(0), None): 60.0}, {}))
    among = found.compared.among
    assert found.categories == ("1", "2", "3", "4", "5")
    assert 0 < among.kappa.value < among.linear.value < among.quadratic.value < 1
    assert among.ac.value is not None
    assert found.compared.system.kappa.value is None
    assert "0 to 100" in found.compared.system.kappa.reason.en


# ── What cannot be told ──────────────────────────────────────────────────────────────────────────


def test_one_rater_has_no_ceiling_but_the_system_is_compared() -> None:
    found = only(agreement(verdicts(TRUTH, {"王": 0.05}, 1), system(), {}))
    for figure in (found.compared.among.kappa, found.compared.among.alpha, found.compared.gap):
        assert figure.value is None
        assert figure.reason.en == "only one rater"
    assert inside(found.compared.system.kappa, planted_kappa(0.1, 0.05))
    assert any("only one rater" in caution.en for caution in found.compared.cautions)


def test_raters_of_different_calls_share_nothing() -> None:
    marks = verdicts(TRUTH, {"王": 0.05}, 1)[:50] + verdicts(TRUTH, {"李": 0.05}, 1)[50:]
    found = only(agreement(marks, {}, {}))
    assert found.compared.among.kappa.value is None
    assert "two have marked" in found.compared.among.kappa.reason.en


def test_marks_that_are_all_the_same_say_so() -> None:
    found = only(agreement(verdicts(np.ones(50, bool), {"王": 0, "李": 0}, 1), {}, {}))
    among = found.compared.among
    assert (among.same.value, among.ac.value) == (1.0, 1.0)
    for figure in (among.kappa, among.alpha):
        assert figure.value is None
        assert "every mark is the same" in figure.reason.en
    assert any("every mark is the same" in caution.en for caution in found.compared.cautions)


def test_too_few_calls_have_a_value_and_no_interval() -> None:
    found = only(agreement(verdicts(TRUTH[:8], ERRORS, 4), {}, {}))
    assert found.compared.among.same.value is not None
    assert found.compared.among.same.low is None
    assert "under 10 calls" in found.compared.among.same.reason.en


def test_calls_that_were_not_judged_say_so() -> None:
    found = only(agreement(verdicts(TRUTH, ERRORS, 1), {}, {}))
    assert "no verdict on any" in found.compared.system.kappa.reason.en
    assert found.compared.with_system == ()


def test_no_marks_are_an_error() -> None:
    with pytest.raises(MarksError, match="qinhe marks import"):
        agreement([], {}, {})


def test_a_rare_verdict_is_cautioned() -> None:
    found = only(agreement(verdicts(np.arange(CALLS) > 3, {"王": 0, "李": 0}, 1), {}, {}))
    assert any("AC1" in caution.en for caution in found.compared.cautions)


# ── All criteria together, over time, call by call ───────────────────────────────────────────────


def test_criteria_are_pooled_with_calls_redrawn_whole() -> None:
    """The same marks under ten names are no more evidence than once: the interval must not shrink
    as ten times the calls would make it."""
    marks = verdicts(TRUTH, ERRORS, 1)
    once = only(agreement(marks, {}, {}, draws=100)).compared.among.kappa
    copies = [msgspec.structs.replace(mark, criterion=f"c{n}") for n in range(10) for mark in marks]
    pooled = agreement(copies, {}, {}, draws=100).lines[0]
    assert pooled.pooled
    assert pooled.calls == CALLS
    assert pooled.marks == 20 * CALLS
    assert pooled.compared.among.kappa.value == pytest.approx(once.value)
    assert pooled.compared.among.kappa.low == pytest.approx(once.low)


def drifting(rater: str, wrong_later: float) -> list[Mark]:
    """Six months of marks by three; one errs ever more, always to the strict side."""
    generator = np.random.default_rng(8)
    marks = verdicts(TRUTH, {"王": 0.05, "李": 0.05, "张": 0.05}, 1)
    later = {START + timedelta(days=30 * month): month / 5 for month in range(6)}
    return [
        msgspec.structs.replace(mark, value="missed")
        if mark.rater == rater and generator.random() < wrong_later * later[mark.marked_at]
        else mark
        for mark in marks
    ]


def test_a_rater_who_drifts_is_found_and_the_others_are_not() -> None:
    found = {each.rater: each for each in agreement(drifting("张", 0.6), {}, {}).drift}
    assert found["张"].drifts
    assert found["张"].change.high < 0
    assert found["张"].turn.high < 0
    assert [period.name for period in found["张"].periods][:2] == ["2026-01", "2026-02"]
    steady = {each.rater: each.drifts for each in agreement(drifting("张", 0.0), {}, {}).drift}
    assert steady == {"张": False, "李": False, "王": False}


def test_one_period_and_one_rater_have_no_drift() -> None:
    same_day = [
        msgspec.structs.replace(mark, marked_at=START) for mark in verdicts(TRUTH, ERRORS, 1)
    ]
    assert {each.change.reason.en for each in agreement(same_day, {}, {}).drift} == {
        "marks of one period only"
    }
    (alone,) = agreement(verdicts(TRUTH, {"王": 0.1}, 1), {}, {}).drift
    assert "others have marked" in alone.change.reason.en


@pytest.mark.parametrize(
    ("every", "names"), [("day", ["2025-12-29", "2026-01-04"]), ("week", ["2026-W01"]),
                         ("month", ["2025-12", "2026-01"])],
)  # fmt: skip
def test_periods_go_by_the_calendar(every, names: list[str]) -> None:
    start = START.replace(year=2025, month=12, day=29)
    marks = [
        msgspec.structs.replace(mark, marked_at=start + timedelta(days=6 * (i % 2)))
        for i, mark in enumerate(verdicts(TRUTH, ERRORS, 1))
    ]
    found = agreement(marks, {}, {}, every=every, draws=20)
    assert [period.name for period in found.drift[0].periods] == names


def test_the_calls_that_differ_most_come_first() -> None:
    def mark(call: int, rater: str, value, **about) -> Mark:
        return Mark(call_id=name(call), rater=rater, value=value, **about)

    marks = [
        mark(1, "王", "met", criterion="pace"), mark(1, "李", "missed", criterion="pace"),
        mark(1, "王", 80.0, scale="0-100"), mark(1, "李", 80.0, scale="0-100"),
        mark(2, "王", "met", criterion="pace"), mark(2, "李", "met", criterion="pace"),
        mark(3, "王", "met", criterion="pace"), mark(3, "李", "missed", criterion="pace"),
        mark(4, "王", 20.0, scale="0-100"), mark(4, "李", 40.0, scale="0-100"),
    ]  # fmt: skip
    found = agreement(marks, {(name(2), "pace"): "missed"}, {})
    assert [(each.call_id, each.disagreement) for each in found.disputes] == [
        (name(3), 1.0), (name(1), 0.5), (name(4), pytest.approx(0.2)),
    ]  # fmt: skip
    assert found.disputes[1].differing[0].said == {"王": "met", "李": "missed"}
    assert len(found.disputes[1].differing) == 1
    (against,) = found.outvoted
    assert against.call_id == name(2)
    assert against.differing[0].said == {"王": "met", "李": "met", "qinhe": "missed"}
