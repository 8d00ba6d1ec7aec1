import base64
import json
import re
from typing import Any

import msgspec
import numpy as np
import pytest

from pipeline.report import html
from tests.unit.report.examples import HOSTILE, facts, finding, scorecard, tracks


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="call">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = html.render(scorecard(), facts(), tracks(), html.Sound(b"sound", "audio/webm"))
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)
    assert "default-src 'none'" in page


def test_the_sound_is_inside() -> None:
    page = html.render(scorecard(), facts(), sound=html.Sound(b"sound", "audio/webm"))
    assert base64.b64encode(b"sound").decode() in page
    assert "<audio" not in html.render(scorecard(), facts())


def test_words_cannot_become_markup() -> None:
    hostile = msgspec.structs.replace(facts(HOSTILE), call_id=HOSTILE)
    page = html.render(scorecard(call_id=HOSTILE), hostile, tracks())
    assert HOSTILE not in page
    assert page.count("<script") == 2
    assert "&lt;/script&gt;" in page


def test_the_costliest_misses_come_first_and_critical_ones_before_them() -> None:
    critical = finding("fatal", "missed", 0.0, 1.0, severity="critical")
    card = scorecard(findings=(*scorecard().findings, critical))
    assert [f.criterion for f in html.costliest(card)] == ["fatal", "costly", "cheap"]


@pytest.mark.parametrize(("ui", "shown"), [("zh", "失分原因"), ("en", "Why points were lost")])
def test_both_languages(ui: str, shown: str) -> None:
    assert shown in html.render(scorecard(), facts(), ui=ui)


def test_evidence_leads_to_its_moment() -> None:
    page = html.render(scorecard(), facts())
    assert 'data-start="0.7" data-stop="2.0"' in page


def test_hits_are_marked_for_the_right_speaker_only() -> None:
    page = html.render(scorecard(), facts())
    assert page.count('class="word hit bad"') == 2
    assert re.search(r'class="word" [^>]*>喂', page)


def test_curves_come_back_as_they_were_measured() -> None:
    call = data_of(html.render(scorecard(), facts(), tracks()))
    (channel, _) = call["channels"]
    level = np.frombuffer(base64.b64decode(channel["level"]), np.uint8) / 2 - 96
    assert set(level) == {-30.0}
    pitch = np.frombuffer(base64.b64decode(channel["pitch"]), np.uint8)
    assert set(pitch[100:200]) == {0}
    hz = 40 * 2 ** (call["pitchScale"] * (int(pitch[50]) - 1) / 12)
    assert hz == pytest.approx(150, rel=0.01)


def test_long_calls_are_drawn_more_coarsely() -> None:
    call = data_of(html.render(scorecard(), facts(), tracks(3000.0)))
    assert call["step"] == pytest.approx(0.03)
    assert len(base64.b64decode(call["channels"][0]["peak"])) == 100_000


def test_limits_of_the_rubric_stand_behind_the_curves() -> None:
    paced = finding("rate", "met", 1.0, 1.0, measure="speech-rate", value=4.0, low=3.3, high=5.5)
    loud = finding(
        "level", "missed", 0.0, 1.0, measure="level-re-other", value=12.0, low=-10.0, high=10.0
    )
    call = data_of(html.render(scorecard(findings=(paced, loud)), facts()))
    assert call["limits"] == {"pace": [3.3, 5.5], "level": [-22.0, -2.0]}


def test_a_failed_call_is_stamped() -> None:
    assert "一票否决" in html.render(scorecard(failed=True, mark=0.0), facts())


def test_a_call_without_a_mark_says_so() -> None:
    assert "没有可评分的内容" in html.render(scorecard(mark=None), facts())
