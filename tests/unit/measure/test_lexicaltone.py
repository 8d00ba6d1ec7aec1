import pytest

from pipeline.facts import Word
from pipeline.measure.lexicaltone import tone_syllables
from pipeline.timeline import Span


def tones(*texts: str) -> list[int]:
    words = [
        Word(text=text, span=Span(float(i), i + 1.0), speaker="agent")
        for i, text in enumerate(texts)
    ]
    return [syllable.tone for syllable in tone_syllables(words)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("妈", "麻", "马", "骂", "吗"), [1, 2, 3, 4, 5]),
        (("你", "好"), [2, 3]),  # third tone before third
        (("银行",), [2, 2]),  # 行 as the phrase has it
        (("不", "要"), [2, 4]),  # 不 before fourth
        (("App", "好", "138"), [3]),
        ((), []),
    ],
)
def test_tones_are_as_spoken(texts: tuple[str, ...], expected: list[int]) -> None:
    assert tones(*texts) == expected


def test_a_word_shares_its_time_among_its_syllables() -> None:
    (first, second) = tone_syllables([Word(text="银行", span=Span(1.0, 2.0), speaker="agent")])
    assert (first.span, second.span) == (Span(1.0, 1.5), Span(1.5, 2.0))
