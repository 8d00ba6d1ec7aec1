"""What a worker is told of a call besides its sound."""

from pathlib import Path

from pipeline.batch.fetching import Fetcher
from pipeline.batch.intake import Intake, Job
from pipeline.batch.items import Item
from pipeline.batch.journal import Journal
from pipeline.batch.judging import Judging
from pipeline.batch.plan import Plan
from pipeline.batch.tasks import Task
from pipeline.settings import load_measure_settings
from pipeline.store.calls import Details, enter, known, record_revised
from pipeline.store.claims import Run
from pipeline.store.database import Database, open_database
from pipeline.store.voices import learn_voices, stored_voice
from tests.unit.store.examples import card_row, facts_row, store
from tests.unit.store.test_voices import fill

PLAN = Plan(version="1", stages={}, settings_sha256="s" * 64, shipped={}, model=None)


def task(database: Database, item: Item, sha256: str = "a" * 64) -> Task:
    found = database.transact(lambda c: enter(c, sha256, item.wished_id, item.source, item.details))
    run = Run(database, "batch", {})
    try:
        intake = Intake(
            database,
            run,
            PLAN,
            Judging(None),
            Journal(None, lambda _: None),
            Fetcher(database.files / "copies", network=False, most_bytes=1),
            network=False,
            again=False,
        )
        return intake.task(Job(item, sha256, "p" * 64, found, only_judge=False), 1)
    finally:
        run.close()


def test_a_known_agents_voice_goes_along_with_their_calls(tmp_path: Path) -> None:
    with open_database(str(tmp_path / "n.db")) as database:
        fill(database)
        learn_voices(database, load_measure_settings().profiles)
        with database.reading() as connection:
            voice = stored_voice(connection, "王芳")
        named = Item(paths=("/in/new.wav",), details=Details(agent="王芳"))
        assert task(database, named).voice == voice is not None
        unnamed = Item(paths=("/in/other.wav",))
        assert task(database, unnamed, "b" * 64).voice is None
        stranger = Item(paths=("/in/third.wav",), details=Details(agent="赵六"))
        assert task(database, stranger, "c" * 64).voice is None


def test_who_was_put_right_stays_right_when_the_call_is_measured_again(tmp_path: Path) -> None:
    with open_database(str(tmp_path / "n.db")) as database:
        call = store(database)
        row = facts_row()
        database.transact(lambda c: record_revised(c, call.id, 2, row, card_row(row)))
        with database.reading() as connection:
            assert known(connection, "a" * 64).agent_voice == 2
        item = Item(paths=("/in/example.wav",), call_id="example")
        assert task(database, item).agent_is == 2
        told = Item(paths=("/in/example.wav",), call_id="example", agent_is=1)
        assert task(database, told).agent_is == 1  # the manifest says it anew
