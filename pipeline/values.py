"""The base of everything that is stored: plain frozen values."""

from __future__ import annotations

import msgspec


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """Frozen, compared by content; a field that the type does not know is refused when read.

    Frozen values hold no cycles, so the garbage collector need not walk thousands of words.
    """
