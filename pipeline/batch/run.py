"""The nightly run: items -> jobs -> workers -> the store, until every item is done with.

This process alone writes to the database; workers measure and judge. Whatever kills it, the same
command goes on where it was: what is stored is whole, and what is not is done again.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from pipeline.batch.intake import Intake, Job
from pipeline.batch.items import Item, Refused
from pipeline.batch.journal import FAILED, Journal
from pipeline.batch.tasks import LASTING, PASSING, Fault, Outcome, Workers
from pipeline.errors import SourceError
from pipeline.store.calls import record, store_fault
from pipeline.store.database import Database
from pipeline.store.files import sweep

_WAIT_S: Final = 1.0
_ALIVE_S: Final = 10.0


class Night:
    """A run at work, a context manager.

    Args:
        hire: brings the workers, once there is something to do.
        retries: how often a call is tried again whose worker died, hung or failed.
    """

    def __init__(
        self, database: Database, intake: Intake, hire: Callable[[], Workers], retries: int
    ) -> None:
        self._database = database
        self._intake = intake
        self._run = intake.run
        self._journal: Journal = intake.journal
        self._hire = hire
        self._retries = retries
        self._workers: Workers | None = None
        self._flying: dict[int, Job] = {}
        self._retry: deque[Job] = deque()
        self._fresh: Iterator[Job] = iter(())
        self._number = 0
        self._told_alive = time.monotonic()

    def work(self, items: Sequence[Item | Refused]) -> None:
        """Do every item, or say why not.

        Raises:
            StoreError: the database stayed away.
            ModelError: the models cannot be loaded.
        """
        self._journal.total += len(items)
        self._fresh = self._intake.jobs(items)
        while True:
            while self._workers is None or self._workers.free:
                job = self._next()
                if job is None:
                    break
                self._give(job)
            if not self._flying and not self._retry:
                return
            self._hear()
            self._say_alive()

    def _next(self) -> Job | None:
        job = next(self._fresh, None)
        if job is None and self._retry:
            job = self._retry.popleft()
        if job is None and not self._flying and self._intake.elsewhere:
            # What others had claimed: done by now, or theirs still, or theirs who died.
            left, self._intake.elsewhere = self._intake.elsewhere, []
            self._fresh = self._intake.jobs(left, last=True)
            job = next(self._fresh, None)
        return job

    def _give(self, job: Job) -> None:
        self._number += 1
        try:
            task = self._intake.task(job, self._number)
        except SourceError as error:
            self._failed(job, Fault(kind="environment", reason=str(error)))
            return
        if self._workers is None:
            self._workers = self._hire()
        self._flying[self._number] = job
        self._journal.say("started", source=job.item.source, call_id=job.known.call_id)
        self._workers.give(task)

    def _hear(self) -> None:
        if self._workers is None or not self._flying:
            return
        for outcome in self._workers.wait(_WAIT_S):
            self._settle(self._flying.pop(outcome.number), outcome)

    def _settle(self, job: Job, outcome: Outcome) -> None:
        job.attempts += 1
        if outcome.fault is None:
            self._store(job, outcome)
            self._intake.drop_copies(job)
            return
        lasting = outcome.fault.kind in LASTING
        if not lasting and job.attempts <= self._retries:
            self._journal.say(
                "retry", source=job.item.source, kind=outcome.fault.kind,
                reason=outcome.fault.reason,
            )  # fmt: skip
            self._intake.drop_copies(job)
            self._retry.append(job)
            return
        if outcome.measured is not None:  # measured, but nobody can judge it
            self._record(job, outcome)
        self._failed(job, outcome.fault)

    def _store(self, job: Job, outcome: Outcome) -> None:
        self._record(job, outcome)
        told = {
            "call_id": job.known.call_id,
            "mark": outcome.card.mark if outcome.card else None,
            "took_s": round(outcome.took_s, 3),
        }
        if outcome.measured is None:
            self._journal.count("judged", job.item.source, **told)
            return
        self._journal.audio_s += outcome.measured.duration_s
        self._journal.count("measured", job.item.source, **told)

    def _record(self, job: Job, outcome: Outcome) -> None:
        self._database.transact(
            lambda connection: record(
                connection,
                job.known.id,
                self._run.id,
                measured=outcome.measured,
                plan_sha256=job.plan,
                card=outcome.card,
            )
        )

    def _failed(self, job: Job, fault: Fault) -> None:
        quarantine = job.plan if fault.kind not in PASSING and not job.only_judge else None
        self._database.transact(
            lambda connection: store_fault(
                connection,
                self._run.id,
                job.item.source,
                fault.kind,
                fault.reason,
                recording_id=job.known.id,
                quarantine_for=quarantine,
            )
        )
        self._intake.drop_copies(job)
        self._journal.fail("failed", job.item.source, fault.kind, fault.reason)

    def _say_alive(self) -> None:
        if time.monotonic() - self._told_alive > _ALIVE_S:
            self._told_alive = time.monotonic()
            self._run.keep_alive()

    def close(self) -> None:
        """End the workers, whatever they do."""
        if self._workers is not None:
            self._workers.close()
        for job in (*self._flying.values(), *self._retry):
            self._intake.drop_copies(job)

    def __enter__(self) -> Night:
        if self._run.alone():
            sweep(self._database)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close()
        # A worker that was killed, or went with its node, may have left files of a call that
        # another has done since.
        if kind is None and self._run.alone():
            sweep(self._database)


def outcome_of(journal: Journal) -> str:
    """How a run that came to its end went: ``done`` or ``failed`` (in part)."""
    return "failed" if any(journal.counts[what] for what in FAILED) else "done"


# ── The machine ──────────────────────────────────────────────────────────────────────────────────

_BASE_MB: Final = 700
"""A worker without Whisper: Python, the libraries and the small models."""
_PER_MODEL: Final = 3.0
"""Whisper's weights in memory against their file: half precision on disk, single in use, copies."""


def workers_for(model: Path | None) -> int:
    """How many workers this machine's cores and memory carry, at least one."""
    return max(1, min(cores(), int(memory_mb() * 0.8 / memory_of(model))))


def memory_of(model: Path | None) -> float:
    """What a worker takes with that model, in MiB."""
    return _BASE_MB + (_PER_MODEL * model.stat().st_size / 2**20 if model else 0.0)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


def memory_mb() -> float:
    """Memory that is free to be used, of the machine or of the container, in MiB."""
    lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    machine = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("MemAvail"))
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text("ascii"))
        used = int(Path("/sys/fs/cgroup/memory.current").read_text("ascii"))
    except (OSError, ValueError):  # no container, or one without a limit ("max")
        return machine
    return min(machine, (limit - used) / 2**20)
