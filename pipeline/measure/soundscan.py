"""One walk over a channel that gathers what its technical quality is judged from.

Kept of the sound: its power per 10 ms, a histogram of band levels, runs of equal samples, and which
16-bit values occur at all. That is a few megabytes for a call of hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from pipeline.measure.channel import Channel, FloatArray
from pipeline.timeline import Span

FRAME_S = 0.01
BAND_HZ = 125.0
LEVELS_DB = 140
"""Band levels are counted in steps of 1 dB from -140 dB up to full scale."""

_BLOCK_S = 10.0
_LEAD_S = 0.01
_LONGEST_RUN_S = 1.0
_FFT_S = 0.06
_LEAST_POWER = 1e-14
_QUIET = 1e-3
"""Samples this small may be the zero of a coder or of an offset; 60 dB below full scale."""
_CLIP_LEAST = 0.25
_CLIP_RUN = 3
_EDGE_S = 0.0025

Runs = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scan:
    """What one walk over a channel found.

    Attributes:
        power: mean square without offset, per 10 ms frame.
        mean, highest, lowest: of all samples.
        flats: rows (start sample, samples, value): runs of 3 or more equal loud samples.
        zeros: rows (start sample, samples, mean square before, mean square after): runs of equal
            samples near zero, at least 5 ms long.
        speech_bands: shape (bands, 140): how often each 125 Hz band had each level in speech, or
            anywhere where no speech was given.
        other_bands: the same outside speech.
        codes: which 16-bit values occur; ``None`` where samples lie between them.
    """

    rate_hz: int
    n_samples: int
    power: FloatArray
    mean: float
    highest: float
    lowest: float
    flats: Runs
    zeros: Runs
    speech_bands: NDArray[np.int64]
    other_bands: NDArray[np.int64]
    codes: NDArray[np.int64] | None


def scan(channel: Channel, speech: Sequence[Span] | None) -> Scan:
    """Walks over ``channel`` once, in blocks of 10 s."""
    gather = _Gather(channel.rate_hz, speech)
    rate_hz, hop = channel.rate_hz, round(_BLOCK_S * channel.rate_hz)
    for start in range(0, channel.n_samples, hop):
        lead = min(start, round(_LEAD_S * rate_hz))
        samples = channel.samples(start - lead, start + hop + round(_LONGEST_RUN_S * rate_hz))
        gather.add(start, samples[lead : lead + hop])
        gather.add_runs(start, samples, lead, lead + hop)
    return gather.finish(channel.n_samples)


class _Gather:
    """The running state of a walk."""

    def __init__(self, rate_hz: int, speech: Sequence[Span] | None) -> None:
        self.rate_hz = rate_hz
        self.speech = speech
        self.window = _window(rate_hz)
        self.bands = np.zeros((2, int(rate_hz / 2 // BAND_HZ), LEVELS_DB), np.int64)
        self.power: list[FloatArray] = []
        self.flats: list[Runs] = []
        self.zeros: list[Runs] = []
        self.sum, self.highest, self.lowest = 0.0, -1.0, 1.0
        self.seen = np.zeros(65537, bool)
        self.in_16_bits = True

    def add(self, start: int, samples: FloatArray) -> None:
        """Takes the samples from ``start`` on."""
        self.sum += float(samples.sum(dtype=np.float64))
        self.highest = max(self.highest, float(samples.max()))
        self.lowest = min(self.lowest, float(samples.min()))
        self.power.append(_frame_power(samples, start, self.rate_hz))
        self._add_codes(samples)
        self._add_bands(start, samples)

    def _add_codes(self, samples: FloatArray) -> None:
        if not self.in_16_bits:
            return
        scaled = samples * np.float32(32768.0)
        codes = scaled.astype(np.int32)
        self.in_16_bits = bool((codes.astype(np.float32) == scaled).all())
        if self.in_16_bits:
            codes += 32768
            self.seen[codes] = True

    def add_runs(self, start: int, samples: FloatArray, first: int, last: int) -> None:
        """Takes the runs that begin at ``samples[first:last]``; sample ``first`` is ``start``.

        What surrounds them is there to be looked at: a run is counted with the block it begins in.
        """
        begins, lengths = equal_runs(samples, _CLIP_RUN)
        own = (begins >= first) & (begins < last)
        begins, lengths = begins[own], lengths[own]
        start -= first
        values = np.abs(samples[begins])
        loud = values >= _CLIP_LEAST
        flats: Runs = np.zeros((int(loud.sum()), 3))
        flats[:, 0], flats[:, 1] = begins[loud] + start, lengths[loud]
        flats[:, 2] = samples[begins[loud]]
        self.flats.append(flats)
        still = (values <= _QUIET) & (lengths >= round(0.005 * self.rate_hz))
        if still.any():
            self.zeros.append(self._surrounded(start, samples, begins[still], lengths[still]))

    def _surrounded(
        self, start: int, samples: FloatArray, begins: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> Runs:
        edge = max(2, round(_EDGE_S * self.rate_hz))
        squares = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
        before = squares[begins] - squares[np.maximum(begins - edge, 0)]
        ends = begins + lengths
        after = squares[np.minimum(ends + edge, len(samples))] - squares[ends]
        return np.column_stack([begins + start, lengths, before / edge, after / edge])

    def _add_bands(self, start: int, samples: FloatArray) -> None:
        size = len(self.window)
        n_frames = len(samples) // size
        if not n_frames:
            return
        frames = samples[: n_frames * size].reshape(n_frames, size) * self.window
        spectra = rfft(frames, axis=1)[:, 1:]
        spectrum = spectra.real**2 + spectra.imag**2
        n_bands = self.bands.shape[1]
        edges = np.round(np.arange(n_bands) * BAND_HZ * size / self.rate_hz).astype(int)
        levels = 10 * np.log10(np.add.reduceat(spectrum, edges, axis=1) + _LEAST_POWER)
        steps = np.clip(levels + LEVELS_DB, 0, LEVELS_DB - 1).astype(np.int64)
        centres = (start + (np.arange(n_frames) + 0.5) * size) / self.rate_hz
        for row, chosen in enumerate(_split(centres, self.speech)):
            flat = (steps[chosen] + np.arange(n_bands) * LEVELS_DB).ravel()
            counts = np.bincount(flat, minlength=n_bands * LEVELS_DB)
            self.bands[row] += counts.reshape(n_bands, LEVELS_DB)

    def finish(self, n_samples: int) -> Scan:
        mean = self.sum / n_samples if n_samples else 0.0
        return Scan(
            rate_hz=self.rate_hz,
            n_samples=n_samples,
            power=np.concatenate(self.power) if self.power else np.zeros(0, np.float32),
            mean=mean,
            highest=self.highest,
            lowest=self.lowest,
            flats=np.concatenate([np.zeros((0, 3)), *self.flats]),
            zeros=np.concatenate([np.zeros((0, 4)), *self.zeros]),
            speech_bands=self.bands[0],
            other_bands=self.bands[1],
            codes=np.flatnonzero(self.seen) - 32768 if self.in_16_bits else None,
        )


def _window(rate_hz: int) -> FloatArray:
    """A Hann window that turns a full-scale sine into a level of 0 dBov (half of it 1/2)."""
    size = 1 << int(np.ceil(np.log2(_FFT_S * rate_hz)))
    window = np.hanning(size + 1)[:-1]
    # Parseval: the power of a frame is the sum over one side of the spectrum, twice.
    scale = np.sqrt(2.0 / (size * np.sum(np.square(window))))
    scaled: FloatArray = (window * scale).astype(np.float32)
    return scaled


def _split(
    times: NDArray[np.floating[Any]], speech: Sequence[Span] | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    inside = np.ones(len(times), bool) if speech is None else is_inside(times, speech)
    return inside, ~inside


def is_inside(times: NDArray[np.floating[Any]], spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Which of ``times`` (seconds) lie in one of the sorted, disjoint ``spans``."""
    starts = np.array([span.start for span in spans])
    ends = np.array([span.end for span in spans])
    return np.searchsorted(starts, times, "right") > np.searchsorted(ends, times, "right")


