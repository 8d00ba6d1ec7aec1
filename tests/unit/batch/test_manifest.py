import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as arrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from pipeline.batch.items import Item, Refused
from pipeline.batch.manifest import read_manifest
from pipeline.errors import SourceError


def read(data: bytes, name: str = "m.csv", base: str = "/in") -> list[Item | Refused]:
    return list(read_manifest(io.BytesIO(data), name, base))


FULL = {
    "path": "a.wav", "call_id": "c-1", "agent": "李", "team": "A", "queue": "贷款",
    "start_time": "2026-11-21T22:30:00+08:00", "direction": "in", "language": "zh",
    "channels": "agent=right", "ticket": "T7",
}  # fmt: skip


def as_csv(rows: list[dict[str, str]]) -> bytes:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    return "\n".join(lines).encode()


def as_jsonl(rows: list[dict[str, str]]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def as_parquet(rows: list[dict[str, object]]) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "written"), [("m.csv", as_csv), ("m.jsonl", as_jsonl), ("m.parquet", as_parquet)]
)
def test_every_form_says_the_same(name: str, written: object) -> None:
    (item,) = read(written([FULL]), name)
    assert item.paths == ("/in/a.wav",)
    assert item.wished_id == "c-1"
    assert item.details.agent == "李"
    assert item.details.team == "A"
    assert item.details.queue == "贷款"
    assert item.details.started_at == datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
    assert item.details.extra == {"ticket": "T7"}
    assert (item.language, item.channels) == ("zh", "agent=right")


def test_a_table_written_by_excel_is_read() -> None:
    (item,) = read("\ufeff录音,坐席,通话编号\r\na.wav,李,7\r\n".encode())
    assert (item.paths[0], item.details.agent, item.call_id) == ("/in/a.wav", "李", "7")


def test_parquet_keeps_the_types_of_extra_columns() -> None:
    row = {"path": "a.wav", "wait_s": 7.5, "vip": True, "n": 3, "start_time": datetime(2026, 1, 1,
           tzinfo=UTC), "none": None}  # fmt: skip
    (item,) = read(as_parquet([row]), "m.parquet")
    assert item.details.extra == {"wait_s": 7.5, "vip": True, "n": 3, "none": None}
    assert item.details.started_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_two_files_are_one_call() -> None:
    (item,) = read(b"agent_path,customer_path\na.wav,/abs/c.wav\n")
    assert item.paths == ("/in/a.wav", "/abs/c.wav")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.wav,nonsense,", "start_time"),
        ("a.wav,,agent=up", "agent=up"),
        (",,", ""),
        ("a.wav,,,,", "5 cells"),
        ("a\0.wav,,", "zero byte"),
    ],
)
def test_a_wrong_row_is_refused_by_number_and_the_next_is_done(row: str, reason: str) -> None:
    found = read(f"path,start_time,channels\n{row}\nb.wav,,\n".encode())
    assert found[-1].paths == ("/in/b.wav",)
    if reason:
        assert isinstance(found[0], Refused)
        assert found[0].source == "m.csv, row 2"
        assert reason in found[0].reason


def test_a_row_that_is_no_json_is_refused_by_number() -> None:
    first, second, third = read(b'{"path": "a.wav"}\n{oops\n[1]\n', "m.jsonl")
    assert first.paths == ("/in/a.wav",)
    assert second.source == "m.jsonl, row 2"
    assert third.reason == "no JSON object"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"agent,team\nx,y\n", "m.csv"),
        (b"\xff\xfe\x00junk", "m.csv"),
        (b"PAR1 this is not PAR1", "m.parquet"),
        (b"", "m.parquet"),
        (b"path\n" + b"x" * (1 << 21), "m.csv"),
        (b'{"path": "' + b"x" * (1 << 21), "m.jsonl"),
    ],
)
def test_what_is_no_manifest_is_named(data: bytes, name: str) -> None:
    with pytest.raises(SourceError, match=name):
        read(data, name)


def test_text_of_any_kind_becomes_one_printable_line() -> None:
    line = b'{"path": "a.wav", "agent": "x\\u0000\\u202e\\n", "k\\n": "\\u0000"}'
    (item,) = read(line, "m.jsonl")
    assert item.details.agent.isprintable()
    assert all(key.isprintable() and v.isprintable() for key, v in item.details.extra.items())


def test_a_time_without_a_zone_is_this_machines() -> None:
    (item,) = read(b"path,start_time\na.wav,2026-11-21 22:30\n")
    assert item.details.started_at.utcoffset() == datetime(2026, 11, 21).astimezone().utcoffset()
    assert item.details.started_at - datetime(2026, 11, 21, 22, 30).astimezone() == timedelta(0)


@given(st.binary(max_size=300), st.sampled_from(["m.csv", "m.jsonl", "m.parquet", "m.tsv"]))
def test_any_bytes_end_in_items_or_in_a_clear_error(data: bytes, name: str) -> None:
    try:
        found = read(data, name)
    except SourceError as error:
        said = str(error)
        assert said.count("\n") == 0
    else:
        assert all(isinstance(each, Item | Refused) for each in found)


def test_the_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("path\na.wav\n")
    file = path.open("rb")
    list(read_manifest(file, "m.csv", "/in"))
    assert file.closed


@pytest.mark.parametrize("zone", [None, "Asia/Shanghai"])
def test_moments_in_nanoseconds_as_pandas_writes_them_are_moments(zone: str | None) -> None:
    moment = datetime(2026, 11, 21, 22, 30, tzinfo=ZoneInfo(zone) if zone else None)
    buffer = io.BytesIO()
    columns = {
        "path": ["a.wav", "b.wav"],
        "start_time": arrow.array([moment, None], arrow.timestamp("ns", tz=zone)),
        "waited": arrow.array([timedelta(seconds=3), None], arrow.duration("ns")),
    }
    parquet.write_table(arrow.table(columns), buffer, version="2.6")
    first, second = read(buffer.getvalue(), "m.parquet")
    assert first.details.started_at == moment.astimezone()
    assert second.details.started_at is None
    assert first.details.extra == {"waited": "0:00:03"}
