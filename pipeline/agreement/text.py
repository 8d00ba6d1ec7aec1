"""Agreement in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text as Styled

from pipeline.agreement.disputes import Dispute
from pipeline.agreement.drift import Drift
from pipeline.agreement.figures import Figure
from pipeline.agreement.report import Agreement, Line
from pipeline.agreement.wording import DASH, TEXTS, category, main, percent, same, shown, who

_SHOWN = 5


def render(found: Agreement, ui: str = "zh") -> RenderableType:
    """What `qinhe agree` prints; ``ui`` is "zh" or "en"."""
    return Group(*_parts(found, ui))


def _parts(found: Agreement, ui: str) -> Iterator[RenderableType]:
    names = ", " if ui == "en" else "、"
    head = Styled(TEXTS["title"].of(ui), "bold")
    counts = f"  {found.calls} {TEXTS['calls'].of(ui)}, {found.marks} {TEXTS['marks'].of(ui)}, "
    yield head.append(f"{counts}{names.join(found.raters)}", "dim")
    yield _lines(found.lines, ui)
    interval = TEXTS["interval"].of(ui).format(draws=found.draws, seed=found.seed)
    yield Styled(f"{interval}\n{TEXTS['gap'].of(ui)}: {TEXTS['gap_note'].of(ui)}", "dim")
    yield from _told(found.lines, ui)
    if found.drift:
        yield Styled(f"\n{TEXTS['drift'].of(ui)}", "bold")
        yield _drift(found.drift, ui)
    for title, disputes in (("disputes", found.disputes), ("outvoted", found.outvoted)):
        if disputes:
            yield Styled(f"\n{TEXTS[title].of(ui)}", "bold")
            yield _disputes(disputes[:_SHOWN], names_of(found, ui), ui)


def _lines(lines: Iterable[Line], ui: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    heads = ("criterion", "calls", "same", "among", "system", "gap", "alpha")
    for key in heads:
        first = key == "criterion"
        table.add_column(TEXTS[key].of(ui), justify="left" if first else "right", overflow="fold")
    table.add_column("AC1 | ICC", justify="right")
    for line in lines:
        among, beside = line.compared.among, line.compared.system
        coefficient = main(line)
        table.add_row(
            Styled(line.name.of(ui)).append(f" {line.scale or ''}", "dim"),
            str(line.calls),
            f"{same(line, among)} | {same(line, beside)}",
            shown(getattr(among, coefficient)),
            shown(getattr(beside, coefficient)),
            _gap(line.compared.gap),
            f"{_short(among.alpha)} | {_short(beside.alpha)}",
            f"{_short(among.ac if line.scale is None else among.icc)} | "
            f"{_short(beside.ac if line.scale is None else beside.icc)}",
        )
    return table


def _short(found: Figure) -> str:
    return DASH if found.value is None else f"{found.value:.2f}"


def _gap(found: Figure) -> Styled:
    """Red where the system is seen to do worse than people do."""
    worse = found.high is not None and found.high < 0
    return Styled(shown(found), "bold red" if worse else "")


def _told(lines: Iterable[Line], ui: str) -> Iterator[Styled]:
    """What to know, and why a value that one would look for is not there."""
    colon = {"zh": "：", "en": ": "}[ui]
    for line in lines:
        compared, coefficient = line.compared, main(line)
        told = [caution.of(ui) for caution in compared.cautions]
        asked = (getattr(compared.among, coefficient), getattr(compared.system, coefficient))
        told += [each.reason.of(ui) for each in asked if each.reason is not None]
        for sentence in dict.fromkeys(told):
            yield Styled(f"{line.name.of(ui)}{colon}{sentence}", "yellow")


def _drift(drifts: Iterable[Drift], ui: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for key in ("raters", "agreement", "change", "leniency"):
        table.add_column(TEXTS[key].of(ui))
    table.add_column("")
    for each in drifts:
        course = " → ".join(percent(period.agreement) for period in each.periods) or DASH
        why = each.change.reason.of(ui) if each.change.reason is not None else ""
        verdict = TEXTS["drifts" if each.drifts else "steady"].of(ui)
        table.add_row(
            each.rater,
            course,
            shown(each.change, 3),
            shown(each.turn, 3),
            Styled(why or verdict, "bold red" if each.drifts else "dim"),
        )
    return table


def _disputes(disputes: Iterable[Dispute], names: Names, ui: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for each in disputes:
        share = f"{100 * each.disagreement:.0f} %" if each.disagreement else str(each.marked)
        table.add_row(each.call_id, share, "; ".join(told(each, names, ui)))
    return table


Names = Mapping[str | None, str]


def names_of(found: Agreement, ui: str) -> Names:
    """What each criterion, and the whole call (``None``), is called."""
    return {line.criterion: line.name.of(ui) for line in found.lines if not line.pooled}


def told(dispute: Dispute, names: Names, ui: str) -> Iterator[str]:
    """A clause for each criterion: who said what."""
    colon = {"zh": "：", "en": ": "}[ui]
    for each in dispute.differing:
        said = ", ".join(
            f"{who(rater, ui)} {category(value, ui) if isinstance(value, str) else f'{value:.1f}'}"
            for rater, value in each.said.items()
        )
        yield f"{names[each.criterion]}{colon}{said}"
