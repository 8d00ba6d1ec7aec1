"""How like a sentence must be, tuned from marks: `qinhe tune --similarity`, end to end."""

import csv
import json
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline import rubric
from pipeline.cli import main
from pipeline.judge.call import compile
from pipeline.rubric.say import Say
from pipeline.store.database import open_database
from pipeline.tune.knobs import chosen, knobs_of, turned, value_of
from pipeline.tune.proposal import Change, propose
from scripts.synthesis.slogans import CRITERION, ENOUGH, SAID, call, fill, likeness
from tests.unit.tune import worlds

DOC = Path(__file__).parents[3] / "docs" / "tuning.md"
KEY = "say.any.1.least"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of the documentation, as it stands there."""
    (block,) = re.findall(r"```yaml\n(.*?)```", DOC.read_text("utf-8"), re.DOTALL)
    path = tmp_path_factory.mktemp("house") / "house.yaml"
    path.write_text(block, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> str:
    address = str(tmp_path_factory.mktemp("night") / "night.db")
    with open_database(address) as database:
        fill(database)
    return address


@pytest.fixture(scope="module")
def tuned(house: Path, night: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tuned")
    asked = ["tune", CRITERION, "--similarity", "--rubric", str(house), "--db", night]
    assert main([*asked, "--ui", "en", "--out", str(out)]) == 0
    return out


def of(path: Path):
    return next(each for each in rubric.load(path).criteria if each.id == CRITERION)


def test_how_like_is_what_was_said_of_it(house: Path) -> None:
    """The judge's likeness is the one that the number of sounds said gives."""
    found = rubric.load(house)
    lexicon = rubric.load_lexicon(found.lexicon)
    for said in SAID:
        for least, outcome in ((likeness(said), "met"), (likeness(said) + 0.005, "missed")):
            strict = replace(found, criteria=(turned(of(house), {KEY: least - 0.001}),))
            finding = compile(strict, lexicon).score(call("c", said)).findings[0]
            assert finding.outcome == outcome if said < 14 else "met"


def test_the_raters_likeness_is_found(tuned: Path) -> None:
    (fit,) = json.loads((tuned / "tuning.json").read_text())["fits"]
    (knob,) = fit["knobs"]
    below = max(likeness(said) for said in SAID if likeness(said) < ENOUGH)
    above = min(likeness(said) for said in SAID if likeness(said) >= ENOUGH)
    assert fit["status"] == "change"
    assert (knob["key"], knob["present"]) == (KEY, 0.75)
    assert below < knob["best"] <= above
    assert knob["low"] <= ENOUGH <= knob["high"]


def test_it_is_written_where_it_stands_and_turns_what_was_said(
    tuned: Path, night: str, house: Path, tmp_path: Path
) -> None:
    proposed = tuned / "house-v2.yaml"
    best = value_of(of(proposed), KEY)
    assert f"{{least: {best:g}, similar: 海风电器祝您生活愉快工作顺利}}" in proposed.read_text()
    with (tuned / "flips.csv").open(encoding="utf-8-sig") as file:
        flips = {(row["call_id"], row["before"], row["after"]) for row in csv.DictReader(file)}
    for path, listed in ((house, "first.csv"), (proposed, "again.csv")):
        asked = ["rejudge", "--db", night, "--rubric", str(path), "--workers", "1"]
        assert main([*asked, "--flips", str(tmp_path / listed)]) == 0
    with (tmp_path / "again.csv").open(encoding="utf-8-sig") as file:
        again = {
            (row["call_id"], row["before"], row["after"])
            for row in csv.DictReader(file)
            if row["criterion"] == CRITERION
        }
    assert flips == again
    assert len(flips) > 20


def test_without_the_flag_it_stays(house: Path, night: str, capsys) -> None:
    assert main(["tune", CRITERION, "--rubric", str(house), "--db", night]) == 2
    assert "no number that can be turned" in capsys.readouterr().err


def test_it_is_found_wherever_it_stands() -> None:
    again = Say(repeated=Say(similar="谢谢", least=0.6))
    deep = replace(
        worlds.criterion("closing"), say=Say(any=("farewell", Say(similar="再见"), again))
    )
    keys = {knob.key: value_of(deep, knob.key) for knob in knobs_of(deep, similarity=True)}
    assert {key: keys[key] for key in keys if key.endswith(".least")} == {
        "say.any.1.least": 0.75,
        "say.any.2.repeated.least": 0.6,
    }
    other = turned(deep, {"say.any.2.repeated.least": 0.5})
    assert value_of(other, "say.any.2.repeated.least") == 0.5
    assert value_of(other, "say.any.1.least") == 0.75
    steps = replace(
        worlds.criterion("seven-a"), steps={"sorry": Say(similar="对不起"), "x": "wait"}
    )
    assert "steps.sorry.least" in {knob.key for knob in knobs_of(steps, similarity=True)}
    assert value_of(turned(steps, {"steps.sorry.least": 0.4}), "steps.sorry.least") == 0.4


def test_shipped_rubrics_have_none_and_say_so() -> None:
    found = rubric.shipped("affinity-zh-v1")
    assert chosen(found, similarity=True) == chosen(found)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("say: {similar: 祝您愉快}", "say.least"),
        ("say: {similar: 祝您愉快, least: 0.7}", "say.least"),
        ("say:\n      similar: 祝您愉快\n      least: 0.7", "say.least"),
        ("say:\n      similar: 祝您愉快", "say.least"),
        ("say:\n      any:\n        - farewell\n        - similar: 祝您愉快", "say.any.1.least"),
        ("say:\n      any:\n        - {similar: 祝您愉快}\n        - wishes", "say.any.0.least"),
    ],
)
def test_it_is_written_into_every_layout(tmp_path: Path, written: str, key: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        "extends: affinity-zh-v1\nid: own\nversion: 3\nname: {zh: 我, en: I}\nadd:\n"
        f"  - kind: say\n    id: {CRITERION}\n    standard: P03\n    pillar: politeness\n"
        f"    name: {{zh: 祝, en: Wish}}\n    points: 1\n    # ours\n    {written}\n"
    )
    change = Change(criterion=CRITERION, key=key, number=0.55, why=("because",))
    found = propose(path, [change], [])
    new = next(each for each in found.rubric.criteria if each.id == CRITERION)
    assert value_of(new, key) == 0.55
    assert "# ours\n" in found.text
    assert "# because\n" in found.text


def test_a_variant_that_says_it_anew_is_changed_there(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        "extends: affinity-zh-v1\nid: own\nversion: 3\nname: {zh: 我, en: I}\n"
        "change:\n  closing: {say: {similar: 祝您愉快}}\n"
    )
    change = Change(criterion="closing", key="say.least", number=0.55, why=("because",))
    found = propose(path, [change], [])
    assert "closing: {say: {least: 0.55, similar: 祝您愉快}}" in found.text
