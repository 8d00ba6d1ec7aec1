"""Coefficients of agreement as formulas of sums over calls.

Every coefficient here is a function of sums over calls: the features of a call (`*_features`,
calls x f) are added up, and the formula turns the sums (… x f) into the coefficient (…). So the
value on all calls and those on thousands of redrawn samples (`resampling`) are one matrix product
and one formula. Where a coefficient is not defined, it is NaN.

What is missing is NaN in ``values``. Verdicts are codes 0 … q - 1, their categories.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_TINY: Final = 1e-12


def identity_weights(count: int) -> Array:
    """Only the same category agrees."""
    return np.eye(count)


def linear_weights(levels: Array) -> Array:
    """Agreement falls with the distance of two levels (Cicchetti & Allison 1971)."""
    distance: Array = np.abs(levels[:, None] - levels[None, :]) / (levels.max() - levels.min())
    return 1.0 - distance


def quadratic_weights(levels: Array) -> Array:
    """Agreement falls with the squared distance of two levels (Fleiss & Cohen 1973)."""
    distance: Array = (levels[:, None] - levels[None, :]) / (levels.max() - levels.min())
    return 1.0 - distance**2


# ── Two raters, categories ───────────────────────────────────────────────────────────────────────


def table_features(first: Array, second: Array, count: int) -> Array:
    """Which cell of the confusion table each call falls into; none where a mark is missing.

    Args:
        first: codes by call, the table's rows.
        second: likewise, its columns.
        count: how many categories there are.

    Returns:
        calls x count².
    """
    both = ~(np.isnan(first) | np.isnan(second))
    features = np.zeros((len(first), count * count))
    cell = first[both].astype(np.intp) * count + second[both].astype(np.intp)
    features[np.flatnonzero(both), cell] = 1.0
    return features


def cohen_kappa(sums: Array, weights: Array) -> Array:
    """Cohen's kappa of confusion tables, weighted by agreement (Cohen 1960, 1968).

    Args:
        sums: … x count² of `table_features`.
        weights: count x count, 1 where two categories agree.
    """
    count = len(weights)
    tables = _shares(sums).reshape(*sums.shape[:-1], count, count)
    rows, columns = tables.sum(-1), tables.sum(-2)
    observed = (tables * weights).sum((-1, -2))
    expected = np.einsum("...i,ij,...j->...", rows, weights, columns)
    return _beyond(observed, expected)


def percent_agreement(sums: Array, weights: Array) -> Array:
    """The share of calls on which two raters say the same, 0 to 1."""
    count = len(weights)
    tables = _shares(sums).reshape(*sums.shape[:-1], count, count)
    agreement: Array = (tables * weights).sum((-1, -2))
    return agreement


# ── Any number of raters, categories ─────────────────────────────────────────────────────────────


def counts_of(values: Array, count: int) -> Array:
    """How many raters chose each category, calls x count."""
    return np.stack([(values == code).sum(-1) for code in range(count)], axis=-1).astype(float)


def gwet_features(counts: Array, weights: Array) -> Array:
    """Agreement within each call, whether two raters marked it, shares, whether anybody did."""
    raters = counts.sum(-1)
    several = raters >= 2
    pairs = np.where(several, raters * (raters - 1), 1.0)
    agreement = (counts * (counts @ weights - 1.0)).sum(-1) / pairs * several
    shares = counts / np.maximum(raters, 1.0)[:, None]
    return np.column_stack([agreement, several, shares, raters >= 1])


def gwet_agreement(sums: Array) -> Array:
    """The mean agreement of two raters of the same call (Fleiss 1971), of `gwet_features`."""
    return ratio(sums[..., 0], sums[..., 1])


def gwet_ac(sums: Array, weights: Array) -> Array:
    """Gwet's AC1; with other than identity weights AC2 (Gwet 2008; 2014, eq. 5.3.2).

    Marks of calls with one rater count for how common a category is.
    """
    count = len(weights)
    shares = sums[..., 2:-1] / np.where(sums[..., -1:] > 0, sums[..., -1:], np.nan)
    chance = weights.sum() / (count * (count - 1)) * (shares * (1.0 - shares)).sum(-1)
    return _beyond(gwet_agreement(sums), chance)


def nominal_features(counts: Array) -> Array:
    """Each call's row of the coincidence matrix's diagonal and margin: 2 x count."""
    raters = counts.sum(-1, keepdims=True)
    paired = np.where(raters >= 2, counts, 0.0)
    same = paired * (paired - 1.0) / np.maximum(raters - 1.0, 1.0)
    return np.concatenate([same, paired], axis=-1)


def nominal_alpha(sums: Array) -> Array:
    """Krippendorff's alpha for categories (Krippendorff 2011, section C)."""
    count = sums.shape[-1] // 2
    same, margin = sums[..., :count], sums[..., count:]
    total = margin.sum(-1)
    observed = total - same.sum(-1)
    expected = ratio(total**2 - (margin**2).sum(-1), total - 1.0)
    return 1.0 - ratio(observed, expected)


# ── Numbers ──────────────────────────────────────────────────────────────────────────────────────


def interval_features(values: Array) -> Array:
    """Within each call with two marks: their pairs' squared differences, count, sum, squares."""
    marked = (~np.isnan(values)).sum(-1).astype(float)
    several = marked >= 2
    filled = np.where(np.isnan(values), 0.0, values)
    total, squares = filled.sum(-1), (filled**2).sum(-1)
    apart = 2.0 * (marked * squares - total**2) / np.maximum(marked - 1.0, 1.0)
    features: Array = np.column_stack([apart, marked, total, squares]) * several[:, None]
    return features


