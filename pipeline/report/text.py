"""The scorecard in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Styled

from pipeline.report.coaching import Advice, advice
from pipeline.report.phrasing import (
    DEMONSTRATION,
    OUTCOMES,
    PAGE,
    SIGNS,
    clock,
    limits,
    number,
    points,
    quoted,
    speaker_name,
    thin,
)
from pipeline.report.radar import value as standard_mark
from pipeline.report.vocabulary import unit
from pipeline.scorecard import Evidence, Finding, Outcome, Points, Scorecard, Text

_STYLE = {"met": "green", "missed": "bold red", "not_measured": "yellow", "not_applicable": "dim"}
_SHOWN_EVIDENCE = 3
_HEAD = Text(zh="评分表", en="Scorecard")
_MORE = Text(zh="另有 {n} 处", en="{n} more")


def render(scorecard: Scorecard, ui: str = "zh") -> RenderableType:
    """The scorecard for `rich.console.Console.print`; ``ui`` is "zh" or "en"."""
    return Group(*_parts(scorecard, ui))


def _parts(scorecard: Scorecard, ui: str) -> Iterator[RenderableType]:
    yield _headline(scorecard, ui)
    if scorecard.demonstration:
        yield Styled(DEMONSTRATION.of(ui), style="yellow")
    caution = thin(scorecard, ui)
    if caution is not None:
        yield Styled(caution, style="yellow")
    yield _pillars(scorecard, ui)
    if scorecard.radar:
        yield Styled(f"\n{PAGE['radar'].of(ui)}", style="bold")
        yield _radar(scorecard, ui)
    if scorecard.coaching:
        yield Styled(f"\n{PAGE['coaching'].of(ui)}", style="bold")
        yield _coaching(advice(scorecard, ui), ui)
    for pillar in scorecard.pillars:
        findings = [f for f in scorecard.findings if f.pillar == pillar.pillar]
        if findings:
            yield Styled(f"\n{pillar.name.of(ui)}", style="bold")
            yield _findings(findings, ui)


def _headline(scorecard: Scorecard, ui: str) -> Styled:
    line = Styled(f"{_HEAD.of(ui)} {scorecard.call_id}  ", style="bold")
    if scorecard.mark is None:
        return line.append(PAGE["no_mark"].of(ui), style="yellow")
    line.append(f"{number(scorecard.mark)} / 100", style="bold red" if scorecard.failed else "bold")
    if scorecard.failed:
        line.append(f"  {PAGE['failed'].of(ui)}", style="bold red")
    return line.append(
        f"   {scorecard.rubric.name.of(ui)} v{scorecard.rubric.version}", style="dim"
    )


def _pillars(scorecard: Scorecard, ui: str) -> Table:
    table = Table.grid(padding=(0, 2))
    for mark in scorecard.pillars:
        table.add_row(
            mark.name.of(ui),
            _bar(mark.points),
            points(mark.points),
            PAGE["pillar_failed"].of(ui) if mark.failed else "",
        )
    return table


def _radar(scorecard: Scorecard, ui: str) -> Table:
    """A row for each pillar, its sides with their marks on the standard's scale."""
    table = Table.grid(padding=(0, 2))
    between = {"zh": "，", "en": ", "}[ui]
    for pillar in scorecard.pillars:
        sides = [axis for axis in scorecard.radar if axis.pillar == pillar.pillar]
        told = between.join(f"{axis.name.of(ui)} {standard_mark(axis, ui)}" for axis in sides)
        if told:
            table.add_row(pillar.name.of(ui), told)
    return table


def _coaching(given: list[Advice], ui: str) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for rank, each in enumerate(given, start=1):
        head = Styled(each.name, style="bold").append(f"  {each.lost}", style="red")
        if each.critical:
            head.append(f"  {PAGE['failed'].of(ui)}", style="bold red")
        table.add_row(f"{rank}.", head)
        for line in _advised(each, ui):
            table.add_row("", Styled(line))
    return table


