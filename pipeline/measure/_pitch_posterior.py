"""How probable each pitch is, frame by frame: the evidence that `pitch.track` decides on.

A frame is described by two generalised autocorrelations on a logarithmic lag axis, a coarse
spectrum and its level against the channel's own speech; a small network turns a stretch of frames
into the probability of every pitch. All of it is matrix products in float32, so one core does a
thousand seconds of speech in one.
"""

from __future__ import annotations

import functools
import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy.linalg.blas import sgemm

from pipeline.errors import ModelError

FloatArray = npt.NDArray[np.float32]

SHIPPED_MODEL = Path(__file__).resolve().parent.parent / "models" / "pitch.npz"

RATE_HZ = 8000
HOP = 80
BINS_PER_OCTAVE = 36
LOWEST_HZ = 50.0
N_BINS = 129
BIN_HZ = LOWEST_HZ * 2.0 ** (np.arange(N_BINS) / BINS_PER_OCTAVE)

N_BANDS = 24
SILENT_DB = -90.0
N_FEATURES = 3 * N_BINS + N_BANDS + 2
SHORT_LAGS = slice(2 * N_BINS, 3 * N_BINS)
"""The features that are the short window's autocorrelation."""
BANDS = slice(3 * N_BINS, 3 * N_BINS + N_BANDS)
"""Those that are band levels, in units of 20 dB."""
DILATIONS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class _Window:
    """A Hann window, how its spectrum is compressed, and what is looked for in it.

    The transform is longer than window and longest lag together: the autocorrelation is not
    circular. Compressing the spectrum sharpens the autocorrelation and weighs a strong formant
    down (Tolonen & Karjalainen 2000, IEEE Trans. Speech Audio Process. 8, 708-716).
    """

    length: int
    fft_length: int
    exponent: float
    """Power that magnitudes are raised to."""
    harmonics: tuple[float, ...]
    """One autocorrelation each: harmonics well above this number are weighed down."""


_LONG = _Window(512, 720, 0.5, (8, 20))  # resolves the harmonics of a low voice
_SHORT = _Window(256, 432, 1.0, (8,))  # follows quick changes, and is sharp at the ends of voicing
CONTEXT = _LONG.length  # samples that a block needs on either side


@functools.cache
def _hann(length: int) -> FloatArray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(length) + 0.5) / length)).astype(np.float32)


@functools.cache
def _lag_matrix(window: _Window) -> FloatArray:
    """Spectrum (bins) to autocorrelation at the lags of `BIN_HZ`: the inverse cosine transform.

    The weight of a harmonic depends on its number alone. So a peak is as wide, in octaves, at every
    pitch, and the pattern of a voice only shifts with its pitch.
    """
    hz = np.fft.rfftfreq(window.fft_length, 1 / RATE_HZ)
    harmonic = hz[:, None] / BIN_HZ[None, :]
    band = np.clip((hz - 40) / 60, 0, 1) * np.clip((3950 - hz) / 200, 0, 1)
    cosine = band[:, None] * np.cos(2 * np.pi * harmonic)
    return np.hstack(
        [cosine * np.exp(-0.5 * (harmonic / most) ** 2) for most in window.harmonics]
    ).astype(np.float32)


@functools.cache
def _band_matrix() -> FloatArray:
    """Power spectrum of the short window to `N_BANDS` triangular mel bands, 60 to 3900 Hz."""
    hz = np.fft.rfftfreq(_SHORT.fft_length, 1 / RATE_HZ)
    mel = 2595 * np.log10(1 + hz / 700)
    edges = np.linspace(2595 * np.log10(1 + 60 / 700), 2595 * np.log10(1 + 3900 / 700), N_BANDS + 2)
    width = edges[1] - edges[0]
    triangles = np.clip(1 - np.abs(mel[:, None] - edges[None, 1:-1]) / width, 0, None)
    matrix: FloatArray = (triangles / triangles.sum(axis=0)).astype(np.float32)
    return matrix


@functools.cache
def _analysis(length: int) -> FloatArray:
    """The window, scaled so that white noise of variance s has the mean power s in every bin."""
    window = _hann(length)
    return np.asarray(window / np.sqrt(np.sum(window**2)))


