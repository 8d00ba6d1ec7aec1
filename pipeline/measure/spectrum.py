"""The telephone band in fourteen mel bands, every 10 ms: what nuclei, effort and tone look at.

Only 200 to 3600 Hz are kept, whatever the recording's rate, so that a wide-band recording and a
telephone line give comparable figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import librosa
import numpy as np
import numpy.typing as npt
from scipy.fft import next_fast_len, rfft
from scipy.signal import get_window

from pipeline.measure.channel import Channel, FloatArray
from pipeline.measure.frames import frame_count, grown, mask_of, runs, windowed
from pipeline.measure.rows import Rows
from pipeline.timeline import Span, union

BANDS = 14
LOWEST_HZ, HIGHEST_HZ = 200.0, 3600.0
SILENCE_DB = -120.0
"""Of a band that is silent, or of a frame that was not looked at."""
LEAST_RATE_HZ = 8000
_WINDOW_S = 0.025
_FRAMES_AT_ONCE = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Level per frame and band.

    Attributes:
        rows: 14 levels of each frame, dBov; `SILENCE_DB` where silent or not looked at.
    """

    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def levels(self, first: int, last: int) -> FloatArray:
        """Levels of frames ``first`` up to ``last``, shape (frames, 14), dBov."""
        return self.rows.read(first, last)

    def power(self, first: int, last: int) -> npt.NDArray[np.float64]:
        """Power of frames ``first`` up to ``last``, shape (frames, 14); full scale = 1."""
        return np.asarray(10 ** (self.levels(first, last).astype(np.float64) / 10))


def bands(channel: Channel, within: Iterable[Span] | None = None, margin_s: float = 0.3) -> Bands:
    """Band levels of a channel.

    Args:
        channel: sampled at 8 kHz or more; below that every frame is `SILENCE_DB`.
        within: the stretches to look at, such as the speaker's speech; everything by default.
        margin_s: seconds added around them.
    """
    count = frame_count(channel)
    levels = Rows(count, BANDS, SILENCE_DB)
    if channel.rate_hz < LEAST_RATE_HZ:
        return Bands(levels)
    wanted = np.ones(count, bool)
    if within is not None:
        wanted = grown(mask_of(union(within), count), margin_s)
    window, weights = _analysis(channel.rate_hz)
    for first, last in _pieces(runs(wanted)):
        power = _spectra(channel, first, last, window) @ weights
        levels.write(first, np.maximum(10 * np.log10(np.maximum(power, 1e-30)), SILENCE_DB))
    return Bands(levels)


def centres_hz() -> npt.NDArray[np.float64]:
    """Centre of each band, Hz."""
    return _edges()[1:-1]


def _pieces(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, stop in stretches:
        for first in range(start, stop, _FRAMES_AT_ONCE):
            yield first, min(first + _FRAMES_AT_ONCE, stop)


def _edges() -> npt.NDArray[np.float64]:
    # O'Shaughnessy (1987), Speech Communication, p. 150: mel = 1127 ln(1 + f / 700)
    hz = librosa.mel_frequencies(BANDS + 2, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, htk=True)
    return np.asarray(hz, np.float64)


def _analysis(rate_hz: int) -> tuple[FloatArray, FloatArray]:
    """The window, scaled so that bins add to the mean square, and each bin's share in each band."""
    length = round(_WINDOW_S * rate_hz)
    window = get_window("hamming", length).astype(np.float32)
    size = next_fast_len(length, real=True)
    weights = librosa.filters.mel(
        sr=rate_hz, n_fft=size, n_mels=BANDS, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, htk=True, norm=None
    )
    scale = 2 / (size * float(np.square(window).sum()))
    return window, (weights.T * scale).astype(np.float32)


def _spectra(channel: Channel, first: int, last: int, window: FloatArray) -> FloatArray:
    """Power spectra of frames ``first`` up to ``last``."""
    framed = windowed(channel, first, last, window)
    spectra = rfft(framed, next_fast_len(len(window), real=True), axis=1)
    return np.asarray(np.square(spectra.real) + np.square(spectra.imag), np.float32)
