"""Tells a stereo file whose two channels are the same from one that holds two parties.

Many recorders write a mono call into both channels. The copies need not be equal bit by bit: they
may differ in gain, polarity, a few milliseconds of delay, and the noise of a lossy codec. A party
leaking into the other's channel is something else: there the copy is far quieter, or its gain
swings with whoever is speaking.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.measure.channel import Channel, FloatArray
from pipeline.settings import DualMonoSettings


@dataclass(frozen=True, slots=True)
class ChannelCopy:
    """How the second channel follows from the first.

    Attributes:
        gain_db: level of the second over the first.
        delay_s: how much later the second is; negative where it leads.
        inverted: the polarity is turned.
        correlation: median over the blocks looked at, 0 to 1.
    """

    gain_db: float
    delay_s: float
    inverted: bool
    correlation: float


def channel_copy(first: Channel, second: Channel, settings: DualMonoSettings) -> ChannelCopy | None:
    """Whether ``second`` is a copy of ``first``; ``None`` where each holds sound of its own.

    Blocks in which either channel sounds are taken evenly over the call; in almost all of them the
    normalised cross-correlation must peak near 1 and the gain must be the same, and near 0 dB.
    """
    starts = _sounding_blocks(first, second, settings)
    if not len(starts):
        return None
    later_s = _echo_s(first, second, float(starts[0]), settings)
    copied = (starts + later_s >= 0) & (starts + later_s + settings.block_s <= second.duration_s)
    if later_s and copied.any():  # what a late copy leaves out at its end is no difference
        starts = starts[copied]
    found = _compared(first, second, starts, later_s, settings)
    if found is None:
        return None
    correlation, gain_db, delay_s = found[:, 0], found[:, 1], found[:, 2]
    gain = float(np.median(gain_db))
    alike = np.abs(correlation) >= settings.correlation
    alike &= np.abs(gain_db - gain) <= settings.gain_swing_db
    if np.mean(alike) < settings.share or abs(gain) > settings.gain_db:
        return None
    return ChannelCopy(
        gain_db=gain,
        delay_s=float(np.median(delay_s)),
        inverted=bool(np.median(correlation) < 0),
        correlation=float(np.median(np.abs(correlation))),
    )


def _compared(
    first: Channel,
    second: Channel,
    starts: FloatArray,
    later_s: float,
    settings: DualMonoSettings,
) -> NDArray[np.float64] | None:
    """`_compare` of every block; ``None`` as soon as too many blocks are unlike."""
    found, unlike = [], 0
    for start in starts:
        found.append(_compare(first, second, start, later_s, settings))
        unlike += abs(found[-1][0]) < settings.correlation
        if 1 - unlike / len(starts) < settings.share:
            return None
    return np.array(found)


def _sounding_blocks(first: Channel, second: Channel, settings: DualMonoSettings) -> FloatArray:
    """Start times in seconds of at most ``settings.blocks`` blocks in which something sounds."""
    block = settings.block_s
    power = np.array(
        [
            [_power(one), _power(two)]
            for (_, one), (_, two) in zip(first.blocks(block), second.blocks(block), strict=True)
        ]
    )
    level = 10 * np.log10(np.maximum(power, 1e-12)).max(axis=1)
    floor = max(settings.floor_dbov, float(level.max()) - settings.range_db)
    sounding = np.flatnonzero(level >= floor)
    if len(sounding) > settings.blocks:
        sounding = sounding[np.linspace(0, len(sounding) - 1, settings.blocks).astype(int)]
    return (sounding * block).astype(np.float32)


def _power(samples: FloatArray) -> float:
    centred = samples - samples.mean()
    return float(np.mean(centred * centred))


def _compare(
    first: Channel, second: Channel, start_s: float, later_s: float, settings: DualMonoSettings
) -> tuple[float, float, float]:
    """(correlation at its peak, gain in dB, delay in seconds) of one block.

    The second is read ``later_s`` later. Where it has ended, nothing is alike.
    """
    one = first.read(start_s, start_s + settings.block_s)
    two = second.read(start_s + later_s, start_s + later_s + settings.block_s)
    if min(len(one), len(two)) == 0:
        return 0.0, 0.0, 0.0
    one, two = one - one.mean(), two - two.mean()
    energy = float(np.dot(one, one)), float(np.dot(two, two))
    if min(energy) <= 0.0:
        return 0.0, 0.0, 0.0
    rate = first.rate_hz
    curve, step = _correlation_curve(one, two, round(settings.delay_s * rate))
    peak = int(np.argmax(np.abs(curve)))
    correlation = float(curve[peak]) / (energy[0] * energy[1]) ** 0.5
    delay = later_s + (peak - len(curve) // 2) * step / rate
    return max(-1.0, min(1.0, correlation)), 10 * np.log10(energy[1] / energy[0]), delay


def _echo_s(first: Channel, second: Channel, start_s: float, settings: DualMonoSettings) -> float:
    """How much later the second channel gets loud and soft just as the first does, seconds.

    0 where it does not: two parties' levels, who take turns, are unlike at every delay.
    """
    end_s = start_s + settings.echo_within_s
    one, two = (_loudness(channel.read(start_s, end_s), channel.rate_hz, settings)
                for channel in (first, second))  # fmt: skip
    count = min(len(one), len(two))
    most = min(round(settings.echo_delay_s / _LEVEL_S), count // 2)
    if most < 1:
        return 0.0
    one, two = one[:count] - one[:count].mean(), two[:count] - two[:count].mean()
    size = float(np.sqrt(np.dot(one, one) * np.dot(two, two))) or 1.0
    curve = np.fft.irfft(np.conj(np.fft.rfft(one, 2 * count)) * np.fft.rfft(two, 2 * count))
    curve = np.concatenate([curve[-most:], curve[: most + 1]]) / size
    peak = int(np.argmax(curve))
    return (peak - most) * _LEVEL_S if curve[peak] >= settings.echo_correlation else 0.0


_LEVEL_S = 0.01


def _loudness(samples: FloatArray, rate_hz: int, settings: DualMonoSettings) -> FloatArray:
    """Level every 10 ms, dBov, no lower than the floor."""
    width = round(_LEVEL_S * rate_hz)
    whole = samples[: len(samples) // width * width].reshape(-1, width)
    power = np.maximum(np.mean(np.square(whole), axis=1), 10 ** (settings.floor_dbov / 10))
    return np.asarray(10 * np.log10(power), np.float32)


_FINER = 4
"""The correlation is interpolated to quarter samples: at 8 kHz half a sample of delay would
already cost a tenth of the correlation at 2 kHz."""


def _correlation_curve(
    one: FloatArray, two: FloatArray, max_lag: int
) -> tuple[NDArray[np.float64], float]:
    """Cross-correlation for lags -max_lag ... max_lag, in steps of a quarter sample."""
    size = 1 << int(np.ceil(np.log2(len(one) + max_lag + 1)))
    cross = np.conj(np.fft.rfft(one, size)) * np.fft.rfft(two, size)
    curve = np.fft.irfft(cross, size * _FINER) * _FINER
    reach = max_lag * _FINER
    return np.concatenate([curve[-reach:], curve[: reach + 1]]), 1.0 / _FINER
