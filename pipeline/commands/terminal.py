"""Where tables are printed."""

from __future__ import annotations

from typing import Final

from rich.console import Console

_PIPED: Final = 220


def console() -> Console:
    """The terminal as wide as it is; a file or a pipe gets lines that need no folding."""
    found = Console(highlight=False, markup=False)
    return found if found.is_terminal else Console(highlight=False, markup=False, width=_PIPED)
