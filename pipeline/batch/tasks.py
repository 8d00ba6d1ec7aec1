"""What goes to a worker and what comes back; everything here crosses a process boundary."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

import msgspec

from pipeline.profiles import VoiceProfile
from pipeline.settings import MeasureSettings
from pipeline.store.packing import CardRow, FactsRow

FaultKind = Literal["input", "environment", "crash", "time", "memory", "fault"]
LASTING: frozenset[FaultKind] = frozenset({"input"})
"""The recording's own fault: the same bytes will fail again."""
PASSING: frozenset[FaultKind] = frozenset({"environment"})
"""This machine's fault: the recording may be tried again another night."""


class Equipment(msgspec.Struct, frozen=True, kw_only=True):
    """What every worker works with.

    Attributes:
        model: Whisper's name or checkpoint; ``None``: no words are to be recognised.
        rubric: a rubric's name or file; ``None``: the one of each call's language.
        files: the store's files.
        memory_mb: how much a call may take beyond what the models take.
        threads: of one worker.
        together: how many calls a worker does side by side.
        pyannote: the folder of the pipeline that tells voices apart; ``None``: Qinhe does.
    """

    settings: MeasureSettings
    model: str | None
    device: str | None
    rubric: str | None
    files: Path
    memory_mb: int
    threads: int
    together: int = 1
    pyannote: Path | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One call to measure and judge; with ``facts`` (packed), only to judge.

    ``sha256`` is the content that it must have.
    """

    number: int
    call_id: str
    sha256: str
    paths: tuple[str, ...] = ()
    transcript: str | None = None
    language: str | None = None
    channels: str | None = None
    agent_is: int | None = None
    voice: VoiceProfile | None = None
    speakers: str | None = None
    own_words: bool = True
    facts: bytes | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no result, or not all of one."""

    kind: FaultKind
    reason: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a task."""

    number: int
    measured: FactsRow | None = None
    card: CardRow | None = None
    fault: Fault | None = None
    took_s: float = 0.0


class Workers(Protocol):
    """Those who do tasks: of this machine (`pool.Pool`) or of a cluster (`cluster.Cluster`)."""

    @property
    def free(self) -> int:
        """How many more tasks can be given now."""

    @property
    def busy(self) -> int:
        """How many tasks are being done."""

    def give(self, task: Task) -> None:
        """Hand over a task."""

    def wait(self, timeout_s: float) -> list[Outcome]:
        """What has been done since; waits for something at most that long."""

    def close(self) -> None:
        """End every worker at once."""
