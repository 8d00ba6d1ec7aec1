"""What the text model sees of a call: n-grams of characters and of toneless syllables.

Talk is cut into *pieces*: clauses, at commas, full stops, pauses and ends of turns, and long ones
again. A clause begins and ends with a mark of its own, so that an n-gram tells 对 from 对吗.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.normalise import digit_of
from pipeline.judge.lexicon.rows import Longs
from pipeline.judge.lexicon.script import BREAK, Bools
from pipeline.judge.lexicon.sound import skeleton

Keys = npt.NDArray[np.uint64]

LONGEST: Final = 4
"""Units in the longest n-gram."""
CODE_BITS: Final = 12
"""A code is below 4096, so that four of them make one number."""
BEGIN, END = "^", "$"
"""Stand before and after each clause."""
DIGIT: Final = "#"
"""The syllable of every digit: 三天 and 五天 are one promise."""
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
        if after + len(syllables) > 1 << CODE_BITS:
            raise ValueError(f"{after + len(syllables)} codes, at most {1 << CODE_BITS}")
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
        """Two rows, characters and syllables: the code of each unit so far; 0 where unknown."""
        if self._known < len(names):
            if len(names) > self._table.shape[1]:
                longer = np.zeros((2, 2 * len(names)), np.uint64)
                longer[:, : self._known] = self._table[:, : self._known]
                self._table = longer
            for number in range(self._known, len(names)):
                unit = names[number]
                self._table[0, number] = self.character(unit)
                self._table[1, number] = self.syllable(sound_of(unit))
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
    clause: Longs
    """Of each token."""
    piece: Longs
    """Of each token."""
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
    script = np.flatnonzero(ids != BREAK)
    ends = closes[script] | (ids[script + 1] == BREAK)
    clause = ends.cumsum() - ends
    last = np.flatnonzero(ends)
    first = np.concatenate([[0], last + 1])[:-1]
    counts = last + 1 - first
    place = np.arange(len(script)) + 2 * clause + 1
    token_clause = np.arange(len(counts)).repeat(counts + 2)
    within = np.arange(len(token_clause)) - (first + 2 * np.arange(len(counts)))[token_clause]
    parts = -(-counts // PIECE)  # rounded up
    size = -(-(counts + 2) // np.maximum(parts, 1))
    before = np.cumsum(parts) - parts
    piece = before[token_clause] + within // size[token_clause]
    stopped = (stops[script] | (ids[script + 1] == BREAK))[last]
    sentence_of_clause = stopped.cumsum() - stopped
    starts = np.flatnonzero(np.diff(piece, prepend=-1))
    return Pieces(
        units=ids[script],
        script=script,
        place=place,
        clause=token_clause,
        piece=piece,
        sentence=sentence_of_clause[token_clause[starts]],
        first=np.append(starts, len(piece)),
    )


def keys_of(pieces: Pieces, codes: Codes, names: Sequence[str]) -> tuple[Keys, Longs]:
    """Every n-gram as a number, and the token it starts at; those with unknown units left out."""
    table = codes.table(names)
    keys, starts = [], []
    for row in table:
        tokens = np.full(len(pieces.clause), codes.end, np.uint64)
        tokens[np.flatnonzero(np.diff(pieces.clause, prepend=-1))] = codes.begin
        tokens[pieces.place] = row[pieces.units]
        key, start = tokens, np.flatnonzero(tokens)
        for length in range(1, LONGEST + 1):
            if length > 1:
                start = start[start + length <= len(tokens)]
                ahead = start + (length - 1)
                same = (pieces.clause[start] == pieces.clause[ahead]) & (tokens[ahead] > 0)
                start = start[same]
                key = (key[start] << np.uint64(CODE_BITS)) | tokens[start + (length - 1)]
                full = np.zeros(len(tokens), np.uint64)
                full[start] = key
                key = full
            keys.append(key[start])
            starts.append(start)
    return np.concatenate(keys), np.concatenate(starts)


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
