"""Sentences to be spoken: written dialogues, templates of call-centre talk, and shuffled words.

Templates alone would be learnt by heart, and a text that can be guessed teaches nobody to hear
tones; the words, drawn by a flattened frequency from the
jieba dictionary (MIT licence), are there so that a recogniser has to listen. Numbers are written
as they are spoken, in Hanzi; labels carry no punctuation.
"""

import functools
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import jieba

PHRASES = Path(__file__).parent / "phrases"
CALL_FILES = ("agent", "customer", "rude", "service", "topics")
TALK_FILES = ("manners", "money", "repair", "shopping", "travel", "utilities")
COMMON_CHARACTERS = 1800
COMMON_WORDS = 9000
FLATTENING = 0.45  # exponent on the word frequency: 1 keeps the language's own, 0 levels it
DIGITS = "零一二三四五六七八九"
_POWERS = ("", "十", "百", "千")

SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘蒋蔡余"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉红文建国志海燕波宁辉婷雪梅鑫宇浩然"
TITLES = ("先生", "女士", "小姐", "经理", "老师")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words with their flattened weights, all and by part of speech (noun, verb, adjective)."""

    words: tuple[str, ...]
    weights: tuple[float, ...]
    by_part: dict[str, tuple[tuple[str, ...], tuple[float, ...]]]

    def draw(self, random: Random, count: int = 1) -> list[str]:
        """Words drawn independently."""
        return random.choices(self.words, self.weights, k=count)

    def draw_part(self, random: Random, part: str) -> str:
        """A word of one part of speech: "n", "v" or "a"."""
        words, weights = self.by_part[part]
        return random.choices(words, weights)[0]


def call_sentence(random: Random) -> str:
    """A sentence of call-centre talk, punctuated."""
    source = random.choices(CALL_FILES, (5, 4, 2, 5, 8))[0]
    return fill(random.choice(templates(source)), random)


def talk_sentence(random: Random) -> str:
    """A line of the written dialogues (`phrases/talk/`), punctuated: what people really say."""
    return fill(random.choice(_talk_lines()), random)


def everyday_sentence(random: Random) -> str:
    """A sentence that is not from a call, punctuated; most words come from the lexicon."""
    return fill(random.choice(templates("everyday")), random)


def shuffled_words(random: Random) -> str:
    """Two to nine unrelated words."""
    return "".join(lexicon().draw(random, random.randint(2, 9)))


def shuffled_characters(random: Random) -> str:
    """Two to twelve unrelated characters: only the sound tells their tones."""
    return "".join(random.choices(characters(), k=random.randint(2, 12)))


def letters(text: str) -> str:
    """The characters that are spoken: the label of a sentence."""
    return "".join(character for character in text if "\u4e00" <= character <= "\u9fff")


def fill(template: str, random: Random) -> str:
    """Choose among [a|b|c] and fill {slots}."""
    while found := _BRACKETS.search(template):
        chosen = random.choice(found.group(1).split("|"))
        template = template[: found.start()] + chosen + template[found.end() :]
    return _SLOT.sub(lambda slot: SLOTS[slot.group(1)](random), template)


@functools.cache
def templates(name: str) -> tuple[str, ...]:
    """The template lines of one file in `phrases/`."""
    lines = (PHRASES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@functools.cache
def _talk_lines() -> tuple[str, ...]:
    return tuple(line for name in TALK_FILES for line in templates(f"talk/{name}"))


def slot_words(name: str) -> tuple[str, ...]:
    """The words that a slot chooses from: a line `name: word word ...` of phrases/slots.txt."""
    return _slot_lists()[name]


@functools.cache
def _slot_lists() -> dict[str, tuple[str, ...]]:
    lines = (line.split(":") for line in templates("slots"))
    return {name: tuple(words.split()) for name, words in lines}


@functools.cache
def characters() -> tuple[str, ...]:
    """All characters that any sentence can hold: the common ones and those of the templates."""
    fixed = "".join(t for name in (*CALL_FILES, "everyday") for t in templates(name))
    fixed += "".join(_talk_lines())
    fixed += "".join((SURNAMES, GIVEN, *TITLES, *(" ".join(w) for w in _slot_lists().values())))
    fixed += "".join(
        (DIGITS, *_POWERS, "万两幺点分毛半块元月日号年天小时上午下午晚早凌晨中市区路弄楼室")
    )
    return tuple(sorted(set(letters(fixed)) | set(_common_characters())))


@functools.cache
def lexicon() -> Lexicon:
    """The most frequent words that `characters()` can write."""
    allowed = set(characters())
    chosen = [
        (word, count**FLATTENING, part)
        for word, count, part in _dictionary()[:COMMON_WORDS]
        if set(word) <= allowed and not part.startswith(("zg", "g", "x"))
    ]
    by_part = {
        part: _columns([entry for entry in chosen if entry[2] == part and len(entry[0]) > 1])
        for part in ("n", "v", "a")
    }
    words, weights = _columns(chosen)
    return Lexicon(words, weights, by_part)


def _columns(
    entries: Sequence[tuple[str, float, str]],
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    return tuple(entry[0] for entry in entries), tuple(entry[1] for entry in entries)


@functools.cache
def _dictionary() -> tuple[tuple[str, int, str], ...]:
    """(word, count, part of speech) of the jieba dictionary, most frequent first."""
    with Path(jieba.__file__).with_name("dict.txt").open(encoding="utf-8") as lines:
        rows = (line.split() for line in lines)
        entries = [(row[0], int(row[1]), row[2]) for row in rows if letters(row[0]) == row[0]]
    return tuple(sorted(entries, key=lambda entry: (-entry[1], entry[0])))


@functools.cache
def _common_characters() -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for word, count, _ in _dictionary()[:30000]:
        for character in word:
            counts[character] += count
    return tuple(character for character, _ in counts.most_common(COMMON_CHARACTERS))


def number(value: int) -> str:
    """A whole number from 0 to 99,999,999 as it is read out."""
    if value >= 10000:
        high, low = divmod(value, 10000)
        joint = "零" if 0 < low < 1000 else ""
        return number(high) + "万" + (joint + number(low) if low else "")
    if value < 10:
        return DIGITS[value]
    text = ""
    figures = str(value)
    for place, figure in enumerate(figures):
        power = _POWERS[len(figures) - 1 - place]
        if figure != "0":
            text += DIGITS[int(figure)] + power
        elif not text.endswith("零"):
            text += "零"
    text = text.rstrip("零")
    return text[1:] if text.startswith("一十") else text


def digits(random: Random, count: int) -> str:
    """Figures read out one by one; 一 is often read 幺 there."""
    one = random.choice("一幺")
    figures = "".join(random.choice(DIGITS) for _ in range(count)).replace("一", one)
    return _grouped(figures, random)


def phone(random: Random) -> str:
    """A mobile or a landline number."""
    if random.random() < 0.7:
        figures = "一" + random.choice("三五七八九") + "".join(random.choices(DIGITS, k=9))
    else:
        figures = "零" + "".join(random.choices(DIGITS, k=random.choice((9, 10))))
    return _grouped(figures.replace("一", random.choice("一幺")), random)


def _grouped(figures: str, random: Random) -> str:
    """Some people pause after every three or four figures."""
    if random.random() < 0.5:
        return figures
    step = random.choice((3, 4))
    return "，".join(figures[place : place + step] for place in range(0, len(figures), step))


def money(random: Random) -> str:
    """An amount."""
    whole = number(random.choice((random.randint(1, 99), random.randint(100, 9999))))
    unit = random.choice(("块", "块钱", "元"))
    if random.random() < 0.25:
        return f"{whole}{unit[0]}{random.choice(DIGITS[1:])}{random.choice(('', '毛'))}"
    if random.random() < 0.15:
        return f"{number(random.randint(1, 30))}万{unit}"
    return whole + unit


def date(random: Random) -> str:
    """A day, absolute or relative."""
    if random.random() < 0.4:
        near = "今天 明天 后天 昨天 前天 大后天 下周一 周三 星期五 星期天 上周末 月底 下个月 年初"
        return random.choice(near.split())
    day = number(random.randint(1, 31)) + random.choice("号日")
    text = number(random.randint(1, 12)) + "月" + day
    if random.random() < 0.15:
        year = "二零" + random.choice(("一九", "二零", "二一", "二三", "二四", "二五", "二六"))
        text = year + "年" + text
    return text


def clock(random: Random) -> str:
    """A time of day."""
    part = random.choice(("上午", "下午", "晚上", "早上", "中午", ""))
    hour = random.randint(1, 12)
    text = ("两" if hour == 2 else number(hour)) + "点"
    minutes = random.choice(
        ("", "半", "钟", "十分", "四十五分", number(random.randint(11, 59)) + "分")
    )
    return part + text + minutes


def duration(random: Random) -> str:
    """A length of time."""
    count = random.choice(
        ("一", "两", "三", "四", "五", "七", "十", "十五", "二十四", "三十", "半")
    )
    if count == "半":
        return random.choice(("半个小时", "半天", "半年", "半个月"))
    return count + random.choice(
        ("个小时", "天", "个工作日", "分钟", "周", "个月", "小时", "个星期")
    )


def address(random: Random) -> str:
    """A street address."""
    road = random.choice(slot_words("road")) + random.choice(("路", "街", "大道", "东路", "西路"))
    text = f"{road}{number(random.randint(1, 999))}号"
    if random.random() < 0.6:
        text = random.choice(slot_words("city")) + random.choice(("市", "")) + text
    if random.random() < 0.5:
        floor = f"{number(random.randint(1, 40))}楼" if random.random() < 0.5 else ""
        room = "".join(random.choices(DIGITS, k=random.choice((3, 4))))
        text += f"{floor}{room}室"
    return text


def _given(random: Random) -> str:
    return "".join(random.choices(GIVEN, k=random.choice((1, 2, 2))))


SLOTS: dict[str, Callable[[Random], str]] = {
    "digits": lambda random: digits(random, random.randint(3, 11)),
    "phone": phone,
    "money": money,
    "date": date,
    "time": clock,
    "duration": duration,
    "address": address,
    "number": lambda random: number(random.choice((random.randint(1, 99), random.randint(1, 999)))),
    "surname": lambda random: random.choice(SURNAMES),
    "given": _given,
    "title": lambda random: random.choice(TITLES),
    "city": lambda random: random.choice(slot_words("city")),
    "product": lambda random: random.choice(slot_words("product")),
    "rare": lambda random: random.choice(slot_words("rare")),
    "company": lambda random: random.choice(slot_words("company")),
    "noun": lambda random: lexicon().draw_part(random, "n"),
    "verb": lambda random: lexicon().draw_part(random, "v"),
    "adj": lambda random: lexicon().draw_part(random, "a"),
}
