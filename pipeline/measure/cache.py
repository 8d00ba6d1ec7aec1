"""Results of the slow stages, kept so that nothing is measured twice.

An entry's key is everything that the result depends on: the audio's hash, the stage's name and
version, its model's hash and its settings' hash (`Provenance`), and what else goes in. An entry is
one NumPy archive that holds the stage's value as JSON beside its tracks; a damaged one counts as
absent.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import numpy as np
from platformdirs import user_cache_dir

from pipeline.errors import InputError
from pipeline.facts import Provenance
from pipeline.files import UNREADABLE, Arrays, packed, unpacked, write_whole

T = TypeVar("T")
_VALUE: Final = "value"
_UNREADABLE: Final = (*UNREADABLE, msgspec.MsgspecError)


class Cache:
    """A folder of stage results; ``Cache(None)`` keeps nothing.

    Entries hold what was said and how, so the folder is readable by its owner alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def stage(
        self,
        provenance: Provenance,
        inputs: object,
        kind: type[T],
        make: Callable[[], tuple[T, Arrays]],
    ) -> tuple[T, Arrays]:
        """A stage's result, a value and its tracks: from the cache, or made and kept.

        Args:
            provenance: the stage, its version, model and settings.
            inputs: everything else that the result depends on, in a form that JSON can hold.
            kind: the value's type, anything that `msgspec` can encode.
            make: measures it.
        """
        if self._folder is None:
            return make()
        path = self._folder / provenance.stage / f"{_key(provenance, inputs)}.npz"
        with contextlib.suppress(*_UNREADABLE):
            return _read(path.read_bytes(), kind)
        value, tracks = make()
        # A cache that cannot be written to (full disk, read-only home) must not cost the result.
        with contextlib.suppress(InputError, OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole({path: _written(value, tracks)})
        return value, tracks


def _key(provenance: Provenance, inputs: object) -> str:
    return hashlib.sha256(
        msgspec.json.encode((provenance, inputs), order="deterministic")
    ).hexdigest()


def _written(value: object, tracks: Arrays) -> bytes:
    encoded = np.frombuffer(msgspec.json.encode(value), np.uint8)
    return packed({_VALUE: encoded, **tracks})


def _read(data: bytes, kind: type[T]) -> tuple[T, Arrays]:
    arrays = dict(unpacked(data))
    value: T = msgspec.json.decode(arrays.pop(_VALUE).tobytes(), type=kind)
    return value, arrays


def default_folder() -> Path:
    """The user's cache folder for Qinhe."""
    return Path(user_cache_dir("qinhe", appauthor=False))
