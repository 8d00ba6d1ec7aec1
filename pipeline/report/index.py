"""Several calls on one page, the worst first, each with the way to its own page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from pipeline.report.coaching import Advice, advice
from pipeline.report.html import filled
from pipeline.report.phrasing import PAGE
from pipeline.scorecard import Points, Scorecard


@dataclass(frozen=True, slots=True)
class Entry:
    """One call of the list."""

    scorecard: Scorecard
    page: str | None
    """Where its page is, as a relative address; ``None`` where there is none."""
    first: Advice | None
    """What to talk about first."""


def render(calls: Sequence[tuple[Scorecard, str | None]], ui: str = "zh") -> str:
    """The list as a page.

    Args:
        calls: scorecards, masked already if they are to be, each with its page's file name.
        ui: "zh" or "en".
    """
    cards = sorted(calls, key=lambda call: _worst_first(call[0]))
    entries = [
        Entry(card, None if page is None else quote(page), next(iter(advice(card, ui)), None))
        for card, page in cards
    ]
    rubrics = dict.fromkeys(
        f"{card.rubric.name.of(ui)} v{card.rubric.version}" for card, _ in cards
    )
    return filled(
        "index.html.j2",
        ui,
        styles="page.css",
        script=None,
        entries=entries,
        rubrics=list(rubrics),
        summary=_summary([card for card, _ in cards], ui),
        pillars=_pillars([card for card, _ in cards], ui),
    )


def _worst_first(card: Scorecard) -> tuple[int, float, str]:
    """Failed calls, then the others by their mark, then those without one."""
    if card.mark is None:
        return 2, 0.0, card.call_id
    return int(not card.failed), card.mark, card.call_id


def _summary(cards: Sequence[Scorecard], ui: str) -> str:
    failed = sum(card.failed for card in cards)
    unmarked = sum(card.mark is None for card in cards)
    parts = [PAGE["count_calls"].of(ui).format(n=len(cards))]
    if failed:
        parts.append(PAGE["failed_calls"].of(ui).format(n=failed))
    if unmarked:
        parts.append(PAGE["unmarked_calls"].of(ui).format(n=unmarked))
    return " · ".join(parts)


def _pillars(cards: Sequence[Scorecard], ui: str) -> list[tuple[str, Points]]:
    """Each pillar's points over all the calls: sums, never means of percentages."""
    sums: dict[str, list[Points]] = {}
    for card in cards:
        for pillar in card.pillars:
            sums.setdefault(pillar.name.of(ui), []).append(pillar.points)
    return [(name, Points.sum(parts)) for name, parts in sums.items()]
