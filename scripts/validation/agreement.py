"""Coefficients of agreement against published examples, against libraries, and their intervals.

The worked examples are Krippendorff 2011 ("Computing Krippendorff's Alpha-Reliability", sections A
to D), Gwet 2002 and 2014 (AC1 and AC2), Fleiss, Levin & Paik 2003 (kappa, table 18.1) and Shrout &
Fleiss 1979 (ICC, table 4): the largest difference to a printed figure, which rounding alone may
make 0.0005, or 0.005 where two digits are printed.

Against libraries: the largest difference over 300 random sets of marks (two to five raters, two to
five categories, up to a fifth of the marks missing where the library knows missing marks), of the
sets for which the library gives a number.

Intervals: two raters whose error rates are planted (5 and 15 %; of numbers: noise of 4 on calls
that spread by 10) mark 40, 100 and 400 calls; how often the 95 % interval of 1,000 redraws holds
the true coefficient, over 500 worlds.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipeline.agreement import coefficients as c
from pipeline.agreement.coefficients import Array
from pipeline.agreement.figures import Redrawn, figure
from scripts.validation.table import OURS, Row, Target

_TINY: Final = 1e-6
SETS: Final = 300
WORLDS: Final = 500
DRAWS: Final = 1000
_N: Final = np.nan
FOUR_OBSERVERS: Final = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _N, _N, _N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _N, 3],
        [_N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _N],
    ]
).T
TWO_BINARY: Final = np.array(
    [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]], float
).T
TWO_NOMINAL: Final = np.array(
    [["abcde".index(said) for said in row] for row in ("aabbdcccedda", "babbbcccedd" + "d")], float
).T
SHROUT_FLEISS: Final = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
FLEISS: Final = np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
GWET: Final = np.array([[118, 5], [2, 0]])


def rows(data: Path) -> list[Row]:
    """Every figure; ``data`` is not needed."""
    return [*_published(), *_libraries(), *_intervals()]


# ── Ours, of a table of units by raters ──────────────────────────────────────────────────────────


def kappa(values: Array, weights: Array) -> float:
    """Cohen's kappa of two columns of codes."""
    features = c.table_features(values[:, 0], values[:, 1], len(weights))
    return float(c.cohen_kappa(features.sum(0), weights))


def ac(values: Array, weights: Array) -> float:
    """Gwet's AC of codes."""
    features = c.gwet_features(c.counts_of(values, len(weights)), weights)
    return float(c.gwet_ac(features.sum(0), weights))


def nominal(values: Array, count: int) -> float:
    """Krippendorff's alpha of codes."""
    return float(c.nominal_alpha(c.nominal_features(c.counts_of(values, count)).sum(0)))


def interval(values: Array) -> float:
    """Krippendorff's alpha of numbers."""
    return float(c.interval_alpha(c.interval_features(values).sum(0)))


def icc(values: Array) -> dict[str, float]:
    """The six intraclass correlations."""
    return {name: float(v) for name, v in c.icc(c.icc_features(values).sum(0)).items()}


