"""What people said of calls: marks and verdicts to measure the judging against."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from pipeline.errors import StoreError
from pipeline.store.clock import now
from pipeline.store.tables import marks, recordings
from pipeline.timeline import Span
from pipeline.values import Value

Verdict = Literal["met", "missed", "not_applicable"]
"""What a person can say of a criterion; who cannot tell gives no mark."""
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)

SYSTEM: Final = "qinhe"
MAJORITY: Final = "majority"
NOBODY: Final = frozenset({SYSTEM, MAJORITY})
"""What agreement calls the scorecards and what most raters say: no rater may be called so."""

_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_SCALE: Final = re.compile(rf"({_NUMBER})-({_NUMBER})(?::(\d+(?:\.\d+)?))?")
_LONGEST_SCALE: Final = 32
_WHOLE: Final = 1e-6


class Scale(Value, frozen=True, kw_only=True):
    """What numbers a mark may have; its name says it all: ``0-100``, or ``1-5:1`` for whole ones.

    Raises:
        ValueError: the ends are not in order, or the step does not lead from one to the other.
    """

    low: float
    high: float
    step: float | None = None
    """``None``: every number from ``low`` to ``high``."""

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"a scale goes up: {self.low:g} to {self.high:g}")
        if self.step is not None and not (self.step > 0 and self._on_step(self.high)):
            raise ValueError(
                f"steps of {self.step:g} do not lead from {self.low:g} to {self.high:g}"
            )

    @staticmethod
    def parse(name: str) -> Scale:
        """The scale of a name.

        Raises:
            ValueError: it is not like ``0-100`` or ``1-5:1``.
        """
        found = _SCALE.fullmatch(name.strip()) if len(name) <= _LONGEST_SCALE else None
        if found is None:
            raise ValueError(f"{name[:40]!r} is no scale: write it like 0-100, or 1-5:1 for whole")
        low, high, step = found.groups()
        return Scale(low=float(low), high=float(high), step=None if step is None else float(step))

    @property
    def name(self) -> str:
        """The one way to write it."""
        ends = f"{self.low:g}-{self.high:g}"
        return ends if self.step is None else f"{ends}:{self.step:g}"

    @property
    def levels(self) -> tuple[float, ...]:
        """Every mark there can be; empty where there is no step."""
        if self.step is None:
            return ()
        count = round((self.high - self.low) / self.step)
        return tuple(self.low + index * self.step for index in range(count + 1))

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high and (self.step is None or self._on_step(number))

    def _on_step(self, number: float) -> bool:
        steps = (number - self.low) / (self.step or 1.0)
        return math.isclose(steps, round(steps), abs_tol=_WHOLE)


class Mark(Value, frozen=True, kw_only=True):
    """One person's opinion of one call, or of one criterion of it.

    Attributes:
        criterion: its id in the rubric; ``None``: the whole call.
        value: a verdict, or a number on ``scale``.
        scale: the name of a `Scale`; ``None`` with a verdict.
        span: where in the call.
        marked_at: with its zone; ``None`` until it is stored, which is then when it was marked.

    Raises:
        ValueError: no name, no verdict, a number without its scale or outside it.
    """

    call_id: str
    rater: str
    criterion: str | None = None
    value: Verdict | float
    scale: str | None = None
    span: Span | None = None
    note: str = ""
    marked_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.call_id or not self.rater or self.criterion == "":
            raise ValueError("a mark names its call, its rater and, if any, its criterion")
        if self.rater in NOBODY:
            raise ValueError(f"no person is called {self.rater!r}")
        if isinstance(self.value, str):
            _check_verdict(self.value, self.scale)
        else:
            _check_number(self.value, self.scale)
        if self.span is not None and self.span.start < 0:
            raise ValueError(f"a span begins at 0 s or later: {self.span.start:g} s")
        if self.marked_at is not None and self.marked_at.tzinfo is None:
            raise ValueError(f"a moment needs its zone: {self.marked_at}")

    @property
    def verdict(self) -> Verdict | None:
        """``None`` where the mark is a number."""
        return self.value if isinstance(self.value, str) else None

    @property
    def number(self) -> float | None:
        """``None`` where the mark is a verdict."""
        return None if isinstance(self.value, str) else float(self.value)

    @property
    def about(self) -> tuple[str, str | None, str]:
        """Call, criterion and rater: there is one mark of each."""
        return self.call_id, self.criterion, self.rater


def _check_verdict(value: str, scale: str | None) -> None:
    if value not in VERDICTS:
        raise ValueError(f"{value[:40]!r} is no verdict: {', '.join(VERDICTS)}")
    if scale is not None:
        raise ValueError(f"a verdict stands on no scale, found {scale[:40]!r}")


def _check_number(value: float, scale: str | None) -> None:
    if scale is None:
        raise ValueError(f"{value:g} without its scale, such as 0-100")
    known = Scale.parse(scale)
    if scale != known.name:
        raise ValueError(f"the scale {scale!r} is written {known.name!r}")
    if value not in known:
        raise ValueError(f"{value:g} is outside the scale {scale}")


def add_marks(connection: Connection, given: Iterable[Mark]) -> int:
    """Store marks and return how many.

    Raises:
        StoreError: a call is not stored, or a rater has marked the same thing before.
    """
    ids = recording_ids(connection)
    waiting = [(mark, _row(mark, ids)) for mark in given]
    try:
        with connection.begin_nested():
            if waiting:
                connection.execute(insert(marks), [row for _, row in waiting])
    except IntegrityError:
        _name_the_second(connection, waiting)
        raise  # no second mark: something else is wrong with the store
    return len(waiting)


def _name_the_second(
    connection: Connection, waiting: Iterable[tuple[Mark, Mapping[str, Any]]]
) -> None:
    taken = {mark.about for mark in _stored(connection)}
    for mark, _ in waiting:
        if mark.about in taken:
            raise StoreError(
                mark.call_id,
                expected="one mark by a rater on a criterion of a call",
                found=f"a second by {mark.rater} on {mark.criterion or 'the whole call'}",
                remedy="keep one of them",
            ) from None
        taken.add(mark.about)


def remove_marks(connection: Connection, given: Iterable[Mark]) -> None:
    """Remove what raters said of these things before, whatever it was."""
    ids = recording_ids(connection)
    for mark in given:
        row = _row(mark, ids)
        same = (marks.c[name] == row[name] for name in ("recording_id", "criterion", "rater"))
        connection.execute(delete(marks).where(*same))


def all_marks(connection: Connection) -> list[Mark]:
    """Every mark, by call, criterion and rater."""
    return list(_stored(connection))


def recording_ids(connection: Connection) -> Mapping[str, int]:
    """Every call's name, measured or not -> its recording."""
    query = select(recordings.c.call_id, recordings.c.id)
    return {row.call_id: row.id for row in connection.execute(query)}


