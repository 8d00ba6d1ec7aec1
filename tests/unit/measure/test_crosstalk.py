import numpy as np
import pytest
from scipy.signal import butter, lfilter

from pipeline.measure.channel import from_samples
from pipeline.measure.crosstalk import find_leaks, lines
from pipeline.settings import load_measure_settings

RATE = 8000
SETTINGS = load_measure_settings().speech.crosstalk


def talk(seconds, starts, chance, length_s=2.0):
    """Noise in the telephone band that swings like syllables, in stretches."""
    at = np.arange(int(seconds * RATE)) / RATE
    band = butter(4, [300, 3400], "bandpass", fs=RATE)
    noise = lfilter(*band, chance.standard_normal(len(at)))
    on = np.any([(at >= s) & (at < s + length_s) for s in starts], axis=0)
    return 0.2 * noise * on * (1 + 0.8 * np.sin(2 * np.pi * 4 * at + chance.uniform(0, 6)))


@pytest.fixture
def parties():
    """Two people who take turns, and once talk at the same time (20 to 21 s)."""
    chance = np.random.default_rng(5)
    one = talk(30, (1, 7, 13, 19, 25), chance)
    two = talk(30, (4, 10, 16, 20, 28), chance)
    floor = 10 ** (-70 / 20) * chance.standard_normal((2, len(one)))
    return one + floor[0], two + floor[1]


def leaking(source, target, gain_db, delay_s):
    late = round(delay_s * RATE)
    return target + 10 ** (gain_db / 20) * np.concatenate([np.zeros(late), source])[: len(target)]


def channels(*samples):
    return [from_samples(part, RATE) for part in samples]


@pytest.mark.parametrize("gain_db", [-10, -20, -30, -40])
@pytest.mark.parametrize("delay_s", [0.0, 0.03, 0.12, 0.3])
def test_a_leak_is_measured(parties, gain_db, delay_s):
    one, two = parties
    (leak,) = find_leaks(channels(one, leaking(one, two, gain_db, delay_s)), SETTINGS)
    assert (leak.source, leak.target) == (0, 1)
    assert leak.delay_s == pytest.approx(delay_s, abs=1.5 / RATE)
    assert leak.gain_db == pytest.approx(gain_db, abs=0.5)


def test_both_ways_at_once(parties):
    one, two = parties
    found = find_leaks(
        channels(leaking(two, one, -20, 0.05), leaking(one, two, -25, 0.02)), SETTINGS
    )
    assert [(leak.source, leak.target) for leak in found] == [(0, 1), (1, 0)]
    assert [leak.delay_s for leak in found] == pytest.approx([0.02, 0.05], abs=2 / RATE)


def test_an_inverted_leak_is_one_too(parties):
    one, two = parties
    (leak,) = find_leaks(channels(one, two - (leaking(one, two, -15, 0.01) - two)), SETTINGS)
    assert leak.gain_db == pytest.approx(-15, abs=0.5)


def test_people_who_take_turns_do_not_leak(parties):
    assert find_leaks(channels(*parties), SETTINGS) == ()


@pytest.mark.parametrize(
    "samples",
    [
        [np.zeros(80000)],
        [np.zeros(80000)] * 2,
        [np.zeros(0)] * 2,
        [np.ones(1)] * 2,
        [np.full(80000, 0.2)] * 2,
        [np.random.default_rng(i).standard_normal(80000) * 0.1 for i in range(2)],
    ],
    ids=["mono", "silence", "empty", "one sample", "DC", "noise"],
)
def test_nothing_leaks_where_nothing_can(samples):
    assert find_leaks(channels(*samples), SETTINGS) == ()


def test_channels_of_different_rates_are_left_alone(parties):
    one, two = parties
    assert find_leaks([from_samples(one, 8000), from_samples(two, 16000)], SETTINGS) == ()


def test_the_leak_goes_and_double_talk_stays(parties):
    one, two = parties
    heard = leaking(one, two, -20, 0.03)
    line = lines(channels(one, heard), SETTINGS)[1]
    own, leaked = line.split(0, len(two))
    assert own + leaked == pytest.approx(heard, abs=1e-6)
    only_one = slice(int(7.5 * RATE), int(8.8 * RATE))
    before, after = np.sum((heard - two)[only_one] ** 2), np.sum((own - two)[only_one] ** 2)
    assert 10 * np.log10(before / after) > 15
    both = slice(int(20.2 * RATE), int(20.9 * RATE))
    assert np.corrcoef(own[both], two[both])[0, 1] > 0.999


def test_a_stretch_splits_as_the_whole_does(parties):
    one, two = parties
    line = lines(channels(one, leaking(one, two, -20, 0.03)), SETTINGS)[1]
    whole = line.own(0, len(two))
    for start, stop in ((-50, 400), (12345, 13000), (len(two) - 99, len(two) + 99)):
        part = line.own(start, stop)
        assert part == pytest.approx(whole[max(0, start) : stop], abs=1e-6)


def test_a_coloured_path_is_followed(parties):
    one, two = parties
    chance = np.random.default_rng(1)
    room = chance.standard_normal(240) * np.exp(-np.arange(240) / 60)
    room[0] = 4
    path = lfilter(*butter(1, 1500, fs=RATE), lfilter(room / np.linalg.norm(room), 1, one))
    heard = two + 0.1 * np.concatenate([np.zeros(400), path])[: len(two)]
    own = lines(channels(one, heard), SETTINGS)[1].own(0, len(two))
    only_one = slice(int(7.5 * RATE), int(8.8 * RATE))
    before, after = np.sum((heard - two)[only_one] ** 2), np.sum((own - two)[only_one] ** 2)
    assert 10 * np.log10(before / after) > 10
