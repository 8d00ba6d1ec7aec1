"""Groups of points whose voices are known by construction."""

import numpy as np
import pytest

from pipeline.measure import clustering
from pipeline.settings import load_measure_settings

SETTINGS = load_measure_settings().speakers.clustering
DIMENSIONS = 64


def voices(centres, each, spread=0.03, seed=0):
    """So many points around each centre, and whose they are."""
    chance = np.random.default_rng(seed)
    noise = spread * chance.standard_normal((len(centres) * each, DIMENSIONS))
    labels = np.repeat(np.arange(len(centres)), each)
    return clustering.unit(np.asarray(centres)[labels] + noise), labels


def directions(count, apart, seed=1):
    """Centres with 1 - cosine = ``apart`` between any two of them."""
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((DIMENSIONS, count + 1)))[0].T
    own = np.sqrt(apart)
    return np.sqrt(1 - apart) * basis[0] + own * basis[1:]


def same(found, labels):
    """The same groups, under whatever numbers."""
    return len(set(zip(found.tolist(), labels.tolist(), strict=True))) == len(set(labels.tolist()))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_as_many_voices_as_there_are(count):
    points, labels = voices(directions(count, 0.3), 60)
    found = clustering.group(points, np.full(len(points), 0.3), SETTINGS)
    assert len(found.centres) == count
    assert same(found.labels, labels)
    assert found.evidence > 2


def test_a_fourth_voice_is_not_looked_for():
    points, _ = voices(directions(4, 0.4), 60)
    found = clustering.group(points, np.full(len(points), 0.3), SETTINGS)
    assert len(found.centres) == SETTINGS.most_voices


def test_one_cloud_is_one_voice_however_much_of_it_there_is():
    for each in (10, 100, 1000):
        points, _ = voices(directions(1, 0.3), each, spread=0.05, seed=each)
        found = clustering.group(points, np.full(each, 0.3), SETTINGS)
        assert len(found.centres) == 1
        assert found.evidence > 0


def test_the_same_distance_says_more_the_more_speech_there_is():
    points, labels = voices(directions(2, 0.2), 40, spread=1e-6)
    _, centres = clustering.divided(points, np.ones(80), 2)
    evidence = [
        clustering.told_apart(labels, centres, np.full(80, seconds), SETTINGS)
        for seconds in (0.05, 0.2, 1.0)
    ]
    assert evidence == sorted(evidence)
    assert evidence[0] < 0 < evidence[-1]


def test_a_quiet_party_is_a_voice_too():
    one, two = directions(2, 0.35)
    points = np.concatenate([voices([one], 200)[0], voices([two], 12, seed=2)[0]])
    found = clustering.group(points, np.full(212, 0.3), SETTINGS)
    assert same(found.labels, np.repeat([0, 1], [200, 12]))


def test_ward_on_points_that_can_be_reckoned_by_hand():
    points = np.array([[0.0], [1.0], [10.0], [11.0], [30.0]])
    weights = np.ones(5)
    assert same(clustering.ward(points, weights, 3), np.array([0, 0, 1, 1, 2]))
    assert same(clustering.ward(points, weights, 2), np.array([0, 0, 0, 0, 1]))
    # A heavy point is dearer to merge: 1000 * 1 / 1001 * 9^2 = 81 against 1/2 * 12^2 = 72.
    points, weights = np.array([[0.0], [9.0], [21.0]]), np.array([1000.0, 1.0, 1.0])
    assert same(clustering.ward(points, weights, 2), np.array([0, 1, 1]))


def test_many_windows_are_grouped_by_a_part_of_them():
    points, labels = voices(directions(2, 0.3), 2500)
    found = clustering.group(points, np.full(5000, 0.3), SETTINGS)
    assert same(found.labels, labels)


def test_a_single_window_is_one_voice():
    points, _ = voices(directions(1, 0.3), 1)
    assert len(clustering.group(points, np.ones(1), SETTINGS).centres) == 1


def test_windows_that_do_not_differ_are_one_voice_and_not_beyond_doubt():
    found = clustering.group(np.tile(directions(1, 0.3), (20, 1)), np.full(20, 0.3), SETTINGS)
    assert len(found.centres) == 1
    assert 2 < found.evidence < 20
