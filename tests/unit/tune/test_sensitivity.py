"""What a tenth more or less turns, against judging again; silent criteria and twins."""

import numpy as np
import pytest

from pipeline.judge.call import check, compile
from pipeline.rubric import load_lexicon, shipped
from pipeline.tune.knobs import turned
from pipeline.tune.sensitivity import cells_for, sensitivity
from pipeline.tune.table import BY_VALUE, Reader, Table, tables
from scripts.synthesis.night import written
from tests.unit.tune import worlds

LEXICON = load_lexicon("zh")
FACTS = [call.facts for call in written(40, 10, seed=5)]


def small(*names: str):
    rubric = shipped("affinity-zh-v1")
    criteria = tuple(each for each in rubric.criteria if each.id in names)
    return type(rubric)(**{**{f: getattr(rubric, f) for f in rubric.__struct_fields__},
                           "criteria": criteria})  # fmt: skip


@pytest.fixture(scope="module")
def found():
    rubric = small("response-time", "speech-rate", "flat-voice", "greets-in-seven")
    cells = cells_for(rubric)
    reader = Reader(rubric, LEXICON, cells)
    return rubric, sensitivity(tables(rubric, cells, [reader.read(each) for each in FACTS]))


def test_flips_are_those_of_judging_again(found) -> None:
    rubric, figures = found
    views = [compile(rubric, LEXICON).view(each) for each in FACTS]
    criteria = {each.id: each for each in rubric.criteria}
    assert {(s.criterion, s.key) for s in figures.swings} >= {
        ("speech-rate", "low"), ("speech-rate", "high"), ("flat-voice", "beyond"),
        ("greets-in-seven", "where.first_s"), ("response-time", "high"),
    }  # fmt: skip
    assert any(swing.flips_above or swing.flips_below for swing in figures.swings)
    for swing in figures.swings:
        criterion = criteria[swing.criterion]
        before = [check(criterion, view).outcome for view in views]
        for number, flips in ((swing.below, swing.flips_below), (swing.above, swing.flips_above)):
            variant = turned(criterion, {swing.key: number})
            after = [check(variant, view).outcome for view in views]
            turns = [{a, b} == {"met", "missed"} for a, b in zip(before, after, strict=True)]
            assert sum(turns) == flips, swing


def test_most_flips_come_first(found) -> None:
    for whole in (False, True):
        shares = [swing.share for swing in found[1].swings if swing.whole == whole]
        assert shares == sorted(shares, reverse=True)
    kinds = [swing.whole for swing in found[1].swings]
    assert kinds == sorted(kinds)  # counts, whose step is more than a tenth, come last
    assert set(kinds) == {False, True}


def test_silent_criteria_and_twins_are_named() -> None:
    values = np.random.default_rng(0).uniform(0, 3, 200)
    one = worlds.table("response-time", values)
    never = worlds.table("talk-share", np.full(200, 0.5))
    other = Table(
        worlds.criterion("steady-rate"), ({},),
        worlds.reading(np.full((1, 200), BY_VALUE, np.int8), (values > 1.5)[None] * 1.0),
    )  # fmt: skip
    figures = sensitivity({"response-time": one, "talk-share": never, "steady-rate": other})
    assert [(each.criterion, each.why) for each in figures.silent] == [("talk-share", "always-met")]
    assert [(each.one, each.other) for each in figures.twins] == [("response-time", "steady-rate")]
