"""Agents' voices in a store: learnt, listed, forgotten."""

from pathlib import Path

import msgspec
import pytest

from pipeline.cli import main
from pipeline.errors import StoreError
from pipeline.facts import AGENT
from pipeline.settings import load_measure_settings
from pipeline.store.calls import Details, enter, record
from pipeline.store.database import Database, open_database
from pipeline.store.forgetting import forget, ids_of
from pipeline.store.packing import pack_facts
from pipeline.store.voices import forget_voice, learn_voices, stored_voice, stored_voices
from scripts.validation.talk import facts_of
from tests.unit.store.examples import PLAN

SETTINGS = load_measure_settings().profiles
VOICE = {"f0_median_hz": 210.0, "level_dbov": -25.0, "articulation_rate_syl_s": 4.4, "talk_s": 60.0}


def call(database: Database, number: int, agent: str | None, **voice: float) -> None:
    facts = facts_of([(AGENT, "您好")], speaker_more={AGENT: VOICE | voice})
    facts = msgspec.structs.replace(facts, call_id=f"call-{number}")
    known = database.transact(
        lambda c: enter(c, f"{number:x}" * 64, facts.call_id, "/in", Details(agent=agent))
    )
    database.transact(
        lambda c: record(
            c, known.id, None, measured=pack_facts(facts, None, 1.0), plan_sha256=PLAN, card=None
        )
    )


def fill(database: Database) -> None:
    for number in range(3):
        call(database, number, "王芳", f0_median_hz=200.0 + 10 * number)
    call(database, 3, "李强")
    call(database, 4, None)


def test_each_agent_has_the_voice_of_their_own_calls(database: Database) -> None:
    fill(database)
    learnt = learn_voices(database, SETTINGS)
    assert {name: voice and voice.calls for name, voice in learnt.items()} == {
        "王芳": 3, "李强": None,
    }  # fmt: skip
    with database.reading() as connection:
        (kept,) = stored_voices(connection)
        assert stored_voice(connection, "王芳") == kept.profile == learnt["王芳"]
        assert stored_voice(connection, "李强") is None
    assert kept.profile.figures["f0_median_hz"].median == 210.0


def test_learning_again_replaces_what_was_learnt(database: Database) -> None:
    fill(database)
    learn_voices(database, SETTINGS)
    for number in range(5, 9):
        call(database, number, "王芳", f0_median_hz=190.0)
    learn_voices(database, SETTINGS, "王芳")
    with database.reading() as connection:
        kept = stored_voice(connection, "王芳")
    assert (kept.calls, kept.figures["f0_median_hz"].median) == (7, 190.0)


def test_a_voice_is_forgotten_at_a_word(database: Database) -> None:
    fill(database)
    learn_voices(database, SETTINGS)
    forget_voice(database, "王芳")
    with database.reading() as connection:
        assert stored_voices(connection) == []
    with pytest.raises(StoreError, match="no voice of theirs"):
        forget_voice(database, "王芳")
    with pytest.raises(StoreError, match="no call of theirs"):
        learn_voices(database, SETTINGS, "赵六")


def test_a_forgotten_call_takes_what_was_learnt_from_it_along(database: Database) -> None:
    fill(database)
    learn_voices(database, SETTINGS)
    with database.reading() as connection:
        other = ids_of(connection, "call-4")
        own = ids_of(connection, "call-0")
    forget(database, other)
    with database.reading() as connection:
        assert len(stored_voices(connection)) == 1
    forget(database, own)
    with database.reading() as connection:
        assert stored_voices(connection) == []


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = str(tmp_path / "n.db")
    with open_database(address) as database:
        fill(database)
    assert main(["voices", "learn", "--db", address]) == 0
    shown = capsys.readouterr().out
    assert "王芳: learnt from 3 calls" in shown
    assert "李强: fewer than 3 calls" in shown
    assert main(["voices", "list", "--db", address]) == 0
    assert "王芳: 3 calls, 3 min, 210 Hz, 4.4 syl/s, -25 dBov" in capsys.readouterr().out
    assert main(["voices", "forget", "王芳", "--db", address]) == 0
    assert main(["voices", "forget", "王芳", "--db", address]) == 3
    assert "no voice of theirs" in capsys.readouterr().err
