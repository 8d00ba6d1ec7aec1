"""Numbers found by their place among others, many at a time."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.rows import Longs

Keys = npt.NDArray[np.uint64]

KEY_BITS: Final = 48
"""A key is below 2 to this."""
_MIX: Final = 0x9E3779B97F4A7C15
"""2^64 over the golden ratio, for hashing by multiplication (Knuth) …"""
_ROUNDS: Final = 16
"""… and so many times at most, each time by another odd multiple of it."""
_KEY: Final = np.uint64((1 << KEY_BITS) - 1)
_CROWDED: Final = np.uint64(1 << 23)
"""Set in an entry on whose slot other keys fell as well."""
_PLACE: Final = np.int64((1 << 23) - 1)
_REST: Final = np.uint64(24)
"""An entry is the key's place, whether its slot is crowded, and from this bit on what is left of
the hashed key when its top bits have become the slot (quotienting, Cleary 1984): the whole of a
key is compared by one look at memory, which is what looking up costs."""
_EMPTY: Final = np.uint64(0xFFFFFFFFFF << 24)
"""No key leaves as much."""


class KeyTable:
    """Hash tables whose keys lie where they fall: one look at most places.

    Of several keys that fall on one slot one stays there and is marked; the others lie in the next,
    smaller table.

    Args:
        keys: any numbers below 2 to the `KEY_BITS`, at most 2^23 of them.
    """

    def __init__(self, keys: Keys) -> None:
        self._levels: list[_Level] = []
        left = np.arange(len(keys))
        for again in range(_ROUNDS):
            room = 5 if again else 2  # little is left after the first: few levels are better
            level, lost = _Level.of(keys[left], left, 2 * again + 1, room)
            self._levels.append(level)
            left = left[lost]
            if not len(left):
                return
        raise ValueError(f"{len(left)} keys do not fit the table")

    def find(self, keys: Keys) -> Longs:
        """The place of each key, -1 where it is none of them."""
        found, left = self._levels[0].look(keys)
        for level in self._levels[1:]:
            if not len(left):
                break
            found[left], again = level.look(keys.take(left))
            left = left[again]
        return found


class _Level(NamedTuple):
    mix: np.uint64
    rest: np.uint64
    """Bits that are left of a hashed key …"""
    mask: np.uint64
    """… and they."""
    entries: Keys

    @classmethod
    def of(cls, keys: Keys, places: Longs, factor: int, room: int) -> tuple[_Level, Longs]:
        """A table with ``room`` bits more slots than keys, and which of them found no slot."""
        bits = max(9, len(keys).bit_length() + room)
        rest = KEY_BITS - bits
        mix, mask = np.uint64(_MIX * factor & (1 << 64) - 1), np.uint64((1 << rest) - 1)
        level = cls(mix, np.uint64(rest), mask, np.full(1 << bits, _EMPTY))
        slot, left = level._hashed(keys)
        level.entries[slot] = (left << _REST) | places.astype(np.uint64)
        stays = level.entries[slot].view(np.int64) & _PLACE
        lost = (stays != places).nonzero()[0]
        level.entries[slot[lost]] |= _CROWDED
        return level, lost

    def look(self, keys: Keys) -> tuple[Longs, Longs]:
        """The place of each key or -1, and which keys may lie in the next table."""
        slot, left = self._hashed(keys)
        entry = self.entries.take(slot)
        right = (entry >> _REST) == left
        crowded = (entry & _CROWDED).astype(bool)
        return np.where(right, entry.view(np.int64) & _PLACE, -1), (crowded > right).nonzero()[0]

    def _hashed(self, keys: Keys) -> tuple[Longs, Keys]:
        """The slot of each key, and what is left of it."""
        mixed = keys * self.mix
        mixed &= _KEY
        slot = (mixed >> self.rest).view(np.int64)
        mixed &= self.mask
        return slot, mixed
