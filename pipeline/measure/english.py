"""Syllables of English words, and English numbers in words."""

from __future__ import annotations

import re

_VOWEL_GROUP = re.compile(r"[aeiouyàâäéèêëîïôöûüœæ]+")
# What the letters hide, in the order in which it is uncovered: (written, heard).
_HEARD = tuple(
    (re.compile(pattern), heard)
    for pattern, heard in (
        (r"\bmaybe\b", "maybee"),
        (r"\bbusiness", "bisnes"),
        (r"qu", "kw"),
        (r"gu(?=[aeio])", "g"),
        (r"\by(?=[aeiou])", "j"),
        (r"(?<=[aeou])y(?=[aeio])", "j"),
        # Compounds keep the silent e of their first part: some-times, every-one, there-fore.
        (r"\bevery", "evri"),
        (r"\b(som|therefor|wher|ther|her|hous|bas|fram|lif|lik|tim|nam|not|hom|saf|car|wid|fir|"
         r"mak|us|mov|plac|phon|onlin|mor|for|wer|pric)e(?=[^aeiourslnd'])", r"\1"),
        # Silent e: at the end, and before -ly, -ment, -ful, -less, -ness, -s, -d.
        (r"(?<=[bcdgt])re(?=s?\b)", "er"),
        (r"(?<=[bcdfgkpstz])le(?=[sd]?\b|ment)", "el"),
        (r"(?<=[^aeiouyl])e(?=ment)", ""),
        (r"(?<=[^aeiouy])e(?=(?:ly|less|ness|ful|fully)\b|(?:'s)?\b)", ""),
        (r"(?<=[^aeiouyszxcg])(?<![cs]h)e(?=s\b)", ""),
        (r"(?<=[^aeiouytd])(?<![bcdgt]r)e(?=d\b)", ""),
        # -ion, -ial, -ious … are one syllable after these; elsewhere i parts from the next vowel.
        (r"(?<=[stcgnlxh])io(?=n)", "o"),
        (r"(?<=[stcgx])i(?=ou|al\b|ally|al[is]|an\b|ans\b|ent|ence|enc)", ""),
        (r"i(?=age\b|ages\b)|(?<=l)i(?=ar\b|ament)", ""),
        (r"i(?=[aou])", "i-"),
        (r"i(?=e(?:t|nt|nc|rs?\b|st\b|n\b|ns\b))(?<!fri)", "i-"),
        (r"(?<=[aeouy])(?=ing)", "-"),
        (r"crea(?=t(?!ure))", "cre-a"),
        (r"\brea(?=ct|li|ll?oc|p+[eo])", "re-a"),
        (r"(?<=[aeiou][^aeiou])ea(?=s?\b)", "e-a"),
        (r"(?<=line|ucle)a(?=r\b)", "-a"),
        (r"(?<=[aeiou][^aeiouc])ea(?=n\b)", "e-a"),
        (r"u(?=al|ar[iy]|at[ei]|ous|ent|enc|ity|ition|able|ary)", "u-"),
        (r"(?<=vid|ste|rod)eo", "e-o"),
        (r"eo(?=logy|graph|met)", "e-o"),
        (r"oe(?=t|m)", "o-e"),
        (r"\bcoo(?=p[eo]|rd)", "co-o"),
        (r"(?<=[aiou][sh]|is)m(?=s?\b)", "em"),
        (r"yin", "y-in"),
        (r"ically", "icly"),
    )
)  # fmt: skip


def english_word(word: str) -> int:
    """Syllables of a lower-case word; at least one."""
    for pattern, heard in _HEARD:
        word = pattern.sub(heard, word)
    return max(1, len(_VOWEL_GROUP.findall(word)))


_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"), (100, "hundred"))
_TELEPHONE_DIGITS = 7
"""As many digits as this, written without a comma, are read one by one."""


def english_number(digits: str) -> str:
    """Digits in words: "134" -> one hundred thirty four, "0078" and long runs digit by digit."""
    if digits.startswith("0") or len(digits) >= _TELEPHONE_DIGITS:
        return " ".join(_ONES[int(digit)] for digit in digits)
    return _quantity(int(digits))


def _quantity(value: int) -> str:
    for scale, name in _SCALES:
        if value >= scale:
            rest = f" {_quantity(value % scale)}" if value % scale else ""
            return f"{_quantity(value // scale)} {name}{rest}"
    if value < len(_ONES):
        return _ONES[value]
    tens = _TENS[value // 10 - 2]
    return f"{tens} {_ONES[value % 10]}" if value % 10 else tens
