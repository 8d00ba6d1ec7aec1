"""The figures of a night's page, from stored calls: sums, never means of ratios."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

from pipeline.judge import kpi
from pipeline.report.night import (
    BINS,
    Day,
    Group,
    Kpi,
    Missed,
    NightFigures,
    Spoke,
    Worst,
)
from pipeline.scorecard import Points, Scorecard, Text
from pipeline.standards import catalogue
from pipeline.store.reading import StoredCall

_WORST: Final = 20
_MOST_MISSED: Final = 24


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What the page needs of one call."""

    call_id: str
    on: date
    agent: str | None
    team: str | None
    duration_s: float
    card: Scorecard | None


def judged(call: StoredCall) -> Judged:
    """A stored call, without its facts."""
    return Judged(
        call_id=call.call_id,
        on=(call.started_at or call.added_at).astimezone().date(),
        agent=call.agent,
        team=call.team,
        duration_s=call.duration_s,
        card=call.card(),
    )


def night_figures(calls: Sequence[Judged], on: date | None, days: int) -> NightFigures:
    """The figures of one day, and trends over the days that end with it.

    Args:
        calls: of the store, as many days as there are.
        on: the day; ``None``: the last one that has a call.
        days: how many days trends go back.
    """
    on = on or max((call.on for call in calls), default=date.today())
    tonight = [call for call in calls if call.on == on]
    first = on - timedelta(days=days - 1)
    every_day = [first + timedelta(days=n) for n in range(days)]
    recent = [call for call in calls if first <= call.on <= on]
    cards = [call.card for call in tonight if call.card is not None]
    marks = [card.mark for card in cards if card.mark is not None]
    return NightFigures(
        on=on,
        rubrics=tuple(sorted({f"{card.rubric.id} v{card.rubric.version}" for card in cards})),
        calls=len(tonight),
        unjudged=len(tonight) - len(cards),
        demonstration=sum(card.demonstration for card in cards),
        audio_h=sum(call.duration_s for call in tonight) / 3600,
        marks=_histogram(marks),
        median=statistics.median(marks) if marks else None,
        failed=sum(card.failed for card in cards),
        pillars=_pillars(cards),
        worst=_worst(tonight),
        agents=_groups(tonight, recent, every_day, "agent"),
        teams=_groups(tonight, recent, every_day, "team"),
        missed=_missed(cards),
        kpis=_kpis(tonight, cards),
        profile=tuple(
            Spoke(standard=each.standard, name=each.name, mark=each.mark)
            for each in sorted(kpi.profile(cards), key=lambda s: (s.mark is None, s.mark or 0.0))
        ),
        days=tuple(_day(day, recent) for day in every_day),
    )


def _histogram(marks: Iterable[float]) -> tuple[int, ...]:
    counts = Counter(min(BINS - 1, int(mark * BINS / 100)) for mark in marks)
    return tuple(counts[index] for index in range(BINS))


def _percent(calls: Iterable[Judged]) -> float | None:
    return Points.sum(call.card.points for call in calls if call.card is not None).percent


def _failed(calls: Iterable[Judged]) -> int:
    return sum(call.card.failed for call in calls if call.card is not None)


def _pillars(cards: Sequence[Scorecard]) -> tuple[tuple[Text, float | None], ...]:
    names: dict[str, Text] = {}
    points: dict[str, list[Points]] = {}
    for card in cards:
        for pillar in card.pillars:
            names[pillar.pillar] = pillar.name
            points.setdefault(pillar.pillar, []).append(pillar.points)
    return tuple((name, Points.sum(points[key]).percent) for key, name in names.items())


def _worst(calls: Sequence[Judged]) -> tuple[Worst, ...]:
    found = []
    for call in calls:
        card = call.card
        if card is None or card.mark is None:
            continue
        names = {finding.criterion: finding.name for finding in card.findings}
        lost = tuple(names[each.criterion] for each in card.coaching if each.criterion in names)
        found.append(
            Worst(
                call_id=call.call_id, agent=call.agent, mark=card.mark, failed=card.failed,
                lost=lost,
            )
        )  # fmt: skip
    found.sort(key=lambda each: (not each.failed, each.mark, each.call_id))
    return tuple(found[:_WORST])


def _groups(
    tonight: Sequence[Judged], recent: Sequence[Judged], days: Sequence[date], by: str
) -> tuple[Group, ...]:
    """The night's agents or teams, those that lost most first."""
    names = sorted({getattr(call, by) or "" for call in tonight})
    groups = []
    for name in names:
        own = [call for call in tonight if (getattr(call, by) or "") == name]
        before = [call for call in recent if (getattr(call, by) or "") == name]
        per_day = {day: [call for call in before if call.on == day] for day in days}
        groups.append(
            Group(
                name=name,
                team=own[0].team if by == "agent" else None,
                calls=len(own),
                percent=_percent(own),
                failed=_failed(own),
                trend=tuple(_percent(per_day[day]) for day in days),
            )
        )
    groups.sort(key=lambda group: (group.percent is None, group.percent or 0.0))
    return tuple(groups)


def _missed(cards: Sequence[Scorecard]) -> tuple[Missed, ...]:
    counts: dict[str, list[int]] = {}
    shown: dict[str, tuple[str, Text]] = {}
    for card in cards:
        for finding in card.findings:
            if finding.outcome in ("met", "missed"):
                shown[finding.criterion] = (finding.standard, finding.name)
                count = counts.setdefault(finding.criterion, [0, 0])
                count[0] += finding.outcome == "missed"
                count[1] += 1
    every = [
        Missed(standard=shown[key][0], name=shown[key][1], missed=missed, judged=of)
        for key, (missed, of) in counts.items()
        if missed
    ]
    every.sort(key=lambda each: (-each.share, -each.judged, each.standard))
    return tuple(every[:_MOST_MISSED])


def _day(day: date, calls: Sequence[Judged]) -> Day:
    own = [call for call in calls if call.on == day]
    return Day(on=day, calls=len(own), percent=_percent(own), failed=_failed(own))


# ── K rows ───────────────────────────────────────────────────────────────────────────────────────


def _kpis(calls: Sequence[Judged], cards: Sequence[Scorecard]) -> tuple[Kpi, ...]:
    figures = (
        kpi.handling_time([call.duration_s for call in calls]),
        kpi.first_call_resolution(cards),
        kpi.satisfaction(cards),
        kpi.spoilt(cards),
    )
    return tuple(_kpi(figure) for figure in figures)


def _kpi(figure: kpi.Figure) -> Kpi:
    row = catalogue().get(figure.standard)
    name = row.name if row else Text(zh=figure.standard, en=figure.standard)
    low, high = (_shown(bound, figure.unit) for bound in (figure.low, figure.high))
    limit = f"{low} – {high}" if low and high else f"≥ {low}" if low else f"≤ {high}"
    return Kpi(
        standard=figure.standard,
        name=name,
        value=_shown(figure.value, figure.unit) or "–",
        limit=limit,
        met=figure.met,
        calls=figure.calls,
    )


def _shown(value: float | None, unit: str) -> str | None:
    if value is None:
        return None
    if unit == "s":
        minutes, seconds = divmod(round(value), 60)
        return f"{minutes}:{seconds:02d}"
    return f"{100 * value:.1f} %".replace(".0 %", " %")
