"""What written talk is made of: script, marks, words. Pure; measuring and judging share it.

Transcribers mix traditional and simplified script (謝謝, 谢谢), sprinkle marks as they please and
write numbers as digits. Facts keep the text as it was recognised; everything that compares text
compares the folded form given here.
"""

from __future__ import annotations

import functools
import re
import unicodedata

import opencc

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Chinese characters, as the inside of a regular expression's class."""

_SINGLE = rf"[{HAN}\u3041-\u30ff\u31f0-\u31ff]"  # written without blanks: Han and kana
_ALNUM = rf"(?:(?!{_SINGLE})[^\W_])"
_NUMBER = r"(?:[$¥￥€£]?\d+(?:[.,:/\-]\d+)+[%％‰℃°]?)"
_RUN = rf"(?:[$¥￥€£]?{_ALNUM}+(?:['’.\-&@_+]{_ALNUM}+)*(?:[%％‰℃°]|\++)?)"
_WORD = re.compile(rf"{_NUMBER}(?!{_ALNUM})|{_RUN}|{_SINGLE}")
_VOWELS = re.compile(r"[aeiouy\u00e0-\u017f]+", re.IGNORECASE)
_HAN = re.compile(rf"[{HAN}]")


@functools.cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def simplified(text: str) -> str:
    """Traditional characters as simplified ones; the length and everything else stay.

    OpenCC's phrase tables decide the ambiguous ones (乾淨 is 干净, 乾隆 stays 乾隆).
    """
    folded: str = _converter().convert(text)
    return folded


def is_han(character: str) -> bool:
    """Whether it is one Chinese character."""
    return _HAN.fullmatch(character) is not None


def has_han(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return _HAN.search(text) is not None


def is_single(character: str) -> bool:
    """Whether the character is a word by itself in a script without blanks (Han, kana)."""
    return re.fullmatch(_SINGLE, character) is not None


def word_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where the words are: (first, one past last) character of each, in order.

    A Chinese character is a word, so is a run of other letters and digits with what belongs to
    it (``that's``, ``e-mail``, ``3.5``, ``9:30``, ``50%``, ``¥99``). Punctuation is in no word.
    """
    return tuple(match.span() for match in _WORD.finditer(text))


def words_in(text: str) -> tuple[str, ...]:
    """The words of ``text``, without punctuation."""
    return tuple(text[first:last] for first, last in word_spans(text))


def bare(text: str) -> str:
    """What remains for comparing: simplified, half-width, lower case, letters and digits only."""
    folded = unicodedata.normalize("NFKC", simplified(text)).casefold()
    return "".join(character for character in folded if character.isalnum())


def syllable_weight(word: str) -> int:
    """About how many syllables a word takes to say; only ratios of it are used, to share out time.

    A Chinese character or a digit is one, other words have one per group of vowels, initialisms
    one per letter. The pace of speech is measured with a finer count.
    """
    weight = sum(1 for character in word if is_single(character) or character.isdigit())
    for run in re.findall(rf"(?:(?!{_SINGLE})[^\W\d_])+", word):
        vowels = _VOWELS.findall(run if len(run) < 4 else run.removesuffix("e"))
        weight += len(run) if run.isupper() and len(run) < 5 else max(1, len(vowels))
    return max(1, weight)
