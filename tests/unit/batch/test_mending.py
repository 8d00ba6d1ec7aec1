"""A wrong guess of who is the agent, put right in a store."""

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from pipeline.batch.mending import mend
from pipeline.cli import main
from pipeline.errors import StoreError, UsageError
from pipeline.facts import AGENT, CUSTOMER
from pipeline.judge.call import compile
from pipeline.measure.roles import Told, decided
from pipeline.rubric import load_lexicon, shipped
from pipeline.settings import load_measure_settings
from pipeline.store.calls import Details, enter, known, record
from pipeline.store.database import open_database
from pipeline.store.packing import pack_card, pack_facts
from pipeline.store.reading import stored_call
from pipeline.store.tables import facts as facts_table
from scripts.validation.talk import facts_of
from tests.unit.store.examples import PLAN

LINES = (
    (AGENT, "喂，说吧。"),
    (CUSTOMER, "您好，工号二零七为您服务，请问有什么可以帮您？您是订的明天的票吗，我帮您查一下。"),
    (AGENT, "行了，挂了。"),
)


@pytest.fixture
def address(tmp_path: Path) -> str:
    """One mixed call whose agent was taken for the customer."""
    measured = facts_of(LINES)
    speakers = tuple(
        msgspec.structs.replace(each, voice=number + 1, channel=0)
        for number, each in enumerate(measured.speakers)
    )
    measured = decided(
        msgspec.structs.replace(measured, speakers=speakers),
        load_measure_settings().roles,
        Told(),
    )
    assert measured.roles.agent == 2
    rubric = shipped("affinity-zh-v1")
    card = compile(rubric, load_lexicon(rubric.lexicon)).score(measured)
    address = str(tmp_path / "n.db")
    with open_database(address) as database:
        call = database.transact(lambda c: enter(c, "a" * 64, "call", "/in/call.wav", Details()))
        database.transact(
            lambda c: record(
                c, call.id, None, measured=pack_facts(measured, "t" * 64, 1.5), plan_sha256=PLAN,
                card=pack_card(card),
            )
        )  # fmt: skip
    return address


def test_the_call_is_judged_by_its_real_agent_and_the_store_remembers(address: str) -> None:
    with open_database(address) as database:
        with database.reading() as connection:
            before = stored_call(connection, "call")
        judged = mend(database, "call", 1, None)
        with database.reading() as connection:
            after = stored_call(connection, "call")
            again = known(connection, "a" * 64)
            took = connection.scalar(select(facts_table.c.took_s))
    assert judged.flip is not None
    assert (after.facts().roles.source, after.facts().roles.agent) == ("told", 1)
    assert after.facts().turns[0].speaker == AGENT
    assert after.card().facts_sha256 == after.facts_sha256 != before.facts_sha256
    assert (again.agent_voice, again.plan_sha256, again.judge_sha256 is None) == (1, PLAN, False)
    assert (after.tracks_sha256, took) == ("t" * 64, 1.5)


def test_what_cannot_be_is_refused_and_nothing_changes(address: str) -> None:
    with open_database(address) as database:
        with pytest.raises(StoreError, match="none that has been measured"):
            mend(database, "another", 1, None)
        with pytest.raises(UsageError, match="its voices are 1, 2"):
            mend(database, "call", 3, None)
        with database.reading() as connection:
            assert stored_call(connection, "call").facts().roles.agent == 2


def test_the_command_says_what_flips(
    address: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table = tmp_path / "flips.csv"
    arguments = ["rejudge", "call", "--db", address]
    assert main([*arguments, "--agent-is", "1", "--flips", str(table)]) == 0
    assert "the agent of call is voice 1" in capsys.readouterr().err
    assert "opening" in table.read_text(encoding="utf-8-sig")
    assert main([*arguments, "--agent-is", "2"]) == 0
    assert capsys.readouterr().out.startswith("call: ")


@pytest.mark.parametrize("arguments", [["call"], ["--agent-is", "1"], []])
def test_half_an_order_is_refused(address: str, arguments: list[str]) -> None:
    assert main(["rejudge", "--db", address, *arguments]) == 2
