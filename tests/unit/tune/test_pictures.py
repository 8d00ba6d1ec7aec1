"""Pictures of every kind of number: limits, what decides what is counted, and both at once."""

import numpy as np
import pytest

from pipeline.report import drawing
from pipeline.rubric import shipped
from pipeline.store.marks import Mark
from pipeline.tune import pictures
from pipeline.tune.calls import Calls
from pipeline.tune.fit import Plan
from pipeline.tune.knobs import knobs_of
from pipeline.tune.table import BY_VALUE, MET, MISSED, Table, cells_of
from pipeline.tune.tuning import Work, tune
from tests.unit.tune import worlds

RNG = np.random.default_rng(0)
CALLS = tuple(f"call-{at}" for at in range(200))
AGENTS = tuple(worlds.agents(20, 200))
PLAN = Plan(redraws=60, shuffles=199)


def work(table: Table, missed: np.ndarray, keys: tuple[str, ...]) -> Work:
    name = table.criterion.id
    marks: list[Mark] = [
        worlds.mark(call, name, bool(bad)) for call, bad in zip(CALLS, missed, strict=True)
    ]
    knobs = tuple(knob for knob in knobs_of(table.criterion) if knob.key in keys)
    calls = Calls(CALLS, AGENTS, ({},) * 200, {name: table})
    return Work(shipped("affinity-zh-v1"), {name: knobs}, calls, marks)


def limits() -> Work:
    values = np.round(RNG.normal(4.4, 0.9, 200), 3)
    missed = (values < 3.6) | (values > 5.2)
    return work(worlds.table("speech-rate", values), missed, ("low", "high"))


def sizes() -> Work:
    """Silences that are too long; how long is tried at every cell."""
    criterion = worlds.criterion("dead-air")
    knobs = [knob for knob in knobs_of(criterion) if knob.key == "beyond"]
    cells = cells_of(criterion, knobs)
    longest = RNG.uniform(3, 40, 200)
    codes = np.array([np.where(longest > cell["beyond"], MISSED, MET) for cell in cells], np.int8)
    table = Table(criterion, cells, worlds.reading(codes, np.full(codes.shape, np.nan)))
    return work(table, longest > 18, ("beyond",))


def both() -> Work:
    """A share of answers in time: the share is a limit, the time is tried at every cell."""
    criterion = worlds.criterion("after-hold")
    knobs = [knob for knob in knobs_of(criterion) if knob.key in ("share", "within_s")]
    cells = cells_of(criterion, knobs)
    slow = RNG.uniform(2, 25, 200)
    values = np.array([np.clip(cell["within_s"] / slow, 0, 1).round(3) for cell in cells])
    codes = np.full(values.shape, BY_VALUE, np.int8)
    table = Table(criterion, cells, worlds.reading(codes, values))
    return work(table, slow > 12, ("share", "within_s"))


@pytest.mark.parametrize(("made", "panels"), [(limits, 5), (sizes, 3), (both, 5)])
def test_every_kind_of_number_has_its_panels(made, panels: int) -> None:
    given = made()
    tuned = tune(given, PLAN)
    (found,) = tuned.fits
    assert found.knobs
    picture = pictures.of(found, given, tuned, "en")
    drawn = [axes for axes in picture.axes if axes.axison]
    titles = [axes.get_title(loc="left") for axes in drawn]
    assert len(drawn) == panels
    assert titles.count("objective along the threshold") == len(found.knobs)
    assert {"ROC", "precision and recall"} <= set(titles)
    assert drawing.png(picture).startswith(b"\x89PNG")


def test_the_curve_of_roc_goes_from_nothing_to_everything() -> None:
    given = limits()
    tuned = tune(given, PLAN)
    picture = pictures.of(tuned.fits[0], given, tuned, "en")
    roc = next(axes for axes in picture.axes if axes.get_title(loc="left") == "ROC")
    for name in ("low", "high"):
        (line,) = [line for line in roc.get_lines() if line.get_label() == name]
        flagged, found = (np.asarray(each, float) for each in line.get_data())
        assert max(flagged) == max(found) == 1.0
        order = np.lexsort((found, flagged))
        assert (np.diff(found[order]) >= -1e-9).all()
