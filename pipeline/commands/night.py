"""`qinhe batch` and `qinhe watch`: many recordings into a store."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from pipeline.commands import options
from pipeline.errors import UsageError
from pipeline.settings import Engine, load_measure_settings

if TYPE_CHECKING:
    from pipeline.batch.items import Usual
    from pipeline.batch.journal import Journal
    from pipeline.batch.nightly import Options

FAILED_IN_PART = 4

_working = options.together(
    options.store,
    options.rubric,
    click.option("--no-transcript", is_flag=True, help="Measure the voices only."),
    click.option(
        "--model", metavar="NAME|PATH", help="Whisper model or checkpoint. Default: the settings'."
    ),
    click.option("--device", metavar="NAME", help="Where Whisper runs: auto, cpu, cuda …"),
    options.engine,
    options.diarizer,
    click.option(
        "--language",
        metavar="CODE",
        help="Language of calls whose manifest does not say. Default: the settings' (zh).",
    ),
    click.option(
        "--channels",
        metavar="MAP",
        help="Who is where, such as agent=right,customer=left, in calls whose manifest does not "
        "say. Default: the agent left.",
    ),
    click.option(
        "--speakers",
        metavar="MAP",
        help="Who the speakers of transcripts are, where the manifest does not say, such as "
        "Diane=agent,Sheila=customer.",
    ),
    click.option(
        "--settings",
        "settings_file",
        type=options.FILE,
        help="Measuring settings instead of configs/measure.yaml.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1, 1024),
        help="Processes. Default: what cores and memory carry.",
    ),
    click.option(
        "--together",
        type=click.IntRange(1, 64),
        help="Calls that a worker of this machine does side by side, so that their words are "
        "recognised in one batch. Default: 4 where words are recognised.",
    ),
    click.option(
        "--ray",
        metavar="ADDRESS",
        help="Work on a Ray cluster: auto or HOST:PORT. Default: on this machine.",
    ),
    click.option(
        "--time-limit",
        "time_s",
        type=click.FloatRange(0.1),
        default=3600.0,
        show_default=True,
        help="Seconds that one call may take.",
    ),
    click.option(
        "--memory-limit",
        "memory_mb",
        type=click.IntRange(1),
        default=2048,
        show_default=True,
        help="MiB that one call may take beyond the models.",
    ),
    click.option(
        "--retries",
        type=click.IntRange(0),
        default=2,
        show_default=True,
        help="How often a call is tried again whose worker died, hung or failed.",
    ),
    click.option(
        "--patience",
        "patience_s",
        type=click.FloatRange(0),
        default=300.0,
        show_default=True,
        help="Seconds to wait for a database that is away or full.",
    ),
    click.option("--again", is_flag=True, help="Also try what was quarantined."),
    click.option("--network", is_flag=True, help="Allow remote sources and fetching a model."),
    click.option(
        "--fetch-ahead",
        "fetch_mb",
        type=click.IntRange(1),
        default=2048,
        show_default=True,
        help="MiB of remote recordings that may lie here before they are measured.",
    ),
    click.option(
        "--log",
        metavar="FILE|-",
        help="Write what happens as JSON, one line each; - is standard error.",
    ),
    click.option("--quiet", is_flag=True, help="No progress and no summary."),
    options.debug,
)


@click.command()
@click.argument("sources", metavar="SOURCE…", nargs=-1, required=True)
@_working
def batch(
    sources: tuple[str, ...],
    log: str | None,
    quiet: bool,
    **given: Any,
) -> None:
    """Measure and judge many recordings into a store; what is done already costs nothing.

    SOURCE is a folder, a glob, a manifest (CSV, JSON lines, Parquet), a recording, or the address
    of any of these in a remote place (--network). Exit code 4: some failed.
    """
    from pipeline.batch.items import Item
    from pipeline.batch.nightly import night
    from pipeline.batch.sources import items

    usual = _usual(given)
    asked = _asked(**given)
    named = items(sources, network=asked.network)
    every = [usual.of(each) if isinstance(each, Item) else each for each in named]
    with _terminated_politely(), _journal(log, quiet) as journal:
        with night(asked, "batch", journal) as at_work:
            at_work.work(every)
        _end(journal, quiet)


@click.command()
@click.argument("sources", metavar="FOLDER…", nargs=-1, required=True)
@_working
@click.option(
    "--still",
    "still_s",
    type=click.FloatRange(0.0),
    default=30.0,
    show_default=True,
    help="Seconds that a file must not have changed.",
)
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(0.1),
    default=10.0,
    show_default=True,
    help="Seconds between looks.",
)
@click.option("--for", "for_s", type=click.FloatRange(0.0), help="End after that many seconds.")
def watch(
    sources: tuple[str, ...],
    log: str | None,
    quiet: bool,
    still_s: float,
    every_s: float,
    for_s: float | None,
    **given: Any,
) -> None:
    """Do recordings as they come into a folder, once they have stopped growing. Ctrl-C ends it."""
    from pipeline.batch.nightly import night
    from pipeline.batch.watch import Settled
    from pipeline.batch.watch import watch as watched

    usual = _usual(given)
    asked = _asked(**given)
    with _terminated_politely(), _journal(log, quiet) as journal:
        enough = threading.Event()

        def wait() -> bool:
            over = for_s is not None and journal.elapsed_s >= for_s
            return not over and not enough.wait(every_s)

        with night(asked, "watch", journal) as at_work:
            watched(sources, Settled(still_s), usual, at_work.work, wait)
        _end(journal, quiet)


def _asked(
    *,
    model: str | None,
    engine: Engine | None,
    no_transcript: bool,
    settings_file: Path | None,
    diarizer: str,
    pyannote: Path | None,
    debug: bool,
    **rest: Any,
) -> Options:
    from pipeline.batch.nightly import Options

    if model is not None and no_transcript:
        raise UsageError("--model and --no-transcript exclude each other.")
    settings = options.with_engine(load_measure_settings(settings_file), engine)
    chosen = None if no_transcript else model or settings.transcript.model
    pipeline = options.pyannote_of(diarizer, pyannote)
    return Options(settings=settings, model=chosen, pyannote=pipeline, **rest)


def _usual(given: dict[str, Any]) -> Usual:
    """What the options say of every call, out of all that was given."""
    from pipeline.batch.items import Usual
    from pipeline.measure import roles

    usual = Usual(**{name: given.pop(name) for name in Usual.__struct_fields__})
    if usual.channels:  # a wrong one is told before anything starts
        roles.parse(usual.channels)
    if usual.speakers:
        roles.parse_speakers(usual.speakers)
    return usual


@contextmanager
def _journal(log: str | None, quiet: bool) -> Iterator[Journal]:
    from pipeline.batch.journal import Journal, shown

    with _opened(log) as file, shown(quiet) as show:
        yield Journal(file, show)


@contextmanager
def _opened(log: str | None) -> Iterator[IO[str] | None]:
    if log is None or log == "-":
        yield sys.stderr if log else None
        return
    try:
        file = Path(log).open("a", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(f"--log {log!r} cannot be written: {error.strerror}.") from None
    with file:
        yield file


@contextmanager
def _terminated_politely() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does: stored as interrupted, its workers gone."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before: Callable[..., Any] | int | None = None
    if threading.current_thread() is threading.main_thread():
        before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _end(journal: Journal, quiet: bool) -> None:
    from pipeline.batch.journal import FAILED

    if not quiet:
        for line in journal.summary():
            click.echo(line, err=True)
    if any(journal.counts[what] for what in FAILED):
        raise click.exceptions.Exit(FAILED_IN_PART)
