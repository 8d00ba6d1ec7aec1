"""Hesitation: fillers (嗯, 啊, 那个 …) and drawl (拖腔), from words and from the sound.

Recognisers drop fillers and give words times that end anywhere in a pause, so the words say what
was uttered and the sound says when and for how long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np

from pipeline.facts import Drawl, Filler, Word
from pipeline.measure.channel import FloatArray
from pipeline.measure.frames import FRAME_S
from pipeline.measure.nuclei import Nuclei
from pipeline.settings import HesitationSettings
from pipeline.text import is_single
from pipeline.timeline import Span, Timeline, bridge, clipped, union

_ONSET_S = 0.1
"""From the beginning of a syllable to its nucleus."""
_WORD_ERROR_S = 0.2
"""How far a recogniser's word times may be off."""


class _Unit(NamedTuple):
    """A Hanzi or a Latin word, lower case, with its share of its word's time."""

    text: str
    span: Span


# ── Drawl ────────────────────────────────────────────────────────────────────────────────────────


def drawls(
    nuclei: Nuclei,
    voicing: FloatArray,
    speech: Iterable[Span],
    words: Iterable[Word],
    speaker: str,
    settings: HesitationSettings,
) -> tuple[Drawl, ...]:
    """Syllables before a pause that are drawn out.

    Lengthening before a pause is normal, to half as long again; drawn out is a syllable whose voice
    goes on for ``drawl_s`` after its nucleus.

    Args:
        nuclei: the channel's syllable nuclei.
        voicing: probability that each 10 ms frame is voiced.
        speech: when the speaker makes speech sounds.
        words: what they said; they only name the syllable.
        speaker: the name that the facts carry.
        settings: stage settings.
    """
    units = sorted(_units(words), key=lambda unit: unit.span)
    clear = nuclei.clear()
    found: list[Drawl] = []
    for stretch in bridge(speech, settings.pause_s):
        end = _voiced_end(voicing, stretch)
        within = clear[(clear > stretch.start) & (clear < end)]
        if len(within) and end - within[-1] >= settings.drawl_s:
            span = Span(max(stretch.start, float(within[-1]) - _ONSET_S), end)
            found.append(Drawl(speaker=speaker, span=span, text=_last_before(units, stretch)))
    return tuple(found)


def _voiced_end(voicing: FloatArray, stretch: Span) -> float:
    first = round(stretch.start / FRAME_S)
    voiced = np.flatnonzero(voicing[first : round(stretch.end / FRAME_S)] > 0.5)
    return float(first + voiced[-1] + 1) * FRAME_S if len(voiced) else stretch.start


def _last_before(units: Sequence[_Unit], stretch: Span) -> str | None:
    """The last thing said in a stretch of speech."""
    said = [
        unit.text
        for unit in units
        if stretch.start - _WORD_ERROR_S < unit.span.middle < stretch.end + _WORD_ERROR_S
    ]
    return said[-1] if said else None


# ── Fillers ──────────────────────────────────────────────────────────────────────────────────────


def fillers(
    turns: Iterable[Sequence[Word]],
    speech: Iterable[Span],
    nuclei: Nuclei | None,
    speaker: str,
    settings: HesitationSettings,
) -> tuple[Filler, ...]:
    """Fillers of one speaker, in time order.

    A turn of fillers alone is no hesitation but a sign of listening, and left out.

    Args:
        turns: the words of each of the speaker's turns; none where there is no transcript.
        speech: when the speaker makes speech sounds.
        nuclei: the channel's syllable nuclei: with them, fillers that the recogniser dropped are
            heard too (one syllable, alone between pauses, that no word covers).
        speaker: the name that the facts carry.
        settings: stage settings.
    """
    turns = [tuple(turn) for turn in turns if turn]
    speech = bridge(speech, 0.0)
    said = [
        Filler(speaker=speaker, span=span, text=text)
        for turn in turns
        for text, span in _in_turn(list(_units(turn)), speech, settings)
    ]
    dropped = [
        Filler(speaker=speaker, span=span, text=None)
        for span in (_unsaid(turns, speech, nuclei, settings) if nuclei else ())
    ]
    return tuple(sorted(said + dropped, key=lambda filler: filler.span))


