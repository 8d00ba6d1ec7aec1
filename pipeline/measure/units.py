"""Inter-pausal units: stretches of one party's speech between two silences, with their words.

The unit, not the sentence, is what a listener and a detector both have when they must decide
whether somebody has finished (Heldner & Edlund 2010, "Pauses, gaps and overlaps in
conversations", J. Phonetics 38, 555-568; Gravano & Hirschberg 2011, "Turn-taking cues in
task-oriented dialogue", Computer Speech & Language 25, 601-634).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.facts import Word, join_words
from pipeline.measure.channel import FloatArray
from pipeline.measure.frames import FRAME_S
from pipeline.settings import TurnSettings
from pipeline.timeline import Span, bridge, intersection

_PUNCTUATION = re.compile(r"[^\w\s']|_")
_ENDING_S = 0.06
"""How much of a unit's end is its ending: a syllable's release takes longer than that to fade."""


@dataclass(frozen=True)
class Sound:
    """How a party sounds, per 10 ms frame: for judging whether an ending was one.

    Attributes:
        level_dbov: level of the frame, float32.
    """

    level_dbov: FloatArray


@dataclass(frozen=True)
class Unit:
    """A stretch of one party's speech.

    Attributes:
        text: what was recognised in it, without punctuation and blanks, in lower case; ``None``
            where nothing was.
        abrupt: whether it broke off at full level; ``None`` without the sound.
    """

    speaker: str
    span: Span
    text: str | None = None
    abrupt: bool | None = None
    words: tuple[Word, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Party:
    """One speaker's units in time order, for looking up neighbours."""

    speaker: str
    units: tuple[Unit, ...]

    def before(self, time: float) -> Unit | None:
        """The last unit that starts before ``time``."""
        at = bisect_right(self.units, time - 1e-9, key=lambda unit: unit.span.start)
        return self.units[at - 1] if at else None

    def after(self, time: float) -> Unit | None:
        """The first unit that starts at ``time`` or later."""
        at = bisect_right(self.units, time - 1e-9, key=lambda unit: unit.span.start)
        return self.units[at] if at < len(self.units) else None

    def meeting(self, span: Span) -> tuple[Unit, ...]:
        """The units that share time with ``span``."""
        at = bisect_right(self.units, span.start, key=lambda unit: unit.span.end)
        found = []
        for unit in self.units[at:]:
            if unit.span.start >= span.end:
                break
            found.append(unit)
        return tuple(found)


def parties(
    speech: Mapping[str, Sequence[Span]],
    words: Sequence[Word],
    sounds: Mapping[str, Sound],
    within: Span,
    settings: TurnSettings,
) -> tuple[Party, ...]:
    """Every speaker's units, silences up to ``settings.unit_bridge_s`` bridged."""
    found = []
    for speaker, spans in speech.items():
        stretches = bridge(intersection(spans, (within,)), settings.unit_bridge_s)
        own = [word for word in words if word.speaker == speaker]
        placed = place_words(own, stretches)
        units = tuple(
            Unit(
                speaker=speaker,
                span=span,
                text=normal(word.text for word in placed[i]) or None,
                abrupt=broke_off(span, sounds.get(speaker), settings),
                words=placed[i],
            )
            for i, span in enumerate(stretches)
        )
        found.append(Party(speaker, units))
    return tuple(found)


def place_words(words: Iterable[Word], stretches: Sequence[Span]) -> list[tuple[Word, ...]]:
    """Each stretch's words: those whose middle lies in it, or nearest to it."""
    placed: list[list[Word]] = [[] for _ in stretches]
    for word in sorted(words, key=lambda word: word.span):
        if not stretches:
            break
        middle = word.span.middle
        at = bisect_right(stretches, middle, key=lambda span: span.start)
        near = [i for i in (at - 1, at) if 0 <= i < len(stretches)]
        placed[min(near, key=lambda i: _distance(middle, stretches[i]))].append(word)
    return [tuple(found) for found in placed]


def _distance(time: float, span: Span) -> float:
    return max(span.start - time, time - span.end, 0.0)


def normal(texts: Iterable[str]) -> str:
    """Joined as written, without punctuation, in lower case."""
    return join_words(_PUNCTUATION.sub(" ", join_words(texts)).lower().split())


def made_of(text: str, phrases: Iterable[str]) -> bool:
    """Whether a text is nothing but these phrases, one after the other (对对对, 嗯好的)."""
    tokens = {normal([phrase]) for phrase in phrases} - {""}
    pattern = "|".join(re.escape(token) for token in sorted(tokens, key=len, reverse=True))
    return bool(tokens) and bool(re.fullmatch(rf"(?:(?:{pattern}) ?)+", text))


def ends_in(text: str, endings: Iterable[str]) -> int:
    """Length of the longest of the endings that the text has; 0 without one."""
    found = (
        len(ending)
        for ending in endings
        if text.endswith(ending) and not _splits_latin(text[: -len(ending)], ending)
    )
    return max(found, default=0)


def _splits_latin(before: str, ending: str) -> bool:
    """Whether the ending would begin inside a Latin word."""
    return before[-1:].isascii() and before[-1:].isalnum() and ending[0].isascii()


def broke_off(span: Span, sound: Sound | None, settings: TurnSettings) -> bool | None:
    """Whether speech stopped at full level instead of fading out.

    A speaker who finishes lets go: level falls over the last syllable (Gravano & Hirschberg 2011
    find lower intensity at turn ends). One who is cut off stops in the middle of a sound.
    """
    if sound is None:
        return None
    first, last = round(span.start / FRAME_S), round(span.end / FRAME_S)
    level = sound.level_dbov[first:last]
    ending = max(1, round(_ENDING_S / FRAME_S))
    if len(level) < 3 * ending:
        return None
    return bool(np.mean(level[-ending:]) > np.median(level) - settings.abrupt_db)
