import io

import pytest
from rich.console import Console

from pipeline.report.text import render
from tests.unit.report.examples import scorecard


def printed(ui: str, **changes: object) -> str:
    out = io.StringIO()
    Console(file=out, width=100, highlight=False).print(render(scorecard(**changes), ui))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_the_whole_scorecard() -> None:
    assert printed("en") == (
        """\
Scorecard example  40 / 100   Standard v1
Patience  ████████░░░░░░░░░░░░  6/15

Patience
✗ T01 cheap name  1/2 missed  reason
✗ T01 costly name 0/8 missed  3 次 (≤ 1)  reason
                        0:01.0–0:01.5  agent  「您好」  0.5 s
                        0:04.5–0:05.0  agent  not counted
✓ T01 good name   5/5 met  reason
? not measured      – reason  (T01 unheard name)"""
    )


@pytest.mark.parametrize(("ui", "outcome"), [("zh", "未测量"), ("en", "not measured")])
def test_both_languages_say_the_same(ui: str, outcome: str) -> None:
    text = printed(ui)
    assert outcome in text
    assert "3 次 (≤ 1)" in text


def test_a_failed_call_says_so() -> None:
    assert "failed" in printed("en", failed=True, mark=0.0)


def test_the_demonstration_model_is_announced() -> None:
    assert "--model small" in " ".join(printed("en", demonstration=True).split())
    assert "--model small" in " ".join(printed("zh", demonstration=True).split())
