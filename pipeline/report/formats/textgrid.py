"""Praat's TextGrid (long text form): turns and words of each party as interval tiers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.facts import CallFacts
from pipeline.timeline import Span

Labelled = tuple[Span, str]


def textgrid(facts: CallFacts) -> str:
    """Two tiers a party, ``<speaker> turns`` and ``<speaker> words``, and one of holds.

    A tier's intervals cover the whole recording without a gap, as Praat wants them.
    """
    end = facts.audio.duration_s
    tiers = list(_tiers(facts))
    head = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {end:.3f}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    body = [
        line
        for number, (name, parts) in enumerate(tiers, 1)
        for line in _tier(number, name, list(_covering(parts, end)), end)
    ]
    return "\n".join([*head, *body]) + "\n"


def _tiers(facts: CallFacts) -> Iterator[tuple[str, list[Labelled]]]:
    for party in facts.speakers:
        turns = [turn for turn in facts.turns if turn.speaker == party.speaker]
        yield f"{party.speaker} turns", [(turn.span, turn.text) for turn in turns]
        words = [(word.span, word.text) for turn in turns for word in turn.words]
        yield f"{party.speaker} words", words
    yield "holds", [(hold.span, hold.kind) for hold in facts.holds]


def _covering(parts: Iterable[Labelled], end: float) -> Iterator[Labelled]:
    """The parts in order, cut where they overlap, with empty intervals in between."""
    at = 0.0
    for span, label in sorted(parts, key=lambda part: part[0]):
        start, stop = max(at, span.start), min(end, span.end)
        if round(stop, 3) <= round(start, 3):
            continue  # Praat refuses an interval without length
        if round(start, 3) > round(at, 3):
            yield Span(at, start), ""
        yield Span(start, stop), label
        at = stop
    if round(end, 3) > round(at, 3):
        yield Span(at, end), ""


def _tier(number: int, name: str, parts: list[Labelled], end: float) -> Iterator[str]:
    yield f"    item [{number}]:"
    yield '        class = "IntervalTier"'
    yield f"        name = {_quoted(name)}"
    yield "        xmin = 0"
    yield f"        xmax = {end:.3f}"
    yield f"        intervals: size = {len(parts)}"
    for index, (span, label) in enumerate(parts, 1):
        yield f"        intervals [{index}]:"
        yield f"            xmin = {span.start:.3f}"
        yield f"            xmax = {span.end:.3f}"
        yield f"            text = {_quoted(label)}"


def _quoted(text: str) -> str:
    one_line = " ".join(text.split())
    return '"' + one_line.replace('"', '""') + '"'
