"""A small model of random weights, which writes for certain, and calls for it."""

import msgspec
import numpy as np
import pytest
import torch
from whisper.model import ModelDimensions, Whisper

from pipeline.measure.recogniser import Recogniser
from pipeline.settings import TranscriptSettings, load_measure_settings

DIMENSIONS = ModelDimensions(80, 1500, 32, 2, 1, 51865, 448, 32, 2, 2)
LENGTHS_S = ((0.1, 0.2), (0.15,), (), (0.12, 0.05))


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    torch.manual_seed(3)
    model = Whisper(DIMENSIONS)
    torch.nn.init.normal_(model.decoder.positional_embedding, std=0.5)
    return Recogniser(model.eval(), "random", "0" * 64, demonstration=False)


@pytest.fixture(scope="session")
def settings() -> TranscriptSettings:
    usual = load_measure_settings().transcript
    return msgspec.structs.replace(usual, precision="float32", temperatures=(0.0,), batch_windows=8)


@pytest.fixture(scope="session")
def calls() -> list[list[np.ndarray]]:
    """The windows of each; one has none."""
    noise = np.random.default_rng(1)
    return [[noise.normal(0, 0.1, round(s * 16_000)).astype(np.float32) for s in one]
            for one in LENGTHS_S]  # fmt: skip
