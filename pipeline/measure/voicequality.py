"""Formants, cepstral peak and harmonicity of voiced sound, in the telephone band.

Everything is read at 8 kHz, from frames of 40 ms spread over the voiced stretches. Jitter and
shimmer are not measured at all: at 8 kHz one sample is 1 to 4 % of a period, and the coder's noise
is larger than the cycle-to-cycle differences that a healthy voice has (Titze, Horii & Scherer 1987,
JSHR 30, 252-260).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, rfft
from scipy.signal import get_window

from pipeline.measure.channel import Channel, FloatArray, resampled
from pipeline.measure.frames import FRAME_S, extent, mask_within
from pipeline.timeline import Span, union

Float64Array = npt.NDArray[np.float64]

_RATE_HZ = 8000
_FRAME = 320
_LPC_ORDER = 10
_PRE_EMPHASIS = 0.97
_MOST_FRAMES = 60
"""Enough for medians; more would only take longer."""
_LOWEST_HZ, _HIGHEST_HZ = 200.0, 3500.0
_WIDEST_HZ = 400.0
_F1_HZ, _F2_HZ, _F3_HZ = (200.0, 1000.0), (700.0, 2600.0), (1600.0, 3500.0)


class VoiceQuality(msgspec.Struct, frozen=True, kw_only=True):
    """Medians over voiced frames; ``None`` where too few frames gave a value."""

    f2_hz: float | None = None
    f3_hz: float | None = None
    cpp_db: float | None = None
    """Cepstral peak prominence."""
    hnr_db: float | None = None
    """Harmonics-to-noise ratio."""


def voice_quality(
    channel: Channel, f0_hz: FloatArray, spans: Iterable[Span], least_frames: int
) -> VoiceQuality:
    """Voice quality over the voiced sound of a stretch.

    Args:
        channel: sampled at 8 kHz or more.
        f0_hz: its pitch track, NaN where unvoiced.
        spans: the stretch, such as one turn's speech.
        least_frames: values that a median needs.
    """
    frames, pitch = _voiced_frames(channel, f0_hz, union(spans))
    if len(frames) < least_frames:
        return VoiceQuality()
    second, third = _formants(frames)
    return VoiceQuality(
        f2_hz=_median(second, least_frames),
        f3_hz=_median(third, least_frames),
        cpp_db=_median(_cepstral_peaks(frames, pitch), least_frames),
        hnr_db=_median(_harmonicity(frames, pitch), least_frames),
    )


def _median(values: Float64Array, least: int) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) >= least else None


def _voiced_frames(
    channel: Channel, f0_hz: FloatArray, spans: Iterable[Span]
) -> tuple[FloatArray, Float64Array]:
    """Frames of 40 ms about voiced track frames, shape (n, 320), and their F0."""
    spans = union(spans)
    part = extent(spans, len(f0_hz), margin=1)
    voiced = mask_within(spans, part) & np.isfinite(f0_hz[part])
    # Frames at the border of voicing are half something else.
    inner = np.flatnonzero(voiced[1:-1] & voiced[:-2] & voiced[2:]) + part.start + 1
    every = max(1, -(-len(inner) // _MOST_FRAMES))
    chosen = inner[::every]
    if channel.rate_hz < _RATE_HZ:
        chosen = chosen[:0]
    frames = [np.zeros((0, _FRAME), np.float32)]
    for span in spans:
        here = chosen[(chosen * FRAME_S >= span.start) & (chosen * FRAME_S < span.end)]
        if len(here):
            frames.append(_frames(channel, here))
    stacked = np.concatenate(frames)
    sounding = stacked.any(axis=1)
    return stacked[sounding], f0_hz[chosen][sounding].astype(np.float64)


def _frames(channel: Channel, chosen: npt.NDArray[np.int64]) -> FloatArray:
    """Frames about the centres of track frames that lie close together."""
    start_s = chosen[0] * FRAME_S - _FRAME / _RATE_HZ
    stop_s = chosen[-1] * FRAME_S + 2 * _FRAME / _RATE_HZ
    sound = resampled(channel.read(start_s, stop_s), channel.rate_hz, _RATE_HZ)
    first = np.round(((chosen + 0.5) * FRAME_S - max(0.0, start_s)) * _RATE_HZ).astype(np.int64)
    at = first - _FRAME // 2
    before = max(0, -int(at[0]))
    padded = np.pad(sound, (before, max(0, int(at[-1]) + _FRAME - len(sound))))
    view = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)
    return np.asarray(view[at + before])


@functools.cache
def _window(name: str) -> FloatArray:
    return np.asarray(get_window(name, _FRAME), np.float32)


def _power(frames: FloatArray, size: int) -> FloatArray:
    """Power spectrum of every frame; shape (n, size / 2 + 1)."""
    spectra = rfft(frames, size, axis=1)
    return np.asarray(np.square(spectra.real) + np.square(spectra.imag))


# ── Formants ─────────────────────────────────────────────────────────────────────────────────────


def _formants(frames: FloatArray) -> tuple[Float64Array, Float64Array]:
    """F2 and F3 of every frame, Hz; NaN where no resonance fits.

    Linear prediction, autocorrelation method (Markel & Gray 1976); resonances are the poles with a
    bandwidth under 400 Hz. F1 is not given: the line cuts it in close vowels.
    """
    emphasised = frames.copy()
    emphasised[:, 1:] -= _PRE_EMPHASIS * frames[:, :-1]
    windowed = emphasised * _window("hamming")
    correlation = irfft(_power(windowed, 2 * _FRAME), axis=1)[:, : _LPC_ORDER + 1]
    correlation = correlation.astype(np.float64)
    poles = np.linalg.eigvals(_companions(_predictors(correlation)))
    hz = np.angle(poles) * _RATE_HZ / (2 * np.pi)
    width = -np.log(np.maximum(np.abs(poles), 1e-6)) * _RATE_HZ / np.pi
    good = (hz > _LOWEST_HZ) & (hz < _HIGHEST_HZ) & (width < _WIDEST_HZ)
    found = np.sort(np.where(good, hz, np.inf), axis=1)
    return _assigned(found)


def _predictors(correlation: Float64Array) -> Float64Array:
    """Levinson-Durbin for many frames at once; shape (n, order + 1), first column 1."""
    n = len(correlation)
    a = np.zeros((n, _LPC_ORDER + 1))
    a[:, 0] = 1.0
    error = correlation[:, 0] * (1 + 1e-9) + 1e-12
    for step in range(1, _LPC_ORDER + 1):
        gain = -(a[:, :step] * correlation[:, step:0:-1]).sum(axis=1) / error
        a[:, 1 : step + 1] = a[:, 1 : step + 1] + gain[:, None] * a[:, step - 1 :: -1][:, :step]
        error = error * (1 - gain**2)
    return a


def _companions(a: Float64Array) -> Float64Array:
    """Matrices whose eigenvalues are the polynomials' roots; shape (n, order, order)."""
    matrices = np.zeros((len(a), _LPC_ORDER, _LPC_ORDER))
    matrices[:, 0] = -a[:, 1:]
    matrices[:, np.arange(1, _LPC_ORDER), np.arange(_LPC_ORDER - 1)] = 1.0
    return matrices


