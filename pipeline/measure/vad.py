"""The speech model: Silero VAD 6 (MIT), a small recurrent network over 32 ms frames at 16 kHz.

Only the weights of the package are used, not its code: importing it would import torch, and its
ONNX graphs spend nine tenths of their time in short convolutions that are faster as few large
matrix products. Nothing but the last steps, the memory, must be done frame by frame; stretches
that know nothing of each other go through it side by side. The probabilities are the package's own
to within rounding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import rfft

from pipeline.errors import ModelError
from pipeline.measure._onnxfile import float_arrays
from pipeline.measure.channel import FloatArray

IntArray = npt.NDArray[np.intp]

RATE_HZ: Final = 16000
FRAME: Final = 512
"""Samples per frame: 32 ms."""
FRAME_S: Final = FRAME / RATE_HZ
_CONTEXT: Final = 64
_WINDOW: Final = 256
_STEPS: Final = 4
"""Spectra per frame, half a window apart; the last window ends in a mirror."""
_BINS: Final = _WINDOW // 2 + 1
_MEMORY: Final = 128
_PIECE: Final = 160
"""Frames (5 s) of a stretch that are held at once ..."""
_ABREAST: Final = 32
"""... of so many stretches: several MB, whatever the recording's length."""
_AT_ONCE: Final = 128
"""Frames whose spectra stay in the processor's cache."""
_FILE: Final = "silero_vad_16k_sequence.onnx"
_SHAPES: Final = {
    "stft.forward_basis_buffer": (2 * _BINS, 1, _WINDOW),
    "encoder.0.weight": (128, _BINS, 3),
    "encoder.0.bias": (128,),
    "encoder.1.weight": (64, 128, 3),
    "encoder.1.bias": (64,),
    "encoder.2.weight": (64, 64, 3),
    "encoder.2.bias": (64,),
    "encoder.3.weight": (128, 64, 3),
    "encoder.3.bias": (128,),
    "output.weight": (1, _MEMORY, 1),
    "output.bias": (1,),
}
_MEMORY_SHAPES: Final = [(1, 4 * _MEMORY, 128), (1, 4 * _MEMORY, _MEMORY), (1, 8 * _MEMORY)]
"""Of the memory's input, recurrent weights and biases, whose names the exporter numbers."""
_EMPTY: Final = np.zeros((0, _CONTEXT + FRAME), np.float32)


