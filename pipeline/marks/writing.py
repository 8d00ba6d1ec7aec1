"""Stored marks as files that import again: CSV, Parquet, Excel, our JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from pipeline.errors import UsageError, printable
from pipeline.marks.rows import CELLS, SCHEMA
from pipeline.report.tables import cell
from pipeline.store.marks import Mark

_MOMENT: Final = "marked_at"
_NUMBERS: Final = frozenset({"start_s", "end_s"})

Cells = Mapping[str, Any]


def cells_of(mark: Mark) -> dict[str, Any]:
    """The cells that a row says of a mark, those of `rows.CELLS`; what is not known is ``None``."""
    return {
        "call_id": mark.call_id,
        "criterion": mark.criterion,
        "rater": mark.rater,
        "value": mark.value,
        "scale": mark.scale,
        "start_s": mark.span.start if mark.span else None,
        "end_s": mark.span.end if mark.span else None,
        "note": mark.note or None,
        "marked_at": mark.marked_at.isoformat() if mark.marked_at else None,
    }


def encoded(given: Iterable[Mark], path: Path) -> bytes:
    """The bytes of a file of marks; the suffix of ``path`` says which kind.

    Raises:
        UsageError: a suffix that is none of ours, or Excel without openpyxl.
    """
    rows = [cells_of(mark) for mark in given]
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"{printable(path)}: marks are written as {', '.join(_WRITERS)}.")
    return write(rows)


def as_csv(rows: Iterable[Cells], columns: Sequence[str] = CELLS) -> bytes:
    """A CSV file with its head; spreadsheets see UTF-8 by the mark in front."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([cell(row.get(column)) for column in columns] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _json(rows: Iterable[Cells]) -> bytes:
    told = [{name: value for name, value in row.items() if value is not None} for row in rows]
    plain = msgspec.json.encode({"schema": SCHEMA, "marks": told})
    return msgspec.json.format(plain, indent=1) + b"\n"


def _parquet(rows: Iterable[Cells]) -> bytes:
    import pyarrow as arrow
    from pyarrow import parquet

    schema = arrow.schema(
        (name, arrow.float64() if name in _NUMBERS else arrow.string()) for name in CELLS
    )
    texts = [{**row, "value": None if row["value"] is None else str(row["value"])} for row in rows]
    buffer = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist(texts, schema), buffer)
    return buffer.getvalue()


def _excel(rows: Iterable[Cells]) -> bytes:
    from pipeline.marks.forms import workbook

    return workbook([dict(row) for row in rows], CELLS)


_WRITERS: Final[dict[str, Callable[[Iterable[Cells]], bytes]]] = {
    ".csv": as_csv,
    ".parquet": _parquet,
    ".xlsx": _excel,
    ".json": _json,
}
