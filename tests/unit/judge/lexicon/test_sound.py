"""What speakers merge costs little, what they keep apart costs a unit."""

import pytest

from pipeline.judge.lexicon.sound import BLOCKED, SIMILAR_INITIAL, SoundCosts, skeleton, split

NEGATORS = frozenset("不没")


def cost(said: str, heard: str) -> int:
    return int(SoundCosts([said], NEGATORS).column(heard)[0])


def test_syllables_are_split() -> None:
    assert [split(each) for each in ("zhong4", "an1", "nü3", "lve4")] == [
        ("zh", "ong", "4"), ("", "an", "1"), ("n", "ü", "3"), ("l", "üe", "4"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "pair", ["稍烧", "稍少", "您宁", "是四", "能棱", "夫呼", "心星", "安昂", "您你", "重虫", "长常"]
)
def test_near_sounds_cost_little(pair: str) -> None:
    assert 0 < cost(*pair) < SIMILAR_INITIAL
    assert cost(*pair) == cost(*reversed(pair))


@pytest.mark.parametrize("pair", ["稍饶", "等行", "好看", "八趴"])
def test_other_sounds_cost_much(pair: str) -> None:
    assert cost(*pair) >= SIMILAR_INITIAL


def test_order_of_nearness() -> None:
    same, homophone, tone, near, other = (cost("稍", heard) for heard in "稍烧少臊看")
    assert same == 0 < homophone < tone < other
    assert near < other


def test_a_negator_never_comes_or_goes() -> None:
    assert cost("问", "没") == BLOCKED
    assert cost("没", "有") == BLOCKED
    assert cost("不", "部") < SIMILAR_INITIAL  # a homophone of it is it, misspelt
    assert cost("不", "没") == BLOCKED


def test_latin_words_by_their_letters() -> None:
    assert cost("hello", "hello") == 0
    assert 0 < cost("transferred", "transfered") < SIMILAR_INITIAL
    assert cost("cat", "car") == 100


def test_skeletons_merge_what_is_near() -> None:
    assert skeleton("是") == skeleton("四")
    assert skeleton("心") == skeleton("星")
    assert skeleton("稍") != skeleton("看")
    assert skeleton("ok") == "=ok"