def _power(samples: FloatArray, first: int, count: int, window: _Window) -> FloatArray:
    """Power spectra of ``count`` frames, the first centred on ``first``."""
    length = window.length
    views = np.lib.stride_tricks.sliding_window_view(samples, length)[first - length // 2 :: HOP]
    frames = np.zeros((count, window.fft_length), np.float32)
    np.multiply(views[:count], _analysis(length), out=frames[:, :length])
    parts: FloatArray = scipy.fft.rfft(frames).view(np.float32)  # real and imaginary in turn
    np.square(parts, out=parts)
    power: FloatArray = parts[:, ::2] + parts[:, 1::2]
    return power


def _autocorrelation(power: FloatArray, window: _Window, out: FloatArray) -> None:
    compressed = np.sqrt(power)
    if window.exponent == 0.5:
        np.sqrt(compressed, out=compressed)
    total = compressed.sum(axis=1, keepdims=True) + np.float32(1e-6)
    np.divide(compressed @ _lag_matrix(window), total, out=out)


def levels(samples: FloatArray) -> FloatArray:
    """Level of each 10 ms frame in dB re full scale; at least `SILENT_DB`.

    ``samples``: 8 kHz, a whole number of hops.
    """
    power = np.square(samples.reshape(-1, HOP)).mean(axis=1)
    db: FloatArray = 10 * np.log10(power + np.float32(10 ** (SILENT_DB / 10)))
    return db


@dataclass(frozen=True, slots=True)
class LevelContext:
    """What is loud and what is quiet on this channel, in dB re full scale."""

    speech_db: float
    floor_db: float


def level_context(track: FloatArray) -> LevelContext | None:
    """Speech level (mean of the levels, weighted by energy) and floor (tenth percentile).

    None where nothing but digital silence was heard.
    """
    heard = track[track > SILENT_DB + 5]
    if not heard.size:
        return None
    energy = 10.0 ** (heard.astype(np.float64) / 10)
    return LevelContext(
        speech_db=float((energy * heard).sum() / energy.sum()),
        floor_db=float(np.quantile(heard, 0.1)),
    )


def features(samples: FloatArray, count: int, context: LevelContext) -> FloatArray:
    """Describe ``count`` frames, [count, `N_FEATURES`].

    ``samples``: 8 kHz; frame i is centred on sample `CONTEXT` + 80 i + 40.
    """
    first = CONTEXT + HOP // 2
    long = _power(samples, first, count, _LONG)
    short = _power(samples, first, count, _SHORT)
    floor = np.float32(10 ** (SILENT_DB / 10))
    level = 10 * np.log10(short.mean(axis=1) + floor)
    bands = 10 * np.log10(short @ _band_matrix() + floor)
    described = np.empty((count, N_FEATURES), np.float32)
    _autocorrelation(long, _LONG, described[:, : 2 * N_BINS])
    _autocorrelation(short, _SHORT, described[:, SHORT_LAGS])
    described[:, BANDS] = (bands - level[:, None]) / 20
    described[:, -2] = np.clip((level - context.speech_db) / 20, -3, 1.5)
    described[:, -1] = np.clip((level - context.floor_db) / 20, -1, 3)
    return described


@functools.cache
def _short_taper() -> FloatArray:
    """What the short window alone does to the autocorrelation at the lags of `BIN_HZ`.

    A harmonic's line in the spectrum has the shape of the window's; its transform is the taper that
    pulls summits towards short lags (Boersma 1993, IFA Proc. 17, 97-110, divides by it likewise).
    """
    fine = 1 << 16
    line = np.abs(np.fft.rfft(_hann(_SHORT.length), fine)) ** _SHORT.exponent
    hz = np.arange(len(line)) * RATE_HZ / fine
    taper = np.array([(line * np.cos(2 * np.pi * hz / pitch)).sum() for pitch in BIN_HZ])
    return np.asarray(np.maximum(taper / line.sum(), 0.05), np.float32)


def summits(lags: FloatArray, bins: npt.NDArray[np.intp]) -> FloatArray:
    """Where the short window's autocorrelation is highest near ``bins``, in bins from each.

    A parabola through the highest of the five values about the bin and its neighbours.

    Args:
        lags: the features `SHORT_LAGS`, [frames, `N_BINS`].
        bins: [frames, any number].
    """
    middle = np.clip(bins, 2, N_BINS - 3)
    near = values_near(lags / _short_taper(), middle)
    top = np.clip(near.argmax(axis=0), 1, 3)
    left, peak, right = (np.take_along_axis(near, top[None] + n, axis=0)[0] for n in (-1, 0, 1))
    bend = np.minimum(left - 2 * peak + right, np.float32(-1e-6))
    offset: FloatArray = top - 2 + middle - bins + np.clip((left - right) / bend / 2, -0.6, 0.6)
    return offset


def values_near(rows: FloatArray, bins: npt.NDArray[np.intp]) -> FloatArray:
    """The five values about ``bins`` of each row: [5, frames, any number]."""
    at = bins + np.arange(len(rows))[:, None] * rows.shape[1]
    return np.asarray(np.take(rows, at + np.arange(-2, 3)[:, None, None]))


@dataclass(frozen=True, slots=True)
class PitchModel:
    """The network: a dense layer on each frame, residual blocks over time, a dense layer.

    A block is ``x + W relu(conv(x))`` with a kernel of five frames, each of the blocks
    `DILATIONS` frames apart, so that the network sees `reach` frames to either side.
    """

    arrays: dict[str, FloatArray]
    sha256: str

    @property
    def reach(self) -> int:
        """Frames before and after on which a frame's answer depends."""
        return 2 * sum(DILATIONS)

    def entered(self, described: FloatArray) -> FloatArray:
        """The first layer's answer to `features`, which looks at every frame by itself."""
        return _rectified(described @ self.arrays["enter_w"], self.arrays["enter_b"])

    def logits(self, entered: FloatArray) -> FloatArray:
        """[frames, `N_BINS` + 1]: the log odds of every pitch against the others, then of voicing.

        ``entered``: `entered` of these frames and of `reach` more on either side.
        """
        a, x = self.arrays, entered
        for number, dilation in enumerate(DILATIONS):
            y = self.block(x, number) @ a[f"mix{number}_w"]
            y += a[f"mix{number}_b"]
            y += x[2 * dilation : len(x) - 2 * dilation]
            x = y
        odds: FloatArray = np.maximum(x, 0) @ a["leave_w"] + a["leave_b"]
        return odds

    def block(self, x: FloatArray, number: int) -> FloatArray:
        """What the hidden units of one block make of what comes in, [frames, units]."""
        y = _convolved(x, self.arrays[f"conv{number}_w"], DILATIONS[number])
        return _rectified(y, self.arrays[f"conv{number}_b"])


def _rectified(x: FloatArray, bias: FloatArray) -> FloatArray:
    """``max(0, x + bias)``, in place."""
    x += bias
    return np.maximum(x, 0, out=x)


def _convolved(x: FloatArray, weights: FloatArray, dilation: int) -> FloatArray:
    """Convolution over time, where all of it lies inside; ``weights``: [taps, in, out]."""
    count = len(x) - dilation * (len(weights) - 1)
    # BLAS adds to what is there; it stores by columns, so everything is turned over.
    total = np.empty((weights.shape[2], count), np.float32, order="F")
    for tap, weight in enumerate(weights):
        part = x[tap * dilation : tap * dilation + count]
        total = sgemm(1.0, weight.T, part.T, beta=float(tap > 0), c=total, overwrite_c=1)
    return np.asarray(total.T)


def load_model(path: Path | None = None) -> PitchModel:
    """The network in ``path``; by default the shipped one, which `scripts.training.pitch` makes.

    Raises:
        ModelError: missing, or not a network for these features.
    """
    path = path or SHIPPED_MODEL
    remedy = "hand over a file made by scripts/training/pitch.py"
    try:
        data = path.read_bytes()
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {name: stored[name].astype(np.float32) for name in stored.files}
        shape = (len(arrays["enter_w"]), len(arrays["leave_b"]))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(
            path, expected="a pitch network", found=str(error), remedy=remedy
        ) from error
    if shape != (N_FEATURES, N_BINS + 1):
        expected = f"{N_FEATURES} inputs and {N_BINS + 1} outputs"
        raise ModelError(path, expected=expected, found=f"{shape[0]} and {shape[1]}", remedy=remedy)
    return PitchModel(arrays, hashlib.sha256(data).hexdigest())
