"""What people said of calls: marks and verdicts to measure the judging against."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from pipeline.errors import StoreError
from pipeline.store.clock import now
from pipeline.store.tables import marks, recordings


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One person's opinion of one call, or of one criterion of it.

    Attributes:
        criterion: ``None``: the whole call.
        outcome: met, missed …, as the scorecard's.
        mark: 0 to 100.
        start_s, end_s: where in the call, in seconds.
    """

    call_id: str
    rater: str
    criterion: str | None = None
    outcome: str | None = None
    mark: float | None = None
    start_s: float | None = None
    end_s: float | None = None
    note: str = ""
    marked_at: datetime | None = None


def add_marks(connection: Connection, given: Iterable[Mark]) -> int:
    """Store marks and return how many.

    Raises:
        StoreError: a call is not stored, or a rater has marked the same thing before.
    """
    count = 0
    for mark in given:
        row = msgspec.structs.asdict(mark)
        row["recording_id"] = _recording(connection, row.pop("call_id"))
        row["criterion"] = mark.criterion or ""
        row["marked_at"] = mark.marked_at or now()
        try:
            with connection.begin_nested():
                connection.execute(insert(marks).values(row))
        except IntegrityError:
            raise StoreError(
                mark.call_id,
                expected="one mark by a rater on a criterion of a call",
                found=f"a second by {mark.rater} on {mark.criterion or 'the whole call'}",
                remedy="keep one of them",
            ) from None
        count += 1
    return count


def all_marks(connection: Connection) -> list[Mark]:
    """Every mark, by call, criterion and rater."""
    query = (
        select(
            recordings.c.call_id,
            marks.c.rater,
            marks.c.criterion,
            marks.c.outcome,
            marks.c.mark,
            marks.c.start_s,
            marks.c.end_s,
            marks.c.note,
            marks.c.marked_at,
        )
        .join(recordings, recordings.c.id == marks.c.recording_id)
        .order_by(recordings.c.call_id, marks.c.criterion, marks.c.rater)
    )
    found = connection.execute(query).mappings()
    return [Mark(**{**row, "criterion": row["criterion"] or None}) for row in found]


def _recording(connection: Connection, call_id: str) -> int:
    found = connection.scalar(select(recordings.c.id).where(recordings.c.call_id == call_id))
    if found is None:
        raise StoreError(
            call_id,
            expected="the name of a call in the store",
            found="no such call",
            remedy="correct it, or run the batch over its recording first",
        )
    return int(found)
