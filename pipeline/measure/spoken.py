"""Written Mandarin as it is spoken: digits, amounts, dates, times and signs become Hanzi.

Whisper and people write "2024年5月3日", "¥36.50", "20%" or "138 1234 5678"; callers say 9, 5, 5
and 11 syllables. Where several readings are usual, the shortest common one is taken (三十六块五,
not 三十六元五角零分); the choice is a syllable or two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿", "亿亿")
_LONGEST = 4 * len(_GROUPS)

# A number that is counted: "6 000" is not one, "6,000" is.
_COUNT = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"


def spoken(text: str) -> str:
    """The text with every number and spoken sign written out in Hanzi; Latin words stay.

    >>> spoken("请拨打 138 1234 5678")
    '请拨打 一三八一二三四五六七八'
    >>> spoken("2024年5月3日15:30，¥36.50，优惠20%")
    '二零二四年五月三日十五点三十，三十六块五，优惠百分之二十'
    """
    # A full-width comma stands between clauses, never inside a number: it must not become one.
    text = "，".join(unicodedata.normalize("NFKC", part) for part in text.split("，"))
    for pattern, reading in _RULES:
        text = pattern.sub(reading, text)
    return text


def cardinal(digits: str) -> str:
    """A whole number, read as a quantity: "10086" -> 一万零八十六.

    Longer than any number that has a name, it is read digit by digit.
    """
    digits = digits.lstrip("0")
    if not digits:
        return _DIGITS[0]
    if len(digits) > _LONGEST:
        return one_by_one(digits)
    padded = digits.zfill(-(-len(digits) // 4) * 4)
    groups = [padded[at : at + 4] for at in range(0, len(padded), 4)]
    read = ""
    for group, name in zip(groups, reversed(_GROUPS[: len(groups)]), strict=True):
        if int(group) == 0:
            continue
        gap = "零" if read and group[0] == "0" else ""
        read += gap + _four_digits(group) + name
    return read.removeprefix("一") if read.startswith("一十") else read


def _four_digits(group: str) -> str:
    read = ""
    for digit, place in zip(group, reversed(_PLACES), strict=True):
        if digit != "0":
            read += _DIGITS[int(digit)] + place
        elif read and not read.endswith("零"):
            read += "零"
    return read.rstrip("零")


def one_by_one(digits: str) -> str:
    """Every digit for itself; 一 and 幺 are one syllable each, so the choice does not matter."""
    return "".join(_DIGITS[int(digit)] for digit in digits if digit.isdigit())


def number(written: str) -> str:
    """A number that may have a fraction: "1,234.50" -> 一千二百三十四点五零."""
    whole, _, fraction = written.replace(",", "").partition(".")
    return cardinal(whole) + (f"点{one_by_one(fraction)}" if fraction else "")


# ── Readings, from the most special to the most general ──────────────────────────────────────────


def _date(match: re.Match[str]) -> str:
    year, month, day = match.group("year", "month", "day")
    return f"{one_by_one(year)}年{cardinal(month)}月{cardinal(day)}日"


def _year(match: re.Match[str]) -> str:
    return one_by_one(match.group(1)) + "年"


def _time(match: re.Match[str]) -> str:
    hour, minute, second = match.group("hour", "minute", "second")
    read = cardinal(hour) + "点"
    if int(minute) or second:  # 15:00 is 十五点, 15:05 十五点零五分, 15:30 十五点三十
        read += cardinal(minute) if int(minute) > 9 else f"零{cardinal(minute)}分"
    return read + (f"{'分' if int(minute) > 9 else ''}{cardinal(second)}秒" if second else "")


_CURRENCIES = {"¥": "块", "$": "美元", "€": "欧元", "£": "英镑"}


def _money(match: re.Match[str]) -> str:
    sign, amount, scale = match.group("sign", "amount", "scale")
    unit = _CURRENCIES[sign]
    whole, _, fraction = amount.replace(",", "").partition(".")
    fraction = fraction.rstrip("0")
    if unit != "块" or scale or len(fraction) > 2:
        return number(amount) + (scale or "") + unit
    yuan = cardinal(whole) + unit if int(whole) or not fraction else ""
    return yuan + _change(fraction, after_yuan=bool(yuan))


def _change(fraction: str, *, after_yuan: bool) -> str:
    """Tenths and hundredths of a yuan: 块五, 块五毛五, 块零五分, 五毛."""
    if not fraction:
        return ""
    if fraction[0] == "0":
        return f"{'零' if after_yuan else ''}{cardinal(fraction[1])}分"
    if len(fraction) == 1 and after_yuan:
        return cardinal(fraction)
    return f"{cardinal(fraction[0])}毛{one_by_one(fraction[1:])}"


def _percent(match: re.Match[str]) -> str:
    return ("百分之" if match.group(2) == "%" else "千分之") + number(match.group(1))


def _fraction(match: re.Match[str]) -> str:
    return f"{cardinal(match.group(2))}分之{cardinal(match.group(1))}"


def _digits(match: re.Match[str]) -> str:
    return one_by_one(match.group(0))


def _version(match: re.Match[str]) -> str:
    return "点".join(cardinal(part) for part in match.group(0).split("."))


_UNITS = {
    "km/h": "公里每小时", "km": "公里", "kg": "公斤", "cm": "厘米", "mm": "毫米", "ml": "毫升",
    "mg": "毫克", "°C": "摄氏度", "°": "度", "m": "米", "g": "克", "kwh": "度", "mbps": "兆",
    "h": "小时", "min": "分钟", "㎡": "平米", "m2": "平米",
}  # fmt: skip


def _with_unit(match: re.Match[str]) -> str:
    unit = match.group(2)
    return number(match.group(1)) + (_UNITS.get(unit) or _UNITS[unit.lower()])


_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))


def _grouped(match: re.Match[str]) -> str:
    written = match.group(0)
    if sum(character.isdigit() for character in written) >= _TELEPHONE_DIGITS:
        return one_by_one(written)
    return written.replace("-", "到")


def _named(match: re.Match[str]) -> str:
    return match["name"] + one_by_one(match["digits"])


def _number(match: re.Match[str]) -> str:
    return number(match.group(0))


_TELEPHONE_DIGITS = 7
"""As many digits as this, written without a comma, are read one by one."""
_ALONE = r"(?<![\d.,])"
_END = r"(?![\d.,])"
# Numbers that name something are read digit by digit: after these words ...
_NAME = r"(?:号码|号|码|编号|手机|电话|拨打|热线)(?:是|为)?[:\s]*"
# ... and the short numbers of public services, where no measure word follows.
_SERVICE = r"(?:100\d\d|12[13]\d\d|111\d\d|9[56]\d{3}|11[0-9]|12[0-2])"
_NO_MEASURE = r"(?!\s*[元块万亿千百个人次天年月分秒米斤台件条张户家位名套兆点倍度岁公厘%°])"
_DATE = r"(?P<year>(?:19|20)\d\d)(?P<by>[-/.])(?P<month>\d{1,2})(?P=by)(?P<day>\d{1,2})"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
_MONEY = rf"(?P<sign>[¥$€£])\s*(?P<amount>{_COUNT})(?P<scale>[万亿])?(?:元|块钱?)?"

_Reading = Callable[[re.Match[str]], str] | str
_RULES: tuple[tuple[re.Pattern[str], _Reading], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), reading)
    for pattern, reading in (
        (rf"(?<!\d){_DATE}(?!\d)", _date),
        (r"(?<!\d)(\d{4})年", _year),
        (r"(?<!\d)(\d\d)年(?=\s*\d{1,2}月)", _year),
        (rf"(?<!\d){_TIME}(?!\d)", _time),
        (rf"(?<![\w.])[-−](?={_COUNT})", "负"),
        (_MONEY, _money),
        (r"(?<=\d)\.0+(?=\s*[元块])", ""),
        (r"(?<=\d)(\.\d*[1-9])0+(?=\s*[元块])", r"\1"),
        (rf"({_COUNT})\s*([%‰])", _percent),
        (rf"(?<![\d.,:])\d+(?:[ -]\d+)+{_END}", _grouped),
        (r"(?<=\d)\s*[~-]\s*(?=\d)", "到"),
        (r"(?<=\d)\s*[*x×]\s*(?=\d)", "乘"),
        (r"(?<=\d):(?=\d)", "比"),
        (r"(?<![\d/])(\d+)[/⁄](\d+)(?![\d/])", _fraction),
        (r"\d+(?:\.\d+){2,}", _version),
        (rf"({_COUNT})\s*({_UNIT})(?![A-Za-z])", _with_unit),
        (rf"(?P<name>{_NAME})(?P<digits>\d{{3,}}){_END}{_NO_MEASURE}", _named),
        (rf"{_ALONE}{_SERVICE}{_END}{_NO_MEASURE}", _digits),
        (rf"{_ALONE}(?:0\d+|\d{{{_TELEPHONE_DIGITS},}}){_END}(?!\s*[元块])", _digits),
        (_COUNT, _number),
        (r"@", "艾特"),
        (r"(?<=[A-Za-z0-9])\.(?=[A-Za-z0-9])", "点"),
        (r"#(?=[号键])", "井"),
        (r"\*(?=[号键])", "星"),
    )
)
