"""A store as tables: calls, findings and the measures of each party, for other tools.

Parquet for machines, CSV for spreadsheets; both as files of one column per name. A CSV cell never
starts what a spreadsheet would take for a formula.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as arrow
from pyarrow import parquet

from pipeline.errors import InputError
from pipeline.facts import CallFacts, SpeakerFacts
from pipeline.report.privacy import mask_scorecard, mask_text
from pipeline.scorecard import Scorecard
from pipeline.store.reading import StoredCall

_TEXT: Final = arrow.string()
_NUMBER: Final = arrow.float64()
_WHOLE: Final = arrow.int64()
_YES: Final = arrow.bool_()
_MOMENT: Final = arrow.timestamp("ms", tz="UTC")

CALLS: Final = arrow.schema(
    [
        ("call_id", _TEXT), ("agent", _TEXT), ("team", _TEXT), ("queue", _TEXT),
        ("direction", _TEXT), ("started_at", _MOMENT), ("added_at", _MOMENT), ("extra", _TEXT),
        ("duration_s", _NUMBER), ("layout", _TEXT), ("language", _TEXT),
        ("transcript_model", _TEXT), ("demonstration", _YES), ("rubric", _TEXT),
        ("rubric_version", _WHOLE), ("mark", _NUMBER), ("won", _NUMBER), ("possible", _NUMBER),
        ("failed", _YES), ("talk_both_s", _NUMBER), ("hold_s", _NUMBER), ("silence_s", _NUMBER),
        ("audio_sha256", _TEXT), ("facts_sha256", _TEXT),
    ]
)  # fmt: skip
FINDINGS: Final = arrow.schema(
    [
        ("call_id", _TEXT), ("criterion", _TEXT), ("standard", _TEXT), ("pillar", _TEXT),
        ("name", _TEXT), ("outcome", _TEXT), ("severity", _TEXT), ("measure", _TEXT),
        ("value", _NUMBER), ("low", _NUMBER), ("high", _NUMBER), ("unit", _TEXT),
        ("won", _NUMBER), ("possible", _NUMBER), ("at_s", _NUMBER), ("said", _TEXT),
        ("reason", _TEXT),
    ]
)  # fmt: skip
_FIGURES: Final = (
    "talk_s", "level_dbov", "activity", "loudness_lufs", "syllables", "speech_rate_syl_s",
    "articulation_rate_syl_s", "nuclei_rate_syl_s", "f0_median_hz", "f0_spread_st", "f0_range_st",
    "intonation_st", "role_confidence",
)  # fmt: skip
MEASURES: Final = arrow.schema(
    [("call_id", _TEXT), ("speaker", _TEXT), ("measure", _TEXT), ("value", _NUMBER),
     ("unit", _TEXT)]
)  # fmt: skip
SCHEMAS: Final = {"calls": CALLS, "findings": FINDINGS, "measures": MEASURES}
_PART: Final = 500

Row = dict[str, Any]


# ── Rows ─────────────────────────────────────────────────────────────────────────────────────────


def rows_of(call: StoredCall, ui: str, *, reveal: bool) -> Mapping[str, list[Row]]:
    """One call's rows in every table.

    Args:
        call: as it is stored.
        ui: "zh" or "en", the language of names and reasons.
        reveal: do not mask numbers that identify people.
    """
    facts, card = call.facts(), call.card()
    if card is not None and not reveal:
        card = mask_scorecard(card, facts)
    return {
        "calls": [_call(call, facts, card, reveal)],
        "findings": list(_findings(call.call_id, card, ui)),
        "measures": [row for party in facts.speakers for row in _measures(call.call_id, party)],
    }


def _call(call: StoredCall, facts: CallFacts, card: Scorecard | None, reveal: bool) -> Row:
    extra = msgspec.json.encode(call.extra).decode()
    transcript = facts.transcript
    row: Row = {
        **{name: getattr(call, name) for name in ("call_id", "agent", "team", "queue",
           "direction", "started_at", "added_at", "duration_s", "facts_sha256")},
        "extra": extra if reveal else mask_text(extra),
        "layout": facts.audio.layout,
        "language": transcript.language if transcript else None,
        "transcript_model": transcript.model if transcript else None,
        "demonstration": bool(transcript and transcript.demonstration),
        "talk_both_s": facts.shares.both_s,
        "hold_s": facts.shares.hold_s,
        "silence_s": facts.shares.silence_s,
        "audio_sha256": facts.audio.sha256,
    }  # fmt: skip
    if card is not None:
        row |= {
            "rubric": card.rubric.id,
            "rubric_version": card.rubric.version,
            "mark": card.mark,
            "won": card.points.won,
            "possible": card.points.possible,
            "failed": card.failed,
        }
    return row


def _findings(call_id: str, card: Scorecard | None, ui: str) -> Iterator[Row]:
    for finding in card.findings if card else ():
        first = next((e for e in finding.evidence if e.counts and e.span is not None), None)
        yield {
            "call_id": call_id,
            "name": finding.name.of(ui),
            "won": finding.points.won,
            "possible": finding.points.possible,
            "at_s": first.span.start if first and first.span else None,
            "said": first.words if first else None,
            "reason": finding.reason.of(ui),
            **{name: getattr(finding, name) for name in ("criterion", "standard", "pillar",
               "outcome", "severity", "measure", "value", "low", "high", "unit")},
        }  # fmt: skip


def _measures(call_id: str, party: SpeakerFacts) -> Iterator[Row]:
    """One row a figure; what was not measured has a row without a value."""
    for name in _FIGURES:
        value = getattr(party, name)
        yield {
            "call_id": call_id,
            "speaker": party.speaker,
            "measure": name,
            "value": None if value is None else float(value),
            "unit": _UNITS.get(name.rpartition("_")[2]),
        }
    for cue in party.cues:
        yield {
            "call_id": call_id,
            "speaker": party.speaker,
            "measure": cue.name,
            "value": cue.value,
            "unit": cue.unit,
        }


_UNITS: Final = {
    "s": "s", "dbov": "dBov", "lufs": "LUFS", "hz": "Hz", "st": "semitones",
}  # fmt: skip


# ── Files ────────────────────────────────────────────────────────────────────────────────────────

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula (OWASP, "CSV injection").

    Numbers stay numbers; text that starts like a formula gets an apostrophe in front.
    """
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" \u00a0\ufeff").startswith(_FORMULA) else text


