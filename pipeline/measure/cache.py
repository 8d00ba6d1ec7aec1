"""Results of the slow stages, kept so that nothing is measured twice.

An entry's key is everything that the result depends on: the audio's hash, the stage's name and
version, its model's hash and its settings' hash (`Provenance` plus what goes in). The entry itself
is JSON or a NumPy archive; a damaged entry counts as absent.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from platformdirs import user_cache_dir

from pipeline.errors import InputError
from pipeline.facts import Provenance
from pipeline.files import Arrays, packed, unpacked, write_whole

T = TypeVar("T")


class Cache:
    """A folder of stage results; ``Cache(None)`` keeps nothing.

    Entries hold what was said and how, so the folder is readable by its owner alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def values(
        self, provenance: Provenance, inputs: object, kind: type[T], make: Callable[[], T]
    ) -> T:
        """The stage's result as a typed value: from the cache, or made and kept.

        Args:
            provenance: the stage, its version, model and settings.
            inputs: everything else that the result depends on, in a form that JSON can hold.
            kind: the result's type, anything that `msgspec` can encode.
            make: measures it.
        """
        decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)
        path = self._path(provenance, inputs, "json")
        kept: T = self._kept(path, make, decoder.decode, msgspec.json.encode)
        return kept

    def arrays(self, provenance: Provenance, inputs: object, make: Callable[[], Arrays]) -> Arrays:
        """The stage's result as named arrays: from the cache, or made and kept."""
        return self._kept(self._path(provenance, inputs, "npz"), make, unpacked, packed)

    def _path(self, provenance: Provenance, inputs: object, suffix: str) -> Path | None:
        if self.folder is None:
            return None
        key = hashlib.sha256(
            msgspec.json.encode((provenance, inputs), order="deterministic")
        ).hexdigest()
        return self.folder / provenance.stage / key[:2] / f"{key[2:]}.{suffix}"

    def _kept(
        self,
        path: Path | None,
        make: Callable[[], T],
        read: Callable[[bytes], T],
        write: Callable[[T], bytes],
    ) -> T:
        if path is None or self.folder is None:
            return make()
        with contextlib.suppress(
            OSError, msgspec.MsgspecError, ValueError, zipfile.BadZipFile, zlib.error
        ):
            return read(path.read_bytes())
        made = make()
        # A cache that cannot be written to (full disk, read-only home) must not cost the result.
        with contextlib.suppress(InputError, OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            os.chmod(self.folder, 0o700)  # noqa: PTH101
            write_whole({path: write(made)})
        return made


def default_folder() -> Path:
    """The user's cache folder for Qinhe."""
    return Path(user_cache_dir("qinhe", appauthor=False))
