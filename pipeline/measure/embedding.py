"""Who a stretch of speech sounds like, as a vector: GE2E voice embeddings.

The network is the voice encoder of Resemblyzer (Apache-2.0; ``pipeline/models/README.md``), three
LSTM layers over 40 mel bands, trained with the generalised end-to-end loss (Wan, Wang, Papir &
Lopez Moreno 2018, "Generalized end-to-end loss for speaker verification", ICASSP) on some 9,000
voices. It hears no level, only a channel's spectrum as it comes: so `spectrogram` takes the noise
of the line off first and brings the recording to the level that the network knows.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError
from pipeline.measure import _lstm
from pipeline.measure.channel import FloatArray
from pipeline.measure.spectrogram import BANDS

if TYPE_CHECKING:
    import torch

SHIPPED_MODEL: Final = Path(__file__).resolve().parent.parent / "models" / "voices.npz"
DIMENSIONS: Final = 256
_LAYERS: Final = 3
_WINDOWS_AT_ONCE: Final = 128
_WORTH_IMPORTING: Final = 400
"""Windows that take as much longer without torch (3.3 ms each, not 0.8) as importing it takes."""

Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(slots=True)
class _Patience:
    """How many windows may still be heard before torch has paid."""

    left: int = _WORTH_IMPORTING

    def ends(self, windows: int) -> bool:
        """Whether it does with so many more."""
        self.left -= windows
        return self.left < 0


@dataclass(frozen=True, slots=True, eq=False)
class VoiceEncoder:
    """A loaded voice encoder; make one with `load_encoder`."""

    name: str
    sha256: str
    weights: dict[str, npt.NDArray[np.float32]]
    patience: _Patience = field(default_factory=_Patience)

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
                found[chosen] = layers(batch.to(_dtype(precision)))[1][0][-1].float().numpy()
        return self._embedded(found)

    def embed_few(self, pieces: Sequence[FloatArray], precision: Precision) -> FloatArray:
        """The same to within half precision, without torch until importing it has paid."""
        if precision == "bfloat16" or "torch" in sys.modules or self.patience.ends(len(pieces)):
            return self.embed(pieces, precision)
        return self._embedded(_lstm.last_outputs(_lstm.layers(self.weights, _LAYERS), pieces))

    def _embedded(self, state: FloatArray) -> FloatArray:
        """What the last layer makes of the memory's output."""
        found = state @ self.weights["linear.weight"].T
        found += self.weights["linear.bias"]
        np.maximum(found, 0.0, out=found)
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
        return found


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