def _advised(each: Advice, ui: str) -> Iterator[str]:
    yield each.reason
    if each.moment is not None:
        yield _moment(each.moment, ui, rewrite=False)
    colon = {"zh": "：", "en": ": "}[ui]
    if each.better:
        yield f"{PAGE['better'].of(ui)}{colon}{quoted(each.better, ui)}"
        return
    for document, words in each.asked:
        title = f"《{document}》" if ui == "zh" else f"{document}: "
        yield f"{PAGE['standard'].of(ui)}{colon}{title}{words}"


def _bar(sum_of: Points, width: int = 20) -> str:
    if sum_of.percent is None:
        return "·" * width
    filled = round(sum_of.percent / 100 * width)
    return "█" * filled + "░" * (width - filled)


def _findings(findings: list[Finding], ui: str) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(overflow="fold")
    judged = [f for f in findings if f.outcome in ("met", "missed")]
    for finding in judged:
        style = _STYLE[finding.outcome]
        table.add_row(
            Styled(SIGNS[finding.outcome], style=style),
            Styled(f"{finding.standard} {finding.name.of(ui)}"),
            Styled(points(finding.points), style="dim"),
            Styled(_verdict(finding, ui), style=style),
        )
        for line in _evidence(finding, ui):
            table.add_row("", "", "", Padding(Styled(line, style="dim"), (0, 0, 0, 2)))
    for (outcome, reason), names in _unjudged(findings, ui).items():
        table.add_row(
            Styled(SIGNS[outcome], style=_STYLE[outcome]),
            Styled(OUTCOMES[outcome].of(ui), style="dim"),
            Styled("–", style="dim"),
            Styled(f"{reason}  ({'; '.join(names)})", style="dim"),
        )
    return table


def _unjudged(findings: list[Finding], ui: str) -> dict[tuple[Outcome, str], list[str]]:
    """What was not judged, together by reason: one missing transcript would fill the screen."""
    groups: dict[tuple[Outcome, str], list[str]] = {}
    for finding in findings:
        if finding.outcome not in ("met", "missed"):
            key = (finding.outcome, finding.reason.of(ui))
            groups.setdefault(key, []).append(f"{finding.standard} {finding.name.of(ui)}")
    return groups


def _verdict(finding: Finding, ui: str) -> str:
    figures = ""
    if finding.value is not None:
        bounds = limits(finding, ui)
        limit = f" ({PAGE['limit'].of(ui)} {bounds})" if bounds else ""
        figures = f"{number(finding.value)}{unit(finding.unit, ui)}{limit}  "
    return f"{OUTCOMES[finding.outcome].of(ui)}  {figures}{finding.reason.of(ui)}"


def _evidence(finding: Finding, ui: str) -> Iterator[str]:
    for piece in finding.evidence[:_SHOWN_EVIDENCE]:
        yield _moment(piece, ui)
    more = len(finding.evidence) - _SHOWN_EVIDENCE
    if more > 0:
        yield _MORE.of(ui).format(n=more)


def _moment(piece: Evidence, ui: str, *, rewrite: bool = True) -> str:
    parts = []
    if piece.span is not None:
        parts.append(f"{clock(piece.span.start)}–{clock(piece.span.end)}")
    if piece.speaker is not None:
        parts.append(speaker_name(piece.speaker, ui))
    if piece.words:
        parts.append(quoted(piece.words, ui))
    if piece.value is not None:
        parts.append(f"{number(piece.value)}{unit(piece.unit, ui)}")
    if piece.similarity is not None and piece.similarity < 1:
        parts.append(f"{PAGE['similar'].of(ui)} {100 * piece.similarity:.0f}%")
    if piece.note is not None:
        parts.append(piece.note.of(ui))
    elif not piece.counts:
        parts.append(PAGE["not_counted"].of(ui))
    if piece.rewrite and rewrite:
        parts.append(f"→ {piece.rewrite}")
    return "  ".join(parts)