def as_csv(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Rows as the text of a CSV file, without a head."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows([cell(row.get(column)) for column in columns] for row in rows)
    return buffer.getvalue()


class CsvTable:
    """One table, as a CSV file that spreadsheets open as UTF-8."""

    def __init__(self, path: Path, schema: arrow.Schema) -> None:
        self._columns = schema.names
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        csv.writer(self._file).writerow(self._columns)

    def add(self, rows: Sequence[Row]) -> None:
        """Write rows."""
        self._file.write(as_csv(rows, self._columns))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class ParquetTable:
    """One table, as a Parquet file."""

    def __init__(self, path: Path, schema: arrow.Schema) -> None:
        self._schema = schema
        self._writer = parquet.ParquetWriter(path, schema, compression="zstd")

    def add(self, rows: Sequence[Row]) -> None:
        """Write rows."""
        if rows:
            self._writer.write_table(arrow.Table.from_pylist(list(rows), schema=self._schema))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


_KINDS: Final[Mapping[str, type[CsvTable | ParquetTable]]] = {
    "csv": CsvTable,
    "parquet": ParquetTable,
}


def export(calls: Iterable[StoredCall], folder: Path, kind: str, ui: str, *, reveal: bool) -> int:
    """Write ``calls``, ``findings`` and ``measures`` into a folder, and return how many calls.

    Args:
        calls: from the store.
        folder: made where it is missing; its files take their place when they are whole.
        kind: "parquet", or "csv".
        ui: "zh" or "en".
        reveal: do not mask numbers that identify people.

    Raises:
        InputError: the folder cannot be written to.
    """
    parts = {name: folder / f".{name}.{kind}.part" for name in SCHEMAS}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tables = {name: _KINDS[kind](path, SCHEMAS[name]) for name, path in parts.items()}
        try:
            count = _fill(tables, calls, ui, reveal)
        finally:
            for table in tables.values():
                table.close()
        for name, path in parts.items():
            path.replace(folder / f"{name}.{kind}")
    except OSError as error:
        raise InputError(
            folder,
            expected="a folder that can be written to",
            found=error.strerror or str(error),
            remedy="choose another folder with --out",
        ) from None
    finally:
        for path in parts.values():
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
    return count


def _fill(
    tables: Mapping[str, CsvTable | ParquetTable],
    calls: Iterable[StoredCall],
    ui: str,
    reveal: bool,
) -> int:
    waiting: dict[str, list[Row]] = {name: [] for name in tables}
    count = 0
    for call in calls:
        count += 1
        for name, rows in rows_of(call, ui, reveal=reveal).items():
            waiting[name] += rows
        if count % _PART == 0:
            _flush(tables, waiting)
    _flush(tables, waiting)
    return count


def _flush(tables: Mapping[str, CsvTable | ParquetTable], waiting: dict[str, list[Row]]) -> None:
    for name, table in tables.items():
        table.add(waiting[name])
        waiting[name] = []
