import numpy as np
import pytest

from pipeline.facts import Word
from pipeline.measure import pace
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

SETTINGS = load_measure_settings().pace


def said(text, start, per_syllable=0.2):
    """One word per character, each as long as the other."""
    return tuple(
        Word(
            text=character,
            span=Span(start + n * per_syllable, start + (n + 1) * per_syllable),
            speaker="agent",
        )
        for n, character in enumerate(text)
    )


def test_speech_rate_counts_pauses_and_articulation_rate_does_not():
    words = said("您好请问", 0.0) + said("需要帮助", 1.6)
    speech = [Span(0.0, 0.8), Span(1.6, 2.4)]
    found = pace.of_turn(words, Span(0.0, 2.4), speech, "zh", SETTINGS)
    assert found.syllables == 8
    assert found.speech_rate_syl_s == pytest.approx(8 / 2.4)
    assert found.articulation_rate_syl_s == pytest.approx(8 / 1.6)


def test_closures_are_no_pauses():
    words = said("您好请问需要帮助", 0.0)
    speech = [Span(0.0, 0.7), Span(0.9, 1.6)]  # 0.2 s, as before a p or t
    found = pace.of_turn(words, Span(0.0, 1.6), speech, "zh", SETTINGS)
    assert found.articulation_rate_syl_s == pytest.approx(5.0)


def test_numbers_count_as_they_are_spoken():
    word = Word(text="13812345678", span=Span(0.0, 2.2), speaker="agent")
    found = pace.of_turn([word], Span(0.0, 2.2), [Span(0.0, 2.2)], "zh", SETTINGS)
    assert found.syllables == 11
    assert found.speech_rate_syl_s == pytest.approx(5.0)


def test_digits_of_a_number_in_several_words_belong_together():
    words = [
        Word(text="138", span=Span(0.0, 0.6), speaker="agent"),
        Word(text="1234", span=Span(0.6, 1.4), speaker="agent"),
        Word(text="5678", span=Span(1.4, 2.2), speaker="agent"),
    ]
    found = pace.of_turn(words, Span(0.0, 2.2), [Span(0.0, 2.2)], "zh", SETTINGS)
    assert found.syllables == 11


def test_a_speaker_is_all_turns_together():
    words = said("您好请问", 0.0) + said("需要帮助", 10.0, per_syllable=0.1)
    turns = [Span(0.0, 0.8), Span(10.0, 10.4)]
    found = pace.of_speaker(words, turns, turns, "zh", SETTINGS)
    assert found.articulation_rate_syl_s == pytest.approx(8 / 1.2)


@pytest.mark.parametrize(
    ("words", "language", "reason"),
    [
        ((), "zh", "no words"),
        (said("好", 0.0), "zh", "under 3 syllables"),
        (said("guten", 0.0), "de", "no syllable rules"),
    ],
)
def test_what_has_no_rate_says_why(words, language, reason):
    found = pace.of_turn(words, Span(0.0, 1.0), [Span(0.0, 1.0)], language, SETTINGS)
    assert found.speech_rate_syl_s is None
    assert found.articulation_rate_syl_s is None
    assert reason in found.reason


def test_window_shows_where_it_gets_faster():
    words = said("慢" * 25, 0.0, 0.2) + said("快" * 50, 5.0, 0.1)
    centres, rates = pace.sliding(pace.instants(words, "zh"), [Span(0.0, 10.0)], SETTINGS)
    assert rates[0] == pytest.approx(5.0, abs=0.4)
    assert rates[-1] == pytest.approx(10.0, abs=0.4)
    assert np.allclose(np.diff(centres), 0.5)


def test_window_says_nothing_where_little_is_spoken():
    words = said("您好请问", 0.0) + said("需要帮助", 10.0)
    _, rates = pace.sliding(
        pace.instants(words, "zh"), [Span(0.0, 0.8), Span(10.0, 10.8)], SETTINGS
    )
    assert np.isnan(rates).all()


def test_rapid_fire_is_found_where_it_is():
    words = said("慢" * 50, 0.0, 0.2) + said("快" * 60, 10.0, 0.1) + said("慢" * 50, 16.0, 0.2)
    (burst,) = pace.bursts(pace.instants(words, "zh"), [Span(0.0, 26.0)], "agent", SETTINGS)
    assert burst.span.start == pytest.approx(10.0, abs=1.6)
    assert burst.span.end == pytest.approx(16.0, abs=1.6)
    assert 7.0 < burst.rate_syl_s <= 10.0


def test_a_steady_speaker_has_no_bursts():
    times = pace.instants(said("稳" * 200, 0.0, 0.2), "zh")
    assert pace.bursts(times, [Span(0.0, 40.0)], "agent", SETTINGS) == ()


def test_no_speech_no_bursts():
    assert pace.bursts(np.zeros(0), [], "agent", SETTINGS) == ()
