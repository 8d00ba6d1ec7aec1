"""Calls side by side on one model: a small one of random weights, which writes for certain."""

import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest
import torch
from whisper.model import ModelDimensions, Whisper

from pipeline.batch.together import Together
from pipeline.measure import batched
from pipeline.measure.engines import recognised
from pipeline.measure.recogniser import Elsewhere, Recogniser
from pipeline.settings import TranscriptSettings, load_measure_settings

DIMENSIONS = ModelDimensions(80, 1500, 32, 2, 1, 51865, 448, 32, 2, 2)


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    torch.manual_seed(3)
    model = Whisper(DIMENSIONS)
    torch.nn.init.normal_(model.decoder.positional_embedding, std=0.5)
    return Recogniser(model.eval(), "random", "0" * 64, demonstration=False)


@pytest.fixture(scope="module")
def settings() -> TranscriptSettings:
    usual = load_measure_settings().transcript
    return msgspec.structs.replace(usual, precision="float32", temperatures=(0.0,), batch_windows=8)


@pytest.fixture(scope="module")
def calls() -> list[list[np.ndarray]]:
    noise = np.random.default_rng(1)
    lengths = ((0.1, 0.2), (0.15,), (0.12, 0.05))
    return [[noise.normal(0, 0.1, round(s * 16_000)).astype(np.float32) for s in one]
            for one in lengths]  # fmt: skip


def test_calls_side_by_side_share_batches_and_write_what_each_writes_alone(
    recogniser: Recogniser,
    settings: TranscriptSettings,
    calls: list[list[np.ndarray]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = [list(recognised(recogniser, sounds, settings, "zh")) for sounds in calls]
    sizes, everyone = [], threading.Barrier(len(calls))
    encoded = batched._encoded

    def counted(model: Whisper, sounds: list[np.ndarray], context_s: float | None) -> object:
        sizes.append(len(sounds))
        return encoded(model, sounds, context_s)

    monkeypatch.setattr(batched, "_encoded", counted)
    together = Together(recogniser, settings)

    def one(sounds: list[np.ndarray]) -> list:
        everyone.wait()
        return together.recognise(sounds, "zh")

    with ThreadPoolExecutor(len(calls)) as threads:
        found = list(threads.map(one, calls))
    assert sum(sizes) == sum(map(len, calls))
    assert len(sizes) < len(calls) or max(sizes) > max(map(len, calls))
    for ours, theirs in zip(found, alone, strict=True):
        for (passage,), (wanted,) in zip(ours, theirs, strict=True):
            assert [(p.text, p.start, p.end) for p in passage.pieces] == [
                (p.text, p.start, p.end) for p in wanted.pieces
            ]


def test_what_goes_wrong_is_told_to_those_whose_windows_they_were(
    recogniser: Recogniser, settings: TranscriptSettings, calls: list[list[np.ndarray]]
) -> None:
    together = Together(recogniser, settings)
    with pytest.raises(Exception, match="klingon"):
        together.recognise(calls[0], "klingon")
    assert len(together.recognise(calls[1], "zh")) == 1  # and the next are served


def test_a_model_elsewhere_is_asked_in_parts_in_order(
    settings: TranscriptSettings, calls: list[list[np.ndarray]]
) -> None:
    sent: list[int] = []

    def ask(sounds: list[np.ndarray], language: str) -> object:
        sent.append(len(sounds))
        assert language == "zh"
        return lambda: [(len(sound),) for sound in sounds]

    model = Recogniser(Elsewhere(ask, True), "far", "0" * 64, demonstration=False)
    small = msgspec.structs.replace(settings, batch_windows=2)
    windows = [sound for one in calls for sound in one]
    assert [size for (size,) in recognised(model, windows, small, "zh")] == [
        len(window) for window in windows
    ]
    assert sent == [2, 2, 1]
    assert model.multilingual
    assert not model.on_gpu
