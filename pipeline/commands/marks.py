"""`qinhe marks`: what people say of calls, into the store and out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from pipeline.commands import options
from pipeline.errors import MarksError, UsageError, printable

if TYPE_CHECKING:
    from pipeline.marks.checking import Checked
    from pipeline.marks.reading import Refused
    from pipeline.store.marks import Scale
    from pipeline.store.verdicts import Named

FAILED_IN_PART = 4
_SHOWN = 200


@click.group()
def marks() -> None:
    """Human marks: draw calls to mark, import what people said, export it."""


def _scale(context: object, option: object, name: str | None) -> Scale | None:
    """``0-100``, or ``1-5:1`` for whole numbers; ``none``: numbers are not asked for."""
    from pipeline.store.marks import Scale

    try:
        return None if name is None or name == "none" else Scale.parse(name)
    except ValueError as error:
        raise UsageError(f"--scale: {error}.") from None


def scale_option(said: str, default: str | None = None) -> Callable[[options.F], options.F]:
    """What numbers stand on."""
    return click.option(
        "--scale",
        metavar="LOW-HIGH[:STEP]",
        default=default,
        show_default=default is not None,
        callback=_scale,
        help=said,
    )


@marks.command("import")
@click.argument("files_of_marks", metavar="FILE…", nargs=-1, required=True, type=options.FILE)
@options.store
@click.option("--rater", metavar="NAME", help="Who marked, where a file does not say.")
@scale_option("What numbers stand on, where a file does not say, such as 0-100 or 1-5:1.")
@click.option(
    "--rubric",
    metavar="NAME|FILE",
    help="Its criteria may be marked too, beside those of the stored scorecards.",
)
@click.option("--replace", is_flag=True, help="Let marks replace what their rater said before.")
@click.option("--partial", is_flag=True, help="Store the good rows of a file with bad ones.")
@options.tracebacks
def import_(
    files_of_marks: tuple[Path, ...],
    db: str,
    files: Path | None,
    rubric: str | None,
    partial: bool,
    **how: Any,
) -> None:
    """Store marks from CSV, Parquet, Excel, Label Studio's JSON or our own JSON.

    A wrong row is refused with its place, and then nothing is stored at all (exit code 3); with
    --partial the other rows are (exit code 4).
    """
    from pipeline.commands.rubrics import rubric_of
    from pipeline.marks.importing import import_marks
    from pipeline.store.database import open_database

    also = [criterion.id for criterion in rubric_of(rubric).criteria] if rubric else []
    with open_database(db, files, make=False) as database:
        checked = import_marks(database, files_of_marks, also=also, partial=partial, **how)
    if checked.refused and not partial:
        remedy = "correct them, or take the others with --partial; nothing was stored"
        refuse(checked.refused, files_of_marks, remedy)
    _name(checked.refused)
    click.echo(_summary(checked), err=True)
    if checked.refused:
        raise click.exceptions.Exit(FAILED_IN_PART)


def refuse(refused: Sequence[Refused], paths: Sequence[Path], remedy: str) -> NoReturn:
    """Name every row that is no mark.

    Raises:
        MarksError: always.
    """
    _name(refused)
    raise MarksError(
        ", ".join(printable(path) for path in paths),
        expected="rows that are all marks of known calls",
        found=f"{len(refused)} that are not, named above",
        remedy=remedy,
    )


def _name(refused: Sequence[Refused]) -> None:
    for each in refused[:_SHOWN]:
        click.echo(str(each), err=True)
    if len(refused) > _SHOWN:
        click.echo(f"… and {len(refused) - _SHOWN} more", err=True)


def _summary(checked: Checked) -> str:
    parts = [f"{len(checked.new)} marks stored"]
    for count, what in (
        (len(checked.changed), "replaced"),
        (checked.same, "stored before"),
        (checked.empty, "rows left empty"),
        (len(checked.refused), "refused"),
    ):
        if count:
            parts.append(f"{count} {what}")
    return ", ".join(parts)


@marks.command()
@options.store
@click.option("--n", "count", type=click.IntRange(1), required=True, help="How many calls.")
@click.option(
    "--by",
    type=click.Choice(["random", "stratified", "uncertain"]),
    default="random",
    show_default=True,
    help="random; evenly over agents and marks; or where a verdict is nearest its limit.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--criterion", "asked", multiple=True, help="Only this criterion; may be repeated.")
@scale_option("Of the mark on the whole call; none: it is not asked for.", "0-100")
@click.option("--rater", metavar="NAME", help="Who is to fill the form in.")
@click.option("--new", "unmarked", is_flag=True, help="Only calls that nobody has marked.")
@click.option(
    "--out", type=options.FILE, default=Path(), help="Folder for the forms. Default: here."
)
@options.ui
@options.tracebacks
def sample(
    db: str,
    files: Path | None,
    asked: tuple[str, ...],
    unmarked: bool,
    out: Path,
    ui: str,
    **given: Any,
) -> None:
    """Draw calls to mark and write the form: CSV, Excel, and Label Studio's tasks.

    The form tells neither verdicts nor agents. Filled in, it goes to `qinhe marks import`.
    """
    from pipeline.files import write_whole
    from pipeline.marks.forms import files as forms
    from pipeline.marks.sampling import draw
    from pipeline.store.database import open_database
    from pipeline.store.marks import all_marks
    from pipeline.store.verdicts import criteria, judged_calls, verdicts

    with open_database(db, files, make=False) as database, database.reading() as connection:
        calls = judged_calls(connection)
        if unmarked:
            marked = {mark.call_id for mark in all_marks(connection)}
            calls = [call for call in calls if call.call_id not in marked]
        chosen = _chosen(criteria(connection), asked)
        held = (v for v in verdicts(connection) if v.criterion in chosen)
        drawn = draw(calls, held, given["count"], given["by"], given["seed"])
    if not drawn:
        raise MarksError(
            db,
            expected="calls to draw from",
            found="none",
            remedy="run `qinhe batch` first, or leave out --new",
        )
    written = forms(drawn, chosen, given["scale"], given["rater"], ui)
    write_whole({out / name: data for name, data in written.items()})
    click.echo(f"{len(drawn)} calls to mark in {printable(out)}: {', '.join(written)}", err=True)
    if len(drawn) < given["count"]:
        click.echo(f"{given['count']} were asked for; there are no more.", err=True)


def _chosen(known: dict[str, Named], asked: tuple[str, ...]) -> dict[str, Named]:
    unknown = [criterion for criterion in asked if criterion not in known]
    if unknown:
        raise UsageError(
            f"--criterion {printable(unknown[0])}: the stored scorecards have "
            f"{', '.join(known) or 'none'}."
        )
    return {
        criterion: named for criterion, named in known.items() if not asked or criterion in asked
    }


@marks.command()
@options.store
@click.option(
    "--out",
    type=options.FILE,
    required=True,
    help="The file: .csv, .parquet, .xlsx or .json says which kind.",
)
@options.tracebacks
def export(db: str, files: Path | None, out: Path) -> None:
    """Write every mark as a file that imports again."""
    from pipeline.files import write_whole
    from pipeline.marks.writing import encoded
    from pipeline.store.database import open_database
    from pipeline.store.marks import all_marks

    with open_database(db, files, make=False) as database, database.reading() as connection:
        stored = all_marks(connection)
    write_whole({out: encoded(stored, out)})
    click.echo(f"{len(stored)} marks in {printable(out)}", err=True)
