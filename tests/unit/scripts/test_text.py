"""The training texts: numbers are read as people read them, templates are filled."""

from collections.abc import Callable
from random import Random

import pytest

from scripts.synthesis import text
from scripts.synthesis.voice import to_syllables


@pytest.mark.parametrize(
    ("value", "spoken"),
    [
        (0, "零"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (105, "一百零五"),
        (110, "一百一十"),
        (1001, "一千零一"),
        (1010, "一千零一十"),
        (10000, "一万"),
        (10050, "一万零五十"),
        (105000, "十万五千"),
    ],
)
def test_numbers_are_read_out(value: int, spoken: str) -> None:
    assert text.number(value) == spoken


def test_brackets_and_slots_are_filled() -> None:
    filled = {text.fill("[您|你]好{surname}[先生|女士]", Random(seed)) for seed in range(200)}
    assert all(len(sentence) == 5 for sentence in filled)
    assert {sentence[0] for sentence in filled} == {"您", "你"}
    assert len(filled) > 50


@pytest.mark.parametrize(
    "name", [*text.CALL_FILES, "everyday", *(f"talk/{name}" for name in text.TALK_FILES)]
)
def test_every_template_can_be_spoken(name: str) -> None:
    allowed = set(text.characters())
    for seed, template in enumerate(text.templates(name)):
        sentence = text.fill(template, Random(seed))
        assert not set(sentence) & set("[]{}|"), template
        assert set(text.letters(sentence)) <= allowed
        assert text.letters("".join(label for label, _ in to_syllables(sentence)))


def test_shuffled_words_are_of_a_wide_vocabulary() -> None:
    random = Random(5)
    seen = "".join(text.shuffled_words(random) for _ in range(3000))
    assert len(set(seen)) > 1500


@pytest.mark.parametrize(
    "sentence", [text.talk_sentence, text.call_sentence, text.shuffled_characters]
)
def test_same_seed_gives_the_same_sentences(sentence: Callable[[Random], str]) -> None:
    first, second = Random(9), Random(9)
    assert [sentence(first) for _ in range(50)] == [sentence(second) for _ in range(50)]
