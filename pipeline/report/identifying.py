"""Numbers and addresses that identify people, found in what was said, across turns.

A telephone number is given in pieces: 一三八, 嗯, 一二三四, 对, 五六七八, the other party saying 好
in between and reading each piece back. `privacy.mask_text` sees one string; this module follows
one party's digits through the call: as words or digits, over fillers, pauses and turns, and marks
the other party's repetitions of them too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from pipeline.facts import CallFacts, Said, Turn, Word
from pipeline.timeline import Span

Kind = Literal["number", "plate", "address"]

SHORTEST: Final = 7
"""Digits that identify someone, however they were said."""
_REPEAT: Final = 3
"""Digits in a row of a number found that its repetition by the other party needs."""
_NEAR_S: Final = 60.0
"""A repetition comes within that of the number."""
_PAUSE_S: Final = 12.0
"""Pieces of one number follow one another within that."""
_LONGEST_GAP: Final = 2
"""Words that are neither digits nor fillers that may stand between two pieces."""

_DIGITS: Final = {
    **{str(n): str(n) for n in range(10)},
    **dict(zip("０１２３４５６７８９", "0123456789", strict=True)),
    **dict(zip("零〇一二三四五六七八九幺", "001234567891", strict=True)),
    **dict(zip("壹贰叁肆伍陆柒捌玖", "123456789", strict=True)),
}
_WORDS: Final = {
    "zero": "0", "oh": "0", "o": "0", "one": "1", "two": "2", "three": "3", "four": "4",
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_FILLERS: Final = re.compile(
    r"[\s\-–—,，、.。·?？!！]*(?:嗯|呃|啊|哦|额|那个|然后|就是|是|对|好|好的|对的|uh|um|er|yes|yeah|ok|okay)?"
    r"[\s\-–—,，、.。·?？!！]*",
    re.IGNORECASE,
)
_NUMERAL: Final = "0-9０-９零〇一二三四五六七八九十百千幺两"
_PLATE: Final = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领]\s*[A-Za-z]\s*[·.\-]?\s*"
    r"(?:[A-Za-z0-9零〇一二三四五六七八九幺]\s*){5,6}"
)
_ADDRESS: Final = re.compile(
    r"(?:[\u4e00-\u9fff]{2,4}?(?:省|市|区|县|镇|乡)){0,4}[\u4e00-\u9fff]{1,8}?"
    rf"(?:路|街|大道|巷|弄|胡同|村|小区|花园|苑|大厦|新村|公寓)(?:[\u4e00-\u9fff]{{0,4}}?"
    rf"[{_NUMERAL}]{{1,6}}(?:号楼|号院|号|弄|栋|幢|座|楼|层|单元|室|房))+"
)
_STREET: Final = re.compile(
    r"\b(?:\d+|(?:(?:one|two|three|four|five|six|seven|eight|nine|ten|hundred|twenty|thirty|forty|"
    r"fifty|sixty|seventy|eighty|ninety)[\s-]+){1,5})\s*(?:[A-Za-z]+\s+){1,3}"
    r"(?:street|st|road|rd|avenue|ave|lane|drive|boulevard|blvd|court|close)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A stretch of words that identifies someone.

    Attributes:
        words: (turn, word, first character, last character + 1) of every piece.
    """

    kind: Kind
    speaker: str
    words: tuple[tuple[int, int, int, int], ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    """One word of a party: where it stands and which digits it says, if it says only digits."""

    turn: int
    word: int
    span: Span
    text: str
    digits: str | None


def identifying(facts: CallFacts) -> tuple[Spoken, ...]:
    """Everything that was said and identifies someone, in order of time."""
    parties = {party.speaker: _tokens(facts.turns, party.speaker) for party in facts.speakers}
    runs = [(speaker, run) for speaker, tokens in parties.items() for run in _runs(tokens)]
    numbers = [(who, _said(run), _whole(run)) for who, run in runs if len(_said(run)) >= SHORTEST]
    found: list[Spoken] = []
    for speaker, run in runs:
        digits = _said(run)
        if len(digits) >= SHORTEST or _repeats(speaker, run, numbers):
            found.append(_spoken("number", speaker, run))
    for speaker, tokens in parties.items():
        found += _phrases(speaker, tokens)
    return tuple(sorted(found, key=lambda each: each.spans[0]))


def _tokens(turns: Sequence[Turn], speaker: str) -> list[_Token]:
    return [
        _Token(index, number, word.span, word.text, _digits(word.text))
        for index, turn in enumerate(turns)
        if turn.speaker == speaker
        for number, word in enumerate(turn.words)
    ]


def _digits(text: str) -> str | None:
    """The digits that a word says; ``None`` where it says anything else."""
    plain = text.strip(" \t,，、.。-–—·?？!！").lower()
    if plain in _WORDS:
        return _WORDS[plain]
    parts = [_DIGITS.get(character) for character in plain if character not in " -–—·,，、."]
    if not parts:
        return None
    if None in parts:
        ends_in_x = plain[-1:] == "x" and len(parts) > 1 and None not in parts[:-1]
        return "".join(part or "X" for part in parts) if ends_in_x else None
    return "".join(part for part in parts if part)


def _runs(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    """Digits that follow one another, over fillers, a word or two, and turns."""
    run: list[_Token] = []
    between = 0
    for token in tokens:
        late = bool(run) and token.span.start - run[-1].span.end > _PAUSE_S
        if run and late:
            yield run
            run, between = [], 0
        if token.digits is not None:
            run.append(token)
            between = 0
        elif run and not _FILLERS.fullmatch(token.text):
            between += 1
            if between > (_LONGEST_GAP if token.turn != run[-1].turn else 0):
                yield run
                run, between = [], 0
    if run:
        yield run


def _said(run: Sequence[_Token]) -> str:
    return "".join(token.digits or "" for token in run)


def _whole(run: Sequence[_Token]) -> Span:
    return Span(run[0].span.start, run[-1].span.end)


def _spoken(kind: Kind, speaker: str, tokens: Sequence[_Token]) -> Spoken:
    return Spoken(
        kind,
        speaker,
        tuple((token.turn, token.word, 0, len(token.text)) for token in tokens),
        tuple(token.span for token in tokens),
    )


def _repeats(speaker: str, run: Sequence[_Token], numbers: Sequence[tuple[str, str, Span]]) -> bool:
    """Whether it is a piece of a number that the other party said, near by."""
    digits, here = _said(run), _whole(run)
    near = Span(max(0.0, here.start - _NEAR_S), here.end + _NEAR_S)
    return len(digits) >= _REPEAT and any(
        who != speaker and digits in number and near.overlap(when) > 0
        for who, number, when in numbers
    )


def _phrases(speaker: str, tokens: Sequence[_Token]) -> Iterator[Spoken]:
    """Plates and addresses: patterns over one turn's text, put back onto its words."""
    turns: dict[int, list[_Token]] = {}
    for token in tokens:
        turns.setdefault(token.turn, []).append(token)
    patterns: tuple[tuple[Kind, re.Pattern[str]], ...] = (
        ("plate", _PLATE),
        ("address", _ADDRESS),
        ("address", _STREET),
    )
    for own in turns.values():
        latin = any(token.text[:1].isascii() and token.text[:1].isalpha() for token in own)
        text, starts = "", []
        for token in own:
            starts.append(len(text))
            text += token.text
            text += " " if latin else ""
        for kind, pattern in patterns:
            for match in pattern.finditer(text):
                yield _piece(kind, speaker, own, starts, match.start(), match.end())


def _piece(
    kind: Kind, speaker: str, tokens: Sequence[_Token], starts: Sequence[int], at: int, end: int
) -> Spoken:
    places, spans = [], []
    for token, start in zip(tokens, starts, strict=True):
        first, last = max(0, at - start), min(len(token.text), end - start)
        if first < last:
            places.append((token.turn, token.word, first, last))
            spans.append(token.span)
    return Spoken(kind, speaker, tuple(places), tuple(spans))


# ── Masking ──────────────────────────────────────────────────────────────────────────────────────

MASK: Final = "*"


def mask_spoken(facts: CallFacts) -> CallFacts:
    """The facts with everything found as asterisks, of the same length."""
    hidden: dict[tuple[int, int], set[int]] = {}
    for spoken in identifying(facts):
        for turn, word, characters in _hidden(spoken, facts):
            hidden.setdefault((turn, word), set()).update(characters)
    turns = tuple(
        msgspec.structs.replace(
            turn,
            said=Said.of(
                _masked(word, hidden.get((index, number))) for number, word in enumerate(turn.words)
            ),
        )
        for index, turn in enumerate(facts.turns)
    )
    return msgspec.structs.replace(facts, turns=turns)


def mask_phrases(text: str) -> str:
    """The text with plates and addresses as asterisks, of the same length."""
    for pattern in (_PLATE, _ADDRESS, _STREET):
        text = pattern.sub(lambda found: MASK * len(found[0]), text)
    return text


def mask_digits(text: str) -> str:
    """The text with every digit as an asterisk, of the same length: a piece of a number."""
    words = re.sub(
        r"[A-Za-z]+", lambda word: MASK * len(word[0]) if word[0].lower() in _WORDS else word[0],
        text,
    )  # fmt: skip
    return "".join(MASK if character in _DIGITS else character for character in words)


def _hidden(spoken: Spoken, facts: CallFacts) -> Iterator[tuple[int, int, set[int]]]:
    for turn, word, first, last in spoken.words:
        text = facts.turns[turn].words[word].text
        yield turn, word, {i for i in range(first, last) if not text[i].isspace()}


def _masked(word: Word, hidden: set[int] | None) -> Word:
    if not hidden:
        return word
    text = "".join(MASK if i in hidden else c for i, c in enumerate(word.text))
    return msgspec.structs.replace(word, text=text)
