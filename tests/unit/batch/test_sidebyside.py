"""Calls of one worker that take turns."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest

from pipeline.batch.sidebyside import SideBySide
from pipeline.measure import engines
from pipeline.measure.engines import recognised
from pipeline.measure.recogniser import Recogniser
from pipeline.settings import TranscriptSettings


def at_once(
    side: SideBySide, settings: TranscriptSettings, calls: list[list[np.ndarray]]
) -> list[object]:
    """What each call gets, or what it was told, all of them side by side."""
    busy, there = threading.Lock(), threading.Event()

    def one(sounds: list[np.ndarray]) -> object:
        with side.call():
            assert busy.acquire(blocking=False), "two calls at work at once"
            while not there.is_set():  # the others have come, too, and wait for their turn
                time.sleep(0.001)
                if side._begun == len(calls):
                    there.set()
            busy.release()
            try:
                return list(recognised(side.recogniser, sounds, settings, "zh"))
            except ArithmeticError as error:
                return error

    with ThreadPoolExecutor(len(calls)) as pool:
        found = list(pool.map(one, calls))
    assert side._begun == side._waiting == 0
    return found


def test_calls_share_batches_and_get_what_each_gets_alone(
    recogniser: Recogniser,
    settings: TranscriptSettings,
    calls: list[list[np.ndarray]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = [list(recognised(recogniser, sounds, settings, "zh")) for sounds in calls]
    sizes: list[int] = []

    def counted(model: object, sounds: list[np.ndarray], *rest: object) -> object:
        sizes.append(len(sounds))
        return recognised(model, sounds, *rest)

    monkeypatch.setattr("pipeline.batch.windows.recognised", counted)
    found = at_once(SideBySide(recogniser, settings), settings, calls)
    for one, other in zip(alone, found, strict=True):
        assert [[p.text for p in passage.pieces] for (passage,) in one] == [
            [p.text for p in passage.pieces] for (passage,) in other
        ]
    assert sum(sizes) == sum(map(len, calls))
    assert max(sizes) > 2  # of more than one call


def test_more_windows_than_a_batch_holds_go_in_several(
    recogniser: Recogniser, settings: TranscriptSettings, calls: list[list[np.ndarray]]
) -> None:
    small = msgspec.structs.replace(settings, batch_windows=1)
    found = at_once(SideBySide(recogniser, small), small, calls * 3)
    assert [len(one) for one in found] == [len(one) for one in calls * 3]


def test_a_batch_that_fails_is_told_to_every_call_and_the_next_ones_go_on(
    recogniser: Recogniser,
    settings: TranscriptSettings,
    calls: list[list[np.ndarray]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> object:
        raise ArithmeticError("a fault of the engine")

    side = SideBySide(recogniser, settings)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.batch.windows.recognised", broken)
        told = at_once(side, settings, calls)
    assert [isinstance(each, ArithmeticError) for each in told] == [bool(one) for one in calls]
    assert [len(one) for one in at_once(side, settings, calls)] == [len(one) for one in calls]
    assert engines.recognised is recognised
