"""Numbers and addresses that identify people, masked in everything that is shown or exported.

One rule everywhere: of such a number no digit is shown, not its last four either, which are what
banks ask for; every digit is an asterisk, and so is every character of a plate or an address.

Telephone, identity-card and bank-card numbers are recognised by their length, however they are
written: 13812345678, 138 1234 5678, 一三八一二三四五六七八. Amounts, dates and times are shorter
and stay. The facts themselves keep the digits, because judging compares them (was the number read
back correctly?); this module stands between the facts and every reader. What is said in pieces,
over turns, and plates and addresses: `identifying`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec

from pipeline.facts import CallFacts, Said, Turn, Word
from pipeline.report.identifying import (
    MASK,
    identifying,
    mask_digits,
    mask_phrases,
    mask_spoken,
)
from pipeline.scorecard import Evidence, Scorecard
from pipeline.timeline import Span

SHORTEST: Final = 7
"""Digits in a row that are taken for a number that identifies someone."""

_DIGIT: Final = "0-9０-９零〇一二三四五六七八九幺"
_NUMBER: Final = re.compile(
    rf"[{_DIGIT}](?:[ \-–—,，、.。·]{{0,2}}[{_DIGIT}xX]){{{SHORTEST - 1},}}"
)
_ONE_DIGIT: Final = re.compile(rf"[{_DIGIT}xX]")

S = TypeVar("S", bound=msgspec.Struct)


def mask_text(text: str) -> str:
    """The text with every digit of every identifying number as an asterisk.

    The length stays, so that positions in the text do.
    """
    return mask_phrases(_NUMBER.sub(lambda found: _ONE_DIGIT.sub(MASK, found[0]), text))


def mask_words(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words with identifying numbers masked, also where a number runs over several words."""
    masked = mask_text("".join(word.text for word in words))
    result, at = [], 0
    for word in words:
        text = masked[at : at + len(word.text)]
        at += len(word.text)
        result.append(word if text == word.text else msgspec.structs.replace(word, text=text))
    return tuple(result)


def mask_facts(facts: CallFacts) -> CallFacts:
    """The facts as they may be shown."""
    facts = mask_spoken(facts)
    turns: tuple[Turn, ...] = tuple(
        msgspec.structs.replace(turn, said=Said.of(mask_words(turn.words))) for turn in facts.turns
    )
    return _mask_strings(
        msgspec.structs.replace(facts, turns=turns), keep={"sha256", "call_id", "name"}
    )


def mask_scorecard(scorecard: Scorecard, facts: CallFacts | None = None) -> Scorecard:
    """The scorecard as it may be shown.

    With the ``facts`` that it was judged from (not masked), evidence and coaching that quote a
    piece of a number lose its digits too, though the piece alone is too short to tell.
    """
    if facts is not None:
        pieces = [(each.speaker, span) for each in identifying(facts) for span in each.spans]
        scorecard = msgspec.structs.replace(
            scorecard,
            findings=tuple(
                msgspec.structs.replace(
                    each, evidence=tuple(_without(moment, pieces) for moment in each.evidence)
                )
                for each in scorecard.findings
            ),
            coaching=tuple(
                msgspec.structs.replace(each, moment=_without(each.moment, pieces))
                for each in scorecard.coaching
            ),
        )
    return _mask_strings(scorecard, keep={"sha256", "call_id"})


Moment = TypeVar("Moment", Evidence, Evidence | None)


def _without(moment: Moment, pieces: Sequence[tuple[str, Span]]) -> Moment:
    """The moment without the digits of pieces that it quotes."""
    if moment is None or moment.words is None or not _quotes(moment, pieces):
        return moment
    return msgspec.structs.replace(moment, words=mask_digits(moment.words))


def _quotes(evidence: Evidence, pieces: Sequence[tuple[str, Span]]) -> bool:
    span = evidence.span
    return span is not None and any(
        evidence.speaker in (None, who) and span.overlap(when) > 0 for who, when in pieces
    )


def _mask_strings(value: S, keep: set[str]) -> S:
    """Mask every string anywhere in the value, but not in the fields named in ``keep``."""

    def walk(part: object, name: str) -> object:
        if isinstance(part, str):
            return part if name in keep or name.endswith("_sha256") else mask_text(part)
        if isinstance(part, dict):
            return {key: walk(inner, str(key)) for key, inner in part.items()}
        if isinstance(part, (list, tuple)):
            return [walk(inner, name) for inner in part]
        return part

    return msgspec.convert(walk(msgspec.to_builtins(value), ""), type(value))
