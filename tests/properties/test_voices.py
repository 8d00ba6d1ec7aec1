"""What holds of any voices: trees, groups, courses and error rates."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from pipeline.measure import clustering, resegmentation
from pipeline.measure.frames import runs
from pipeline.measure.resegmentation import STEP
from pipeline.settings import load_measure_settings
from scripts.validation import der

SETTINGS = load_measure_settings().speakers
SEEDS = st.integers(0, 2**32 - 1)


def same_groups(one, other):
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist()))


def directions(seed, count, dimensions=16):
    return clustering.unit(np.random.default_rng(seed).standard_normal((count, dimensions)))


@given(SEEDS, st.integers(3, 40), st.integers(1, 3))
def test_the_tree_is_wards(seed, count, groups):
    points = np.random.default_rng(seed).standard_normal((count, 4))
    reference = fcluster(linkage(points, "ward"), groups, "maxclust")
    assert same_groups(clustering.ward(points, np.ones(count), groups), reference)


@given(SEEDS, st.integers(2, 30))
def test_two_windows_weigh_what_one_of_twice_the_weight_does(seed, count):
    points = directions(seed, count)
    weights = np.random.default_rng(seed).uniform(0.5, 2, count)
    twice = clustering.ward(np.repeat(points, 2, axis=0), np.repeat(weights / 2, 2), 2)
    assert same_groups(twice[::2], clustering.ward(points, weights, 2))
    assert np.array_equal(twice[::2], twice[1::2])


@given(SEEDS, st.integers(1, 40))
def test_groups_do_not_depend_on_the_order_of_windows(seed, count):
    points, chance = directions(seed, count), np.random.default_rng(seed)
    seconds, order = chance.uniform(0.1, 0.4, count), chance.permutation(count)
    found = clustering.group(points, seconds, SETTINGS.clustering)
    other = clustering.group(points[order], seconds[order], SETTINGS.clustering)
    assert len(found.centres) == len(other.centres) <= SETTINGS.clustering.most_voices
    assert found.evidence >= 0
    assert same_groups(found.labels[order], other.labels)


@given(SEEDS, st.integers(2, 30), st.integers(2, 3), st.floats(0.1, 50))
def test_posteriors_are_shares_and_agree_with_what_is_certain(seed, count, states, strength):
    chance = np.random.default_rng(seed)
    evidence, cost = strength * chance.standard_normal((count, states)), chance.uniform(0, 9, count)
    found = resegmentation.posterior(evidence, cost[1:])
    assert np.allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()
    # All voices alike by name: another order of states is another order of columns.
    order = chance.permutation(states)
    assert np.allclose(resegmentation.posterior(evidence[:, order], cost[1:]), found[:, order])
    course = resegmentation.viterbi(evidence, cost[1:])
    certain = found.max(axis=1) > 1 - 1e-9
    assert np.array_equal(course[certain], found[certain].argmax(axis=1))


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 90)), min_size=1, max_size=8))
def test_steps_cover_all_speech_once(parts):
    speech = np.zeros(sum(a + b for a, b in parts) + 1, bool)
    at = 0
    for pause, length in parts:
        speech[at + pause : at + pause + length] = True
        at += pause + length
    grid = resegmentation.steps(speech, runs(speech))
    covered = np.zeros(len(speech), int)
    for first, last in grid.frames:
        covered[first:last] += 1
        assert 0 < last - first <= STEP
    assert np.array_equal(covered, speech.astype(int))
    assert np.allclose(grid.windows.sum(axis=1), 1)


@given(SEEDS, st.integers(1, 3), st.integers(1, 4))
def test_error_rates_ask_who_and_not_how_they_are_called(seed, voices, found):
    chance = np.random.default_rng(seed)
    truth, heard = chance.random((voices, 200)) < 0.4, chance.random((found, 200)) < 0.4
    rate = der.score(truth, heard)
    assert der.score(truth, truth).percent == 0
    assert rate == der.score(truth[::-1], heard[chance.permutation(found)])
    assert min(rate.missed, rate.invented, rate.confused) >= 0
    assert rate.speech == truth.sum()
    assert rate.missed + rate.confused <= rate.speech
    silent = der.score(truth, np.zeros_like(heard))
    assert (silent.missed, silent.invented, silent.confused) == (rate.speech, 0, 0)
