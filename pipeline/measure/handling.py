"""Noise that a party makes on its own line while it is silent: keys, paper, knocks, blown breath.

No model tells these; three properties together do. They stand well above the line's noise, within
reach of the party's own voice; they have no pitch; and they do not stay. What is left out: the
click of a switch or of a lost packet, whose energy lies in a few milliseconds; voices in the
background, which are periodic; whatever the speech model hears as speech; tones, music and the
other party's leak. Only the silence between a party's own speech is listened to: under a voice,
nobody can tell a key from a plosive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import percentile_filter
from scipy.signal import butter, sosfiltfilt

from pipeline.facts import Cue, NotMeasured
from pipeline.measure.channel import Channel, FloatArray
from pipeline.measure.frames import FRAME_S, Mask, bridged, grown, mask_of, runs
from pipeline.settings import HandlingSettings
from pipeline.timeline import Span, Timeline, bridge, total, union

__all__ = ["NAME", "Handling", "find"]

NAME = "handling-noise"
"""Of the cues, and of the measure where there is none."""

_BAND_HZ = (250.0, 3400.0)
"""The telephone band without hum and rumble: what the other party gets to hear."""
_CLOSE_S = 0.03
"""Frames of one sound are nearer than this: the press of a key, its ringing, its release."""
_FLOOR_STEP = 5
_CLICK_S = 0.003
"""A switched line rings this long after it went through a telephone's band filter."""
_SIDE, _FALLS_DB = 50, 6.0
"""A sound lies so many dB above the 0.5 s before and after it; a lorry does not."""
_PITCH_HZ = (70.0, 400.0)
_PERIODIC_WINDOW_S = 0.04
_LOWEST_DBOV = -75.0
"""Below the idle noise of a coder there is nothing to stand above."""


@dataclass(frozen=True, slots=True)
class Handling:
    """When noise was made on a party's line; ``reason`` where that could not be told."""

    spans: Timeline
    reason: str | None = None

    @property
    def cues(self) -> tuple[Cue, ...]:
        """One without a span, the seconds in all (0: listened for and not heard), and one for each
        stretch, its seconds; none where it could not be told.
        """
        if self.reason is not None:
            return ()
        stretches = (Cue(name=NAME, value=s.duration, unit="s", span=s) for s in self.spans)
        return (Cue(name=NAME, value=total(self.spans), unit="s"), *stretches)

    @property
    def not_measured(self) -> tuple[NotMeasured, ...]:
        """Why there are no cues."""
        return () if self.reason is None else (NotMeasured(measure=NAME, reason=self.reason),)


def find(
    channel: Channel,
    levels: FloatArray,
    speech: Iterable[Span],
    heard: FloatArray,
    aside: Iterable[Span],
    settings: HandlingSettings,
) -> Handling:
    """Find the noise that the channel's own party makes between its speech.

    Args:
        channel: the sound.
        levels: its level track, dBov per 10 ms frame.
        speech: when its party speaks.
        heard: the track of speech probability, per 10 ms frame; 0.5 is the limit of speech.
        aside: where something else is heard: tones, music, the other party's leak.
        settings: the section ``handling``.
    """
    count = min(len(levels), len(heard))
    levels, spoken = levels[:count], mask_of(union(speech), count)
    silent = ~grown(spoken, settings.guard_s) & ~grown(mask_of(union(aside), count), _CLOSE_S)
    if not spoken.any():
        return Handling((), "nobody speaks on the channel")
    if np.count_nonzero(silent) * FRAME_S < settings.least_silence_s:
        return Handling((), f"under {settings.least_silence_s:g} s without speech")
    voice = float(10 * np.log10(np.mean(10 ** (levels[spoken].astype(np.float64) / 10))))
    floor = _floor(levels, silent, settings)
    headroom = voice - settings.below_voice_db - settings.above_floor_db - float(np.median(floor))
    if headroom < 0:
        return Handling((), f"noise only {voice - float(np.median(floor)):.0f} dB below the voice")
    least = np.full(count, np.inf, np.float32)
    least[silent] = np.maximum(floor + settings.above_floor_db, voice - settings.below_voice_db)
    around = np.where(silent, levels, np.float32(np.nan))
    sounds = _sounds(channel, around, levels > least, heard[:count], settings)
    return Handling(_stretches(sounds, levels - np.float32(voice), spoken, settings))


def _floor(levels: FloatArray, silent: Mask, settings: HandlingSettings) -> FloatArray:
    """The line's noise in each silent frame: a quantile of the silent frames around it."""
    quiet = np.maximum(levels[silent], np.float32(_LOWEST_DBOV))
    size = max(3, round(settings.floor_window_s / FRAME_S / _FLOOR_STEP) | 1)
    coarse = percentile_filter(
        quiet[::_FLOOR_STEP], 100 * settings.floor_quantile, size=size, mode="nearest"
    )
    return np.asarray(np.repeat(coarse, _FLOOR_STEP)[: len(quiet)], np.float32)


