"""What was said, and how."""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections.abc import Iterable
from typing import Literal

from pipeline.timeline import FARTHEST_S, Span
from pipeline.values import Value


class Word(Value, frozen=True, kw_only=True):
    """A word as recognised: for Mandarin usually one to four characters."""

    text: str
    span: Span
    speaker: str
    probability: float | None = None
    """The recogniser's own, 0 to 1; ``None`` for transcripts that carry none."""


class Said(Value, frozen=True, kw_only=True):
    """A turn's words, column by column: judging reads thousands of them, and few one by one.

    Raises:
        ValueError: columns of different lengths, or times that no recording has.
    """

    texts: tuple[str, ...] = ()
    starts: tuple[float, ...] = ()
    ends: tuple[float, ...] = ()
    probabilities: tuple[float | None, ...] = ()
    """As `Word.probability`; empty where no word has one."""

    def __post_init__(self) -> None:
        words = len(self.texts)
        if not (words == len(self.starts) == len(self.ends)):
            raise ValueError(f"{words} texts, {len(self.starts)} starts and {len(self.ends)} ends")
        if len(self.probabilities) not in (0, words):
            raise ValueError(f"{words} texts and {len(self.probabilities)} probabilities")
        # A vector's length is at least its largest part's, and quicker to have.
        if max(math.hypot(*self.starts), math.hypot(*self.ends)) > FARTHEST_S:
            raise ValueError("a word at a time that no recording reaches")
        if any(map(operator.gt, self.starts, self.ends)):
            raise ValueError("a word that ends before it starts")

    @classmethod
    def of(cls, words: Iterable[Word]) -> Said:
        """These words, whose speaker is the turn's."""
        every = tuple(words)
        known = tuple(word.probability for word in every)
        return cls(
            texts=tuple(word.text for word in every),
            starts=tuple(word.span.start for word in every),
            ends=tuple(word.span.end for word in every),
            probabilities=() if known.count(None) == len(known) else known,
        )


class RefusedText(Value, frozen=True, kw_only=True):
    """Text that the recogniser gave and that nobody said."""

    text: str
    span: Span
    speaker: str
    reason: str


class TranscriptFacts(Value, frozen=True, kw_only=True):
    """Where the words came from."""

    source: Literal["whisper", "imported"]
    language: str
    model: str | None = None
    demonstration: bool = False
    """Made by the small model that ships with Qinhe, which real calls need to replace."""
    word_times: Literal["recognised", "spread"] = "recognised"
    """``spread``: an imported transcript timed whole segments only."""
    refused: tuple[RefusedText, ...] = ()


# ── How it was said ──────────────────────────────────────────────────────────────────────────────


class Cue(Value, frozen=True, kw_only=True):
    """One acoustic cue of how a voice comes across, in the speaker's own units."""

    name: str
    value: float
    unit: str
    z: float | None = None
    """The same in standard deviations of the speaker's own turns, where these are known."""
    span: Span | None = None
    """Where it was heard; ``None``: over the whole turn, or call."""


class Cues(Value, frozen=True, kw_only=True):
    """The cues of a turn, column by column, against the speaker's usual voice."""

    names: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    """In the unit that the name ends with; shifts of formants in per cent."""
    z: tuple[float | None, ...] = ()
    """As `Cue.z`."""

    def __post_init__(self) -> None:
        if not (len(self.names) == len(self.values) == len(self.z)):
            raise ValueError(f"{len(self.names)} names, {len(self.values)} values, {len(self.z)} z")

    @classmethod
    def of(cls, cues: Iterable[Cue]) -> Cues:
        """These cues, in their order."""
        every = tuple(cues)
        return cls(
            names=tuple(cue.name for cue in every),
            values=tuple(cue.value for cue in every),
            z=tuple(cue.z for cue in every),
        )


class TurnProsody(Value, frozen=True, kw_only=True):
    """How one turn sounded."""

    syllables: int | None = None
    """Syllables spoken, from the words."""
    speech_rate_syl_s: float | None = None
    """Syllables over the whole turn, pauses included."""
    articulation_rate_syl_s: float | None = None
    """Syllables over the time spent speaking."""
    nuclei_rate_syl_s: float | None = None
    """Articulation rate from sound alone (syllable nuclei)."""
    level_dbov: float | None = None
    """Active speech level (ITU-T P.56)."""
    level_re_baseline_db: float | None = None
    """Against the same speaker's level over the whole call."""
    f0_median_hz: float | None = None
    f0_spread_st: float | None = None
    """Robust standard deviation of F0, in semitones."""
    f0_range_st: float | None = None
    """5th to 95th percentile, in semitones."""
    effort_db: float | None = None
    """Vocal effort above the speaker's own baseline: level, tilt and F0 together."""
    cues: Cues = Cues()
    """Tone of voice, against the same speaker's usual one."""
    reason: str | None = None
    """Why fields are ``None``."""


class Turn(Value, frozen=True, kw_only=True):
    """One party's talk until the other party takes the floor."""

    speaker: str
    span: Span
    said: Said = Said()
    prosody: TurnProsody | None = None
    took_floor: bool = True
    """False for a listener's signal (嗯, 好的) and for an attempt that did not get the floor."""
    confidence: float = 1.0
    """How sure it is that this voice says it, 0 to 1; 1 on a channel of its own."""

    @property
    def words(self) -> tuple[Word, ...]:
        """The words one by one; made anew each time."""
        said, speaker = self.said, self.speaker
        known = said.probabilities or itertools.repeat(None)
        columns = zip(said.texts, said.starts, said.ends, known, strict=False)
        return tuple(
            Word(text=text, span=Span(start, end), speaker=speaker, probability=probability)
            for text, start, end, probability in columns
        )

    @property
    def text(self) -> str:
        """The words, joined as written (a blank between Latin words only)."""
        return join_words(self.said.texts)


_MAYBE_LATIN = re.compile("[0-9A-Za-z\u00aa-\u2e7f]")


def join_words(texts: Iterable[str]) -> str:
    """Join words as they are written: a blank between Latin words, none between Hanzi."""
    pieces = [text.strip() for text in texts]
    together = "".join(pieces)
    if not _MAYBE_LATIN.search(together):
        return together  # the common case, at a tenth of the time
    joined = ""
    for piece in pieces:
        if joined and piece and _latin(joined[-1]) and _latin(piece[0]):
            joined += " "
        joined += piece
    return joined


def _latin(character: str) -> bool:
    return character.isalnum() and character < "\u2e80"
