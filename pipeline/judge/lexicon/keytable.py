"""Numbers found by their place among others, many at a time."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.rows import Longs
from pipeline.judge.lexicon.script import Bools

Keys = npt.NDArray[np.uint64]

KEY_BITS: Final = 48
"""A key is below 2 to this."""
_MIX: Final = 0x9E3779B97F4B
"""2^48 over the golden ratio, for hashing by multiplication (Knuth) …"""
_ROOMS: Final = (2, 5)
"""Bits that a table has more slots than keys; little is left after the first."""
_PLACE: Final = np.uint64((1 << 23) - 1)
_CROWDED: Final = np.uint64(1 << 23)
"""Set in an entry on whose slot other keys fell as well."""
_REST: Final = np.uint64(1 << 24)
"""An entry is the key's place, whether its slot is crowded, and from this bit on what is left of
the hashed key when its top bits have become the slot (quotienting, Cleary 1984): a key is compared
by one look at memory, which is what looking up costs."""
_EMPTY: Final = np.uint64((1 << 64) - (1 << 24))
"""No key leaves as much."""


class KeyTable:
    """Hash tables whose keys lie where they fall: one look at most places.

    Of several keys that fall on one slot one stays there and is marked; the others lie in the next,
    smaller table, and the few that find no slot there either in a dictionary.

    Args:
        keys: any numbers below 2 to the `KEY_BITS`, at most 2^23 of them.
    """

    def __init__(self, keys: Keys) -> None:
        left = np.arange(len(keys))
        self._levels: list[_Level] = []
        for room in _ROOMS:
            level, lost = _Level.of(keys[left], left, len(self._levels), room)
            self._levels.append(level)
            left = left[lost]
        self._others = dict(zip(keys[left].tolist(), left.tolist(), strict=True))

    def find(self, keys: Keys) -> tuple[Longs, Longs]:
        """Which of these are among the keys, in order, and the place of each."""
        first, second = self._levels
        found, right, left = first.look(keys)
        if len(left):
            entry, known, again = second.look(keys.take(left))
            right[left[known]] = True
            found[left] = entry
            for at in left[again].tolist():
                place = self._others.get(keys.item(at))
                if place is not None:
                    found[at], right[at] = place, True
        at = right.nonzero()[0]
        return at, (found.take(at) & _PLACE).view(np.int64)


class _Level(NamedTuple):
    mix: np.uint64
    bits: np.uint64
    """Of a slot."""
    entries: Keys

    @classmethod
    def of(cls, keys: Keys, places: Longs, number: int, room: int) -> tuple[_Level, Longs]:
        """A table of these keys, and which of them found no slot."""
        bits = max(9, len(keys).bit_length() + room)
        mix = np.uint64((_MIX * (2 * number + 1) << 64 - KEY_BITS) & (1 << 64) - 1)
        level = cls(mix, np.uint64(bits), np.full(1 << bits, _EMPTY))
        slot, rest = level._hashed(keys)
        level.entries[slot] = rest | places.astype(np.uint64)
        lost = (level.entries[slot] & _PLACE != places.astype(np.uint64)).nonzero()[0]
        level.entries[slot[lost]] |= _CROWDED
        return level, lost

    def look(self, keys: Keys) -> tuple[Keys, Bools, Longs]:
        """The entries of the keys, whether they are theirs, and which may lie elsewhere."""
        slot, rest = self._hashed(keys)
        entry = self.entries.take(slot)
        entry ^= rest
        right = entry < _REST
        return entry, right, ((entry & _CROWDED).astype(bool) > right).nonzero()[0]

    def _hashed(self, keys: Keys) -> tuple[Longs, Keys]:
        """The slot of each key, and what is left of it at the top of a number."""
        mixed = keys * self.mix
        slot = (mixed >> (_ALL - self.bits)).view(np.int64)
        mixed <<= self.bits
        return slot, mixed


_ALL: Final = np.uint64(64)
