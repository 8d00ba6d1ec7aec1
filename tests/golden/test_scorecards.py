"""Facts and a rubric make the same scorecard, byte for byte.

Where a change is meant: `python -m scripts.validation.scorecards --renew`, and read the diff.
"""

import msgspec

from pipeline.scorecard import Scorecard
from scripts.validation.scorecards import GOLDEN, scorecards

REMEDY = "differs: run `python -m scripts.validation.scorecards --renew` and read the diff"


def test_scorecards_are_the_same_bytes() -> None:
    made = dict(scorecards())
    assert len(made) == 4
    for path, card in made.items():
        assert path.read_bytes() == card, f"{path.name} {REMEDY}"


def test_no_scorecard_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir() if ".facts." not in path.name} == {
        path.name for path, _ in scorecards()
    }


def test_no_criterion_waits_for_facts_that_are_never_made() -> None:
    """They were measured on sound; the words were given, so these alone have no probabilities."""
    for path, card in scorecards():
        findings = msgspec.json.decode(card, type=Scorecard).findings
        waiting = {each.criterion for each in findings if each.outcome == "not_measured"}
        assert waiting == {"articulation"}, path.name
