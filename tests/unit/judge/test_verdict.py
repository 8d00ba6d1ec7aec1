"""Numbers for people."""

import pytest

from pipeline.judge.verdict import shown


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [(-0.04, False, "0.0"), (-0.04, True, "0.0"), (0.04, True, "0.0"), (1.25, True, "+1.2"),
     (-1.26, True, "-1.3"), (3.14, False, "3.1")],
)  # fmt: skip
def test_what_rounds_to_zero_has_no_sign(value: float, signed: bool, text: str) -> None:
    assert shown(value, 1, signed=signed) == text
