"""What else a telephone line carries: call-progress tones, keys, beeps and music on hold.

Tones are told by their spectrum, one or two lines that keep frequency and level, as no voice does,
and by their rhythm: ringing has long silences, the busy tone short ones (ITU-T E.180 gives the
cadences; China 450 Hz, Europe 425 Hz, North America 440 + 480 and 480 + 620 Hz). Keys are pairs of
ITU-T Q.23 frequencies.

Music is told by the lines that its notes draw in the spectrogram (`music`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft
from scipy.ndimage import uniform_filter1d

from pipeline.facts import Tone
from pipeline.measure.channel import FloatArray
from pipeline.measure.crosstalk import Line
from pipeline.measure.frames import FRAME_S, Mask, frame_count, runs
from pipeline.measure.music import SEGMENT_S, Standing, find_music
from pipeline.settings import NonspeechSettings
from pipeline.timeline import Span, Timeline, bridge

ToneKind = Literal["ringback", "busy", "dtmf", "beep"]

HOP_S: Final = 0.02
_PER_HOP: Final = 2
"""10 ms frames in a hop."""
_WINDOW_S: Final = 0.064
_BAND_HZ: Final = (300.0, 3400.0)
_BLOCK: Final = 512
"""Hops per block: 10.24 s, whose spectra stay in the processor's cache."""
_SEGMENT: Final = round(SEGMENT_S / HOP_S)
_LOBE: Final = 3
"""Bins that belong to a line on each side of its peak: a Hann window's main lobe has two, and the
two tones of North American ringing, 40 Hz apart, count as one line."""
_SURROUNDINGS: Final = 21
"""Bins over which the paper averages to find what stands out."""
_STANDS_OUT_DB: Final = 6.0

DTMF_LOW_HZ: Final = np.array([697.0, 770.0, 852.0, 941.0])
DTMF_HIGH_HZ: Final = np.array([1209.0, 1336.0, 1477.0, 1633.0])


@dataclass(frozen=True)
class _Lines:
    """The two strongest lines of every 20 ms hop; zeros where the line is quiet.

    Attributes:
        first_hz, second_hz: their frequencies.
        first_share: the stronger one's share of the power, 0 to 1.
        share: both lines' share.
        second_db: the weaker below the stronger, dB (negative).
        level_db: level of the hop, dBov.
        standing: what stands still, for telling music.
    """

    first_hz: FloatArray
    second_hz: FloatArray
    first_share: FloatArray
    share: FloatArray
    second_db: FloatArray
    level_db: FloatArray
    standing: Standing


@dataclass(frozen=True)
class Nonspeech:
    """Tones of one channel, and when music plays in it."""

    tones: tuple[Tone, ...]
    music: Timeline


def find(
    line: Line, channel: int, level_db: FloatArray, heard: FloatArray, settings: NonspeechSettings
) -> Nonspeech:
    """Find tones and music in one channel.

    Args:
        line: the channel, cleared of the other.
        channel: its number, for the facts.
        level_db: its level per 10 ms frame, dBov.
        heard: the speech model's probability per 10 ms frame.
        settings: the section ``speech.nonspeech``.
    """
    loud = level_db > settings.quiet_dbov
    if not loud.any():
        return Nonspeech((), ())
    lines = _spectral_lines(line, loud)
    tones = _tones(lines, channel, heard, settings)
    lasting = [tone.span for tone in tones if tone.span.duration >= settings.least_ringing_s]
    music = find_music(lines.standing, level_db, heard, lasting, settings)
    # A plucked note on its own is as pure as a beep.
    apart = tuple(tone for tone in tones if not any(tone.span.overlap(span) for span in music))
    return Nonspeech(tones=apart, music=music)


# ── Spectral lines ───────────────────────────────────────────────────────────────────────────────


