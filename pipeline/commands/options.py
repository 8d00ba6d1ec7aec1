"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from pipeline.errors import UsageError
from pipeline.settings import Engine, MeasureSettings

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)

debug = click.option("--debug", is_flag=True, help="Show tracebacks.")
tracebacks = click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
"""The same for commands that do not look at it: `pipeline.cli.main` does."""
engine = click.option(
    "--engine",
    type=click.Choice(["batched", "openai-whisper", "faster-whisper"]),
    help="What runs Whisper; faster-whisper: in 8-bit integers. Default: the settings'.",
)
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

agent_is = click.option(
    "--agent-is",
    type=click.IntRange(1),
    metavar="VOICE",
    help="Which voice is the agent's, by its number in the facts (1 is the left channel's), where "
    "it was not guessed right.",
)


def pyannote_of(diarizer: str, folder: Path | None) -> Path | None:
    """The folder of pyannote's pipeline where it is to tell voices apart.

    Raises:
        UsageError: one of the two options without the other.
    """
    if (diarizer == "pyannote") != (folder is not None):
        raise UsageError(
            "--diarizer pyannote and --pyannote FOLDER go together: where does its pipeline lie?"
        )
    return folder


def with_engine(settings: MeasureSettings, engine: Engine | None) -> MeasureSettings:
    """The settings, with another engine where one was asked for."""
    if engine is None:
        return settings
    transcript = msgspec.structs.replace(settings.transcript, engine=engine)
    return msgspec.structs.replace(settings, transcript=transcript)


def together(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several click options as one decorator, in the order in which help lists them."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


diarizer = together(
    click.option(
        "--diarizer",
        type=click.Choice(["qinhe", "pyannote"]),
        default="qinhe",
        show_default=True,
        help="What tells voices apart that share one channel.",
    ),
    click.option(
        "--pyannote",
        type=FILE,
        metavar="FOLDER",
        help="Where the pipeline of --diarizer pyannote lies (pip install 'qinhe[pyannote]').",
    ),
)


def _db(*, required: bool) -> Callable[[F], F]:
    return click.option(
        "--db",
        metavar="URL",
        required=required,
        envvar="QINHE_DB" if required else None,
        help="The store: a file such as night.db, or postgresql://USER@HOST/NAME."
        + (" [QINHE_DB]" if required else ""),
    )


_files = click.option(
    "--files",
    type=FILE,
    envvar="QINHE_FILES",
    help="Where tracks and stage results lie. Default: beside the store's file. [QINHE_FILES]",
)
store = together(_db(required=True), _files)
optional_store = together(_db(required=False), _files)
reveal = click.option(
    "--reveal",
    is_flag=True,
    help="Do not mask telephone, identity, card and plate numbers and addresses.",
)
