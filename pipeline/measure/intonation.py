"""Intonation in a tone language: the pitch movement that lexical tone does not explain.

In Mandarin a flat voice still rises and falls, because every syllable carries a tone. What makes it
lively or flat is what the sentence adds: height and range that change with focus, question and
feeling. The parallel encoding of tone and intonation (Xu 2005, Speech Communication 46, 220-251)
is undone by a regression: each syllable's course of pitch is explained by its own tone, by the tone
before it (which carries over into its beginning: Xu 1997, J. Phonetics 25, 61-83) and by the
declination of the phrase, all fitted to this speaker in this call. The rest is intonation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.measure.frames import FRAME_S
from pipeline.measure.pitch import PitchTrack, semitones
from pipeline.settings import IntonationSettings
from pipeline.timeline import Span

Float64Array = npt.NDArray[np.float64]

TONES = (1, 2, 3, 4, 5)  # 5 is the neutral tone
POINTS = 5
_AT = np.linspace(0.1, 0.9, POINTS)  # of the voiced part


class ToneSyllable(msgspec.Struct, frozen=True):
    """A spoken syllable and its lexical tone, 1 to 4, or 5 for the neutral tone."""

    span: Span
    tone: int


class Intonation(msgspec.Struct, frozen=True, kw_only=True):
    """How lively a speaker's pitch is beyond the tones of the words.

    All ``None``, with the ``reason``, where too few syllables could be measured.
    """

    syllables: int
    spread_st: float | None = None
    """Robust standard deviation of the syllables' heights, tone and declination taken out."""
    tone_spread_st: float | None = None
    """What tone, its carry-over and declination explain: standard deviation, semitones."""
    declination_st_per_s: float | None = None
    """Slope within phrases; negative where the voice sinks."""
    tone_contours_st: dict[int, tuple[float, ...]] | None = None
    """Per tone its mean course at 10, 30, 50, 70 and 90 % of the voiced part, re the median."""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Measured:
    """A syllable whose pitch was heard: its course in semitones, and where it stands."""

    course: Float64Array
    tone: int
    before: int  # the tone before it in the phrase; 0 at the phrase's beginning
    at_s: float  # since the phrase began


def intonation(
    pitch: PitchTrack, syllables: Sequence[ToneSyllable], settings: IntonationSettings
) -> Intonation:
    """Pitch movement of one speaker that lexical tone does not explain.

    Args:
        pitch: track of the channel.
        syllables: of one speaker, in time order. A gap longer than ``phrase_gap_s`` begins a new
            phrase.
        settings: what counts as measured.

    Raises:
        ValueError: a tone that is not 1 to 5.
    """
    if wrong := {s.tone for s in syllables} - set(TONES):
        raise ValueError(f"tones are 1 to 5, found {sorted(wrong)}")
    measured = _measured(pitch, syllables, settings)
    if len(measured) < settings.least_syllables:
        return Intonation(
            syllables=len(measured),
            reason=f"{len(measured)} syllables with pitch, {settings.least_syllables} are needed",
        )
    return _explained(measured, settings)


def _measured(
    pitch: PitchTrack, syllables: Sequence[ToneSyllable], settings: IntonationSettings
) -> list[_Measured]:
    voiced = pitch.f0_hz[np.isfinite(pitch.f0_hz)]
    if not voiced.size:
        return []
    st = semitones(pitch.f0_hz, float(np.median(voiced)))
    found: list[_Measured] = []
    phrase_start, last_end, before = 0.0, -np.inf, 0
    for syllable in syllables:
        if syllable.span.start - last_end > settings.phrase_gap_s:
            phrase_start, before = syllable.span.start, 0
        course = _course(st, syllable.span, settings.least_voiced_s)
        if course is not None:
            at_s = syllable.span.middle - phrase_start
            found.append(_Measured(course, syllable.tone, before, at_s))
        last_end, before = syllable.span.end, syllable.tone
    return found


def _course(st: Float64Array, span: Span, least_voiced_s: float) -> Float64Array | None:
    """Pitch at `POINTS` places of the voiced part, or None where too little of it is voiced."""
    first, last = round(span.start / FRAME_S), round(span.end / FRAME_S)
    part = st[first:last]
    at = np.flatnonzero(np.isfinite(part))
    if len(at) * FRAME_S < max(least_voiced_s, 2 * FRAME_S):
        return None
    course: Float64Array = np.interp(at[0] + _AT * (at[-1] - at[0]), at, part[at])
    return course


def _design(measured: Sequence[_Measured]) -> Float64Array:
    """One row a syllable: its tone, the tone before it, and the time since the phrase began."""
    own = np.array([[m.tone == tone for tone in TONES] for m in measured], np.float64)
    before = np.array([[m.before == tone for tone in (1, 2, 3, 4)] for m in measured], np.float64)
    at_s = np.array([[m.at_s] for m in measured])
    return np.hstack([own, before, at_s - at_s.mean()])


def _explained(measured: Sequence[_Measured], settings: IntonationSettings) -> Intonation:
    """Ridge regression (Hoerl & Kennard 1970) with the syllables left out one at a time.

    A residual divided by ``1 - leverage`` is the error of predicting a syllable from all others
    (Allen 1974, PRESS): few syllables do not look flat because the fit had many unknowns.
    """
    design = _design(measured)
    courses = np.stack([m.course for m in measured])
    gram = design.T @ design + settings.ridge * np.eye(design.shape[1])
    weights = np.linalg.solve(gram, design.T @ courses)
    leverage = np.einsum("ij,ji->i", design, np.linalg.solve(gram, design.T))
    fitted = design @ weights
    left_out = (courses - fitted) / np.maximum(1 - leverage, 0.05)[:, None]
    low, high = np.percentile(left_out.mean(axis=1), [16, 84])
    heard = {m.tone for m in measured}
    contours = {
        tone: tuple(
            round(float(st), 3) for st in fitted[[m.tone == tone for m in measured]].mean(0)
        )
        for tone in TONES
        if tone in heard
    }
    return Intonation(
        syllables=len(measured),
        spread_st=float(high - low) / 2,
        tone_spread_st=float(np.std(fitted)),
        declination_st_per_s=float(weights[-1].mean()),
        tone_contours_st=contours,
    )
