"""The transcript as the page shows it: words with what was found on them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.facts import Turn, Word
from pipeline.scorecard import Evidence, Finding, Scorecard
from pipeline.timeline import Span

_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class ShownWord:
    """A word; ``found`` names what it was found to be."""

    text: str
    span: Span
    classes: str
    found: str
    after: str


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """A turn with its words and the findings that are about it as a whole."""

    speaker: str
    span: Span
    words: tuple[ShownWord, ...]
    remarks: tuple[Finding, ...]


def shown_turns(turns: Sequence[Turn], scorecard: Scorecard, ui: str) -> list[ShownTurn]:
    """The turns that have words, and those on which points were lost."""
    judged = [each for each in scorecard.findings if each.outcome in ("met", "missed")]
    phrases = [
        (finding, piece)
        for finding in judged
        for piece in finding.evidence
        if piece.phrase and piece.counts
    ]
    about = [
        (finding, piece)
        for finding in judged
        if finding.costly
        for piece in finding.faults
        if not piece.phrase
    ]
    shown = (
        ShownTurn(
            turn.speaker,
            turn.span,
            tuple(_words(turn, phrases, ui)),
            tuple(_remarks(turn, about)),
        )
        for turn in turns
    )
    return [turn for turn in shown if turn.words or turn.remarks]


def _words(turn: Turn, phrases: Sequence[tuple[Finding, Evidence]], ui: str) -> Iterator[ShownWord]:
    own = [(finding, piece) for finding, piece in phrases if _touches(turn, piece)]
    comma = "，" if ui == "zh" else ", "
    for word, following in itertools.zip_longest(turn.words, turn.words[1:]):
        here = [
            (finding, piece)
            for finding, piece in own
            if piece.span is not None and word.span.middle in piece.span
        ]
        bad = any(finding.costly and piece in finding.faults for finding, piece in here)
        names = dict.fromkeys(f"{each.standard} {each.name.of(ui)}" for each, _ in here)
        yield ShownWord(
            text=word.text,
            span=word.span,
            classes=(" hit" if here else "") + (" bad" if bad else ""),
            found=comma.join(names),
            after=_between(word, following),
        )


def _touches(turn: Turn, piece: Evidence) -> bool:
    return (
        piece.span is not None
        and piece.speaker == turn.speaker
        and piece.span.start < turn.span.end
        and piece.span.end > turn.span.start
    )


def _remarks(turn: Turn, about: Sequence[tuple[Finding, Evidence]]) -> Iterator[Finding]:
    """Findings whose moment lies in the turn, each once."""
    here = {
        finding.criterion: finding
        for finding, piece in about
        if piece.span is not None
        and turn.span.start <= piece.span.middle < turn.span.end
        and piece.speaker in (turn.speaker, None)
    }
    yield from here.values()


def _between(word: Word, following: Word | None) -> str:
    """A blank between words of scripts that use one, a thin pause mark where the voice paused."""
    if following is None:
        return ""
    if following.span.start - word.span.end > _PAUSE_S:
        return " · "
    latin = word.text[-1:].isascii() and following.text[:1].isascii()
    return " " if latin else ""
