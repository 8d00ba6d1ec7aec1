"""`qinhe tune`, `sensitivity` and `fairness` over a night whose truth is known."""

import csv
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pipeline import frames, schemas
from pipeline.cli import main
from pipeline.rubric import load
from pipeline.store.database import open_database
from pipeline.store.marks import Mark, add_marks
from scripts.synthesis.night import TRUTH, fill

CALLS = 220


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> str:
    address = str(tmp_path_factory.mktemp("night") / "night.db")
    with open_database(address) as database:
        fill(database, CALLS, agents=25, marked=200)
    return address


@pytest.fixture(scope="module")
def tuned(night: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tuned")
    asked = ["response-time", "speech-rate.high"]
    assert main(["tune", *asked, "--db", night, "--ui", "en", "--out", str(out)]) == 0
    return out


def test_the_raters_thresholds_are_found(tuned: Path) -> None:
    figures = json.loads((tuned / "tuning.json").read_text())
    Draft202012Validator(schemas.schema("tuning")).validate(figures)
    fits = {fit["criterion"]: fit for fit in figures["fits"]}
    answer, rate = fits["response-time"], fits["speech-rate"]
    assert answer["status"] == "change"
    assert answer["knobs"][0]["low"] <= TRUTH["response-time"] <= answer["knobs"][0]["high"]
    if rate["knobs"]:  # enough calls were missed
        assert rate["knobs"][0]["low"] <= TRUTH["speech-rate"] <= rate["knobs"][0]["high"]
    assert answer["agents"] == 25
    assert answer["held_out"]["low"] > answer["now"]["value"]


def test_a_new_rubric_is_proposed_with_its_evidence(tuned: Path) -> None:
    path = tuned / "affinity-zh-v2.yaml"
    text = path.read_text()
    assert "on agents held out" in text
    assert "3 raters (majority" in text
    high = next(each for each in load(path).criteria if each.id == "response-time").high
    assert abs(high - TRUTH["response-time"]) < 0.3


def test_flips_are_those_of_judging_again(tuned: Path, night: str) -> None:
    with (tuned / "flips.csv").open(encoding="utf-8-sig") as file:
        flips = {(row["call_id"], row["criterion"], row["after"]) for row in csv.DictReader(file)}
    with open_database(night) as database:
        before = {
            (row["call_id"], row["criterion"]): row["outcome"]
            for row in frames.findings(database, "en").iter_rows(named=True)
        }
    listed = tuned / "rejudged.csv"
    rubric = str(tuned / "affinity-zh-v2.yaml")
    arguments = ["rejudge", "--db", night, "--rubric", rubric, "--flips", str(listed)]
    assert main([*arguments, "--workers", "1"]) == 0
    with listed.open(encoding="utf-8-sig") as file:
        again = {
            (row["call_id"], row["criterion"], row["after"])
            for row in csv.DictReader(file)
            if row["criterion"]
        }
    assert flips == again
    assert len(flips) > 20
    assert all(before[call, criterion] != after for call, criterion, after in flips)


def test_page_and_pictures(tuned: Path) -> None:
    page = (tuned / "tuning.html").read_text()
    assert "<svg" in page
    assert "held-out agents" in page
    assert "response-time.high: 1.5 -&gt;" in page
    assert (tuned / "response-time.png").read_bytes().startswith(b"\x89PNG")
    assert len(page) < 600_000


def test_a_proposal_is_never_written_over(tuned: Path, night: str, capsys) -> None:
    asked = ["tune", "response-time", "--db", night, "--out", str(tuned)]
    assert main(asked) == 3
    assert "never edited" in capsys.readouterr().err


def test_bounds_for_what_is_not_turned_are_refused(night: str, capsys) -> None:
    asked = ["tune", "response-time", "--db", night, "--keep", "speach-rate.high=5..6"]
    assert main(asked) == 2
    told = capsys.readouterr().err
    assert "speach-rate.high" in told
    assert "response-time.high" in told


def test_groups_and_what_hangs_on_numbers(night: str, capsys) -> None:
    assert main(["fairness", "intonation", "--db", night, "--by", "headset", "--ui", "en"]) == 0
    assert "headset=headset" in capsys.readouterr().out
    assert main(["sensitivity", "--db", night, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["calls"] == CALLS


def test_bad_marks_are_named_and_their_criterion_is_left_alone(tmp_path: Path, capsys) -> None:
    address = str(tmp_path / "bad.db")
    with open_database(address) as database:
        fill(database, 30, agents=6, marked=20)
        number = Mark(
            call_id="call-00025", rater="Wu", criterion="speech-rate", value=3.0, scale="1-5:1"
        )
        lone = Mark(call_id="call-00025", rater="Wu", criterion="volume", value="met")
        database.transact(lambda connection: add_marks(connection, [number, lone]))
    assert main(["tune", "--db", address, "--ui", "en"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "speech-rate: not used: marks on different scales: 1-5:1, verdicts" in told
    assert "volume: one rater only" in told
    assert "not enough: about" in told
    assert main(["tune", "drawl", "--db", address]) == 2
    assert "no marks" in capsys.readouterr().err


def test_tidy_tables(night: str) -> None:
    with open_database(night) as database:
        calls, turns, marks = (f(database) for f in (frames.calls, frames.turns, frames.marks))
        facts, findings = frames.facts(database), frames.findings(database)
    assert calls.height == CALLS
    assert marks.height == 200 * 3 * 3
    assert set(marks["verdict"].unique()) == {"met", "missed"}
    assert turns.height == CALLS * 7
    assert turns.filter(turns["speaker"] == "agent")["f0_spread_st"].null_count() == 0
    assert facts["call_id"].n_unique() == findings["call_id"].n_unique() == CALLS
    assert calls.to_arrow().column_names == calls.columns  # what pandas would take


def test_numbers_of_people_are_masked_in_tables(tmp_path: Path) -> None:
    address = str(tmp_path / "n.db")
    with open_database(address) as database:
        fill(database, 1, agents=1, marked=0)
        mark = Mark(call_id="call-00000", rater="Wu", value=80.0, scale="0-100",
                    note="客户电话13800138000")  # fmt: skip
        database.transact(lambda connection: add_marks(connection, [mark]))
        assert "13800138000" not in frames.marks(database)["note"][0]
        assert "13800138000" in frames.marks(database, reveal=True)["note"][0]
