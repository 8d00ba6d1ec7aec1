"""The telephone between a voice and the recorder: band, level, noise, leak and 8-bit coding.

A call is an array of shape (2, samples) at 8 kHz, row 0 the agent's channel and row 1 the
customer's. Every step keeps the sound where it is in time (the filter's delay is taken out), so
that times known before the line hold after it.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import firwin, lfilter, upfirdn

Signal = npt.NDArray[np.float64]
"""Samples, full scale = 1."""

RATE_HZ = 8000
BAND_HZ = (300.0, 3400.0)
"""The band of a telephone line (ITU-T G.712)."""

_TAPS = 401
_MU_BIAS = 33
_MU_CLIP = 8191 - _MU_BIAS
_P56_TIME_S = 0.03
_P56_HANGOVER_S = 0.2
_P56_MARGIN_DB = 15.9


@dataclass(frozen=True, slots=True)
class Line:
    """What one channel adds to the voice on it.

    `noise_dbov` is the level of the noise floor; `noise_slope` its colour (0 white, towards 1 more
    low frequencies, as a street or an office has). `leak_db` lets the other party through, that
    many dB below its own channel (negative), `leak_delay_s` late; None: nothing leaks.
    """

    noise_dbov: float = -70.0
    noise_slope: float = 0.0
    leak_db: float | None = None
    leak_delay_s: float = 0.03


def telephone_band(signal: Signal) -> Signal:
    """Keep 300 to 3400 Hz of a signal at `RATE_HZ`; linear phase, its delay removed."""
    taps = firwin(_TAPS, BAND_HZ, pass_zero=False, fs=RATE_HZ)
    # Direct form, not FFT: the same bits on every processor.
    filtered = upfirdn(taps, signal)
    return np.asarray(filtered[_TAPS // 2 : _TAPS // 2 + len(signal)], np.float64)


def mu_law_encode(signal: Signal) -> npt.NDArray[np.uint8]:
    """ITU-T G.711 µ-law octets of samples in [-1, 1]; what lies beyond is clipped."""
    linear = np.clip(np.trunc(signal * 8192), -_MU_CLIP, _MU_CLIP).astype(np.int64)
    biased = np.abs(linear) + _MU_BIAS
    segment = np.maximum(np.floor(np.log2(biased)).astype(np.int64) - 5, 0)
    step = (biased >> (segment + 1)) & 0x0F
    sign = np.where(linear < 0, 0x80, 0)
    return np.asarray(~(sign | (segment << 4) | step) & 0xFF, np.uint8)


def mu_law_decode(octets: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16]:
    """16-bit samples of G.711 µ-law octets."""
    bits = ~octets.astype(np.int64) & 0xFF
    segment, step = (bits >> 4) & 0x07, bits & 0x0F
    magnitude = (((step << 1) + _MU_BIAS) << segment) - _MU_BIAS
    return (np.where(bits & 0x80, -magnitude, magnitude) * 4).astype(np.int16)


def active_speech_level(signal: Signal, rate_hz: int = RATE_HZ) -> tuple[float, float]:
    """Active speech level in dBov and activity factor, after ITU-T P.56 method B.

    Written apart from `pipeline.measure.level`, which the sample calls are there to check. A signal
    without any activity gives (-inf, 0).
    """
    power = float(np.sum(signal**2))
    if power == 0.0:
        return -math.inf, 0.0
    # "Two-stage exponential averaging" of the rectified signal, time constant 30 ms.
    decay = math.exp(-1.0 / (rate_hz * _P56_TIME_S))
    envelope = np.abs(signal)
    for _ in range(2):
        envelope = lfilter([1 - decay], [1, -decay], envelope)
    thresholds = 2.0 ** np.arange(-15, 0)
    margins, levels, counts = [], [], []
    for threshold in thresholds:
        count = _active_samples(envelope >= threshold, rate_hz)
        if count:
            levels.append(10 * math.log10(power / count))
            margins.append(levels[-1] - 20 * math.log10(threshold))
            counts.append(count)
    level = _where_margin_is_met(margins, levels)
    return level, min(1.0, power / (len(signal) * 10 ** (level / 10)))


def _active_samples(above: npt.NDArray[np.bool_], rate_hz: int) -> int:
    """Samples at or above the threshold, or less than the hangover after one that was."""
    index = np.arange(len(above))
    last = np.maximum.accumulate(np.where(above, index, -len(above) - rate_hz))
    return int(np.count_nonzero(index - last < math.ceil(_P56_HANGOVER_S * rate_hz)))


def _where_margin_is_met(margins: list[float], levels: list[float]) -> float:
    """The level where level minus threshold falls to 15.9 dB, on a straight line between two."""
    for upper in range(1, len(margins)):
        if margins[upper] <= _P56_MARGIN_DB:
            below, above = margins[upper - 1], margins[upper]
            share = (below - _P56_MARGIN_DB) / (below - above) if below > above else 0.0
            return levels[upper - 1] + share * (levels[upper] - levels[upper - 1])
    return levels[0]


def at_level(signal: Signal, level_dbov: float) -> Signal:
    """The signal with the gain that brings its active speech level to `level_dbov`."""
    found, _ = active_speech_level(signal)
    return signal if found == -math.inf else signal * 10 ** ((level_dbov - found) / 20)


def noise(samples: int, line: Line, chance: np.random.Generator) -> Signal:
    """Noise of the line's colour in the telephone band, at `line.noise_dbov` (RMS)."""
    white = chance.standard_normal(samples)
    coloured = telephone_band(lfilter([1.0], [1.0, -line.noise_slope], white))
    return np.asarray(coloured * 10 ** (line.noise_dbov / 20) / np.sqrt(np.mean(coloured**2)))


def leaked(other: Signal, line: Line) -> Signal:
    """What of the other party's channel is heard in this one."""
    if line.leak_db is None:
        return np.zeros_like(other)
    delay = round(line.leak_delay_s * RATE_HZ)
    late = np.concatenate([np.zeros(delay), other[: len(other) - delay]])
    return late * 10 ** (line.leak_db / 20)


def transmit(
    parties: Signal, lines: tuple[Line, Line], chance: np.random.Generator
) -> npt.NDArray[np.int16]:
    """What the recorder gets: 16-bit samples (2, n) that went through G.711 µ-law.

    `parties` is (2, n): each party's own channel, in band and at its level.
    """
    received = []
    for channel, line in enumerate(lines):
        heard = parties[channel] + leaked(parties[1 - channel], line)
        heard = heard + noise(parties.shape[1], line, chance)
        received.append(mu_law_decode(mu_law_encode(heard)))
    return np.stack(received)
