"""Tone: the acoustic cues that studies tie to warmth, friendliness, smiling, coldness and arousal.

There is no warmth meter. What can be measured are cues, each with what it was found to go with;
`docs/measures/tone.md` names the studies. Every cue is given in the speaker's own units: against
their usual voice, as a difference and in standard deviations of their own turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.facts import Cue, NotMeasured
from pipeline.measure.channel import Channel, FloatArray
from pipeline.measure.frames import FRAME_S, mask_within, runs
from pipeline.measure.spectrum import Bands, centres_hz
from pipeline.measure.voicequality import VoiceQuality, voice_quality
from pipeline.settings import ToneSettings
from pipeline.timeline import Span, union

Float64Array = npt.NDArray[np.float64]


class Tone(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch's voice in absolute figures: what cues are differences of."""

    voiced_s: float = 0.0
    pitch_height_st: float | None = None
    """Median F0, semitones above 100 Hz."""
    pitch_spread_st: float | None = None
    """10th to 90th percentile of F0."""
    pitch_slope_st_s: float | None = None
    """Median absolute slope within voiced stretches."""
    final_slope_st_s: float | None = None
    """Slope over the last voiced part of the stretch; rising is positive."""
    loudness_variation_db: float | None = None
    """10th to 90th percentile of the voiced frames' level."""
    tilt_db_oct: float | None = None
    """Slope of the long-term spectrum, 0.3 to 3.4 kHz."""
    f2_hz: float | None = None
    f3_hz: float | None = None
    cpp_db: float | None = None
    hnr_db: float | None = None
    reason: str | None = None


class Usual(msgspec.Struct, frozen=True):
    """A measure's median over a speaker's turns, and its robust standard deviation."""

    median: float
    deviation: float
    turns: int


_DIGITAL_SILENCE = 1e-9
_LEAST_BACKGROUND_S = 0.1
_BACKGROUND_S = 1.0
_LEAST_BANDS = 4

UNITS: Mapping[str, str] = {
    "pitch_height_st": "st",
    "pitch_spread_st": "st",
    "pitch_slope_st_s": "st/s",
    "final_slope_st_s": "st/s",
    "loudness_variation_db": "dB",
    "tilt_db_oct": "dB/oct",
    "f2_hz": "%",
    "f3_hz": "%",
    "cpp_db": "dB",
    "hnr_db": "dB",
}
_RELATIVE = frozenset({"f2_hz", "f3_hz"})
"""Measures whose difference is given in per cent: tracts differ in length."""
_OWN_UNITS = ("pitch_spread_st", "pitch_slope_st_s", "loudness_variation_db")
"""Measures that mean something without a history."""


def measure(
    channel: Channel,
    f0_hz: FloatArray,
    levels: FloatArray,
    bands: Bands,
    spans: Sequence[Span],
    settings: ToneSettings,
) -> Tone:
    """The voice within a stretch, such as one turn's speech.

    Args:
        channel: the sound.
        f0_hz: its pitch track, Hz, NaN where unvoiced.
        levels: its level track, dBov.
        bands: its band levels.
        spans: the stretch.
        settings: stage settings.
    """
    spans = union(spans)
    whole = Span(spans[0].start, spans[-1].end) if spans else None
    count = min(len(f0_hz), len(levels), len(bands))
    near = _frames_about(whole, count) if whole else slice(0, 0)
    voiced = mask_within(spans, near) & np.isfinite(f0_hz[near])
    seconds = float(np.count_nonzero(voiced)) * FRAME_S
    if whole is None or seconds < settings.least_voiced_s:
        reason = f"under {settings.least_voiced_s:g} s of voice"
        return Tone(voiced_s=seconds, reason=reason)
    power = bands.power(near.start, near.stop)
    st = 12 * np.log2(f0_hz[near].astype(np.float64) / 100)
    clear = _snr_db(power, voiced) >= settings.least_snr_db
    least = settings.least_frames
    quality = voice_quality(channel, f0_hz[:count], spans, least) if clear else VoiceQuality()
    return Tone(
        voiced_s=seconds,
        pitch_height_st=float(np.median(st[voiced])),
        pitch_spread_st=_spread(st[voiced]),
        pitch_slope_st_s=_slope(st, voiced, settings),
        final_slope_st_s=_final_slope(st, voiced, settings),
        loudness_variation_db=_spread(levels[near][voiced]),
        tilt_db_oct=_tilt(power[voiced]) if clear else None,
        f2_hz=quality.f2_hz,
        f3_hz=quality.f3_hz,
        cpp_db=quality.cpp_db,
        hnr_db=quality.hnr_db,
        reason=None if clear else "too noisy for spectrum and voice quality",
    )


def _frames_about(span: Span, count: int) -> slice:
    """The span's frames and a second on either side, where its background is heard."""
    first, last = (
        min(max(0, int(time / FRAME_S)), count)
        for time in (span.start - _BACKGROUND_S, span.end + _BACKGROUND_S)
    )
    return slice(first, last)


def _spread(values: npt.NDArray[np.floating]) -> float:
    low, high = np.quantile(values, (0.1, 0.9))
    return float(high - low)


