"""A rubric's next version: its author's text, with other numbers and the evidence beside them."""

import difflib
from pathlib import Path

import pytest

from pipeline import rubric
from pipeline.errors import InputError, UsageError
from pipeline.rubric.reading import RUBRICS
from pipeline.tune.knobs import knobs_of, value_of
from pipeline.tune.proposal import Change, file_of, propose, refuse_existing

WHY = ("Tuned: because.", "kappa 0.80.")


def change(name: str, number: float) -> Change:
    criterion, _, key = name.partition(".")
    return Change(criterion=criterion, key=key, number=number, why=WHY)


def of(found: rubric.Rubric, name: str) -> float | None:
    criterion, _, key = name.partition(".")
    return value_of(next(each for each in found.criteria if each.id == criterion), key)


def test_only_the_number_the_version_and_comments_differ() -> None:
    path = RUBRICS / "affinity-zh-v1.yaml"
    found = propose(path, [change("response-time.high", 2.3)], ["proposed"])
    lines = difflib.unified_diff(path.read_text().splitlines(), found.text.splitlines(), n=0)
    changed = [line for line in lines if line[0] in "+-" and line[1:3] not in ("++", "--")]
    assert changed == [
        "+# proposed",
        "-version: 1",
        "+version: 2",
        "-    high: 1.5",
        "+    # Tuned: because.",
        "+    # kappa 0.80.",
        "+    high: 2.3",
    ]
    assert found.name == "affinity-zh-v2.yaml"


@pytest.mark.parametrize("name", rubric.names())
def test_numbers_of_every_shipped_rubric_can_be_proposed(name: str, tmp_path: Path) -> None:
    """Variants inherit most of theirs: they get them under ``change``."""
    old = rubric.shipped(name)
    changes = [  # a seventh of them, others in every rubric
        change(knob.name, 3.0 if knob.ceiling is None else 0.55)
        for criterion in old.criteria
        for knob in knobs_of(criterion)
    ][len(name) % 3 :: 7]
    found = propose(file_of(name), changes, ["head"])
    written = tmp_path / found.name
    written.write_text(found.text)
    new = rubric.load(written)
    assert new.version == old.version + 1
    assert all(of(new, f"{each.criterion}.{each.key}") == each.number for each in changes)
    assert found.text.count("# kappa 0.80.") == len(changes)
    untouched = [key for key in old.lists if key not in new.lists]
    assert untouched == []


def test_a_house_rubric_keeps_its_notes(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "# ours\nextends: affinity-zh-v1\nid: ours\nversion: 7\nname: {zh: 我们的, en: Ours}\n"
        "change:\n  # agreed with Wang\n  talk-share: {high: 0.6}  # since May\n"
        "  greets-in-seven:\n    points: 5\n"
    )
    found = propose(
        own,
        [change("talk-share.high", 0.7), change("greets-in-seven.where.first_s", 9.0)],
        [],
    )
    assert "# agreed with Wang\n" in found.text
    assert "talk-share: {high: 0.7}  # since May\n" in found.text
    assert of(found.rubric, "greets-in-seven.where.first_s") == 9.0
    assert of(found.rubric, "greets-in-seven.points") == 5.0
    assert own.read_text().count("0.6}") == 1


def test_nothing_is_overwritten_and_nothing_proposed_for_nothing(tmp_path: Path) -> None:
    there = tmp_path / "there.yaml"
    there.write_text("")
    with pytest.raises(InputError, match="never edited"):
        refuse_existing(there)
    with pytest.raises(UsageError):
        propose(RUBRICS / "affinity-zh-v1.yaml", [], [])
