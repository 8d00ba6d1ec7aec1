"""Words and turns of voices that share a channel."""

import pytest

from pipeline.facts import Word
from pipeline.measure import sharing, turns
from pipeline.measure.speakers import Separation, Stretch
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

SETTINGS = load_measure_settings().turns
FIRST, SECOND = (Span(0, 2), Span(5, 7)), (Span(2.6, 4.4),)
SEPARATION = Separation(
    speech=(FIRST, SECOND),
    stretches=(
        Stretch(voice=1, span=FIRST[0], confidence=0.9),
        Stretch(voice=2, span=SECOND[0], confidence=0.6),
        Stretch(voice=1, span=FIRST[1], confidence=1.0),
    ),
    confidence=0.9,
)


def word(start, end):
    return Word(text="好", span=Span(start, end), speaker="mixed")


@pytest.mark.parametrize(
    ("start", "end", "voice"),
    [(0.5, 0.8, 1), (3.0, 3.3, 2), (1.8, 2.7, 1), (4.5, 4.6, 2), (7.2, 7.4, 1)],
)
def test_a_word_is_said_by_who_speaks_longest_in_it_or_next_to_it(start, end, voice):
    (found,) = sharing.attributed([word(start, end)], SEPARATION)
    assert found.speaker == sharing.name(voice)
    assert found.span == Span(start, end)


def test_what_follows_is_as_sure_as_the_less_sure_of_its_sides():
    speech = {sharing.name(1): FIRST, sharing.name(2): SECOND}
    talk = sharing.doubted(turns.build(speech, (), (), 8.0, SETTINGS), SEPARATION)
    assert [turn.confidence for turn in talk.turns] == pytest.approx([0.81, 0.54, 0.9])
    assert [each.confidence for each in talk.transfers] == pytest.approx([0.54, 0.54])
    assert talk.shares == turns.build(speech, (), (), 8.0, SETTINGS).shares
