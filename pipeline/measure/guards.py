"""Tells text that somebody said from text that Whisper made up.

Trained on subtitles, Whisper writes into silence, music and noise what subtitles say there: thanks
for watching, translators' credits, or one phrase for ever (Koenecke et al. 2024, "Careless
Whisper"; openai/whisper discussion 679). Each guard here looks at one sign and refuses words with
its reason, so that a person can see what was left out and why.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from pipeline.facts import RefusedText, Word, join_words
from pipeline.settings import TranscriptGuards
from pipeline.text import bare, syllable_weight
from pipeline.timeline import Span, Timeline, intersection, total


class Segment(NamedTuple):
    """What Whisper gave between two of its timestamps, in the call's time.

    ``placed`` has one entry per word: the word with its time corrected, or ``None`` where nobody
    speaks. The probabilities are those of the decoded window that the segment came from.
    """

    words: tuple[Word, ...]
    placed: tuple[Word | None, ...]
    average_log_probability: float
    no_speech_probability: float


class Guarded(NamedTuple):
    """Words that pass and text that does not, in time order."""

    words: tuple[Word, ...]
    refused: tuple[RefusedText, ...]


def guarded(segments: Iterable[Segment], speech: Timeline, settings: TranscriptGuards) -> Guarded:
    """Sorts what one party said from what was made up.

    Args:
        segments: what the recogniser gave for this party.
        speech: when this party speaks.
        settings: the limits.
    """
    said: list[Word] = []
    refused: list[RefusedText] = []
    for segment in segments:
        reasons = _reasons(segment, speech, settings)
        for run, reason in _runs(reasons):
            words = segment.words[run.start : run.stop]
            if reason is None:
                said.extend(word for word in segment.placed[run.start : run.stop] if word)
            else:
                refused.append(_refusal(words, reason))
    for span, reason in _sparse(said, speech, settings):
        alone = [word for word in said if _inside(word, span)]
        said = [word for word in said if not _inside(word, span)]
        refused.append(_refusal(alone, reason))
    refused.sort(key=lambda text: text.span.start)
    return Guarded(tuple(said), tuple(refused))


def _inside(word: Word, span: Span) -> bool:
    return span.start <= word.span.start < span.end


def _sparse(
    words: Sequence[Word], speech: Timeline, settings: TranscriptGuards
) -> Iterator[tuple[Span, str]]:
    """Sound taken for speech without a break in which hardly a word was found: a tone, a hum."""
    for span in speech:
        lasts = span.end - span.start
        if lasts < settings.sparse_least_s:
            continue
        syllables = sum(syllable_weight(word.text) for word in words if _inside(word, span))
        if 0 < syllables < settings.sparse_syllables_per_s * lasts:
            yield span, f"hardly a word in {lasts:.0f} s of sound"


def _refusal(words: Sequence[Word], reason: str) -> RefusedText:
    span = Span(words[0].span.start, max(word.span.end for word in words))
    text = join_words(word.text for word in words)
    return RefusedText(text=text, span=span, speaker=words[0].speaker, reason=reason)


def _reasons(segment: Segment, speech: Timeline, settings: TranscriptGuards) -> list[str | None]:
    """One entry a word: why it is refused, or ``None``."""
    if whole := _improbable(segment, settings):
        return [whole] * len(segment.words)
    reasons: list[str | None] = [None] * len(segment.words)
    for run, reason in (
        *_credits(segment.words, tuple(settings.credits)),
        *_loops(segment.words, settings),
        *_crowds(segment.words, settings),
    ):
        for index in run:
            reasons[index] = reasons[index] or reason
    for index, word in enumerate(segment.placed):
        if word is None:
            reasons[index] = reasons[index] or "nobody speaks here"
    # What a loop leaves of its segment may well have been said.
    kept = [word for word, reason in zip(segment.words, reasons, strict=True) if reason is None]
    fast = _too_fast(kept, speech, settings)
    return [reason or fast for reason in reasons]


def _runs(reasons: Sequence[str | None]) -> Iterator[tuple[range, str | None]]:
    start = 0
    for at in range(1, len(reasons) + 1):
        if at == len(reasons) or reasons[at] != reasons[start]:
            yield range(start, at), reasons[start]
            start = at


# ── Signs that speak against a whole segment ─────────────────────────────────────────────────────


def _improbable(segment: Segment, settings: TranscriptGuards) -> str | None:
    # Whisper's own rule (Radford et al. 2022, section 4.5): silence where the no-speech token is
    # likely and the text is not.
    likely_silence = segment.no_speech_probability > settings.no_speech_probability
    if likely_silence and segment.average_log_probability < settings.silent_log_probability:
        return f"no speech, by the recogniser ({segment.no_speech_probability:.2f})"
    mean = _mean_log_probability(segment)
    if mean < settings.average_log_probability:
        return f"the recogniser guesses (average log-probability {mean:.2f})"
    return None


def _mean_log_probability(segment: Segment) -> float:
    """Of the segment's own words; the window's where these have none."""
    known = [word.probability for word in segment.words if word.probability is not None]
    if not known:
        return segment.average_log_probability
    return math.fsum(math.log(max(p, 1e-10)) for p in known) / len(known)


def _too_fast(words: Sequence[Word], speech: Timeline, settings: TranscriptGuards) -> str | None:
    syllables = sum(syllable_weight(word.text) for word in words)
    if not words or syllables < settings.fast_least_syllables:
        return None
    reach = settings.time_error_s
    start = words[0].span.start - reach
    end = max(word.span.end for word in words) + reach
    spoken = total(intersection(speech, (Span(max(0.0, start), end),)))
    if syllables <= settings.syllables_per_s * spoken:
        return None
    return f"too much text for the speech here ({syllables} syllables in {spoken:.1f} s)"


# ── Signs that speak against some words ──────────────────────────────────────────────────────────


def _credits(words: Sequence[Word], patterns: tuple[str, ...]) -> Iterator[tuple[range, str]]:
    """Subtitles' credits and farewells, in either script, whatever the marks between."""
    text, owner = _spelled(words)
    for pattern in _compiled(patterns):
        for match in pattern.finditer(text):
            if match.end() > match.start():
                indices = owner[match.start() : match.end()]
                yield range(indices[0], indices[-1] + 1), "a subtitle's credit, known as invented"


@cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


def _spelled(words: Sequence[Word]) -> tuple[str, list[int]]:
    """The words without marks and blanks, and which word each character came from."""
    text, owner = "", []
    for index, word in enumerate(words):
        part = bare(word.text)
        text += part
        owner += [index] * len(part)
    return text, owner


def _loops(words: Sequence[Word], settings: TranscriptGuards) -> Iterator[tuple[range, str]]:
    """The same few words again and again, more often than a person says 对对对对."""
    texts = [bare(word.text) for word in words]
    at = 0
    while at < len(texts):
        size, times = _longest_loop(texts, at, settings.loop_longest_words)
        most = settings.loop_most_same if size == 1 else settings.loop_most_times
        if times > most:
            reason = f"a loop: {join_words(w.text for w in words[at : at + size])!r} {times} times"
            yield range(at, at + size * times), reason
            at += size * times
        else:
            at += 1


def _longest_loop(texts: Sequence[str], at: int, longest: int) -> tuple[int, int]:
    """(words in the repeated unit, times in a row) of the unit at ``at`` that covers most."""
    best = (1, 1)
    for size in range(1, longest + 1):
        unit = texts[at : at + size]
        times = 1
        while texts[at + times * size : at + (times + 1) * size] == unit:
            times += 1
        if len(unit) == size and times > 1 and size * times > best[0] * best[1]:
            best = (size, times)
    return best


def _crowds(words: Sequence[Word], settings: TranscriptGuards) -> Iterator[tuple[range, str]]:
    """Many words that the aligner could only put on the same moment."""
    start = 0
    for at in range(1, len(words) + 1):
        here = words[start]
        if at < len(words) and words[at].span.end - here.span.start <= settings.crowd_s:
            continue
        syllables = sum(syllable_weight(word.text) for word in words[start:at])
        if syllables > settings.crowd_syllables:
            yield range(start, at), f"{syllables} syllables at one moment"
        start = at
