"""Text as the units that phrases are matched on: one Hanzi, or one Latin word, each.

Script (traditional to simplified), width, case, punctuation and digits are folded, so that 謝謝,
"谢谢。" and "24小时" meet 谢谢 and 二十四小时. Punctuation is kept as a mark on the unit before it.
"""

from __future__ import annotations

import functools
import re
import unicodedata

import opencc

NONE, COMMA, STOP, QUESTION = 0, 1, 2, 3
"""What stands after a unit."""

_MARKS = {
    **dict.fromkeys(",、:;…—~", COMMA),
    **dict.fromkeys(".。!", STOP),
    "?": QUESTION,
}
_TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)(?P<percent>%?)"
    r"|(?P<latin>[a-z]+(?:['’][a-z]+)*)"
    r"|(?P<hanzi>[\u3400-\u9fff\u3007])"
    r"|(?P<mark>[,、:;…—~.。!?])"
)
_HANZI = re.compile(r"[\u3400-\u9fff\u3007]+")
_DIGITS = "零一二三四五六七八九"
_CARDINAL_DIGITS = 4
"""Longer digit strings (telephone, order numbers) are read digit by digit."""


@functools.cache
def _to_simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def units(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The units of a text, and the mark after each."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("。", ".")
    folded = _to_simplified().convert(folded).replace("’", "'")
    if _HANZI.fullmatch(folded):
        return tuple(folded.replace("〇", "零")), (NONE,) * len(folded)
    found: list[str] = []
    marks: list[int] = []
    for match in _TOKEN.finditer(folded):
        if match["mark"]:
            if marks:
                marks[-1] = max(marks[-1], _MARKS.get(match["mark"], COMMA))
            continue
        new = _spoken(match)
        found.extend(new)
        marks.extend([NONE] * len(new))
    return tuple(found), tuple(marks)


def _spoken(match: re.Match[str]) -> list[str]:
    if match["number"]:
        return list(("百分之" if match["percent"] else "") + number(match["number"]))
    return [match["latin"] or match["hanzi"].replace("〇", "零")]


def number(digits: str) -> str:
    """A number as it is said: "24" 二十四, "1.5" 一点五, "13800" digit by digit."""
    whole, _, decimals = digits.partition(".")
    if len(whole) > _CARDINAL_DIGITS or (whole.startswith("0") and len(whole) > 1):
        said = "".join(_DIGITS[int(digit)] for digit in whole)
    else:
        said = _cardinal(int(whole))
    return said + ("点" + "".join(_DIGITS[int(digit)] for digit in decimals) if decimals else "")


def _cardinal(value: int) -> str:
    if value < 10:
        return _DIGITS[value]
    said, zero = "", False
    for place, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, place)
        if digit:
            said += ("零" if zero and said else "") + _DIGITS[digit] + name
            zero = False
        else:
            zero = bool(said)
    return said.removeprefix("一") if said.startswith("一十") else said


_DIGIT_OF = {char: str(value) for value, char in enumerate(_DIGITS)} | {"幺": "1", "两": "2"}


def digit_of(unit: str) -> str | None:
    """The digit that a unit says, "幺" too; ``None`` for anything else."""
    return _DIGIT_OF.get(unit)
