"""Opens the database: SQLite in WAL mode, or PostgreSQL where a team shares one.

A transaction that fails because the database is away, busy or full is tried again until patience
ends (`Database.transact`); whatever runs in one must therefore be safe to run twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError

from pipeline.errors import StoreError, UsageError

T = TypeVar("T")

HEAD: Final = "0003"
"""The newest migration under ``migrations/versions``."""
_DRIVERS: Final = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_BUSY_MS: Final = 60_000
_LOCK: Final = 0x51696E6865
"""Names Qinhe's advisory lock on PostgreSQL while tables are made."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database and the folder of files beside it.

    Attributes:
        files: tracks and stage results; every machine that works on this store must see it.
        patience_s: how long a transaction is tried again while the database is away.
    """

    engine: Engine
    files: Path
    patience_s: float

    @property
    def is_sqlite(self) -> bool:
        """One file on this machine rather than a server."""
        return self.engine.dialect.name == "sqlite"

    @property
    def name(self) -> str:
        """For messages: the address without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction: all of it is stored, or nothing.

        Raises:
            StoreError: the database was away, busy or full for longer than patience lasts.
        """
        return self._patiently(self.engine.begin, work)

    def look(self, work: Callable[[Connection], T]) -> T:
        """Run ``work``, which only reads, as patiently; never waits for writers.

        Raises:
            StoreError: as `transact`.
        """
        return self._patiently(self._reader, work)

    def _reader(self) -> Connection:
        return self.engine.connect().execution_options(qinhe_reads=True)

    def _patiently(
        self,
        opened: Callable[[], AbstractContextManager[Connection]],
        work: Callable[[Connection], T],
    ) -> T:
        until = time.monotonic() + self.patience_s
        wait_s = 0.05
        while True:
            try:
                with opened() as connection:
                    return work(connection)
            except (OperationalError, InterfaceError) as error:
                if time.monotonic() + wait_s > until:
                    raise unusable(self.engine.url, error) from error
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, 5.0)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads, for as long as it takes; no patience once it is lost.

        Raises:
            StoreError: the database cannot be read.
        """
        try:
            with self._reader() as connection:
                yield connection
        except (OperationalError, InterfaceError) as error:
            raise unusable(self.engine.url, error) from error

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_database(
    address: str, files: Path | None = None, *, patience_s: float = 300.0, make: bool = True
) -> Database:
    """The database at ``address``, with its tables made or brought up to date.

    Args:
        address: a path or ``sqlite:///PATH`` for a file of our own; ``postgresql://…``.
        files: where tracks and stage results go; beside an SQLite file by default.
        patience_s: see `Database`.
        make: whether an SQLite file that is not there is made.

    Raises:
        UsageError: not such an address, or PostgreSQL without ``files``.
        StoreError: it cannot be reached, is something else, or belongs to a newer Qinhe.
    """
    url = _url(address)
    folder = files or _beside(url)
    _check_file(url, make)
    engine = _engine(url)
    try:
        _bring_up_to_date(engine)
        _make_private(url, folder)
    except (DatabaseError, InterfaceError) as error:
        engine.dispose()
        raise unusable(url, error) from error
    except BaseException:
        engine.dispose()
        raise
    return Database(engine, folder, patience_s)


def unusable(url: URL, error: Exception) -> StoreError:
    """What a person needs to know of a driver's error; never the password, never a statement."""
    reason = str(getattr(error, "orig", error)).strip().splitlines() or [type(error).__name__]
    return StoreError(
        url.render_as_string(hide_password=True),
        expected="a database that can be read and written",
        found=reason[0],
        remedy="check that it is there, reachable, not full and a Qinhe store",
    )


# ── Addresses ────────────────────────────────────────────────────────────────────────────────────


def _url(address: str) -> URL:
    if "://" not in address:
        return URL.create("sqlite", database=os.path.abspath(address))  # noqa: PTH100 - keeps links
    try:
        url = make_url(address)
    except ArgumentError:
        raise _wrong(address) from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None or (driver == "sqlite" and url.database in (None, "", ":memory:")):
        raise _wrong(url.render_as_string(hide_password=True))
    return url.set(drivername=driver)


def _wrong(address: str) -> UsageError:
    return UsageError(
        f"--db {address!r} is not a store's address: give a file such as night.db, "
        "sqlite:///PATH or postgresql://USER@HOST/NAME."
    )


def _beside(url: URL) -> Path:
    if url.drivername != "sqlite":
        raise UsageError(
            "A store in PostgreSQL needs --files FOLDER: tracks lie in files that every machine "
            "working on the store must see."
        )
    path = Path(str(url.database))
    return path.with_name(path.name + ".files")


def _check_file(url: URL, make: bool) -> None:
    if url.drivername != "sqlite":
        return
    path = Path(str(url.database))
    if not make and not path.is_file():
        raise StoreError(
            path, expected="a store", found="no such file", remedy="make one with `qinhe batch`"
        )
    if not path.parent.is_dir():
        raise StoreError(
            path, expected="a file in a folder that exists", found="no such folder",
            remedy=f"make {path.parent} first",
        )  # fmt: skip


def _make_private(url: URL, folder: Path) -> None:
    """What was said in calls is for the store's owner alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if url.drivername == "sqlite":
            Path(str(url.database)).chmod(0o600)
    except OSError as error:
        raise StoreError(
            folder,
            expected="a folder for the store's files",
            found=error.strerror or str(error),
            remedy="choose another with --files",
        ) from None


# ── Engines ──────────────────────────────────────────────────────────────────────────────────────


def _engine(url: URL) -> Engine:
    if url.drivername != "sqlite":
        try:
            return create_engine(url, pool_pre_ping=True)
        except ModuleNotFoundError as missing:
            raise UsageError(
                f"PostgreSQL needs the package {missing.name}: pip install 'qinhe[postgresql]'."
            ) from None
    engine = create_engine(url, connect_args={"timeout": _BUSY_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says, only there
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # a call that was reported done survives a power cut
        "foreign_keys=ON",
        "secure_delete=ON",  # what is forgotten is overwritten, not only unlinked
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: a reader that turns writer could fail without waiting.
    reads = connection.get_execution_options().get("qinhe_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


# ── Migrations ───────────────────────────────────────────────────────────────────────────────────


def _bring_up_to_date(engine: Engine) -> None:
    with engine.connect().execution_options(qinhe_reads=True) as connection:
        if _version(connection) == HEAD:
            return
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = _version(connection)
        if found == HEAD:  # another run was quicker
            return
        _migrate(connection, engine.url, found)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _migrate(connection: Connection, url: URL, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise StoreError(
            url.render_as_string(hide_password=True),
            expected=f"a store of version {HEAD} or older",
            found=f"version {found}",
            remedy="use the newer Qinhe that made it",
        ) from None
