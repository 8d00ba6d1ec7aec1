"""Script folding, marks and words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import bare, has_han, is_han, simplified, syllable_weight, words_in

ASSIGNED = st.characters(exclude_categories=["Cs", "Cn"])
CHINESE = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)


@pytest.mark.parametrize(
    ("traditional", "expected"),
    [
        ("謝謝您的來電", "谢谢您的来电"),
        ("請問有什麼可以幫您？", "请问有什么可以帮您？"),
        ("乾淨", "干净"),
        ("乾隆", "乾隆"),
        ("皇后在後面", "皇后在后面"),
        ("臺灣的頭髮發現", "台湾的头发发现"),
        ("VIP 10086", "VIP 10086"),
        ("", ""),
    ],
)
def test_traditional_script_becomes_simplified(traditional: str, expected: str) -> None:
    assert simplified(traditional) == expected


@given(st.text(CHINESE | st.characters(), max_size=40))
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    folded = simplified(text)
    assert len(folded) == len(text)
    for before, after in zip(text, folded, strict=True):
        assert before == after or has_han(before)


@given(CHINESE)
def test_simplified_characters_stay(character: str) -> None:
    once = simplified(character)
    assert simplified(once) == once


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("您好，请问！", "您 好 请 问"),
        ("VIP客户的WiFi是5G", "VIP 客 户 的 WiFi 是 5G"),
        ("一共¥99.50，打8.5折，涨了50%。", "一 共 ¥99.50 打 8.5 折 涨 了 50%"),
        ("下午9:30，2026-11-22", "下 午 9:30 2026-11-22"),
        ("that's e-mail, AT&T and C++.", "that's e-mail AT&T and C++"),
        ("Hello... world -- yes", "Hello world yes"),
        ("謝謝", "謝 謝"),
        ("１２３元", "１２３ 元"),
        ("。，！？…—「」()", ""),
        ("  ", ""),
        ("Grüße naïve", "Grüße naïve"),
        ("ありがとう", "あ り が と う"),
        ("안녕하세요 고객님", "안녕하세요 고객님"),
    ],
)
def test_words_without_marks(text: str, words: str) -> None:
    assert " ".join(words_in(text)) == words


@given(st.text(ASSIGNED, max_size=60))
def test_no_letter_or_digit_is_lost_and_no_word_is_only_marks(text: str) -> None:
    words = words_in(text)
    assert all(re.search(r"[^\W_]", word) for word in words)
    kept = [c for word in words for c in word if c.isalnum()]
    assert kept == [c for c in text if c.isalnum()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("謝謝，您的 ＶＩＰ！", "谢谢您的vip"),
        ("字幕由 Amara.org 社區提供", "字幕由amaraorg社区提供"),
        ("——", ""),
    ],
)
def test_bare_text_compares(text: str, expected: str) -> None:
    assert bare(text) == expected


@pytest.mark.parametrize(
    ("word", "weight"),
    [("您好", 2), ("10086", 5), ("VIP", 3), ("hello", 2), ("name", 1), ("national", 3), ("hm", 1)],
)
def test_weight_is_about_the_syllables(word: str, weight: int) -> None:
    assert syllable_weight(word) == weight


def test_what_is_a_chinese_character() -> None:
    assert all(is_han(character) for character in "您谢謝〇々𠮷")
    assert not any(is_han(character) for character in ["a", "1", "，", "の", "한", "您好", ""])
    assert has_han("VIP客户")
    assert not has_han("VIP")