def _assigned(found: Float64Array) -> tuple[Float64Array, Float64Array]:
    """F2 is the lowest resonance above F1 in F2's range, F3 the next in F3's."""
    first = _lowest(found, np.full(len(found), _F1_HZ[0]), _F1_HZ[1])
    after_first = np.where(np.isfinite(first), first, _F2_HZ[0])
    second = _lowest(found, np.maximum(after_first, _F2_HZ[0]), _F2_HZ[1])
    third = _lowest(found, np.maximum(np.nan_to_num(second, nan=np.inf), _F3_HZ[0]), _F3_HZ[1])
    return second, third


def _lowest(found: Float64Array, above: Float64Array, below: float) -> Float64Array:
    """Per frame the lowest resonance in (above, below); NaN where none."""
    inside = (found > above[:, None]) & (found < below)
    lowest = np.where(inside, found, np.inf).min(axis=1)
    return np.where(np.isfinite(lowest), lowest, np.nan)


# ── Regularity of the voice ──────────────────────────────────────────────────────────────────────


def _cepstral_peaks(frames: FloatArray, pitch: Float64Array) -> Float64Array:
    """Cepstral peak prominence (Hillenbrand, Cleveland & Erickson 1994, JSHR 37, 769-778), dB.

    The peak is looked for within a fifth about the pitch; prominence is its height over the line
    fitted to the cepstrum from 1 ms on.
    """
    spectra = 10 * np.log10(_power(frames * _window("hann"), 1024) + np.float32(1e-18))
    cepstra = 20 * np.log10(np.abs(irfft(spectra, axis=1)[:, :200]) + np.float32(1e-9))
    quefrency = np.arange(200) / _RATE_HZ
    near = np.abs(quefrency[None, :] * pitch[:, None] - 1) < 0.2
    peaks = np.where(near, cepstra, -np.inf).argmax(axis=1)
    fitted = quefrency >= 0.001
    # Least squares: the mean, and the slope by the deviations from the mean quefrency.
    middle = quefrency[fitted].mean()
    apart = quefrency[fitted] - middle
    slope = cepstra[:, fitted] @ (apart / np.sum(apart**2))
    line = cepstra[:, fitted].mean(axis=1) + slope * (quefrency[peaks] - middle)
    heights = cepstra[np.arange(len(frames)), peaks] - line
    return np.asarray(np.where(near.any(axis=1), heights, np.nan))


def _harmonicity(frames: FloatArray, pitch: Float64Array) -> Float64Array:
    """Harmonics-to-noise ratio from the autocorrelation at the period (Boersma 1993), dB."""
    window = _window("hann")
    size = 2 * _FRAME
    centred = frames - frames.mean(axis=1, keepdims=True)
    own = irfft(_power(centred * window, size), axis=1)[:, :_FRAME]
    of_window = irfft(_power(window[None], size), axis=1)[0, :_FRAME]
    normal = (own / np.maximum(own[:, :1], 1e-12) / (of_window / of_window[0]))[:, : _FRAME // 2]
    lag = np.arange(_FRAME // 2)
    near = np.abs(lag[None, :] * pitch[:, None] / _RATE_HZ - 1) < 0.1
    known = near.any(axis=1)
    best = np.clip(np.where(near, normal, -np.inf).argmax(axis=1), 1, len(lag) - 2)
    rows = np.arange(len(frames))
    before, peak, after = (normal[rows, best + shift] for shift in (-1, 0, 1))
    # The period is no whole number of samples: the top of the parabola through three of them.
    bend = np.minimum(before - 2 * peak + after, -1e-12)
    top = np.clip(peak - (after - before) ** 2 / (8 * bend), 1e-3, 1 - 1e-4)
    return np.asarray(np.where(known, 10 * np.log10(top / (1 - top)), np.nan))
