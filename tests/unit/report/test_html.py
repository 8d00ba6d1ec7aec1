import base64
import hashlib
import re

import msgspec
import pytest

from pipeline.report import html
from pipeline.standards import catalogue
from tests.unit.report.examples import HOSTILE, SOUND, facts, finding, radar, scorecard, tracks


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = html.render(scorecard(), facts(), tracks(), SOUND)
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)
    assert "url(" not in page
    assert "@import" not in page


def test_only_the_pages_own_style_and_script_have_effect() -> None:
    page = html.render(scorecard(), facts(), tracks(), SOUND)
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert found
    policy = dict(part.split(" ", 1) for part in found[1].replace("&#39;", "'").split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["media-src"] == "blob:"
    assert "unsafe" not in found[1]
    for kind, pattern in (
        ("style", r"<style>(.*?)</style>"),
        ("script", r"<script>(.*?)</script>"),
    ):
        (text,) = re.findall(pattern, page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy[f"{kind}-src"] == f"'sha256-{digest}'"


def test_nothing_on_the_page_would_need_a_looser_policy() -> None:
    page = html.render(scorecard(radar=radar()), facts(), tracks(), SOUND)
    body = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"<[^>]* style=", body)
    assert not re.search(r"<[^>]* on[a-z]+=", body)


def test_the_sound_is_inside() -> None:
    page = html.render(scorecard(), facts(), sound=SOUND)
    assert base64.b64encode(SOUND.data).decode() in page
    assert "<audio" not in html.render(scorecard(), facts())


def test_words_cannot_become_markup() -> None:
    hostile = msgspec.structs.replace(facts(HOSTILE), call_id=HOSTILE)
    every = finding(HOSTILE, "missed", 0.0, 1.0)
    page = html.render(scorecard(call_id=HOSTILE, findings=(every,)), hostile, tracks())
    assert HOSTILE not in page
    assert page.count("<script") == 2
    assert "&lt;/script&gt;" in page


def test_the_costliest_misses_come_first_and_critical_ones_before_them() -> None:
    critical = finding("fatal", "missed", 0.0, 1.0, severity="critical")
    card = scorecard(findings=(*scorecard().findings, critical))
    assert [f.criterion for f in html.costliest(card)] == ["fatal", "costly", "cheap"]


def test_what_carries_no_points_is_no_reason_for_losing_them() -> None:
    observed = finding("observed", "missed", 0.0, 0.0)
    card = scorecard(findings=(*scorecard().findings, observed))
    assert "observed" not in [f.criterion for f in html.costliest(card)]
    assert "不计分" in html.render(card, facts())


@pytest.mark.parametrize(
    ("ui", "lang", "shown"),
    [("zh", "zh-CN", "失分原因"), ("en", "en", "Why points were lost")],
)
def test_both_languages(ui: str, lang: str, shown: str) -> None:
    page = html.render(scorecard(), facts(), ui=ui)
    assert shown in page
    assert f'<html lang="{lang}">' in page


def test_evidence_leads_to_its_moment() -> None:
    page = html.render(scorecard(), facts())
    assert 'data-start="0.7" data-stop="2.0"' in page


def test_a_criterion_shows_how_it_was_judged_and_on_what() -> None:
    page = html.render(scorecard(), facts())
    shown = page[page.index('id="f-costly"') :]
    shown = shown[: shown.index("</article>")]
    row = catalogue().get("T01")
    assert row
    judged = ["在录音中计数：打断对方", "测得 3 次/通", "应为 ≤ 1 次/通"]
    heard = ["相似度 90%", "声音印证", "可以这样说", "没有语音，不计"]
    for text in (row.name.zh, *row.quotes.values(), *judged, *heard):
        assert text in shown, text


def test_what_one_recording_cannot_show_is_listed_with_the_reason() -> None:
    page = html.render(scorecard(), facts())
    unheard = [row for row in catalogue().standards if not row.audible]
    assert len(unheard) == 13
    for row in unheard:
        assert row.reason
        assert f"{row.name.zh}" in page
        assert row.reason.zh in page


def test_a_failed_call_is_stamped() -> None:
    assert "一票否决" in html.render(scorecard(failed=True, mark=0.0), facts())


def test_a_call_without_a_mark_says_so() -> None:
    assert "没有可评分的内容" in html.render(scorecard(mark=None), facts())


def test_without_words_and_tracks_the_page_still_stands() -> None:
    bare = msgspec.structs.replace(facts(), transcript=None, turns=(), overlaps=(), holds=())
    assert "没有文字。" in html.render(scorecard(findings=()), bare)


def test_what_is_odd_about_the_file_is_said() -> None:
    given = facts()
    odd = msgspec.structs.replace(given.audio, notes=("7 damaged packets were skipped",))
    noted = msgspec.structs.replace(given, audio=odd)
    page = html.render(scorecard(), noted, tracks(), SOUND)
    assert "跳过了 7 个损坏的数据包" in page