def _units(words: Iterable[Word]) -> Iterator[_Unit]:
    for word in words:
        text = word.text.lower()
        pieces = list(text) if any(map(is_single, text)) else [text]
        each = word.span.duration / len(pieces)
        for number, piece in enumerate(pieces):
            start = word.span.start + number * each
            yield _Unit(piece, Span(start, max(start, start + each)))


def _in_turn(
    units: Sequence[_Unit], speech: Timeline, settings: HesitationSettings
) -> Iterator[tuple[str, Span]]:
    """The fillers among a turn's words, longest first."""
    phrases = _phrases(settings)
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(units):
        size = next(
            (
                size
                for size in range(min(_LONGEST, len(units) - at), 0, -1)
                if (rule := phrases.get(tuple(unit.text for unit in units[at : at + size])))
                and _hesitates(rule, units, at, size, speech, settings)
            ),
            0,
        )
        if size:
            found.append((at, at + size))
        at += size or 1
    if sum(last - first for first, last in found) < len(units):
        for first, last in found:
            text = "".join(unit.text for unit in units[first:last])
            yield text, Span(units[first].span.start, units[last - 1].span.end)


_LONGEST = 3
_ALWAYS, _AFTER_PAUSE, _HESITANT = "always", "after a pause", "hesitant"


def _phrases(settings: HesitationSettings) -> Mapping[tuple[str, ...], str]:
    """What each phrase, split into units, needs in order to be a filler."""
    kinds = (
        (settings.fillers, _ALWAYS),
        (settings.fillers_after_pause, _AFTER_PAUSE),
        (settings.fillers_hesitant, _HESITANT),
    )
    return {_split(phrase): kind for phrases, kind in kinds for phrase in phrases}


def _split(phrase: str) -> tuple[str, ...]:
    return tuple(phrase) if any(map(is_single, phrase)) else tuple(phrase.split())


def _hesitates(
    rule: str,
    units: Sequence[_Unit],
    at: int,
    size: int,
    speech: Timeline,
    settings: HesitationSettings,
) -> bool:
    """Whether the words at this place only gain time.

    那个 and 就是 are words too; they gain time where they stop, are said twice, or stand before the
    sentence begins with its subject.
    """
    if rule == _ALWAYS:
        return True
    last = at + size - 1
    begins = at == 0 or _parted(units[at - 1], units[at], speech, settings)
    if rule == _AFTER_PAUSE:
        return begins
    if last + 1 == len(units):
        return False
    stops = _parted(units[last], units[last + 1], speech, settings)
    texts = [unit.text for unit in units]
    twice = texts[at : last + 1] == texts[last + 1 : last + 1 + size]
    return stops or twice or (begins and texts[last + 1] in settings.subjects)


def _parted(before: _Unit, after: _Unit, speech: Timeline, settings: HesitationSettings) -> bool:
    """Whether a silence lies between two units, by their times or by the sound."""
    if after.span.start - before.span.end >= settings.filler_pause_s:
        return True
    return any(
        following.start - stopped.end >= settings.filler_pause_s
        and abs(stopped.end - before.span.end) <= _WORD_ERROR_S
        and abs(following.start - after.span.start) <= _WORD_ERROR_S
        for stopped, following in pairwise(speech)
    )


def _unsaid(
    turns: Sequence[Sequence[Word]],
    speech: Timeline,
    nuclei: Nuclei,
    settings: HesitationSettings,
) -> Iterator[Span]:
    """Single syllables between pauses, inside the speaker's talk, that no word covers."""
    words = union(word.span for word in chain.from_iterable(turns))
    clear = nuclei.clear()
    extents = [Span(turn[0].span.start, turn[-1].span.end) for turn in turns]
    for stretch in bridge(speech, settings.pause_s):
        inside = any(turn.start < stretch.start and stretch.end < turn.end for turn in extents)
        single = np.count_nonzero((clear > stretch.start) & (clear < stretch.end)) == 1
        long_enough = settings.filler_least_s <= stretch.duration <= settings.filler_most_s
        if inside and single and long_enough and not clipped(words, stretch):
            yield stretch
