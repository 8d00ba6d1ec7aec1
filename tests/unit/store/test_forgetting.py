from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from pipeline.cli import main
from pipeline.errors import StoreError
from pipeline.store.calls import Details, sight, store_fault
from pipeline.store.database import Database, open_database
from pipeline.store.files import keep_tracks, stages_folder, sweep, tracks_path
from pipeline.store.forgetting import forget, ids_before, ids_of
from pipeline.store.marks import Mark, add_marks
from pipeline.store.tables import metadata, recordings, runs
from tests.unit.store.examples import store

SECRET = "独一无二的秘密词"


def rows(database: Database) -> dict[str, int]:
    with database.reading() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
            if table is not runs
        }


def fill(database: Database) -> int:
    """A call that has left a trace everywhere it can."""
    tracks = keep_tracks(database.files, SECRET.encode())
    call = store(
        database, details=Details(agent=SECRET, extra={"x": SECRET}), said=SECRET, tracks=tracks
    )
    stages = stages_folder(database.files, "a" * 64)
    stages.mkdir(parents=True)
    (stages / "words.npz").write_text(SECRET, encoding="utf-8")
    source = f"/in/{SECRET}.wav"
    database.transact(lambda c: sight(c, [(source, "1", "a" * 64)]))
    database.transact(lambda c: store_fault(c, None, source, "time", SECRET))
    mark = Mark(call_id=call.call_id, rater="王", value="met", note=SECRET)
    database.transact(lambda c: add_marks(c, [mark]))
    return call.id


def test_a_forgotten_call_leaves_no_row_and_no_file(database: Database) -> None:
    other = keep_tracks(database.files, b"other")
    store(database, "b" * 64, "other", tracks=other)
    before = rows(database)
    fill(database)
    with database.reading() as connection:
        ids = ids_of(connection, "example")
    assert forget(database, ids) == 1
    assert rows(database) == before
    left = {p for p in database.files.rglob("*") if p.is_file() and p.parent.name != "locks"}
    assert left == {tracks_path(database.files, other)}


def test_no_byte_of_a_forgotten_call_is_left_in_any_file(tmp_path: Path) -> None:
    """The words are stored compressed, so a plain secret goes into every plain column too."""

    def found() -> list[str]:
        database.close()
        every = (p for p in tmp_path.rglob("*") if p.is_file())
        return [
            p.name for p in every if SECRET.encode() in p.read_bytes() or packed in p.read_bytes()
        ]

    with open_database(str(tmp_path / "night.db")) as database:
        store(database, "b" * 64, "other")
        fill(database)
        with database.reading() as connection:
            from pipeline.store.tables import facts

            packed = max(connection.scalars(select(facts.c.data)), key=len)[20:60]
        assert {"night.db"} <= set(found())
        with database.reading() as connection:
            ids = ids_of(connection, "example")
        forget(database, ids)
        assert found() == []


def test_before_goes_by_the_start_of_the_call(database: Database) -> None:
    for i, year in enumerate((2020, 2024)):
        started = datetime(year, 6, 1, tzinfo=UTC)
        store(database, f"{i}" * 64, f"of {year}", Details(started_at=started))
    with database.reading() as connection:
        ids = ids_before(connection, datetime(2022, 1, 1, tzinfo=UTC))
    forget(database, ids)
    with database.reading() as connection:
        assert list(connection.scalars(select(recordings.c.call_id))) == ["of 2024"]


def test_tracks_that_another_call_shares_stay(database: Database) -> None:
    tracks = keep_tracks(database.files, b"the same silence")
    store(database, "a" * 64, "a", tracks=tracks)
    store(database, "b" * 64, "b", tracks=tracks)
    with database.reading() as connection:
        ids = ids_of(connection, "a")
    forget(database, ids)
    assert tracks_path(database.files, tracks).is_file()


def test_a_name_that_is_not_stored_is_named(database: Database) -> None:
    with database.reading() as connection, pytest.raises(StoreError, match="no such call"):
        ids_of(connection, "none")


def test_a_sweep_takes_what_no_call_names(database: Database) -> None:
    kept, orphan = (keep_tracks(database.files, data) for data in (b"kept", b"orphan"))
    store(database, tracks=kept)
    unfinished = stages_folder(database.files, "a" * 64) / "level" / ".qinhe-x.part"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"half")
    assert sweep(database) == 2
    assert tracks_path(database.files, kept).is_file()
    assert not tracks_path(database.files, orphan).exists()
    assert not unfinished.exists()


def test_the_command_forgets_one_call_or_all_before_a_day(tmp_path: Path) -> None:
    address = str(tmp_path / "n.db")
    with open_database(address) as database:
        for i, year in enumerate((2020, 2021, 2024)):
            started = datetime(year, 6, 1, tzinfo=UTC)
            store(database, f"{i}" * 64, f"of-{year}", Details(started_at=started))

    def left() -> list[str]:
        with open_database(address) as database, database.reading() as connection:
            return list(connection.scalars(select(recordings.c.call_id).order_by("id")))

    assert main(["forget", "of-2021", "--db", address, "--yes"]) == 0
    assert left() == ["of-2020", "of-2024"]
    assert main(["forget", "--before", "2022-01-01", "--db", address, "--yes"]) == 0
    assert left() == ["of-2024"]
    assert main(["forget", "of-2021", "--db", address, "--yes"]) == 3
    assert main(["forget", "--db", address, "--yes"]) == 2
    assert main(["forget", "of-2024", "--before", "2022-01-01", "--db", address]) == 2
    assert left() == ["of-2024"]
