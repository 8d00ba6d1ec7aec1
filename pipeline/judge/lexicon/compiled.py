"""Loops over numbers that run as machine code: compiled at their first call, kept for the next.

Searching a call is a few thousand small steps that hang on one another. In NumPy each step is a
call for all places at once, most of whose time is the calling; as a loop it is a few instructions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """The same function as machine code, for arrays and tuples of arrays (numba).

    What was compiled is kept beside the source, or in the user's cache folder where that cannot be
    written; where neither can (numba raises `RuntimeError`), each process compiles anew.
    """
    try:
        return cast(F, njit(cache=True)(function))
    except RuntimeError:
        return cast(F, njit(function))


def inlined(function: F) -> F:
    """A step of a compiled loop, put into it where it is called.

    Handing tuples of arrays to a function costs more than what a step does.
    """
    return cast(F, njit(inline="always")(function))
