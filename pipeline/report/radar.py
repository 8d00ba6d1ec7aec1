"""The affinity radar (K05) as a drawing: where everything goes, for the page's template to draw.

The scale runs from 3.5 near the middle to 5.5 at the rim, as in the standard. An axis without a
mark is drawn broken and leaves a gap in the shape: what was not measured is no zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pipeline.report.phrasing import OUTCOMES
from pipeline.scorecard import Axis, Scorecard

LOW: Final = 3.5
HIGH: Final = 5.5
RINGS: Final = (4.0, 4.5, 5.0, 5.5)
RADIUS: Final = 100.0
_INNER: Final = 14.0
"""Radius of the lowest mark, so that the worst axes can still be told apart."""
_LABEL: Final = (RADIUS + 14.0, RADIUS + 22.0)
"""Across and up: a label is two lines high."""
_ARC: Final = RADIUS + 4.0
_LEAST: Final = 3
"""Axes that make a radar rather than a line."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Spoke:
    """One axis on the drawing."""

    axis: Axis
    rim: Point
    inner: Point
    mark: Point | None
    label: Point
    anchor: str
    """SVG's text-anchor."""
    value: str


@dataclass(frozen=True, slots=True)
class Sector:
    """A pillar's part of the rim."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Radar:
    """The whole drawing, the middle at 0, 0, y downwards."""

    spokes: tuple[Spoke, ...]
    wedges: tuple[str, ...]
    """The shape, as one path for each two neighbours that both have a mark."""
    edges: tuple[str, ...]
    """Its outline, likewise."""
    rings: tuple[tuple[float, float], ...]
    """(mark, radius)."""
    sectors: tuple[Sector, ...]
    summary: str
    """What the picture shows, for those who do not see it."""


def radar(scorecard: Scorecard, ui: str) -> Radar | None:
    """The drawing of a scorecard's radar; ``None`` where there are too few axes for one."""
    axes = scorecard.radar
    if len(axes) < _LEAST:
        return None
    names = {pillar.pillar: pillar.name.of(ui) for pillar in scorecard.pillars}
    spokes = tuple(_spoke(axis, _angle(at, len(axes)), ui) for at, axis in enumerate(axes))
    pairs = [
        (one.mark, other.mark)
        for one, other in zip(spokes, (*spokes[1:], spokes[0]), strict=True)
        if one.mark and other.mark
    ]
    return Radar(
        spokes=spokes,
        wedges=tuple(f"M0 0L{_at(a)}L{_at(b)}Z" for a, b in pairs),
        edges=tuple(f"M{_at(a)}L{_at(b)}" for a, b in pairs),
        rings=tuple((mark, round(_distance(mark), 1)) for mark in RINGS),
        sectors=tuple(_sectors(axes, names)),
        summary={"zh": "；", "en": "; "}[ui].join(summary(scorecard, ui)),
    )


def summary(scorecard: Scorecard, ui: str) -> list[str]:
    """Each axis with its mark, or why it has none: the radar in words."""
    names = {pillar.pillar: pillar.name.of(ui) for pillar in scorecard.pillars}
    return [
        f"{names.get(axis.pillar, axis.pillar)}·{axis.name.of(ui)} {value(axis, ui)}"
        for axis in scorecard.radar
    ]


def value(axis: Axis, ui: str) -> str:
    """The mark with one decimal, or why there is none."""
    return OUTCOMES[axis.outcome].of(ui) if axis.mark is None else f"{axis.mark:.1f}"


def _spoke(axis: Axis, angle: float, ui: str) -> Spoke:
    across = math.sin(angle)
    return Spoke(
        axis=axis,
        rim=_polar(angle, RADIUS),
        inner=_polar(angle, _INNER),
        mark=None if axis.mark is None else _polar(angle, _distance(axis.mark)),
        label=(_polar(angle, _LABEL[0])[0], _polar(angle, _LABEL[1])[1]),
        anchor="middle" if abs(across) < 0.2 else "start" if across > 0 else "end",
        value=value(axis, ui),
    )


def _sectors(axes: Sequence[Axis], names: dict[str, str]) -> list[Sector]:
    found, first = [], 0
    for pillar, group in groupby(axes, key=lambda axis: axis.pillar):
        count = len(list(group))
        start, end = (_angle(first + edge, len(axes)) for edge in (-0.42, count - 0.58))
        found.append(
            Sector(
                name=names.get(pillar, pillar),
                path=_arc(start, end),
            )
        )
        first += count
    return found


def _arc(start: float, end: float) -> str:
    large = int(end - start > math.pi)
    ends = _at(_polar(start, _ARC)), _at(_polar(end, _ARC))
    return f"M{ends[0]}A{_ARC:g} {_ARC:g} 0 {large} 1 {ends[1]}"


def _angle(at: float, count: int) -> float:
    """Clockwise from the top."""
    return 2 * math.pi * at / count


def _distance(mark: float) -> float:
    share = min(1.0, max(0.0, (mark - LOW) / (HIGH - LOW)))
    return _INNER + (RADIUS - _INNER) * share


def _polar(angle: float, distance: float) -> Point:
    return (
        round(distance * math.sin(angle), 1) + 0.0,
        round(-distance * math.cos(angle), 1) + 0.0,
    )


def _at(point: Point) -> str:
    return f"{point[0]:g} {point[1]:g}"
