import pytest

from pipeline.report.phrasing import clock, number


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
    ],
)
def test_number(value: float, shown: str) -> None:
    assert number(value) == shown
