"""`qinhe redact`: a copy of a recording without what identifies people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.commands import options
from pipeline.errors import FactsError, UsageError, printable
from pipeline.settings import load_measure_settings

if TYPE_CHECKING:
    from pipeline.facts import CallFacts
    from pipeline.redact import How


@click.command()
@click.argument("audio", nargs=-1, required=True, type=options.FILE)
@click.option("--facts", "facts_file", type=options.FILE, help="The recording's facts.")
@options.optional_store
@click.option("--out", type=options.FILE, required=True, help="The copy, a WAV file.")
@click.option(
    "--how",
    type=click.Choice(["silence", "beep"]),
    default="silence",
    show_default=True,
    help="What is heard instead.",
)
@options.tracebacks
def redact(
    audio: tuple[Path, ...],
    facts_file: Path | None,
    db: str | None,
    files: Path | None,
    out: Path,
    how: How,
) -> None:
    """Copy a recording with spoken numbers, plates and addresses silenced or beeped.

    AUDIO is the recording, or the agent's and the customer's file. What was said is taken from its
    facts, or from the store that knows it by its content.
    """
    from pipeline.measure.audio import open_audio
    from pipeline.redact import hidden_spans, write_redacted

    if len(audio) > 2:
        raise UsageError("Give one recording, or the agent's and the customer's file.")
    if (facts_file is None) == (db is None):
        raise UsageError("Give --facts FILE or --db URL: where what was said is known.")
    with open_audio(audio, load_measure_settings().audio) as sound:
        facts = _facts(sound.sha256, facts_file, db, files)
        if facts.audio.sha256 != sound.sha256:
            raise FactsError(
                facts_file or "the store",
                expected=f"the facts of {printable(audio[0])}",
                found="those of another recording",
                remedy="measure this one first",
            )
        if facts.transcript is None:
            raise FactsError(
                facts_file or "the store",
                expected="facts with a transcript",
                found="none: nobody knows what was said",
                remedy="measure the recording with a model or a transcript",
            )
        seconds = write_redacted(sound, hidden_spans(facts), out, how)
    click.echo(f"{seconds:.1f} s taken out: {printable(out)}", err=True)


def _facts(sha256: str, path: Path | None, db: str | None, files: Path | None) -> CallFacts:
    from pipeline.facts import decode
    from pipeline.files import read_input
    from pipeline.store.calls import known
    from pipeline.store.database import open_database
    from pipeline.store.reading import stored_call

    if path is not None:
        return decode(read_input(path), path)
    with open_database(db or "", files, make=False) as database, database.reading() as connection:
        found = known(connection, sha256)
        return stored_call(connection, found.call_id if found else sha256).facts()
