import multiprocessing
import os
import signal
from pathlib import Path

from sqlalchemy import select

from pipeline.store.calls import Details, enter
from pipeline.store.claims import Run
from pipeline.store.database import Database, open_database
from pipeline.store.tables import runs


def recording(database: Database) -> int:
    return database.transact(lambda c: enter(c, "a" * 64, "call", "/in", Details())).id


def outcomes(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.scalars(select(runs.c.outcome).order_by(runs.c.id)))


def claim_and_wait(address: str, files: Path, call: int, ready: object) -> None:
    with open_database(address, files) as database:
        run = Run(database, "batch", {})
        ready.send(run.claim(call))
        signal.pause()


def test_a_living_runs_call_is_its_own(database: Database) -> None:
    call = recording(database)
    first, second = Run(database, "batch", {}), Run(database, "batch", {})
    assert first.claim(call)
    assert first.claim(call)
    assert not second.claim(call)
    assert not second.alone()
    first.release(call)
    assert second.claim(call)
    second.end("done", {"done": 1})
    first.end("interrupted", {})
    assert outcomes(database) == ["interrupted", "done"]


def test_a_killed_runs_call_is_anybodys(database: Database, address: str) -> None:
    call = recording(database)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=claim_and_wait, args=(address, database.files, call, there))
    process.start()
    assert here.recv() is True
    run = Run(database, "batch", {})
    assert not run.claim(call)
    assert not run.alone()
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert run.alone()
    assert run.claim(call)
    assert outcomes(database) == ["lost", "running"]
    run.end("done", {})
    assert list((database.files).glob("locks/*")) == []


def test_an_ended_run_leaves_no_claim(database: Database) -> None:
    call = recording(database)
    first = Run(database, "batch", {})
    first.claim(call)
    first.end("failed", {})
    second = Run(database, "batch", {})
    assert second.claim(call)
    second.close()
