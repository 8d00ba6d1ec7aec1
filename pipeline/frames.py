"""A store as tidy tables for notebooks: polars; `.to_pandas()` where pandas is installed, by Arrow.

One row is one call, one figure of one party, one turn, one finding or one mark; columns have the
names and units of `qinhe export`. Numbers that identify people are masked unless asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import pyarrow as arrow

from pipeline.errors import UsageError
from pipeline.report.privacy import mask_facts, mask_text
from pipeline.report.tables import SCHEMAS, rows_of
from pipeline.store.database import Database
from pipeline.store.marks import all_marks
from pipeline.store.reading import StoredCall, stored_calls

if TYPE_CHECKING:
    import polars

_TEXT: Final = arrow.string()
_NUMBER: Final = arrow.float64()

TURNS: Final = arrow.schema(
    [
        ("call_id", _TEXT), ("turn", arrow.int64()), ("speaker", _TEXT), ("start_s", _NUMBER),
        ("end_s", _NUMBER), ("syllables", arrow.int64()), ("speech_rate_syl_s", _NUMBER),
        ("articulation_rate_syl_s", _NUMBER), ("level_dbov", _NUMBER),
        ("level_re_baseline_db", _NUMBER), ("f0_median_hz", _NUMBER), ("f0_spread_st", _NUMBER),
        ("effort_db", _NUMBER), ("text", _TEXT),
    ]
)  # fmt: skip
MARKS: Final = arrow.schema(
    [
        ("call_id", _TEXT), ("criterion", _TEXT), ("rater", _TEXT), ("verdict", _TEXT),
        ("number", _NUMBER), ("scale", _TEXT), ("start_s", _NUMBER), ("end_s", _NUMBER),
        ("note", _TEXT), ("marked_at", arrow.timestamp("ms", tz="UTC")),
    ]
)  # fmt: skip
_OF_TURNS: Final = (
    "syllables", "speech_rate_syl_s", "articulation_rate_syl_s", "level_dbov",
    "level_re_baseline_db", "f0_median_hz", "f0_spread_st", "effort_db",
)  # fmt: skip


def calls(database: Database, ui: str = "zh", *, reveal: bool = False) -> polars.DataFrame:
    """One row a measured call: who, when, how long, and its mark under the current scorecard.

    Args:
        database: the store.
        ui: "zh" or "en", the language of names.
        reveal: do not mask numbers that identify people.

    Raises:
        UsageError: polars is not installed.
    """
    return _of_calls(database, "calls", ui, reveal=reveal)


def findings(database: Database, ui: str = "zh", *, reveal: bool = False) -> polars.DataFrame:
    """One row a criterion of a call: outcome, value, limits, points, and the reason in words."""
    return _of_calls(database, "findings", ui, reveal=reveal)


def facts(database: Database) -> polars.DataFrame:
    """One row a figure of one party of a call; what was not measured has no value."""
    return _of_calls(database, "measures", "en", reveal=False)


def turns(database: Database, *, reveal: bool = False) -> polars.DataFrame:
    """One row a turn: who, when, how it sounded, what was said."""
    with database.reading() as connection:
        rows = [row for call in stored_calls(connection) for row in _turns(call, reveal=reveal)]
    return _frame(rows, TURNS)


def marks(database: Database, *, reveal: bool = False) -> polars.DataFrame:
    """One row a human mark; without a criterion it is of the whole call."""
    with database.reading() as connection:
        found = all_marks(connection)
    rows: list[dict[str, Any]] = [
        {
            "call_id": mark.call_id,
            "criterion": mark.criterion,
            "rater": mark.rater,
            "verdict": mark.verdict,
            "number": mark.number,
            "scale": mark.scale,
            "start_s": mark.span.start if mark.span else None,
            "end_s": mark.span.end if mark.span else None,
            "note": mark.note if reveal else mask_text(mark.note),
            "marked_at": mark.marked_at,
        }
        for mark in found
    ]
    return _frame(rows, MARKS)


def _of_calls(database: Database, table: str, ui: str, *, reveal: bool) -> polars.DataFrame:
    with database.reading() as connection:
        every = (rows_of(call, ui, reveal=reveal)[table] for call in stored_calls(connection))
        return _frame([row for rows in every for row in rows], SCHEMAS[table])


def _turns(call: StoredCall, *, reveal: bool) -> Iterator[dict[str, Any]]:
    heard = call.facts()
    for number, turn in enumerate((heard if reveal else mask_facts(heard)).turns):
        yield {
            "call_id": call.call_id,
            "turn": number,
            "speaker": turn.speaker,
            "start_s": turn.span.start,
            "end_s": turn.span.end,
            "text": turn.text,
            **{name: getattr(turn.prosody, name, None) for name in _OF_TURNS},
        }


def _frame(rows: Iterable[dict[str, Any]], schema: arrow.Schema) -> polars.DataFrame:
    try:
        import polars
    except ModuleNotFoundError:
        raise UsageError("Tables need the package polars: pip install 'qinhe[tune]'.") from None
    frame = polars.from_arrow(arrow.Table.from_pylist(list(rows), schema=schema))
    assert isinstance(frame, polars.DataFrame)  # of a table, never a series
    return frame
