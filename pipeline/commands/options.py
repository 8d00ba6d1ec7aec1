"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)

debug = click.option("--debug", is_flag=True, help="Show tracebacks.")
ui = click.option(
    "--ui",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    help="Language of reports.",
)
rubric = click.option(
    "--rubric",
    metavar="NAME|FILE",
    help="A shipped rubric's name, or a YAML file. Default: that of the call's language.",
)


def together(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several click options as one decorator, in the order in which help lists them."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


store = together(
    click.option(
        "--db",
        metavar="URL",
        required=True,
        envvar="QINHE_DB",
        help="The store: a file such as night.db, or postgresql://USER@HOST/NAME. [QINHE_DB]",
    ),
    click.option(
        "--files",
        type=FILE,
        envvar="QINHE_FILES",
        help="Where tracks and stage results lie. Default: beside the store's file. [QINHE_FILES]",
    ),
)
reveal = click.option(
    "--reveal",
    is_flag=True,
    help="Do not mask telephone, identity, card and plate numbers and addresses.",
)
