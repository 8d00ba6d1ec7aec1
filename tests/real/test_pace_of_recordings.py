"""Syllable rate from sound alone on real calls, against dictionary syllables."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.measure import syllables
from scripts.validation import pace as validation

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(
    not (DATA / "calls").is_dir(), reason=f"the recordings under {DATA.name}/ are not here"
)


@pytest.fixture(scope="module")
def turns():
    return validation.segments(DATA)


@pytest.fixture(scope="module")
def heard():
    return {key: validation.our_counter(c) for key, c in validation.channels(DATA).items()}


@pytest.fixture(scope="module")
def rates(turns, heard):
    return np.array([heard[t.call, t.channel](t.spans) / t.seconds for t in turns])


def figure(rows, what, on):
    (row,) = (row for row in rows if what in row.what and on in row.condition)
    return row.value


def test_rate_from_sound_follows_the_dictionary(turns, rates):
    rows = list(validation.figures("", rates, turns))
    assert len(turns) == 68
    assert figure(rows, "correlation", "segments") > 0.82
    assert figure(rows, "error", "segments") < 0.60
    assert figure(rows, "error", "parties") < 0.27


def test_rate_of_whole_turns(heard):
    turns = validation.whole_turns(DATA)
    assert len(turns) == 53
    rates = validation._rates(heard, turns)
    rows = list(validation._of_turns("", rates, turns))
    assert figure(rows, "correlation", "turns") > 0.80
    assert figure(rows, "error", "turns") < 0.45
    left_out = list(validation._of_turns("", validation.left_out(rates, turns), turns))
    assert figure(left_out, "error", "turns") < 0.46


def test_the_two_constants_are_not_fitted_to_one_call(turns, rates):
    rows = list(validation.figures("", validation.left_out(rates, turns), turns))
    assert figure(rows, "correlation", "segments") > 0.81
    assert figure(rows, "error", "segments") < 0.65
    assert figure(rows, "error", "parties") < 0.30


def test_mandarin_that_the_constants_never_saw():
    (by_sound, by_text) = validation._mandarin(DATA)
    assert by_sound.value < 5.0
    assert by_text.value == 0.0


def test_text_of_the_reading_has_as_many_syllables_as_hanzi():
    text = (DATA / f"mandarin/{validation.MANDARIN}.txt").read_text(encoding="utf-8")
    assert syllables.count(text) == sum("\u4e00" <= character <= "\u9fff" for character in text)
