"""Figures with their intervals."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from pipeline.values import Value

Floats = npt.NDArray[np.float64]
CONFIDENCE: Final = 0.95


class Estimate(Value, frozen=True, kw_only=True):
    """A figure with its interval of 95 %."""

    value: float
    low: float
    high: float


def interval(value: float, drawn: Floats, units: int) -> Estimate:
    """Percentiles of what was redrawn (Efron 1979), widened for few units.

    Redrawing n units makes intervals too narrow by about (n - 1) / n and knows nothing of
    Student's t; expanded percentiles put both right (Hesterberg 2015).
    """
    reach = stats.t.ppf((1 + CONFIDENCE) / 2, units - 1) * math.sqrt(units / (units - 1))
    tail = float(stats.norm.cdf(-reach))
    low, high = (float(each) for each in np.quantile(drawn, (tail, 1 - tail)))
    return Estimate(value=value, low=min(low, value), high=max(high, value))
