"""What `qinhe tune --out` writes: a proposed rubric, pages, pictures, figures, what would turn."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.errors import printable

if TYPE_CHECKING:
    from pipeline.rubric import Rubric
    from pipeline.tune.pointing import Pointed, PointsWork
    from pipeline.tune.proposal import Change
    from pipeline.tune.tuning import Tuned, Work
    from pipeline.values import Value


def write_thresholds(out: Path, tuned: Tuned, work: Work, rubric: str | None, ui: str) -> list[str]:
    """Everything about tuned thresholds into a folder; what differs in the proposed rubric."""
    from pipeline.facts import encode
    from pipeline.files import write_whole
    from pipeline.report import drawing
    from pipeline.tune import page, pictures, tuning

    columns = ("call_id", "criterion", "before", "after", "value")
    written = {
        out / "tuning.json": encode(tuned),
        out / "flips.csv": _table(columns, tuned.flips),
    }
    drawn = {
        each.criterion: pictures.of(each, work, tuned, ui) for each in tuned.fits if each.knobs
    }
    for criterion, picture in drawn.items():
        written[out / f"{criterion}.png"] = drawing.png(picture)
    today = datetime.now(UTC).date()
    changes, head = tuning.changes_of(tuned, today), tuning.head_of(tuned, today)
    proposed, difference = _proposed(out, changes, head, work.rubric, rubric)
    page_file = out / "tuning.html"
    written[page_file] = page.render(tuned, work, drawn, difference, ui).encode()
    write_whole(written | proposed)
    click.echo(printable(page_file), err=True)
    return difference


def write_points(
    out: Path, found: Pointed, work: PointsWork, old: Rubric, rubric: str | None, ui: str
) -> list[str]:
    """Everything about tuned points into a folder; what differs in the proposed rubric."""
    from pipeline.facts import encode
    from pipeline.files import write_whole
    from pipeline.report import drawing
    from pipeline.tune import page, pointing, pointspictures

    columns = ("call_id", "before", "after")
    written = {out / "points.json": encode(found), out / "moved.csv": _table(columns, found.moved)}
    drawn = pointspictures.of(found, work, ui) if found.fit and found.fit.points else None
    if drawn is not None:
        written[out / "points.png"] = drawing.png(drawn)
    today = datetime.now(UTC).date()
    changes = pointing.changes_of(found, today)
    head = pointing.head_of(found, today) if changes else ()
    proposed, difference = _proposed(out, changes, head, old, rubric)
    page_file = out / "points.html"
    written[page_file] = page.render_points(found, old, drawn, difference, ui).encode()
    write_whole(written | proposed)
    click.echo(printable(page_file), err=True)
    return difference


def _proposed(
    out: Path, changes: Sequence[Change], head: Sequence[str], old: Rubric, rubric: str | None
) -> tuple[dict[Path, bytes], list[str]]:
    """The new rubric's file, if there is one, and what differs."""
    from pipeline.report import listings
    from pipeline.settings import default_rubric
    from pipeline.tune.proposal import file_of, propose, refuse_existing

    if not changes:
        return {}, []
    proposal = propose(file_of(rubric or default_rubric("zh")), changes, head)
    target = out / proposal.name
    refuse_existing(target)
    difference = list(listings.difference(old, proposal.rubric))
    click.echo(
        f"{printable(target)}; `qinhe rejudge --rubric {printable(target)}` puts it in force",
        err=True,
    )
    return {target: proposal.text.encode()}, difference


def _table(columns: Sequence[str], rows: Iterable[Value]) -> bytes:
    from pipeline.report.tables import cell

    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(getattr(row, column)) for column in columns])
    return table.getvalue().encode("utf-8-sig")
