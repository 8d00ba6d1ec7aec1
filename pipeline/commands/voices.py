"""`qinhe voices`: agents' usual voices, learnt from the calls of a store."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.commands import options
from pipeline.errors import printable
from pipeline.settings import load_measure_settings


@click.group()
def voices() -> None:
    """Agents' usual voices: learnt from a store's calls, kept in it and nowhere else.

    A voice that is known tells who is the agent of a mixed recording, and what is loud, fast or
    flat for this person.
    """


@voices.command("list")
@options.store
@options.tracebacks
def list_voices(db: str, files: Path | None) -> None:
    """Whose voices are known, and from how much."""
    from pipeline.store.database import open_database
    from pipeline.store.voices import stored_voices

    with open_database(db, files, make=False) as database, database.reading() as connection:
        found = stored_voices(connection)
    for each in found:
        profile, usual = each.profile, each.profile.usual
        pitch, level = usual.median("f0_median_hz"), usual.median("level_dbov")
        rate = usual.median("articulation_rate_syl_s")
        figures = [
            f"{value:.{digits}f} {unit}"
            for value, digits, unit in ((pitch, 0, "Hz"), (rate, 1, "syl/s"), (level, 0, "dBov"))
            if value is not None
        ]
        click.echo(
            f"{printable(profile.agent)}: {profile.calls} calls, {profile.talk_s / 60:.0f} min, "
            f"{', '.join(figures)} (learnt {each.learnt_at:%Y-%m-%d})"
        )
    click.echo(f"{len(found)} voices", err=True)


@voices.command("learn")
@click.argument("agent", required=False)
@options.store
@click.option(
    "--settings",
    "settings_file",
    type=options.FILE,
    help="Measuring settings instead of configs/measure.yaml.",
)
@options.tracebacks
def learn_voices(
    agent: str | None, db: str, files: Path | None, settings_file: Path | None
) -> None:
    """Learn AGENT's voice from their calls in the store, or every agent's."""
    from pipeline.store import voices as kept
    from pipeline.store.database import open_database

    settings = load_measure_settings(settings_file).profiles
    with open_database(db, files, make=False) as database:
        learnt = kept.learn_voices(database, settings, agent)
    for name, profile in learnt.items():
        told = (
            f"learnt from {profile.calls} calls"
            if profile is not None
            else f"fewer than {settings.least_calls} calls can be learnt from; nothing is kept"
        )
        click.echo(f"{printable(name)}: {told}")


@voices.command("forget")
@click.argument("agent")
@options.store
@options.tracebacks
def forget_voice(agent: str, db: str, files: Path | None) -> None:
    """Remove AGENT's voice from the store. Marks that were given by it stay."""
    from pipeline.store import voices as kept
    from pipeline.store.database import open_database

    with open_database(db, files, make=False) as database:
        kept.forget_voice(database, agent)
    click.echo(f"the voice of {printable(agent)} is forgotten", err=True)
