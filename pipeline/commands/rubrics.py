"""`qinhe standards` and `qinhe rubric`: what is asked of a call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from pipeline.commands import options
from pipeline.settings import default_rubric

if TYPE_CHECKING:
    from pipeline.rubric import Rubric


def rubric_of(name: str | None) -> Rubric:
    """A shipped rubric by name, or one by its file; Mandarin's default without a name."""
    from pipeline import rubric as rubrics

    name = name or default_rubric("zh")
    path = Path(name)
    is_file = path.suffix in (".yaml", ".yml") or path.exists()
    return rubrics.load(path) if is_file else rubrics.shipped(name)


@click.command()
@options.rubric
@options.ui
@options.debug
def standards(rubric: str | None, ui: str, debug: bool) -> None:
    """The service standard, row by row: how each is judged, or why it cannot be heard."""
    from pipeline.report.listings import standards as listed
    from pipeline.standards import catalogue

    Console(highlight=False).print(listed(catalogue(), rubric_of(rubric), ui))


@click.group()
def rubric() -> None:
    """Check, explain and compare rubrics."""


@rubric.command()
@click.argument("name", metavar="NAME|FILE")
@options.debug
def check(name: str, debug: bool) -> None:
    """Say whether a rubric is sound; name the file, line and key if not."""
    found = rubric_of(name)
    points = sum(criterion.points for criterion in found.criteria)
    click.echo(f"{found.id} v{found.version}: {len(found.criteria)} criteria, {points:g} points")


@rubric.command()
@click.argument("name", metavar="NAME|FILE")
@options.ui
@options.debug
def explain(name: str, ui: str, debug: bool) -> None:
    """Every criterion with its limits, its points and the standard that it serves."""
    from pipeline.report.listings import explained
    from pipeline.standards import catalogue

    Console(highlight=False).print(explained(rubric_of(name), catalogue(), ui))


@rubric.command()
@click.argument("old", metavar="NAME|FILE")
@click.argument("new", metavar="NAME|FILE")
@options.debug
def diff(old: str, new: str, debug: bool) -> None:
    """What changed between two rubrics."""
    from pipeline.report.listings import difference

    for line in difference(rubric_of(old), rubric_of(new)):
        click.echo(line)
