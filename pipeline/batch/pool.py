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
from collections import deque
from dataclasses import dataclass, field
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
_OWN: Final = frozenset({"input", "environment"})
"""Faults of which a call's company is never the reason."""


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    start_until: float
    """When patience with its start ends, on the monotonic clock."""
    ready: bool = False
    tasks: dict[int, Task] = field(default_factory=dict)
    """What it does, or will when it is ready, by number."""
    until: dict[int, float] = field(default_factory=dict)
    """When patience with each ends."""
    alone: bool = False
    """Its task must have no company."""

    @property
    def deadline(self) -> float:
        if not self.ready:
            return self.start_until
        return min(self.until.values(), default=float("inf"))


class Pool:
    """Workers, a context manager; killed at the end, whatever they do.

    A worker may have several calls (`tasks.Equipment.together`). What goes wrong with one that had
    company proves nothing: whoever was there is done again alone, and only then is it believed.

    Args:
        equipment: of every worker.
        workers: how many processes.
        time_limit_s: how long one call may take; with company, as many times longer.
    """

    def __init__(self, equipment: Equipment, workers: int, time_limit_s: float) -> None:
        self._equipment = equipment
        self._time_limit_s = time_limit_s
        self._false_starts = 0
        self._accompanied: set[int] = set()
        self._for_one: deque[Task] = deque()
        """Tasks to be done alone."""
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
        """How many more tasks can be given; a worker that starts does its tasks when it is ready.

        None while a task waits to be done alone: one of the workers must come to an end first.
        """
        return 0 if self._for_one else sum(self._room(each) for each in self._workers)

    def _room(self, one: _Worker) -> int:
        return 0 if one.alone else self._equipment.together - len(one.tasks)

    @property
    def busy(self) -> int:
        """How many tasks are being done, or will be."""
        return len(self._for_one) + sum(len(each.tasks) for each in self._workers)

    def give(self, task: Task) -> None:
        """Hand a task to whoever has least to do, one that is ready before one that starts."""
        free = [each for each in self._workers if self._room(each)]
        self._hand(task, min(free, key=lambda each: (len(each.tasks), not each.ready)))

    def _hand(self, task: Task, one: _Worker) -> None:
        one.tasks[task.number] = task
        if len(one.tasks) > 1:
            self._accompanied.update(one.tasks)
        if one.ready:
            self._send(task, one)

    def _send(self, task: Task, one: _Worker) -> None:
        most = 1 if one.alone else self._equipment.together
        one.until[task.number] = time.monotonic() + self._time_limit_s * most
        with contextlib.suppress(OSError):  # it has died: `wait` finds out and says so
            one.pipe.send(task)

    # ── What becomes of it ───────────────────────────────────────────────────────────────────

    def wait(self, timeout_s: float) -> list[Outcome]:
        """What has been done since; waits for something at most that long.

        Raises:
            QinheError: workers cannot be started (`ModelError`: their models cannot be loaded).
        """
        pipes = {each.pipe: each for each in self._workers}
        nearest = min(each.deadline for each in self._workers) - time.monotonic()
        said = multiprocessing.connection.wait(list(pipes), max(0.0, min(timeout_s, nearest)))
        outcomes = [self._heard(pipes[pipe]) for pipe in said if isinstance(pipe, Connection)]
        now = time.monotonic()
        late = [each for pipe, each in pipes.items() if pipe not in said and each.deadline < now]
        outcomes += [self._late(each) for each in late]
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
            one.ready, self._false_starts = True, 0
            for task in one.tasks.values():
                self._send(task, one)
            return None
        return self._done(one, message)

    def _done(self, one: _Worker, outcome: Outcome) -> Outcome | None:
        task = one.tasks.pop(outcome.number)
        del one.until[outcome.number]
        one.alone = False
        fault = None if outcome.fault is None else outcome.fault.kind
        accompanied = self._had_company(outcome.number)
        doubted = accompanied and fault is not None and fault not in _OWN
        if doubted:
            self._for_one.append(task)
        if fault in _FRESH_AFTER:
            self._replace(one)
        return None if doubted else outcome

    def _had_company(self, number: int) -> bool:
        """Whether it did; asked once, for it will have none from now on."""
        accompanied = number in self._accompanied
        self._accompanied.discard(number)
        return accompanied

    def _died(self, one: _Worker) -> Outcome | None:
        one.process.join(5.0)
        how = _how_it_died(one.process.exitcode)
        if one.ready:
            return self._blamed(one, Fault(kind="crash", reason=f"its worker {how}"))
        self._false_start(f"one {how}")
        self._replace(one)
        return None

    def _late(self, one: _Worker) -> Outcome | None:
        if one.ready:
            reason = f"not done within {self._time_limit_s:g} s"
            return self._blamed(one, Fault(kind="time", reason=reason))
        self._false_start(f"one has not loaded its models within {_START_S:g} s")
        self._replace(one)
        return None

    def _blamed(self, one: _Worker, fault: Fault) -> Outcome | None:
        """A worker is lost: its only task is to blame, or one of several, who knows which."""
        numbers = list(one.tasks)
        if len(numbers) == 1 and not self._had_company(numbers[0]):
            one.tasks.clear()
            self._replace(one)
            return Outcome(number=numbers[0], fault=fault)
        self._replace(one)
        return None

    def _replace(self, one: _Worker) -> None:
        """Another process in its place. What it had not done is done again: alone, if it began."""
        _kill(one)
        new = self._workers[self._workers.index(one)] = self._start()
        if one.ready:
            self._accompanied.difference_update(one.tasks)
            self._for_one.extend(one.tasks.values())
        else:
            new.tasks = one.tasks

    def _relieve(self) -> None:
        """Tasks for one go to who has nothing to do; none waits for a worker that starts."""
        idle = deque(each for each in self._workers if each.ready and not each.tasks)
        while idle and self._for_one:
            one = idle.popleft()
            one.alone = True
            self._hand(self._for_one.popleft(), one)
        if self._for_one:
            return
        for one in (each for each in self._workers if not each.ready):
            while one.tasks and (free := [w for w in self._workers if w.ready and self._room(w)]):
                _, task = one.tasks.popitem()
                self._hand(task, min(free, key=lambda each: len(each.tasks)))

    def _false_start(self, how: str) -> None:
        self._false_starts += 1
        if self._false_starts > _MOST_FALSE_STARTS:
            raise QinheError(
                f"Workers cannot start: {how}. Take fewer with --workers, or a smaller --model."
            )

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
