"""Kinds of overlaps where neither duration nor words settle them at once."""

import numpy as np
import pytest

from pipeline.facts import AGENT, CUSTOMER, Word
from pipeline.measure import turns
from pipeline.measure.overlaps import is_unfinished
from pipeline.measure.units import Sound
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

SETTINGS = load_measure_settings().turns


def found(agent, customer, sounds=None):
    speech = {
        AGENT: [Span(*pair) for pair in agent],
        CUSTOMER: [Span(*pair) for pair in customer],
    }
    return turns.build(speech, (), (), 30.0, SETTINGS, sounds).overlaps


def kinds(overlaps):
    return [(overlap.kind, overlap.second, overlap.yielded) for overlap in overlaps]


def test_a_breath_within_a_contest_does_not_make_two():
    (overlap,) = found([(0, 3), (3.4, 5)], [(2, 8)])
    assert (overlap.kind, overlap.yielded) == ("competitive-with-floor", AGENT)
    assert overlap.span == Span(2, 5)
    (overlap,) = found([(0, 9)], [(2, 3), (3.4, 5)])
    assert (overlap.kind, overlap.yielded) == ("competitive-without-floor", CUSTOMER)
    assert overlap.span == Span(2, 5)


def test_who_comes_back_later_comes_in_on_the_other():
    assert kinds(found([(0, 3), (4.2, 5.2)], [(2, 8)])) == [
        ("competitive-with-floor", CUSTOMER, AGENT),
        ("competitive-without-floor", AGENT, AGENT),
    ]


@pytest.mark.parametrize(
    ("agent", "customer", "kind"),
    [
        ([(0, 5), (6, 8)], [(3, 5.1)], "competitive-without-floor"),
        ([(0, 5)], [(3, 5.1), (6, 8)], "competitive-with-floor"),
        ([(0, 5), (7, 8)], [(3, 5.1), (6, 6.9)], "competitive-with-floor"),
    ],
)
def test_when_both_stop_the_next_to_speak_has_the_floor(agent, customer, kind):
    assert kinds(found(agent, customer))[0][0] == kind


def test_both_stop_for_good():
    (overlap,) = found([(0, 5)], [(2, 5.1)])
    assert overlap.kind == "competitive-with-floor"
    (overlap,) = found([(0, 5.1)], [(2, 5)])
    assert overlap.kind == "competitive-without-floor"


def test_two_who_finish_together_and_say_no_more():
    (overlap,) = found([(0, 2)], [(1.4, 2.05)])
    assert (overlap.kind, overlap.yielded) == ("choral", None)


def test_the_beginning_of_more_is_no_signal_of_listening():
    assert kinds(found([(0, 3)], [(2.5, 2.95), (3.3, 6)])) != []
    assert "backchannel" not in [
        kind for kind, *_ in kinds(found([(0, 3)], [(2.5, 2.95), (3.3, 6)]))
    ]
    assert kinds(found([(0, 6)], [(2.0, 2.3), (2.7, 3.0)]))[0][0] == "backchannel"


def test_one_signal_after_another_is_still_listening():
    heard = [Span(0.9, 1.2), Span(1.6, 1.9)]
    words = [Word(text="对", span=span, speaker=CUSTOMER) for span in heard]
    speech = {AGENT: [Span(0, 3)], CUSTOMER: heard}
    (overlap,) = turns.build(speech, words, (), 9.0, SETTINGS).overlaps
    assert (overlap.kind, overlap.span) == ("backchannel", Span(0.9, 1.9))


def test_a_touch_is_no_overlap():
    assert found([(0, 3)], [(2.98, 5)]) == ()


def test_three_parties_overlap_in_pairs():
    speech = {"a": [Span(0, 5)], "b": [Span(3, 9)], "c": [Span(3.5, 3.9)]}
    overlaps = turns.build(speech, (), (), 10.0, SETTINGS).overlaps
    assert {(one.first, one.second) for one in overlaps} == {("a", "b"), ("a", "c"), ("b", "c")}


# ── Cutting in on a silence, from sound alone ────────────────────────────────────────────────────


def sounding(broken_off):
    level = np.full(3000, -70.0)
    level[:300] = -25 + 0.01 * np.arange(300)
    if not broken_off:
        level[275:300] -= np.linspace(2, 20, 25)
    return {CUSTOMER: Sound(level.astype(np.float32))}


def test_sound_alone_suspects_a_silent_interruption_and_says_so():
    one, two = [(3.1, 5)], [(0, 3), (5.2, 7)]
    (overlap,) = found(one, two, sounding(broken_off=True))
    assert kinds([overlap]) == [("silent-interruption", AGENT, CUSTOMER)]
    assert overlap.span == Span(3, 3.1)
    assert overlap.confidence == 0.5


@pytest.mark.parametrize(
    ("agent", "customer", "broken_off"),
    [
        ([(3.1, 5)], [(0, 3), (5.2, 7)], False),  # let go of the last sound
        ([(3.3, 5)], [(0, 3), (5.2, 7)], True),  # time enough for an answer
        ([(3.1, 5)], [(0, 3), (6.0, 7)], True),  # in no hurry to go on
        ([(3.1, 5)], [(0, 3)], True),
    ],
)
def test_and_suspects_nothing_without_every_sign(agent, customer, broken_off):
    assert found(agent, customer, sounding(broken_off)) == ()


def test_without_the_sound_nothing_is_suspected():
    assert found([(3.1, 5)], [(0, 3), (5.2, 7)]) == ()


@pytest.mark.parametrize(
    ("text", "unfinished"),
    [
        ("我打电话是因为", True),
        ("我现在", False),
        ("他不在", False),
        ("我住在", True),
        ("有没有", False),
        ("超市有三次加油站有", True),
        ("i'd like to talk to the", True),
        ("that is what i need", False),
    ],
)
def test_texts_that_break_off(text, unfinished):
    assert is_unfinished(text, SETTINGS) is unfinished


@pytest.mark.parametrize(
    ("short", "resumes", "takes"),
    [
        ((3.1, 3.3), 3.4, False),  # nobody can hear it and react in a pause that short
        ((3.1, 3.3), 3.31, False),
        ((3.2, 3.5), 4.3, True),
        ((3.3, 3.6), 3.9, True),  # time enough for a short answer and the next turn
    ],
)
def test_a_sound_in_a_breath_of_the_other_takes_no_floor(short, resumes, takes):
    speech = {AGENT: [Span(0, 3), Span(resumes, 8)], CUSTOMER: [Span(*short)]}
    talk = turns.build(speech, (), (), 30.0, SETTINGS)
    assert [turn.took_floor for turn in talk.turns if turn.speaker == CUSTOMER] == [takes]
    assert len(talk.transfers) == (2 if takes else 0)
