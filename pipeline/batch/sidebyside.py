"""Calls that one worker does side by side, so that their words are recognised together.

A short call has a window or two a party, and a model takes sixteen at once in little more time than
four. So a worker begins several calls. They take turns, one thread at work at a time, as its one
core allows; and when every call that was begun waits for its words, the windows of all of them go
through the model in batches, whosever they are.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from pipeline.measure.audio import FloatArray
from pipeline.measure.engines import recognised
from pipeline.measure.recogniser import Elsewhere, Recogniser
from pipeline.measure.words import Passage
from pipeline.settings import TranscriptSettings

Found = tuple[Passage, ...]


@dataclass(slots=True, eq=False)
class _Window:
    sound: FloatArray
    language: str
    found: Future[Found] = field(default_factory=Future)


class SideBySide:
    """Whose turn it is, and what waits for the model.

    Args:
        recogniser: the loaded model.
        settings: which engine, how it decodes, and how many windows at once.
    """

    def __init__(self, recogniser: Recogniser, settings: TranscriptSettings) -> None:
        self._model = recogniser
        self._settings = settings
        self._changed = threading.Condition()
        self._taken = False
        self._begun = 0
        self._waiting = 0
        self._windows: deque[_Window] = deque()

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
        mine = [_Window(sound, language) for sound in sounds]
        with self._changed:
            self._windows.extend(mine)
        return lambda: self._answered(mine)

    def _answered(self, mine: Sequence[_Window]) -> list[Found]:
        """What is said in each window; other calls have their turn meanwhile.

        Raises:
            Exception: what the engine raised, for every window of its batch.
        """
        with self._changed:
            self._waiting += 1
            self._give_turn()
            while not all(window.found.done() for window in mine):
                if self._taken or self._waiting < self._begun:
                    self._changed.wait()
                    continue
                # Whoever is begun waits: nobody would bring more windows.
                self._recognise(self._batch())
            self._waiting -= 1
            self._take_turn()
        return [window.found.result() for window in mine]

    def _batch(self) -> list[_Window]:
        """The oldest, and those of its language who came next."""
        language = self._windows[0].language
        same = [window for window in self._windows if window.language == language]
        batch = same[: self._settings.batch_windows]
        for window in batch:
            self._windows.remove(window)
        return batch

    def _recognise(self, batch: Sequence[_Window]) -> None:
        sounds = [window.sound for window in batch]
        try:
            found = recognised(self._model, sounds, self._settings, batch[0].language)
            for window, passages in zip(batch, found, strict=True):
                window.found.set_result(passages)
        except Exception as error:  # the calls' to bear: each is told
            for window in batch:
                if not window.found.done():
                    window.found.set_exception(error)
        self._changed.notify_all()
