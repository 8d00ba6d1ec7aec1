"""Calls side by side on one model."""

import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest
from whisper.model import Whisper

from pipeline.batch.together import Together
from pipeline.measure import batched
from pipeline.measure.engines import recognised
from pipeline.measure.recogniser import Elsewhere, Recogniser
from pipeline.settings import TranscriptSettings


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
