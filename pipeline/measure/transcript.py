"""Speech -> words, with Whisper.

A party's stretches of speech are packed, with the sound around them, into windows of at most 30 s,
Whisper's own length; silence and hold music are never shown to it. The windows of all parties are
recognised together, so many at once as a batch holds, and a call of any length needs the memory of
one batch. Within a window the time runs as in the packing, and every word is put back exactly from
there (`Window.call_time`).

Whisper: Radford et al. 2022, arXiv:2212.04356. Word times come from its cross-attention by dynamic
time warping, as in openai-whisper (``word_timestamps``), corrected by speech activity.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.errors import ModelError, UsageError
from pipeline.facts import Word
from pipeline.measure.audio import Channel, FloatArray, resampled
from pipeline.measure.engines import recognised
from pipeline.measure.guards import Guarded, Segment, guarded
from pipeline.measure.recogniser import DEMO, DEMO_MODEL, Recogniser, load
from pipeline.measure.words import Passage, Piece, into_speech, words_from
from pipeline.settings import TranscriptSettings
from pipeline.timeline import Span, Timeline, bridge

__all__ = [
    "DEMO",
    "DEMO_MODEL",
    "Guarded",
    "Party",
    "Recogniser",
    "load",
    "transcribe",
    "windows",
]

WHISPER_HZ = 16_000
LONGEST_WINDOW_S = 30.0


class Party(NamedTuple):
    """Somebody whose words are wanted: the name they get, where and when they are heard."""

    speaker: str
    channel: Channel
    speech: Timeline


class Taken(NamedTuple):
    """A stretch of the call and where it starts in the window, all in seconds."""

    start: float
    end: float
    at: float


@dataclass(frozen=True, slots=True)
class Window:
    """Stretches of a channel laid one after the other, a short silence between them."""

    taken: tuple[Taken, ...]

    @property
    def duration_s(self) -> float:
        """From the start of the first stretch to the end of the last, silences included."""
        last = self.taken[-1]
        return last.at + last.end - last.start

    def stretch_at(self, seconds: float) -> int:
        """Which stretch a moment of the window belongs to; a silence to the one before it."""
        return max(0, bisect_right([taken.at for taken in self.taken], seconds) - 1)

    def call_time(self, seconds: float) -> float:
        """When in the call a moment of the window was; a silence belongs to its nearer side."""
        index = self.stretch_at(seconds)
        here = self.taken[index]
        beyond = seconds - here.at - (here.end - here.start)
        if beyond <= 0:
            return here.start + max(0.0, seconds - here.at)
        if index + 1 < len(self.taken) and self.taken[index + 1].at - seconds < beyond:
            return self.taken[index + 1].start
        return here.end


def transcribe(
    parties: Sequence[Party],
    recogniser: Recogniser,
    settings: TranscriptSettings,
    *,
    language: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[Guarded, ...]:
    """What each party said.

    Args:
        parties: of one call, or of several.
        recogniser: the loaded model.
        settings: the stage's settings.
        language: Whisper's code ("zh"); by default the one in the settings.
        progress: is told the share done, 0 to 1, after every window.

    Returns:
        For each party, ``words`` with times, in order and not overlapping, and the text that was
        ``refused`` with the reason. The same input gives the same result on the same machine.

    Raises:
        UsageError: Whisper does not know the language.
        ModelError: the model cannot write it.
    """
    language = checked_language(language or settings.language, recogniser)
    longest_s = settings.demonstration_window_s if recogniser.demonstration else settings.window_s
    packed = [
        (number, window)
        for number, (_, channel, speech) in enumerate(parties)
        for window in windows(channel, speech, settings, min(longest_s, LONGEST_WINDOW_S))
    ]
    whole = sum(window.duration_s for _, window in packed)
    sounds = (_sound(parties[number].channel, window) for number, window in packed)
    near = [bridge(party.speech, settings.closure_s) for party in parties]
    segments: list[list[Segment]] = [[] for _ in parties]
    done = 0.0
    for (number, window), found in zip(
        packed, recognised(recogniser, sounds, settings, language), strict=True
    ):
        speaker = parties[number].speaker
        segments[number] += _segments(found, window, near[number], speaker, settings)
        done += window.duration_s
        if progress is not None:
            progress(done / whole)
    return tuple(
        _in_order(guarded(own, party.speech, settings.guards))
        for party, own in zip(parties, segments, strict=True)
    )


def checked_language(language: str, recogniser: Recogniser) -> str:
    """The language as Whisper's code.

    Raises:
        UsageError: Whisper does not know it.
        ModelError: an English-only model was to write something else.
    """
    from whisper.tokenizer import LANGUAGES, TO_LANGUAGE_CODE

    code = language.lower()
    code = TO_LANGUAGE_CODE.get(code, code)
    if code not in LANGUAGES:
        raise UsageError(
            f"{language!r} is not a language that Whisper knows: give a code such as zh or en."
        )
    if code != "en" and not recogniser.multilingual:
        raise ModelError(
            recogniser.name,
            expected=f"a model that can write {LANGUAGES[code].title()}",
            found="one for English only",
            remedy=f"take {recogniser.name.removesuffix('.en')}, or --language en",
        )
    return str(code)


# ── Packing ──────────────────────────────────────────────────────────────────────────────────────


def windows(
    channel: Channel, speech: Timeline, settings: TranscriptSettings, longest_s: float
) -> Iterator[Window]:
    """Packs the stretches of speech into windows of at most ``longest_s`` seconds.

    Each stretch comes with ``margin_s`` of sound on both sides; pauses up to ``pause_s`` stay
    whole, longer ones become ``gap_s`` of silence. A window ends at a pause where it can.
    """
    taken: list[Taken] = []
    for span in _stretches(channel, speech, settings, longest_s):
        at = taken[-1].at + taken[-1].end - taken[-1].start + settings.gap_s if taken else 0.0
        if taken and at + span.duration > longest_s:
            yield Window(tuple(taken))
            taken, at = [], 0.0
        taken.append(Taken(span.start, span.end, at))
    if taken:
        yield Window(tuple(taken))


def _stretches(
    channel: Channel, speech: Timeline, settings: TranscriptSettings, longest_s: float
) -> Iterator[Span]:
    """Stretches of speech with their margins, none longer than a window, on whole samples."""
    joined = list(_joined(speech, settings, longest_s))
    edges = [0.0, *(edge for span in joined for edge in (span.start, span.end)), channel.duration_s]
    for index, span in enumerate(joined):
        # Margins meet in the middle of a short pause: no sound is shown twice.
        before = min(settings.margin_s, (span.start - edges[2 * index]) / (2 if index else 1))
        after = edges[2 * index + 3] - span.end
        after = min(settings.margin_s, after / (2 if index + 1 < len(joined) else 1))
        start, end = span.start - before, span.end + after
        while end - start > longest_s:
            search = min(settings.cut_search_s, longest_s / 2)
            last = Span(start + longest_s - search, start + longest_s)
            cut = _quietest(channel, last, settings.cut_quiet_s)
            yield _on_samples(Span(start, cut), channel)
            start = cut
        yield _on_samples(Span(start, end), channel)


def _joined(speech: Timeline, settings: TranscriptSettings, longest_s: float) -> Iterator[Span]:
    """Speech with its short pauses, as much of it together as a window holds."""
    now: Span | None = None
    for span in speech:
        if (
            now
            and span.start - now.end <= settings.pause_s
            and span.end - now.start + 2 * settings.margin_s <= longest_s
        ):
            now = Span(now.start, span.end)
            continue
        if now:
            yield now
        now = span
    if now:
        yield now


def _on_samples(span: Span, channel: Channel) -> Span:
    rate = channel.rate_hz
    return Span(round(span.start * rate) / rate, round(span.end * rate) / rate)


def _quietest(channel: Channel, span: Span, seconds: float) -> float:
    """The middle of the quietest ``seconds``, where a cut hurts no word."""
    sound = channel.read(span.start, span.end).astype(np.float64)
    size = max(1, round(seconds * channel.rate_hz))
    if len(sound) <= size:
        return span.middle
    energy = np.cumsum(np.concatenate(([0.0], sound**2)))
    quiet = int(np.argmin(energy[size:] - energy[:-size]))
    return span.start + (quiet + size / 2) / channel.rate_hz


def _sound(channel: Channel, window: Window) -> FloatArray:
    """The window's sound at Whisper's rate."""
    sound = np.zeros(round(window.duration_s * WHISPER_HZ), np.float32)
    for taken in window.taken:
        piece = resampled(channel.read(taken.start, taken.end), channel.rate_hz, WHISPER_HZ)
        first = round(taken.at * WHISPER_HZ)
        piece = piece[: len(sound) - first]
        sound[first : first + len(piece)] = piece
    return sound


# ── Placing ──────────────────────────────────────────────────────────────────────────────────────


def _segments(
    found: Iterable[Passage],
    window: Window,
    speech: Timeline,
    speaker: str,
    settings: TranscriptSettings,
) -> Iterator[Segment]:
    """The window's passages in the call's time, one segment for every stretch of sound."""
    for passage in found:
        for _, pieces in groupby(
            passage.pieces, lambda piece: window.stretch_at((piece.start + piece.end) / 2)
        ):
            words = words_from([_placed(piece, window) for piece in pieces], speaker)
            yield Segment(
                words=words,
                placed=tuple(into_speech(words, speech, settings.guards.time_error_s)),
                average_log_probability=passage.average_log_probability,
                no_speech_probability=passage.no_speech_probability,
            )


def _placed(piece: Piece, window: Window) -> Piece:
    start, end = window.call_time(piece.start), window.call_time(piece.end)
    return piece._replace(start=start, end=end)


def _in_order(found: Guarded) -> Guarded:
    """No word starts before the one before it has ended."""
    words: list[Word] = []
    at = 0.0
    for word in sorted(found.words, key=lambda word: word.span.start):
        start = max(word.span.start, at)
        at = max(word.span.end, start)
        words.append(msgspec.structs.replace(word, span=Span(start, at)))
    refused = tuple(sorted(found.refused, key=lambda text: text.span))
    return Guarded(tuple(words), refused)