@dataclass(frozen=True)
class Vad:
    """A loaded speech model; make one with `load_vad` and pass it to every call of `detect`."""

    name: str
    sha256: str
    weights: Mapping[str, FloatArray]
    """Matrices that are multiplied from the right; the taps of a convolution lie one above the
    other."""

    def probabilities(self, stretches: Sequence[Iterable[FloatArray]]) -> list[FloatArray]:
        """Speech probability of every 32 ms frame of stretches of sound.

        Args:
            stretches: each at 16 kHz, 1-D float32, in blocks of whole frames (512 samples); the
                last may be cut short. The network knows nothing of one when it hears another.

        Returns:
            Per stretch, 1-D float32, one value per begun frame, 0 to 1. A frame's value describes
            sound about 16 ms before its centre, as the network looks backwards.
        """
        found: list[list[FloatArray]] = [[] for _ in stretches]
        for first in range(0, len(stretches), _ABREAST):
            group = stretches[first : first + _ABREAST]
            memory = np.zeros((2, len(group), _MEMORY), np.float32)
            for pieces in zip_longest(*map(_pieces, group), fillvalue=_EMPTY):
                for number, values in enumerate(self._heard(pieces, memory), first):
                    found[number].append(values)
        return [np.concatenate(values) if values else _EMPTY[:, 0] for values in found]

    def _heard(self, pieces: Sequence[FloatArray], memory: FloatArray) -> list[FloatArray]:
        """Probabilities of the next frames of several stretches; ``memory`` is brought forward."""
        lengths = np.array([len(piece) for piece in pieces])
        rank = np.argsort(-lengths, kind="stable")
        frames = np.concatenate([pieces[number] for number in rank])
        chunks = range(0, len(frames), _AT_ONCE)
        described = np.concatenate([self._described(frames[at : at + _AT_ONCE]) for at in chunks])
        # Frame by frame rather than stretch by stretch: those of one moment lie side by side.
        ends = np.cumsum(lengths[rank])
        time = np.arange(len(frames)) - np.repeat(ends - lengths[rank], lengths[rank])
        order = np.argsort(time, kind="stable")
        ordered = self._remembered(described[order], np.bincount(time), memory, rank)
        values = np.empty(len(frames), np.float32)
        values[order] = ordered
        parts = np.split(values, ends[:-1])
        return [parts[place] for place in np.argsort(rank)]

    def _described(self, frames: FloatArray) -> FloatArray:
        """What four convolutions make of each frame's spectra, shape (frames, 128).

        ``frames``: each behind the last samples of the one before.
        """
        w, mirrored = self.weights, frames[:, -2 : -_CONTEXT - 2 : -1]
        sound = np.concatenate([frames, mirrored], axis=1)
        windows = sliding_window_view(sound, _WINDOW, axis=1)[:, :: _WINDOW // 2]
        spectra = rfft(windows * w["window"], axis=2)
        size = np.sqrt(np.square(spectra.real) + np.square(spectra.imag)).reshape(len(frames), -1)
        one = _convolved(size, _STEPS, 1, w["conv0"], w["conv0_bias"])
        two = _convolved(one, _STEPS, 2, w["conv1"], w["conv1_bias"])
        three = _convolved(two, _STEPS // 2, 2, w["conv2"], w["conv2_bias"])
        return _convolved(three, 1, 1, w["conv3"], w["conv3_bias"])

    def _remembered(
        self,
        described: FloatArray,
        abreast: IntArray,
        memory: FloatArray,
        rank: IntArray,
    ) -> FloatArray:
        """Probabilities by a long short-term memory (Hochreiter & Schmidhuber 1997).

        Args:
            described: frames of all stretches, moment by moment.
            abreast: how many stretches each moment has: the first of ``rank``.
            memory: output and cell of each stretch, shape (2, stretches, 128); brought forward.
            rank: the stretches, the longest first.
        """
        w = self.weights
        gates = described @ w["gates"]
        gates += w["gates_bias"]
        outputs = np.empty((len(described), _MEMORY), np.float32)
        output, cell = memory[0][rank], memory[1][rank]
        for first, last in pairwise(np.cumsum([0, *abreast]).tolist()):
            kept = slice(last - first)
            gate = gates[first:last]
            gate += output[kept] @ w["recurrent"]
            # Input, output and forget gate, halved: the logistic function by way of tanh.
            opened, fresh = gate[:, : 3 * _MEMORY], gate[:, 3 * _MEMORY :]
            np.tanh(gate, out=gate)
            opened += 1
            opened *= 0.5
            cell[kept] *= opened[:, 2 * _MEMORY :]
            cell[kept] += opened[:, :_MEMORY] * fresh
            output[kept] = opened[:, _MEMORY : 2 * _MEMORY] * np.tanh(cell[kept])
            outputs[first:last] = output[kept]
        memory[0][rank], memory[1][rank] = output, cell
        odds = np.maximum(outputs, 0) @ w["leave"] + w["leave_bias"]
        return np.asarray(1 / (1 + np.exp(-odds)), np.float32)


def _convolved(
    x: FloatArray, steps: int, stride: int, weights: FloatArray, bias: FloatArray
) -> FloatArray:
    """``relu(conv(x))`` over the steps of each frame, three taps, zeros beyond the frame.

    ``x``: shape (frames, steps x channels in); ``weights``: (3 x channels in, channels out). Gives
    shape (frames, steps / stride x channels out).
    """
    width, wide = len(bias), x.shape[1] // steps
    out = np.empty((len(x), -(-steps // stride) * width), np.float32)
    for number, middle in enumerate(range(0, steps, stride)):
        first, last = max(middle - 1, 0), min(middle + 2, steps)
        taps = weights[(first - middle + 1) * wide : (last - middle + 1) * wide]
        out[:, number * width : (number + 1) * width] = (
            x[:, first * wide : last * wide] @ taps + bias
        )
    return np.maximum(out, 0, out=out)


def _pieces(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """Frames of a stretch, each behind the last samples of the one before."""
    before = np.zeros(_CONTEXT, np.float32)
    for block in blocks:
        for at in range(0, len(block), _PIECE * FRAME):
            frames = _framed(block[at : at + _PIECE * FRAME])
            frames[0, :_CONTEXT] = before
            before = frames[-1, -_CONTEXT:].copy()
            yield frames


def _framed(samples: FloatArray) -> FloatArray:
    """Whole frames, the last filled up with zeros, each behind the end of the one before."""
    count = -(-len(samples) // FRAME)
    frames = np.zeros((count, _CONTEXT + FRAME), np.float32)
    own = frames[:, _CONTEXT:]
    whole = len(samples) // FRAME
    own[:whole] = samples[: whole * FRAME].reshape(whole, FRAME)
    own[whole:, : len(samples) - whole * FRAME] = samples[whole * FRAME :]
    frames[1:, :_CONTEXT] = frames[:-1, -_CONTEXT:]
    return frames


def load_vad() -> Vad:
    """Load the speech model that the ``silero-vad`` package carries.

    Raises:
        ModelError: the package is not installed, or is another version with another network.
    """
    path = model_file()
    try:
        data = path.read_bytes()
        weights = _matrices(float_arrays(data))
    except (OSError, ValueError) as error:
        raise ModelError(
            path,
            expected="the speech model inside the package silero-vad 6.2 or later",
            found=str(error),
            remedy="install the package anew: pip install --force-reinstall 'silero-vad>=6.2,<7'",
        ) from error
    return Vad("silero-vad-6-16k", hashlib.sha256(data).hexdigest(), weights)


def model_file() -> Path:
    """Where the package keeps the graph.

    Raises:
        ModelError: the package is not installed.
    """
    spec = find_spec("silero_vad")
    if spec is None or spec.origin is None:
        raise ModelError(
            "silero-vad",
            expected="the Python package silero-vad 6.2 or later",
            found="no such package",
            remedy="install it: pip install 'silero-vad>=6.2'",
        )
    return Path(spec.origin).parent / "data" / _FILE


def _matrices(arrays: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The file's arrays as `Vad` multiplies them.

    Raises:
        ValueError: they are another network's.
    """
    memory = [each for name, each in arrays.items() if name.startswith("onnx::LSTM")]
    shapes = {name: each.shape for name, each in arrays.items() if name in _SHAPES}
    if shapes != _SHAPES or [each.shape for each in memory] != _MEMORY_SHAPES:
        raise ValueError("another network")
    basis = arrays["stft.forward_basis_buffer"][:, 0]
    window = basis[0]
    spectrum = np.fft.rfft(np.diag(window), axis=1).T
    if not np.allclose(basis, np.vstack([spectrum.real, spectrum.imag]), atol=1e-5):
        raise ValueError("spectra that are no Fourier transform of windowed sound")
    found = {"window": window}
    for number in range(4):
        weights = arrays[f"encoder.{number}.weight"]
        found[f"conv{number}"] = weights.transpose(2, 1, 0).reshape(-1, len(weights))
        found[f"conv{number}_bias"] = arrays[f"encoder.{number}.bias"]
    half = np.repeat(np.array([0.5, 0.5, 0.5, 1], np.float32), _MEMORY)
    found["gates"] = _transposed(memory[0][0]) * half
    found["recurrent"] = _transposed(memory[1][0]) * half
    found["gates_bias"] = memory[2].reshape(2, -1).sum(axis=0) * half
    found["leave"] = arrays["output.weight"][0, :, 0]
    found["leave_bias"] = arrays["output.bias"]
    return found


def _transposed(matrix: FloatArray) -> FloatArray:
    return np.ascontiguousarray(matrix.T)
