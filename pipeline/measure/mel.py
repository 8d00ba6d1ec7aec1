"""Triangular bands on a mel scale, as librosa lays them.

librosa's own would do, but importing the module that makes them compiles code: 0.3 s and 70 MB for
two small matrices, in every process that measures. The tests hold these against it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.measure.channel import FloatArray

Float64Array = npt.NDArray[np.float64]

_LINEAR_TO_HZ = 1000.0
_HZ_PER_MEL = 200 / 3
_LOG_STEP = np.log(6.4) / 27


def slaney_hz(count: int, low_hz: float, high_hz: float) -> Float64Array:
    """Frequencies evenly spaced on Slaney's scale: linear up to 1 kHz, logarithmic above.

    Slaney (1998), Auditory Toolbox, Technical Report 1998-010, Interval Research.
    """
    border = _LINEAR_TO_HZ / _HZ_PER_MEL
    low, high = (
        hz / _HZ_PER_MEL
        if hz < _LINEAR_TO_HZ
        else border + float(np.log(hz / _LINEAR_TO_HZ)) / _LOG_STEP
        for hz in (low_hz, high_hz)
    )
    mels = np.linspace(low, high, count)
    above = _LINEAR_TO_HZ * np.exp(_LOG_STEP * (mels - border))
    return np.asarray(np.where(mels < border, mels * _HZ_PER_MEL, above))


def htk_hz(count: int, low_hz: float, high_hz: float) -> Float64Array:
    """Frequencies evenly spaced on O'Shaughnessy's scale (1987, Speech Communication, p. 150)."""
    low, high = (2595.0 * np.log10(1 + hz / 700) for hz in (low_hz, high_hz))
    return np.asarray(700 * (10 ** (np.linspace(low, high, count) / 2595) - 1))


def triangles(edges_hz: Float64Array, rate_hz: int, fft_length: int) -> FloatArray:
    """What each bin of a spectrum counts in each band, [bins, bands].

    Args:
        edges_hz: a band rises from one of them to the next, where it is 1, and falls to the third.
        rate_hz: of the sound.
        fft_length: of its spectra.
    """
    away = edges_hz - np.fft.rfftfreq(fft_length, 1 / rate_hz)[:, None]
    width = np.diff(edges_hz)
    rising, falling = -away[:, :-2] / width[:-1], away[:, 2:] / width[1:]
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), np.float32)
