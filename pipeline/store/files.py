"""The files beside the database, under ``Database.files``.

``tracks/ab/<sha256>.npz`` lie under the hash of their own bytes, so the same tracks are one file
and a file is never half of what its name says. ``stages/ab/<sha256 of the recording>/`` is the
cache of that recording's slow stages. ``locks/`` says which runs are alive (`claims`).

A file comes before the row that names it; a run that dies in between leaves a file without a row,
which `sweep` removes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import select

from pipeline.errors import StoreError
from pipeline.store.database import Database
from pipeline.store.tables import facts

PART: Final = ".part"


def tracks_path(files: Path, sha256: str) -> Path:
    """Where tracks of that hash lie."""
    return files / "tracks" / sha256[:2] / f"{sha256}.npz"


def stages_folder(files: Path, recording_sha256: str) -> Path:
    """Where the slow stages of a recording keep their results."""
    return files / "stages" / recording_sha256[:2] / recording_sha256


def keep_tracks(files: Path, data: bytes) -> str:
    """Write tracks whole or not at all, safe against a power cut, and return their address.

    Raises:
        StoreError: they cannot be written.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    path = tracks_path(files, sha256)
    try:
        if path.is_file() and path.stat().st_size == len(data):
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_durably(path, data)
    except OSError as error:
        raise StoreError(
            path,
            expected="room for the tracks of a call",
            found=error.strerror or str(error),
            remedy="make room, then run the same command again",
        ) from None
    return sha256


def _write_durably(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".qinhe-", suffix=PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def drop_stages(files: Path, recording_sha256: str) -> None:
    """Remove what a recording's slow stages kept."""
    shutil.rmtree(stages_folder(files, recording_sha256), ignore_errors=True)


def sweep(database: Database) -> int:
    """Remove what died runs left: unfinished files, and tracks that no call names.

    Only for when no other run is alive: its files may have no row yet.

    Returns:
        How many files went.
    """
    with database.reading() as connection:
        query = select(facts.c.tracks_sha256).where(facts.c.tracks_sha256.is_not(None))
        known = set(connection.scalars(query))
    gone = 0
    for path in _every_file(database.files):
        orphan = path.parent.parent.name == "tracks" and path.stem not in known
        if path.name.endswith(PART) or orphan:
            with contextlib.suppress(OSError):
                path.unlink()
                gone += 1
    return gone


def _every_file(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        for name in names:
            yield Path(root) / name
