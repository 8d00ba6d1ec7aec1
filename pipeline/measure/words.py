"""Pieces of timed text -> words with times; what Whisper and imported transcripts share.

A recogniser gives text in pieces that are not words: "10" and "086", "，请", " Wi" and "Fi", three
characters at once. Here pieces become words (`pipeline.text.word_spans`): Latin letters and digits
are put together, marks fall away, Chinese characters stay as the recogniser grouped them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import msgspec

from pipeline.facts import Word
from pipeline.settings import ImportSettings
from pipeline.text import is_single, syllable_weight, word_spans, words_in
from pipeline.timeline import Span, Timeline, intersection, total

UNHEARD = "\ufffc"
"""Stands in text for speech that the transcriber could not, or must not, write."""

_CLAUSE_END = re.compile(r"(?<!\d)[,.:]|[,.:](?!\d)|[，。！？；：、…!?;]")


class Piece(NamedTuple):
    """Text between two times in seconds, as a recogniser or a file gave it."""

    text: str
    start: float
    end: float
    probability: float | None = None


class Passage(NamedTuple):
    """What a recogniser wrote at one go, with the natural log-probabilities of its doing so."""

    pieces: tuple[Piece, ...]
    average_log_probability: float
    no_speech_probability: float


class _Part(NamedTuple):
    """The part of a piece that belongs to one word."""

    piece: int
    first: int
    last: int


def words_from(pieces: Sequence[Piece], speaker: str) -> tuple[Word, ...]:
    """The words that the pieces spell, in order.

    A piece that holds several words shares its time among them by their syllables. A word made of
    several pieces has the mean of their probabilities, weighted by characters.
    """
    text = "".join(piece.text for piece in pieces)
    owner = [index for index, piece in enumerate(pieces) for _ in piece.text]
    spelled = [
        [_Part(owner[first], first, last) for first, last in _same_owner(first, last, owner)]
        for first, last in _grouped(text, owner)
    ]
    times = _times(text, pieces, [part for parts in spelled for part in parts])
    return tuple(
        Word(
            text=text[parts[0].first : parts[-1].last],
            span=Span(times[parts[0]].start, max(times[parts[0]].start, times[parts[-1]].end)),
            speaker=speaker,
            probability=_mean_probability(pieces, parts),
        )
        for parts in spelled
    )


def _grouped(text: str, owner: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Spans of words; Chinese characters that came in one piece, side by side, are one word."""
    group: tuple[int, int] | None = None
    for first, last in word_spans(text):
        single = is_single(text[first])
        if group and single and group[1] == first and owner[group[0]] == owner[first]:
            group = (group[0], last)
            continue
        if group:
            yield group
        group = (first, last) if single else None
        if not single:
            yield first, last
    if group:
        yield group


