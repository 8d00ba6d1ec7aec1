"""Who a stretch of speech sounds like, as a vector: GE2E voice embeddings.

The network is the voice encoder of Resemblyzer (Apache-2.0; ``pipeline/models/README.md``), three
LSTM layers over 40 mel bands, trained with the generalised end-to-end loss (Wan, Wang, Papir &
Lopez Moreno 2018, "Generalized end-to-end loss for speaker verification", ICASSP) on some 9,000
voices. It hears no level, only a channel's spectrum as it comes: so the noise of the line, known
from where nobody speaks, is taken off the spectrum first, and the recording is brought to the level
that the network knows.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft
from scipy.ndimage import uniform_filter1d
from scipy.signal import get_window

from pipeline.errors import ModelError
from pipeline.measure.channel import Channel, FloatArray
from pipeline.measure.frames import FRAME_S, Mask, frame_count, grown, runs, windowed
from pipeline.measure.mel import slaney_hz, triangles

if TYPE_CHECKING:
    import torch

SHIPPED_MODEL: Final = Path(__file__).resolve().parent.parent / "models" / "voices.npz"
DIMENSIONS: Final = 256
BANDS: Final = 40
_LAYERS: Final = 3
_WINDOW_S: Final = 0.025
_BIN_HZ: Final = 1 / _WINDOW_S
"""The window is not filled up with zeros, so that bins are 40 Hz apart at any sampling rate."""
_TOP_HZ: Final = 8000.0
_MODEL_HZ: Final = 16000
_FRAMES_AT_ONCE: Final = 3000
_WINDOWS_AT_ONCE: Final = 128
_USUAL_POWER: Final = 0.35
"""Sum over the bands of a mean frame of speech at -30 dBov, the level of the network's training."""
_QUIET_MARGIN_S: Final = 0.2
_LEAST_QUIET_FRAMES: Final = 30
_SMOOTH_FRAMES: Final = 5
_LEAST_RATIO: Final = 0.1
"""Of speech to noise: a window as soft as the noise still counts for something."""
_LENGTH_STEP: Final = 10
"""Windows are cut to a multiple of this many frames, so that those of a length go together."""

Precision = Literal["auto", "float32", "bfloat16"]
Window = tuple[int, int]
"""First frame and the one after the last."""


@dataclass(frozen=True, slots=True, eq=False)
class VoiceEncoder:
    """A loaded voice encoder; make one with `load_encoder`."""

    name: str
    sha256: str
    weights: dict[str, npt.NDArray[np.float32]]

    def embed(self, pieces: Sequence[FloatArray], precision: Precision) -> FloatArray:
        """Embeddings of pieces of a mel spectrogram.

        Args:
            pieces: shape (frames, 40) each, power; a piece needs 1 frame at least, and 100 or more
                are what the network was trained on.
            precision: of the layers; ``auto``: half precision where the processor computes in it.

        Returns:
            float32, shape (pieces, 256), of length 1.
        """
        import torch

        found = np.zeros((len(pieces), DIMENSIONS), np.float32)
        layers = _layers(self, _dtype(precision))
        with torch.inference_mode():
            for chosen in _batches(pieces):
                batch = torch.from_numpy(np.stack([pieces[i] for i in chosen], axis=1))
                state = layers(batch.to(_dtype(precision)))[1][0][-1].float().numpy()
                found[chosen] = state @ self.weights["linear.weight"].T
        found = np.maximum(found + self.weights["linear.bias"], 0.0)
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9))


def load_encoder(path: Path | None = None) -> VoiceEncoder:
    """The voice encoder that ships with Qinhe, or one converted like it.

    Raises:
        ModelError: missing, or not such a file.
    """
    path = path or SHIPPED_MODEL
    try:
        data = path.read_bytes()
        with np.load(path, allow_pickle=False) as arrays:
            weights = {name: arrays[name].astype(np.float32) for name in arrays.files}
        shape = weights["linear.weight"].shape
        if shape != (DIMENSIONS, DIMENSIONS):
            raise ValueError(f"its last layer is {shape}")
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            path,
            expected="the voice encoder that ships with qinhe",
            found=str(error) or type(error).__name__,
            remedy="install qinhe again",
        ) from None
    return VoiceEncoder(path.stem, hashlib.sha256(data).hexdigest(), weights)


def _batches(pieces: Sequence[FloatArray]) -> Iterable[list[int]]:
    """Pieces of the same length, at most so many at once."""
    by_length: dict[int, list[int]] = {}
    for i, piece in enumerate(pieces):
        by_length.setdefault(len(piece), []).append(i)
    for same in by_length.values():
        for at in range(0, len(same), _WINDOWS_AT_ONCE):
            yield same[at : at + _WINDOWS_AT_ONCE]


def _dtype(precision: Precision) -> torch.dtype:
    import torch

    fast = bool(torch.cpu._is_avx512_bf16_supported())
    half = precision == "bfloat16" or (precision == "auto" and fast)
    return torch.bfloat16 if half else torch.float32


@functools.lru_cache(maxsize=4)
def _layers(encoder: VoiceEncoder, dtype: Any) -> Any:
    import torch

    layers = torch.nn.LSTM(BANDS, DIMENSIONS, _LAYERS)
    layers.load_state_dict(
        {
            name.removeprefix("lstm."): torch.from_numpy(array)
            for name, array in encoder.weights.items()
            if name.startswith("lstm.")
        }
    )
    return layers.to(dtype).eval()


