import io

import msgspec
import pytest
from rich.console import Console

from pipeline.report.text import render
from tests.unit.report.examples import radar, scorecard


def printed(ui: str, **changes: object) -> str:
    out = io.StringIO()
    Console(file=out, width=100, highlight=False).print(render(scorecard(**changes), ui))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_the_whole_scorecard() -> None:
    assert printed("en", radar=radar(4.0, None, 5.0)) == (
        """\
Scorecard example  40 / 100   Standard v1
Patience  ████████░░░░░░░░░░░░  6/15

Affinity radar
Patience  side 0 4.0, side 1 not measured, side 2 5.0

To talk about
1. costly name  lost 8
   reason
   0:01.0–0:01.5  agent  “您好”  0.5 s  similarity 90%
   Better: “您好，请问有什么可以帮您？”
2. cheap name  lost 1
   reason
   The standard's words: Service skills: 在客户讲话时任意打断客户、插话
   The standard's words: Call-centre etiquette: 避免打断客户陈述…需等待客户完整表达后再回应
   The standard's words: Telephone skills and the affinity standard: 不打断问话 / 打断

Patience
✗ T01 cheap name  1/2 missed  reason
✗ T01 costly name 0/8 missed  3 per call (should be ≤ 1)  reason
                        0:01.0–0:01.5  agent  “您好”  0.5 s  similarity 90%  →
                        您好，请问有什么可以帮您？
                        0:04.5–0:05.0  agent  no speech; not counted
✓ T01 good name   5/5 met  reason
? not measured      – reason  (T01 unheard name)"""
    )


@pytest.mark.parametrize(("ui", "outcome"), [("zh", "未测量"), ("en", "not measured")])
def test_both_languages_say_the_same(ui: str, outcome: str) -> None:
    text = printed(ui)
    assert outcome in text
    assert {"zh": "3 次/通 (应为 ≤ 1)", "en": "3 per call (should be ≤ 1)"}[ui] in text


def test_a_failed_call_says_so() -> None:
    assert "failed" in printed("en", failed=True, mark=0.0)


def test_the_demonstration_model_is_announced() -> None:
    assert "--model small" in " ".join(printed("en", demonstration=True).split())
    assert "--model small" in " ".join(printed("zh", demonstration=True).split())


def test_a_pillar_without_marks_says_so() -> None:
    (pillar,) = scorecard().pillars
    failed = msgspec.structs.replace(pillar, failed=True)
    assert "整项不得分" in printed("zh", pillars=(failed,))


def test_without_lost_points_there_is_nothing_to_talk_about() -> None:
    assert "辅导要点" not in printed("zh", findings=())
