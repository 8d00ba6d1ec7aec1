from pathlib import Path

import msgspec
import pytest

from pipeline.cli import main
from pipeline.facts import encode
from pipeline.report.index import render
from pipeline.scorecard import PillarMark, Points, Scorecard, Text
from tests.unit.report.examples import HOSTILE, scorecard


def calls() -> list[tuple[Scorecard, str | None]]:
    return [
        (scorecard(call_id="good", mark=90.0), "good.html"),
        (scorecard(call_id="unmarked", mark=None, findings=()), None),
        (scorecard(call_id="fair", mark=60.0), "fair.html"),
        (scorecard(call_id="failed", mark=0.0, failed=True), "failed.html"),
    ]


def test_the_worst_comes_first_and_what_has_no_mark_last() -> None:
    page = render(calls())
    order = ["failed", "fair", "good", "unmarked"]
    places = [page.index(f">{name}<") if name != "unmarked" else page.index("unmarked")
              for name in order]  # fmt: skip
    assert places == sorted(places)
    assert "共 4 通，最差的在前 · 一票否决 1 通 · 未能评分 1 通" in page


def test_each_call_leads_to_its_page_and_to_what_to_talk_about() -> None:
    page = render(calls())
    assert '<a href="fair.html">fair</a>' in page
    assert '<a href="fair.html#f-costly">costly 名</a>' in page
    assert "「您好」" in page
    assert 'href="None' not in page


def test_pillars_add_up_over_the_calls() -> None:
    def of(won: float, possible: float) -> Scorecard:
        points = Points(won=won, possible=possible)
        name = Text(zh="耐心程度", en="Patience")
        return scorecard(pillars=(PillarMark(pillar="patience", name=name, points=points),))

    assert ">4/16<" in render([(of(4, 4), None), (of(0, 12), None)])


def test_names_cannot_become_markup() -> None:
    page = render([(scorecard(call_id=HOSTILE), f"{HOSTILE}.html")])
    assert "<script" not in page
    assert "&lt;/script&gt;" in page


def test_the_list_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    page = render(calls(), "en")
    assert "script-src" not in page
    assert "default-src &#39;none&#39;" in page
    assert '<html lang="en">' in page


def test_the_command_lists_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, mark in (("a", 80.0), ("b", 40.0)):
        card = scorecard(call_id=name, mark=mark)
        (tmp_path / f"{name}.scorecard.json").write_bytes(encode(card))
    (tmp_path / "a.html").write_text("page", encoding="utf-8")
    assert main(["index", str(tmp_path)]) == 0
    page = (tmp_path / "index.html").read_text("utf-8")
    assert '<a href="a.html">a</a>' in page
    assert 'href="b.html"' not in page
    assert capsys.readouterr().out.strip() == str(tmp_path / "index.html")


def test_a_folder_without_scorecards_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["index", str(tmp_path)]) == 3
    assert "expected a folder with scorecards" in capsys.readouterr().err
    (tmp_path / "x.scorecard.json").write_bytes(msgspec.json.encode({"schema": "other"}))
    assert main(["index", str(tmp_path)]) == 3
    assert "x.scorecard.json" in capsys.readouterr().err
    assert not (tmp_path / "index.html").exists()