# ── The spectrum ─────────────────────────────────────────────────────────────────────────────────


def mel_power(channel: Channel, within: Mask) -> FloatArray:
    """Mel spectrogram as the network knows it: librosa's at 16 kHz, 25 ms Hann windows, 10 ms.

    Args:
        channel: at any rate; what lies above half of it stays 0.
        within: the frames to look at.

    Returns:
        float32, shape (frames, 40), power; frame i is centred on ``(i + 0.5) * 0.01`` seconds, 0
        where not looked at.
    """
    found = np.zeros((frame_count(channel), BANDS), np.float32)
    window, weights = _analysis(channel.rate_hz)
    for start, stop in runs(within[: len(found)]):
        for first in range(start, stop, _FRAMES_AT_ONCE):
            last = min(first + _FRAMES_AT_ONCE, stop)
            found[first:last] = _power(channel, first, last, window) @ weights
    return found


def _analysis(rate_hz: int) -> tuple[FloatArray, FloatArray]:
    """The window, and what each of its bins adds to each band."""
    length = round(_WINDOW_S * rate_hz)
    bins = min(length // 2, round(_TOP_HZ / _BIN_HZ)) + 1
    edges = slaney_hz(BANDS + 2, 0.0, _MODEL_HZ / 2)
    bank = triangles(edges, _MODEL_HZ, round(_MODEL_HZ / _BIN_HZ)) * (2 / (edges[2:] - edges[:-2]))
    weights = np.zeros((length // 2 + 1, BANDS), np.float32)
    weights[:bins] = bank[:bins]
    scale = _MODEL_HZ / rate_hz  # a spectrum's size grows with the samples of its window
    return get_window("hann", length).astype(np.float32) * np.float32(scale), weights


def _power(channel: Channel, first: int, last: int, window: FloatArray) -> FloatArray:
    """Power spectra of frames ``first`` up to ``last``."""
    spectra = rfft(windowed(channel, first, last, window), axis=1)
    return np.asarray(np.square(spectra.real) + np.square(spectra.imag), np.float32)


def noise_of(mel: FloatArray, speech: Mask) -> FloatArray | None:
    """The line's noise per band: the mean of frames clear of speech; ``None``: too few of them.

    Args:
        mel: from `mel_power`, looked at wherever there is speech and half a second around it.
        speech: where somebody speaks.
    """
    quiet = mel.any(axis=1) & ~grown(speech, _QUIET_MARGIN_S)
    return mel[quiet].mean(axis=0) if quiet.sum() >= _LEAST_QUIET_FRAMES else None


def clean(mel: FloatArray, speech: Mask, noise: FloatArray | None, over: float) -> None:
    """Speech without the line's noise, at the level that the network knows.

    Each frame and band is multiplied by what a Wiener filter leaves of it, 1 - noise / (speech and
    noise) (Scalart & Filho 1996, "Speech enhancement based on a priori signal to noise estimation",
    ICASSP), the sum over 50 ms.

    Args:
        mel: from `mel_power`; changed in place, it is the largest thing that a long call needs.
        speech: where somebody speaks.
        noise: from `noise_of`.
        over: how often the noise is taken off.
    """
    # Frames that were not looked at stay untouched: they take no memory until they are written to.
    known: Mask = np.asarray(mel.any(axis=1), bool)
    heard, power = speech & known, 0.0
    before = mel[:0]
    for first in range(0, len(mel), _FRAMES_AT_ONCE):
        block = mel[first : first + _FRAMES_AT_ONCE]
        rows = known[first : first + len(block)]
        if noise is not None:
            near = np.concatenate([before, mel[first : first + len(block) + _SMOOTH_FRAMES]])
            around = uniform_filter1d(near, _SMOOTH_FRAMES, axis=0)[len(before) :][: len(block)]
            before = block[-_SMOOTH_FRAMES:].copy()
            block[rows] *= np.clip(1 - over * noise / np.maximum(around[rows], 1e-20), 0.0, 1.0)
        power += float(block[heard[first : first + len(block)]].sum())
    scale = np.float32(_USUAL_POWER / max(power / max(int(heard.sum()), 1), 1e-12))
    for first, last in runs(known):
        mel[first:last] *= scale


def snr_db(mel: FloatArray, speech: Mask, noise: FloatArray | None) -> float:
    """Level of the speech over the line's noise; infinite where none is known.

    Args:
        mel: from `mel_power`.
        speech: where somebody speaks.
        noise: from `noise_of`.
    """
    heard = mel[speech & mel.any(axis=1)]
    if noise is None or not len(heard) or not noise.any():
        return math.inf
    ratio = float(heard.sum(axis=1).mean()) / float(noise.sum()) - 1
    return 10 * math.log10(max(ratio, _LEAST_RATIO))


def trust(
    mel: FloatArray, chosen: Sequence[Window], noise: FloatArray | None, even_db: float
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
    power = np.array([mel[first:last].sum(axis=1).mean() for first, last in chosen], np.float64)
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


def pieces(mel: FloatArray, chosen: Sequence[Window]) -> list[FloatArray]:
    """The windows' parts of a spectrogram, their lengths cut to a multiple of ten frames."""
    found = []
    for start, stop in chosen:
        spare = (stop - start) % _LENGTH_STEP if stop - start > _LENGTH_STEP else 0
        found.append(mel[start + spare // 2 : stop - (spare - spare // 2)])
    return found
