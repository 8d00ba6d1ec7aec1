"""Whatever a file of marks holds, it ends in marks, refused rows, or one sentence."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import MarksError
from pipeline.marks.checking import Known, check
from pipeline.marks.rows import CELLS, SCHEMA, read_rows
from pipeline.store.marks import Scale

KNOWN = Known({"a": 10.0, "b": None}, ("good", "cheap"))
anything = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8), st.sampled_from(["a", "good", "met", "missed", "0-100", "1-5:1"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip
marks = st.lists(st.dictionaries(st.sampled_from([*CELLS, "other"]), anything), max_size=6)
values = dict.fromkeys(("choices", "number", "labels", "start", "end", "text"), anything)
control = st.fixed_dictionaries(
    {},
    optional={
        "from_name": st.one_of(anything, st.sampled_from(["good", "overall", "spans", "note"])),
        "type": st.one_of(anything, st.sampled_from(["choices", "number", "labels", "textarea"])),
        "value": st.one_of(anything, st.fixed_dictionaries({}, optional=values)),
    },
)
annotation = st.fixed_dictionaries(
    {"result": st.one_of(anything, st.lists(control, max_size=4))},
    optional={"id": anything, "completed_by": anything, "updated_at": anything},
)
task = st.fixed_dictionaries(
    {
        "data": st.fixed_dictionaries({"call_id": anything}, optional={"scales": anything}),
        "annotations": st.one_of(anything, st.lists(annotation, max_size=2)),
    }
)
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)


def outcome(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        rows = read_rows(path)
    except MarksError:
        return
    checked = check(rows, KNOWN, rater="王", scale=Scale.parse("0-100"))
    told = len(checked.new) + len(checked.refused) + checked.empty
    assert told == len(rows)
    assert all("\n" not in str(refused) for refused in checked.refused)
    assert {mark.call_id for mark in checked.new} <= set(KNOWN.calls)
    assert len({mark.about for mark in checked.new}) == len(checked.new)


@quick
@given(marks)
def test_our_own_json(tmp_path: Path, given_marks: list[object]) -> None:
    data = msgspec.json.encode({"schema": SCHEMA, "marks": given_marks})
    outcome(tmp_path / "marks.json", data)


@quick
@given(st.lists(st.one_of(anything, task), max_size=3))
def test_label_studio(tmp_path: Path, tasks: list[object]) -> None:
    outcome(tmp_path / "marks.json", msgspec.json.encode(tasks))


@quick
@given(st.lists(control, max_size=4), anything)
def test_label_studio_controls(tmp_path: Path, controls: list[object], scales: object) -> None:
    task = {"data": {"call_id": "a", "scales": scales}, "annotations": [{"result": controls}]}
    outcome(tmp_path / "marks.json", msgspec.json.encode([task]))


@quick
@given(st.lists(st.lists(st.text(max_size=6), max_size=6), max_size=5), st.binary(max_size=20))
def test_csv(tmp_path: Path, lines: list[list[str]], noise: bytes) -> None:
    text = "call_id,criterion,rater,value\n" + "\n".join(",".join(cells) for cells in lines)
    outcome(tmp_path / "marks.csv", text.encode("utf-8", "surrogatepass") + noise)


@pytest.mark.parametrize(
    "mark",
    [r'{"call_id": "\ud800", "value": "met"}', '{"call_id": "a", "value": 1e999}',
     '{"call_id": "a", "value": ' + "9" * 5000 + "}"],
)  # fmt: skip
def test_json_that_no_value_can_hold(tmp_path: Path, mark: str) -> None:
    outcome(tmp_path / "marks.json", f'{{"schema": "{SCHEMA}", "marks": [{mark}]}}'.encode())
