"""A number against its limits, as a verdict in words."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from pipeline.facts import Turn
from pipeline.judge.verdict import Verdict, falling, judged, shown
from pipeline.judge.view import View
from pipeline.rubric.kinds import Measure
from pipeline.scorecard import Evidence, Text


class Reading(NamedTuple):
    """One measure of one party: its value, and the turns it can be shown on."""

    value: float | None
    turns: Sequence[tuple[Turn, float]] = ()
    missing: tuple[str, ...] = ()
    """Names under which the facts may say why it is missing."""
    reason: str | None = None
    """Why it is missing, where that is known already."""


def held(
    criterion: Measure, view: View, zh: str, en: str, unit: str, digits: int, reading: Reading
) -> Verdict:
    """The verdict on a value against the criterion's limits."""
    value = reading.value if reading.value is not None else math.nan
    beyond = _beyond(value, criterion.low, criterion.high)
    number = shown(value, digits)
    in_zh = f"{number} {_UNITS.get(unit, unit)}".rstrip()
    limits = _limits(criterion.low, criterion.high, unit)
    if beyond <= 0:
        text = Text(
            zh=f"{zh}{in_zh}，合适（应为{limits[0]}）",
            en=f"{en} {number} {unit}, within {limits[1]}",
        )
    else:
        side = ("偏低", "too low") if _is_low(value, criterion.low) else ("偏高", "too high")
        text = Text(
            zh=f"{zh}{in_zh}，{side[0]}（应为{limits[0]}）",
            en=f"{en} {number} {unit} is {side[1]}, expected {limits[1]}",
        )
    return judged(
        beyond <= 0,
        text,
        _outside(reading, criterion, view, unit),
        share=falling(beyond, criterion.slack),
        value=value,
        low=criterion.low,
        high=criterion.high,
        unit=unit,
    )


_UNITS = {"syl/s": "音节/秒", "st": "半音", "dB": "分贝", "s": "秒"}


@functools.lru_cache(maxsize=1024)
def _limits(low: float | None, high: float | None, unit: str) -> tuple[str, str]:
    """In words, Chinese and English: a rubric's are the same in every call."""
    zh_unit = f" {_UNITS.get(unit, unit)}" if unit else ""
    en_unit = f" {unit}" if unit else ""
    if low is None:
        return f"不高于 {high:g}{zh_unit}", f"at most {high:g}{en_unit}"
    if high is None:
        return f"不低于 {low:g}{zh_unit}", f"at least {low:g}{en_unit}"
    return f" {low:g} 至 {high:g}{zh_unit}", f"{low:g} to {high:g}{en_unit}"


def _is_low(value: float, low: float | None) -> bool:
    return low is not None and value < low


def _beyond(value: float, low: float | None, high: float | None) -> float:
    under = low - value if low is not None else -math.inf
    over = value - high if high is not None else -math.inf
    return max(under, over)


_BY_DISTANCE = itemgetter(0)


def _outside(reading: Reading, criterion: Measure, view: View, unit: str) -> list[Evidence]:
    """The turns furthest outside, then in time order."""
    low = -math.inf if criterion.low is None else criterion.low
    high = math.inf if criterion.high is None else criterion.high
    outside = [
        (max(low - value, value - high), turn, value)
        for turn, value in reading.turns
        if value < low or value > high
    ]
    worst = sorted(outside, key=_BY_DISTANCE, reverse=True)[:5]
    return [
        Evidence(
            span=turn.span,
            speaker=turn.speaker,
            words=view.text(turn) or None,
            value=round(value, 3),
            limit=low if value < low else high,
            unit=unit or None,
        )
        for _, turn, value in sorted(worst, key=lambda each: each[1].span.start)
    ]