def interval_alpha(sums: Array) -> Array:
    """Krippendorff's alpha for numbers, the difference being squared (Krippendorff 2011, D)."""
    apart, count, total, squares = np.moveaxis(sums, -1, 0)
    expected = ratio(2.0 * (count * squares - total**2), count - 1.0)
    # Of numbers that are all the same, rounding leaves next to nothing.
    expected = np.where(expected > _TINY * np.maximum(squares, 1.0), expected, np.nan)
    alpha: Array = 1.0 - apart / expected
    return alpha


def moment_features(first: Array, second: Array) -> Array:
    """The moments of two raters' numbers where both marked: 1, x, y, x², y², xy, x = y, |x - y|."""
    both = ~(np.isnan(first) | np.isnan(second))
    x, y = np.where(both, first, 0.0), np.where(both, second, 0.0)
    same = both & np.isclose(x, y, rtol=0.0, atol=1e-9)
    apart = np.abs(x - y)
    return np.column_stack([both, x, y, x * x, y * y, x * y, same, apart]).astype(float)


def same_number(sums: Array) -> Array:
    """The share of calls on which two raters give the same number."""
    return ratio(sums[..., 6], sums[..., 0])


def mean_difference(sums: Array) -> Array:
    """By how much the first rater's numbers lie above the second's, on average."""
    return ratio(sums[..., 1] - sums[..., 2], sums[..., 0])


def mean_distance(sums: Array) -> Array:
    """How far two raters' numbers lie apart, on average."""
    return ratio(sums[..., 7], sums[..., 0])


def quadratic_kappa(sums: Array) -> Array:
    """Kappa with quadratic weights of numbers; the same as that of their table.

    It is also Lin's concordance correlation with moments over n (King & Chinchilli 2001).
    """
    n, x, y, xx, yy, xy = np.moveaxis(sums[..., :6], -1, 0)
    apart = ratio(xx + yy - 2.0 * xy, n)
    expected = ratio(xx + yy, n) - 2.0 * ratio(x, n) * ratio(y, n)
    expected = np.where(expected > _TINY * np.maximum(ratio(xx + yy, n), 1.0), expected, np.nan)
    return 1.0 - apart / expected


def icc_features(values: Array) -> Array:
    """Of calls that every rater marked: 1, the squared mean, the squares, each rater's mark."""
    whole = np.asarray(~np.isnan(values).any(-1))
    filled = np.where(whole[:, None], values, 0.0)
    mean = filled.mean(-1)
    return np.column_stack([whole, mean**2, (filled**2).sum(-1), filled]).astype(float)


ICC_FORMS: Final = ("1,1", "2,1", "3,1", "1,k", "2,k", "3,k")


def icc(sums: Array) -> dict[str, Array]:
    """The six intraclass correlations of Shrout & Fleiss (1979), by their names (`ICC_FORMS`).

    1: each call has other raters; 2: the raters stand for all there might be; 3: they are all
    there are, and their being strict or lenient does not count. ``k``: of their mean.
    """
    n, means, squares = sums[..., 0], sums[..., 1], sums[..., 2]
    totals = sums[..., 3:]
    k = totals.shape[-1]
    grand = ratio(totals.sum(-1), n * k)
    between = k * (means - n * grand**2)
    within = squares - k * means
    judges = ratio((totals**2).sum(-1), n) - n * k * grand**2
    bms = ratio(between, n - 1)
    wms = ratio(within, n * (k - 1))
    jms = judges / (k - 1)
    ems = ratio(within - judges, (n - 1) * (k - 1))
    # Numbers that are all the same have no variance to share out, but for rounding.
    bms = np.where(between + within > _TINY * np.maximum(squares, 1.0), bms, np.nan)
    bias = (jms - ems) / np.where(n > 0, n, np.nan)
    return {
        "1,1": ratio(bms - wms, bms + (k - 1) * wms),
        "2,1": ratio(bms - ems, bms + (k - 1) * ems + k * bias),
        "3,1": ratio(bms - ems, bms + (k - 1) * ems),
        "1,k": ratio(bms - wms, bms),
        "2,k": ratio(bms - ems, bms + bias),
        "3,k": ratio(bms - ems, bms),
    }


def slope_features(time: Array, value: Array) -> Array:
    """The moments of a straight line through values over time; calls without a value are out."""
    there = ~np.isnan(value)
    t, v = np.where(there, time, 0.0), np.where(there, value, 0.0)
    return np.column_stack([there, t, v, t * t, t * v]).astype(float)


def slope(sums: Array) -> Array:
    """The change of the value per unit of time, by least squares."""
    n, t, v, tt, tv = np.moveaxis(sums, -1, 0)
    return ratio(n * tv - t * v, n * tt - t * t)


# ── Divisions ────────────────────────────────────────────────────────────────────────────────────


def _shares(sums: Array) -> Array:
    total = sums.sum(-1, keepdims=True)
    return sums / np.where(total > 0, total, np.nan)


def ratio(above: Array, below: Array) -> Array:
    """NaN where there is nothing to divide by."""
    below = np.asarray(below, dtype=float)
    quotient: Array = above / np.where(np.abs(below) > _TINY, below, np.nan)
    return quotient


def _beyond(observed: Array, chance: Array) -> Array:
    """Agreement beyond chance; NaN where chance alone would always agree."""
    return ratio(observed - chance, 1.0 - chance)
