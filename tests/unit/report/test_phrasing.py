import pytest

from pipeline.report.html import render
from pipeline.report.phrasing import clock, limits, number, quoted, thin
from tests.unit.report.examples import facts, finding, scorecard


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00.0"),
        (59.96, "1:00.0"),
        (61.24, "1:01.2"),
        (3600, "1:00:00.0"),
        (7325.5, "2:02:05.5"),
    ],
)
def test_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (5, "5"),
        (4.856, "4.86"),
        (-24.41, "-24.4"),
        (123.4, "123"),
        (100, "100"),
        (0.1, "0.1"),
        (-0.001, "0"),
    ],
)
def test_number(value: float, shown: str) -> None:
    assert number(value) == shown


def test_a_mark_that_rests_on_little_says_so() -> None:
    good, unheard = finding("a", "met", 1, 1), finding("b", "not_measured", 0, 0)
    told = thin(scorecard(findings=(good, unheard)), "zh")
    assert told == "2 项指标中有 1 项未能测量，总分只代表其余各项。"
    assert told in render(scorecard(findings=(good, unheard)), facts())
    assert thin(scorecard(findings=(good, good, good, unheard)), "zh") is None
    assert thin(scorecard(findings=(good, finding("c", "not_applicable", 0, 0))), "en") is None


@pytest.mark.parametrize(
    ("low", "high", "zh", "en"),
    [
        (3.0, 5.5, "3–5.5", "3–5.5"),
        (-10.0, 10.0, "-10 至 10", "-10 to 10"),
        (None, 2.0, "≤ 2", "≤ 2"),
        (1.0, None, "≥ 1", "≥ 1"),
        (None, None, "", ""),
    ],
)
def test_limits(low: float | None, high: float | None, zh: str, en: str) -> None:
    held = finding("a", "met", 1, 1, low=low, high=high)
    assert (limits(held, "zh"), limits(held, "en")) == (zh, en)


def test_quotation_marks_of_the_language() -> None:
    assert (quoted("您好", "zh"), quoted("hello", "en")) == ("「您好」", "“hello”")
