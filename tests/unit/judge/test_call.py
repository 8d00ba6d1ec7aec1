"""From facts and a rubric to a scorecard: what holds whatever the rubric."""

import pytest

from pipeline.judge.call import compile
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
