"""Loops over numbers that run as machine code: compiled at their first call, kept for the next.

Searching a call is a few thousand small steps that hang on one another. In NumPy each step is a
call for all places at once, most of whose time is the calling; as a loop it is a few instructions.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from platformdirs import user_cache_dir

F = TypeVar("F", bound=Callable[..., Any])
_settings: Any = numba.config


def compiled(function: F) -> F:
    """The same function as machine code, for arrays and tuples of arrays (numba).

    Compiled once for all processes of a user; where nothing can be kept, once in each.
    """
    folder = _folder()
    if folder is None:
        return cast(F, numba.njit(function))
    with _kept_in(folder):
        return cast(F, numba.njit(cache=True)(function))


def inlined(function: F) -> F:
    """A step of a compiled loop, put into it where it is called.

    Handing tuples of arrays to a function costs more than what a step does.
    """
    return cast(F, numba.njit(inline="always")(function))


@functools.cache
def _folder() -> Path | None:
    """Where this version's machine code is kept; ``None``: nothing can be written there.

    Numba sees that a function's own file has changed, not that another one has that it calls, nor
    a type: so each state of the sources has a folder of its own.
    """
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    home = _settings.CACHE_DIR or user_cache_dir("qinhe", appauthor=False)
    folder = Path(home) / "compiled" / digest.hexdigest()[:_NAME]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "kept").touch()
    except OSError:
        return None
    return folder


_NAME: Final = 16


@contextlib.contextmanager
def _kept_in(folder: Path) -> Iterator[None]:
    """Numba keeps what is compiled in here; other packages' functions are kept where they were."""
    before = _settings.CACHE_DIR
    _settings.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        _settings.CACHE_DIR = before
