from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.store.database import Database, open_database
from tests.postgres import postgres  # noqa: F401 - a fixture


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store's address, on each of the databases in turn."""
    if request.param == "sqlite":
        return str(tmp_path / "night.db")
    found: str = request.getfixturevalue("postgres").new_database()
    return found


@pytest.fixture
def database(address: str, tmp_path: Path) -> Iterator[Database]:
    with open_database(address, tmp_path / "night.db.files", patience_s=1.0) as opened:
        yield opened
