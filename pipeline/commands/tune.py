"""`qinhe tune`, `qinhe sensitivity`, `qinhe fairness`: thresholds, from stored facts and marks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.commands import options
from pipeline.commands.proposing import write_points, write_thresholds
from pipeline.commands.terminal import console
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.tune.calls import Calls
    from pipeline.tune.knobs import Knob
    from pipeline.tune.objective import Objective
    from pipeline.tune.pointing import PointsWork
    from pipeline.tune.space import Bounds
    from pipeline.tune.truth import Rule
    from pipeline.tune.tuning import Work

_rubric = click.option(
    "--rubric", metavar="NAME|FILE", help="The rubric to look at. Default: Mandarin's."
)
_workers = click.option("--workers", type=click.IntRange(1, 1024), help="Default: one a core.")
_asking = options.together(
    options.store,
    _rubric,
    click.option(
        "--raters",
        "rule",
        type=click.Choice(["majority", "weighted"]),
        default="majority",
        show_default=True,
        help="How several raters' marks on a call become one verdict; ties are left out.",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Of all that is drawn."),
    _workers,
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options that `tune` and `fairness` share, as given."""

    db: str
    files: Path | None
    rubric: str | None
    rule: Rule
    seed: int
    workers: int | None

    def work(
        self, names: tuple[str, ...], bounds: Bounds | None = None, *, similarity: bool = False
    ) -> Work:
        """Rubric, knobs, marks, and what the judge makes of the calls."""
        from pipeline.commands.rubrics import rubric_of
        from pipeline.rubric import load_lexicon
        from pipeline.store.database import open_database
        from pipeline.store.marks import all_marks
        from pipeline.tune.calls import read_calls
        from pipeline.tune.knobs import chosen
        from pipeline.tune.table import cells_of
        from pipeline.tune.tuning import Work

        rubric = rubric_of(self.rubric)
        knobs = chosen(rubric, names, similarity=similarity)
        _refuse_unknown(bounds, knobs)
        with open_database(self.db, self.files, make=False) as database:
            with database.reading() as connection:
                marks = all_marks(connection)
            marked = {mark.criterion for mark in marks} & set(knobs)
            if not marked:
                raise UsageError(_NO_MARKS)
            criteria = [each for each in rubric.criteria if each.id in marked]
            cells = {each.id: cells_of(each, knobs[each.id]) for each in criteria}
            lexicon = load_lexicon(rubric.lexicon)
            calls = read_calls(database, rubric, lexicon, cells, self.workers or _cores())
        return Work(rubric, knobs, calls, marks)

    def points_work(self, names: tuple[str, ...], bounds: Bounds) -> PointsWork:
        """Rubric, layout of its points, marks of whole calls, and every call's shares."""
        from pipeline.commands.rubrics import rubric_of
        from pipeline.rubric import load_lexicon
        from pipeline.rubric.reading import as_written
        from pipeline.settings import default_rubric
        from pipeline.store.database import open_database
        from pipeline.store.marks import all_marks
        from pipeline.tune.pointing import read_shares
        from pipeline.tune.proposal import file_of
        from pipeline.tune.weighing import layout_of

        rubric_of(self.rubric)  # says which there are, where there is none of that name
        written = as_written(file_of(self.rubric or default_rubric("zh")))
        layout = layout_of(written, names, bounds)
        with open_database(self.db, self.files, make=False) as database:
            with database.reading() as connection:
                marks = [mark for mark in all_marks(connection) if mark.criterion is None]
            if not marks:
                raise UsageError(_NO_OVERALL)
            lexicon = load_lexicon(written.lexicon)
            workers = self.workers or _cores()
            return read_shares(database, written, lexicon, layout, marks, workers)


_NO_OVERALL: Final = (
    "There are no marks on whole calls, which points are fitted to; see `qinhe marks sample "
    "--scale 0-100` and `qinhe marks import`."
)
_NO_MARKS: Final = (
    "There are no marks on what is asked for; see `qinhe marks sample` and `qinhe marks import`."
)


@click.command()
@click.argument("names", metavar="[CRITERION[.KEY]]…", nargs=-1)
@_asking
@click.option(
    "--objective",
    type=click.Choice(["kappa", "f1", "cost"]),
    default="kappa",
    show_default=True,
    help="What to search for; cost: that of misses overlooked against that of false flags.",
)
@click.option(
    "--costs",
    metavar="OVERLOOKED:FALSE",
    default="1:1",
    show_default=True,
    help="With --objective cost: what a miss overlooked and a false flag cost, such as 5:1.",
)
@click.option(
    "--keep",
    "kept",
    metavar="KEY=LOW..HIGH",
    multiple=True,
    help="Bounds for a number, such as speech-rate.high=5..6.5; either end may be left out.",
)
@click.option("--similarity", is_flag=True, help="Also turn how like a phrase must be (`similar`).")
@click.option(
    "--points",
    "as_points",
    is_flag=True,
    help="Fit the criteria's points to marks of whole calls instead; thresholds stay.",
)
@click.option("--out", type=options.FILE, help="Folder for the proposal, page, pictures, figures.")
@options.ui
@options.tracebacks
def tune(
    names: tuple[str, ...],
    kept: tuple[str, ...],
    similarity: bool,
    as_points: bool,
    out: Path | None,
    ui: str,
    **asked: Any,
) -> None:
    """Search thresholds that serve human marks best; propose a rubric, never edit one.

    Names single criteria, or single numbers such as dead-air.beyond; default: the principal
    numbers of every criterion. With --points the criteria whose points may change.
    """
    from pipeline.tune import text, tuning
    from pipeline.tune.fit import Plan

    objective = _objective(asked.pop("objective"), asked.pop("costs"))
    given = _Asked(**asked)
    if as_points:
        _points(given, names, _bounds(kept), out, ui)
        return
    plan = Plan(objective=objective, seed=given.seed, bounds=_bounds(kept))
    work = given.work(names, plan.bounds, similarity=similarity)
    tuned = tuning.tune(work, plan, given.rule, given.workers or _cores())
    # Written first: whoever pipes what is printed into `head` shall have the files all the same.
    written = [] if out is None else write_thresholds(out, tuned, work, given.rubric, ui)
    console().print(text.tuning(tuned, work.rubric, ui), *written, sep="\n")
    _tell_left_out(work.calls)


