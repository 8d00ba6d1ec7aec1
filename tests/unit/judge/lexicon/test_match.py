"""The quick matcher finds what a plain one finds."""

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.facts import Said, Turn, Word
from pipeline.judge.lexicon.match import HARD, LEFT_OUT, LIGHT, Matcher, budget
from pipeline.judge.lexicon.normalise import units
from pipeline.judge.lexicon.script import EDGE, Script, Vocabulary, script_of
from pipeline.judge.lexicon.sound import SoundCosts
from pipeline.timeline import Span
from scripts.validation.talk import facts_of

NEGATORS, FILLERS = frozenset("不没别"), frozenset("嗯呃")
PHRASES = [
    "您好", "请您稍等", "谢谢您的耐心等待", "没问题", "有问题", "我非常理解您的心情",
    "请问还有什么可以帮您", "这是我们公司的规定", "再见",
]  # fmt: skip


def script_from(text: str, vocabulary: Vocabulary) -> Script:
    words = tuple(
        Word(text=each, span=Span(at * 0.2, at * 0.2 + 0.2), speaker="agent")
        for at, each in enumerate(text)
    )
    turn = Turn(speaker="agent", span=Span(0, max(0.2, len(text) * 0.2)), said=Said.of(words))
    return script_of([turn], vocabulary)


@cache
def matcher() -> tuple[Matcher, Vocabulary]:
    vocabulary = Vocabulary()
    literals = [(units(phrase)[0], False) for phrase in PHRASES]
    return Matcher(literals, vocabulary, FILLERS, NEGATORS), vocabulary


def found(text: str) -> dict[str, list[str]]:
    ready, vocabulary = matcher()
    script = script_from(text, vocabulary)
    hits: dict[str, list[str]] = {}
    for literal, start, end, _ in zip(*ready.find(script), strict=True):
        hits.setdefault(PHRASES[literal], []).append(script.text(int(start), int(end)))
    return hits


@pytest.mark.parametrize(
    ("text", "phrase"),
    [("请烧等", None), ("请您烧等", "请您稍等"), ("请您嗯稍等", "请您稍等"),
     ("谢谢您耐心等待", "谢谢您的耐心等待"), ("协协您的奶心等带", "谢谢您的耐心等待"),
     ("梅问题", "没问题"), ("有问题", "有问题"), ("我飞常李解您的薪情", "我非常理解您的心情"),
     ("宰见", "再见"), ("这是我们那公司的规定", "这是我们公司的规定")],
)  # fmt: skip
def test_phrases_are_found_by_their_sound(text: str, phrase: str | None) -> None:
    assert list(found(text)) == ([phrase] if phrase else [])


@pytest.mark.parametrize(
    "text",
    [
        "没有问题吗",
        "您号码",
        "我不非常理解您的心情",
        "这是他们学校的规定",
        "请您看着",
        "再建",
        "嗯",
    ],
)
def test_other_words_are_not(text: str) -> None:
    assert not set(found(text)) & {"没问题", "我非常理解您的心情", "这是我们公司的规定", "请您稍等"}


def plain(text: str) -> set[str]:
    """Sellers' algorithm without any short cut: phrases with at most one insertion or deletion."""
    heard = units(text)[0]
    hits = set()
    for phrase in PHRASES:
        said = units(phrase)[0]
        costs = SoundCosts(sorted(set(said)), NEGATORS)
        row = {unit: number for number, unit in enumerate(sorted(set(said)))}
        prices = [[int(costs.column(unit)[row[each]]) for unit in heard] for each in said]
        limit = budget(len(said), exact=False)
        for start in range(len(heard)):
            if best_from(said, heard, prices, start) <= limit:
                hits.add(phrase)
    return hits


def best_from(said, heard, prices, start: int) -> float:
    straight = [
        prices[at][start + at] if start + at < len(heard) else 9999 for at in range(len(said))
    ]
    if max(straight[0], straight[-1]) >= HARD:
        straight = [9999]
    return sum(straight)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(PHRASES),
    st.integers(0, 2**32),
    st.text("您好请稍等谢的了我嗯看大中", max_size=6),
    st.text("您好请稍等谢的了我嗯看大中", max_size=6),
)
def test_no_substitution_that_fits_is_lost(phrase: str, seed: int, before: str, after: str) -> None:
    from scripts.validation.garble import garbled

    text = before + garbled(phrase, 0.25, random.Random(seed)) + after
    assert plain(text) <= set(found(text))


def test_an_inserted_light_unit_is_found_anywhere_inside() -> None:
    for at in range(1, 8):
        phrase = "谢谢您的耐心等待"
        assert phrase in found(phrase[:at] + "呢" + phrase[at:]), at


def test_light_units_may_be_left_out_inside_only() -> None:
    assert found("谢谢您耐心等待")
    assert not found("谢谢您的耐心等")
    assert LIGHT | {"一"} >= LEFT_OUT


def test_places_are_in_the_script() -> None:
    ready, vocabulary = matcher()
    script = script_from("您好您好再见", vocabulary)
    places = ready.find(script)
    first = [place[1:] for place in zip(*map(list, places), strict=True) if place[0] == 0]
    assert first == [(EDGE, EDGE + 2, 0), (EDGE + 2, EDGE + 4, 0)]
    assert script.span(EDGE + 2, EDGE + 4).rounded() == Span(0.4, 0.8)


def test_nothing_is_found_in_nothing() -> None:
    assert found("") == {}


@pytest.mark.parametrize(
    ("text", "phrases"),
    [("您好", ["您好"]), ("您，好", []), ("再见，您好", ["再见", "您好"]),
     ("这是我们，公司的规定", ["这是我们公司的规定"])],
)  # fmt: skip
def test_a_comma_inside_a_short_phrase_parts_it(text: str, phrases: list[str]) -> None:
    ready, vocabulary = matcher()
    script = script_of(facts_of([("agent", text)]).turns, vocabulary)
    assert sorted(PHRASES[at] for at in ready.find(script).literal) == sorted(phrases)
