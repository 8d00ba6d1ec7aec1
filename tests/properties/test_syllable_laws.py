"""Laws of spoken syllables that hold for any text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.facts import Word
from pipeline.measure import pace
from pipeline.measure.spoken import cardinal, one_by_one, spoken
from pipeline.measure.syllables import count
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

SETTINGS = load_measure_settings().pace
HANZI = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=20)
PLAIN = HANZI.filter(lambda text: "儿" not in text)
MARKS = st.text("，。！？；：…—“”《》（）、 \n", max_size=5)
DIGIT = "零一二三四五六七八九"


@given(PLAIN)
def test_every_hanzi_is_a_syllable(text):
    assert count(text) == len(text)


@given(PLAIN, MARKS, PLAIN)
def test_marks_are_never_spoken(first, marks, second):
    assert count(first + marks + second) == count(first) + count(second)


@given(st.text(max_size=60), st.sampled_from(["zh", "en"]))
def test_any_text_has_a_count(text, language):
    assert count(text, language) >= 0


@given(st.text(max_size=60))
def test_nothing_written_in_digits_remains(text):
    assert not any(character in "0123456789" for character in spoken(text))


@given(st.integers(0, 10**16 - 1))
def test_a_quantity_reads_back(value):
    assert _value(cardinal(str(value))) == value


@given(st.text("0123456789", min_size=7, max_size=19))
def test_long_runs_of_digits_are_read_one_by_one(digits):
    assert spoken(digits) == one_by_one(digits) == "".join(DIGIT[int(d)] for d in digits)


@given(st.lists(st.floats(0.05, 1.0), min_size=3, max_size=30))
def test_pauses_slow_speech_but_never_articulation(durations):
    words, speech, at = [], [], 0.0
    for duration in durations:
        span = Span(at, at + duration)
        words.append(Word(text="好", span=span, speaker="agent"))
        speech.append(span)
        at += duration + 0.5
    found = pace.of_turn(words, Span(0.0, at), speech, "zh", SETTINGS)
    if found.reason is None:
        assert found.speech_rate_syl_s < found.articulation_rate_syl_s
        assert found.articulation_rate_syl_s == pytest.approx(len(words) / sum(durations))


@given(st.lists(st.floats(0.0, 60.0), max_size=200))
def test_windows_never_count_a_syllable_that_is_not_there(times):
    times = np.sort(np.array(times))
    centres, rates = pace.sliding(times, [Span(0.0, 60.0)], SETTINGS)
    half = SETTINGS.window_s / 2
    for centre, rate in zip(centres, rates, strict=True):
        inside = np.count_nonzero((times >= centre - half) & (times < centre + half))
        assert rate == pytest.approx(inside / SETTINGS.window_s)


def _value(read):
    """Chinese numerals back to a number, by the school's rule."""
    total = group = digit = 0
    for character in read:
        if character in DIGIT:
            digit = DIGIT.index(character)
        elif character in "十百千":
            group += max(1, digit) * {"十": 10, "百": 100, "千": 1000}[character]
            digit = 0
        else:
            group += digit
            scale = {"万": 10**4, "亿": 10**8}[character]
            total = (total + group) * scale if group == 0 else total + group * scale
            group = digit = 0
    return total + group + digit