def _sounds(
    channel: Channel, levels: FloatArray, loud: Mask, heard: FloatArray, settings: HandlingSettings
) -> list[tuple[int, int]]:
    """(first, last + 1) frame of every sound that is neither room, voice nor line.

    ``levels`` are NaN where they are not listened to.
    """
    found = []
    for first, last in runs(bridged(loud, _CLOSE_S)):
        if (last - first) * FRAME_S > settings.longest_s or not _passes(levels, first, last):
            continue  # that is what the room sounds like
        if float(heard[first:last].mean()) > settings.most_heard:
            continue
        sound = _band(channel, first, last)
        if not _is_click(sound, channel.rate_hz) and not _is_voiced(sound, channel.rate_hz):
            found.append((first, last))
    return found


def _passes(levels: FloatArray, first: int, last: int) -> bool:
    """Whether it was quieter before and is again after; NaN is what was not listened to."""
    if first == 0 or last == len(levels):
        return False
    sound = float(np.nanmean(levels[first:last]))
    sides = (levels[max(0, first - _SIDE) : first], levels[last : last + _SIDE])
    known = (side[np.isfinite(side)] for side in sides)
    return all(np.quantile(side, 0.3) < sound - _FALLS_DB for side in known if len(side))


def _band(channel: Channel, first: int, last: int) -> FloatArray:
    """A sound and a frame either side, in the telephone band."""
    rate = channel.rate_hz
    start, stop = round((first - 1) * FRAME_S * rate), round((last + 1) * FRAME_S * rate)
    margin = round(0.05 * rate)
    samples = channel.samples(start - margin, stop + margin)
    high = min(_BAND_HZ[1], 0.45 * rate)
    sections = butter(2, (_BAND_HZ[0], high), "bandpass", fs=rate, output="sos")
    filtered = sosfiltfilt(sections, samples) if len(samples) > margin else samples
    before = min(margin, max(0, start))
    return np.asarray(filtered[before : before + stop - start], np.float32)


def _is_click(sound: FloatArray, rate: int) -> bool:
    """Nearly all of it within a few milliseconds: a switch or a lost packet, and nobody's hand."""
    energy = np.cumsum(np.concatenate(([0.0], np.square(sound, dtype=np.float64))))
    width = round(_CLICK_S * rate)
    if energy[-1] <= 0 or len(sound) <= width:
        return True
    return bool((energy[width:] - energy[:-width]).max() > 0.9 * energy[-1])


def _is_voiced(sound: FloatArray, rate: int) -> bool:
    """Whether two windows of 40 ms in a row repeat themselves at the period of a voice."""
    size, hop = round(_PERIODIC_WINDOW_S * rate), round(FRAME_S * rate)
    if len(sound) < size + hop:
        return False
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[::hop].astype(np.float64)
    periodic = _periodicity(frames - frames.mean(axis=1, keepdims=True), rate) > _PERIODIC
    return bool((periodic[1:] & periodic[:-1]).any())


_PERIODIC = 0.8
"""Normalised autocorrelation over 40 ms: knocks and clicks ring at 0.75 at most, vowels at 0.9."""


def _periodicity(frames: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """Highest normalised autocorrelation of each frame at the lags of a voice.

    The window's own is divided out (Boersma 1993, IFA Proc. 17, 97-110).
    """
    size = frames.shape[1]
    window = np.hanning(size)
    padded = 1 << (2 * size - 1).bit_length()
    own = np.fft.irfft(np.abs(np.fft.rfft(window, padded)) ** 2)
    both = np.fft.irfft(np.abs(np.fft.rfft(frames * window, padded, axis=1)) ** 2, axis=1)
    lags = np.arange(round(rate / _PITCH_HZ[1]), min(round(rate / _PITCH_HZ[0]), size // 2 + 1))
    shape = (both[:, lags] / np.maximum(both[:, :1], 1e-20)) / (own[lags] / own[0])
    return np.asarray(shape.max(axis=1))


def _stretches(
    sounds: Sequence[tuple[int, int]],
    re_voice: FloatArray,
    spoken: Mask,
    settings: HandlingSettings,
) -> Timeline:
    """Sounds that follow one another, where they are many, long, or as loud as the voice."""
    groups: list[list[tuple[int, int]]] = []
    for first, last in sounds:
        previous = groups[-1][-1][1] if groups else 0
        near = groups and (first - previous) * FRAME_S <= settings.join_s
        if near and not spoken[previous:first].any():
            groups[-1].append((first, last))
        else:
            groups.append([(first, last)])
    kept = (
        Span(round(group[0][0] * FRAME_S, 3), round(group[-1][1] * FRAME_S, 3))
        for group in groups
        if _matters(group, re_voice, settings)
    )
    return bridge(kept, 0.0)


def _matters(
    group: Sequence[tuple[int, int]], re_voice: FloatArray, settings: HandlingSettings
) -> bool:
    seconds = sum(last - first for first, last in group) * FRAME_S
    loudest = max(float(re_voice[first:last].max()) for first, last in group)
    return (
        len(group) >= settings.least_taps
        or seconds >= settings.least_s
        or loudest >= settings.loud_re_voice_db
    )
