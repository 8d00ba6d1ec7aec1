"""Somebody else on the agent's own channel: a colleague, or whom the call was passed on to."""

import pytest

from pipeline.measure.sharing import in_company
from pipeline.measure.speakers import Separation
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

SETTINGS = load_measure_settings().company
FIRST = (Span(0.0, 20.0),)
AFTER = (Span(30.0, 40.0),)
BETWEEN = (Span(5.0, 8.0), Span(21.0, 24.0))


@pytest.mark.parametrize(
    ("speech", "confidence", "company"),
    [
        ((FIRST,), 0.99, False),
        ((FIRST, AFTER), 0.92, True),  # one after the other: the call was passed on
        ((FIRST, AFTER), 0.8, False),
        (((Span(0.0, 4.0), Span(9.0, 20.0)), BETWEEN), 0.92, False),
        (((Span(0.0, 4.0), Span(9.0, 20.0)), BETWEEN), 0.99, True),
        ((FIRST, (Span(30.0, 32.0),)), 0.99, False),  # an echo, a cough
        ((), 0.0, False),
    ],
)
def test_who_is_told_from_one_voice_heard_as_two(speech, confidence, company) -> None:
    found = Separation(speech=speech, confidence=confidence)
    assert in_company(found, SETTINGS) is company
