"""A night as one page that needs nothing else: marks, worst calls, agents, teams, trends, KPIs.

The page shows names of calls, agents and teams and figures; nothing that was said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

import jinja2
import msgspec
from markupsafe import Markup

from pipeline.report.phrasing import number
from pipeline.scorecard import Text

BINS: Final = 20
"""Bars of the distribution: five marks each."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """An agent or a team, over the night and the days before it.

    Attributes:
        percent: points won of points possible over the night's calls, 0 to 100.
        failed: calls that a critical miss failed.
        trend: the same percentage day by day; ``None`` where there was no call.
    """

    name: str
    team: str | None
    calls: int
    percent: float | None
    failed: int
    trend: tuple[float | None, ...]


class Worst(msgspec.Struct, frozen=True, kw_only=True):
    """One of the night's worst calls, and what to talk about."""

    call_id: str
    agent: str | None
    mark: float | None
    failed: bool
    lost: tuple[Text, ...]


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """How often a criterion was missed where it could be judged."""

    standard: str
    name: Text
    missed: int
    judged: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.missed / self.judged


class Kpi(msgspec.Struct, frozen=True, kw_only=True):
    """One figure over many calls (the K rows of the standard)."""

    standard: str
    name: Text
    value: str
    limit: str
    met: bool | None
    calls: int


class Spoke(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the affinity profile (K05), on the scale of 3.5 to 5.5."""

    standard: str
    name: Text
    mark: float | None


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the trend."""

    on: date
    calls: int
    percent: float | None
    failed: int


class NightFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows."""

    on: date
    rubrics: tuple[str, ...]
    calls: int
    unjudged: int
    demonstration: int
    audio_h: float
    marks: tuple[int, ...]
    """Calls per bar of the distribution (`BINS`)."""
    median: float | None
    failed: int
    pillars: tuple[tuple[Text, float | None], ...]
    worst: tuple[Worst, ...]
    agents: tuple[Group, ...]
    teams: tuple[Group, ...]
    missed: tuple[Missed, ...]
    kpis: tuple[Kpi, ...]
    profile: tuple[Spoke, ...]
    days: tuple[Day, ...]


def render(figures: NightFigures, ui: str = "zh") -> str:
    """The page, in ``ui`` ("zh" or "en")."""
    return _template().render(
        ui=ui,
        t={key: text.of(ui) for key, text in _TEXTS.items()},
        night=figures,
        histogram=_histogram(figures.marks),
        trend=_trend(figures.days),
        spark=_spark,
        number=number,
        whole=lambda value: "–" if value is None else f"{value:.1f}",
        percent=lambda share: f"{100 * share:.0f} %",
        css=_part("night.css"),
        js=_part("night.js"),
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(_part("night.html.j2"))


@cache
def _part(name: str) -> Markup:
    # Our own files, not anybody's input.
    return Markup(files("pipeline.report").joinpath("page", name).read_text("utf-8"))


# ── Pictures, as numbers that the template draws ─────────────────────────────────────────────────

_WIDTH: Final = 640
_HEIGHT: Final = 150
_SPARK: Final = (96, 22)


def _histogram(marks: Sequence[int]) -> list[dict[str, Any]]:
    most = max(marks, default=0) or 1
    step = _WIDTH / len(marks) if marks else 0.0
    return [
        {
            "x": round(index * step + 1, 1),
            "width": round(step - 2, 1),
            "height": round((_HEIGHT - 18) * count / most, 1),
            "low": 100 * index // len(marks),
            "high": 100 * (index + 1) // len(marks),
            "count": count,
        }
        for index, count in enumerate(marks)
    ]


def _trend(days: Sequence[Day]) -> dict[str, Any]:
    """Points of the line, and the bars of how many calls there were."""
    most = max((day.calls for day in days), default=0) or 1
    step = _WIDTH / max(1, len(days))
    points = [
        {
            "x": round((index + 0.5) * step, 1),
            "y": None if day.percent is None else round(_HEIGHT * (1 - day.percent / 100), 1),
            "bar": round(0.4 * _HEIGHT * day.calls / most, 1),
            "day": day,
        }
        for index, day in enumerate(days)
    ]
    return {"points": points, "lines": _lines(points), "bar": round(max(1.0, 0.6 * step), 1)}


def _spark(values: Sequence[float | None]) -> dict[str, Any]:
    width, height = _SPARK
    step = width / max(1, len(values))
    points = [
        {
            "x": round((index + 0.5) * step, 1),
            "y": None if value is None else _spark_y(value, height),
        }
        for index, value in enumerate(values)
    ]
    return {"lines": _lines(points), "points": [p for p in points if p["y"] is not None]}


def _spark_y(percent: float, height: int) -> float:
    """Drawn from half the points up, where agents differ; what is lower lies on the ground."""
    return round(2 + (height - 4) * (1 - max(0.0, percent - 50) / 50), 1)


def _lines(points: Sequence[dict[str, Any]]) -> list[str]:
    """Runs of points without a gap: a day without calls is no zero and no straight line."""
    runs: list[list[str]] = [[]]
    for point in points:
        if point["y"] is None:
            runs.append([])
        else:
            runs[-1].append(f"{point['x']},{point['y']}")
    return [" ".join(run) for run in runs if len(run) > 1]


# ── Texts ────────────────────────────────────────────────────────────────────────────────────────


def _text(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


_TEXTS: Final = {
    "title": _text("质检夜报", "The night's report"),
    "calls": _text("通话", "calls"),
    "hours": _text("小时录音", "hours of sound"),
    "median": _text("得分中位数", "median mark"),
    "failed": _text("一票否决", "failed outright"),
    "unjudged": _text("未评分", "not judged"),
    "demonstration": _text(
        "这些通话的文字来自演示模型，不要据此评价真实的人。",
        "The words of these calls come from the demonstration model: do not judge real people "
        "by them.",
    ),
    "distribution": _text("得分分布", "How the marks fall"),
    "trend": _text("走势", "Day by day"),
    "trend_note": _text("线：得分率；柱：通话量", "line: points won; bars: calls"),
    "pillars": _text("三大支柱", "Pillars"),
    "kpis": _text("指标", "Key figures"),
    "kpi": _text("指标", "figure"),
    "value": _text("数值", "value"),
    "limit": _text("目标", "target"),
    "met": _text("达标", "met"),
    "not_met": _text("未达标", "not met"),
    "unknown": _text("无法得出", "cannot be told"),
    "worst": _text("最需关注的通话", "Calls to listen to first"),
    "call": _text("通话", "call"),
    "agent": _text("坐席", "agent"),
    "team": _text("班组", "team"),
    "mark": _text("得分", "mark"),
    "lost": _text("主要失分", "what cost most"),
    "agents": _text("坐席", "Agents"),
    "teams": _text("班组", "Teams"),
    "percent": _text("得分率", "points won"),
    "missed": _text("失分最多的标准", "What is missed most"),
    "missed_of": _text("未达 / 可评", "missed / judged"),
    "share": _text("占比", "share"),
    "standard": _text("标准", "standard"),
    "profile": _text("亲和力画像（3.5–5.5）", "Affinity profile (3.5 to 5.5)"),
    "nobody": _text("未注明", "not named"),
    "rubric": _text("评分标准", "rubric"),
    "nothing": _text("没有通话", "no calls"),
}
