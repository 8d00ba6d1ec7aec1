"""Recognition errors as Mandarin recognisers make them: characters of the same or a near sound."""

from __future__ import annotations

import functools
import random

from pipeline.judge.lexicon.sound import readings, skeleton

COMMON = range(0xB0A1, 0xD7FA)
"""The 3,755 characters of GB 2312's first level, the common ones."""


@functools.cache
def common_hanzi() -> tuple[str, ...]:
    """The common characters."""
    found = []
    for code in COMMON:
        try:
            found.append(code.to_bytes(2, "big").decode("gb2312"))
        except UnicodeDecodeError:
            continue
    return tuple(found)


@functools.cache
def _by_skeleton() -> dict[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for hanzi in common_hanzi():
        groups.setdefault(skeleton(hanzi), []).append(hanzi)
    return {key: tuple(group) for key, group in groups.items()}


@functools.cache
def sound_alikes(hanzi: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Other characters of the same syllable (any tone), and of a near one."""
    own = {reading[:2] for reading in readings(hanzi)[:1]}
    group = [other for other in _by_skeleton().get(skeleton(hanzi), ()) if other != hanzi]
    same = tuple(other for other in group if readings(other)[0][:2] in own)
    near = tuple(other for other in group if readings(other)[0][:2] not in own)
    return same, near


NEAR_SHARE = 0.3
"""Share of errors that change the syllable as well (z/zh, n/l, in/ing …), where one can."""


def garbled(text: str, rate: float, chance: random.Random) -> str:
    """The text with each Hanzi, at this rate, taken for another one that sounds like it."""
    return "".join(_heard(each, rate, chance) for each in text)


def _heard(unit: str, rate: float, chance: random.Random) -> str:
    if not readings(unit) or chance.random() >= rate:
        return unit
    same, near = sound_alikes(unit)
    pool = near if near and (not same or chance.random() < NEAR_SHARE) else same
    return chance.choice(pool) if pool else unit
