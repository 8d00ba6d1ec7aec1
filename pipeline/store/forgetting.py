"""Removes every trace of calls: rows, tracks, stage results, and the pages they were written on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, or_, select, text

from pipeline.errors import StoreError
from pipeline.store import files as beside
from pipeline.store.database import Database
from pipeline.store.tables import agents, facts, faults, metadata, recordings, sightings, voices


def ids_of(connection: Connection, call_id: str) -> list[int]:
    """The recording of a call, measured or not.

    Raises:
        StoreError: there is none.
    """
    found = connection.scalars(select(recordings.c.id).where(recordings.c.call_id == call_id)).all()
    if not found:
        raise StoreError(
            call_id,
            expected="the name of a call in the store",
            found="no such call",
            remedy="see `qinhe export` for the names",
        )
    return list(found)


def ids_before(connection: Connection, moment: datetime) -> list[int]:
    """Recordings of before ``moment``: by their start or, where it is not known, by when added."""
    when = func.coalesce(recordings.c.started_at, recordings.c.added_at)
    return list(connection.scalars(select(recordings.c.id).where(when < moment)))


def forget(database: Database, ids: Sequence[int]) -> int:
    """Remove recordings with all that came of them, and return how many.

    What was learnt of their agents' voices goes too: it holds something of each call.
    The store forgets; the recordings themselves and what was exported are where they were.
    """
    doomed = database.transact(lambda connection: _delete(connection, ids))
    for sha256, tracks_sha256, shared in doomed:
        beside.drop_stages(database.files, sha256)
        if tracks_sha256 is not None and not shared:
            beside.tracks_path(database.files, tracks_sha256).unlink(missing_ok=True)
    _overwrite(database)
    return len(doomed)


def _delete(connection: Connection, ids: Sequence[int]) -> list[tuple[str, str | None, bool]]:
    doomed = []
    for recording_id in ids:
        query = (
            select(
                recordings.c.sha256,
                recordings.c.source,
                recordings.c.agent_id,
                facts.c.tracks_sha256,
            )
            .outerjoin(facts, facts.c.recording_id == recordings.c.id)
            .where(recordings.c.id == recording_id)
        )
        row = connection.execute(query).first()
        if row is None:
            continue
        names = select(sightings.c.source).where(sightings.c.sha256 == row.sha256)
        gone = or_(
            faults.c.recording_id == recording_id,
            faults.c.source == row.source,
            faults.c.source.in_(names),
        )
        connection.execute(delete(faults).where(gone))
        connection.execute(delete(voices).where(voices.c.agent_id == row.agent_id))
        connection.execute(delete(sightings).where(sightings.c.sha256 == row.sha256))
        connection.execute(delete(recordings).where(recordings.c.id == recording_id))
        sharing = select(facts.c.recording_id).where(facts.c.tracks_sha256 == row.tracks_sha256)
        shared = row.tracks_sha256 is not None and connection.scalar(sharing) is not None
        doomed.append((row.sha256, row.tracks_sha256, shared))
    nobody = select(recordings.c.agent_id).where(recordings.c.agent_id.is_not(None))
    connection.execute(delete(agents).where(agents.c.id.not_in(nobody)))
    return doomed


def _overwrite(database: Database) -> None:
    """What rows leave behind in the database's own files goes too.

    SQLite overwrites deleted rows (``secure_delete``) once its log is written back and cut.
    PostgreSQL rewrites the tables; its write-ahead log and backups are the administrator's.
    """
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if database.is_sqlite:
            connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        for table in metadata.sorted_tables:
            connection.execute(text(f"VACUUM FULL {table.name}"))
