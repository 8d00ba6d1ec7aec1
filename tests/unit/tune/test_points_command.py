"""`qinhe tune --points` over a night whose raters weigh criteria in a way that is known."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text

from pipeline import schemas
from pipeline.cli import main
from pipeline.judge.call import compile
from pipeline.rubric import load, load_lexicon, shipped
from pipeline.rubric.reading import side_of
from pipeline.store.database import open_database
from pipeline.store.marks import Mark, add_marks
from pipeline.store.reading import stored_calls
from scripts.synthesis.night import RUBRIC, fill
from scripts.synthesis.overall import add_overall

CALLS = 240
THEIRS = {
    "speech-rate": 9.0, "response-time": 8.0, "flat-voice": 1.0, "intonation": 1.0,
    "warm-tone": 1.0, "anything-else": 1.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> str:
    address = str(tmp_path_factory.mktemp("night") / "night.db")
    with open_database(address) as database:
        fill(database, CALLS, agents=25, marked=0)
        add_overall(database, shipped(RUBRIC), THEIRS)
    return address


@pytest.fixture(scope="module")
def tuned(night: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pointed")
    assert main(["tune", "--points", "--db", night, "--ui", "en", "--out", str(out)]) == 0
    return out


def test_what_the_raters_care_for_comes_to_weigh_more(tuned: Path) -> None:
    written = json.loads((tuned / "points.json").read_text())
    Draft202012Validator(schemas.schema("points")).validate(written)
    fit = written["fit"]
    points = {each["criterion"]: each for each in fit["points"]}
    assert fit["status"] == "change"
    assert fit["held_out"]["low"] > 0.5
    assert fit["gain"]["low"] > 0
    assert points["response-time"]["best"] > 5
    assert points["intonation"]["best"] < 2.5
    assert fit["raters"] == 3
    assert fit["agents"] == 25


def test_pillars_keep_their_totals_and_the_file_its_evidence(tuned: Path) -> None:
    path = tuned / "affinity-zh-v2.yaml"
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for side, found in enumerate((shipped(RUBRIC), load(path))):
        for each in found.criteria:
            sums[each.pillar][side] += each.points
    assert all(before == pytest.approx(after) for before, after in sums.values())
    text_ = path.read_text()
    assert "on agents held out" in text_
    assert "optimistic" in text_
    assert "points 4 ->" in text_


def test_moved_marks_are_those_of_judging_again(tuned: Path, night: str, tmp_path: Path) -> None:
    with (tuned / "moved.csv").open(encoding="utf-8-sig") as file:
        moved = {row["call_id"]: row for row in csv.DictReader(file)}
    rubric = str(tuned / "affinity-zh-v2.yaml")
    assert main(["rejudge", "--db", night, "--rubric", rubric, "--workers", "1"]) == 0
    with open_database(night) as database, database.reading() as connection:
        after = {call.call_id: call.card().mark for call in stored_calls(connection)}
    assert len(moved) > 100
    for call, row in moved.items():
        assert float(row["after"]) == pytest.approx(after[call], abs=0.002)
        assert float(row["before"]) != float(row["after"])


def test_a_rubric_that_weighs_voice_against_words_keeps_doing_so(
    night: str, tmp_path: Path
) -> None:
    name = "affinity82-zh-v1"
    asked = ["tune", "--points", "--rubric", name, "--db", night, "--out", str(tmp_path)]
    assert main(asked) == 0
    proposed = load(tmp_path / "affinity82-zh-v2.yaml")
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for side, found in enumerate((shipped(name), proposed)):
        for each in found.criteria:
            sums[each.pillar, side_of(each.standard)][side] += each.points
    assert len(sums) == 6
    assert all(before == pytest.approx(after, abs=1e-4) for before, after in sums.values())
    with (tmp_path / "moved.csv").open(encoding="utf-8-sig") as file:
        moved = {row["call_id"]: float(row["after"]) for row in csv.DictReader(file)}
    judge = compile(proposed, load_lexicon(proposed.lexicon))
    with open_database(night) as database, database.reading() as connection:
        marks = {
            call.call_id: judge.score(call.facts(), "-").mark for call in stored_calls(connection)
        }
    assert len(moved) > 100
    assert all(marks[call] == pytest.approx(mark, abs=0.002) for call, mark in moved.items())


def test_page_and_picture(tuned: Path) -> None:
    page = (tuned / "points.html").read_text()
    assert "<svg" in page
    assert "held-out agents" in page
    assert "response-time.points: 4 -&gt;" in page
    assert (tuned / "points.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_for_thresholds_is_refused(night: str, capsys) -> None:
    for option in (["--similarity"], ["--objective", "f1"], ["--raters", "weighted"]):
        assert main(["tune", "--points", *option, "--db", night]) == 2
        assert f"{option[0]} is for thresholds" in capsys.readouterr().err
    assert main(["tune", "--points", "nonsense", "--db", night]) == 2
    assert "'nonsense' is no criterion" in capsys.readouterr().err


def test_marks_on_whole_calls_are_needed(tmp_path: Path, capsys) -> None:
    address = str(tmp_path / "few.db")
    with open_database(address) as database:
        fill(database, 20, agents=6, marked=20)
    assert main(["tune", "--points", "--db", address]) == 2
    assert "no marks on whole calls" in capsys.readouterr().err
    one = Mark(call_id="call-00000", rater="Wu", value=80.0, scale="0-100")
    with open_database(address) as database:
        database.transact(lambda connection: add_marks(connection, [one]))
    assert main(["tune", "--points", "--db", address, "--ui", "en"]) == 0
    told = capsys.readouterr().out
    assert "all marks are the same" in told
    assert "one rater only" in told


def test_mixed_scales_are_named_and_nothing_is_fitted(night: str, tmp_path: Path, capsys) -> None:
    address = str(tmp_path / "mixed.db")
    with open_database(address) as database:
        fill(database, 12, agents=6, marked=0)
        add_overall(database, shipped(RUBRIC), THEIRS)
        other = Mark(call_id="call-00003", rater="Wu", value=4.0, scale="1-5:1")
        database.transact(lambda connection: add_marks(connection, [other]))
        with database.reading() as connection:
            assert connection.execute(text("select count(*) from marks")).scalar() == 37
    out = tmp_path / "out"
    assert main(["tune", "--points", "--db", address, "--ui", "en", "--out", str(out)]) == 0
    assert "not used: marks on different scales: 0-100, 1-5:1" in capsys.readouterr().out
    assert json.loads((out / "points.json").read_text())["fit"] is None
    assert not list(out.glob("*.yaml"))
