"""The lexical tones of Mandarin words, with the time of every syllable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from pypinyin import Style, lazy_pinyin

from pipeline.facts import Word
from pipeline.measure.intonation import ToneSyllable
from pipeline.text import has_han
from pipeline.timeline import Span


def tone_syllables(words: Sequence[Word]) -> tuple[ToneSyllable, ...]:
    """Every Hanzi of the words with its tone and its share of the word's time.

    Tones are the dictionary's for the phrase they stand in, with tone sandhi (third tone before
    third, 一 and 不) as spoken. Digits and Latin words, whose tones are not written, are left out.
    """
    text = "".join(word.text for word in words)
    tones = iter(_tones(text))
    return tuple(
        ToneSyllable(span, tone)
        for word in words
        for span, tone in _of_word(word, [next(tones) for _ in word.text])
        if tone is not None
    )


def _tones(text: str) -> list[int | None]:
    """One entry for every character of the text, ``None`` for what is not Hanzi."""
    tones: list[int | None] = []
    for hanzi, run in groupby(text, key=has_han):
        characters = "".join(run)
        tones += _of_hanzi(characters) if hanzi else [None] * len(characters)
    return tones


def _of_hanzi(characters: str) -> Sequence[int | None]:
    read = lazy_pinyin(
        characters,
        style=Style.TONE3,
        neutral_tone_with_five=True,
        tone_sandhi=True,
        errors="ignore",
    )
    if len(read) != len(characters):  # a character that the dictionary lacks
        return [None] * len(characters)
    return [int(syllable[-1]) if syllable[-1:].isdigit() else None for syllable in read]


def _of_word(word: Word, tones: Sequence[int | None]) -> Iterator[tuple[Span, int | None]]:
    step = word.span.duration / max(1, len(tones))
    for place, tone in enumerate(tones):
        start = word.span.start + place * step
        yield Span(start, start + step), tone
