"""`qinhe rejudge`, `qinhe forget`: what is done to a whole store."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from pipeline.commands import options
from pipeline.errors import UsageError, printable
from pipeline.files import safe_stem

if TYPE_CHECKING:
    from pipeline.batch.rejudge import Flip, Judged
    from pipeline.facts import CallFacts
    from pipeline.report.formats import Conversation
    from pipeline.scorecard import Scorecard

FAILED_IN_PART = 4
FORMS = ("webvtt", "textgrid", "rttm", "ctm", "vcon", "contactlens")


@click.command()
@click.argument("call_id", required=False)
@options.store
@options.rubric
@options.agent_is
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes. Default: one a core.")
@click.option(
    "--flips", type=options.FILE, help="Write the verdicts that flip as CSV here, not as text."
)
@options.tracebacks
def rejudge(call_id: str | None, agent_is: int | None, **given: Any) -> None:
    """Judge every stored call with another rubric, and list the verdicts that flip.

    With CALL_ID and --agent-is, put right who is the agent of that call: nothing is measured
    again, and the store remembers it.
    """
    if (call_id is None) != (agent_is is None):
        raise UsageError("CALL_ID and --agent-is go together: who is the agent of which call?")
    if call_id is not None and agent_is is not None:
        _mend(call_id, agent_is, **given)
    else:
        _rejudge_all(**given)


def _mend(
    call_id: str,
    agent_is: int,
    *,
    db: str,
    files: Path | None,
    rubric: str | None,
    workers: int | None,
    flips: Path | None,
) -> None:
    from pipeline.batch.mending import mend
    from pipeline.store.database import open_database

    with open_database(db, files, make=False) as database:
        judged = mend(database, call_id, agent_is, rubric)
    if flips is not None:
        with _table(flips) as table:
            csv.writer(table).writerows(_rows(judged.flip) if judged.flip else ())
    elif judged.flip is not None:
        click.echo(_line(judged.flip))
    click.echo(f"the agent of {printable(call_id)} is voice {agent_is}", err=True)


def _rejudge_all(
    *,
    db: str,
    files: Path | None,
    rubric: str | None,
    workers: int | None,
    flips: Path | None,
) -> None:
    from pipeline.batch import rejudge as judging
    from pipeline.batch.run import cores
    from pipeline.store.database import open_database

    if rubric is None:
        raise UsageError("Give the rubric to judge with: --rubric NAME|FILE.")
    with ExitStack() as stack:
        database = stack.enter_context(open_database(db, files, make=False))
        table = None if flips is None else stack.enter_context(_table(flips))

        def tell(judged: Judged) -> None:
            if judged.fault is not None:
                click.echo(f"{printable(judged.call_id)}: {judged.fault}", err=True)
            if judged.flip is None:
                return
            if table is None:
                click.echo(_line(judged.flip))
            else:
                csv.writer(table).writerows(_rows(judged.flip))

        counts = judging.rejudge(database, rubric, workers or cores(), tell)
    click.echo(
        f"{_calls(counts.judged)} judged, {counts.flipped} with a verdict that flips"
        + (f", {counts.failed} that nobody can judge" if counts.failed else ""),
        err=True,
    )
    if counts.failed:
        raise click.exceptions.Exit(FAILED_IN_PART)


@contextmanager
def _table(path: Path) -> Iterator[IO[str]]:
    """An open CSV of flips, its head written."""
    try:
        file = path.open("w", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise UsageError(f"--flips {path} cannot be written: {error.strerror}.") from None
    with file:
        csv.writer(file).writerow(_COLUMNS)
        yield file


_COLUMNS = ("call_id", "criterion", "before", "after", "mark_before", "mark_after")


def _rows(flip: Flip) -> list[tuple[object, ...]]:
    from pipeline.report.tables import cell

    said = ("passed", "failed")
    rows = list(flip.turned)
    if flip.failed[0] != flip.failed[1]:
        rows.insert(0, ("", said[flip.failed[0]], said[flip.failed[1]]))
    return [tuple(cell(value) for value in (flip.call_id, *row, *flip.mark)) for row in rows]


def _line(flip: Flip) -> str:
    was, now = (("–" if mark is None else f"{mark:g}") for mark in flip.mark)
    verdict = ""
    if flip.failed[0] != flip.failed[1]:
        verdict = " FAILS NOW" if flip.failed[1] else " passes now"
    turned = ", ".join(f"{criterion} {after}" for criterion, _, after in flip.turned)
    return f"{printable(flip.call_id)}: {was} -> {now}{verdict}{': ' if turned else ''}{turned}"


@click.command()
@click.argument("call_id", required=False)
@click.option("--before", metavar="DATE", help="Every call that started before, as 2026-01-31.")
@options.store
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.tracebacks
def forget(call_id: str | None, before: str | None, db: str, files: Path | None, yes: bool) -> None:
    """Remove every trace of a call, or of all calls before a date, from the store.

    The recordings themselves and what was exported are yours to remove.
    """
    from pipeline.store import forgetting
    from pipeline.store.database import open_database

    if (call_id is None) == (before is None):
        raise UsageError("Give one CALL_ID, or --before DATE.")
    with open_database(db, files, make=False) as database:
        with database.reading() as connection:
            if call_id is not None:
                ids = forgetting.ids_of(connection, call_id)
            else:
                ids = forgetting.ids_before(connection, _moment(before or ""))
        if not yes and ids:
            click.confirm(f"Forget {_calls(len(ids))} for good?", abort=True, err=True)
        count = forgetting.forget(database, ids)
    click.echo(f"{_calls(count)} forgotten", err=True)


@click.command()
@options.store
@click.option("--out", type=options.FILE, required=True, help="Folder for the tables.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["parquet", "csv"]),
    default="parquet",
    show_default=True,
    help="Parquet for DuckDB, pandas and the like; CSV for spreadsheets.",
)
@click.option("--since", metavar="DATE", help="Only calls that started then or later.")
@options.reveal
@options.ui
@options.tracebacks
def export(
    db: str,
    files: Path | None,
    out: Path,
    kind: str,
    since: str | None,
    reveal: bool,
    ui: str,
) -> None:
    """Write calls, findings and measures as tables, one file each."""
    from pipeline.report import tables
    from pipeline.store.database import open_database
    from pipeline.store.reading import stored_calls

    start = _moment(since) if since is not None else None
    with open_database(db, files, make=False) as database, database.reading() as connection:
        count = tables.export(stored_calls(connection, start), out, kind, ui, reveal=reveal)
    click.echo(f"{_calls(count)} in {printable(out)}", err=True)


@click.command()
@click.argument("form", type=click.Choice(FORMS))
@click.argument("sources", metavar="FACTS|CALL_ID…", nargs=-1)
@options.optional_store
@click.option("--out", type=options.FILE, default=Path(), help="Folder. Default: here.")
@click.option("--all", "every", is_flag=True, help="Every call of the store.")
@options.reveal
@options.tracebacks
def formats(
    form: str,
    sources: tuple[str, ...],
    db: str | None,
    files: Path | None,
    out: Path,
    every: bool,
    reveal: bool,
) -> None:
    """Write calls in a form that other tools read, from facts files or from a store."""
    from pipeline.files import write_whole
    from pipeline.report.formats import SUFFIXES, written

    if bool(sources) == every or (every and db is None):
        raise UsageError("Give facts files, or --db URL with CALL_IDs or --all.")
    count = 0
    for conversation in _conversations(sources, db, files, reveal):
        path = out / f"{safe_stem(conversation.facts.call_id + '.')}.{SUFFIXES[form]}"
        write_whole({path: written(form, conversation)})
        count += 1
    click.echo(f"{_calls(count)} in {printable(out)}", err=True)


def _conversations(
    sources: tuple[str, ...], db: str | None, files: Path | None, reveal: bool
) -> Iterator[Conversation]:
    from pipeline.facts import decode
    from pipeline.files import read_input
    from pipeline.store.database import open_database
    from pipeline.store.reading import stored_call, stored_calls

    if db is None:
        for source in sources:
            path = Path(source)
            facts = decode(read_input(path), path)
            yield _conversation(facts, None, datetime.fromtimestamp(0, UTC), None, reveal)
        return
    with open_database(db, files, make=False) as database, database.reading() as connection:
        named = (stored_call(connection, call_id) for call_id in sources)
        for call in named if sources else stored_calls(connection):
            start = call.started_at or call.added_at
            yield _conversation(call.facts(), call.card(), start, call.agent, reveal)


def _conversation(
    facts: CallFacts,
    card: Scorecard | None,
    start: datetime,
    agent: str | None,
    reveal: bool,
) -> Conversation:
    from pipeline.report.formats import Conversation
    from pipeline.report.privacy import mask_facts, mask_scorecard

    if not reveal:
        card = None if card is None else mask_scorecard(card, facts)
        facts = mask_facts(facts)
    return Conversation(facts, card, start, agent, masked=not reveal)


@click.command()
@options.store
@click.option("--night", is_flag=True, required=True, help="One day's calls, and trends.")
@click.option("--date", "day", metavar="DATE", help="The day. Default: the last with a call.")
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=30,
    show_default=True,
    help="How far trends go back.",
)
@click.option("--out", type=options.FILE, default=Path("night.html"), help="Default: night.html")
@options.ui
@options.tracebacks
def report(
    db: str, files: Path | None, night: bool, day: str | None, days: int, out: Path, ui: str
) -> None:
    """Write the night's page: marks, worst calls, agents and teams over time, key figures."""
    from pipeline.batch.figures import judged, night_figures
    from pipeline.files import write_whole
    from pipeline.report.night import render
    from pipeline.store.database import open_database
    from pipeline.store.reading import stored_calls

    on = _moment(day).date() if day is not None else None
    with open_database(db, files, make=False) as database, database.reading() as connection:
        calls = [judged(call) for call in stored_calls(connection)]
    write_whole({out: render(night_figures(calls, on, days), ui).encode()})
    click.echo(printable(out), err=True)


def _calls(count: int) -> str:
    return f"{count} call{'' if count == 1 else 's'}"


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"{text!r} is not a date like 2026-01-31.") from None
