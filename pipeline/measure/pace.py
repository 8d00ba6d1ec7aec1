"""Pace: how fast someone speaks, where they rattle, drawl and hesitate.

Speech rate counts the pauses, articulation rate leaves them out (Goldman-Eisler 1968; the pause
threshold after De Jong & Bosker 2013, DiSS, 17-20). Rates are syllables per second; times 60 they
are the syllables (for Mandarin: characters) per minute that call centres prescribe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.facts import Burst, Word, join_words
from pipeline.measure import syllables
from pipeline.measure.nuclei import Nuclei
from pipeline.settings import PaceSettings
from pipeline.timeline import Span, Timeline, bridge, intersection, total

Float64Array = npt.NDArray[np.float64]

_HOP_S = 0.5


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast one turn, or one speaker, was. Rates are syllables per second."""

    syllables: int | None = None
    """Spoken, from the words."""
    speech_rate_syl_s: float | None = None
    """Pauses included."""
    articulation_rate_syl_s: float | None = None
    """Pauses left out."""
    nuclei_rate_syl_s: float | None = None
    """Pauses left out, from sound alone."""
    reason: str | None = None
    """Why rates are ``None``."""


def of_turn(
    words: Sequence[Word],
    span: Span,
    speech: Iterable[Span],
    language: str,
    settings: PaceSettings,
    nuclei: Nuclei | None = None,
) -> Pace:
    """Pace of one turn.

    Args:
        words: what was said in it; none where there is no transcript.
        span: the turn.
        speech: when its speaker makes speech sounds, the whole call's or the turn's.
        language: of the words ("zh", "en").
        settings: stage settings.
        nuclei: the channel's syllable nuclei, where the sound allows them.
    """
    return of_speaker(words, [span], speech, language, settings, nuclei)


def of_speaker(
    words: Sequence[Word],
    turns: Sequence[Span],
    speech: Iterable[Span],
    language: str,
    settings: PaceSettings,
    nuclei: Nuclei | None = None,
) -> Pace:
    """Pace of one speaker over all their turns together; long turns weigh more than short ones."""
    articulated = articulation(turns, speech, settings)
    seconds = total(articulated)
    spoken = syllables.count(join_words(word.text for word in words), language) if words else None
    if seconds < settings.least_speech_s:
        return Pace(syllables=spoken, reason=f"under {settings.least_speech_s:g} s of speech")
    heard = nuclei.syllables(articulated) / seconds if nuclei and len(nuclei.times) else None
    if spoken is None or spoken < settings.least_syllables:
        return Pace(
            syllables=spoken,
            nuclei_rate_syl_s=heard,
            reason=_why_no_rate(words, spoken, language, settings),
        )
    return Pace(
        syllables=spoken,
        speech_rate_syl_s=spoken / total(turns),
        articulation_rate_syl_s=spoken / seconds,
        nuclei_rate_syl_s=heard,
    )


def _why_no_rate(
    words: Sequence[Word], spoken: int | None, language: str, settings: PaceSettings
) -> str:
    if not words:
        return "no words"
    if spoken is None:
        return f"no syllable rules for language {language!r}"
    return f"under {settings.least_syllables} syllables"


def articulation(turns: Iterable[Span], speech: Iterable[Span], settings: PaceSettings) -> Timeline:
    """When a speaker articulates within their turns: speech, with closures and breaks shorter than
    ``pause_s`` filled.
    """
    return intersection(turns, bridge(speech, settings.pause_s))


# ── Syllables in time ────────────────────────────────────────────────────────────────────────────


def instants(words: Iterable[Word], language: str) -> Float64Array:
    """When each syllable was spoken, seconds, ascending: a word's are spread evenly over it."""
    times = [
        np.linspace(word.span.start, word.span.end, 2 * count + 1)[1::2]
        for word in words
        if (count := syllables.count(word.text, language))
    ]
    return np.sort(np.concatenate(times)) if times else np.zeros(0)


def sliding(
    times: Float64Array, speech: Iterable[Span], settings: PaceSettings
) -> tuple[Float64Array, Float64Array]:
    """Articulation rate in a sliding window.

    Args:
        times: `instants` of the speaker's syllables, from words or from sound.
        speech: when the speaker makes speech sounds.
        settings: stage settings; the window is ``window_s`` long and moves by half a second.

    Returns:
        (centres of the windows in seconds, syllables per second of articulation); NaN where less
        than half of a window is articulated.
    """
    articulated = bridge(speech, settings.pause_s)
    if not articulated:
        return np.zeros(0), np.zeros(0)
    first, last = articulated[0].start, max(articulated[-1].end, articulated[0].start + _HOP_S)
    starts = np.arange(first, max(last - settings.window_s, first) + 1e-9, _HOP_S)
    ends = starts + settings.window_s
    spoken = np.searchsorted(times, ends) - np.searchsorted(times, starts)
    seconds = _seconds_until(articulated, ends) - _seconds_until(articulated, starts)
    rates = np.full(len(starts), np.nan)
    enough = seconds >= settings.window_s / 2
    rates[enough] = spoken[enough] / seconds[enough]
    return starts + settings.window_s / 2, rates


def _seconds_until(spans: Timeline, times: Float64Array) -> Float64Array:
    """Seconds of ``spans`` that lie before each time."""
    starts = np.array([span.start for span in spans])
    ends = np.array([span.end for span in spans])
    before = np.concatenate(([0.0], np.cumsum(ends - starts)))
    index = np.searchsorted(starts, times)
    overhang = np.where(index > 0, np.maximum(ends[index - 1] - times, 0.0), 0.0)
    return np.asarray(before[index] - overhang)


def bursts(
    times: Float64Array, speech: Iterable[Span], speaker: str, settings: PaceSettings
) -> tuple[Burst, ...]:
    """Stretches of rapid fire (连珠炮): windows faster than ``burst_syl_s``, joined, and each with
    its mean rate.
    """
    speech = tuple(speech)
    centres, rates = sliding(times, speech, settings)
    half = settings.window_s / 2
    fast = bridge(
        (
            Span(float(centre) - half, float(centre) + half)
            for centre in centres[np.nan_to_num(rates) > settings.burst_syl_s]
        ),
        0.0,
    )
    found: list[Burst] = []
    for span in fast:
        articulated = articulation([span], speech, settings)
        spoken = int(np.searchsorted(times, span.end) - np.searchsorted(times, span.start))
        rate = spoken / total(articulated)
        within = Span(articulated[0].start, articulated[-1].end)
        found.append(Burst(speaker=speaker, span=within, rate_syl_s=rate))
    return tuple(found)
