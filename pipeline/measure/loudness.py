"""Loudness after ITU-R BS.1770-5, and its range after EBU Tech 3342, at any sampling rate.

The standard gives the K-weighting filter as coefficients for 48 kHz. Here it is carried to the
file's own rate with the poles kept in place and the gain matched, because the bilinear transform
would bend it by up to 0.5 dB at 8 kHz.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.signal import freqz, sosfilt

from pipeline.measure.channel import Channel

Float64Array = npt.NDArray[np.float64]

_STEP_S = 0.1
_BLOCK_S = 10.0
_MOMENTARY, _SHORT_TERM = 4, 30
"""Windows in steps: 400 ms and 3 s."""
_OFFSET_LU = -0.691
_ABSOLUTE_GATE_LUFS = -70.0
_INTEGRATED_GATE_LU, _RANGE_GATE_LU = -10.0, -20.0
_LEAST_RATE_HZ = 4000

# BS.1770-5 annex 1, tables 1 and 2: head (high shelf) and RLB (high pass), for 48 kHz.
_REFERENCE_HZ = 48000
_SHELF_B = np.array([1.53512485958697, -2.69169618940638, 1.19839281085285])
_SHELF_A = np.array([1.0, -1.69065929318241, 0.73248077421585])
_PASS_B = np.array([1.0, -2.0, 1.0])
_PASS_A = np.array([1.0, -1.99004745483398, 0.99007225036621])
_SHELF_HZ, _PASS_HZ = 1681.97, 1000.0
"""Where the gain is matched besides zero and half the rate."""


class Loudness(msgspec.Struct, frozen=True):
    """Loudness of a programme; ``None`` (with ``reason``) where nothing passes the gates."""

    integrated_lufs: float | None
    momentary_max_lufs: float | None
    """Loudest 400 ms."""
    short_term_max_lufs: float | None
    """Loudest 3 s."""
    range_lu: float | None
    """Loudness range: 10th to 95th percentile of the gated short-term loudness."""
    reason: str | None = None


def loudness(channels: Sequence[Channel]) -> Loudness:
    """Loudness of one programme of one or more channels, each weighted 1 (left, right, centre).

    Memory: ten numbers a second and channel.
    """
    if not channels or channels[0].rate_hz < _LEAST_RATE_HZ:
        return Loudness(None, None, None, None, f"sampled below {_LEAST_RATE_HZ} Hz")
    steps = [_step_power(channel) for channel in channels]
    length = min(len(powers) for powers in steps)
    power = np.sum([powers[:length] for powers in steps], axis=0)
    momentary = _windowed(power, _MOMENTARY)
    if not len(momentary):
        return Loudness(None, None, None, None, "shorter than 400 ms")
    integrated = _gated(momentary, _INTEGRATED_GATE_LU)
    if not len(integrated):
        return Loudness(None, None, None, None, f"never above {_ABSOLUTE_GATE_LUFS:g} LUFS")
    short_term = _windowed(power, _SHORT_TERM)
    return Loudness(
        _lufs(float(integrated.mean())),
        _lufs(float(momentary.max())),
        _lufs(float(short_term.max())) if len(short_term) else None,
        _range(short_term),
    )


def short_term(channels: Sequence[Channel]) -> Float64Array:
    """Short-term loudness, LUFS, every 100 ms; value i is over the 3 s from ``0.1 i``.

    Digital silence is minus infinity.
    """
    steps = [_step_power(channel) for channel in channels]
    length = min((len(powers) for powers in steps), default=0)
    power = _windowed(np.sum([powers[:length] for powers in steps], axis=0), _SHORT_TERM)
    with np.errstate(divide="ignore"):
        return np.asarray(_OFFSET_LU + 10 * np.log10(power))


def _lufs(power: float) -> float:
    return _OFFSET_LU + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LU) / 10))


def _windowed(power: Float64Array, steps: int) -> Float64Array:
    """Mean over every window of that many steps; shape (max(0, n - steps + 1),)."""
    if len(power) < steps:
        return np.zeros(0)
    return np.asarray(np.convolve(power, np.full(steps, 1 / steps), "valid"))


def _gated(power: Float64Array, relative_lu: float) -> Float64Array:
    """The windows above -70 LUFS and above ``relative_lu`` of the mean of those."""
    loud = power[power > _power(_ABSOLUTE_GATE_LUFS)]
    if not len(loud):
        return loud
    return np.asarray(loud[loud > loud.mean() * 10 ** (relative_lu / 10)])


def _range(short_term_power: Float64Array) -> float | None:
    gated = _gated(short_term_power, _RANGE_GATE_LU)
    if not len(gated):
        return None
    low, high = np.quantile(gated, (0.1, 0.95))
    return float(10 * np.log10(high / low))


def _step_power(channel: Channel) -> Float64Array:
    """K-weighted mean square of every whole 100 ms, full scale = 1."""
    sos = k_weighting(channel.rate_hz)
    state = np.zeros((len(sos), 2))
    powers: list[Float64Array] = []
    total = math.floor(channel.n_samples / channel.rate_hz / _STEP_S + 1e-9)
    stride = round(_BLOCK_S / _STEP_S)
    for first in range(0, total, stride):
        count = min(stride, total - first)
        edges = np.round(np.arange(first, first + count + 1) * _STEP_S * channel.rate_hz)
        edges = (edges - edges[0]).astype(np.int64)
        samples = channel.read(first * _STEP_S, (first + count) * _STEP_S)[: edges[-1]]
        weighted, state = sosfilt(sos, samples.astype(np.float64), zi=state)
        sums = np.add.reduceat(np.square(weighted), edges[:-1])
        powers.append(sums / np.diff(edges))
    return np.concatenate(powers) if powers else np.zeros(0)


# ── K-weighting at any rate ──────────────────────────────────────────────────────────────────────


def k_weighting(rate_hz: int) -> Float64Array:
    """Second-order sections, shape (2, 6): the standard's at 48 kHz, their equals elsewhere.

    Within 0.04 dB of the 48 kHz response at 8 kHz, 0.003 dB at 16 kHz (20 Hz to 0.49 of the rate).
    """
    if rate_hz == _REFERENCE_HZ:
        return np.stack([np.append(_SHELF_B, _SHELF_A), np.append(_PASS_B, _PASS_A)])
    return np.stack([_shelf(rate_hz), _high_pass(rate_hz)])


def _poles_at(denominator: Float64Array, rate_hz: int) -> Float64Array:
    """The same analogue poles at another rate (impulse invariance)."""
    poles = np.roots(denominator).astype(np.complex128) ** (_REFERENCE_HZ / rate_hz)
    return np.asarray(np.real(np.poly(poles)))


def _gain(b: Float64Array, a: Float64Array, hz: Float64Array, rate_hz: int) -> Float64Array:
    """Magnitude of the response at these frequencies."""
    return np.asarray(np.abs(freqz(b, a, worN=hz, fs=rate_hz)[1]))


def _shelf(rate_hz: int) -> Float64Array:
    # Vicanek (2016), "Matched second order digital filters": the squared numerator's
    # magnitude is linear in three coefficients, solved so that the gain fits at three frequencies.
    a = _poles_at(_SHELF_A, rate_hz)
    matched = np.array([0.0, min(_SHELF_HZ, rate_hz / 4), rate_hz / 2])
    # Above 48 kHz's own half, the shelf stays as it is there.
    reference = _gain(_SHELF_B, _SHELF_A, np.minimum(matched, _REFERENCE_HZ / 2), _REFERENCE_HZ)
    wanted = np.square(reference / _gain(np.array([1.0]), a, matched, rate_hz))
    high = np.square(np.sin(np.pi * matched / rate_hz))
    terms = np.stack([1 - high, high, 4 * high * (1 - high)], axis=1)
    at_zero, at_half, between = np.linalg.solve(terms, wanted)
    mean = (math.sqrt(at_zero) + math.sqrt(at_half)) / 2
    b0 = (mean + math.sqrt(mean * mean + between)) / 2
    b1 = (math.sqrt(at_zero) - math.sqrt(at_half)) / 2
    return np.array([b0, b1, -between / (4 * b0), *a])


def _high_pass(rate_hz: int) -> Float64Array:
    a = _poles_at(_PASS_A, rate_hz)
    at = np.array([_PASS_HZ])
    reference = _gain(_PASS_B, _PASS_A, at, _REFERENCE_HZ)
    return np.append(_PASS_B * (reference / _gain(_PASS_B, a, at, rate_hz))[0], a)
