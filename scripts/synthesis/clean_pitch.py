"""F0 of the clean synthetic voices, the reference for pitch measured on the line.

Autocorrelation and the cheapest path through its peaks, after Boersma (1993), "Accurate short-term
analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled sound", IFA
Proceedings 17. The line's own tracker is never used here.
"""

import numpy as np
import numpy.typing as npt
from scipy.signal import firwin, upfirdn

from pipeline.values import Value
from scripts.synthesis.line import RATE_HZ, Signal

HOP_S = 0.01
_WINDOW_S = 0.05  # three periods of the lowest F0
_LEAST_HZ, _MOST_HZ = 60.0, 500.0
_LOW_HZ, _LOW_TAPS = 900.0, 101
"""Above, a strong formant would pass for the voice."""
_CANDIDATES = 8
_VOICED = 0.5
"""Least autocorrelation of a voiced frame; Boersma takes 0.4 where noise has to be expected."""
_SILENT = 0.05
"""Frames with less of the utterance's highest amplitude than this are silence."""
_OCTAVE_COST = 0.02
"""What a lag twice as long costs, so that a period is preferred to its multiples."""
_JUMP_COST = 0.5
"""What a jump of an octave between frames costs."""
_CHANGE_COST = 0.14
"""What it costs to start or stop voicing."""
_MOST_OFF_ST = 11.0
"""Farther than this from the voice's median only octave errors lie."""

Track = npt.NDArray[np.float64]
"""F0 in Hz every `HOP_S`, NaN where unvoiced."""


class PitchTruth(Value, frozen=True, kw_only=True):
    """How a voice's F0 lies and moves."""

    median_hz: float
    spread_st: float
    """Robust standard deviation: 1.4826 times the median distance from the median."""
    range_st: float
    """5th to 95th percentile."""


def track(clean: Signal) -> Track:
    """F0 of clean speech at 8 kHz."""
    length, hop = round(_WINDOW_S * RATE_HZ), round(HOP_S * RATE_HZ)
    taps = firwin(_LOW_TAPS, _LOW_HZ, fs=RATE_HZ)
    low = upfirdn(taps, clean)[_LOW_TAPS // 2 : _LOW_TAPS // 2 + len(clean)]
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(low, length // 2), length)[::hop]
    loud = np.max(np.abs(frames), axis=1) > _SILENT * np.max(np.abs(low), initial=1e-9)
    frequency, strength = _candidates(frames, loud)
    path = _cheapest_path(frequency, strength)
    return np.asarray(frequency[np.arange(len(frames)), path])


def _candidates(
    frames: npt.NDArray[np.float64], loud: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(frames, candidates) F0 in Hz and worth; the first is "unvoiced" (NaN)."""
    shortest, longest = int(RATE_HZ / _MOST_HZ), int(RATE_HZ / _LEAST_HZ)
    found = _autocorrelation(frames, longest + 2)
    lags = np.arange(shortest, longest + 1)
    before, at, after = (found[:, lags + step] for step in (-1, 0, 1))
    peak = (at > before) & (at >= after) & loud[:, None]
    shift = 0.5 * (before - after) / np.minimum(before - 2 * at + after, -1e-9)
    worth = np.where(peak, at - _OCTAVE_COST * np.log2(lags * _LEAST_HZ / RATE_HZ), -np.inf)
    best = np.argsort(-worth, axis=1)[:, :_CANDIDATES]
    worth = np.take_along_axis(worth, best, axis=1)
    lag = lags[best] + np.where(np.isfinite(worth), np.take_along_axis(shift, best, axis=1), 0.0)
    column = np.full((len(frames), 1), np.nan)
    unvoiced = np.where(loud[:, None], _VOICED, 1.0)
    return np.hstack([column, RATE_HZ / lag]), np.hstack([unvoiced, worth])


def _cheapest_path(
    frequency: npt.NDArray[np.float64], worth: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The candidate of every frame (Viterbi)."""
    octave = np.log2(frequency)
    score, came_from = worth[0], np.zeros(worth.shape, np.int64)
    for at in range(1, len(worth)):
        jump = _JUMP_COST * np.abs(octave[at][:, None] - octave[at - 1][None, :])
        jump[0, :] = jump[:, 0] = _CHANGE_COST
        jump[0, 0] = 0.0
        reached = score[None, :] - jump
        came_from[at] = np.argmax(reached, axis=1)
        score = worth[at] + np.max(reached, axis=1)
    path = np.zeros(len(worth), np.int64)
    path[-1] = np.argmax(score)
    for at in range(len(worth) - 1, 0, -1):
        path[at - 1] = came_from[at, path[at]]
    return path


def _autocorrelation(frames: npt.NDArray[np.float64], lags: int) -> npt.NDArray[np.float64]:
    """Normalised autocorrelation (frames, lags).

    "Estimate the autocorrelation of the original segment by dividing the autocorrelation of the
    windowed signal by the autocorrelation of the window."
    """
    window = np.hanning(frames.shape[1])
    size = 2 ** int(np.ceil(np.log2(2 * frames.shape[1])))

    def correlate(signals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        power = np.abs(np.fft.rfft(signals, size, axis=-1)) ** 2
        found = np.fft.irfft(power, axis=-1)[..., :lags]
        return np.asarray(found / np.maximum(found[..., :1], 1e-12))

    centred = frames - np.mean(frames, axis=1, keepdims=True)
    return np.asarray(correlate(centred * window) / correlate(window))


def statistics(pitch_hz: Track) -> PitchTruth | None:
    """Median, spread and range of a track; None where nothing is voiced."""
    voiced = pitch_hz[~np.isnan(pitch_hz)]
    if not len(voiced):
        return None
    semitones = 12 * np.log2(voiced / np.median(voiced))
    voiced = voiced[np.abs(semitones) < _MOST_OFF_ST]
    semitones = 12 * np.log2(voiced / np.median(voiced))
    low, high = np.percentile(semitones, (5, 95))
    return PitchTruth(
        median_hz=round(float(np.median(voiced)), 1),
        spread_st=round(1.4826 * float(np.median(np.abs(semitones))), 2),
        range_st=round(float(high - low), 2),
    )
