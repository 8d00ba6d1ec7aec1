"""How alike two units sound, as the cost of taking one for the other: 0 the same, 1 unrelated.

Mandarin recognisers confuse what speakers merge: z/zh, c/ch, s/sh, n/l, f/h, -n/-ng, and tones.
Those confusions cost little; a different rime or an unrelated initial costs most of a unit.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np
import numpy.typing as npt
from pypinyin import Style, pinyin

Costs = npt.NDArray[np.int32]

UNRELATED = 100
HOMOPHONE = 4
TONE = 4
"""On top of `HOMOPHONE`."""
NEAR_PART = 12
"""Each of initial and final, on top."""
INITIAL = 56
"""Same final, another initial."""
SIMILAR_INITIAL = 46
"""The same, where only aspiration differs."""
FINAL = 70
"""Same initial, another final."""
BLOCKED = 2000
"""Never: a negator cannot come, go or change."""

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_NEAR_INITIAL = {"zh": "z", "ch": "c", "sh": "s", "l": "n", "h": "f"}
_NEAR_FINAL = {
    "ing": "in", "ang": "an", "eng": "en", "iang": "ian", "uang": "uan", "ueng": "uen",
}  # fmt: skip
_ASPIRATION = {"p": "b", "t": "d", "k": "g", "q": "j", "ch": "zh", "c": "z"}
_SYLLABLE = re.compile(r"(?P<letters>[a-zü]+)(?P<tone>[1-5]?)")
MAX_READINGS = 3
HETERONYMS = frozenset(
    "重长行还得了着都好乐便为当教觉空量难强数调要应转中种只差曾朝传大弹地发分干给更和会几假间"
    "将降角结解尽看卡落没模那哪散色少什省提系相血压与载脏正折薄剥处创答度恶否供过哈号喝划晃奔倒"
)
"""Hanzi with more than one reading in common use; dictionaries list rare ones for most."""
_SWAPS = {"你": "您", "您": "你"}
"""Said for one another, and written for one another by recognisers."""
SWAP = 10


def split(syllable: str) -> tuple[str, str, str]:
    """The parts of a syllable: zhong4 as ("zh", "ong", "4")."""
    match = _SYLLABLE.fullmatch(syllable)
    if match is None:
        return "", syllable, ""
    letters, tone = match["letters"].replace("v", "ü"), match["tone"] or "5"
    initial = next((each for each in _INITIALS if letters.startswith(each)), "")
    return initial, letters[len(initial) :], tone


@functools.lru_cache(maxsize=30000)
def readings(unit: str) -> tuple[tuple[str, str, str], ...]:
    """The readings of a Hanzi, the commonest first; none for a Latin word."""
    if not ("\u3400" <= unit <= "\u9fff"):
        return ()
    found = pinyin(unit, style=Style.TONE3, heteronym=True, v_to_u=True)[0]
    count = MAX_READINGS if unit in HETERONYMS else 1
    return tuple(split(each) for each in found[:count] if each != unit)


def skeleton(unit: str) -> str:
    """What near-homophones share: merged initial and final of the commonest reading."""
    known = readings(unit)
    if not known:
        return f"={unit}"
    return skeleton_of(known[0])


def skeleton_of(reading: tuple[str, str, str]) -> str:
    """The same for one reading."""
    initial, final, _ = reading
    return _NEAR_INITIAL.get(initial, initial) + _NEAR_FINAL.get(final, final)


class SoundCosts:
    """Costs of taking any heard unit for one of the phrases' units, made once per heard unit."""

    def __init__(self, phrase_units: Sequence[str], negators: frozenset[str]) -> None:
        self._units = tuple(phrase_units)
        self._negators = negators
        self._latin = tuple(
            (row, unit) for row, unit in enumerate(self._units) if not readings(unit)
        )
        self._index: dict[str, int] = {}
        rows, parts = [], []
        for row, unit in enumerate(self._units):
            for reading in readings(unit):
                rows.append(row)
                parts.append(self._numbers(reading))
        self._rows = np.array(rows, np.int64)
        self._parts = np.array(parts, np.int64).reshape(-1, 6)
        self._negator_rows = np.array([unit in negators for unit in self._units], bool)
        self._row_of = {unit: row for row, unit in enumerate(self._units)}

    def _number(self, name: str) -> int:
        return self._index.setdefault(name, len(self._index))

    def _numbers(self, reading: tuple[str, str, str]) -> list[int]:
        initial, final, tone = reading
        merged = _NEAR_INITIAL.get(initial, initial)
        return [
            self._number("i" + initial),
            self._number("i" + merged),
            self._number("i" + _ASPIRATION.get(initial, initial)),
            self._number("f" + final),
            self._number("f" + _NEAR_FINAL.get(final, final)),
            self._number("t" + tone),
        ]

    def column(self, heard: str) -> Costs:
        """For every phrase unit, the cost of hearing ``heard`` for it, 0 to `BLOCKED`."""
        costs = np.full(len(self._units), UNRELATED, np.int32)
        for reading in readings(heard):
            np.minimum.at(costs, self._rows, self._against(np.array(self._numbers(reading))))
        if not readings(heard):
            for row, unit in self._latin:
                costs[row] = _spelling_cost(unit, heard)
        if heard in self._negators:
            costs[:] = np.where(costs > HOMOPHONE, BLOCKED, costs)
        else:
            costs[self._negator_rows & (costs > HOMOPHONE + TONE)] = BLOCKED
        swapped = self._row_of.get(_SWAPS.get(heard, ""))
        if swapped is not None:
            costs[swapped] = SWAP
        same = self._row_of.get(heard)
        if same is not None:
            costs[same] = 0
        return costs

    def _against(self, heard: npt.NDArray[np.int64]) -> Costs:
        same = self._parts == heard
        near_initial, near_final = same[:, 1], same[:, 4]
        near = HOMOPHONE + NEAR_PART * ~same[:, 0] + NEAR_PART * ~same[:, 3] + TONE * ~same[:, 5]
        apart = np.where(same[:, 2], SIMILAR_INITIAL, INITIAL)
        costs = np.full(len(near), UNRELATED, np.int32)
        costs[near_initial] = FINAL
        costs[near_final] = apart[near_final]
        both = near_initial & near_final
        costs[both] = near[both]
        return costs


def _spelling_cost(unit: str, heard: str) -> int:
    if unit == heard:
        return 0
    if min(len(unit), len(heard)) < 4:
        return UNRELATED
    likeness = SequenceMatcher(None, unit, heard, autojunk=False).ratio()
    return round(UNRELATED * (1 - likeness)) if likeness >= 0.8 else UNRELATED
