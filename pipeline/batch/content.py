"""What a recording is: its content, known without reading where a name has not changed."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pipeline.batch.sources import filesystem, is_remote
from pipeline.errors import SourceError
from pipeline.store.files import PART

_BLOCK: Final = 1 << 20


def token(path: str, *, network: bool) -> str:
    """Changes when the content under a name does, and costs no reading.

    Raises:
        SourceError: there is no file that can be read.
    """
    if is_remote(path):
        system, inner = filesystem(path, network=network)
        try:
            return str(system.checksum(inner))
        except Exception as error:
            raise _unreadable(path, error) from None
    try:
        status = os.stat(path)  # noqa: PTH116 - keeps the path as it was written
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        raise _unreadable(path, ValueError("something that is no file"))
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}"


def content(path: str) -> str:
    """SHA-256 of a local file's bytes.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def together(contents: Sequence[str]) -> str:
    """The content of a recording of one file or two (as `measure.audio.Audio.sha256`)."""
    if len(contents) == 1:
        return contents[0]
    return hashlib.sha256("\n".join(contents).encode()).hexdigest()


def size(address: str, *, network: bool) -> int:
    """A remote file's bytes; 0 where nobody says.

    Raises:
        SourceError: there is no such file.
    """
    system, inner = filesystem(address, network=network)
    try:
        return int(system.size(inner) or 0)
    except Exception as error:
        raise _unreadable(address, error) from None


def place(folder: Path) -> str:
    """An empty file for a copy, under a name that `sweep` knows as unfinished."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".qinhe-", suffix=PART)
    os.close(handle)
    return name


def fetch(address: str, name: str, *, network: bool, going: Callable[[], bool]) -> None:
    """Copy a remote file to a place on this machine, for as long as ``going``.

    Raises:
        SourceError: it cannot be fetched.
    """
    system, inner = filesystem(address, network=network)
    try:
        with open(name, "wb") as copy, system.open(inner, "rb") as file:  # noqa: PTH123
            while block := file.read(_BLOCK):
                if not going():
                    raise InterruptedError("the run is over")
                copy.write(block)
    except Exception as error:
        raise _unreadable(address, error) from None


def _unreadable(path: str, error: Exception) -> SourceError:
    found = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
    return SourceError(
        path,
        expected="a recording that can be read",
        found=str(found).splitlines()[0],
        remedy="check its path and permissions",
    )
