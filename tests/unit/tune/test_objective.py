"""Objectives against scikit-learn, and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score

from pipeline.tune.objective import Objective, counts_of, f1, kappa


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40))
def test_as_scikit_learn_counts(pairs: list[tuple[bool, bool]]) -> None:
    system, raters = (np.array(each) for each in zip(*pairs, strict=True))
    counts = counts_of(system, raters)
    assert counts.sum() == len(pairs)
    assert float(f1(counts)) == pytest.approx(f1_score(raters, system, zero_division=0.0))
    if len({*system.tolist(), *raters.tolist()}) > 1:
        assert float(kappa(counts)) == pytest.approx(cohen_kappa_score(system, raters))


def test_many_settings_at_once() -> None:
    raters = np.array([True, True, False, False])
    system = np.array([[True, True, False, False], [True, False, True, False]])
    assert kappa(counts_of(system, raters)).tolist() == [1.0, 0.0]


def test_costs() -> None:
    counts = np.array([10.0, 4.0, 3.0, 83.0])
    assert float(Objective("cost", overlooked=5, false_flag=1)(counts)) == pytest.approx(-0.19)


def test_one_verdict_throughout_is_no_agreement() -> None:
    assert float(kappa(np.array([0.0, 0.0, 0.0, 50.0]))) == 0.0
