"""Windows that wait for one model, whosever they are."""

from __future__ import annotations

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
class Window:
    """A stretch of sound, mono at Whisper's rate, and what will have been found in it."""

    sound: FloatArray
    language: str
    found: Future[Found] = field(default_factory=Future)


class Windows:
    """What waits, oldest first; whoever shares it among threads holds a lock around `add` and
    `taken`.

    Args:
        recogniser: the loaded model.
        settings: which engine, how it decodes, and how many windows at once.
    """

    def __init__(self, recogniser: Recogniser, settings: TranscriptSettings) -> None:
        self._recogniser = recogniser
        self._settings = settings
        self._waiting: deque[Window] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, sounds: Sequence[FloatArray], language: str) -> list[Future[Found]]:
        """Let them wait, in this order."""
        windows = [Window(sound, language) for sound in sounds]
        self._waiting.extend(windows)
        return [window.found for window in windows]

    def taken(self) -> list[Window]:
        """The oldest, and those of its language who came next: as many as a batch holds."""
        language = self._waiting[0].language
        same = [window for window in self._waiting if window.language == language]
        batch = same[: self._settings.batch_windows]
        for window in batch:
            self._waiting.remove(window)
        return batch

    def recognise(self, batch: Sequence[Window]) -> None:
        """Find what is said in a batch; what the engine raises is told to each of its windows."""
        sounds = [window.sound for window in batch]
        try:
            found = recognised(self._recogniser, sounds, self._settings, batch[0].language)
            for window, passages in zip(batch, found, strict=True):
                window.found.set_result(passages)
        except Exception as error:  # the calls' to bear: the model serves others, too
            for window in batch:
                if not window.found.done():
                    window.found.set_exception(error)
