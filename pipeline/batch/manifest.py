"""Manifests: CSV, JSON lines or Parquet, one call a row.

``path`` names the recording (``agent_path`` and ``customer_path`` the two of a pair), relative to
the manifest. Known columns: ``call_id agent team queue start_time direction transcript language
channels agent_is speakers``, under the other names of `_NAMES` too; every other column is kept as
it is. A wrong row is refused by its number, and the others are done.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from pipeline.batch.items import Item, Refused
from pipeline.errors import QinheError, SourceError, printable
from pipeline.measure import roles
from pipeline.store.calls import Details

SUFFIXES: Final = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"})
_NAMES: Final = {
    "path": ("path", "recording", "audio", "file", "filename", "录音"),
    "agent_path": ("agent_path", "agent_file"),
    "customer_path": ("customer_path", "customer_file"),
    "call_id": ("call_id", "id", "callid", "通话编号"),
    "agent": ("agent", "agent_id", "agent_name", "坐席"),
    "team": ("team", "班组"),
    "queue": ("queue", "skill", "队列"),
    "start_time": ("start_time", "started_at", "start", "开始时间"),
    "direction": ("direction", "方向"),
    "transcript": ("transcript",),
    "language": ("language",),
    "channels": ("channels", "声道"),
    "agent_is": ("agent_is", "agent_voice", "坐席声音"),
    "speakers": ("speakers",),
}
_LONGEST_LINE: Final = 1 << 20
_LONGEST_TEXT: Final = 10_000
_BATCH: Final = 1000
_MOST_VOICES: Final = 99

Row = Mapping[str, Any]


def read_manifest(file: BinaryIO, name: str, base: str) -> Iterator[Item | Refused]:
    """The calls of an open manifest.

    Args:
        file: closed at the end.
        name: what it is called; the suffix says what it is.
        base: the folder or address that its paths are relative to.

    Raises:
        SourceError: it is not what its name says, or has no column for the recording.
    """
    kind = Path(name).suffix.lower()
    with file:
        try:
            if kind == ".parquet":
                rows = _parquet(file)
            elif kind in (".csv", ".tsv"):
                rows = _csv(file, "\t" if kind == ".tsv" else ",")
            else:
                rows = _jsonl(file)
            for number, row in rows:
                yield _item(row, f"{printable(name)}, row {number}", name, base)
        except SourceError:
            raise
        except (OSError, ValueError, csv.Error, MemoryError) as error:  # Arrow's are ValueErrors
            raise _unreadable(name, error) from None


# ── Rows ─────────────────────────────────────────────────────────────────────────────────────────


def _csv(file: BinaryIO, delimiter: str) -> Iterator[tuple[int, Row]]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(_bounded(text), delimiter=delimiter)
    columns = [column.strip() for column in next(reader, [])]
    for cells in reader:
        if not any(cells):
            continue
        if len(cells) > len(columns):
            yield reader.line_num, {"": f"{len(cells)} cells under {len(columns)} columns"}
            continue
        yield reader.line_num, dict(zip(columns, cells, strict=False))


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise ValueError(f"a line of more than {_LONGEST_LINE} characters")
        yield line


def _jsonl(file: BinaryIO) -> Iterator[tuple[int, Row]]:
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            raise ValueError(f"line {number} has more than {_LONGEST_LINE} bytes")
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line.removeprefix(b"\xef\xbb\xbf"))
        except (msgspec.DecodeError, RecursionError) as error:
            row = {"": f"no JSON ({error})"}
        yield number, row if isinstance(row, dict) else {"": "no JSON object"}


def _parquet(file: BinaryIO) -> Iterator[tuple[int, Row]]:
    import pyarrow as arrow
    from pyarrow import parquet

    number = 0
    try:
        table = parquet.ParquetFile(file)
        kinds = arrow.schema([_to_microseconds(field) for field in table.schema_arrow])
        for batch in table.iter_batches(batch_size=_BATCH):
            for row in batch.cast(kinds, safe=False).to_pylist():
                number += 1
                yield number, row
    except (arrow.ArrowException, TypeError, OverflowError, KeyError) as error:
        raise ValueError(str(error)) from None


def _to_microseconds(field: Any) -> Any:
    """Arrow would hand out times in nanoseconds, as pandas writes them, as values of pandas."""
    import pyarrow as arrow

    kind = field.type
    if arrow.types.is_timestamp(kind) and kind.unit == "ns":
        return field.with_type(arrow.timestamp("us", tz=kind.tz))
    if arrow.types.is_duration(kind) and kind.unit == "ns":
        return field.with_type(arrow.duration("us"))
    return field


# ── Items ────────────────────────────────────────────────────────────────────────────────────────


def _item(row: Row, source: str, name: str, base: str) -> Item | Refused:
    if "" in row:
        return Refused(source=source, reason=str(row[""]) or "a column without a name")
    told: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for column, value in row.items():
        known = _KNOWN.get(column.strip().lower())
        if known is None:
            extra[_text(column)] = _plain(value)
        elif value is not None and str(value).strip():
            told.setdefault(known, value)
    if not any(known in told for known in ("path", "agent_path", "customer_path")):
        _check_columns(row, name)
        return Refused(source=source, reason="no recording is named")
    try:
        return _told(told, extra, base)
    except (ValueError, QinheError) as error:
        return Refused(source=source, reason=str(error))


_KNOWN: Final = {other: name for name, others in _NAMES.items() for other in others}


def _check_columns(row: Row, name: str) -> None:
    columns = {_KNOWN.get(column.strip().lower()) for column in row}
    if not columns & {"path", "agent_path", "customer_path"}:
        raise SourceError(
            name,
            expected="a column path, or the columns agent_path and customer_path",
            found=f"the columns {', '.join(printable(c) for c in row) or 'none'}"[:300],
            remedy="rename the one that names the recording",
        )


def _told(told: Mapping[str, Any], extra: dict[str, Any], base: str) -> Item:
    def text(key: str) -> str | None:
        return _text(told[key]) if key in told else None

    channels, speakers = text("channels"), text("speakers")
    if channels:
        roles.parse(channels)
    if speakers:
        roles.parse_speakers(speakers)
    return Item(
        paths=_paths(told, base),
        call_id=text("call_id"),
        details=Details(
            agent=text("agent"),
            team=text("team"),
            queue=text("queue"),
            direction=text("direction"),
            started_at=_moment(told["start_time"]) if "start_time" in told else None,
            extra=extra,
        ),
        transcript=_beside(base, str(told["transcript"])) if "transcript" in told else None,
        language=text("language"),
        channels=channels,
        agent_is=_number(told["agent_is"]) if "agent_is" in told else None,
        speakers=speakers,
    )


def _number(value: Any) -> int:
    """A voice's number; spreadsheets write 2 as 2.0."""
    try:
        number = int(float(str(value)))
    except (ValueError, OverflowError):
        number = 0
    if not 1 <= number <= _MOST_VOICES:
        shown = printable(str(value)[:40])
        raise ValueError(f"agent_is {shown!r} is no voice's number: write 1 or 2")
    return number


