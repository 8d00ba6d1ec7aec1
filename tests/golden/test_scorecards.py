"""Facts and a rubric make the same scorecard, byte for byte.

Where a change is meant: `python -m scripts.validation.scorecards --renew`, and read the diff.
"""

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
