"""`qinhe agree`: how well people agree, and the system with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.commands import options
from pipeline.commands.marks import refuse, scale_option
from pipeline.commands.terminal import console
from pipeline.errors import MarksError, UsageError, printable

if TYPE_CHECKING:
    from pipeline.agreement.ratings import System
    from pipeline.agreement.report import Agreement
    from pipeline.marks.checking import Known
    from pipeline.scorecard import Scorecard
    from pipeline.store.marks import Mark
    from pipeline.store.verdicts import Named

_SUFFIX = ".scorecard.json"


@click.command()
@options.optional_store
@click.option(
    "--marks",
    "mark_files",
    type=options.FILE,
    multiple=True,
    help="Marks from this file instead of the store; may be repeated.",
)
@click.option(
    "--cards",
    "card_paths",
    type=options.FILE,
    multiple=True,
    help="With --marks: a scorecard, or a folder of them, to hold against the marks.",
)
@scale_option("What numbers stand on, where a file of --marks does not say.")
@click.option("--criterion", "asked", multiple=True, help="Only this criterion; may be repeated.")
@click.option(
    "--period",
    "every",
    type=click.Choice(["day", "week", "month"]),
    default="month",
    show_default=True,
    help="Of the drift of raters.",
)
@click.option(
    "--draws",
    type=click.IntRange(0, 100_000),
    default=1000,
    show_default=True,
    help="How often calls are redrawn for the intervals; 0: none.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--html", "page", type=options.FILE, help="Write the page here.")
@click.option("--png", "picture", type=options.FILE, help="Write the agreement matrix here.")
@options.ui
@options.tracebacks
def agree(
    asked: tuple[str, ...],
    as_json: bool,
    page: Path | None,
    picture: Path | None,
    ui: str,
    **given: Any,
) -> None:
    """Rater against rater and system against raters, with what the system can hope for.

    Per criterion and on the whole call: the share that is the same, Cohen's and weighted kappa,
    Krippendorff's alpha, Gwet's AC1, ICC of numbers, with intervals; confusion tables, the calls
    that people differ on most, the drift of raters. From the store (--db), or from --marks and
    --cards.
    """
    import msgspec

    from pipeline.agreement.report import agreement
    from pipeline.agreement.text import render
    from pipeline.files import write_whole

    how = {name: given.pop(name) for name in ("draws", "seed", "every")}
    marks, system, names = _given(**given)
    unknown = set(asked) - {mark.criterion or "" for mark in marks}
    if unknown:
        raise UsageError(f"--criterion {printable(min(unknown))}: nobody has marked it.")
    marks = [mark for mark in marks if not asked or mark.criterion in asked]
    found = agreement(marks, system, names, **how)
    write_whole(_files(found, page, picture, ui))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n", nl=False)
    else:
        console().print(render(found, ui))


def _files(found: Agreement, page: Path | None, picture: Path | None, ui: str) -> dict[Path, bytes]:
    from pipeline.agreement.page import render
    from pipeline.agreement.picture import png

    files = {} if page is None else {page: render(found, ui).encode()}
    return files if picture is None else {**files, picture: png(found, ui)}


Given = tuple[list["Mark"], "System", dict[str, "Named"]]


def _given(
    db: str | None,
    files: Path | None,
    mark_files: tuple[Path, ...],
    card_paths: tuple[Path, ...],
    scale: object,
) -> Given:
    if (db is None) == (not mark_files) or (card_paths and not mark_files):
        raise UsageError("Give --db URL, or --marks FILE with --cards FILE|FOLDER.")
    return _of_files(mark_files, card_paths, scale) if db is None else _of_store(db, files)


def _of_store(db: str, files: Path | None) -> Given:
    from pipeline.agreement.ratings import of_store
    from pipeline.store.database import open_database
    from pipeline.store.marks import all_marks
    from pipeline.store.verdicts import criteria, judged_calls, verdicts

    with open_database(db, files, make=False) as database, database.reading() as connection:
        system = of_store(judged_calls(connection), verdicts(connection))
        return all_marks(connection), system, criteria(connection)


def _of_files(mark_files: Sequence[Path], card_paths: Sequence[Path], scale: Any) -> Given:
    from pipeline.agreement.ratings import of_cards
    from pipeline.marks.checking import check
    from pipeline.marks.rows import read_rows
    from pipeline.store.verdicts import Named

    cards = list(_cards(card_paths))
    rows = [row for path in mark_files for row in read_rows(path)]
    checked = check(rows, _known(cards, rows), scale=scale)
    if checked.refused:
        refuse(checked.refused, mark_files, "correct them")
    names = {
        finding.criterion: Named(standard=finding.standard, name=finding.name)
        for card in cards
        for finding in card.findings
    }
    return checked.new, of_cards(cards), names


def _known(cards: Sequence[Scorecard], rows: Iterable[Any]) -> Known:
    """What the scorecards are about; without any, whatever the marks are about."""
    from pipeline.marks.checking import Known

    if cards:
        calls = {card.call_id: None for card in cards}
        return Known(calls, {finding.criterion for card in cards for finding in card.findings})
    told = [row.cells for row in rows]
    named = {str(cells.get("call_id", "")).strip(): None for cells in told}
    return Known(named, {str(cells.get("criterion", "")).strip() for cells in told})


def _cards(paths: Iterable[Path]) -> Iterator[Scorecard]:
    from pipeline.files import read_input
    from pipeline.scorecard import decode

    for path in paths:
        found = sorted(path.glob(f"*{_SUFFIX}")) if path.is_dir() else [path]
        if not found:
            raise MarksError(
                path,
                expected=f"scorecards (*{_SUFFIX})",
                found="none in this folder",
                remedy="score the calls into it first: qinhe score AUDIO --out FOLDER",
            )
        yield from (decode(read_input(each), each) for each in found)