def _of_table(table: np.ndarray[Any, Any]) -> Array:
    cells = np.repeat(np.arange(table.size), table.ravel())
    return np.column_stack([cells // len(table), cells % len(table)]).astype(float)


# ── Published examples ───────────────────────────────────────────────────────────────────────────


def _published() -> Iterator[Row]:
    codes = FOUR_OBSERVERS - 1
    shrout = {"1,1": 0.17, "2,1": 0.29, "3,1": 0.71, "1,k": 0.44, "2,k": 0.62, "3,k": 0.91}
    ours = icc(SHROUT_FLEISS)
    found = {
        ("Krippendorff's alpha", "Krippendorff 2011, A to D", 0.0005): [
            nominal(TWO_BINARY, 2) - 0.095,
            nominal(TWO_NOMINAL, 5) - 0.692,
            nominal(codes, 5) - 0.743,
            interval(FOUR_OBSERVERS) - 0.849,
        ],
        ("Gwet's AC1, AC2", "Gwet 2002, 2014", 0.0005): [
            ac(_of_table(GWET), np.eye(2)) - 0.941,
            ac(codes, np.eye(5)) - 0.77544,
            ac(codes, c.quadratic_weights(np.arange(5.0))) - 0.914,
        ],
        ("Cohen's kappa", "Fleiss et al. 2003, Gwet 2002", 0.0005): [
            kappa(_of_table(FLEISS), np.eye(3)) - 0.676,
            kappa(_of_table(GWET), np.eye(2)) + 0.0234,
        ],
        ("ICC, six forms", "Shrout & Fleiss 1979", 0.005): [
            ours[form] - printed for form, printed in shrout.items()
        ],
    }
    for (what, where, limit), errors in found.items():
        worst = float(np.abs(errors).max())
        yield Row("agreement", f"{what}: off by at most", where, OURS, worst, "", Target(limit))


# ── Libraries ────────────────────────────────────────────────────────────────────────────────────


def _libraries() -> Iterator[Row]:
    for module, what, compared in (
        ("sklearn", "Cohen's kappa, three weightings", _scikit_learn),
        ("statsmodels", "Cohen's kappa, three weightings", _statsmodels),
        ("krippendorff", "Krippendorff's alpha, nominal and interval", _krippendorff),
        ("pingouin", "ICC, six forms", _pingouin),
    ):
        if find_spec(module) is None:
            continue
        generator = np.random.default_rng(7)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            worst = max(error for _ in range(SETS) for error in compared(generator))
        where = f"{SETS} random sets, against {module}"
        what = f"{what}: off by at most"
        yield Row("agreement", what, where, OURS, worst / _TINY, "10⁻⁶", Target(1))


def _marks(generator: np.random.Generator, raters: int, count: int, gaps: float = 0.0) -> Array:
    """Raters who say the truth two times of three, else anything."""
    truth = generator.integers(count, size=(int(generator.integers(5, 60)), 1))
    shape = len(truth), raters
    said = np.where(generator.random(shape) < 2 / 3, truth, generator.integers(count, size=shape))
    return np.where(generator.random(shape) < gaps, np.nan, said.astype(float))


def _scikit_learn(generator: np.random.Generator) -> Iterator[float]:
    from sklearn.metrics import cohen_kappa_score

    levels = np.arange(float(generator.integers(2, 6)))
    values = _marks(generator, 2, len(levels))
    for name, weights in _weightings(levels).items():
        theirs = cohen_kappa_score(*values.T, labels=levels, weights=name or None)
        yield _apart(kappa(values, weights), theirs)


def _statsmodels(generator: np.random.Generator) -> Iterator[float]:
    from statsmodels.stats.inter_rater import cohens_kappa

    levels = np.arange(float(generator.integers(2, 6)))
    values = _marks(generator, 2, len(levels))
    cells = (
        c.table_features(values[:, 0], values[:, 1], len(levels)).sum(0).reshape(len(levels), -1)
    )
    for name, weights in _weightings(levels).items():
        theirs = cohens_kappa(cells, wt=name or None, return_results=False)
        yield _apart(kappa(values, weights), theirs)


def _weightings(levels: Array) -> dict[str, Array]:
    return {
        "": np.eye(len(levels)),
        "linear": c.linear_weights(levels),
        "quadratic": c.quadratic_weights(levels),
    }


def _krippendorff(generator: np.random.Generator) -> Iterator[float]:
    import krippendorff

    count = int(generator.integers(2, 6))
    values = _marks(generator, int(generator.integers(2, 6)), count, gaps=0.2)
    domain = list(range(count))
    theirs = krippendorff.alpha(values.T, value_domain=domain, level_of_measurement="nominal")
    yield _apart(nominal(values, count), theirs)
    theirs = krippendorff.alpha(values.T, value_domain=domain, level_of_measurement="interval")
    yield _apart(interval(values), theirs)


def _pingouin(generator: np.random.Generator) -> Iterator[float]:
    import pandas as pd
    import pingouin

    values = _marks(generator, int(generator.integers(2, 6)), 5)
    units, raters = np.indices(values.shape)
    table = pd.DataFrame({"u": units.ravel(), "r": raters.ravel(), "v": values.ravel()})
    theirs = pingouin.intraclass_corr(table, targets="u", raters="r", ratings="v")["ICC"]
    # pingouin lists ICC(1,1), (2,1), (3,1), (1,k), (2,k), (3,k), as we do.
    for ours, other in zip(icc(values).values(), theirs, strict=True):
        yield _apart(ours, other)


def _apart(ours: float, theirs: float) -> float:
    return 0.0 if np.isnan(theirs) else abs(ours - theirs)


# ── Intervals ────────────────────────────────────────────────────────────────────────────────────


def _intervals() -> Iterator[Row]:
    for calls in (40, 100, 400):
        held = dict.fromkeys(_TRUE, 0)
        generator = np.random.default_rng(calls)
        for world in range(WORLDS):
            for name, values in _world(generator, calls, world).items():
                found = figure(values, calls)
                if found.low is not None and found.high is not None:
                    held[name] += found.low <= _TRUE[name] <= found.high
        for name, count in held.items():
            share = 100 * count / WORLDS
            what = f"95 % interval of {name} holds the truth"
            target = Target(92, at_least=True) if calls >= 100 else None
            yield Row("agreement", what, f"{calls} calls", OURS, share, "%", target)


_ERRORS: Final = (0.05, 0.15)
_MET: Final = 0.7
_SPREAD: Final = 10.0
_NOISE: Final = 4.0


def _world(generator: np.random.Generator, calls: int, seed: int) -> dict[str, Array]:
    """Each coefficient of two raters' marks, on all calls and on redrawn ones."""
    redrawn = Redrawn([str(number) for number in range(calls)], DRAWS, seed)
    truth = generator.random((calls, 1)) < _MET
    codes = (truth != (generator.random((calls, 2)) < np.array(_ERRORS))).astype(float)
    noise = generator.normal(0, _NOISE, (calls, 2))
    numbers = generator.normal(60, _SPREAD, (calls, 1)) + noise
    same, counts = np.eye(2), c.counts_of(codes, 2)

    def first(sums: Array) -> Array:
        return c.icc(sums)["2,1"]

    formulas: dict[str, tuple[Array, Callable[[Array], Array]]] = {
        "kappa": (
            c.table_features(codes[:, 0], codes[:, 1], 2),
            lambda sums: c.cohen_kappa(sums, same),
        ),
        "AC1": (c.gwet_features(counts, same), lambda sums: c.gwet_ac(sums, same)),
        "alpha": (c.nominal_features(counts), c.nominal_alpha),
        "ICC(2,1)": (c.icc_features(numbers), first),
    }
    return {name: redrawn.values(*given) for name, given in formulas.items()}


def _true() -> dict[str, float]:
    """The coefficients of infinitely many calls."""
    met = [(1 - error) * _MET + error * (1 - _MET) for error in _ERRORS]
    same = (1 - _ERRORS[0]) * (1 - _ERRORS[1]) + _ERRORS[0] * _ERRORS[1]
    mean = sum(met) / 2
    chance = met[0] * met[1] + (1 - met[0]) * (1 - met[1])
    gwet = 2 * mean * (1 - mean)
    scott = 1 - gwet
    return {
        "kappa": (same - chance) / (1 - chance),
        "AC1": (same - gwet) / (1 - gwet),
        "alpha": (same - scott) / (1 - scott),
        "ICC(2,1)": _SPREAD**2 / (_SPREAD**2 + _NOISE**2),
    }


_TRUE: Final = _true()
