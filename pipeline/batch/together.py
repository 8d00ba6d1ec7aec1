"""Windows of several calls, recognised in one batch.

A short call has fewer windows than a GPU could take at once. Whoever does calls side by side lets
one model hear them all: each hands in its windows and waits, and the model takes as many as a
batch holds, whosever they are. What is written for a window does not depend on its company
(`measure.batched`), but for the last bits of a sum.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from pipeline.measure.audio import FloatArray
from pipeline.measure.engines import recognised
from pipeline.measure.recogniser import Recogniser
from pipeline.measure.words import Passage
from pipeline.settings import TranscriptSettings

Found = tuple[Passage, ...]


@dataclass(slots=True, eq=False)
class _Window:
    sound: FloatArray
    language: str
    found: Future[Found] = field(default_factory=Future)


class Together:
    """One model for several threads."""

    def __init__(self, recogniser: Recogniser, settings: TranscriptSettings) -> None:
        self._recogniser = recogniser
        self._settings = settings
        self._waiting: deque[_Window] = deque()
        self._came = threading.Condition()
        threading.Thread(target=self._work, daemon=True).start()

    def recognise(self, sounds: Sequence[FloatArray], language: str) -> list[Found]:
        """What is said in each window; waits for it.

        Raises:
            Exception: what the engine raised, for every window of its batch.
        """
        mine = [_Window(sound, language) for sound in sounds]
        with self._came:
            self._waiting.extend(mine)
            self._came.notify()
        return [window.found.result() for window in mine]

    def _work(self) -> None:
        while True:
            with self._came:
                self._came.wait_for(lambda: self._waiting)
                batch = self._taken()
            sounds = [window.sound for window in batch]
            try:
                found = recognised(self._recogniser, sounds, self._settings, batch[0].language)
                for window, passages in zip(batch, found, strict=True):
                    window.found.set_result(passages)
            except Exception as error:  # the calls' to bear: the thread serves others, too
                for window in batch:
                    if not window.found.done():
                        window.found.set_exception(error)

    def _taken(self) -> list[_Window]:
        """The oldest, and those of its language who came next."""
        language = self._waiting[0].language
        same = [window for window in self._waiting if window.language == language]
        batch = same[: self._settings.batch_windows]
        for window in batch:
            self._waiting.remove(window)
        return batch
