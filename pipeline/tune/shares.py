"""What every call won of each criterion's points: enough to mark it under any other points.

The judge gives a share of a criterion's points; points only weigh the shares. So it is asked once
a call, and a mark under other points is a sum (`Shares.marks`: the judge's own; tests hold it to
that).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.facts import CallFacts
from pipeline.judge.call import check, compile
from pipeline.judge.doubt import other_reading, settled
from pipeline.judge.verdict import Verdict
from pipeline.rubric import Lexicon, Rubric

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_JUDGED: Final = ("met", "missed")
_DIGITS: Final = 3
"""Decimals of a finding's points (`judge.call`)."""


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One call: a criterion's share of its points, NaN where it was not judged.

    Attributes:
        taken: a miss that is more than normal has taken the criterion's pillar.
        failed: a critical miss has failed the call.
    """

    share: Floats
    taken: Flags
    failed: bool


class ShareReader:
    """Judges calls, and keeps the shares.

    Args:
        rubric: the one in force.
        lexicon: its phrase lists.
    """

    def __init__(self, rubric: Rubric, lexicon: Lexicon) -> None:
        self._judge = compile(rubric, lexicon)
        self._criteria = rubric.criteria
        names = list(rubric.pillars)
        self._pillars = np.array([names.index(each.pillar) for each in rubric.criteria], np.int64)
        self._grave = np.array([each.severity != "normal" for each in rubric.criteria])
        self._critical = np.array([each.severity == "critical" for each in rubric.criteria])

    def read(self, facts: CallFacts) -> ShareRow:
        """The shares of one call."""
        verdicts = self._verdicts(facts)
        share = [each.share if each.outcome in _JUDGED else np.nan for each in verdicts]
        missed = np.array([each.outcome == "missed" for each in verdicts], bool)
        lost = set(self._pillars[missed & self._grave].tolist())
        return ShareRow(
            share=np.array(share, np.float64),
            taken=np.isin(self._pillars, list(lost)),
            failed=bool((missed & self._critical).any()),
        )

    def _verdicts(self, facts: CallFacts) -> list[Verdict]:
        view = self._judge.view(facts)
        other = other_reading(facts, self._judge.rubric.confidence)
        verdicts = [check(criterion, view) for criterion in self._criteria]
        if other is None:
            return verdicts
        doubted = self._judge.view(other)
        return [
            each if each.outcome == "not_measured" else settled(each, check(criterion, doubted))
            for criterion, each in zip(self._criteria, verdicts, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Shares:
    """Calls x criteria.

    Attributes:
        share: of the points that are won; 0 where none can be.
        judged: whether the criterion counts in the call.
        taken: whether its pillar is lost.
        failed: calls that a critical miss has failed.
    """

    share: Floats
    judged: Flags
    taken: Flags
    failed: Flags

    def __len__(self) -> int:
        return len(self.failed)

    def of(self, calls: Ints) -> Shares:
        """Some of the calls."""
        return Shares(self.share[calls], self.judged[calls], self.taken[calls], self.failed[calls])

    @property
    def won(self) -> Floats:
        """Shares as they enter the mark."""
        return np.where(self.taken, 0.0, self.share)

    def marks(self, points: Floats) -> Floats:
        """Every call's mark, 0 to 100, under these points of the criteria; NaN: there is none."""
        each = np.minimum(np.round(self.won * points, _DIGITS), points)
        possible = np.where(self.judged, points, 0.0).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            mark = 100 * np.where(self.judged, each, 0.0).sum(axis=1) / possible
        return np.where(self.failed, 0.0, np.where(possible > 0, mark, np.nan)).round(_DIGITS)


def shares_of(rows: Sequence[ShareRow], criteria: int) -> Shares:
    """Rows of calls, joined."""
    empty = np.zeros((0, criteria))
    share = np.stack([row.share for row in rows]) if rows else empty
    taken = np.stack([row.taken for row in rows]) if rows else empty.astype(bool)
    judged = np.isfinite(share)
    return Shares(
        share=np.where(judged, share, 0.0),
        judged=judged,
        taken=taken,
        failed=np.array([row.failed for row in rows], bool),
    )
