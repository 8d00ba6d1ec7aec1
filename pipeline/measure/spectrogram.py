"""What the voice encoder hears: mel power, the line's noise taken off, at the level that it knows.

Hours of it are hundreds of megabytes, so it lies on disk (`rows`) and is read window by window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, overload

import librosa
import numpy as np
import numpy.typing as npt
from scipy.fft import rfft
from scipy.ndimage import uniform_filter1d
from scipy.signal import get_window

from pipeline.measure.channel import Channel, FloatArray
from pipeline.measure.frames import FRAME_S, Mask, frame_count, grown, runs, windowed
from pipeline.measure.rows import Rows

BANDS: Final = 40
_WINDOW_S: Final = 0.025
_BIN_HZ: Final = 1 / _WINDOW_S
"""The window is not filled up with zeros, so that bins are 40 Hz apart at any sampling rate."""
_TOP_HZ: Final = 8000.0
_MODEL_HZ: Final = 16000
_FRAMES_AT_ONCE: Final = 3000
_USUAL_POWER: Final = 0.35
"""Sum over the bands of a mean frame of speech at -30 dBov, the level of the network's training."""
_QUIET_MARGIN_S: Final = 0.2
_LEAST_QUIET_FRAMES: Final = 30
_SMOOTH_FRAMES: Final = 5
_LEAST_RATIO: Final = 0.1
"""Of speech to noise: a window as soft as the noise still counts for something."""
_LENGTH_STEP: Final = 10
"""Windows are cut to a multiple of this many frames, so that those of a length go together."""

Window = tuple[int, int]
"""First frame and the one after the last."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Mel power of the frames that were looked at; frame i is centred on (i + 0.5) * 0.01 s.

    Attributes:
        rows: 40 bands of each frame, 0 where not looked at.
        power: sum over the bands as they were heard, [frames].
        scale: what the rows are still to be multiplied by.
    """

    rows: Rows
    power: FloatArray
    scale: np.float32 = np.float32(1)  # noqa: RUF009 - a number

    @classmethod
    def of(cls, mel: FloatArray) -> Spectrogram:
        """One that was made elsewhere, [frames, 40]."""
        return cls(Rows.of(mel), mel.sum(axis=1))

    @property
    def looked_at(self) -> Mask:
        """The frames in which anything was heard, [frames]."""
        return np.asarray(self.power > 0, bool)

    def read(self, first: int, last: int) -> FloatArray:
        """Frames ``first`` up to ``last``, [frames, 40]."""
        rows = self.rows.read(first, last)
        rows *= self.scale
        return rows

    def level(self) -> FloatArray:
        """Sum over the bands as they are now, [frames]."""
        blocks = range(0, len(self.power), _FRAMES_AT_ONCE)
        parts = [self.read(at, at + _FRAMES_AT_ONCE).sum(axis=1) for at in blocks]
        return np.concatenate(parts) if parts else self.power


@dataclass(frozen=True, slots=True, eq=False)
class Pieces(Sequence[FloatArray]):
    """Windows' parts of a spectrogram, each read when it is asked for."""

    mel: Spectrogram
    windows: Sequence[Window]

    def __len__(self) -> int:
        return len(self.windows)

    @overload
    def __getitem__(self, number: int) -> FloatArray: ...
    @overload
    def __getitem__(self, number: slice) -> Pieces: ...
    def __getitem__(self, number: int | slice) -> FloatArray | Pieces:
        if isinstance(number, slice):
            return replace(self, windows=self.windows[number])
        return self.mel.read(*self.windows[number])


def mel_power(channel: Channel, within: Mask) -> Spectrogram:
    """Mel spectrogram as the network knows it: librosa's at 16 kHz, 25 ms Hann windows, 10 ms.

    Args:
        channel: at any rate; what lies above half of it stays 0.
        within: the frames to look at.
    """
    count = frame_count(channel)
    rows, power = Rows(count, BANDS), np.zeros(count, np.float32)
    window, weights = _analysis(channel.rate_hz)
    for first, last in _blocks(within[:count]):
        heard = _power(channel, first, last, window) @ weights
        rows.write(first, heard)
        power[first:last] = heard.sum(axis=1)
    return Spectrogram(rows, power)


def _blocks(mask: Mask) -> Iterator[tuple[int, int]]:
    """The runs of a mask, cut where they are long."""
    for start, stop in runs(mask):
        for first in range(start, stop, _FRAMES_AT_ONCE):
            yield first, min(first + _FRAMES_AT_ONCE, stop)


