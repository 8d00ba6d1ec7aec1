import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from pipeline.errors import StoreError, UsageError
from pipeline.store import database as module
from pipeline.store.database import Database, open_database
from pipeline.store.tables import metadata


def test_migrations_make_exactly_the_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_migration_is_named() -> None:
    folder = Path(module.__file__).with_name("migrations")
    assert ScriptDirectory(str(folder)).get_heads() == [module.HEAD]


def test_opening_again_changes_nothing(database: Database, address: str, tmp_path: Path) -> None:
    database.transact(lambda c: c.execute(text("INSERT INTO agents (name) VALUES ('李')")))
    with open_database(address, tmp_path / "files") as again, again.reading() as connection:
        assert connection.scalar(text("SELECT name FROM agents")) == "李"


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def fails(connection: object) -> None:
        connection.execute(text("INSERT INTO agents (name) VALUES ('李')"))
        raise KeyError("half-way")

    with pytest.raises(KeyError):
        database.transact(fails)
    with database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM agents")) == 0


def test_a_store_of_a_newer_version_is_refused(
    database: Database, address: str, tmp_path: Path
) -> None:
    database.transact(lambda c: c.execute(text("UPDATE alembic_version SET version_num='9999'")))
    with pytest.raises(StoreError, match="9999"):
        open_database(address, tmp_path / "files")


def test_sqlite_is_private_and_in_wal_mode(tmp_path: Path) -> None:
    with open_database(str(tmp_path / "night.db")) as database:
        assert database.files == tmp_path / "night.db.files"
        with database.reading() as connection:
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1
            assert connection.scalar(text("PRAGMA secure_delete")) == 1
    for path in (tmp_path / "night.db", tmp_path / "night.db.files"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize(
    "address",
    ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "://", "postgresql://u:s3cret@host/name"],
)
def test_an_address_that_is_no_store_is_named_without_its_password(address: str) -> None:
    with pytest.raises(UsageError) as raised:
        open_database(address)
    assert "s3cret" not in str(raised.value)


def test_what_is_no_store_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("这不是数据库" * 500, encoding="utf-8")
    with pytest.raises(StoreError, match="not a database"):
        open_database(str(tmp_path / "text.db"))
    with pytest.raises(StoreError, match="no such folder"):
        open_database(str(tmp_path / "none" / "night.db"))
    with pytest.raises(StoreError, match="no such file"):
        open_database(str(tmp_path / "none.db"), make=False)
    assert not (tmp_path / "none.db").exists()


def test_a_server_that_is_away_is_said_without_the_password(tmp_path: Path) -> None:
    address = f"postgresql://qinhe:s3cret@/night?host={tmp_path}"
    with pytest.raises(StoreError) as raised:
        open_database(address, tmp_path / "files")
    assert "s3cret" not in str(raised.value)
    assert str(raised.value).count("\n") == 0


def test_patience_ends_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "night.db"
    with open_database(str(path), patience_s=0.2) as database:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with database.engine.connect() as connection:
            connection.connection.execute("PRAGMA busy_timeout=10")
        with pytest.raises(StoreError, match="locked"):
            database.transact(lambda c: c.execute(text("DELETE FROM agents")))
        other.close()
        database.transact(lambda c: c.execute(text("DELETE FROM agents")))
