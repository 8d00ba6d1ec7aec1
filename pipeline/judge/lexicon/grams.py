"""What the text model sees of a call: n-grams of characters and of toneless syllables.

Talk is cut into *pieces*: clauses, at commas, full stops, pauses and ends of turns, and long ones
again. A clause begins and ends with a mark of its own, so that an n-gram tells 对 from 对吗.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from pipeline.judge.lexicon.compiled import compiled, inlined
from pipeline.judge.lexicon.keytable import KEY_BITS
from pipeline.judge.lexicon.normalise import digit_of
from pipeline.judge.lexicon.rows import Bools, Longs
from pipeline.judge.lexicon.script import BREAK
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
PLACES: Final = 2 * LONGEST
"""N-grams that may start at a token: by length, characters and syllables."""
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
        self._table = np.zeros((2, 512), np.int64)

    def character(self, unit: str) -> int:
        """The code of a unit as it is spelt; 0 where unknown."""
        return self._character.get(unit, 0)

    def syllable(self, sound: str) -> int:
        """The code of a unit as it sounds (`sound_of`); 0 where unknown."""
        return self._syllable.get(sound, 0)

    def table(self, names: Sequence[str]) -> Longs:
        """Two rows, characters and syllables: the code of each unit so far, or `UNKNOWN`."""
        if self._known < len(names):
            if len(names) > self._table.shape[1]:
                longer = np.zeros((2, 2 * len(names)), np.int64)
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


@compiled
def pieces_of(ids: Longs, closes: Bools, stops: Bools) -> Pieces:
    """Cut a row of units.

    Args:
        ids: the units, `BREAK` between turns and at both ends.
        closes: after which units a clause ends.
        stops: after which units a sentence ends.
    """
    units, script, place = np.empty((3, len(ids)), np.int64)
    clauses, sentence, first = np.zeros((3, len(ids) + 1), np.int64)
    said, clause, piece, sentences, begin = 0, 0, 0, 0, 0
    for at in range(len(ids) - 1):
        if ids[at] == BREAK:
            continue
        units[said], script[said], place[said] = ids[at], at, said + 1 + 2 * clause
        said += 1
        quiet = ids[at + 1] == BREAK
        if not closes[at] and not quiet:
            continue
        # A long clause in as few pieces as need be, each of the same length.
        tokens = said - begin + 2
        size = _up(tokens, _up(said - begin, PIECE))
        for part in range(_up(tokens, size)):
            sentence[piece], first[piece] = sentences, clauses[clause] + part * size
            piece += 1
        sentences += stops[at] or quiet
        begin, clause = said, clause + 1
        clauses[clause] = said + 2 * clause
    first[piece] = clauses[clause]
    return Pieces(
        units[:said],
        script[:said],
        place[:said],
        clauses[: clause + 1],
        sentence[:piece],
        first[: piece + 1],
    )


@inlined
def _up(number: int, by: int) -> int:
    """Divided, rounded up."""
    return -(-number // by)


def keys_of(pieces: Pieces, codes: Codes, names: Sequence[str]) -> tuple[Longs, Longs]:
    """Every n-gram as a number, and where it is; those with unknown units left out.

    Where: `PLACES` times the token that it starts at, and on top its `length` and its kind.
    """
    return _keys(
        pieces.units, pieces.place, pieces.clauses, codes.table(names), codes.begin, codes.end
    )


@compiled
def _keys(
    units: Longs, place: Longs, clauses: Longs, codes: Longs, begin: int, end: int
) -> tuple[Longs, Longs]:
    """As `keys_of`, from the arrays."""
    count = clauses[-1]
    tokens = np.empty((2, count), np.int64)
    for kind in range(2):
        for clause in range(len(clauses) - 1):
            tokens[kind, clauses[clause]], tokens[kind, clauses[clause + 1] - 1] = begin, end
        for unit in range(len(units)):
            tokens[kind, place[unit]] = codes[kind, units[unit]]
    keys, at = np.empty((2, PLACES * count), np.int64)
    found = 0
    for token in range(count):
        for kind in range(2):
            key = 0
            for more in range(min(LONGEST, count - token)):
                code = tokens[kind, token + more]
                if code == UNKNOWN:
                    break
                key = key << CODE_BITS | code
                keys[found], at[found] = key, PLACES * token + 2 * more + kind
                found += 1
                if code == end:
                    break
    return keys[:found], at[:found]


@inlined
def length(at: int) -> int:
    """How many tokens an n-gram has, from where it is."""
    return (at % PLACES) // 2 + 1


def length_of(keys: Longs) -> Longs:
    """How many units each n-gram has."""
    found = np.ones(len(keys), np.int64)
    for units in range(1, LONGEST):
        found += keys >= 1 << CODE_BITS * units
    return found


def spelt(keys: Longs, names: Mapping[int, str]) -> list[str]:
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
