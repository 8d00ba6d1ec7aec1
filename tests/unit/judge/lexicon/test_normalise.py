"""Whatever the script, width, case and digits, the units are the same."""

import pytest

from pipeline.judge.lexicon.normalise import COMMA, NONE, QUESTION, STOP, digit_of, number, units


@pytest.mark.parametrize(
    ("written", "same_as"),
    [("謝謝您", "谢谢您"), ("ＯＫ", "ok"), ("24小时", "二十四小时"), ("80%", "百分之八十"),
     ("請　稍、等。", "请稍等"), ("〇一", "零一")],
)  # fmt: skip
def test_units_are_folded(written: str, same_as: str) -> None:
    assert units(written)[0] == units(same_as)[0]


def test_marks_stand_on_the_unit_before_them() -> None:
    found, marks = units("您好，请讲。谁？Don't!")
    assert found == ("您", "好", "请", "讲", "谁", "don't")
    assert marks == (NONE, COMMA, NONE, STOP, QUESTION, STOP)


@pytest.mark.parametrize(
    ("digits", "said"),
    [("0", "零"), ("10", "十"), ("24", "二十四"), ("105", "一百零五"), ("1000", "一千"),
     ("1010", "一千零一十"), ("007", "零零七"), ("12345", "一二三四五"), ("1.5", "一点五")],
)  # fmt: skip
def test_numbers_are_read_as_people_say_them(digits: str, said: str) -> None:
    assert number(digits) == said


def test_digits_by_all_their_names() -> None:
    assert [digit_of(unit) for unit in "零幺两九十"] == ["0", "1", "2", "9", None]


def test_nothing_heard_is_no_unit() -> None:
    assert units("……♪") == ((), ())