def _analysis(rate_hz: int) -> tuple[FloatArray, FloatArray]:
    """The window, and what each of its bins adds to each band."""
    length = round(_WINDOW_S * rate_hz)
    bins = min(length // 2, round(_TOP_HZ / _BIN_HZ)) + 1
    bank = librosa.filters.mel(sr=_MODEL_HZ, n_fft=round(_MODEL_HZ / _BIN_HZ), n_mels=BANDS)
    weights = np.zeros((length // 2 + 1, BANDS), np.float32)
    weights[:bins] = bank.T[:bins]
    scale = _MODEL_HZ / rate_hz  # a spectrum's size grows with the samples of its window
    return get_window("hann", length).astype(np.float32) * np.float32(scale), weights


def _power(channel: Channel, first: int, last: int, window: FloatArray) -> FloatArray:
    """Power spectra of frames ``first`` up to ``last``."""
    spectra = rfft(windowed(channel, first, last, window), axis=1)
    return np.asarray(np.square(spectra.real) + np.square(spectra.imag), np.float32)


def noise_of(mel: Spectrogram, speech: Mask) -> FloatArray | None:
    """The line's noise per band: the mean of frames clear of speech; ``None``: too few of them.

    Args:
        mel: looked at wherever there is speech and half a second around it.
        speech: where somebody speaks.
    """
    quiet = mel.looked_at & ~grown(speech, _QUIET_MARGIN_S)
    count = int(np.count_nonzero(quiet))
    if count < _LEAST_QUIET_FRAMES:
        return None
    total = np.zeros((1, BANDS), np.float32)
    for first, last in _blocks(quiet):
        total = np.vstack([total, mel.read(first, last)]).sum(axis=0, keepdims=True)
    return np.asarray(total[0].astype(np.float64) / count, np.float32)


def clean(mel: Spectrogram, speech: Mask, noise: FloatArray | None, over: float) -> Spectrogram:
    """Speech without the line's noise, at the level that the network knows.

    Each frame and band is multiplied by what a Wiener filter leaves of it, 1 - noise / (speech and
    noise) (Scalart & Filho 1996, "Speech enhancement based on a priori signal to noise estimation",
    ICASSP), the sum over 50 ms.

    Args:
        mel: from `mel_power`; its rows are written over.
        speech: where somebody speaks.
        noise: from `noise_of`.
        over: how often the noise is taken off.
    """
    known = mel.looked_at
    heard, power = speech & known, 0.0
    before = mel.read(0, 0)
    for first in range(0, len(known), _FRAMES_AT_ONCE):
        rows = np.flatnonzero(known[first : first + _FRAMES_AT_ONCE])
        near = mel.read(first, first + _FRAMES_AT_ONCE + _SMOOTH_FRAMES)
        block = near[:_FRAMES_AT_ONCE].copy()
        if noise is not None and len(rows):
            around = uniform_filter1d(np.concatenate([before, near]), _SMOOTH_FRAMES, axis=0)
            around = around[len(before) :][rows]
            block[rows] *= np.clip(1 - over * noise / np.maximum(around, 1e-20), 0.0, 1.0)
            mel.rows.write(first + int(rows[0]), block[rows[0] : rows[-1] + 1])
        before = near[:_FRAMES_AT_ONCE][-_SMOOTH_FRAMES:]
        power += float(block[heard[first : first + len(block)]].sum())
    scale = np.float32(_USUAL_POWER / max(power / max(int(heard.sum()), 1), 1e-12))
    return replace(mel, scale=scale)


def snr_db(mel: Spectrogram, speech: Mask, noise: FloatArray | None) -> float:
    """Level of the speech over the line's noise; infinite where none is known.

    Args:
        mel: from `mel_power`.
        speech: where somebody speaks.
        noise: from `noise_of`.
    """
    heard = mel.power[speech & mel.looked_at]
    if noise is None or not len(heard) or not noise.any():
        return math.inf
    ratio = float(heard.mean()) / float(noise.sum()) - 1
    return 10 * math.log10(max(ratio, _LEAST_RATIO))


def trust(
    mel: Spectrogram, chosen: Sequence[Window], noise: FloatArray | None, even_db: float
) -> npt.NDArray[np.float64]:
    """How far each window is to be believed, 0 to 1: soft ones are alike in noise, whoever speaks.

    Half where the voice is ``even_db`` above the noise, and with the square of their ratio less or
    more: 0.01 at 10 dB less, 0.99 at 10 dB more.

    Args:
        mel: from `mel_power`.
        chosen: the windows.
        noise: from `noise_of`.
        even_db: level of speech over that of noise.
    """
    if noise is None:
        return np.ones(len(chosen))
    power = np.array([mel.power[first:last].mean() for first, last in chosen], np.float64)
    ratio = np.maximum(power / max(float(noise.sum()), 1e-20) - 1, _LEAST_RATIO)
    return np.asarray(1 / (1 + (10 ** (even_db / 10) / ratio) ** 2), np.float64)


def windows(speech: Mask, window_s: float, hop_s: float, least_s: float) -> list[Window]:
    """Windows over the runs of speech: evenly spread, none across a silence.

    Runs shorter than a window are one of their own; shorter than ``least_s``, none.
    """
    length, hop = round(window_s / FRAME_S), round(hop_s / FRAME_S)
    found: list[Window] = []
    for start, stop in runs(speech):
        if (stop - start) * FRAME_S < least_s - 1e-9:
            continue
        if stop - start <= length:
            found.append((start, stop))
            continue
        count = -(-(stop - start - length) // hop) + 1
        starts = np.round(np.linspace(start, stop - length, count)).astype(int)
        found += [(int(at), int(at) + length) for at in starts]
    return found


def spread(chosen: Sequence[Window], most: int) -> Sequence[Window]:
    """Of more than ``most`` windows, so many, evenly spread."""
    if len(chosen) <= most:
        return chosen
    return [chosen[at] for at in np.linspace(0, len(chosen) - 1, most).round().astype(int)]


def covered(chosen: Sequence[Window], frames: int) -> Mask:
    """The frames that lie in a window, [frames]."""
    mask = np.zeros(frames, bool)
    for first, last in chosen:
        mask[first:last] = True
    return mask


def pieces(mel: Spectrogram, chosen: Sequence[Window]) -> Pieces:
    """The windows' parts of a spectrogram, their lengths cut to a multiple of ten frames."""
    cut = []
    for start, stop in chosen:
        spare = (stop - start) % _LENGTH_STEP if stop - start > _LENGTH_STEP else 0
        cut.append((start + spare // 2, stop - (spare - spare // 2)))
    return Pieces(mel, cut)
