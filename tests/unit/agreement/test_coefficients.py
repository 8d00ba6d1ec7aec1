"""The coefficients against the worked examples of those who published them, and scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from pipeline.agreement import coefficients as c

N = np.nan
# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C: four observers, twelve
# units, values 1 to 5; alpha 0.743 nominal, 0.849 interval. The same data are in Gwet (2014).
FOUR_OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
).T
# Shrout & Fleiss (1979), table 2: four judges' ratings of six targets; table 4 has the ICCs.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    dtype=float,
)
# Fleiss, Levin & Paik (2003), table 18.1: two raters, 100 subjects; kappa 0.676.
FLEISS = np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]], dtype=float)
# SAS/STAT, PROC FREQ, agreement study: two dermatologists, 88 patients, four ordered categories;
# kappa 0.3449, with linear (Cicchetti-Allison) weights 0.5082.
SKIN = np.array([[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]], float)
# Penn State, STAT 509, lesson 18: two radiologists, 85 mammograms, normal to cancer; weighted 0.57.
MAMMOGRAMS = np.array([[21, 12, 0, 0], [4, 17, 1, 0], [3, 9, 15, 2], [0, 0, 0, 1]], float)
# Gwet (2002), Kappa statistic is not satisfactory: 125 subjects of one prevalence; kappa -0.023
# where the raters agree on 94.4 %, AC1 0.941.
GWET = np.array([[118, 5], [2, 0]], dtype=float)


def of_table(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two raters' codes that fall into the cells of a table."""
    cells = np.repeat(np.arange(table.size), table.ravel().astype(int))
    return (cells // len(table)).astype(float), (cells % len(table)).astype(float)


def kappa(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> float:
    return float(c.cohen_kappa(c.table_features(first, second, len(weights)).sum(0), weights))


def alpha_nominal(values: np.ndarray, count: int) -> float:
    return float(c.nominal_alpha(c.nominal_features(c.counts_of(values, count)).sum(0)))


def ac(values: np.ndarray, weights: np.ndarray) -> float:
    features = c.gwet_features(c.counts_of(values, len(weights)), weights)
    return float(c.gwet_ac(features.sum(0), weights))


def test_alpha_of_krippendorffs_example() -> None:
    assert alpha_nominal(FOUR_OBSERVERS - 1, 5) == pytest.approx(0.743, abs=5e-4)
    interval = c.interval_alpha(c.interval_features(FOUR_OBSERVERS).sum(0))
    assert interval == pytest.approx(0.849, abs=5e-4)


def test_alpha_of_krippendorffs_two_observers() -> None:
    # Section A: ten units, two values, alpha 0.095; section B: twelve, five values, 0.692.
    a = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]], float).T
    assert alpha_nominal(a, 2) == pytest.approx(0.095, abs=5e-4)
    said = np.array([list("aabbdcccedda"), list("babbbcccedd?")]).T
    said[-1, 1] = "d"
    codes = np.vectorize("abcde".index)(said).astype(float)
    assert alpha_nominal(codes, 5) == pytest.approx(0.692, abs=5e-4)


def test_kappa_of_fleiss_example() -> None:
    assert kappa(*of_table(FLEISS), np.eye(3)) == pytest.approx(0.676, abs=5e-4)


def test_weighted_kappa_of_doctors() -> None:
    linear = c.linear_weights(np.arange(4.0))
    assert kappa(*of_table(SKIN), np.eye(4)) == pytest.approx(0.3449, abs=5e-5)
    assert kappa(*of_table(SKIN), linear) == pytest.approx(0.5082, abs=5e-5)
    assert kappa(*of_table(MAMMOGRAMS), linear) == pytest.approx(0.57, abs=5e-3)


def test_gwets_paradox() -> None:
    first, second = of_table(GWET)
    features = c.table_features(first, second, 2)
    assert c.percent_agreement(features.sum(0), np.eye(2)) == pytest.approx(0.944)
    assert kappa(first, second, np.eye(2)) == pytest.approx(-0.0234, abs=5e-5)
    assert ac(np.column_stack([first, second]), np.eye(2)) == pytest.approx(0.9408, abs=5e-5)


def test_ac1_and_ac2_of_four_raters() -> None:
    # Gwet (2014), Handbook of Inter-Rater Reliability: AC1 0.77544, AC2 (quadratic) 0.914,
    # observed agreement 0.818.
    codes = FOUR_OBSERVERS - 1
    assert ac(codes, np.eye(5)) == pytest.approx(0.77544, abs=5e-6)
    weights = c.quadratic_weights(np.arange(5.0))
    assert ac(codes, weights) == pytest.approx(0.914, abs=5e-4)
    features = c.gwet_features(c.counts_of(codes, 5), np.eye(5))
    assert c.gwet_agreement(features.sum(0)) == pytest.approx(0.818, abs=5e-4)


