"""A coefficient with its interval, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.agreement.coefficients import Array
from pipeline.scorecard import Text
from pipeline.values import Value

FEWEST: Final = 10
"""Calls below which redrawing them says more about chance than about the raters."""
_DEFINED: Final = 0.95
_LEVEL: Final = (0.025, 0.975)

ONE_RATER: Final = Text(zh="只有一位评分人", en="only one rater")
NONE_SHARED: Final = Text(zh="没有两人都评过的通话", en="no call that two have marked")
ALL_SAME: Final = Text(
    zh="所有评分都相同，偶然一致已是全部", en="every mark is the same: chance alone would agree"
)
NO_STEPS: Final = Text(zh="连续分数没有类别", en="numbers without steps make no categories")
NO_ORDER: Final = Text(zh="评定没有大小之分", en="verdicts have no order")
NO_NUMBERS: Final = Text(zh="评定不是分数", en="verdicts are no numbers")
BETWEEN_MANY: Final = Text(
    zh="多人之间没有先后", en="among several raters none comes first to subtract from"
)
NOT_JUDGED: Final = Text(
    zh="系统对这些通话没有结论", en="the system has no verdict on any of these calls"
)
OTHER_SCALE: Final = Text(
    zh="系统的分数是 0 到 100，评分人用的不是", en="the system marks from 0 to 100, raters do not"
)
NO_VERDICT: Final = Text(
    zh="系统对整通电话只给分数，不下评定", en="the system gives a whole call points, no verdict"
)
NOT_MARKED_SO: Final = Text(
    zh="系统对该项只下评定，不打分", en="the system gives a criterion a verdict, no number"
)
TOO_FEW: Final = Text(
    zh=f"通话不足 {FEWEST} 通，不估区间", en=f"under {FEWEST} calls: no interval is estimated"
)
UNSTABLE: Final = Text(
    zh="重抽的样本中常常无法计算，不估区间",
    en="often undefined in redrawn samples: no interval is estimated",
)
TOO_FEW_WHOLE: Final = Text(
    zh="每位评分人都评过的通话太少", en="too few calls that every rater has marked"
)


class Figure(Value, frozen=True, kw_only=True):
    """A value with its 95 % interval.

    Attributes:
        value: ``None``: not defined, for ``reason``.
        low, high: by redrawing calls; ``None``: not estimated, for ``reason``.
        calls: how many it rests on.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    calls: int
    reason: Text | None = None


def missing(reason: Text, calls: int = 0) -> Figure:
    """No value, and why."""
    return Figure(value=None, calls=calls, reason=reason)


def figure(values: Array, calls: int, reason: Text = ALL_SAME) -> Figure:
    """The figure of a coefficient on all calls (the first of ``values``) and on redrawn ones.

    Args:
        values: NaN where undefined.
        calls: how many there are.
        reason: why it would be undefined.
    """
    if calls == 0:
        return missing(NONE_SHARED)
    if np.isnan(values[0]):
        return missing(reason, calls)
    value, redrawn = float(values[0]), values[1:]
    defined = redrawn[~np.isnan(redrawn)]
    if calls < FEWEST or len(redrawn) == 0:
        return Figure(value=value, calls=calls, reason=TOO_FEW if len(redrawn) else None)
    if len(defined) < _DEFINED * len(redrawn):
        return Figure(value=value, calls=calls, reason=UNSTABLE)
    # Percentile bootstrap over calls (Efron & Tibshirani 1993, ch. 13): marks of one call hang
    # together, calls do not.
    low, high = np.quantile(defined, _LEVEL)
    return Figure(value=value, low=float(low), high=float(high), calls=calls)


class Redrawn:
    """Sums over calls, as they are and with the calls redrawn with replacement.

    Args:
        call_of: which call each unit (a row of features) belongs to.
        draws: how many samples.
        seed: the same seed draws the same calls, whatever is summed.
    """

    def __init__(self, call_of: list[str], draws: int, seed: int) -> None:
        names, self._place = np.unique(np.array(call_of, dtype=str), return_inverse=True)
        self.calls = len(names)
        self._weights = _weights(self.calls, draws, seed)

    def sums(self, features: Array) -> Array:
        """(1 + draws) x f, the first row of all calls as they are; ``features``: units x f."""
        by_call = np.zeros((self.calls, features.shape[1]))
        np.add.at(by_call, self._place, features)
        return self._weights @ by_call

    def values(self, features: Array, formula: Callable[[Array], Array]) -> Array:
        """What the formula makes of the sums, 1 + draws."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return formula(self.sums(features))

    def shared(self, units: npt.ArrayLike) -> int:
        """How many calls have one of these units (boolean)."""
        return len(np.unique(self._place[np.asarray(units, dtype=bool)]))


@lru_cache(maxsize=2)
def _weights(calls: int, draws: int, seed: int) -> Array:
    """How often each call counts: once, then as often as each sample drew it."""
    generator = np.random.default_rng(seed)
    weights = np.ones((1 + draws, calls))
    for sample in weights[1:] if calls else ():
        sample[:] = np.bincount(generator.integers(calls, size=calls), minlength=calls)
    weights.flags.writeable = False
    return weights
