"""Files written whole or not at all, under names that are safe."""

from __future__ import annotations

import contextlib
import io
import os
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipeline.errors import InputError

Arrays = Mapping[str, npt.NDArray[Any]]

_UNSAFE = re.compile(r"[^\w.\-]+")


def safe_stem(name: str) -> str:
    """A file name's stem that is safe in any folder, shell and page; letters of any script stay.

    The empty string, dots alone and leading dashes do not survive; the length is bounded so that
    suffixes still fit the usual 255 bytes.
    """
    stem = _UNSAFE.sub("_", Path(name).stem).strip("._-")
    while len(stem.encode("utf-8", "replace")) > 180:
        stem = stem[:-1]
    return stem or "call"


def read_input(path: Path) -> bytes:
    """The bytes of a file that a person named.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            path,
            expected="a file that can be read",
            found=error.strerror or str(error),
            remedy="check its path and permissions",
        ) from None


def write_whole(files: Mapping[Path, bytes]) -> None:
    """Write every file or none: all go to temporary names first, then take their places.

    Raises:
        InputError: a folder cannot be made or written to.
    """
    waiting: list[tuple[str, Path]] = []
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            waiting.append((_temporary(path, data), path))
        while waiting:
            temporary, path = waiting[0]
            os.replace(temporary, path)  # noqa: PTH105 - Path.replace says the same in more words
            waiting.pop(0)
    except OSError as error:
        raise InputError(
            error.filename2 or error.filename or "output",
            expected="a folder that can be written to",
            found=error.strerror or str(error),
            remedy="choose another folder with --out",
        ) from None
    finally:
        for temporary, _ in waiting:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def _temporary(path: Path, data: bytes) -> str:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".qinhe-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644 & ~_umask())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return name


def _umask() -> int:
    # Reading the umask means setting it; put it straight back.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def packed(arrays: Arrays) -> bytes:
    """Named arrays as a compressed NumPy archive; the same arrays are the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **dict(arrays))  # type: ignore[arg-type]  # stub: `**` may hit a bool
    return buffer.getvalue()


UNREADABLE: Final = (
    *(OSError, EOFError, KeyError, ValueError, MemoryError, NotImplementedError, RuntimeError),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)
"""Whatever `zipfile` and NumPy raise on bytes that are no archive of arrays."""


def unpacked(data: bytes) -> Arrays:
    """The arrays of `packed`.

    Raises:
        `UNREADABLE`: not such an archive.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
