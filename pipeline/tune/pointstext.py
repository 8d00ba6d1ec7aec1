"""Tuned points in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text as Styled

from pipeline.rubric import Rubric
from pipeline.tune import enough
from pipeline.tune.pointing import Pointed
from pipeline.tune.points import PointsFit
from pipeline.tune.wording import DASH, TEXTS, say, shown

_STYLES = {"change": "bold green", "keep": ""}


def verdict(found: PointsFit, ui: str) -> str:
    """What came out, in words."""
    if found.status == "not-enough" and not found.more:
        few = 0 < found.agents < enough.LEAST_AGENTS
        return say("few-agents", ui, agents=enough.LEAST_AGENTS) if few else say("no_spread", ui)
    key = {"keep": "points-keep", "nothing": "points-nothing", "change": "change"}
    return say(key.get(found.status, found.status), ui, more=found.more)


def figures(found: PointsFit, ui: str) -> list[tuple[str, str, str, str]]:
    """What was asked, held out, with the present points, and fitted."""
    if found.held_out is None:
        return []
    fitted = DASH if found.fitted is None else f"{found.fitted:.2f}"
    rows = [(say("correlation", ui), shown(found.held_out), shown(found.now), fitted)]
    if found.near is not None:
        rows.append((say("concordance", ui), shown(found.near), shown(found.near_now), DASH))
    return rows


def points(found: Pointed, rubric: Rubric, ui: str) -> RenderableType:
    """What `qinhe tune --points` prints."""
    return Group(*_parts(found, rubric, ui))


def _parts(found: Pointed, rubric: Rubric, ui: str) -> Iterator[RenderableType]:
    yield Styled(f"{say('points_title', ui)} — {found.rubric} v{found.version}", "bold")
    fit = found.fit
    if fit is not None:
        yield Styled(verdict(fit, ui), _STYLES.get(fit.status, "yellow"))
        if fit.held_out is not None:
            yield _headline(fit, ui)
        if fit.points:
            yield _table(fit, rubric, ui)
    yield from (Styled(each, "yellow") for each in notes(found, ui))


def _headline(fit: PointsFit, ui: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for key in ("held_out", "points_before", "fitted"):
        table.add_column(say(key, ui), justify="right")
    for title, held, now, fitted in figures(fit, ui):
        table.add_row(title, Styled(held, "bold"), now, Styled(fitted, "dim"))
    return table


def _table(fit: PointsFit, rubric: Rubric, ui: str) -> Table:
    names = {each.id: each.name.of(ui) for each in rubric.criteria}
    pillars = {key: each.name.of(ui) for key, each in rubric.pillars.items()}
    table = Table(box=None, padding=(0, 2, 0, 0))
    for key in ("pillar", "criterion", "now", "proposed", "redrawn"):
        left = key in ("pillar", "criterion")
        table.add_column(TEXTS[key].of(ui), justify="left" if left else "right")
    for each in fit.points:
        if each.held is None:
            moved = each.criterion in fit.changes
            table.add_row(
                pillars[each.pillar],
                f"{names[each.criterion]} {each.criterion}",
                f"{each.present:g}",
                Styled(f"{each.best:g}", "bold" if moved else "dim"),
                f"{each.low:g} – {each.high:g}",
            )
    return table


def notes(found: Pointed, ui: str) -> list[str]:
    """What to know before trusting it."""
    told = [f"{say('refused', ui)}: {each.found}" for each in (*found.refused, *found.noted)]
    fit, overall = found.fit, found.overall
    if fit is None or overall is None:
        return told
    untold = sum(each.held == "alike" for each in fit.points)
    told += [
        say("points_one_rater", ui) if fit.raters == 1 else "",
        say("points_verdicts", ui) if fit.scale is None and fit.calls else "",
        say("no_agents", ui) if not fit.agents and fit.calls else "",
        say("by_call", ui) if fit.agents and fit.unit == "call" and fit.points else "",
        say("points_without", ui, count=fit.without_mark) if fit.without_mark else "",
        say("points_untold", ui, count=untold) if untold else "",
    ]
    if found.moved:
        told.append(say("points_moved", ui, moved=len(found.moved), calls=found.calls))
    return [each for each in told if each]
