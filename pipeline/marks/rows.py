"""Files of marks as rows of named cells: CSV, Parquet, Excel, our own JSON, Label Studio's.

Every format ends in the same cells (`CELLS`), so that one place knows what a mark is (`reading`).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from pipeline.errors import MarksError, UsageError, printable
from pipeline.files import read_input
from pipeline.marks import labelstudio
from pipeline.values import Value

CELLS: Final = (
    "call_id", "criterion", "rater", "value", "scale", "start_s", "end_s", "note", "marked_at",
)  # fmt: skip
"""What a row may say, in the order in which we write it."""
SCHEMA: Final = "qinhe.marks/1"
"""Our own JSON: ``{"schema": …, "marks": [{"call_id": …, "value": …}, …]}``, with the cells above;
what a review application writes and `qinhe marks export` too.
"""
KINDS: Final = (".csv", ".tsv", ".parquet", ".xlsx", ".json")
_NAMES: Final = {
    "call_id": ("call_id", "call", "callid", "通话", "通话编号"),
    "criterion": ("criterion", "criterion_id", "标准编号", "评分项"),
    "rater": ("rater", "annotator", "marker", "reviewer", "评分人", "质检员"),
    "value": ("value", "mark", "verdict", "outcome", "score", "评分", "评定", "得分"),
    "scale": ("scale", "量表", "分制"),
    "start_s": ("start_s", "start", "开始秒"),
    "end_s": ("end_s", "end", "结束秒"),
    "note": ("note", "notes", "comment", "备注"),
    "marked_at": ("marked_at", "marked", "date", "评分时间"),
}
_KNOWN: Final = {other: name for name, others in _NAMES.items() for other in others}
_FORMULA: Final = tuple("=+-@＝＋－＠")
_LONGEST_LINE: Final = 1 << 20
_LARGEST_BOOK: Final = 512 << 20


class Row(Value, frozen=True, kw_only=True):
    """One row of a file: which, and what its cells say; empty cells are left out."""

    file: str
    row: str
    """Where in the file, as a person finds it: ``row 3``, ``task 12, annotation 34, greeting``."""
    cells: dict[str, Any]
    broken: str | None = None
    """Why it is no row at all."""


def read_rows(path: Path) -> list[Row]:
    """The rows of a file of marks; the suffix says what it is.

    Raises:
        MarksError: it cannot be read as that, or has no columns for calls and marks.
        UsageError: a suffix that is none of `KINDS`, or Excel without openpyxl.
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise UsageError(f"{printable(path)}: marks come as {', '.join(KINDS)}.")
    data = read_input(path)
    try:
        if kind == ".json":
            return _json(data, path)
        tables = {".parquet": _parquet, ".xlsx": _excel, ".tsv": _tsv, ".csv": _csv}
        return list(_named(tables[kind](data), path))
    except (ValueError, csv.Error, MemoryError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from None


# ── Tables ───────────────────────────────────────────────────────────────────────────────────────

Table = Iterator[tuple[int, list[Any]]]
"""Numbered rows of cells, the head first."""


def _csv(data: bytes, delimiter: str = ",") -> Table:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8; in Excel save it as “CSV UTF-8”") from None
    lines = io.StringIO(text, newline="")
    reader = csv.reader(_bounded(lines), delimiter=delimiter)
    for cells in reader:
        yield reader.line_num, [_unquoted(cell) for cell in cells]


def _tsv(data: bytes) -> Table:
    return _csv(data, "\t")


def _unquoted(cell: Any) -> Any:
    # What our own forms write in front of a cell that a spreadsheet would take for a formula.
    quoted = isinstance(cell, str) and cell[:1] == "'" and cell[1:].lstrip()[:1] in _FORMULA
    return cell[1:] if quoted else cell


def _bounded(text: io.StringIO) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise ValueError(f"a line of more than {_LONGEST_LINE} characters")
        yield line


def _parquet(data: bytes) -> Table:
    import pyarrow as arrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(io.BytesIO(data))
    except (arrow.ArrowException, OSError, TypeError, KeyError) as error:
        raise ValueError(str(error)) from None
    yield 0, list(table.column_names)
    for number, row in enumerate(table.to_pylist(), start=1):
        yield number, list(row.values())


def _excel(data: bytes) -> Table:
    try:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException
    except ModuleNotFoundError:
        raise UsageError("Excel needs the package openpyxl: pip install 'qinhe[tune]'.") from None
    _check_size(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            rows = sheet.iter_rows(values_only=True)
            numbered = [(n, list(map(_unquoted, row))) for n, row in enumerate(rows, start=1)]
            if numbered and "call_id" in _columns(numbered[0][1]):
                yield from numbered
                return
    except (InvalidFileException, KeyError, TypeError, AttributeError, SyntaxError) as error:
        raise ValueError(str(error)) from None  # a broken book ends in whatever it meets first
    raise ValueError("no sheet with a column call_id in its first row")


def _check_size(data: bytes) -> None:
    """A workbook is a zip file: one of a few bytes may unpack to all the memory there is."""
    size = sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(data)).infolist())
    if size > _LARGEST_BOOK:
        raise ValueError(f"a workbook of {size >> 20} MiB unpacked")


