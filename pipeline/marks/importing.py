"""Files of marks into the store, in one transaction: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import Connection

from pipeline.marks.checking import Checked, Known, check
from pipeline.marks.rows import Row, read_rows
from pipeline.store.database import Database
from pipeline.store.marks import Scale, add_marks, all_marks, remove_marks
from pipeline.store.verdicts import call_lengths, criteria


def import_marks(
    database: Database,
    paths: Sequence[Path],
    *,
    also: Iterable[str] = (),
    rater: str | None = None,
    scale: Scale | None = None,
    replace: bool = False,
    partial: bool = False,
) -> Checked:
    """Store the marks of files; where a row is refused, nothing, unless ``partial``.

    Args:
        database: the store.
        paths: files as `rows.read_rows` reads them.
        also: criteria that calls may be marked on beside those of their scorecards.
        rater: as `checking.check`.
        scale: likewise.
        replace: likewise.
        partial: store the good rows of files with bad ones.

    Raises:
        MarksError: a file cannot be read.
        StoreError: the store cannot.
    """
    rows: list[Row] = [row for path in paths for row in read_rows(path)]
    extra = tuple(also)

    def store(connection: Connection) -> Checked:
        checked = check(rows, known(connection, extra), rater=rater, scale=scale, replace=replace)
        if partial or not checked.refused:
            remove_marks(connection, checked.changed)
            add_marks(connection, [*checked.new, *checked.changed])
        return checked

    return database.transact(store)


def known(connection: Connection, also: Iterable[str] = ()) -> Known:
    """What the store's calls may be marked on, and how they are marked."""
    return Known(call_lengths(connection), (*criteria(connection), *also), all_marks(connection))
