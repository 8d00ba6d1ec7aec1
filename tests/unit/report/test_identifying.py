import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.facts import CallFacts, Said, Turn, Word, join_words
from pipeline.report.identifying import identifying, mask_phrases
from pipeline.report.privacy import mask_facts, mask_scorecard
from pipeline.scorecard import Evidence
from pipeline.timeline import Span
from tests.unit.report import examples


def call(*lines: str, gap_s: float = 0.5) -> CallFacts:
    """Turns as ``a: 您 好``, a word a blank, 0.3 s each."""
    turns, at = [], 0.0
    for line in lines:
        who, _, said = line.partition(":")
        speaker = {"a": "agent", "c": "customer"}[who]
        words = []
        for text in said.split():
            words.append(Word(text=text, span=Span(at, at + 0.3), speaker=speaker))
            at += 0.3
        span = Span(words[0].span.start, words[-1].span.end)
        turns.append(Turn(speaker=speaker, span=span, said=Said.of(words)))
        at += gap_s
    return msgspec.structs.replace(examples.facts(), turns=tuple(turns))


def shown(facts: CallFacts) -> str:
    return " | ".join(join_words(w.text for w in t.words) for t in mask_facts(facts).turns)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # in one go, as words or digits
        (("c: 一三八一二三四五六七八",), "***********"),
        (("c: 我 的 号码 是 13812345678",), "我的号码是***********"),
        # in pieces, over turns, the other party saying 嗯
        (
            ("c: 一三八", "a: 嗯", "c: 一二三四", "a: 好 的", "c: 五六七八"),
            "*** | 嗯 | **** | 好的 | ****",
        ),
        # the agent reads pieces back
        (
            ("c: 幺三八", "a: 幺三八", "c: 一二三四", "a: 一二三四", "c: 五六七八"),
            "*** | *** | **** | **** | ****",
        ),
        # fillers and a word in between
        (("c: 一三八 嗯 一二三四", "c: 然后 五六七八"), "***嗯**** | 然后****"),
        # an identity card that ends in X
        (("c: 一一零一零一 一九九零零一零一 一二三X",), "*" * 18),
        # English digits
        (
            ("c: one three eight one two three four five six seven eight",),
            "*" * 45,
        ),
        # a plate and an address go whole
        (("c: 车牌 是 京A 12345",), "车牌是*******"),
        (("c: 我 住 在 中山路 一百二十 号 三栋 五零二 室",), None),
    ],
)  # fmt: skip
def test_what_identifies_is_masked(lines: tuple[str, ...], expected: str | None) -> None:
    said = shown(call(*lines))
    if expected is None:
        assert "中山路" not in said
        assert "五零二" not in said
    else:
        assert said == expected


@pytest.mark.parametrize(
    "lines",
    [
        ("c: 一共 三百五十 元",),
        ("a: 二零二六 年 十一 月 二十二 日",),
        ("c: 一 二 三", "a: 好", "c: 不 是 这个 问题 四 五 六 七"),  # two thoughts, no number
        ("a: 请 稍等 一 下", "c: 一 个 月", "a: 三 五 天"),
        ("c: 我 走 了 一 段 路",),
        ("a: 第 一 条 路 比较 好",),
    ],
)
def test_what_does_not_identify_stays(lines: tuple[str, ...]) -> None:
    facts = call(*lines)
    assert mask_facts(facts).turns == facts.turns


def test_digits_far_apart_are_no_number() -> None:
    assert identifying(call("c: 一三八一", "c: 二三四五", gap_s=30.0)) == ()
    assert identifying(call("c: 一三八一", "c: 二三四五", gap_s=2.0)) != ()


def test_coaching_that_quotes_a_piece_loses_its_digits() -> None:
    facts = call("c: 一三八", "a: 一三八", "c: 一二三四", "c: 五六七八")
    card = examples.scorecard()
    piece = Evidence(span=facts.turns[1].span, speaker="agent", words="一三八 对吗")
    moments = tuple(msgspec.structs.replace(each, moment=piece) for each in card.coaching)
    masked = mask_scorecard(msgspec.structs.replace(card, coaching=moments), facts)
    assert {each.moment.words for each in masked.coaching} == {"*** 对吗"}


def test_evidence_that_quotes_a_piece_loses_its_digits() -> None:
    facts = call("c: 一三八", "a: 一三八", "c: 一二三四", "c: 五六七八")
    card = examples.scorecard()
    piece = Evidence(span=facts.turns[1].span, speaker="agent", words="一三八 对吗")
    elsewhere = Evidence(span=Span(15.0, 16.0), speaker="agent", words="一三八 对吗")
    finding = msgspec.structs.replace(card.findings[0], evidence=(piece, elsewhere))
    card = msgspec.structs.replace(card, findings=(finding,))
    masked = mask_scorecard(card, facts).findings[0].evidence
    assert [each.words for each in masked] == ["*** 对吗", "一三八 对吗"]


@given(
    st.lists(st.sampled_from("0123456789"), min_size=7, max_size=19),
    st.lists(st.integers(1, 4), min_size=19, max_size=19),
    st.sampled_from(["嗯", "好的", "对", "嗯 好的"]),
)
def test_no_way_of_cutting_a_number_shows_a_digit_of_it(
    digits: list[str], cuts: list[int], answer: str
) -> None:
    hanzi = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
    rest, lines = iter(digits), []
    for cut in cuts:
        piece = "".join(hanzi[d] for d in itertools.islice(rest, cut))
        if piece:
            lines += [f"c: {piece}", f"a: {answer}"]
    said = "".join(
        join_words(w.text for w in turn.words)
        for turn in mask_facts(call(*lines)).turns
        if turn.speaker == "customer"
    )
    assert said == "*" * len(digits)


@given(st.text(max_size=60))
def test_masking_keeps_the_length(text: str) -> None:
    assert len(mask_phrases(text)) == len(text)
