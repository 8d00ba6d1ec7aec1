"""`qinhe agree` from a store and from files: terminal, JSON, page and picture."""

import shutil
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from pipeline import schemas
from pipeline.agreement.page import render as page
from pipeline.agreement.picture import best, matrix
from pipeline.agreement.report import Agreement, agreement
from pipeline.agreement.wording import TEXTS
from pipeline.cli import main
from pipeline.marks.writing import encoded
from pipeline.store.marks import Mark
from tests.unit.agreement.simulated import numbers, verdicts
from tests.unit.marks.conftest import address, database, judged  # noqa: F401 - fixtures
from tests.unit.report import examples

PNG = b"\x89PNG\r\n\x1a\n"


def marks_file(folder: Path, marks: list[Mark]) -> Path:
    path = folder / "marks.json"
    path.write_bytes(encoded(marks, path))
    return path


def store_marks() -> list[Mark]:
    """Of the calls of the store, whose criterion "good" is met and "costly" missed."""
    calls = [f"call-{number:03d}" for number in range(12)]
    return [
        Mark(call_id=call, rater=rater, criterion=criterion, value=value)
        for number, call in enumerate(calls)
        for rater in ("王", "李")
        for criterion, value in (
            ("good", "missed" if number in (3, 4) else "met"),
            ("costly", "met" if number == 5 and rater == "李" else "missed"),
        )
    ]


@pytest.fixture
def marked(address: str, tmp_path: Path) -> str:  # noqa: F811
    path = marks_file(tmp_path, store_marks())
    assert main(["marks", "import", str(path), "--db", address]) == 0
    return address


def test_a_store_is_compared_with_its_scorecards(
    marked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["agree", "--db", marked, "--json", "--draws", "100"]) == 0
    written = capsys.readouterr().out
    Draft202012Validator(schemas.schema("agreement")).validate(msgspec.json.decode(written))
    found = msgspec.json.decode(written, type=Agreement)
    assert [line.criterion for line in found.lines] == [None, "costly", "good"]
    good = found.lines[2]
    assert good.name.en == examples.finding("good", "met", 1, 1).name.en
    assert good.compared.among.same.value == 1.0
    assert good.compared.system.same.value == pytest.approx(10 / 12)
    assert [each.call_id for each in found.disputes] == ["call-005"]
    assert {each.call_id for each in found.outvoted} == {"call-003", "call-004"}


@pytest.mark.parametrize("ui", ["zh", "en"])
def test_the_terminal_says_it_in_either_language(
    marked: str, capsys: pytest.CaptureFixture[str], ui: str
) -> None:
    assert main(["agree", "--db", marked, "--ui", ui, "--draws", "50"]) == 0
    out = capsys.readouterr().out
    for key in ("title", "disputes", "outvoted", "drift"):
        assert TEXTS[key].of(ui)[:12] in out


def test_files_need_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    for number in range(12):
        card = examples.scorecard(call_id=f"call-{number:03d}")
        (cards / f"{card.call_id}.scorecard.json").write_bytes(msgspec.json.encode(card))
    path = marks_file(tmp_path, store_marks())
    assert main(["agree", "--marks", str(path), "--cards", str(cards), "--json"]) == 0
    found = msgspec.json.decode(capsys.readouterr().out, type=Agreement)
    assert found.lines[2].compared.system.same.value == pytest.approx(10 / 12)
    assert main(["agree", "--marks", str(path), "--json"]) == 0
    alone = msgspec.json.decode(capsys.readouterr().out, type=Agreement)
    assert [line.criterion for line in alone.lines] == [None, "good", "costly"]
    assert alone.lines[1].compared.among.same.value == 1.0
    assert alone.lines[1].compared.system.same.value is None


def test_wrong_use_and_wrong_files(
    address: str,  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["agree"]) == 2
    assert main(["agree", "--db", address]) == 3
    assert "qinhe marks import" in capsys.readouterr().err
    path = marks_file(tmp_path, store_marks())
    assert main(["agree", "--db", address, "--marks", str(path)]) == 2
    assert main(["agree", "--db", address, "--cards", str(path)]) == 2
    assert main(["agree", "--marks", str(path), "--criterion", "none"]) == 2
    card = tmp_path / "other.scorecard.json"
    card.write_bytes(msgspec.json.encode(examples.scorecard(call_id="other")))
    assert main(["agree", "--marks", str(path), "--cards", str(card)]) == 3
    assert "expected the name of a stored call, found 'call-000'" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["agree", "--marks", str(path), "--cards", str(tmp_path / "empty")]) == 3


# ── Page and picture ─────────────────────────────────────────────────────────────────────────────


class Balanced(HTMLParser):
    """Counts tags that are left open, and what the page would fetch or run."""

    void = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in self.void:
            self.open.append(tag)
        if tag == "script" or {"src", "href"} & {name for name, _ in attributes}:
            self.fetched.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def many() -> Agreement:
    generator = np.random.default_rng(0)
    truth = generator.random(80) < 0.7
    marks = verdicts(truth, {"王": 0.05, "李": 0.1, "<b>&'": 0.2}, 1)
    marks += verdicts(truth, {"王": 0.0}, 1, "alone")
    marks += numbers(60 + 20 * truth, {"王": 4, "李": 4}, 2)
    ours = {(f"call-{n:04d}", "pace"): "met" for n in range(80)}
    return agreement(marks, ours, {}, draws=50)


@pytest.mark.parametrize("ui", ["zh", "en"])
def test_the_page_is_whole_and_needs_nothing_else(many: Agreement, ui: str) -> None:
    html = page(many, ui)
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    assert parser.fetched == []
    assert "<b>&'" not in html
    assert "&lt;b&gt;&amp;&#39;" in html
    assert TEXTS["title"].of(ui) in html
    assert "nan" not in html
    pair = many.lines[0].compared.pairs[0]
    assert f"{pair.coefficients.kappa.value:.2f}" in html


def test_the_matrix_is_symmetric_and_has_every_pair(many: Agreement) -> None:
    line = best(many)
    assert line.pooled
    names, values = matrix(line)
    assert names == ["<b>&'", "李", "王", "qinhe"]
    grid = np.array(values, dtype=float)
    assert np.array_equal(grid, grid.T, equal_nan=True)
    assert np.isnan(np.diag(grid)).all()
    assert grid[1, 2] == line.compared.pairs[2].coefficients.kappa.value


def test_page_and_picture_are_written(marked: str, tmp_path: Path) -> None:
    html, picture = tmp_path / "out" / "a.html", tmp_path / "out" / "a.png"
    command = ["agree", "--db", marked, "--draws", "20"]
    assert main([*command, "--html", str(html), "--png", str(picture)]) == 0
    assert html.read_text("utf-8").startswith("<!doctype html>")
    first = picture.read_bytes()
    assert first.startswith(PNG)
    shutil.rmtree(tmp_path / "out")
    assert main([*command, "--png", str(picture)]) == 0
    assert picture.read_bytes() == first
