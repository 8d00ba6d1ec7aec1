import pytest

from pipeline.facts import Word
from pipeline.report.privacy import mask_text, mask_words
from pipeline.timeline import Span


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("我的电话是13812345678。", "我的电话是***********。"),
        ("138 1234 5678", "*** **** ****"),
        ("一三八一二三四五六七八对吗", "***********对吗"),
        ("幺三八,一二三四,五六七八", "***,****,****"),
        ("身份证11010519491231002X", "身份证******************"),
        ("卡号6222 0200 1234 5678 901", "卡号**** **** **** **** ***"),
        ("一共36.50元", "一共36.50元"),
        ("2024年5月3日15:30", "2024年5月3日15:30"),
        ("尾号5678", "尾号5678"),
        ("十一二三个人", "十一二三个人"),
    ],
)
def test_identifying_numbers_are_masked_and_others_stay(said: str, shown: str) -> None:
    assert mask_text(said) == shown
    assert len(mask_text(said)) == len(said)


def test_a_number_over_several_words_is_masked() -> None:
    words = [
        Word(text=text, span=Span(float(i), i + 1.0), speaker="customer")
        for i, text in enumerate(["号码", "138", "1234", "5678", "谢谢"])
    ]
    shown = mask_words(words)
    assert [word.text for word in shown] == ["号码", "***", "****", "****", "谢谢"]
    assert [word.span for word in shown] == [word.span for word in words]