def _snr_db(power: Float64Array, voiced: npt.NDArray[np.bool_]) -> float:
    """Voiced sound over the softest tenth of what is heard without voice."""
    total = power.sum(axis=1)
    background = total[~voiced & (total > _DIGITAL_SILENCE)]
    if len(background) * FRAME_S < _LEAST_BACKGROUND_S:
        return np.inf  # there is none: digital silence, or frames that were not looked at
    return float(10 * np.log10(total[voiced].mean() / np.quantile(background, 0.1)))


def _slope(st: Float64Array, voiced: npt.NDArray[np.bool_], settings: ToneSettings) -> float | None:
    """Median absolute slope, each over ``slope_s`` within one voiced stretch."""
    step = max(1, round(settings.slope_s / FRAME_S))
    slopes = [
        np.abs(st[first + step : last] - st[first : last - step]) / (step * FRAME_S)
        for first, last in runs(voiced)
        if last - first > step
    ]
    return float(np.median(np.concatenate(slopes))) if slopes else None


def _final_slope(
    st: Float64Array, voiced: npt.NDArray[np.bool_], settings: ToneSettings
) -> float | None:
    """Slope of a line through the last ``final_s`` of voice."""
    last = np.flatnonzero(voiced)[-round(settings.final_s / FRAME_S) :]
    if len(last) * FRAME_S < settings.final_s or last[-1] - last[0] > 2 * len(last):
        return None
    return float(np.polyfit(last * FRAME_S, st[last], 1)[0])


def _tilt(power: Float64Array) -> float | None:
    """Slope of the mean spectrum, dB per octave; ``power``: [voiced frames, bands]."""
    mean, centres = power.mean(axis=0), centres_hz()
    inside = (centres >= 300) & (centres <= 3400) & (mean > 1e-11)
    if np.count_nonzero(inside) < _LEAST_BANDS:
        return None
    octaves = np.log2(centres[inside] / 1000)
    return float(np.polyfit(octaves, 10 * np.log10(mean[inside]), 1)[0])


# ── The speaker's own units ──────────────────────────────────────────────────────────────────────


def usual(turns: Iterable[Tone]) -> dict[str, Usual]:
    """The speaker's usual voice, from the turns of one call or of a stored history.

    Returns:
        per measure; one that fewer than three turns allow is missing.
    """
    turns = tuple(turns)
    found: dict[str, Usual] = {}
    for name in UNITS:
        values = np.array([value for turn in turns if (value := getattr(turn, name)) is not None])
        if len(values) >= _LEAST_TURNS:
            median = float(np.median(values))
            # 1.4826: makes the median deviation of a normal distribution its standard deviation.
            deviation = 1.4826 * float(np.median(np.abs(values - median)))
            found[name] = Usual(median, deviation, len(values))
    return found


_LEAST_TURNS = 3


def of_turn(turn: Tone, speaker: Mapping[str, Usual]) -> tuple[Cue, ...]:
    """One turn's cues against the speaker's usual voice."""
    return tuple(
        cue
        for name in UNITS
        if (value := getattr(turn, name)) is not None
        and name in speaker
        and (cue := _cue(name, value, speaker[name])) is not None
    )


def of_call(
    turns: Sequence[Tone], history: Mapping[str, Usual] | None = None
) -> tuple[tuple[Cue, ...], tuple[NotMeasured, ...]]:
    """One speaker's cues over a call.

    Without a history only what carries its own unit: how much pitch moves and loudness varies. With
    one, every measure's median against it.

    Returns:
        (the cues, what was not measured and why).
    """
    heard = usual(turns)
    missing = [
        NotMeasured(measure=f"tone.{name}", reason=_why_not(name, turns))
        for name in UNITS
        if name not in heard
    ]
    missing.append(NotMeasured(measure="tone.jitter", reason="a telephone line's coding hides it"))
    if history is None:
        own = [_absolute(name, heard[name]) for name in _OWN_UNITS if name in heard]
        return tuple(own), tuple(missing)
    cues = [
        cue
        for name in UNITS
        if name in heard
        and name in history
        and (cue := _cue(name, heard[name].median, history[name])) is not None
    ]
    return tuple(cues), tuple(missing)


def _absolute(name: str, found: Usual) -> Cue:
    return Cue(name=name, value=found.median, unit=UNITS[name])


def _cue(name: str, value: float, reference: Usual) -> Cue | None:
    difference = value - reference.median
    z = difference / reference.deviation if reference.deviation > 0 else None
    if name in _RELATIVE:
        difference = 100 * difference / reference.median
    title = name.removesuffix("_hz") + "_shift" if name in _RELATIVE else f"{name}_change"
    return Cue(name=title, value=difference, unit=UNITS[name], z=z)


def _why_not(name: str, turns: Sequence[Tone]) -> str:
    reasons = [turn.reason for turn in turns if getattr(turn, name) is None and turn.reason]
    if reasons:
        return max(set(reasons), key=reasons.count)
    return f"fewer than {_LEAST_TURNS} turns allow it"
