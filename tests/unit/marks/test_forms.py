"""The form that the command writes is the form that the command reads, once it is filled in."""

import csv
import io
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import openpyxl
import pytest

from pipeline.cli import main
from pipeline.store.database import open_database
from pipeline.store.marks import Mark, all_marks

CRITERIA = ["cheap", "costly", "good", "unheard"]


def sample(address: str, out: Path, *more: str) -> None:
    given = ["--db", address, "--n", "3", "--out", str(out), "--rater", "王", *more]
    assert main(["marks", "sample", *given]) == 0


def stored(address: str) -> list[Mark]:
    with open_database(address) as database, database.reading() as connection:
        return all_marks(connection)


def said(criterion: str | None) -> str:
    return "88" if criterion is None else "missed" if criterion == "costly" else "met"


def check_marks(address: str, calls: set[str]) -> None:
    marks = stored(address)
    assert {mark.call_id for mark in marks} == calls
    assert len(marks) == len(calls) * (len(CRITERIA) + 1)
    assert {mark.rater for mark in marks} == {"王"}
    for mark in marks:
        assert mark.value == (88.0 if mark.criterion is None else said(mark.criterion))
        assert mark.scale == ("0-100" if mark.criterion is None else None)


def test_the_csv_form_comes_back_filled_in(address: str, tmp_path: Path) -> None:
    sample(address, tmp_path / "out")
    form = tmp_path / "out" / "marks.csv"
    rows = list(csv.DictReader(io.StringIO(form.read_text("utf-8-sig"))))
    assert [row["criterion"] for row in rows[:5]] == [*CRITERIA, ""]
    assert rows[0]["recording"].endswith(".wav")
    for row in rows:
        row["value"] = said(row["criterion"] or None)
    with form.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    assert main(["marks", "import", str(form), "--db", address]) == 0
    check_marks(address, {row["call_id"] for row in rows})


def test_the_excel_form_comes_back_filled_in(address: str, tmp_path: Path) -> None:
    sample(address, tmp_path / "out")
    form = tmp_path / "out" / "marks.xlsx"
    book = openpyxl.load_workbook(form)
    sheet = book["marks"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    offered = [str(rule.formula1) for rule in sheet.data_validations.dataValidation]
    assert offered == ['"达标,未达标,不适用"', "0"]
    words = {"met": "达标", "missed": "未达标", "88": 88}
    for row in range(2, sheet.max_row + 1):
        criterion = sheet.cell(row, columns["criterion"]).value
        sheet.cell(row, columns["value"]).value = words[said(criterion)]
    calls = {sheet.cell(row, 1).value for row in range(2, sheet.max_row + 1)}
    book.save(form)
    assert main(["marks", "import", str(form), "--db", address]) == 0
    check_marks(address, calls)


def test_label_studio_gets_an_interface_whose_answers_come_back(
    address: str, tmp_path: Path
) -> None:
    sample(address, tmp_path / "out")
    view = ElementTree.parse(tmp_path / "out" / "label-studio-interface.xml").getroot()
    controls = {each.get("name"): each for each in view.iter("Choices")}
    assert list(controls) == CRITERIA
    aliases = [each.get("alias") for each in controls["costly"]]
    tasks = msgspec.json.decode((tmp_path / "out" / "label-studio-tasks.json").read_bytes())
    for number, task in enumerate(tasks):
        result = [
            {"from_name": name, "type": "choices", "value": {"choices": [said(name)]}}
            for name in controls
        ]
        assert all(each["value"]["choices"][0] in aliases for each in result)
        (overall,) = view.iter("Number")
        whole = {"from_name": overall.get("name"), "type": "number", "value": {"number": 88}}
        task["id"] = number
        task["annotations"] = [{"completed_by": "王", "result": [*result, whole]}]
    export = tmp_path / "export.json"
    export.write_bytes(msgspec.json.encode(tasks))
    assert main(["marks", "import", str(export), "--db", address]) == 0
    check_marks(address, {task["data"]["call_id"] for task in tasks})


def test_the_form_tells_neither_verdict_nor_agent(address: str, tmp_path: Path) -> None:
    sample(address, tmp_path / "out", "--by", "uncertain", "--criterion", "cheap")
    rows = list(csv.DictReader((tmp_path / "out" / "marks.csv").open(encoding="utf-8-sig")))
    assert [row["criterion"] for row in rows] == ["cheap", ""] * 3
    assert {row["value"] for row in rows} == {""}
    assert not {"agent", "outcome", "mark"} & set(rows[0])
    # Their value is the call's number, the limit 10.
    assert {row["call_id"] for row in rows} == {"call-009", "call-010", "call-011"}


def test_marked_calls_are_left_out_on_request(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marks = tmp_path / "marks.csv"
    lines = [f"call-{n:03d},good,王,met" for n in range(11)]
    marks.write_text("call_id,criterion,rater,value\n" + "\n".join(lines), encoding="utf-8")
    assert main(["marks", "import", str(marks), "--db", address]) == 0
    sample(address, tmp_path / "out", "--new")
    rows = csv.DictReader((tmp_path / "out" / "marks.csv").open(encoding="utf-8-sig"))
    assert {row["call_id"] for row in rows} == {"call-011"}
    assert "there are no more" in capsys.readouterr().err


def test_exit_codes_and_texts(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marks = tmp_path / "marks.csv"
    marks.write_text("call_id,rater,value\ncall-001,王,8\ncall-002,王,met\n", encoding="utf-8")
    command = ["marks", "import", str(marks), "--db", address]
    assert main(command) == 3
    err = capsys.readouterr().err
    assert "row 2: expected the number's scale" in err
    assert "nothing was stored" in err
    assert main([*command, "--partial"]) == 4
    assert "1 marks stored, 1 refused" in capsys.readouterr().err
    assert main([*command, "--scale", "high"]) == 2
    assert main(["marks", "import", str(tmp_path / "none.csv"), "--db", address]) == 3
    assert main(["marks", "sample", "--db", address, "--n", "2", "--criterion", "none"]) == 2
    assert main(["marks", "export", "--db", address, "--out", str(tmp_path / "a.json")]) == 0
    assert msgspec.json.decode((tmp_path / "a.json").read_bytes())["marks"][0]["value"] == "met"
    assert main(["marks", "export", "--db", address, "--out", str(tmp_path / "a.doc")]) == 2
