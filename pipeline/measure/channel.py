"""One channel of decoded sound, which every measuring stage takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import soxr
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float32]


class Channel:
    """One channel of a recording. The sound stays on disk; memory holds only what is read.

    Attributes:
        rate_hz: the recording's own sampling rate (8 kHz stays 8 kHz).
        n_samples: length in samples.
    """

    __slots__ = ("_fetch", "n_samples", "rate_hz")

    def __init__(
        self, rate_hz: int, n_samples: int, fetch: Callable[[int, int], FloatArray]
    ) -> None:
        """``fetch(start, stop)`` gives samples ``start`` up to ``stop``, inside the channel."""
        self.rate_hz = rate_hz
        self.n_samples = n_samples
        self._fetch = fetch

    def __repr__(self) -> str:
        return f"Channel({self.duration_s:.3f} s at {self.rate_hz} Hz)"

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.rate_hz

    def read(self, start_s: float = 0.0, end_s: float | None = None) -> FloatArray:
        """Samples from ``start_s`` to ``end_s`` (seconds; the end by default).

        Returns:
            float32, 1-D, in [-1, 1]; shorter, or empty, where the channel does not reach.
        """
        end_s = self.duration_s if end_s is None else end_s
        return self.samples(round(start_s * self.rate_hz), round(end_s * self.rate_hz))

    def samples(self, start: int, stop: int) -> FloatArray:
        """Samples number ``start`` up to ``stop``, clipped to the channel's extent."""
        start, stop = max(0, start), min(self.n_samples, stop)
        if stop <= start:
            return np.zeros(0, np.float32)
        return self._fetch(start, stop)

    def blocks(self, seconds: float, overlap_s: float = 0.0) -> Iterator[tuple[int, FloatArray]]:
        """The whole channel in blocks of ``seconds``, each sharing ``overlap_s`` with the last.

        Yields:
            (number of the block's first sample, float32 samples). The last block is shorter.

        Raises:
            ValueError: the overlap leaves no room to move on.
        """
        size, hop = round(seconds * self.rate_hz), round((seconds - overlap_s) * self.rate_hz)
        if hop < 1 or hop > size:
            raise ValueError(f"blocks of {seconds} s cannot overlap by {overlap_s} s")
        start = 0
        while start < self.n_samples:
            yield start, self.samples(start, start + size)
            if start + size >= self.n_samples:
                return
            start += hop


def from_samples(samples: ArrayLike, rate_hz: int) -> Channel:
    """A channel held in memory: for arrays, tests and notebooks.

    Args:
        samples: 1-D, in [-1, 1]; stored as float32.
        rate_hz: samples a second.

    Raises:
        ValueError: not one-dimensional, not finite, or a rate that is not positive.
    """
    array: FloatArray = np.ascontiguousarray(samples, np.float32)
    if array.ndim != 1:
        raise ValueError(f"a channel is one-dimensional, this has the shape {array.shape}")
    if rate_hz <= 0:
        raise ValueError(f"a sampling rate is positive, this is {rate_hz}")
    if not np.isfinite(array).all():
        raise ValueError("samples are finite, these hold NaN or infinity")
    return Channel(rate_hz, len(array), lambda start, stop: array[start:stop])


def resampled(samples: FloatArray, from_hz: int, to_hz: int) -> FloatArray:
    """The same sound at another sampling rate (soxr, high quality, linear phase).

    For models that were trained at one rate; measures take the recording's own.
    """
    if from_hz == to_hz:
        return samples
    out: FloatArray = soxr.resample(samples, from_hz, to_hz, quality="HQ")
    return out
