"""From facts and a rubric to a scorecard: what holds whatever the rubric."""

import gc
from collections.abc import Iterator

import pytest

from pipeline.facts import CallFacts
from pipeline.judge.call import ABREAST, Judge, compile
from pipeline.rubric import load_lexicon, shipped
from scripts.validation.talk import facts_of

LINES = [
    ("agent", "您好，请问有什么可以帮您？"),
    ("customer", "我想查一下话费"),
    ("agent", "好的，请您稍等，我马上帮您查询。"),
    ("customer", "谢谢"),
    ("agent", "不客气，请问还有其他需要吗？"),
    ("customer", "没有了"),
    ("agent", "感谢您的来电，祝您生活愉快，再见。"),
]


@pytest.mark.parametrize("name", ["affinity-zh-v1", "affinity82-zh-v1", "strict-zh-v1"])
def test_no_points_beyond_what_is_possible(name: str) -> None:
    """The weights of affinity82 make points with many decimals; won points are rounded."""
    rubric = shipped(name)
    card = compile(rubric, load_lexicon(rubric.lexicon)).score(facts_of(LINES))
    met = [each for each in card.findings if each.outcome == "met"]
    assert len(met) > 10
    assert all(each.points.won == pytest.approx(each.points.possible, abs=1e-3) for each in met)
    assert all(each.points.won <= each.points.possible for each in card.findings)


@pytest.fixture(scope="module")
def judge() -> Judge:
    rubric = shipped("affinity-zh-v1")
    return compile(rubric, load_lexicon(rubric.lexicon))


@pytest.mark.parametrize("count", [0, 1, ABREAST, 2 * ABREAST + 3])
def test_calls_abreast_are_judged_as_one_by_one(judge: Judge, count: int) -> None:
    calls = [facts_of(LINES[: 1 + at % len(LINES)]) for at in range(count)]
    together = list(judge.scores((call, f"{at:064}") for at, call in enumerate(calls)))
    assert together == [judge.score(call, f"{at:064}") for at, call in enumerate(calls)]


def test_calls_are_read_when_their_turn_has_come_and_the_collector_goes_on(judge: Judge) -> None:
    read: list[bool] = []

    def calls() -> Iterator[tuple[CallFacts, None]]:
        while True:
            read.append(gc.isenabled())
            yield facts_of(LINES), None

    cards = judge.scores(calls())
    next(cards)
    assert len(read) == ABREAST
    assert gc.isenabled()
    assert not any(read)


def test_judging_leaves_nothing_to_collect(judge: Judge) -> None:
    """Or `scores`, in which the collector waits, would fill the memory."""
    found = facts_of(LINES)
    judge.score(found)
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            judge.score(found)
        assert gc.collect() == 0
    finally:
        gc.enable()
