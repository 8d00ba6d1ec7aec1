"""Makes `pipeline/models/voices.npz` of the checkpoint inside the package Resemblyzer.

    pip download --no-deps resemblyzer==0.1.4
    python -m scripts.training.voice_encoder Resemblyzer-0.1.4-py3-none-any.whl

The package itself is not installed: it brings a VAD that has to be compiled, and all that is needed
of it is the network's weights, kept in half precision (they differ from the full ones by less than
a third of a per mille).
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
import torch

from pipeline.measure.embedding import SHIPPED_MODEL

CHECKPOINT = "resemblyzer/pretrained.pt"


def convert(wheel: Path, target: Path) -> None:
    """Write the network's weights, and nothing else of the checkpoint."""
    with zipfile.ZipFile(wheel) as archive:
        data = io.BytesIO(archive.read(CHECKPOINT))
    state = torch.load(data, map_location="cpu", weights_only=True)["model_state"]
    layers = {k: v.numpy() for k, v in state.items() if k.startswith(("lstm.", "linear."))}
    np.savez_compressed(target, **{name: a.astype(np.float16) for name, a in layers.items()})


def main() -> None:
    """Convert the wheel that is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=SHIPPED_MODEL)
    given = parser.parse_args()
    convert(given.wheel, given.out)


if __name__ == "__main__":
    main()
