"""Catalogue, rubric, lexicon, examples and docs hold together."""

from pathlib import Path

import pytest
import yaml

from pipeline import rubric
from pipeline.standards import catalogue
from scripts.validation.standards_table import table

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = yaml.safe_load((ROOT / "tests/golden/examples.yaml").read_text(encoding="utf-8"))


def test_the_catalogue_has_its_92_rows() -> None:
    rows = catalogue().standards
    assert len(rows) == len({row.id for row in rows}) == 92
    assert sum(row.audible for row in rows) == 79
    assert all(row.quotes for row in rows)


def test_what_one_recording_cannot_show_has_its_reason() -> None:
    for row in catalogue().standards:
        assert (row.reason is None) == row.audible, row.id


def test_every_audible_row_has_a_criterion_and_every_criterion_a_row() -> None:
    served = {each.standard for each in rubric.shipped("affinity-zh-v1").criteria}
    assert served == {row.id for row in catalogue().standards if row.audible}


def test_a_criterion_stands_in_its_rows_pillar() -> None:
    for each in rubric.shipped("affinity-zh-v1").criteria:
        row = catalogue().get(each.standard)
        assert row is not None
        assert row.pillar in (None, each.pillar), each.id


def test_every_audible_row_has_its_worked_examples() -> None:
    assert set(EXAMPLES) == {row.id for row in catalogue().standards if row.audible}
    assert all(set(example) == {"meets", "misses"} for example in EXAMPLES.values())


@pytest.mark.parametrize("name", ["affinity-zh-v1", "courtesy-en-v1"])
def test_every_phrase_list_serves_a_criterion(name: str) -> None:
    from pipeline.judge.call import _lists

    shipped = rubric.shipped(name)
    lexicon = rubric.load_lexicon(shipped.lexicon)
    unused = set(lexicon.lists) - set(_lists(shipped, lexicon))
    assert not unused


def test_the_table_in_the_docs_is_the_one_of_today() -> None:
    assert (ROOT / "docs/standards.md").read_text(encoding="utf-8") == table()
