"""A worker: one process, its own models, one call after the other.

It is the first that a machine short of memory kills, it dies with the run that started it, and a
call that wants more memory than it may have fails alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from pipeline.batch.judging import Judging
from pipeline.batch.sidebyside import SideBySide
from pipeline.batch.tasks import Equipment, Fault, FaultKind, Outcome, Task
from pipeline.errors import AudioError, InputError, QinheError, StoreError
from pipeline.facts import CallFacts, spoken_language
from pipeline.measure import call, roles
from pipeline.measure.cache import Cache
from pipeline.measure.recogniser import Recogniser
from pipeline.store.files import keep_tracks, stages_folder
from pipeline.store.packing import CardRow, FactsRow, pack_card, pack_facts, unpack_facts
from pipeline.tracks import encode as encode_tracks

_PR_SET_PDEATHSIG: Final = 1
_KILL_FIRST: Final = "800"
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE)


def serve(pipe: Connection, equipment: Equipment, parent: int) -> None:
    """Take tasks from the pipe until it closes. First says `None`, or why it cannot work."""
    _die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides, not the terminal
    os.environ["OMP_NUM_THREADS"] = str(equipment.threads)
    try:
        worker = Worker(equipment)
    except QinheError as error:
        pipe.send(error)
        return
    limit_memory(equipment.memory_mb)
    pipe.send(None)
    said = threading.Lock()

    def do(task: Task) -> None:
        outcome = worker.do(task)
        with said, contextlib.suppress(OSError):  # the run is gone, and we go with it
            pipe.send(outcome)

    with contextlib.suppress(EOFError, OSError), ThreadPoolExecutor(worker.at_once) as calls:
        while True:
            calls.submit(do, pipe.recv())


class Worker:
    """Models loaded, rubrics compiled as they are needed; several calls may be done at once.

    Args:
        equipment: what it works with.
        recogniser: hears the words instead of a model of its own.

    Raises:
        QinheError: a model cannot be loaded.
    """

    def __init__(self, equipment: Equipment, recogniser: Recogniser | None = None) -> None:
        self._equipment = equipment
        self._judging = Judging(equipment.rubric)
        model = equipment.model if recogniser is None else None
        models = call.load_models(equipment.settings, model, equipment.device, equipment.pyannote)
        self._models = models if recogniser is None else replace(models, recogniser=recogniser)
        self._side_by_side: SideBySide | None = None
        if equipment.together > 1 and models.recogniser is not None:
            self._side_by_side = SideBySide(models.recogniser, equipment.settings.transcript)
            self._models = replace(models, recogniser=self._side_by_side.recogniser)
        if model is not None:
            import torch

            torch.set_num_threads(equipment.threads)

    @property
    def at_once(self) -> int:
        """How many calls may be given to `do` side by side: several, where words are recognised."""
        return 1 if self._side_by_side is None else self._equipment.together

    def do(self, task: Task) -> Outcome:
        """Measure and judge; whatever happens becomes an outcome."""
        if self._side_by_side is None:
            return self._do(task)
        with self._side_by_side.call():
            return self._do(task)

    def _do(self, task: Task) -> Outcome:
        start = time.monotonic()
        found: list[FactsRow] = []
        card, fault = _guarded(lambda: self._done(task, found))
        return Outcome(
            number=task.number,
            measured=found[0] if found else None,
            card=card,
            fault=fault,
            took_s=time.monotonic() - start,
        )

    def _done(self, task: Task, found: list[FactsRow]) -> CardRow:
        if task.facts is not None:
            facts = unpack_facts(task.facts, task.call_id)
        else:
            facts, row = self._measured(task)
            found.append(row)
        card = self._judging.judge(spoken_language(facts)).score(facts)
        return pack_card(card)

    def _measured(self, task: Task) -> tuple[CallFacts, FactsRow]:
        start = time.monotonic()
        settings = self._equipment.settings
        recording = call.Recording(
            paths=tuple(Path(path) for path in task.paths),
            call_id=task.call_id,
            roles=_roles(task),
            agent=task.agent_is,
            voice=task.voice,
            transcript=Path(task.transcript) if task.transcript else None,
            language=task.language,
            speakers=roles.parse_speakers(task.speakers) if task.speakers else None,
        )
        models = self._models
        if not task.own_words:
            models = replace(models, recogniser=None)
        cache = Cache(stages_folder(self._equipment.files, task.sha256))
        with call.opened(recording, settings.audio) as audio:
            if audio.sha256 != task.sha256:
                raise _ChangedError
            measured = call.measure(audio, recording, models, settings, cache)
        tracks = keep_tracks(self._equipment.files, encode_tracks(measured.tracks))
        facts = measured.facts
        return facts, pack_facts(facts, tracks, took_s=round(time.monotonic() - start, 3))


def _roles(task: Task) -> roles.Roles | None:
    """Who is on which channel, as the manifest says: by a map, or by naming two files."""
    if task.channels:
        return roles.parse(task.channels)
    return roles.DEFAULT if len(task.paths) == 2 else None


class _ChangedError(Exception):
    """The file is not what it was when the task was made."""

    def __str__(self) -> str:
        return "it changed while it was being measured"


def _guarded(work: Callable[[], CardRow]) -> tuple[CardRow | None, Fault | None]:
    try:
        return work(), None
    except Exception as error:  # a fault of ours must not end the night
        kind = _kind(error)
        if kind == "memory":
            return None, Fault(kind=kind, reason="it needs more memory than a call may have")
        ours = not isinstance(error, QinheError | _ChangedError)
        reason = f"{type(error).__name__}: {error}" if ours else str(error)
        return None, Fault(kind=kind, reason=reason)


def _kind(error: Exception) -> FaultKind:
    if isinstance(error, InputError) and not isinstance(error, StoreError):
        gone = isinstance(error, AudioError) and not Path(error.source).exists()
        return "environment" if gone else "input"
    if isinstance(error, QinheError | _ChangedError):  # such as a full temporary folder
        return "environment"
    if isinstance(error, MemoryError) or "alloc" in str(error).lower():  # as torch and ONNX say it
        return "memory"
    no_room = isinstance(error, OSError) and error.errno in _NO_ROOM
    return "environment" if no_room else "fault"


# ── The process ──────────────────────────────────────────────────────────────────────────────────


def _die_with(parent: int) -> None:
    """Nothing goes on once the run is gone; and under memory pressure workers go first."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_KILL_FIRST)
    try:
        os.kill(parent, 0)
    except ProcessLookupError:  # it died before we asked to be told
        os._exit(1)


def limit_memory(megabytes: int) -> None:
    """A call that would take more gets a `MemoryError` instead of the machine's last page."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        status = Path("/proc/self/status").read_text("ascii").splitlines()
        line = next(line for line in status if line.startswith("VmData:"))
        limit = 1024 * int(line.split()[1]) + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))