def test_the_six_correlations_of_shrout_and_fleiss() -> None:
    found = c.icc(c.icc_features(SHROUT_FLEISS).sum(0))
    published = {"1,1": 0.17, "2,1": 0.29, "3,1": 0.71, "1,k": 0.44, "2,k": 0.62, "3,k": 0.91}
    assert tuple(found) == c.ICC_FORMS
    assert {name: round(float(value), 2) for name, value in found.items()} == published


codes = st.integers(0, 4)
marks = st.lists(st.tuples(codes, codes), min_size=2, max_size=40)


@given(marks)
def test_kappa_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs, dtype=float).T
    levels = np.arange(5.0)
    for name, weights in (
        (None, np.eye(5)),
        ("linear", c.linear_weights(levels)),
        ("quadratic", c.quadratic_weights(levels)),
    ):
        ours = kappa(first, second, weights)
        if np.isnan(ours):
            assert len(set(first)) == len(set(second)) == 1
            continue
        theirs = cohen_kappa_score(first, second, labels=levels, weights=name)
        assert ours == pytest.approx(theirs, abs=1e-9)


@given(marks)
def test_quadratic_kappa_needs_no_table(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs, dtype=float).T
    by_table = kappa(first, second, c.quadratic_weights(np.arange(5.0)))
    by_moments = float(c.quadratic_kappa(c.moment_features(first, second).sum(0)))
    assert by_moments == pytest.approx(by_table, abs=1e-9, nan_ok=True)


rows = st.lists(
    st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=3, max_size=3),
    min_size=3,
    max_size=25,
)


@given(rows)
def test_alpha_is_what_its_definition_says(given_rows: list[list[int | None]]) -> None:
    """One minus the mean difference within calls over that of all marks, pair by pair."""
    values = np.array(given_rows, dtype=float)
    kept = [row[~np.isnan(row)] for row in values]
    kept = [row for row in kept if len(row) >= 2]
    pool = np.concatenate(kept) if kept else np.zeros(0)
    for difference, found in (
        (lambda x, y: float(x != y), alpha_nominal(values, 4)),
        (lambda x, y: (x - y) ** 2, float(c.interval_alpha(c.interval_features(values).sum(0)))),
    ):
        within = sum(
            difference(x, y) / (len(row) - 1)
            for row in kept
            for i, x in enumerate(row)
            for j, y in enumerate(row)
            if i != j
        )
        anywhere = sum(
            difference(x, y) for i, x in enumerate(pool) for j, y in enumerate(pool) if i != j
        )
        if anywhere == 0:
            assert np.isnan(found)
        else:
            observed, expected = within / len(pool), anywhere / (len(pool) * (len(pool) - 1))
            assert found == pytest.approx(1 - observed / expected, abs=1e-9)


@given(rows)
def test_the_order_of_raters_and_calls_changes_nothing(given_rows: list[list[int | None]]) -> None:
    values = np.array(given_rows, dtype=float)
    turned = values[::-1, ::-1]
    for measure in (lambda v: alpha_nominal(v, 4), lambda v: ac(v, np.eye(4))):
        assert measure(values) == pytest.approx(measure(turned), nan_ok=True)


def test_perfect_agreement_is_one_and_all_the_same_is_undefined() -> None:
    varied = np.repeat([[0.0], [1.0], [1.0], [2.0]], 3, axis=1)
    same = np.ones((4, 3))
    for of_codes in (
        lambda v: alpha_nominal(v, 3),
        lambda v: kappa(v[:, 0], v[:, 1], np.eye(3)),
    ):
        assert of_codes(varied) == pytest.approx(1.0)
        assert np.isnan(of_codes(same))
    for of_numbers in (
        lambda v: float(c.interval_alpha(c.interval_features(v).sum(0))),
        lambda v: float(c.quadratic_kappa(c.moment_features(v[:, 0], v[:, 1]).sum(0))),
        *((lambda v, f=f: float(c.icc(c.icc_features(v).sum(0))[f])) for f in c.ICC_FORMS),
    ):
        assert of_numbers(varied) == pytest.approx(1.0)
        assert np.isnan(of_numbers(0.1 * same + 79.3))
    assert ac(same, np.eye(3)) == pytest.approx(1.0)


def test_nobody_and_one_rater_are_undefined() -> None:
    alone = np.array([[0.0, N], [1.0, N], [N, 1.0]])
    assert np.isnan(alpha_nominal(alone, 2))
    assert np.isnan(ac(alone, np.eye(2)))
    assert np.isnan(kappa(alone[:, 0], alone[:, 1], np.eye(2)))
    assert np.isnan(float(c.icc(c.icc_features(alone).sum(0))["2,1"]))


def test_a_slope_is_found_among_gaps() -> None:
    time = np.array([0.0, 1, 2, 3, 4])
    value = np.array([1.0, 1.5, N, 2.5, 3.0])
    assert c.slope(c.slope_features(time, value).sum(0)) == pytest.approx(0.5)
    assert np.isnan(c.slope(c.slope_features(np.ones(5), value).sum(0)))
