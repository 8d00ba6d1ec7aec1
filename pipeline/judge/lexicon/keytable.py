"""Numbers looked up by numbers, with one look at memory for each: that is what looking up costs."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from pipeline.judge.lexicon.compiled import compiled, inlined
from pipeline.judge.lexicon.rows import Longs

KEY_BITS: Final = 48
"""A key is below 2 to this."""
_MIX: Final = 0x9E3779B97F4B
"""2^48 over the golden ratio, for hashing by multiplication (Knuth, vol. 3, 6.4)."""
_AWAY_BITS: Final = 6
"""Room for how far from its slot an entry may lie."""
_WORD: Final = 62
"""Bits of an entry."""
_EMPTY: Final = -1
NONE: Final = -1
"""No value has it."""


class KeyTable(NamedTuple):
    """A hash table with linear probing (Knuth, vol. 3, 6.4, algorithm L), at least half empty.

    An entry is what the slot leaves open of a key (quotienting, Cleary 1984), how far from its slot
    it lies, and the value: keys need no room of their own.
    """

    entries: Longs
    bits: int
    """Of a slot."""
    value_bits: int

    @classmethod
    def of(cls, keys: Longs, values: Longs) -> KeyTable:
        """A table of these.

        Args:
            keys: any numbers from 0 to below 2 to the `KEY_BITS`, each once.
            values: theirs, from 0 on; below 2^30.
        """
        value_bits = int(values.max(initial=0)).bit_length()
        fewest = KEY_BITS + _AWAY_BITS + value_bits - _WORD
        bits = max((2 * len(keys) + 1).bit_length(), fewest)
        while True:
            table = cls(np.full(1 << bits, _EMPTY), bits, value_bits)
            if _filled(table, keys, values):
                return table
            bits += 1


@inlined
def _slot(table: KeyTable, key: int) -> tuple[int, int]:
    """The slot of a key, and what that leaves open of it, with room for how far away it lies."""
    mixed = (key * _MIX) & ((1 << KEY_BITS) - 1)
    left = KEY_BITS - table.bits
    return mixed >> left, (mixed & ((1 << left) - 1)) << _AWAY_BITS


@compiled
def _filled(table: KeyTable, keys: Longs, values: Longs) -> bool:
    """Put them in; whether none comes to lie too far away."""
    entries = table.entries
    for number in range(len(keys)):
        slot, open_ = _slot(table, keys[number])
        away = 0
        while entries[(slot + away) & (len(entries) - 1)] != _EMPTY:
            away += 1
        if away >> _AWAY_BITS:
            return False
        entry = (open_ | away) << table.value_bits | values[number]
        entries[(slot + away) & (len(entries) - 1)] = entry
    return True


@inlined
def value_of(table: KeyTable, key: int) -> int:
    """The value of a key, or `NONE`."""
    slot, open_ = _slot(table, key)
    return _value(table, slot, open_, table.entries[slot])


@inlined
def _value(table: KeyTable, slot: int, open_: int, entry: int) -> int:
    """The same from the entry in the key's slot."""
    while entry != _EMPTY and entry >> table.value_bits != open_:
        open_ += 1
        slot = (slot + 1) & (len(table.entries) - 1)
        entry = table.entries[slot]
    return NONE if entry == _EMPTY else entry & ((1 << table.value_bits) - 1)


@compiled
def among(table: KeyTable, keys: Longs) -> tuple[Longs, Longs]:
    """Which of these keys are in a table, in order, and the value of each."""
    at, value = np.empty((2, len(keys)), np.int64)
    # First a look for every key: the processor waits for much of the memory at once.
    first = np.empty(len(keys), np.int64)
    for number in range(len(keys)):
        first[number] = table.entries[_slot(table, keys[number])[0]]
    count = 0
    for number in range(len(keys)):
        slot, open_ = _slot(table, keys[number])
        at[count], value[count] = number, _value(table, slot, open_, first[number])
        count += value[count] != NONE
    return at[:count], value[:count]
