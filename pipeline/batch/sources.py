"""SOURCE -> items: folders, globs, single files, manifests, and the same in remote places.

Remote places are read through fsspec (``s3://``, ``gs://``, ``sftp://`` …; the package for each
is the user's to install), and only where the network was allowed.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pipeline.batch.items import Item, Refused
from pipeline.batch.manifest import SUFFIXES as MANIFESTS
from pipeline.batch.manifest import read_manifest
from pipeline.errors import SourceError, UsageError

RECORDINGS: Final = frozenset(
    (
        *(".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".mp4", ".aac"),
        *(".amr", ".awb", ".3gp", ".wma", ".webm", ".mka", ".sph", ".wvc", ".au", ".snd"),
        *(".aif", ".aiff", ".vox", ".gsm"),
    )
)
"""A folder's recordings go by their names; what is named itself is taken whatever its name."""
_LOCAL: Final = ("file", "local", "memory")


def items(sources: Sequence[str], *, network: bool) -> Iterator[Item | Refused]:
    """Every call that the sources name, in the order of the sources, then of the names.

    Raises:
        SourceError: a source is not there or cannot be read.
        UsageError: a remote place without ``network``, or one that needs a package.
    """
    for source in sources:
        if is_remote(source):
            yield from _remote(source, network)
        else:
            yield from _local(source)


def is_remote(source: str) -> bool:
    """An address rather than a path."""
    return "://" in source


def _local(source: str) -> Iterator[Item | Refused]:
    path = Path(source)
    if path.is_dir():
        for name in _walk(path):
            yield Item(paths=(name,))
    elif path.suffix.lower() in MANIFESTS and path.exists():
        yield from read_manifest(path.open("rb"), path.name, base=str(path.parent))
    elif path.exists():
        yield Item(paths=(source,))
    elif glob.has_magic(source):
        every = glob.iglob(source, recursive=True)  # noqa: PTH207 - absolute patterns too
        found = sorted(name for name in every if Path(name).is_file())
        if not found:
            raise _nothing(source, "no file that fits it")
        for name in found:
            yield Item(paths=(name,))
    else:
        raise _nothing(source, "no such file or folder")


def _walk(folder: Path) -> Iterator[str]:
    """A folder's recordings, depth first, by name; links to folders are not followed (loops)."""

    def unreadable(error: OSError) -> None:
        raise _nothing(str(error.filename or folder), error.strerror or str(error))

    for root, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in RECORDINGS:
                yield os.path.join(root, name)  # noqa: PTH118 - keeps a leading ./ before dashes


def _nothing(source: str, found: str) -> SourceError:
    return SourceError(
        source,
        expected="a folder, recording, glob or manifest",
        found=found,
        remedy="check the path and its permissions",
    )


# ── Remote places ────────────────────────────────────────────────────────────────────────────────


def filesystem(address: str, *, network: bool) -> tuple[Any, str]:
    """The fsspec file system of an address, and the path in it.

    Raises:
        UsageError: the network was not allowed, or a package is missing.
        SourceError: there is no such kind of place.
    """
    import fsspec

    if not network and address.partition("://")[0] not in _LOCAL:
        raise UsageError(
            f"{address} is not on this machine: allow the network with --network, if you mean it."
        )
    try:
        found: tuple[Any, str] = fsspec.core.url_to_fs(address)
    except ImportError as missing:
        raise UsageError(f"{address} needs a package: {missing}.") from None
    except Exception as error:  # any file system's own
        raise _away(address, error) from None
    return found


def _remote(address: str, network: bool) -> Iterator[Item | Refused]:
    system, path = filesystem(address, network=network)
    try:
        if Path(path).suffix.lower() in MANIFESTS and system.exists(path):
            base = system.unstrip_protocol(path).rpartition("/")[0]
            yield from read_manifest(system.open(path, "rb"), Path(path).name, base=base)
            return
        if glob.has_magic(path):
            found = sorted(system.glob(path))
        elif system.isdir(path):
            found = [n for n in sorted(system.find(path)) if Path(n).suffix.lower() in RECORDINGS]
        else:
            found = [path] if system.exists(path) else []
    except (SourceError, UsageError):
        raise
    except Exception as error:
        raise _away(address, error) from None
    if not found:
        raise _nothing(address, "nothing there")
    for name in found:
        yield Item(paths=(str(system.unstrip_protocol(name)),))


def _away(address: str, error: Exception) -> SourceError:
    reason = str(error).strip().splitlines() or [type(error).__name__]
    return SourceError(
        address,
        expected="a place that can be read",
        found=reason[0],
        remedy="check the address, the credentials and the connection",
    )
