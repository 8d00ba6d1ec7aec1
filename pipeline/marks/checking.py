"""Holds marks against what is stored: whole rows go in, the others are named."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.files import safe_stem
from pipeline.marks.reading import Refused, mark_of, refused
from pipeline.marks.rows import Row
from pipeline.store.marks import Mark, Scale

_NEAR = 0.6

About = tuple[str, str | None, str]


@dataclass(frozen=True, slots=True)
class Known:
    """What marks may be about.

    Attributes:
        calls: the name of every call -> its length in seconds, where it was measured.
        criteria: every criterion that a call may be marked on.
        stored: the marks there are.
    """

    calls: Mapping[str, float | None]
    criteria: Iterable[str]
    stored: Sequence[Mark] = ()


@dataclass(slots=True)
class Checked:
    """What came of the rows.

    Attributes:
        new: marks to store.
        changed: marks that replace what their rater said before.
        same: rows that say what is stored already.
        empty: rows of a form that nobody filled in.
    """

    new: list[Mark] = field(default_factory=list)
    changed: list[Mark] = field(default_factory=list)
    same: int = 0
    empty: int = 0
    refused: list[Refused] = field(default_factory=list)


def check(
    rows: Iterable[Row],
    known: Known,
    *,
    rater: str | None = None,
    scale: Scale | None = None,
    replace: bool = False,
) -> Checked:
    """Sort rows into marks that fit the store and rows that are refused.

    Args:
        rows: of every file.
        known: the store's calls, criteria and marks.
        rater: who marked, where a row does not say.
        scale: what numbers stand on, where a row does not say.
        replace: let a mark take the place of what its rater said before.
    """
    checked, checking = Checked(), _Checking(known, replace)
    for row in rows:
        mark = mark_of(row, rater, scale)
        if mark is None:
            checked.empty += 1
        elif isinstance(mark, Refused):
            checked.refused.append(mark)
        else:
            checking.sort(row, mark, checked)
    return checked


class _Checking:
    """What is known, and what the rows before have said."""

    def __init__(self, known: Known, replace: bool) -> None:
        self._known = known
        self._criteria = frozenset(known.criteria)
        self._replace = replace
        self._stored = {mark.about: mark for mark in known.stored}
        self._seen: dict[About, Row] = {}
        self._scales: dict[str | None, tuple[str | None, str]] = {
            mark.criterion: (mark.scale, "in the marks that are stored") for mark in known.stored
        }

    def sort(self, row: Row, mark: Mark, checked: Checked) -> None:
        wrong = self._unknown(mark) or self._twice(mark) or self._mixed(mark)
        if wrong is not None:
            checked.refused.append(refused(row, *wrong))
            return
        self._seen[mark.about] = row
        self._scales.setdefault(mark.criterion, (mark.scale, f"in {row.file}, {row.row}"))
        before = self._stored.get(mark.about)
        if before is None:
            checked.new.append(mark)
        elif _says(before) == _says(mark):
            checked.same += 1
        else:
            checked.changed.append(mark)

    def _unknown(self, mark: Mark) -> tuple[str, str] | None:
        if mark.call_id not in self._known.calls:
            stem = safe_stem(mark.call_id)  # what the batch makes of a file's name
            near = f" (such as {stem})" if stem in self._known.calls else ""
            return f"the name of a stored call{near}", repr(mark.call_id[:80])
        if mark.criterion is not None and mark.criterion not in self._criteria:
            near = _nearest(mark.criterion, self._criteria)
            return f"a criterion of the calls' scorecards{near}", repr(mark.criterion[:80])
        length_s = self._known.calls[mark.call_id]
        if mark.span is not None and length_s is not None and mark.span.end > length_s + 0.5:
            return f"a span within the call's {length_s:.1f} s", f"one to {mark.span.end:g} s"
        return None

    def _twice(self, mark: Mark) -> tuple[str, str] | None:
        what = f"{mark.rater} on {mark.criterion or 'the whole call'} of {mark.call_id}"
        before = self._seen.get(mark.about)
        if before is not None:
            return f"one mark by {what}", f"a second (the first: {before.file}, {before.row})"
        stored = self._stored.get(mark.about)
        if stored is not None and not self._replace and _says(stored) != _says(mark):
            return f"the mark that is stored by {what}, or --replace", _worded(mark)
        return None

    def _mixed(self, mark: Mark) -> tuple[str, str] | None:
        """A criterion is marked in one way: as verdicts, or as numbers on one scale."""
        scale, where = self._scales.get(mark.criterion, (mark.scale, ""))
        if scale == mark.scale:
            return None
        wanted = "a verdict" if scale is None else f"a number on the scale {scale}"
        return f"{wanted} on {mark.criterion or 'the whole call'}, as {where}", _worded(mark)


def _says(mark: Mark) -> tuple[object, ...]:
    return mark.value, mark.scale, mark.span, mark.note


def _worded(mark: Mark) -> str:
    return mark.verdict or f"{mark.number:g} on {mark.scale}"


def _nearest(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=_NEAR)
    return f" (such as {found[0]})" if found else ""
