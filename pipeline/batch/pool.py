"""The workers of one machine: started, watched, and replaced when they die or take too long.

Not `concurrent.futures`: its pool is broken for good once one process dies, and a call that hangs
a decoder cannot be stopped.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final

from pipeline.batch import worker
from pipeline.batch.tasks import Equipment, Fault, Outcome, Task
from pipeline.errors import QinheError

_START_S: Final = 600.0
"""A worker that has not loaded its models by then never will."""
_MOST_FALSE_STARTS: Final = 3
_FRESH_AFTER: Final = frozenset({"memory", "fault"})
"""Faults after which a process is not trusted with another call."""


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    until: float
    """When its patience with what it does now ends, on the monotonic clock."""
    ready: bool = False
    task: Task | None = None


class Pool:
    """Workers, a context manager; killed at the end, whatever they do."""

    def __init__(self, equipment: Equipment, workers: int, time_limit_s: float) -> None:
        self._equipment = equipment
        self._time_limit_s = time_limit_s
        self._false_starts = 0
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = str(equipment.threads)  # libraries read it when they are imported
        # Never by fork: the libraries start threads when they are imported, and a fork loses them.
        self._context = multiprocessing.get_context("spawn")
        self._workers = [self._start() for _ in range(workers)]

    def _start(self) -> _Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=worker.serve, args=(there, self._equipment, os.getpid()), daemon=True
        )
        process.start()
        there.close()
        return _Worker(process, here, time.monotonic() + _START_S)

    @property
    def free(self) -> int:
        """How many more tasks can be given; a worker that starts does its task when it is ready."""
        return sum(each.task is None for each in self._workers)

    @property
    def busy(self) -> int:
        """How many tasks are being done."""
        return len(self._workers) - self.free

    def give(self, task: Task) -> None:
        """Hand a task to a free worker, one that is ready before one that starts."""
        free = [each for each in self._workers if each.task is None]
        chosen = max(free, key=lambda each: each.ready)
        chosen.task = task
        if chosen.ready:
            self._send(chosen)

    def _send(self, one: _Worker) -> None:
        one.until = time.monotonic() + self._time_limit_s
        with contextlib.suppress(OSError):  # it has died: `wait` finds out and says so
            one.pipe.send(one.task)

    def wait(self, timeout_s: float) -> list[Outcome]:
        """What has been done since; waits for something at most that long.

        Raises:
            QinheError: workers cannot be started (`ModelError`: their models cannot be loaded).
        """
        pipes = {each.pipe: each for each in self._workers}
        nearest = min(each.until for each in self._workers) - time.monotonic()
        said = multiprocessing.connection.wait(list(pipes), max(0.0, min(timeout_s, nearest)))
        outcomes = [self._heard(pipes[pipe]) for pipe in said if isinstance(pipe, Connection)]
        now = time.monotonic()
        late = [each for pipe, each in pipes.items() if pipe not in said and each.until < now]
        outcomes += [self._late(each) for each in late if each.task is not None or not each.ready]
        self._relieve()
        return [outcome for outcome in outcomes if outcome is not None]

    def _heard(self, one: _Worker) -> Outcome | None:
        try:
            message: Any = one.pipe.recv()
        except (EOFError, OSError):
            return self._died(one)
        if isinstance(message, QinheError):
            raise message
        if message is None:
            one.ready, one.until, self._false_starts = True, float("inf"), 0
            if one.task is not None:
                self._send(one)
            return None
        outcome: Outcome = message
        one.task, one.until = None, float("inf")
        if outcome.fault is not None and outcome.fault.kind in _FRESH_AFTER:
            self._replace(one)
        return outcome

    def _died(self, one: _Worker) -> Outcome | None:
        one.process.join(5.0)
        how = _how_it_died(one.process.exitcode)
        task, was_ready = one.task, one.ready
        if not was_ready:
            self._false_start(f"one {how}")
        self._replace(one)
        if task is None:
            return None
        if not was_ready:  # the task is not to blame: it has not begun
            self.give(task)
            return None
        return Outcome(number=task.number, fault=Fault(kind="crash", reason=f"its worker {how}"))

    def _false_start(self, how: str) -> None:
        self._false_starts += 1
        if self._false_starts > _MOST_FALSE_STARTS:
            raise QinheError(
                f"Workers cannot start: {how}. Take fewer with --workers, or a smaller --model."
            )

    def _relieve(self) -> None:
        """No call waits for a worker that starts while another has nothing to do."""
        idle = [each for each in self._workers if each.ready and each.task is None]
        waiting = [each for each in self._workers if not each.ready and each.task is not None]
        for one, other in zip(waiting, idle, strict=False):
            other.task, one.task = one.task, None
            self._send(other)

    def _late(self, one: _Worker) -> Outcome | None:
        task = one.task
        if not one.ready:
            self._false_start(f"one has not loaded its models within {_START_S:g} s")
            self._replace(one)
            if task is not None:
                self.give(task)
            return None
        assert task is not None, "one that has nothing to do is never late"
        self._replace(one)
        reason = f"not done within {self._time_limit_s:g} s"
        return Outcome(number=task.number, fault=Fault(kind="time", reason=reason))

    def _replace(self, one: _Worker) -> None:
        _kill(one)
        self._workers[self._workers.index(one)] = self._start()

    def close(self) -> None:
        """End every worker at once."""
        for each in self._workers:
            _kill(each)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _kill(one: _Worker) -> None:
    one.process.kill()
    one.process.join()
    one.process.close()
    one.pipe.close()


def _how_it_died(code: int | None) -> str:
    if code is None:
        return "stopped answering"
    if code == -signal.SIGKILL:
        return "was killed, as the system does when memory runs out"
    if code < 0:
        return f"died of signal {-code}"
    return f"ended with code {code}"
