"""Which run is alive, and which call is whose, so that two runs on one store share the work.

A run is alive while it holds a lock that its death gives up, however it dies: an advisory lock of
its session on PostgreSQL, a locked file on SQLite. No clock decides, so none that jumps can. A
claim of a dead run is anybody's. Claims only spare work: a call that two runs measured after all
is stored once (`recordings.sha256` is unique, its facts have one row).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from pipeline import __version__
from pipeline.store.clock import now
from pipeline.store.database import Database
from pipeline.store.dialects import insert_into
from pipeline.store.tables import claims, runs

_LOCKS: Final = 0x51696E68
"""The class of PostgreSQL's advisory locks that stand for runs."""


class Run:
    """A run of the store, alive until `close`."""

    def __init__(self, database: Database, kind: str, plan: Mapping[str, Any]) -> None:
        self._database = database
        self._file: int | None = None
        self._session: Connection | None = None
        self.id = 0
        # Locked before it can be seen: nobody may take it for dead in between.
        self.id = database.transact(lambda connection: self._begin(connection, kind, plan))

    def _begin(self, connection: Connection, kind: str, plan: Mapping[str, Any]) -> int:
        self.close()
        row = {
            "kind": kind,
            "host": socket.gethostname(),
            "version": __version__,
            "plan": dict(plan),
            "started_at": now(),
            "outcome": "running",
        }
        self.id = connection.execute(insert(runs).values(row).returning(runs.c.id)).scalar_one()
        self.keep_alive()
        return self.id

    def keep_alive(self) -> None:
        """Take the run's lock, again where the database was away in between."""
        if self._database.is_sqlite:
            if self._file is None:
                self._file = _locked(_lock_file(self._database, self.id))
            return
        if self._session is not None:
            try:
                self._session.execute(text("SELECT 1"))
                return
            except DBAPIError:
                self._session.invalidate()
                self._session.close()
        self._session = None
        with contextlib.suppress(DBAPIError):  # away still: the next call tries again
            session = self._database.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            )
            # Never waiting: a session that the server has not yet missed may hold it still.
            ours = text("SELECT pg_try_advisory_lock(:kind, :run)")
            if session.scalar(ours, {"kind": _LOCKS, "run": self.id}):
                self._session = session
            else:
                session.close()

    def claim(self, recording_id: int) -> bool:
        """Whether the recording is this run's to do."""
        return self._database.transact(lambda connection: self.claim_in(connection, recording_id))

    def claim_in(self, connection: Connection, recording_id: int) -> bool:
        """The same, inside a transaction."""
        mine = {"recording_id": recording_id, "run_id": self.id}
        query = select(claims.c.run_id).where(claims.c.recording_id == recording_id)
        # Of two runs that find it free at once, the later waits here and finds the other's.
        connection.execute(insert_into(connection, claims).values(mine).on_conflict_do_nothing())
        owner = connection.execute(query.with_for_update()).scalar_one()
        if owner != self.id and is_alive(self._database, connection, owner):
            return False
        connection.execute(update(claims).where(claims.c.recording_id == recording_id).values(mine))
        return True

    def release(self, recording_id: int) -> None:
        """Give a recording back undone."""
        query = delete(claims).where(
            claims.c.recording_id == recording_id, claims.c.run_id == self.id
        )
        self._database.transact(lambda connection: connection.execute(query))

    def alone(self) -> bool:
        """No other run is alive; those that died without a word are marked as lost."""
        return self._database.transact(self._alone)

    def _alone(self, connection: Connection) -> bool:
        query = select(runs.c.id).where(runs.c.outcome == "running", runs.c.id != self.id)
        for other in connection.scalars(query.order_by(runs.c.id)).all():
            if is_alive(self._database, connection, other):
                return False
            connection.execute(delete(claims).where(claims.c.run_id == other))
            connection.execute(
                update(runs).where(runs.c.id == other).values(outcome="lost", ended_at=now())
            )
        return True

    def end(self, outcome: str, counts: Mapping[str, int]) -> None:
        """Store how the run went, and give everything back."""

        def store(connection: Connection) -> None:
            connection.execute(delete(claims).where(claims.c.run_id == self.id))
            ended = {"outcome": outcome, "counts": dict(counts), "ended_at": now()}
            connection.execute(update(runs).where(runs.c.id == self.id).values(ended))

        self._database.transact(store)
        self.close()

    def close(self) -> None:
        """Give up the lock."""
        if self._file is not None:
            _lock_file(self._database, self.id).unlink(missing_ok=True)
            os.close(self._file)
            self._file = None
        if self._session is not None:
            self._session.invalidate()  # closes the session, and with it the lock
            self._session.close()
            self._session = None


def is_alive(database: Database, connection: Connection, run: int) -> bool:
    """Whether a run's process lives."""
    if not database.is_sqlite:
        query = text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid = :kind AND objid = :run AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return bool(connection.scalar(query, {"kind": _LOCKS, "run": run}))
    path = _lock_file(database, run)
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(handle)


def _lock_file(database: Database, run: int) -> Path:
    return database.files / "locks" / str(run)


def _locked(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle
