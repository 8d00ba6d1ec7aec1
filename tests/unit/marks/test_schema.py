"""The published schema of marks: what we write fits it, and what fits it imports."""

from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from pipeline.marks.checking import Known, check
from pipeline.marks.rows import CELLS, read_rows
from pipeline.marks.schema import marks_schema
from pipeline.marks.writing import encoded
from pipeline.store.marks import Mark
from pipeline.timeline import Span

SCHEMA = Draft202012Validator(marks_schema())
KNOWN = Known({"a": 10.0}, ("good",))
VERDICT = {"call_id": "a", "criterion": "good", "rater": "王", "value": "met"}
NUMBER = {"call_id": "a", "rater": "王", "value": 82, "scale": "0-100"}


def fits(*marks: object) -> bool:
    return SCHEMA.is_valid({"schema": "qinhe.marks/1", "marks": list(marks)})


def refused(path: Path, mark: object) -> bool:
    file = path / "marks.json"
    file.write_bytes(msgspec.json.encode({"schema": "qinhe.marks/1", "marks": [mark]}))
    return bool(check(read_rows(file), KNOWN).refused)


def test_what_is_exported_fits() -> None:
    marks = [
        Mark(call_id="a", rater="王", criterion="good", value="not_applicable", span=Span(0.5, 2)),
        Mark(call_id="a", rater="王", value=3.5, scale="3.5-5.5:0.5", note="好"),
    ]
    SCHEMA.validate(msgspec.json.decode(encoded(marks, Path("marks.json"))))


def test_it_speaks_of_every_cell() -> None:
    kinds = marks_schema()["properties"]["marks"]["items"]["oneOf"]
    assert set().union(*(kind["properties"] for kind in kinds)) == set(CELLS)


@pytest.mark.parametrize("good", [
    VERDICT, NUMBER, NUMBER | {"scale": "1-100:0.5"}, VERDICT | {"start_s": 0, "end_s": 1.5},
    NUMBER | {"marked_at": "2025-11-21T22:30:00+08:00"}, VERDICT | {"note": "好"},
])  # fmt: skip
def test_what_fits_imports(tmp_path: Path, good: dict[str, object]) -> None:
    assert fits(good)
    assert not refused(tmp_path, good)


@pytest.mark.parametrize("bad", [
    {"rater": "王", "value": "met"}, VERDICT | {"value": "perhaps"}, VERDICT | {"scale": "0-100"},
    VERDICT | {"color": "red"}, VERDICT | {"rater": "qinhe"}, VERDICT | {"start_s": 1.0},
    NUMBER | {"scale": "one to five"}, "met",
])  # fmt: skip
def test_what_does_not_fit_is_refused(tmp_path: Path, bad: object) -> None:
    assert not fits(bad)
    assert refused(tmp_path, bad)
