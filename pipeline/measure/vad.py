"""The speech model: Silero VAD 6 (MIT), a small recurrent network over 32 ms frames at 16 kHz.

The package ships it as an ONNX graph over whole sequences of frames, which gives the same numbers
as the streaming model at many times its speed. Only the file is used here: importing the package
would import torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime

from pipeline.errors import ModelError
from pipeline.measure.channel import FloatArray

RATE_HZ: Final = 16000
FRAME: Final = 512
"""Samples per frame: 32 ms."""
FRAME_S: Final = FRAME / RATE_HZ
_CONTEXT: Final = 64
_MOST_FRAMES: Final = 512
"""Frames per call of the graph (16 s): more would cost memory and gain nothing."""
_FILE: Final = "silero_vad_16k_sequence.onnx"


@dataclass(frozen=True)
class Vad:
    """A loaded speech model; make one with `load_vad` and pass it to every call of `detect`."""

    name: str
    sha256: str
    session: Any

    def probabilities(self, blocks: Iterable[FloatArray]) -> FloatArray:
        """Speech probability of every 32 ms frame of a stretch of sound.

        Args:
            blocks: the stretch at 16 kHz, 1-D float32, in pieces of whole frames (512 samples);
                the last may be cut short.

        Returns:
            1-D float32, one value per begun frame, 0 to 1. A frame's value describes sound about
            16 ms before its centre, as the network looks backwards.
        """
        state = np.zeros((2, 1, 1, 128), np.float32)
        context = np.zeros(_CONTEXT, np.float32)
        found: list[FloatArray] = []
        for block in blocks:
            frames = _framed(block)
            for at in range(0, len(frames), _MOST_FRAMES):
                part = frames[at : at + _MOST_FRAMES]
                before = np.concatenate([context[None], part[:-1, -_CONTEXT:]])
                context = part[-1, -_CONTEXT:]
                values, *state = self.session.run(
                    ["speech_probs", "hn", "cn"],
                    {"input": np.hstack([before, part]), "h": state[0], "c": state[1]},
                )
                found.append(values.reshape(-1))
        return np.concatenate(found) if found else np.zeros(0, np.float32)


def load_vad() -> Vad:
    """Load the speech model that the ``silero-vad`` package carries, for one thread.

    Raises:
        ModelError: the package is not installed, or is another version without the file.
    """
    spec = find_spec("silero_vad")
    if spec is None or spec.origin is None:
        raise ModelError(
            "silero-vad",
            expected="the Python package silero-vad 6.2 or later",
            found="no such package",
            remedy="install it: pip install 'silero-vad>=6.2'",
        )
    path = Path(spec.origin).parent / "data" / _FILE
    if not path.is_file():
        raise ModelError(
            path,
            expected="the speech model inside the package silero-vad 6.2 or later",
            found="a version of the package without it",
            remedy="upgrade it: pip install --upgrade 'silero-vad>=6.2'",
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    data = path.read_bytes()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return Vad("silero-vad-6-16k", hashlib.sha256(data).hexdigest(), session)


def _framed(samples: FloatArray) -> FloatArray:
    """Whole frames, the last filled up with zeros."""
    frames = np.zeros((-(-len(samples) // FRAME), FRAME), np.float32)
    frames.reshape(-1)[: len(samples)] = samples
    return frames
