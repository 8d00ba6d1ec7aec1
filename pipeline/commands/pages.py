"""`qinhe index`: the page that lists the calls of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.commands import options
from pipeline.errors import FactsError, printable

if TYPE_CHECKING:
    from pipeline.scorecard import Scorecard

_SUFFIX = ".scorecard.json"


@click.command()
@click.argument("folder", type=options.FILE, default=Path())
@options.ui
@options.debug
def index(folder: Path, ui: str, debug: bool) -> None:
    """List the scored calls of FOLDER in its index.html, the worst first.

    Reads the scorecards that `score --out FOLDER` left there. Default: this folder.
    """
    from pipeline.files import write_whole
    from pipeline.report.index import render

    calls = [(_scorecard(path), _page_of(path)) for path in _scorecards(folder)]
    target = folder / "index.html"
    write_whole({target: render(calls, ui).encode()})
    click.echo(printable(target))


def _scorecards(folder: Path) -> list[Path]:
    found = sorted(folder.glob(f"*{_SUFFIX}"))
    if not found:
        raise FactsError(
            folder,
            expected=f"a folder with scorecards (*{_SUFFIX})",
            found="none there" if folder.is_dir() else "no such folder",
            remedy="score calls into it first: qinhe score AUDIO --out FOLDER",
        )
    return found


def _page_of(path: Path) -> str | None:
    page = path.with_name(path.name.removesuffix(_SUFFIX) + ".html")
    return page.name if page.exists() else None


def _scorecard(path: Path) -> Scorecard:
    from pipeline.files import read_input
    from pipeline.scorecard import decode

    return decode(read_input(path), path)
