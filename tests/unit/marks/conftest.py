import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection

from pipeline.scorecard import Scorecard
from pipeline.store.calls import Details, enter, record
from pipeline.store.database import Database, open_database
from pipeline.store.packing import pack_card
from tests.unit.report import examples
from tests.unit.store.examples import PLAN, facts_row

START = datetime(2026, 11, 1, tzinfo=UTC)
AGENTS = ("李", "张", "陈")


def enter_call(connection: Connection, number: int) -> None:
    """A judged call; its mark and the value held against a limit grow with its number."""
    call_id = f"call-{number:03d}"
    details = Details(agent=AGENTS[number % 3], started_at=START)
    row = facts_row(call_id)
    whole = examples.scorecard()
    findings = tuple(
        msgspec.structs.replace(f, value=float(number), high=10.0) if f.criterion == "cheap" else f
        for f in whole.findings
    )
    card: Scorecard = msgspec.structs.replace(
        whole, call_id=call_id, facts_sha256=row.sha256, mark=float(number), findings=findings
    )
    found = enter(connection, f"{number:064d}", call_id, f"/in/{call_id}.wav", details)
    record(connection, found.id, None, measured=row, plan_sha256=PLAN, card=pack_card(card))


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of twelve judged calls, to copy."""
    path = tmp_path_factory.mktemp("judged") / "night.db"
    with open_database(str(path)) as opened:
        opened.transact(lambda c: [enter_call(c, number) for number in range(12)])
        with opened.engine.connect() as connection:
            connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def address(judged: Path, tmp_path: Path) -> str:
    return shutil.copy(judged, tmp_path / "night.db").as_posix()


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    with open_database(address) as opened:
        yield opened
