"""How each rater marks, what most of them say, and what makes the figures hard to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from pipeline.agreement import coefficients as c
from pipeline.agreement.coefficients import Array
from pipeline.agreement.figures import Redrawn
from pipeline.agreement.ratings import CODES, Ratings
from pipeline.scorecard import Text
from pipeline.store.marks import SYSTEM
from pipeline.values import Value

_RARE: Final = 0.05
_FEW: Final = 30


class Said(Value, frozen=True, kw_only=True):
    """How one rater marks.

    Attributes:
        counts: of each category.
        mean, spread: of numbers; the spread is the standard deviation.
    """

    rater: str
    marks: int
    counts: tuple[int, ...]
    mean: float | None = None
    spread: float | None = None


def prevalence(ratings: Ratings) -> Iterator[Said]:
    """Every rater, then the system."""
    for rater, column in zip(ratings.raters, ratings.values.T, strict=True):
        yield _said(rater, column, ratings)
    if ratings.unheard is None:
        yield _said(SYSTEM, ratings.system, ratings)


def _said(rater: str, column: Array, ratings: Ratings) -> Said:
    marks = column[~np.isnan(column)]
    codes = ratings.codes(marks)
    numbers = ratings.scale is not None
    return Said(
        rater=rater,
        marks=len(marks),
        counts=tuple(int((codes == place).sum()) for place in range(len(ratings.levels))),
        mean=float(marks.mean()) if numbers and len(marks) else None,
        spread=float(marks.std(ddof=1)) if numbers and len(marks) > 1 else None,
    )


def majority(ratings: Ratings) -> tuple[Array, int]:
    """The verdict of most raters by unit, NaN where they are split evenly; how often they are."""
    counts = c.counts_of(ratings.values, len(CODES))
    most = counts.max(-1)
    marked = most > 0
    split = ((counts == most[:, None]).sum(-1) > 1) & marked
    winners = np.where(marked & ~split, counts.argmax(-1).astype(float), np.nan)
    return winners, int(split.sum())


def cautions(ratings: Ratings, redrawn: Redrawn) -> Iterator[Text]:
    """What to know before believing the figures."""
    if len(ratings.raters) < 2:
        yield Text(
            zh="只有一位评分人：无从知道人与人之间有多一致",
            en="only one rater: nobody can say how well people would agree",
        )
    marks = ratings.values[~np.isnan(ratings.values)]
    if len(marks) > 1 and (marks == marks[0]).all():
        yield Text(
            zh="所有评分都相同：无从知道能否分辨好坏",
            en="every mark is the same: nobody can say whether good and bad are told apart",
        )
    elif ratings.scale is None and len(marks):
        share = float((marks == CODES["missed"]).mean())
        if min(share, 1 - share) < _RARE:
            yield Text(
                zh=f"{100 * share:.0f}% 的评分是“未达标”：κ 在此会偏低，请同看 AC1 与混淆表",
                en=f"{100 * share:.0f} % of the marks are missed: kappa is low where one verdict "
                "is rare; read AC1 and the tables beside it",
            )
    calls = redrawn.shared((~np.isnan(ratings.values)).sum(-1) >= 2)
    if len(ratings.raters) > 1 and calls < _FEW:
        yield Text(
            zh=f"两人以上评过的通话只有 {calls} 通：区间很宽",
            en=f"few calls that two people marked ({calls}): expect wide intervals",
        )
