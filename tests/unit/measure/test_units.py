import numpy as np
import pytest

from pipeline.facts import Word
from pipeline.measure.units import (
    Sound,
    broke_off,
    ends_in,
    made_of,
    normal,
    parties,
    place_words,
)
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

SETTINGS = load_measure_settings().turns


def word(text, start, end, speaker="agent"):
    return Word(text=text, span=Span(start, end), speaker=speaker)


def test_silences_too_short_for_a_pause_do_not_divide():
    spans = [Span(0, 1), Span(1.15, 2), Span(2.5, 3)]
    (party,) = parties({"agent": spans}, (), {}, Span(0, 10), SETTINGS)
    assert [unit.span for unit in party.units] == [Span(0, 2), Span(2.5, 3)]


def test_units_stay_within_the_call():
    (party,) = parties({"agent": [Span(-1, 1), Span(9, 12)]}, (), {}, Span(0, 10), SETTINGS)
    assert [unit.span for unit in party.units] == [Span(0, 1), Span(9, 10)]


def test_words_go_to_the_stretch_they_lie_in_or_nearest_to():
    placed = place_words(
        [word("三", 5.5, 5.6), word("一", 0.2, 0.4), word("二", 1.1, 1.2)],
        [Span(0, 1), Span(5, 6)],
    )
    assert [[each.text for each in part] for part in placed] == [["一", "二"], ["三"]]
    assert place_words([word("一", 0, 1)], []) == []


def test_each_party_has_its_own_words():
    speech = {"agent": [Span(0, 1)], "customer": [Span(0, 1)]}
    words = [word("嗯", 0, 1), word("你", 0, 1, "customer")]
    agent, customer = parties(speech, words, {}, Span(0, 2), SETTINGS)
    assert (agent.units[0].text, customer.units[0].text) == ("嗯", "你")


def test_neighbours():
    spans = [Span(1, 2), Span(4, 5), Span(7, 8)]
    (party,) = parties({"a": spans}, (), {}, Span(0, 10), SETTINGS)
    assert party.before(1) is None
    assert party.before(4.5).span == Span(4, 5)
    assert party.after(4).span == Span(4, 5)
    assert party.after(7.5) is None
    assert [unit.span for unit in party.meeting(Span(1.5, 4.5))] == spans[:2]
    assert party.meeting(Span(2, 4)) == ()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [(["对，", "对。"], "对对"), (["Uh-huh!"], "uh huh"), (["I'm"], "i'm"), (["…"], "")],
)
def test_normal_text(texts, expected):
    assert normal(texts) == expected


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("对对对", True),
        ("嗯好的", True),
        ("好的那我查一下", False),
        ("uh huh yeah", True),
        ("", False),
    ],
)
def test_nothing_but_listening(text, whole):
    assert made_of(text, SETTINGS.backchannels) is whole


def test_endings_begin_with_words():
    assert ends_in("我想问因为", ["因为", "为"]) == 2
    assert ends_in("thank you for", ["for"]) == 3
    assert ends_in("hi", ["i"]) == 0
    assert ends_in("my name is a", ["a"]) == 1


def test_a_fading_ending_and_one_that_breaks_off():
    level = np.full(100, -25.0, np.float32)
    steady = Sound(level + 0.1 * np.arange(100, dtype=np.float32))
    fading = Sound(np.where(np.arange(100) > 85, level - 12, level).astype(np.float32))
    assert broke_off(Span(0, 1), steady, SETTINGS) is True
    assert broke_off(Span(0, 1), fading, SETTINGS) is False
    assert broke_off(Span(0, 0.1), steady, SETTINGS) is None
    assert broke_off(Span(0, 1), None, SETTINGS) is None
