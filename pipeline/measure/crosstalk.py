"""Cross-talk: the other party leaking into a channel, found, measured and taken out.

Telephone lines leak. The hybrid between two and four wires returns the talker's own voice, a
handset's microphone hears its loudspeaker, and a recorder's two inputs couple; what arrives is the
other party's signal, 10 to 40 dB lower, 0 to 300 ms late and coloured by the path. Left in, one
person speaking looks like two, so every sentence becomes an overlap.

Three steps, each over a bounded number of blocks, so that cost and memory do not grow with the
call:

1. *Is there a leak, and how late?* The generalised cross-correlation with phase transform
   (Knapp & Carter 1976, "The generalized correlation method for estimation of time delay", IEEE
   Trans. ASSP 24(4)) averages out to noise for two people who merely talk in turns, and to a
   sharp peak at the delay of a leak.
2. *What does the path do?* A Wiener filter around that delay, its blocks weighted down by what
   they leave unexplained, so that double talk does not pull it (iteratively reweighted least
   squares).
3. *Take it out.* The filter predicts the leak from the other channel; the prediction is
   subtracted. Whoever speaks at the same time stays untouched.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft
from scipy.signal import oaconvolve

from pipeline.measure.channel import Channel, FloatArray
from pipeline.settings import CrosstalkSettings

Spectra = npt.NDArray[np.complex64]

_BAND_HZ = (300.0, 3400.0)
"""The telephone band: outside it lie hum and coder noise, which channels may share."""
_EMPTY = 1e-12
_MOST_SAMPLES = 1 << 22
"""Samples of each channel that are looked at together: 16 MB."""
_MOST_SUPPRESSION_DB = 30.0
"""More is not believed: the path may move a little where nobody looked."""


@dataclass(frozen=True)
class Leak:
    """One channel heard in another.

    Attributes:
        source: index of the channel that leaks.
        target: index of the channel it is heard in.
        delay_s: how much later it arrives there.
        gain_db: how loud it arrives, relative to the source (negative: lower).
        suppression_db: how far below the leak the rest lies at least after subtraction, in four
            of five blocks that hold nothing else.
        evidence: height of the correlation peak over the noise around it, in its deviations.
        response: the path's impulse response, at the channels' rate, from ``lead_s`` before
            ``delay_s`` on.
        lead_s: how much of ``response`` lies before ``delay_s``.
    """

    source: int
    target: int
    delay_s: float
    gain_db: float
    suppression_db: float
    evidence: float
    response: FloatArray
    lead_s: float


@dataclass(frozen=True)
class Line:
    """One channel of a recording as its own party speaks into it.

    Attributes:
        channel: the channel itself.
        source: the other channel, and
        leak: how it is heard here; both ``None`` where it is not.
    """

    channel: Channel
    source: Channel | None = None
    leak: Leak | None = None

    def split(self, start: int, stop: int) -> tuple[FloatArray, FloatArray]:
        """Samples ``start`` up to ``stop`` in two parts that add up to them: own sound, and leak.

        Each is 1-D float32, full scale = 1, and as short as the channel makes it.
        """
        samples = self.channel.samples(start, stop)
        if self.leak is None or self.source is None or not len(samples):
            return samples, np.zeros_like(samples)
        taps = len(self.leak.response)
        later = round((self.leak.delay_s - self.leak.lead_s) * self.channel.rate_hz)
        first = max(0, start) - later - taps + 1
        heard = _read_padded(self.source, first, len(samples) + taps - 1)
        leaked = oaconvolve(heard, self.leak.response, mode="valid").astype(np.float32)
        return samples - leaked, leaked

    def own(self, start: int, stop: int) -> FloatArray:
        """Own sound, samples ``start`` up to ``stop``."""
        return self.split(start, stop)[0]


def lines(channels: Sequence[Channel], settings: CrosstalkSettings) -> tuple[Line, ...]:
    """Each channel with what leaks into it."""
    leaks = {leak.target: leak for leak in find_leaks(channels, settings)}
    return tuple(
        Line(channel, channels[leaks[index].source], leaks[index])
        if index in leaks
        else Line(channel)
        for index, channel in enumerate(channels)
    )


def find_leaks(channels: Sequence[Channel], settings: CrosstalkSettings) -> tuple[Leak, ...]:
    """Find which of two channels is heard in the other; both ways are possible.

    Anything but two channels of one rate has no leaks to find.
    """
    if len(channels) != 2 or channels[0].rate_hz != channels[1].rate_hz:
        return ()
    correlation = _phase_correlation(channels[0], channels[1], settings)
    if correlation is None:
        return ()
    found = (
        _leak(channels, source, target, correlation[:: 1 if target else -1], settings)
        for source, target in ((0, 1), (1, 0))
    )
    return tuple(leak for leak in found if leak is not None)


def _phase_correlation(
    first: Channel, second: Channel, settings: CrosstalkSettings
) -> npt.NDArray[np.float64] | None:
    """GCC-PHAT averaged over blocks, for lags of -max to +max (positive: ``second`` is later)."""
    rate = first.rate_hz
    reach = round(settings.max_delay_s * rate)
    size = _power_of_two(settings.block_s * rate)
    inside = _band(size, rate)
    whitened = np.zeros(size // 2 + 1, np.complex128)
    count = 0
    for x, y in _block_pairs(first, second, size, settings.max_blocks):
        cross = rfft(y)[inside] * rfft(x)[inside].conj()
        size_of = np.abs(cross)
        if size_of.max() < _EMPTY:
            continue
        whitened[inside] += cross / np.maximum(size_of, _EMPTY)
        count += 1
    if count < settings.min_blocks:
        return None
    correlation = np.fft.irfft(whitened / count)
    return np.concatenate([correlation[-reach:], correlation[: reach + 1]])


def _leak(
    channels: Sequence[Channel],
    source: int,
    target: int,
    correlation: npt.NDArray[np.float64],
    settings: CrosstalkSettings,
) -> Leak | None:
    """The leak that the correlation's later half speaks for, if a path bears it out."""
    rate = channels[source].rate_hz
    magnitude = np.abs(correlation)
    noise = float(1.4826 * np.median(magnitude))
    later = magnitude[len(magnitude) // 2 :]
    lag = int(np.argmax(later))
    evidence = float(later[lag] / max(noise, _EMPTY))
    if evidence < settings.min_evidence:
        return None
    x, y = _aligned_spectra(channels[source], channels[target], lag, settings)
    if len(x) < settings.min_blocks:
        return None
    path = _path(x, y, rate, settings)
    if path is None:
        return None
    return Leak(
        source=source,
        target=target,
        delay_s=lag / rate,
        gain_db=path.gain_db,
        suppression_db=path.suppression_db,
        evidence=evidence,
        response=path.response,
        lead_s=round(settings.lead_s * rate) / rate,
    )


@dataclass(frozen=True)
class _Path:
    response: FloatArray
    gain_db: float
    suppression_db: float


def _path(x: Spectra, y: Spectra, rate: int, settings: CrosstalkSettings) -> _Path | None:
    """The Wiener filter from ``x`` to ``y`` (blocks x bins) and how much it explains."""
    size = 2 * (x.shape[1] - 1)
    lead, taps = round(settings.lead_s * rate), round(settings.path_s * rate)
    inside = _band(size, rate)
    weight = np.ones(len(x), np.float32)
    for _ in range(settings.iterations):
        response = _wiener(x, y, weight, lead, taps)
        transfer = np.fft.rfft(np.roll(np.pad(response, (0, size - taps)), -lead))
        leaked = x * transfer.astype(np.complex64)
        rest, explained = _power(y - leaked, inside), _power(leaked, inside)
        # A block of double talk leaves much unexplained and should hardly count.
        weight = np.asarray(1.0 / (rest + 1e-3 * explained + _EMPTY), np.float32)
    alone = rest < explained  # the blocks that hold the leak and little else
    if alone.sum() < settings.min_blocks:
        return None
    gain = explained[alone].sum() / _power(x[alone], inside).sum()
    suppression = np.quantile(explained[alone] / (rest[alone] + _EMPTY), 0.2)
    return _Path(response, _db(float(gain)), min(_db(float(suppression)), _MOST_SUPPRESSION_DB))


def _wiener(x: Spectra, y: Spectra, weight: FloatArray, lead: int, taps: int) -> FloatArray:
    """Weighted least-squares filter, cut to ``taps`` samples from ``lead`` before the delay."""
    cross = np.einsum("b,bf,bf->f", weight, x.conj(), y)
    power = np.einsum("b,bf->f", weight, (x.real**2 + x.imag**2))
    transfer = cross / (power + 1e-4 * power.mean() + 1e-30)
    response = np.roll(np.fft.irfft(transfer), lead)[:taps]
    fade = min(lead, taps // 8)
    response[:fade] *= np.linspace(0, 1, fade, endpoint=False)
    response[taps - fade :] *= np.linspace(1, 0, fade)
    return response.astype(np.float32)


def _aligned_spectra(
    source: Channel, target: Channel, lag: int, settings: CrosstalkSettings
) -> tuple[Spectra, Spectra]:
    """Spectra (blocks x bins) where the source talks, louder than the target ``lag`` later."""
    size = _power_of_two(settings.path_block_s * source.rate_hz)
    inside = _band(size, source.rate_hz)
    limit = min(settings.max_path_blocks, _MOST_SAMPLES // size)
    blocks = list(_block_pairs(source, target, size, limit, lag))
    if not blocks:
        return np.zeros((0, 0), np.complex64), np.zeros((0, 0), np.complex64)
    x = np.asarray(rfft(np.stack([x for x, _ in blocks])), np.complex64)
    y = np.asarray(rfft(np.stack([y for _, y in blocks])), np.complex64)
    loud, heard = _power(x, inside), _power(y, inside)
    # Pauses of the source say nothing about the path; where the target is louder, it talks.
    active = 10 ** (-settings.source_range_db / 10) * np.quantile(loud, 0.95)
    kept = (loud > active) & (loud > 0.5 * heard)
    return x[kept], y[kept]


def _block_pairs(
    first: Channel, second: Channel, size: int, limit: int, lag: int = 0
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Windowed blocks of both, half overlapping, or spread over the call where they are many."""
    length = min(first.n_samples, second.n_samples - lag)
    starts = np.arange(0, max(0, length - size + 1), size // 2)
    if len(starts) > limit:
        starts = starts[np.linspace(0, len(starts) - 1, limit).astype(int)]
    window = np.hanning(size).astype(np.float32)
    for start in starts.tolist():
        x = first.samples(start, start + size)
        y = second.samples(start + lag, start + lag + size)
        if len(x) == size == len(y) and x.any() and y.any():
            yield x * window, y * window


def _read_padded(channel: Channel, first: int, count: int) -> FloatArray:
    """``count`` samples from sample ``first`` on, zeros where the channel has none."""
    found = channel.samples(first, first + count)
    samples = np.zeros(count, np.float32)
    offset = min(count, max(0, -first))
    samples[offset : offset + len(found)] = found
    return samples


def _power(spectra: Spectra, inside: npt.NDArray[np.bool_]) -> FloatArray:
    """Mean power per block, within the band."""
    part = spectra[:, inside]
    return np.asarray((part.real**2 + part.imag**2).mean(axis=1), np.float32)


def _band(size: int, rate: int) -> npt.NDArray[np.bool_]:
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    return (frequencies >= _BAND_HZ[0]) & (frequencies <= _BAND_HZ[1])


def _power_of_two(samples: float) -> int:
    return 1 << max(4, round(math.log2(samples)))


def _db(power: float) -> float:
    return float(10 * np.log10(power + _EMPTY))