def _stored(connection: Connection) -> Iterator[Mark]:
    query = (
        select(recordings.c.call_id, marks)
        .join(recordings, recordings.c.id == marks.c.recording_id)
        .order_by(recordings.c.call_id, marks.c.criterion, marks.c.rater)
    )
    for row in connection.execute(query):
        yield Mark(
            call_id=row.call_id,
            rater=row.rater,
            criterion=row.criterion or None,
            value=row.mark if row.outcome is None else row.outcome,
            scale=row.scale,
            span=None if row.start_s is None else Span(row.start_s, row.end_s),
            note=row.note,
            marked_at=row.marked_at,
        )


def _row(mark: Mark, ids: Mapping[str, int]) -> dict[str, Any]:
    return {
        "recording_id": _recording(mark.call_id, ids),
        "criterion": mark.criterion or "",
        "rater": mark.rater,
        "outcome": mark.verdict,
        "mark": mark.number,
        "scale": mark.scale,
        "start_s": mark.span.start if mark.span else None,
        "end_s": mark.span.end if mark.span else None,
        "note": mark.note,
        "marked_at": mark.marked_at or now(),
    }


def _recording(call_id: str, ids: Mapping[str, int]) -> int:
    found = ids.get(call_id)
    if found is None:
        raise StoreError(
            call_id,
            expected="the name of a call in the store",
            found="no such call",
            remedy="correct it, or run the batch over its recording first",
        )
    return found