def equal_runs(samples: FloatArray, shortest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Runs of at least ``shortest`` equal samples: (where they begin, their lengths)."""
    equal = np.zeros(len(samples) + 1, bool)
    np.equal(samples[1:], samples[:-1], out=equal[1:-1])
    # Where equality with the sample before begins and ends: fewer places than samples that differ.
    edges = np.flatnonzero(equal[1:] != equal[:-1])
    begins, lengths = edges[::2], edges[1::2] - edges[::2] + 1
    long_enough = lengths >= shortest
    return begins[long_enough], lengths[long_enough]


def _frame_power(samples: FloatArray, start: int, rate_hz: int) -> FloatArray:
    """Variance of each 10 ms frame; a last, shorter frame counts as one."""
    first = round(start / rate_hz / FRAME_S)
    n_frames = max(1, int(np.ceil(len(samples) / rate_hz / FRAME_S - 1e-9)))
    edges = np.round((first + np.arange(n_frames)) * FRAME_S * rate_hz).astype(np.int64) - start
    edges = np.clip(edges, 0, len(samples) - 1)
    counts = np.maximum(1, np.diff(np.concatenate([edges, [len(samples)]])))
    wide = samples.astype(np.float64)
    if (counts == counts[0]).all():
        frames = wide.reshape(n_frames, -1)
        variance = np.einsum("ij,ij->i", frames, frames) / counts[0] - frames.mean(axis=1) ** 2
        return np.asarray(np.maximum(variance, 0.0), np.float32)
    mean = np.add.reduceat(wide, edges) / counts
    power = np.add.reduceat(wide * wide, edges) / counts - mean * mean
    return np.maximum(power, 0.0).astype(np.float32)
