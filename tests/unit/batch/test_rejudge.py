import csv
from pathlib import Path

import pytest
from sqlalchemy import select, update

from pipeline.batch.rejudge import flip_of, rejudge
from pipeline.cli import main
from pipeline.judge.call import compile
from pipeline.rubric import load_lexicon, shipped
from pipeline.store.calls import Details, enter, record
from pipeline.store.database import Database, open_database
from pipeline.store.packing import pack_card, pack_facts
from pipeline.store.reading import stored_calls
from pipeline.store.tables import facts, runs, scorecards
from tests.unit.report import examples
from tests.unit.store.examples import PLAN

SAID = ("您 好 很 高 兴 为 您 服 务", "喂 说", "不 知 道", "谢 谢 您")


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Four calls, judged by the default rubric."""
    rubric = shipped("affinity-zh-v1")
    judge = compile(rubric, load_lexicon(rubric.lexicon))
    address = str(tmp_path / "n.db")
    with open_database(address) as database:
        for number, said in enumerate(SAID):
            found = examples.facts(said)
            call = database.transact(
                lambda c, n=number: enter(c, f"{n}" * 64, f"call-{n}", "/in", Details())
            )
            database.transact(
                lambda c, call=call, found=found: record(
                    c, call.id, None, measured=pack_facts(found, None, 1.0), plan_sha256=PLAN,
                    card=pack_card(judge.score(found)),
                )
            )  # fmt: skip
    return address


def cards(database: Database) -> dict[str, object]:
    with database.reading() as connection:
        return {call.call_id: call.card() for call in stored_calls(connection)}


def test_every_call_is_judged_as_the_rubric_judges_it(address: str) -> None:
    rubric = shipped("strict-zh-v1")
    judge = compile(rubric, load_lexicon(rubric.lexicon))
    with open_database(address) as database:
        before = cards(database)
        flips = []
        counts = rejudge(database, "strict-zh-v1", 1, flips.append)
        after = cards(database)
        with database.reading() as connection:
            assert connection.scalar(select(runs.c.outcome)) == "done"
            ids = list(connection.scalars(select(scorecards.c.id)))
    assert (counts.judged, counts.failed) == (4, 0)
    for number, said in enumerate(SAID):
        assert after[f"call-{number}"] == judge.score(examples.facts(said))
    assert len(ids) == 8  # the former ones are kept beside them
    for judged in flips:
        old, new = before[judged.call_id], after[judged.call_id]
        outcomes = {f.criterion: f.outcome for f in old.findings}
        turned = {
            f.criterion
            for f in new.findings
            if {outcomes.get(f.criterion), f.outcome} == {"met", "missed"}
        }
        assert turned == {row[0] for row in (judged.flip.turned if judged.flip else ())}


def test_a_call_that_cannot_be_read_is_told_in_its_place_and_the_others_go_on(
    address: str,
) -> None:
    with open_database(address) as database:
        with database.reading() as connection:
            second = connection.scalars(select(facts.c.recording_id)).all()[1]
        damage = update(facts).where(facts.c.recording_id == second).values(data=b"damaged")
        database.transact(lambda connection: connection.execute(damage))
        told = []
        counts = rejudge(database, "strict-zh-v1", 1, told.append)
    assert (counts.judged, counts.failed) == (3, 1)
    assert [each.call_id for each in told] == [f"call-{number}" for number in range(4)]
    assert [each.fault is not None for each in told] == [False, True, False, False]
    assert "call-1" in str(told[1].fault)


def test_the_same_rubric_flips_nothing(address: str) -> None:
    with open_database(address) as database:
        before = cards(database)
        assert rejudge(database, "affinity-zh-v1", 1).flipped == 0
        assert cards(database) == before


def test_the_command_lists_flips_as_text_or_as_a_table(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["rejudge", "--db", address, "--workers", "1", "--rubric"]
    assert main([*arguments, "strict-zh-v1"]) == 0
    said = capsys.readouterr()
    assert "4 calls judged" in said.err
    assert main([*arguments, "affinity-zh-v1", "--flips", str(tmp_path / "flips.csv")]) == 0
    with (tmp_path / "flips.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert head[:2] == ["call_id", "criterion"]
    assert {row[0] for row in rows} == {line.partition(":")[0] for line in said.out.splitlines()}


def test_a_wrong_rubric_changes_nothing(address: str) -> None:
    with open_database(address) as database:
        before = cards(database)
    assert main(["rejudge", "--db", address, "--rubric", "no-such-rubric"]) == 3
    with open_database(address) as database:
        assert cards(database) == before


def test_a_flip_names_what_turned() -> None:
    card = examples.scorecard()
    other = pack_card(
        type(card)(**{
            **{name: getattr(card, name) for name in card.__struct_fields__},
            "failed": not card.failed,
        })
    )  # fmt: skip
    flip = flip_of("call", pack_card(card).data, other)
    assert flip.failed == (card.failed, not card.failed)
    assert flip.turned == ()
    assert flip_of("call", pack_card(card).data, pack_card(card)) is None