def _spectral_lines(line: Line, loud: Mask) -> _Lines:
    hops = -(-frame_count(line.channel) // _PER_HOP)
    padded = np.zeros(hops * _PER_HOP, bool)
    padded[: len(loud)] = loud
    worth = np.asarray(padded.reshape(-1, _PER_HOP).any(axis=1), bool)
    tracks = np.zeros((6, hops), np.float32)
    activation, lit = [], []
    for first, windows, frequencies in _windows(line, worth):
        part = worth[first : first + _BLOCK]
        kept = np.flatnonzero(frequencies)
        spectra = rfft(windows, axis=1)[:, kept[0] : kept[-1] + 1]
        power = np.asarray(spectra.real**2 + spectra.imag**2, np.float32)
        inside = frequencies[kept]
        tracks[:, first : first + len(part)][:, part] = _two_lines(power, inside)
        stands_out = np.zeros((_BLOCK, len(inside)), np.float32)
        stands_out[: len(part)][part] = _outstanding(power)
        activation.append(stands_out.reshape(-1, _SEGMENT, len(inside)).mean(axis=1))
        full = np.zeros(_BLOCK, np.float32)
        full[: len(part)] = part
        lit.append(full.reshape(-1, _SEGMENT).mean(axis=1))
    return _Lines(
        first_hz=tracks[0],
        second_hz=tracks[1],
        first_share=tracks[2],
        share=tracks[3],
        second_db=tracks[4],
        level_db=tracks[5],
        standing=Standing(np.concatenate(activation), np.concatenate(lit)),
    )


def _windows(line: Line, worth: Mask) -> Iterator[tuple[int, FloatArray, FloatArray]]:
    """Per block: its first hop, the windows around its loud hops' centres, and the bins' Hz.

    Bins outside the telephone band have 0 Hz.
    """
    rate = line.channel.rate_hz
    length = round(_WINDOW_S * rate)
    window = np.hanning(length).astype(np.float32)
    window /= np.sqrt(np.sum(np.square(window)) * length / 2)
    frequencies = np.fft.rfftfreq(length, 1 / rate)
    frequencies[(frequencies < _BAND_HZ[0]) | (frequencies > _BAND_HZ[1])] = 0
    for first in range(0, len(worth), _BLOCK):
        hops = np.flatnonzero(worth[first : first + _BLOCK])
        origin = round(first * HOP_S * rate) - length // 2
        end = round((first + _BLOCK) * HOP_S * rate) + length
        samples = line.own(origin, end)
        padded = np.zeros(end - origin, np.float32)
        offset = max(0, -origin)
        padded[offset : offset + len(samples)] = samples
        starts = np.round((hops + 0.5) * HOP_S * rate).astype(np.int64)
        views = np.lib.stride_tricks.sliding_window_view(padded, length)
        yield first, views[starts] * window, frequencies.astype(np.float32)


def _two_lines(power: FloatArray, frequencies: FloatArray) -> FloatArray:
    """The first six tracks of `_Lines` for windows x bins of power (6 x windows)."""
    total = power.sum(axis=1) + 1e-20
    first_hz, first, peak = _strongest(power, frequencies)
    second_hz, second, _ = _strongest(_without_lobes(power, peak), frequencies)
    return np.stack(
        [
            first_hz,
            second_hz,
            first / total,
            (first + second) / total,
            10 * np.log10((second + 1e-20) / (first + 1e-20)),
            10 * np.log10(total),
        ]
    ).astype(np.float32)


def _strongest(
    power: FloatArray, frequencies: FloatArray
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Frequency and power of the strongest line, and its bin."""
    top = np.argmax(power, axis=1)
    peak = np.clip(top, _LOBE, power.shape[1] - _LOBE - 1)
    around = peak[:, None] + np.arange(-_LOBE, _LOBE + 1)
    lobe = np.take_along_axis(power, around, axis=1)
    total = lobe.sum(axis=1)
    # The lobe's centre of gravity: within a hertz for a steady tone.
    return (lobe * frequencies[around]).sum(axis=1) / (total + 1e-20), total, top


def _without_lobes(power: FloatArray, peak: npt.NDArray[np.int64]) -> FloatArray:
    """The power without the lobes around one bin of every window."""
    reach = 2 * _LOBE
    rest = np.pad(power, ((0, 0), (reach, reach)))
    around = peak[:, None] + np.arange(2 * reach + 1)
    np.put_along_axis(rest, around, 0, axis=1)
    return rest[:, reach:-reach]


def _outstanding(power: FloatArray) -> npt.NDArray[np.bool_]:
    """Bins well above their surroundings."""
    level = 10 * np.log10(power + 1e-12)
    return np.asarray(level - uniform_filter1d(level, _SURROUNDINGS, axis=1) > _STANDS_OUT_DB)


# ── Tones ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Steady:
    """A stretch of one or two lines that kept frequency (the lower one's) and level."""

    span: Span
    lower_hz: float


def _tones(
    lines: _Lines, channel: int, heard: FloatArray, settings: NonspeechSettings
) -> tuple[Tone, ...]:
    keys = _keys(lines, settings)
    steady = _steady(lines, settings)
    kinds = _by_rhythm(steady, settings)
    # Nobody presses keys in the middle of a word; voices now and then pair up like keys.
    keys = tuple(span for span in keys if _heard_around(span, heard) < settings.music_speech)
    found = [Tone(span=span, channel=channel, kind="dtmf") for span in keys]
    found += [
        Tone(span=tone.span, channel=channel, kind=kind)
        for tone, kind in zip(steady, kinds, strict=True)
        if not any(tone.span.overlap(key) for key in keys)
    ]
    return tuple(sorted(found, key=lambda tone: tone.span))


def _heard_around(span: Span, heard: FloatArray) -> float:
    """The speech model's mean probability from 0.2 s before to 0.2 s after."""
    part = heard[max(0, round((span.start - 0.2) / FRAME_S)) : round((span.end + 0.2) / FRAME_S)]
    return float(part.mean()) if len(part) else 0.0


def _keys(lines: _Lines, settings: NonspeechSettings) -> Timeline:
    """Stretches in which the two lines are a row and a column of a keypad."""
    low = np.minimum(lines.first_hz, lines.second_hz)
    high = np.maximum(lines.first_hz, lines.second_hz)
    row, row_off = _nearest(low, DTMF_LOW_HZ)
    column, column_off = _nearest(high, DTMF_HIGH_HZ)
    pair = (
        (lines.share > settings.tone_share)
        & (row_off < settings.dtmf_tolerance)
        & (column_off < settings.dtmf_tolerance)
        & (lines.second_db > -settings.dtmf_twist_db)
    )
    key = np.where(pair, row * 4 + column, -1)
    return _stretches(key, settings.least_dtmf_s)


def _nearest(
    hz: FloatArray, of: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """(which of the frequencies is nearest, how far off, as a share of it)."""
    nearest, least = np.zeros(len(hz), np.int64), np.full(len(hz), np.inf)
    for number, wanted in enumerate(of):  # one after the other: the hops of hours are many
        off = np.abs(hz - wanted) / wanted
        closer = off < least
        nearest[closer], least[closer] = number, off[closer]
    return nearest, least.astype(np.float32)


def _stretches(label: npt.NDArray[np.int64], least_s: float) -> Timeline:
    """Runs of one label (-1: none) that last long enough."""
    edges = np.flatnonzero(np.diff(np.concatenate([[-2], label, [-2]])))
    return tuple(
        Span(first * HOP_S, last * HOP_S)
        for first, last in pairwise(edges.tolist())
        if label[first] >= 0 and (last - first) * HOP_S >= least_s - 1e-9
    )


def _steady(lines: _Lines, settings: NonspeechSettings) -> list[_Steady]:
    """Stretches of the same one or two lines at the same level."""
    single = lines.first_share > settings.tone_share
    pure = (lines.share > settings.tone_share) & (single | (lines.second_db > -12))
    lower = np.where(single, lines.first_hz, np.minimum(lines.first_hz, lines.second_hz))
    still = (
        (np.abs(np.diff(lower, prepend=lower[:1])) < settings.tone_drift * lower)
        & (np.abs(np.diff(lines.level_db, prepend=lines.level_db[:1])) < settings.tone_wobble_db)
        & pure
    )
    found = []
    for first, last in runs(still):
        # The window reaches over both edges: the first and the last hop hold the switching.
        span = Span(max(0, first - 1) * HOP_S, last * HOP_S)
        drift = float(np.ptp(lower[first:last])) / max(1.0, float(lower[first]))
        if span.duration < settings.least_tone_s or drift > 2 * settings.tone_drift:
            continue
        found.append(_Steady(span, float(np.median(lower[first:last]))))
    return found


def _by_rhythm(tones: list[_Steady], settings: NonspeechSettings) -> list[ToneKind]:
    """Ringing has silences of seconds around it, the busy tone short ones, a beep none to match."""
    kinds: list[ToneKind] = []
    for i, tone in enumerate(tones):
        if not settings.progress_low_hz <= tone.lower_hz <= settings.progress_high_hz:
            kinds.append("beep")
            continue
        silences = [
            abs(max(tone.span.start, near.span.start) - min(tone.span.end, near.span.end))
            for near in tones[max(0, i - 1) : i] + tones[i + 1 : i + 2]
            if abs(near.lower_hz - tone.lower_hz) < 2 * settings.tone_drift * tone.lower_hz
        ]
        if silences and min(silences) <= settings.longest_busy_s:
            kinds.append("busy")
        elif settings.least_ringing_s <= tone.span.duration <= settings.longest_ring_s:
            kinds.append("ringback")
        else:
            kinds.append("beep")
    return kinds


def ringing(tones: tuple[Tone, ...], settings: NonspeechSettings) -> Timeline:
    """From the first to the last ring of each series."""
    return bridge(
        (tone.span for tone in tones if tone.kind == "ringback"), settings.longest_ring_gap_s
    )
