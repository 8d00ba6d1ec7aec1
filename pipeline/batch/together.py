"""Windows of several calls, recognised in one batch.

A short call has fewer windows than a GPU could take at once. Whoever does calls side by side lets
one model hear them all: each hands in its windows and waits, and the model takes as many as a
batch holds, whosever they are. What is written for a window does not depend on its company
(`measure.batched`), but for the last bits of a sum.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from pipeline.batch.windows import Found, Windows
from pipeline.measure.audio import FloatArray
from pipeline.measure.recogniser import Recogniser
from pipeline.settings import TranscriptSettings


class Together:
    """One model for several threads."""

    def __init__(self, recogniser: Recogniser, settings: TranscriptSettings) -> None:
        self._windows = Windows(recogniser, settings)
        self._came = threading.Condition()
        threading.Thread(target=self._work, daemon=True).start()

    def recognise(self, sounds: Sequence[FloatArray], language: str) -> list[Found]:
        """What is said in each window; waits for it.

        Raises:
            Exception: what the engine raised, for every window of its batch.
        """
        with self._came:
            mine = self._windows.add(sounds, language)
            self._came.notify()
        return [found.result() for found in mine]

    def _work(self) -> None:
        while True:
            with self._came:
                self._came.wait_for(lambda: self._windows)
                batch = self._windows.taken()
            self._windows.recognise(batch)
