"""Courses of voices that can be reckoned by hand or by trying them all."""

import itertools

import numpy as np
import pytest

from pipeline.measure import clustering, resegmentation
from pipeline.settings import load_measure_settings

SETTINGS = load_measure_settings().speakers.resegmentation


def score(evidence, cost, course):
    changes = sum(c for c, a, b in zip(cost, course, course[1:], strict=False) if a != b)
    return sum(evidence[i, state] for i, state in enumerate(course)) - changes


@pytest.mark.parametrize("seed", range(20))
def test_viterbi_finds_the_best_of_all_courses(seed):
    chance = np.random.default_rng(seed)
    states = 2 + seed % 2
    evidence, cost = chance.normal(size=(7, states)), chance.uniform(0, 3, 6)
    found = resegmentation.viterbi(evidence, cost)
    best = max(
        score(evidence, cost, course) for course in itertools.product(range(states), repeat=7)
    )
    assert score(evidence, cost, found.tolist()) == pytest.approx(best)


@pytest.mark.parametrize("seed", range(6))
def test_posteriors_are_those_of_all_courses_together(seed):
    chance = np.random.default_rng(seed)
    evidence, cost = chance.normal(size=(6, 2)), chance.uniform(0.2, 3, 5)
    change = np.exp(-cost) / (1 + np.exp(-cost))
    expected = np.zeros((6, 2))
    for course in itertools.product(range(2), repeat=6):
        steps = zip(change, course, course[1:], strict=False)
        weight = np.prod([p if a != b else 1 - p for p, a, b in steps])
        weight *= np.exp(sum(evidence[i, state] for i, state in enumerate(course)))
        for i, state in enumerate(course):
            expected[i, state] += weight
    expected /= expected.sum(axis=1, keepdims=True)
    assert resegmentation.posterior(evidence, cost) == pytest.approx(expected)


def test_steps_cover_the_speech_and_nothing_else():
    speech = np.zeros(300, bool)
    speech[10:47], speech[100:112], speech[200:290] = True, True, True
    grid = resegmentation.steps(speech, [(10, 47), (200, 290)])
    covered = np.zeros(300, bool)
    for first, last in grid.frames:
        assert 0 < last - first <= resegmentation.STEP
        covered[first:last] = True
    assert np.array_equal(covered, speech)
    assert grid.windows.sum(axis=1) == pytest.approx(1.0)
    assert grid.gaps_s.sum() == pytest.approx(0.53 + 0.88)
    short = (grid.frames[:, 0] >= 100) & (grid.frames[:, 1] <= 112)
    assert (
        grid.windows.toarray()[short, 0] == 1
    ).all()  # no window of its own: heard by the nearest


def test_a_change_within_a_phrase_is_found_where_it_is():
    one, two = np.eye(4)[0], np.eye(4)[1]
    speech = np.ones(1000, bool)
    windows = [(at, at + 120) for at in range(0, 881, 20)]
    share = np.clip((np.array([last for _, last in windows]) - 600) / 120, 0, 1)[:, None]
    vectors = clustering.unit((1 - share) * one + share * two)
    labels = (share[:, 0] > 0.9).astype(np.intp)
    grid = resegmentation.steps(speech, windows)
    course = resegmentation.follow(grid, vectors, labels, np.ones(len(windows)), SETTINGS)
    change = np.flatnonzero(np.diff(course.labels))
    assert len(change) == 1
    assert (change[0] + 1) * resegmentation.STEP == pytest.approx(600, abs=10)
    assert course.posterior[:80, 0].min() > 0.9
    assert course.posterior[-40:, 1].min() > 0.9


def test_what_hardly_differs_is_not_sure():
    vectors = clustering.unit(np.array([[1.0, 0.001 * (i % 2)] for i in range(20)]))
    windows = [(at, at + 100) for at in range(0, 2000, 100)]
    grid = resegmentation.steps(np.ones(2000, bool), windows)
    course = resegmentation.follow(grid, vectors, np.arange(20) % 2, np.ones(20), SETTINGS)
    assert course.posterior.max() < 0.9


def test_what_a_voice_is_like_comes_from_windows_that_are_believed():
    one, two, noise = np.eye(4)[:3]
    vectors = clustering.unit(np.array([one, one, two, two, one + noise, two + noise]))
    grid = resegmentation.steps(np.ones(600, bool), [(at, at + 100) for at in range(0, 600, 100)])
    labels, doubt = np.array([0, 0, 1, 1, 0, 1]), np.array([1, 1, 1, 1, 0.01, 0.01])
    believed = resegmentation.follow(grid, vectors, labels, doubt, SETTINGS).centres
    all_alike = resegmentation.follow(grid, vectors, labels, np.ones(6), SETTINGS).centres
    assert believed[:, 2].max() < 0.02
    assert all_alike[:, 2].min() > 0.15


def test_no_evidence_is_too_strong_for_a_posterior():
    evidence = np.array([[0.0, -5000.0], [-5000.0, 0.0], [0.0, 0.0]])
    found = resegmentation.posterior(evidence, np.array([2.0, 50.0]))
    assert found == pytest.approx(np.array([[1, 0], [0, 1], [0, 1]]))
