"""Where in a call a phrase may have been said: a piece of it sounds right, and so does a neighbour.

By the pigeonhole principle (Navarro 2001, "A guided tour to approximate string matching", section
8), a phrase that may suffer ``k`` hard errors and is cut into ``k + 1`` pieces has one piece left
whole. Pieces of two or three units are looked up by the skeleton of their sound, in which
near-homophones are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.judge.lexicon.keytable import KeyTable
from pipeline.judge.lexicon.rows import BY_AGENT, BY_ANYONE, BY_CUSTOMER, Bools, Ints, Longs
from pipeline.judge.lexicon.sound import readings, skeleton, skeleton_of

Bits = npt.NDArray[np.uint8]


PIECE: Final = np.dtype(
    [
        ("literal", np.int32),
        ("edge_row", np.int16),
        ("byte", np.int16),
        ("budget", np.int16),
        ("bit", np.uint8),
        ("length", np.int8),
        ("offset", np.int8),
        ("near", np.int8),
        ("far", np.int8),
        ("edge", np.int8),
    ]
)
"""One piece of a literal: all that is asked of it lies side by side in memory.

Its literal, how many units that has and what they may cost (`EXACT`: each as a homophone does);
where it lies in the literal; from its start, where its neighbours lie, and which byte and bit of
what is heard there tells whether it fits (`Seeds.neighbours`); where the end that it leaves open
lies, and which unit that is.
"""
EXACT: Final = -1
"""The budget of a literal that has to be exact."""
_PIECE_COLUMNS: Final = ("literal", "offset", "near", "far", "edge", "edge_row")


class SeedTables(NamedTuple):
    """What the search looks up."""

    sounds: int
    """Distinct sounds."""
    seeds: int
    """Distinct seeds, numbered from 1."""
    pair: Ints
    """By two sounds the number of the pair; 0: no piece begins so."""
    seed_of_pair: Longs
    """The seed that a pair is; 0: none."""
    seed_of_triple: KeyTable
    """By a pair and a third sound the seed."""
    rows: Ints
    """By party and seed from where to before where its pieces lie …"""
    pieces: npt.NDArray[Any]
    """… and they (`PIECE`)."""


def packed(flags: Bools) -> Bits:
    """Eight flags in a byte, the first in the lowest bit: tables stay small enough for caches."""
    return np.packbits(np.append(flags, False), bitorder="little")


def hard_errors(length: int) -> int:
    """How many units of a phrase may be heard as something else altogether."""
    if length <= 3:
        return 0
    return 1 if length < 10 else 2


class Seeds:
    """The pieces of literals of two units and more, compiled once.

    Args:
        literals: units of each literal, and whether it must be exact.
        row: numbers of the literals' units.
        budgets: of each literal, what it may cost.
        asked: of each literal, whose words it is looked for in (`BY_AGENT` …).
    """

    def __init__(
        self,
        literals: Sequence[tuple[tuple[str, ...], bool]],
        row: Mapping[str, int],
        budgets: Ints,
        asked: Longs,
    ) -> None:
        self._row = row
        self._number: dict[str, int] = {}
        self._sounds: dict[str, tuple[int, ...]] = {}
        pieces: list[tuple[int, ...]] = []
        seeds: dict[tuple[int, ...], list[int]] = {}
        for index, (units, exact) in enumerate(literals):
            if len(units) == 1:
                continue
            errors = 0 if exact else hard_errors(len(units))
            for offset, piece in _pieces(units, errors + 1):
                for code in self._codes(piece):
                    seeds.setdefault(code, []).append(len(pieces))
                pieces.append((index, offset, *self._side(units, offset, len(piece))))
        self._known = len(self._number) + 1
        codes = sorted(seeds, key=lambda code: (len(code), code))
        table = np.array(pieces, np.int64).reshape(-1, 8)
        rows = self._rows([seeds[code] for code in codes], table, asked)
        literal = rows[1]["literal"]
        rows[1]["length"] = np.array([len(units) for units, _ in literals], np.int16)[literal]
        exactly = np.array([exact for _, exact in literals], bool)
        rows[1]["budget"] = np.where(exactly, EXACT, budgets)[literal]
        self.tables = SeedTables(self._known, len(codes) + 1, *self._tables(codes), *rows)

    def _codes(self, piece: Sequence[str]) -> Iterable[tuple[int, ...]]:
        """The piece's sounds: by each unit's commonest reading, and by its readings elsewhere."""
        sounds = [self._sounds.get(unit) or self._sounds_of(unit) for unit in piece]
        usual = tuple([each[0] for each in sounds])
        codes = {usual: None}
        for at, (_, *others) in enumerate(sounds):
            for other in others:
                codes[(*usual[:at], other, *usual[at + 1 :])] = None
        return codes

    def _sounds_of(self, unit: str) -> tuple[int, ...]:
        """The numbers of a unit's skeletons, that of the commonest reading first."""
        names = [skeleton(unit), *map(skeleton_of, readings(unit)[1:])]
        numbers = [self._number.setdefault(name, len(self._number) + 1) for name in names]
        self._sounds[unit] = tuple(numbers)
        return self._sounds[unit]

    def _tables(self, codes: Sequence[tuple[int, ...]]) -> tuple[Ints, Longs, KeyTable]:
        """Pairs of sounds, to look up directly, and pairs with a third sound; seeds from 1."""
        pairs = sorted({code[:2] for code in codes})
        number_of = {pair: number for number, pair in enumerate(pairs, 1)}
        pair = np.zeros(self._known**2, np.int32)
        for (one, two), number in number_of.items():
            pair[one * self._known + two] = number
        seed_of_pair = np.zeros(len(pairs) + 1, np.int64)
        triples: dict[int, int] = {}
        for seed, code in enumerate(codes, 1):
            number = number_of[code[:2]]
            if len(code) == 2:
                seed_of_pair[number] = seed
            else:
                triples[number * self._known + code[2]] = seed
        keys = np.array(list(triples), np.int64)
        values = np.array(list(triples.values()), np.int64)
        return pair, seed_of_pair, KeyTable.of(keys, values)

    def _rows(
        self, seeds: Sequence[list[int]], pieces: Longs, asked: Longs
    ) -> tuple[Ints, npt.NDArray[Any]]:
        """Each seed's pieces lie in a row: the agent's, both parties', the customer's."""
        piece = np.array([each for seed in seeds for each in seed], np.int64)
        seed = np.arange(1, len(seeds) + 1).repeat([len(each) for each in seeds])
        place = np.zeros(BY_ANYONE + 1, np.int64)
        place[[BY_AGENT, BY_ANYONE, BY_CUSTOMER]] = 0, 1, 2
        key = 3 * seed + place[asked[pieces[piece, 0]]]
        order = key.argsort(kind="stable")
        count = len(seeds) + 1
        edges = key[order].searchsorted(np.arange(3 * count + 1))
        agents, boths, customers, end = (edges[at::3][:count] for at in range(4))
        nobodys = np.zeros(count, np.int64)
        first = np.concatenate([nobodys, agents, boths, agents])  # by party and seed
        after = np.concatenate([nobodys, customers, end, end])
        columns = pieces[piece[order]].T
        table = np.zeros(len(order), PIECE)
        for name, column in zip(_PIECE_COLUMNS, columns, strict=False):
            table[name] = column
        beside, self.neighbours = _numbered(columns[6], columns[7])
        table["byte"], table["bit"] = beside // 8, 1 << beside % 8
        return np.stack([first, after], axis=1).astype(np.int32), table

    def _side(self, units: Sequence[str], offset: int, size: int) -> tuple[int, ...]:
        """What is beside a piece.

        Where its neighbours lie, from its start; where the end that it leaves open lies (either
        one where it leaves both), and which unit; which units the neighbours are.
        """
        edge = -offset if offset else len(units) - 1
        last = self._row[units[0 if offset else -1]]
        if size == len(units):
            return 0, 0, edge, last, 0, 0
        step = 1 if offset + size < len(units) else -1
        first = offset + size if step > 0 else offset - 1
        second = first + step
        one = self._row[units[first]]
        two = self._row[units[second]] if 0 <= second < len(units) else one
        return first - offset, second - offset, edge, last, one, two

    def sound_of(self, unit: str) -> int:
        """The number of a heard unit's skeleton; 0: no piece has it."""
        number = self._number.get(skeleton(unit), 0)
        return number if number < self._known else 0


def _numbered(one: Longs, two: Longs) -> tuple[Longs, Longs]:
    """Pairs numbered as they are met, so that those of a seed lie side by side; and the pairs.

    The pairs are rows of the units next to pieces; row 0 for pieces that are whole phrases.
    """
    _, met, pair = np.unique(one * (int(two.max(initial=0)) + 1) + two, return_index=True,
                             return_inverse=True)  # fmt: skip
    order = met.argsort()
    number = np.zeros(len(order), np.int64)
    number[order] = np.arange(len(order))
    return number[pair], np.stack([one[met[order]], two[met[order]]], axis=1)


def _pieces(units: Sequence[str], count: int) -> Iterable[tuple[int, Sequence[str]]]:
    """The phrase in ``count`` pieces of two or three units, with their offsets."""
    for number in range(count):
        low = len(units) * number // count
        high = len(units) * (number + 1) // count
        yield low, units[low : min(high, low + 3)]
