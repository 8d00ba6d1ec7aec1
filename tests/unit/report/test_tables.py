import csv
from pathlib import Path

import duckdb
import pytest
from pyarrow import parquet

from pipeline.cli import main
from pipeline.report.tables import SCHEMAS, cell
from pipeline.store.calls import Details
from pipeline.store.database import open_database
from tests.unit.report import examples
from tests.unit.store.examples import store

FORMULA = '=HYPERLINK("http://x","y")'


@pytest.fixture
def address(tmp_path: Path) -> str:
    address = str(tmp_path / "n.db")
    with open_database(address) as database:
        store(database, "a" * 64, "a", Details(agent=FORMULA, team="A", extra={"+x": "-1"}))
        store(database, "b" * 64, "b", Details(agent="李", extra={"tel": "13812345678"}))
    return address


def export(address: str, out: Path, *more: str) -> int:
    return main(["export", "--db", address, "--out", str(out), *more])


def test_duckdb_reads_the_tables_as_they_are(address: str, tmp_path: Path) -> None:
    assert export(address, tmp_path / "out") == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"{name}.parquet" for name in SCHEMAS
    }
    connection = duckdb.connect()
    rows = connection.execute(
        f"SELECT c.call_id, agent, count(*), sum(f.won), any_value(c.won) "
        f"FROM '{tmp_path}/out/calls.parquet' c JOIN '{tmp_path}/out/findings.parquet' f "
        "USING (call_id) GROUP BY ALL ORDER BY 1"
    ).fetchall()
    card = examples.scorecard()
    assert [row[:3] for row in rows] == [
        ("a", FORMULA, len(card.findings)),
        ("b", "李", len(card.findings)),
    ]
    for name, schema in SCHEMAS.items():
        assert parquet.read_schema(tmp_path / "out" / f"{name}.parquet").equals(schema)


def test_what_was_not_measured_has_a_row_and_no_value(address: str, tmp_path: Path) -> None:
    export(address, tmp_path)
    rows = parquet.read_table(tmp_path / "measures.parquet").to_pylist()
    by_name = {(r["call_id"], r["speaker"], r["measure"]): r["value"] for r in rows}
    party = examples.facts().speakers[0]
    assert by_name["a", party.speaker, "level_dbov"] == party.level_dbov
    assert by_name["a", party.speaker, "intonation_st"] == party.intonation_st


def test_no_cell_of_a_csv_is_a_formula(address: str, tmp_path: Path) -> None:
    assert export(address, tmp_path, "--format", "csv") == 0
    for name in SCHEMAS:
        with (tmp_path / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            head, *rows = csv.reader(file)
        assert head == SCHEMAS[name].names
        assert rows
        for value in (value for row in rows for value in row):
            if value[:1] in "=+-@":
                float(value or 0)  # a number is no formula
    calls = (tmp_path / "calls.csv").read_text("utf-8-sig")
    assert "'=HYPERLINK" in calls


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1", "\n=1"])
def test_a_text_that_starts_like_a_formula_is_disarmed(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [-1.5, 0, True, "您好", "a=b", ""])
def test_what_is_harmless_stays(value: object) -> None:
    assert cell(value) == value


def test_numbers_are_masked_unless_revealed(address: str, tmp_path: Path) -> None:
    export(address, tmp_path, "--format", "csv")
    assert "1381234" not in (tmp_path / "calls.csv").read_text("utf-8-sig")
    export(address, tmp_path, "--format", "csv", "--reveal")
    assert "13812345678" in (tmp_path / "calls.csv").read_text("utf-8-sig")


def test_a_folder_that_cannot_be_is_named(address: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert export(address, tmp_path / "file") == 3


def test_a_store_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert export(str(tmp_path / "none.db"), tmp_path / "out") == 3
