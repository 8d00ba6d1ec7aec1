"""Files into the store and out of it again, in every format; and what is refused, row by row."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import openpyxl
import pytest

from pipeline.errors import MarksError, UsageError
from pipeline.marks.importing import import_marks
from pipeline.marks.rows import read_rows
from pipeline.marks.writing import encoded
from pipeline.store.database import Database
from pipeline.store.marks import Mark, Scale, all_marks
from pipeline.timeline import Span

AT = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
MARKS = [
    Mark(call_id="call-001", rater="王", value=80.5, scale="0-100", note="=cmd|'/c'!A1"),
    Mark(call_id="call-001", rater="=赵", criterion="costly", value="missed", span=Span(1.0, 2.5)),
    Mark(call_id="call-002", rater="王", criterion="costly", value="met", note="好，\n行"),
    Mark(call_id="call-002", rater="王", criterion="good", value="not_applicable"),
]
HEAD = "call_id,criterion,rater,value,scale\n"


def stored(database: Database) -> list[Mark]:
    with database.reading() as connection:
        return [msgspec.structs.replace(m, marked_at=None) for m in all_marks(connection)]


def import_text(database: Database, path: Path, text: str, **how: object):
    file = path / "marks.csv"
    file.write_text(text, encoding="utf-8")
    return import_marks(database, [file], **how)


def refusals(database: Database, path: Path, text: str, **how: object) -> list[str]:
    return [str(r) for r in import_text(database, path, text, **how).refused]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx", ".json"])
def test_what_is_exported_imports_again(database: Database, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"marks{suffix}"
    dated = [msgspec.structs.replace(mark, marked_at=AT) for mark in MARKS]
    path.write_bytes(encoded(dated, path))
    checked = import_marks(database, [path])
    assert checked.refused == []
    with database.reading() as connection:
        found = {mark.about: mark for mark in all_marks(connection)}
    assert found == {mark.about: mark for mark in dated}


def test_importing_twice_changes_nothing(database: Database, tmp_path: Path) -> None:
    text = HEAD + "call-001,costly,王,met,\ncall-001,,王,80,0-100\n"
    assert len(import_text(database, tmp_path, text).new) == 2
    again = import_text(database, tmp_path, text)
    assert (again.new, again.same, again.refused) == ([], 2, [])
    assert len(stored(database)) == 2


def test_names_in_chinese_words_in_chinese_and_empty_rows(
    database: Database, tmp_path: Path
) -> None:
    text = (
        "通话编号,评分项,质检员,评定,备注\n"
        "call-001,costly,王,未达标,太快\n"
        "call-002,costly,王,,听不出\n"
        "call-003,costly,王,不适用,\n"
    )
    checked = import_text(database, tmp_path, text)
    assert (checked.empty, checked.refused) == (1, [])
    assert [(m.call_id, m.value, m.note) for m in stored(database)] == [
        ("call-001", "missed", "太快"),
        ("call-003", "not_applicable", ""),
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("call-999,costly,王,met,", "row 2: expected the name of a stored call, found 'call-999'"),
        ("call-001.wav,costly,王,met,", r"stored call \(such as call-001\), found"),
        (",costly,王,met,", "expected the name of a call, found nothing"),
        ("call-001,costley,王,met,", r"scorecards \(such as costly\), found 'costley'"),
        ("call-001,costly,,met,", "expected who marked, in the row or with --rater, found nothing"),
        ("call-001,costly,qinhe,met,", "expected a person's name, found 'qinhe'"),
        ("call-001,costly,王,好,", "expected a verdict .*found '好'"),
        ("call-001,costly,王,True,", "expected a verdict .*found 'True'"),
        ("call-001,,王,80,", "expected the number's scale.*found '80' without one"),
        ("call-001,,王,101,0-100", "expected a number on the scale 0-100, found 101"),
        ("call-001,,王,nan,0-100", "expected a verdict .*found 'nan'"),
        ("call-001,,王,1e999,0-100", "expected a verdict .*found '1e999'"),
        ("call-001,,王,3.5,1-5:1", "expected a number on the scale 1-5:1, found 3.5"),
        ("call-001,,王,3,high", "expected a scale like .*found 'high'"),
        ("call-001,costly,王,met,0-100", "expected no scale beside a verdict"),
        ("call-001,costly,王,met,,extra", "expected a mark, found 6 cells under 5 columns"),
    ],
)
def test_an_impossible_row_is_refused_and_named(
    database: Database, tmp_path: Path, row: str, said: str
) -> None:
    import re

    (refusal,) = refusals(database, tmp_path, HEAD + row + "\n")
    assert re.search(said, refusal), refusal
    assert "marks.csv, row 2" in refusal
    assert stored(database) == []


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("-1,2,", "start_s and end_s in seconds"),
        ("3,2,", "the end not before the start"),
        ("3,1e300,", "start_s and end_s in seconds"),
        ("3,,", "'3' to nothing"),
        ("1,900,", "within the call's"),
        (",,yesterday", "a moment like"),
        (",,2999-01-01", "a moment in the past"),
    ],
)
def test_impossible_moments_are_refused(
    database: Database, tmp_path: Path, cells: str, said: str
) -> None:
    head = "call_id,criterion,rater,value,start_s,end_s,marked_at\n"
    (refusal,) = refusals(database, tmp_path, head + f"call-001,costly,王,met,{cells}\n")
    assert said in refusal


def test_one_bad_row_keeps_every_row_out_unless_partial(database: Database, tmp_path: Path) -> None:
    text = HEAD + "call-001,costly,王,met,\ncall-999,costly,王,met,\n"
    assert len(import_text(database, tmp_path, text).refused) == 1
    assert stored(database) == []
    assert len(import_text(database, tmp_path, text, partial=True).refused) == 1
    assert [m.call_id for m in stored(database)] == ["call-001"]


def test_two_marks_by_one_rater_are_refused_in_a_file_and_against_the_store(
    database: Database, tmp_path: Path
) -> None:
    first = HEAD + "call-001,costly,王,met,\n"
    (twice,) = refusals(database, tmp_path, first + "call-001,costly,王,missed,\n")
    assert "row 3" in twice
    assert "a second (the first: " in twice
    assert "marks.csv, row 2)" in twice
    import_text(database, tmp_path, first)
    other = HEAD + "call-001,costly,王,missed,\n"
    (again,) = refusals(database, tmp_path, other)
    assert "--replace" in again
    checked = import_text(database, tmp_path, other, replace=True)
    assert len(checked.changed) == 1
    assert [m.value for m in stored(database)] == ["missed"]


def test_a_criterion_is_marked_in_one_way(database: Database, tmp_path: Path) -> None:
    first = HEAD + "call-001,,王,80,0-100\n"
    (mixed,) = refusals(database, tmp_path, first + "call-002,,赵,4,1-5:1\n")
    assert "a number on the scale 0-100 on the whole call" in mixed
    assert "4 on 1-5:1" in mixed
    assert "row 2" in mixed
    import_text(database, tmp_path, first)
    (verdict,) = refusals(database, tmp_path, HEAD + "call-002,,赵,met,\n")
    assert "in the marks that are stored" in verdict
    # Another criterion may be marked in another way.
    assert refusals(database, tmp_path, HEAD + "call-002,costly,赵,met,\n") == []


def test_rater_and_scale_of_the_command_fill_gaps(database: Database, tmp_path: Path) -> None:
    text = "call_id,value,rater\ncall-001,4,\ncall-002,5,赵\n"
    import_text(database, tmp_path, text, rater="王", scale=Scale.parse("1-5:1"))
    assert [(m.rater, m.number, m.scale) for m in stored(database)] == [
        ("王", 4.0, "1-5:1"), ("赵", 5.0, "1-5:1"),
    ]  # fmt: skip


def test_criteria_of_a_rubric_may_be_marked_too(database: Database, tmp_path: Path) -> None:
    text = HEAD + "call-001,speech-rate,王,met,\n"
    assert len(refusals(database, tmp_path, text)) == 1
    assert refusals(database, tmp_path, text, also=["speech-rate"]) == []


def task(result: list[object], **changes: object) -> dict[str, object]:
    annotation = {
        "id": 34, "completed_by": {"id": 7, "email": "wang@example.org"}, "result": result,
        "was_cancelled": False, "created_at": "2026-11-01T09:30:00.000000Z", **changes,
    }  # fmt: skip
    scales = {"overall": "0-100"}
    return {
        "id": 12, "data": {"call_id": "call-001", "scales": scales}, "annotations": [annotation],
    }  # fmt: skip


def control(name: str, kind: str, **value: object) -> dict[str, object]:
    return {"from_name": name, "to_name": "audio", "type": kind, "value": value}


def test_label_studio_tasks(database: Database, tmp_path: Path) -> None:
    result = [
        control("costly", "choices", choices=["missed"]),
        control("overall", "number", number=72),
        control("spans", "labels", start=1.5, end=2.0, channel=0, labels=["costly"]),
        control("note", "textarea", text=["偏快"]),
    ]
    path = tmp_path / "export.json"
    path.write_bytes(msgspec.json.encode([task(result), task(result, was_cancelled=True)]))
    assert import_marks(database, [path]).refused == []
    with database.reading() as connection:
        assert all_marks(connection) == [
            Mark(call_id="call-001", rater="wang@example.org", value=72.0, scale="0-100",
                 note="偏快", marked_at=AT),
            Mark(call_id="call-001", rater="wang@example.org", criterion="costly", value="missed",
                 span=Span(1.5, 2.0), marked_at=AT),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([task([control("costly", "choices", choices=["met", "missed"])])],
         "task 12, annotation 34, costly: expected a mark, found a result of type 'choices'"),
        ([task([control("costly", "rectanglelabels", x=1)])], "no single mark"),
        ([task(["x"])], "a result that is no object"),
        ([{"data": {"call_id": "call-001"}}], "no list of annotations"),
        ([3], "task 1: expected a mark, found no task with data"),
        ([task([control("nothing", "choices", choices=["met"])])], "found 'nothing'"),
    ],
)  # fmt: skip
def test_wrong_tasks_are_named(database: Database, tmp_path: Path, tasks, said: str) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(msgspec.json.encode(tasks))
    (refusal,) = import_marks(database, [path]).refused
    assert said in str(refusal)


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(600 << 20))
    return buffer.getvalue()


def book(*rows: list[object]) -> bytes:
    made, buffer = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        made.active.append(row)
    made.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"", "no call_id and no value among none"),
        ("a.csv", "call_id,value\n通话,met".encode("gbk"), "not UTF-8"),
        ("a.csv", b"call_id,value,mark\na,b,c", "two for value"),
        ("a.csv", b"call_id,criterion\na,b", "no value among call_id, criterion"),
        ("a.csv", b"call_id,value\n" + b"x" * (1 << 21), "a line of more than"),
        ("a.parquet", b"PAR1 not really", "cannot be read as that"),
        ("a.xlsx", b"PK\x03\x04 not really", "cannot be read as that"),
        ("a.xlsx", book(["name", "verdict"]), "no sheet with a column call_id"),
        ("a.json", b"{", "cannot be read as that"),
        ("a.json", b"[" * 100_000, "cannot be read as that"),
        ("a.json", b'{"schema": "other"}', "neither Label Studio"),
        ("a.json", b'{"schema": "qinhe.marks/1"}', "no list of marks"),
    ],
)
def test_files_that_hold_no_marks_are_said_in_one_line(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(MarksError) as raised:
        read_rows(path)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_workbook_that_unpacks_to_all_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(bomb())
    with pytest.raises(MarksError, match="600 MiB unpacked"):
        read_rows(path)


def test_other_suffixes_are_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.xlsx"):
        read_rows(tmp_path / "marks.xls")
