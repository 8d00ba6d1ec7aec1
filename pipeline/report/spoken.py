"""The transcript as the page shows it: words with what was found on them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.facts import Turn, Word
from pipeline.report.curves import costs
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
    moments = [
        (finding, piece)
        for finding in scorecard.findings
        if finding.outcome in ("met", "missed")
        for piece in finding.evidence
        if piece.counts and piece.span is not None
    ]
    phrases = [(finding, piece) for finding, piece in moments if piece.phrase]
    others = [(finding, piece) for finding, piece in moments if not piece.phrase]
    shown = (
        ShownTurn(
            turn.speaker,
            turn.span,
            tuple(_words(turn, phrases, ui)),
            tuple(_remarks(turn, others)),
        )
        for turn in turns
    )
    return [turn for turn in shown if turn.words or turn.remarks]


def _words(turn: Turn, phrases: Sequence[tuple[Finding, Evidence]], ui: str) -> Iterator[ShownWord]:
    own = [
        (finding, piece.span)
        for finding, piece in phrases
        if piece.span is not None
        and piece.speaker == turn.speaker
        and piece.span.start < turn.span.end
        and piece.span.end > turn.span.start
    ]
    for word, following in itertools.zip_longest(turn.words, turn.words[1:]):
        about = [finding for finding, span in own if word.span.middle in span]
        bad = any(costs(finding) for finding in about)
        classes = (" hit" if about else "") + (" bad" if bad else "")
        found = "，" if ui == "zh" else ", "
        names = dict.fromkeys(f"{each.standard} {each.name.of(ui)}" for each in about)
        yield ShownWord(word.text, word.span, classes, found.join(names), _between(word, following))


def _remarks(turn: Turn, moments: Sequence[tuple[Finding, Evidence]]) -> Iterator[Finding]:
    """Missed findings whose moment lies in the turn, each once."""
    seen = set()
    for finding, piece in moments:
        here = piece.span is not None and turn.span.start <= piece.span.middle < turn.span.end
        if here and costs(finding) and piece.speaker in (turn.speaker, None):
            if finding.criterion not in seen:
                yield finding
            seen.add(finding.criterion)


def _between(word: Word, following: Word | None) -> str:
    """A blank between words of scripts that use one, a thin pause mark where the voice paused."""
    if following is None:
        return ""
    if following.span.start - word.span.end > _PAUSE_S:
        return " · "
    latin = word.text[-1:].isascii() and following.text[:1].isascii()
    return " " if latin else ""
