"""What the text model sees of a call: n-grams of characters and of toneless syllables.

Talk is cut into *pieces*: clauses, at commas, full stops, pauses and ends of turns, and long ones
again. A clause begins and ends with a mark of its own, so that an n-gram tells 对 from 对吗.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.keytable import KEY_BITS, Keys
from pipeline.judge.lexicon.normalise import digit_of
from pipeline.judge.lexicon.rows import Longs
from pipeline.judge.lexicon.script import BREAK, Bools
from pipeline.judge.lexicon.sound import skeleton

LONGEST: Final = 4
"""Units in the longest n-gram."""
CODE_BITS: Final = KEY_BITS // LONGEST
"""A code is below 4096, so that four of them make one number."""
UNKNOWN: Final = (1 << CODE_BITS) - 1
"""The code of what the model does not know: nothing it knows has it."""
BEGIN, END = "^", "$"
"""Stand before and after each clause."""
DIGIT: Final = "#"
"""The syllable of every digit: 三天 and 五天 are one promise."""
_SHIFT: Final = np.uint64(CODE_BITS)
PIECE: Final = 14
"""A clause of more units is cut in pieces, so that what was meant is not drowned in the rest."""


def sound_of(unit: str) -> str:
    """The toneless syllable of a unit, near-homophones merged; digits are one."""
    return DIGIT if digit_of(unit) is not None else skeleton(unit)


class Codes:
    """Numbers of characters and of syllables, by the vocabulary's number of a unit.

    Args:
        characters: those that the model knows; their place is their code.
        syllables: the same; their codes follow after.
    """

    def __init__(self, characters: Sequence[str], syllables: Sequence[str]) -> None:
        self._character = {name: code for code, name in enumerate(characters, 1)}
        after = len(characters) + 1
        self._syllable = {name: code for code, name in enumerate(syllables, after)}
        if after + len(syllables) > UNKNOWN:
            raise ValueError(f"{after + len(syllables)} codes, at most {UNKNOWN}")
        self.begin, self.end = self._character[BEGIN], self._character[END]
        self._known = 0
        self._table = np.zeros((2, 512), np.uint64)

    def character(self, unit: str) -> int:
        """The code of a unit as it is spelt; 0 where unknown."""
        return self._character.get(unit, 0)

    def syllable(self, sound: str) -> int:
        """The code of a unit as it sounds (`sound_of`); 0 where unknown."""
        return self._syllable.get(sound, 0)

    def table(self, names: Sequence[str]) -> Keys:
        """Two rows, characters and syllables: the code of each unit so far, or `UNKNOWN`."""
        if self._known < len(names):
            if len(names) > self._table.shape[1]:
                longer = np.zeros((2, 2 * len(names)), np.uint64)
                longer[:, : self._known] = self._table[:, : self._known]
                self._table = longer
            for number in range(self._known, len(names)):
                unit = names[number]
                self._table[0, number] = self.character(unit) or UNKNOWN
                self._table[1, number] = self.syllable(sound_of(unit)) or UNKNOWN
            self._known = len(names)
        return self._table


class Pieces(NamedTuple):
    """A row of units with a mark before and after each clause, cut in pieces."""

    units: Longs
    """Numbers of the units that were said."""
    script: Longs
    """Where each of them stands in the row it was taken from."""
    place: Longs
    """Where each of them stands among the tokens."""
    clauses: Longs
    """Where each clause starts among the tokens; one more at the end."""
    sentence: Longs
    """Of each piece."""
    first: Longs
    """Where each piece starts among the tokens; one more at the end."""


def pieces_of(ids: Longs, closes: Bools, stops: Bools) -> Pieces:
    """Cut a row of units.

    Args:
        ids: the units, `BREAK` between turns.
        closes: after which units a clause ends.
        stops: after which units a sentence ends.
    """
    said = ids != BREAK
    script = said.nonzero()[0]
    quiet = ~said[1:]  # after each
    last = (closes[:-1] | quiet).take(script).nonzero()[0]
    before = np.zeros(len(last) + 1, np.int64)
    before[1:] = last + 1
    units = before[1:] - before[:-1]  # of each clause
    number = np.arange(len(last) + 1)
    edges = before + 2 * number
    # A long clause in as few pieces as need be, each of the same length.
    tokens = units + 2
    size = -(-tokens // -(-units // PIECE))  # rounded up, as is the next
    parts = -(-tokens // size)
    clause = number[:-1].repeat(parts)
    part = np.arange(len(clause)) - (parts.cumsum() - parts).take(clause)
    first = np.zeros(len(clause) + 1, np.int64)
    first[:-1] = edges.take(clause) + part * size.take(clause)
    first[-1] = edges[-1]
    stopped = (stops[:-1] | quiet).take(script.take(last))
    return Pieces(
        units=ids.take(script),
        script=script,
        place=np.arange(1, len(script) + 1) + (2 * number[:-1]).repeat(units),
        clauses=edges,
        sentence=(stopped.cumsum() - stopped).take(clause),
        first=first,
    )


def every_key(pieces: Pieces, codes: Codes, names: Sequence[str]) -> Keys:
    """Every run of one to `LONGEST` tokens as a number, by length, kind and start.

    Those with unknown units, those that cross from one clause to the next and those that stand over
    the end are in it too: no n-gram is numbered like them.

    Returns:
        4 × 2 × T + 4: some room after the tokens, where no n-gram is.
    """
    count = int(pieces.clauses[-1])
    tokens = np.full((2, count + LONGEST), UNKNOWN, np.uint64)
    first, last = pieces.clauses[:-1], pieces.clauses[1:] - 1
    for row, code in zip(tokens, codes.table(names), strict=True):
        row[first] = codes.begin
        row[last] = codes.end
        row[pieces.place] = code.take(pieces.units)
    flat = tokens.ravel()
    keys = np.empty((LONGEST, len(flat)), np.uint64)
    keys[0] = flat
    for more in range(1, LONGEST):
        np.left_shift(keys[more - 1], _SHIFT, out=keys[more])
        keys[more, :-more] |= flat[more:]
    return keys.reshape(LONGEST, 2, -1)


def keys_of(pieces: Pieces, codes: Codes, names: Sequence[str]) -> tuple[Keys, Longs]:
    """Every n-gram as a number, and the token it starts at; those with unknown units left out."""
    keys = every_key(pieces, codes, names)
    tokens = keys[0]
    open_, known = tokens != codes.end, tokens != UNKNOWN
    proper = np.zeros(keys.shape, bool)
    proper[0] = known
    for more in range(1, LONGEST):
        proper[more, :, :-1] = known[:, :-1] & open_[:, :-1] & proper[more - 1, :, 1:]
    return keys[proper], proper.nonzero()[2]


def length_of(keys: Keys) -> npt.NDArray[np.int64]:
    """How many units each n-gram has."""
    found = np.ones(len(keys), np.int64)
    for length in range(1, LONGEST):
        found += keys >= np.uint64(1) << np.uint64(CODE_BITS * length)
    return found


def spelt(keys: Keys, names: Mapping[int, str]) -> list[str]:
    """N-grams as one reads them."""
    mask = (1 << CODE_BITS) - 1
    found = []
    for key in keys.tolist():
        units = []
        while key:
            units.append(names[key & mask])
            key >>= CODE_BITS
        found.append("".join(reversed(units)))
    return found