def _columns(head: Iterable[Any]) -> list[str]:
    return [_KNOWN.get(str(name or "").strip().lower(), "") for name in head]


def _named(table: Table, path: Path) -> Iterator[Row]:
    _, head = next(table, (0, []))
    columns = _columns(head)
    _check_columns(columns, head, path)
    for number, cells in table:
        told = {
            name: value
            for name, value in zip(columns, cells, strict=False)
            if name and value is not None and str(value).strip()
        }
        broken = None
        if len(cells) > len(columns):
            broken = f"{len(cells)} cells under {len(columns)} columns"
        if told or broken:
            yield Row(file=printable(path), row=f"row {number}", cells=told, broken=broken)


def _check_columns(columns: list[str], head: list[Any], path: Path) -> None:
    missing = [name for name in ("call_id", "value") if name not in columns]
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if not missing and not twice:
        return
    names = ", ".join(printable(str(name)) for name in head if name is not None)[:300] or "none"
    wrong = f"no {' and no '.join(missing)}" if missing else f"two for {', '.join(twice)}"
    raise MarksError(
        path,
        expected="the columns call_id and value once each (and criterion, rater, scale …)",
        found=f"{wrong} among {names}",
        remedy="name the columns so; `qinhe marks sample` writes an empty form",
    )


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────


def _json(data: bytes, path: Path) -> list[Row]:
    try:
        found = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if isinstance(found, list):
        return [_labelled(path, where, cells) for where, cells in labelstudio.rows(found)]
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ValueError(f"neither Label Studio's list of tasks nor {SCHEMA}")
    marks = found.get("marks")
    if not isinstance(marks, list):
        raise ValueError("no list of marks")
    return [_own(path, number, mark) for number, mark in enumerate(marks, start=1)]


def _labelled(path: Path, where: str, cells: Mapping[str, Any] | str) -> Row:
    if isinstance(cells, str):
        return Row(file=printable(path), row=where, cells={}, broken=cells)
    told = {name: value for name, value in cells.items() if value is not None}
    return Row(file=printable(path), row=where, cells=told)


def _own(path: Path, number: int, mark: Any) -> Row:
    where = f"mark {number}"
    if not isinstance(mark, dict):
        return Row(file=printable(path), row=where, cells={}, broken="no JSON object")
    unknown = sorted(str(name) for name in mark if name not in CELLS)
    broken = f"a field {printable(unknown[0])[:40]!r}" if unknown else None
    told = {name: value for name, value in mark.items() if value is not None and value != ""}
    return Row(file=printable(path), row=where, cells=told, broken=broken)


def _unreadable(path: Path, error: Exception) -> MarksError:
    reason = str(error).strip().splitlines() or [type(error).__name__]
    return MarksError(
        path,
        expected=f"marks as {', '.join(KINDS)} by its name",
        found=f"something that cannot be read as that ({reason[0][:200]})",
        remedy="save it again under the right name",
    )
