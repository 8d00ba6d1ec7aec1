"""How many syllables a text has when it is spoken.

Mandarin: one for every Hanzi, after numbers and signs were written out (`pipeline.measure.spoken`);
an -r suffix (这儿, 一会儿) belongs to the syllable before it; Latin letters and words as Mandarin
speakers say them. English: a word's vowel groups with the usual corrections. Punctuation is never
spoken.
"""

from __future__ import annotations

import re

from pipeline.measure.english import english_number, english_word
from pipeline.measure.spoken import spoken

LANGUAGES = ("zh", "yue", "en")
"""Languages with rules; others have no syllable count."""

_HANZI = "〇々㐀-䶿一-鿿豈-﫿\U00020000-\U000323af"
_HANZI_CHARACTER = re.compile(f"[{_HANZI}]")
# 儿 is a syllable of its own in words for children and offspring; elsewhere after a Hanzi it only
# colours the syllable before it (Lin 2007, The Sounds of Chinese).
_SUFFIX = re.compile(
    rf"(?<=[{_HANZI}])(?<![女婴幼孤少胎生健宠男育患弃产托])儿(?![子童女媳孙歌科戏化茶保])"
)
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’][A-Za-z]+)*")
_PARTS_OF_CAMEL_CASE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-zà-öø-ÿ'’]+|[À-Þ]")

# Names and abbreviations that are said as words, though written in capitals.
_SAID_AS_WORDS = frozenset(
    {"max", "mini", "pro", "plus", "pin", "sim", "pos", "ram", "rom", "logo", "visa", "wifi"}
    | {"iphone", "ipad", "oppo", "vivo", "nokia", "sony", "huawei", "java", "bug", "home", "phone"}
)
_VOWEL = re.compile("[aeiouyà-öø-ÿ]")
_DIGITS = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?", re.ASCII)
_ENGLISH_SIGNS = (("%", " percent "), ("&", " and "), ("@", " at "))
# Said letter by letter in Mandarin, however they are written.
_SPELLED_IN_MANDARIN = frozenset(("app", "vip", "ip", "id", "ok", "pk", "qq", "cpu", "usb"))


def count(text: str, language: str = "zh") -> int | None:
    """Syllables of the text as it is spoken.

    Args:
        text: any writing; digits, amounts, dates, Latin words and punctuation included.
        language: "zh" (Mandarin; "yue" counts alike) or "en".

    Returns:
        the count; ``None`` for a language without rules.

    >>> count("您好，欢迎致电10086！"), count("我的VIP卡一会儿就到"), count("how are you", "en")
    (11, 10, 3)
    """
    if language == "en":
        return _in_english(text)
    if language in ("zh", "yue"):
        return _in_mandarin(text)
    return None


def _in_mandarin(text: str) -> int:
    said = spoken(text)
    hanzi = len(_HANZI_CHARACTER.findall(said)) - len(_SUFFIX.findall(said))
    latin = (part for word in _LATIN_WORD.findall(said) for part in _parts(word))
    return hanzi + sum(_latin(part, mandarin=True) for part in latin)


def _in_english(text: str) -> int:
    if text.isupper():  # some recognisers shout; then capitals spell nothing
        text = text.lower()
    for written, read in _ENGLISH_SIGNS:
        text = text.replace(written, read)
    said = _DIGITS.sub(_digits_in_english, text)
    latin = (part for word in _LATIN_WORD.findall(said) for part in _parts(word))
    return sum(_latin(part, mandarin=False) for part in latin)


def _digits_in_english(match: re.Match[str]) -> str:
    whole, _, fraction = match.group(0).replace(",", "").partition(".")
    point = " point " + " ".join(english_number(digit) for digit in fraction) if fraction else ""
    return f" {english_number(whole)}{point} "


def _parts(word: str) -> list[str]:
    """WeChat -> We, Chat; iPhone -> i, Phone; McDonald -> Mc, Donald."""
    return [word] if "'" in word or "’" in word else _PARTS_OF_CAMEL_CASE.findall(word)


def _latin(word: str, *, mandarin: bool) -> int:
    lower = word.lower().replace("’", "'")
    if mandarin and lower in _SPELLED_IN_MANDARIN:
        return _letters(lower)
    if not _VOWEL.search(lower) or len(lower) == 1:
        return _letters(lower)
    if word.isupper() and lower not in _SAID_AS_WORDS and "'" not in word:
        return _letters(lower)
    return english_word(lower)


def _letters(word: str) -> int:
    """Letter names have one syllable each, W (double-u, 达不溜) three."""
    return sum(3 if letter == "w" else 1 for letter in word)
