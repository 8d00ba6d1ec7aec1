"""Numbers looked up by numbers."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.judge.lexicon.compiled import compiled, inlined
from pipeline.judge.lexicon.rows import Ints, Longs

KEY_BITS: Final = 48
"""A key is below 2 to this."""
_MIX: Final = 0x9E3779B97F4B
"""2^48 over the golden ratio, for hashing by multiplication (Knuth, vol. 3, 6.4)."""
_LOW: Final = 16
"""The lowest bits of a hash, which hang on little: without them nothing overflows."""
EMPTY: Final = -1


def hashed(keys: Longs, values: Ints) -> tuple[Longs, Ints]:
    """A hash table with linear probing (Knuth, vol. 3, 6.4, algorithm L), half of it empty.

    Keys lie apart from their values, close together: a look at memory is what looking up costs.

    Args:
        keys: any numbers from 0 to below 2 to the `KEY_BITS`, each once.
        values: theirs.

    Returns:
        The keys where they lie, and the value of each.
    """
    size = 1 << (2 * len(keys) + 1).bit_length()
    table, places = np.full(size, EMPTY), np.zeros(size, np.int32)
    _fill(table, places, keys, values)
    return table, places


@inlined
def slot_of(table: Longs, key: int) -> int:
    """Where a key lies in a table; an `EMPTY` slot: it is none of its."""
    mixed = (key * _MIX) & ((1 << KEY_BITS) - 1)
    slot = ((mixed >> _LOW) * len(table)) >> (KEY_BITS - _LOW)
    while table[slot] != key and table[slot] != EMPTY:
        slot = (slot + 1) & (len(table) - 1)
    return slot


@compiled
def _fill(table: Longs, places: Ints, keys: Longs, values: Ints) -> None:
    for number in range(len(keys)):
        slot = slot_of(table, keys[number])
        table[slot], places[slot] = keys[number], values[number]


@compiled
def among(table: Longs, places: Ints, keys: Longs) -> tuple[Longs, Longs]:
    """Which of these keys are in a table, in order, and the value of each."""
    at, value = np.empty((2, len(keys)), np.int64)
    count = 0
    for number in range(len(keys)):
        slot = slot_of(table, keys[number])
        if table[slot] != EMPTY:
            at[count], value[count] = number, places[slot]
            count += 1
    return at[:count], value[:count]
