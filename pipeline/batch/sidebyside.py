"""Calls that one worker does side by side, so that their words are recognised together.

A short call has a window or two a party, and a model takes sixteen at once in little more time than
four. So a worker begins several calls. They take turns, one thread at work at a time, as its one
core allows; and when every call that was begun waits for its words, the windows of all of them go
through the model in batches, whosever they are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

from pipeline.batch.windows import Found, Windows
from pipeline.measure.audio import FloatArray
from pipeline.measure.recogniser import Elsewhere, Recogniser
from pipeline.settings import TranscriptSettings


class SideBySide:
    """Whose turn it is, and what waits for the model.

    Args:
        recogniser: the loaded model.
        settings: which engine, how it decodes, and how many windows at once.
    """

    def __init__(self, recogniser: Recogniser, settings: TranscriptSettings) -> None:
        self._model = recogniser
        self._changed = threading.Condition()
        self._taken = False
        self._begun = 0
        self._waiting = 0
        self._windows = Windows(recogniser, settings)

    @property
    def recogniser(self) -> Recogniser:
        """The model as the calls see it: they hand in their windows and wait."""
        model = Elsewhere(self._ask, self._model.multilingual)
        return Recogniser(model, self._model.name, self._model.sha256, self._model.demonstration)

    @contextmanager
    def call(self) -> Iterator[None]:
        """A call from beginning to end; inside it is this call's turn, but while it waits."""
        with self._changed:
            self._begun += 1
            self._take_turn()
        try:
            yield
        finally:
            with self._changed:
                self._begun -= 1
                self._give_turn()

    def _take_turn(self) -> None:
        self._changed.wait_for(lambda: not self._taken)
        self._taken = True

    def _give_turn(self) -> None:
        self._taken = False
        self._changed.notify_all()

    # ── Words ────────────────────────────────────────────────────────────────────────────────

    def _ask(self, sounds: Sequence[FloatArray], language: str) -> Callable[[], list[Found]]:
        with self._changed:
            mine = self._windows.add(sounds, language)
        return lambda: self._answered(mine)

    def _answered(self, mine: Sequence[Future[Found]]) -> list[Found]:
        """What is said in each window; other calls have their turn meanwhile.

        Raises:
            Exception: what the engine raised, for every window of its batch.
        """
        with self._changed:
            self._waiting += 1
            self._give_turn()
            while not all(found.done() for found in mine):
                if self._taken or self._waiting < self._begun:
                    self._changed.wait()
                    continue
                # Whoever is begun waits: nobody would bring more windows.
                self._windows.recognise(self._windows.taken())
                self._changed.notify_all()
            self._waiting -= 1
            self._take_turn()
        return [found.result() for found in mine]