_OF_THRESHOLDS: Final = {
    "objective": "--objective",
    "costs": "--costs",
    "similarity": "--similarity",
    "rule": "--raters",
}


def _points(
    given: _Asked, names: tuple[str, ...], bounds: Bounds, out: Path | None, ui: str
) -> None:
    """`qinhe tune --points`."""
    from pipeline.rubric.reading import weighted
    from pipeline.tune import pointing, pointstext
    from pipeline.tune.points import PointsPlan

    source = click.get_current_context().get_parameter_source
    for option, name in _OF_THRESHOLDS.items():
        if source(option) is click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"{name} is for thresholds: leave it out with --points.")
    work = given.points_work(names, bounds)
    found = pointing.tune_points(work, PointsPlan(seed=given.seed))
    rubric = weighted(work.written)
    written = [] if out is None else write_points(out, found, work, rubric, given.rubric, ui)
    console().print(pointstext.points(found, rubric, ui), *written, sep="\n")
    _tell_left_out(work)


def _objective(name: str, costs: str) -> Objective:
    from pipeline.tune.objective import Objective

    overlooked, _, false_flag = costs.partition(":")
    try:
        prices = float(overlooked), float(false_flag)
    except ValueError:
        prices = -1.0, -1.0
    if min(prices) < 0 or not 0 < max(prices) < math.inf:
        raise UsageError(f"--costs {costs!r} is not like 5:1.")
    return Objective(name, *prices)  # type: ignore[arg-type]  # a choice of click's


def _bounds(kept: tuple[str, ...]) -> Bounds:
    found = {}
    for each in kept:
        name, equals, ends = each.partition("=")
        low, dots, high = ends.partition("..")
        try:
            if not equals or not dots:
                raise ValueError
            found[name] = (float(low) if low else None, float(high) if high else None)
        except ValueError:
            raise UsageError(f"--keep {each!r} is not like speech-rate.high=5..6.5.") from None
    return found


def _refuse_unknown(bounds: Bounds | None, knobs: Mapping[str, Sequence[Knob]]) -> None:
    turned = {knob.name for own in knobs.values() for knob in own}
    for name in bounds or {}:
        if name not in turned:
            there = ", ".join(sorted(turned)[:12])
            raise UsageError(f"--keep {name}: no number of that name is turned; there: {there}.")


def _cores() -> int:
    from pipeline.batch.run import cores

    return cores()


def _tell_left_out(calls: Calls | PointsWork) -> None:
    for fault in calls.faults:
        click.echo(fault, err=True)
    if calls.other_language:
        click.echo(
            f"{calls.other_language} calls in another language than the rubric's left out", err=True
        )


@click.command()
@options.store
@_rubric
@_workers
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@options.ui
@options.tracebacks
def sensitivity(
    db: str, files: Path | None, rubric: str | None, workers: int | None, as_json: bool, ui: str
) -> None:
    """How many verdicts a tenth more or less of each threshold turns; no marks needed."""
    from pipeline.commands.rubrics import rubric_of
    from pipeline.facts import encode
    from pipeline.rubric import load_lexicon
    from pipeline.store.database import open_database
    from pipeline.tune import sensitivity as hangs
    from pipeline.tune import text
    from pipeline.tune.calls import read_calls

    found = rubric_of(rubric)
    lexicon = load_lexicon(found.lexicon)
    with open_database(db, files, make=False) as database:
        calls = read_calls(database, found, lexicon, hangs.cells_for(found), workers or _cores())
    figures = hangs.sensitivity(calls.tables)
    if as_json:
        click.echo(encode(figures), nl=False)
    else:
        console().print(text.sensitivity(figures, found, ui))
    _tell_left_out(calls)


@click.command()
@click.argument("names", metavar="[CRITERION]…", nargs=-1)
@_asking
@click.option(
    "--by",
    "keys",
    metavar="KEY",
    multiple=True,
    help="A key of the metadata (queue, team, direction, any of the manifest's own columns), or "
    "layout, coding, bandwidth as heard. Default: all that have 2 to 12 groups.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@options.ui
@options.tracebacks
def fairness(
    names: tuple[str, ...], keys: tuple[str, ...], as_json: bool, ui: str, **asked: Any
) -> None:
    """Whether good calls of one group are flagged more often than those of another."""
    import msgspec

    from pipeline.tune import fairness as even
    from pipeline.tune import text, tuning

    given = _Asked(**asked)
    work = given.work(names)
    refused = tuning.refusals(work)
    for criterion, problems in refused.items():
        for each in problems:
            click.echo(f"{criterion}: {each.found}", err=True)
    truths = tuning.truths_of(work, given.rule, refused)
    found = even.fairness(work.calls, truths, keys, given.seed)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=1))
    else:
        console().print(text.fairness(found, work.rubric, ui))
    _tell_left_out(work.calls)
