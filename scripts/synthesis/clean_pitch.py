"""F0 of the clean synthetic voices, the reference for pitch measured on the line.

After probabilistic YIN (Mauch & Dixon 2014), which is slow and, on clean speech of one voice with
its fundamental, as good as any; the line's tracker is never used here.
"""

import librosa
import numpy as np
import numpy.typing as npt

from pipeline.facts import Value
from scripts.synthesis.line import RATE_HZ, Signal

HOP_S = 0.01
_FRAME = 512
_LEAST_HZ, _MOST_HZ = 60.0, 600.0
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
    found, _, _ = librosa.pyin(
        clean,
        fmin=_LEAST_HZ,
        fmax=_MOST_HZ,
        sr=RATE_HZ,
        frame_length=_FRAME,
        hop_length=round(HOP_S * RATE_HZ),
        resolution=0.1,
    )
    return np.asarray(found, np.float64)


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
