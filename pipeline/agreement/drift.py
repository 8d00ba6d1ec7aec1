"""How a rater's agreement with the others moves over time (K06: 定期校对标准的误差)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal

import numpy as np

from pipeline.agreement import coefficients as c
from pipeline.agreement import figures
from pipeline.agreement.coefficients import Array
from pipeline.agreement.figures import Figure, Redrawn, figure, missing
from pipeline.agreement.ratings import CODES, Ratings
from pipeline.scorecard import Text
from pipeline.values import Value

Every = Literal["day", "week", "month"]
ONE_PERIOD: Final = Text(zh="只有一段时间的评分", en="marks of one period only")
NO_MOMENTS: Final = Text(zh="不知道何时评的", en="it is not known when they were made")
SAME_PERIODS: Final = Text(
    zh="没有与他人共同评过的通话", en="no calls that others have marked as well"
)


class Period(Value, frozen=True, kw_only=True):
    """One rater in one period.

    Attributes:
        name: 2026-11, 2026-W45 or 2026-11-21, in UTC.
        agreement: with the others on the same call and criterion, 0 to 1: of verdicts the share
            that are the same, of numbers one less the distance on the scale.
        leniency: how much better than the others the rater marks, -1 to 1: met is 1 and missed 0,
            numbers are a share of their scale.
    """

    name: str
    agreement: Figure
    leniency: Figure


class Drift(Value, frozen=True, kw_only=True):
    """One rater over time.

    Attributes:
        change: of the agreement, from one period to the next (least squares).
        turn: of the leniency, likewise.
        drifts: the interval of either leaves out 0.
    """

    rater: str
    periods: tuple[Period, ...]
    change: Figure
    turn: Figure
    drifts: bool


def drift(tables: Sequence[Ratings], every: Every, draws: int, seed: int) -> list[Drift]:
    """Each rater who has marked something that others have marked too.

    Args:
        tables: every criterion's ratings, none pooled.
        every: the length of a period.
        draws: of calls, for the intervals.
        seed: likewise.
    """
    raters = sorted({rater for ratings in tables for rater in ratings.raters})
    return [_of(rater, tables, every, draws, seed) for rater in raters]


def _of(rater: str, tables: Sequence[Ratings], every: Every, draws: int, seed: int) -> Drift:
    parts = [_shared(rater, ratings) for ratings in tables if rater in ratings.raters]
    calls = [call for names, _ in parts for call in names]
    at, agreement, leniency = np.vstack([columns for _, columns in parts]).T
    timed = ~np.isnan(at)
    if not timed.any():
        why = missing(NO_MOMENTS if calls else SAME_PERIODS)
        return Drift(rater=rater, periods=(), change=why, turn=why, drifts=False)
    redrawn = Redrawn(
        [call for call, there in zip(calls, timed, strict=True) if there], draws, seed
    )
    at, agreement, leniency = at[timed], agreement[timed], leniency[timed]
    names = {_period(moment, every) for moment in np.unique(at)}
    numbers = np.vectorize(lambda moment: _period(moment, every)[0], otypes=[float])(at)
    change = _trend(numbers, agreement, redrawn)
    turn = _trend(numbers, leniency, redrawn)
    return Drift(
        rater=rater,
        periods=tuple(
            Period(
                name=name,
                agreement=_average(np.where(numbers == number, agreement, np.nan), redrawn),
                leniency=_average(np.where(numbers == number, leniency, np.nan), redrawn),
            )
            for number, name in sorted(names)
        ),
        change=change,
        turn=turn,
        drifts=_leaves_out_zero(change) or _leaves_out_zero(turn),
    )


def _leaves_out_zero(found: Figure) -> bool:
    return found.low is not None and found.high is not None and not found.low <= 0 <= found.high


def _shared(rater: str, ratings: Ratings) -> tuple[list[str], Array]:
    """What the rater and others have marked: its call; when, agreement and leniency (x 3)."""
    column = ratings.raters.index(rater)
    own, others = ratings.values[:, column], np.delete(ratings.values, column, axis=1)
    shared = np.flatnonzero(~np.isnan(own) & ~np.isnan(others).all(-1))
    agreement = _mean(_alike(own[:, None], others, ratings)[shared])
    leniency = _worth(own, ratings)[shared] - _mean(_worth(others, ratings)[shared])
    at = ratings.moments[shared, column]
    return [ratings.calls[unit] for unit in shared], np.column_stack([at, agreement, leniency])


def _alike(own: Array, others: Array, ratings: Ratings) -> Array:
    if ratings.scale is None:
        return np.where(np.isnan(others), np.nan, own == others)
    alike: Array = 1.0 - np.abs(own - others) / (ratings.scale.high - ratings.scale.low)
    return alike


def _worth(values: Array, ratings: Ratings) -> Array:
    """0 to 1; what does not apply has no worth."""
    if ratings.scale is None:
        return np.where(values == CODES["not_applicable"], np.nan, values)
    worth: Array = (values - ratings.scale.low) / (ratings.scale.high - ratings.scale.low)
    return worth


def _mean(values: Array) -> Array:
    """Of each row, without what is missing."""
    there = ~np.isnan(values)
    return c.ratio(np.where(there, values, 0.0).sum(-1), there.sum(-1))


def _trend(numbers: Array, values: Array, redrawn: Redrawn) -> Figure:
    if len(np.unique(numbers[~np.isnan(values)])) < 2:
        return missing(ONE_PERIOD)
    first = numbers - numbers.min()
    slopes = redrawn.values(c.slope_features(first, values), c.slope)
    return figure(slopes, redrawn.shared(~np.isnan(values)))


def _average(values: Array, redrawn: Redrawn) -> Figure:
    there = ~np.isnan(values)
    features = np.column_stack([there, np.where(there, values, 0.0)]).astype(float)
    means = redrawn.values(features, lambda sums: c.ratio(sums[..., 1], sums[..., 0]))
    return figure(means, redrawn.shared(there), figures.NONE_SHARED)


def _period(at: float, every: Every) -> tuple[int, str]:
    """Which since the calendar's beginning (empty ones are time too), and its name."""
    moment = datetime.fromtimestamp(at, UTC)
    if every == "month":
        return 12 * moment.year + moment.month, f"{moment:%Y-%m}"
    day = moment.toordinal()
    return (day, f"{moment:%Y-%m-%d}") if every == "day" else ((day - 1) // 7, f"{moment:%G-W%V}")