def _paths(told: Mapping[str, Any], base: str) -> tuple[str, ...]:
    pair = [told[key] for key in ("agent_path", "customer_path") if key in told]
    if len(pair) == 1 or (pair and "path" in told):
        raise ValueError("a call is one path, or agent_path and customer_path")
    given = pair or [told["path"]]
    return tuple(_beside(base, str(path)) for path in given)


def _beside(base: str, path: str) -> str:
    if "\0" in path:
        raise ValueError("a path with a zero byte")
    if "://" in path or Path(path).is_absolute():
        return path
    return f"{base}/{path}"


def _moment(value: Any) -> datetime:
    """A start with its zone; without one it is this machine's."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(
                f"start_time {printable(value[:40])!r} is not like 2026-11-21T22:30:00+08:00"
            ) from None
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise ValueError("start_time is no moment: write it like 2026-11-21T22:30:00+08:00")
    try:
        return value.astimezone()
    except (OverflowError, OSError):
        raise ValueError("start_time is a moment that no calendar has here") from None


def _text(value: Any) -> str:
    """One printable line, whatever a manifest holds."""
    return printable(str(value).strip())[:_LONGEST_TEXT]


def _plain(value: Any) -> Any:
    """An extra column's value as JSON can hold it, in every database."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    return _text(value)


def _unreadable(name: str, error: Exception) -> SourceError:
    reason = str(error).strip().splitlines() or [type(error).__name__]
    return SourceError(
        name,
        expected="a manifest: CSV or JSON lines in UTF-8, or Parquet",
        found=f"something that cannot be read as that ({printable(reason[0][:200])})",
        remedy="save it again under the right name",
    )
