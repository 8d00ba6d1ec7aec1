"""One mark from one row of cells, or why there is none."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from pipeline.errors import printable
from pipeline.marks.rows import Row
from pipeline.store.marks import NOBODY, VERDICTS, Mark, Scale, Verdict
from pipeline.timeline import FARTHEST_S, Span
from pipeline.values import Value

_WORDS: Final[dict[str, Verdict]] = {
    **{verdict: verdict for verdict in VERDICTS},
    **dict.fromkeys(("达标", "符合", "合格", "pass", "yes", "是"), "met"),
    **dict.fromkeys(("未达标", "不符合", "不合格", "fail", "no", "否"), "missed"),
    **dict.fromkeys(("不适用", "not applicable", "n/a", "na"), "not_applicable"),
}
_LONGEST_NAME: Final = 500
_LONGEST_NOTE: Final = 10_000
_SHOWN: Final = 40
_AHEAD: Final = timedelta(days=1)
"""Clocks and time zones differ; a mark of later than that was not made."""


class Refused(Value, frozen=True, kw_only=True):
    """A row that is no mark: where it stands, what was found there, what was expected."""

    file: str
    row: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}, {self.row}: expected {self.expected}, found {self.found}"


class _WrongError(Exception):
    def __init__(self, expected: str, found: str) -> None:
        self.expected, self.found = expected, found


def mark_of(row: Row, rater: str | None, scale: Scale | None) -> Mark | Refused | None:
    """The mark of a row; ``None`` where the form was left empty.

    Args:
        row: its cells.
        rater: who marked, where the row does not say.
        scale: what numbers stand on, where the row does not say.
    """
    try:
        if row.broken is not None:
            raise _WrongError("a mark", row.broken)
        if "value" not in row.cells:
            return None
        return _mark(row.cells, rater, scale)
    except _WrongError as wrong:
        return refused(row, wrong.expected, wrong.found)


def refused(row: Row, expected: str, found: str) -> Refused:
    """The refusal of a row."""
    return Refused(file=row.file, row=row.row, found=printable(found), expected=expected)


def _mark(cells: dict[str, Any], rater: str | None, scale: Scale | None) -> Mark:
    value = _value(cells["value"])
    given = _scale_of(cells, value, scale)
    criterion = _name(cells, "criterion", "a criterion's id") if "criterion" in cells else None
    return Mark(
        call_id=_name(cells, "call_id", "the name of a call"),
        rater=_person({"rater": rater} | cells),
        criterion=criterion,
        value=value,
        scale=None if given is None else given.name,
        span=_span(cells),
        note=_note(cells.get("note", "")),
        marked_at=_moment(cells["marked_at"]) if "marked_at" in cells else None,
    )


def _person(cells: dict[str, Any]) -> str:
    name = _name(cells, "rater", "who marked, in the row or with --rater")
    if name in NOBODY:
        raise _WrongError("a person's name", f"{name!r}, which agreement calls its own")
    return name


def _note(given: Any) -> str:
    lines = str(given).strip().splitlines()
    return "\n".join(map(printable, lines))[:_LONGEST_NOTE]


def _name(cells: dict[str, Any], key: str, expected: str) -> str:
    value = cells.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a spreadsheet knows no whole numbers
    text = "" if value is None or isinstance(value, bool | list | dict) else str(value).strip()
    if not text or len(text) > _LONGEST_NAME:
        raise _WrongError(expected, "nothing" if value is None or not text else _shown(value))
    return printable(text)


def _value(given: Any) -> Verdict | float:
    if isinstance(given, str):
        verdict = _WORDS.get(given.strip().lower())
        if verdict is not None:
            return verdict
    number = _number(given)
    if number is None:
        raise _WrongError(f"a verdict ({', '.join(VERDICTS)}) or a number", _shown(given))
    return number


def _number(given: Any) -> float | None:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    try:
        number = float(given)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _scale_of(cells: dict[str, Any], value: Verdict | float, default: Scale | None) -> Scale | None:
    if isinstance(value, str):
        if "scale" in cells:
            raise _WrongError("no scale beside a verdict", f"{value} on {_shown(cells['scale'])}")
        return None
    scale = _scale(cells, default)
    if value not in scale:
        raise _WrongError(f"a number on the scale {scale.name}", f"{value:g}")
    return scale


def _scale(cells: dict[str, Any], default: Scale | None) -> Scale:
    if "scale" not in cells:
        if default is None:
            raise _WrongError(
                "the number's scale, in the row or with --scale, such as 0-100",
                f"{_shown(cells['value'])} without one",
            )
        return default
    try:
        return Scale.parse(str(cells["scale"]))
    except ValueError:
        raise _WrongError(
            "a scale like 0-100, or 1-5:1 for whole", _shown(cells["scale"])
        ) from None


def _span(cells: dict[str, Any]) -> Span | None:
    if "start_s" not in cells and "end_s" not in cells:
        return None
    start, end = _number(cells.get("start_s")), _number(cells.get("end_s"))
    if start is None or end is None or not 0 <= start <= end <= FARTHEST_S:
        found = f"{_shown(cells.get('start_s'))} to {_shown(cells.get('end_s'))}"
        raise _WrongError("start_s and end_s in seconds, the end not before the start", found)
    return Span(start, end)


def _moment(given: Any) -> datetime:
    """With its zone; a moment without one is this machine's."""
    try:
        if isinstance(given, str):
            given = datetime.fromisoformat(given.strip())
        elif isinstance(given, date) and not isinstance(given, datetime):
            given = datetime(given.year, given.month, given.day)
        moment: datetime = given.astimezone()
    except (ValueError, OverflowError, OSError, AttributeError):
        raise _WrongError("a moment like 2026-11-21T22:30:00+08:00", _shown(given)) from None
    if moment > datetime.now(UTC) + _AHEAD:
        raise _WrongError("a moment in the past", _shown(given))
    return moment.astimezone(UTC)


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(str(value)[:_SHOWN])