def _same_owner(first: int, last: int, owner: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = first
    for at in range(first + 1, last + 1):
        if at == last or owner[at] != owner[start]:
            yield start, at
            start = at


def _times(text: str, pieces: Sequence[Piece], parts: Sequence[_Part]) -> dict[_Part, Span]:
    """Shares each piece's time among its parts."""
    times: dict[_Part, Span] = {}
    of_piece: dict[int, list[_Part]] = {}
    for part in parts:
        of_piece.setdefault(part.piece, []).append(part)
    for index, mine in of_piece.items():
        piece = pieces[index]
        whole = (Span(piece.start, max(piece.start, piece.end)),)
        weights = [syllable_weight(text[part.first : part.last]) for part in mine]
        times.update(zip(mine, shared_out(weights, whole), strict=True))
    return times


def _mean_probability(pieces: Sequence[Piece], parts: Sequence[_Part]) -> float | None:
    known = [
        (probability, part.last - part.first)
        for part in parts
        if (probability := pieces[part.piece].probability) is not None
    ]
    if not known:
        return None
    return sum(p * n for p, n in known) / sum(n for _, n in known)


def shared_out(weights: Sequence[float], spans: Timeline) -> list[Span]:
    """Consecutive spans of time in proportion to ``weights``, laid along ``spans``.

    A share that would reach over a gap between the spans is cut to the side where most of it lies.
    """
    reached = [0.0, *accumulate(weights)]
    elapsed = [0.0, *accumulate(span.duration for span in spans)]
    at = [weight / reached[-1] * elapsed[-1] for weight in reached]
    return [_laid(start, end, spans, elapsed) for start, end in pairwise(at)]


def _laid(start: float, end: float, spans: Timeline, elapsed: Sequence[float]) -> Span:
    """Seconds ``start`` to ``end`` of the time inside ``spans``, as one span of real time."""
    index = min(max(0, bisect_right(elapsed, start) - 1), len(spans) - 1)
    best: Span | None = None
    while index < len(spans) and (best is None or elapsed[index] < end):
        span, passed = spans[index], elapsed[index]
        first = min(span.end, span.start + max(start, passed) - passed)
        last = min(span.end, span.start + max(start, min(end, elapsed[index + 1])) - passed)
        here = Span(first, max(first, last))
        if best is None or here.duration > best.duration:
            best = here
        index += 1
    return best or Span(spans[-1].end, spans[-1].end)


def spread(text: str, span: Span, speech: Timeline, settings: ImportSettings) -> list[Piece]:
    """Times for the words of a segment of which only the whole is timed.

    The words share the time in which their speaker speaks inside the segment, by their syllables;
    where that is too little of it, the speech activity is not believed. Where a pause falls near
    the end of a clause, it is taken for that end.

    Args:
        text: what was said, marks included.
        span: the segment.
        speech: when the speaker speaks; short pauses help.
        settings: what is little, and what is near.
    """
    spoken = intersection(speech, (span,))
    if not spoken or total(spoken) < settings.least_speech_share * span.duration:
        spoken = (span,)
    tokens, ends = _tokens(text)
    if not tokens:
        return []
    weights = [_time_weight(token) for token in tokens]
    times: list[Span] = []
    for some, where in _at_pauses(weights, ends, spoken, settings.pause_reach_s):
        times += shared_out(some, where)
    return [
        Piece(token, at.start, at.end)
        for token, at in zip(tokens, times, strict=True)
        if token != UNHEARD
    ]


def _tokens(text: str) -> tuple[list[str], list[int]]:
    """Words and `UNHEARD`s, and after how many of them a clause ends."""
    tokens: list[str] = []
    ends: list[int] = []
    for clause in _CLAUSE_END.split(text):
        for part in clause.replace(UNHEARD, f"\n{UNHEARD}\n").split("\n"):
            tokens += (UNHEARD,) if part == UNHEARD else words_in(part)
        ends.append(len(tokens))
    return tokens, ends


def _at_pauses(
    weights: Sequence[int], ends: Sequence[int], spoken: Timeline, reach_s: float
) -> Iterator[tuple[Sequence[int], Timeline]]:
    """Weights and the stretches that they share, divided where a clause ends at a pause."""
    reached = [0, *accumulate(weights)]
    elapsed = [0.0, *accumulate(span.duration for span in spoken)]
    clauses = sorted({end for end in ends if 0 < end < len(weights)})
    first, start = 0, 0
    for pause in range(1, len(spoken)):
        rate = (reached[-1] - reached[first]) / (elapsed[-1] - elapsed[start])
        expected = reached[first] + (elapsed[pause] - elapsed[start]) * rate
        later = bisect_left(clauses, expected, key=lambda end: reached[end])
        near = [end for end in clauses[max(0, later - 1) : later + 1] if end > first]
        end = min(near, key=lambda end: abs(reached[end] - expected), default=first)
        if end > first and abs(reached[end] - expected) <= reach_s * rate:
            yield weights[first:end], spoken[start:pause]
            first, start = end, pause
    yield weights[first:], spoken[start:]


def _time_weight(token: str) -> int:
    return 2 if token == UNHEARD else syllable_weight(token)


def touching(timeline: Timeline, span: Span) -> Timeline:
    """The spans of a timeline that share time with ``span``, uncut."""
    first = bisect_right(timeline, span.start, key=lambda other: other.end)
    last = bisect_left(timeline, span.end, key=lambda other: other.start)
    return timeline[first:last]


def into_speech(words: Sequence[Word], speech: Timeline, reach_s: float) -> list[Word | None]:
    """Corrects word times with speech activity, by at most ``reach_s`` seconds.

    A recogniser's alignment lets words run into the silence beside them. Each word is cut to the
    stretch of speech that it shares most time with; a word that lies in silence moves to the
    nearest speech within reach.

    Returns:
        One entry a word; ``None`` where no speech is within reach.
    """
    corrected: list[Word | None] = []
    at = 0.0
    index = 0
    for word in words:
        while index < len(speech) and speech[index].end < word.span.start - reach_s:
            index += 1
        span = _in_speech(word.span, speech, index, reach_s)
        if span is None:
            corrected.append(None)
            continue
        span = Span(max(span.start, at), max(span.end, at))
        at = span.end
        corrected.append(msgspec.structs.replace(word, span=span))
    return corrected


def _in_speech(span: Span, speech: Timeline, index: int, reach_s: float) -> Span | None:
    best: tuple[float, Span] | None = None
    for near in speech[index:]:
        if near.start > span.end + reach_s:
            break
        # Shared time; below zero the distance, for a word in silence.
        shared = min(near.end, span.end) - max(near.start, span.start)
        if best is None or shared > best[0]:
            best = shared, near
    if best is None or best[0] < -reach_s:
        return None
    near = best[1]
    if best[0] > 0 or near.start <= span.start <= span.end <= near.end:
        return Span(max(span.start, near.start), min(span.end, near.end))
    if span.end <= near.start:
        return Span(near.start, min(near.end, near.start + span.duration))
    return Span(max(near.start, near.end - span.duration), near.end)
