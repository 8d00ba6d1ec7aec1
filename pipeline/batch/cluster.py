"""The workers of a Ray cluster: `pool.Pool`'s promises where Ray places, starts and buries them.

A worker is an actor of one CPU, one call at a time. Where the cluster has GPUs, each of them gets
an actor that does nothing but recognise, for all the workers together; elsewhere every worker has
a Whisper of its own. Which node an actor runs on, and when it comes up again after a node was
lost, is Ray's business; what a call may take and how often it is tried stays ours. The run alone
writes to the store: an actor that died, and with it its node and its answer, has left nothing that
doing the call again does not write anew.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from pipeline.batch.member import Charge, Listener, Member, Ready
from pipeline.batch.run import memory_of
from pipeline.batch.tasks import Equipment, Fault, Outcome, Task
from pipeline.errors import QinheError, UsageError, printable
from pipeline.store.files import PART

_LOOK_S: Final = 5.0
"""How often to ask whether nodes came or went."""
_PATIENCE_S: Final = 600.0
"""How long to go on without a single worker, or with one that does not come up."""
_CONNECT_S: Final = 10.0
_MOST_LOSSES: Final = 10
"""Nodes that a call may be lost with, which is no fault of its own, before it is let be."""
_MOST_FALSE_STARTS: Final = 3
_ASKED_AT_ONCE: Final = 256
"""Workers that one GPU serves, each with its two parts of a call under way."""
_FRESH_AFTER: Final = frozenset({"memory", "fault"})


@dataclass(slots=True, eq=False)
class _Worker:
    actor: Any
    pending: Any
    """What it is doing, as Ray's reference: `start`, or `do` of the task."""
    node: str | None = None
    """Where it runs; ``None`` before it is ready."""
    task: Task | None = None
    until: float = field(default_factory=lambda: time.monotonic() + _PATIENCE_S)
    """When patience ends with what it is doing, on the monotonic clock."""


class Cluster:
    """Workers, a context manager; killed at the end, whatever they do.

    Args:
        address: of a Ray cluster that this machine belongs to: ``auto`` or ``HOST:PORT``.
        charge: what every worker works with, and what it must find on its node.
        workers: how many; ``None``: one a CPU of the cluster, as it grows and shrinks.
        memory_mb: what one takes, for Ray to place them by.
        time_limit_s: how long one call may take.

    Raises:
        UsageError: Ray is not installed.
        QinheError: the cluster cannot be reached.
    """

    def __init__(
        self,
        address: str,
        charge: Charge,
        workers: int | None,
        memory_mb: float,
        time_limit_s: float,
    ) -> None:
        self._ray = _connected(address)
        self._asked = workers
        self._time_limit_s = time_limit_s
        files = charge.equipment.files
        files.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._mark = files / f"seen-{uuid4().hex}{PART}"
        self._mark.touch(mode=0o600)
        self._charge = self._ray.put((charge, self._mark.name))
        self._listeners = self._hired_listeners(charge.equipment)
        if self._listeners:
            memory_mb = memory_of(None)
        self._kind = self._ray.remote(
            num_cpus=charge.equipment.threads, memory=round(memory_mb * 2**20), max_restarts=0
        )(Member)
        self._threads = charge.equipment.threads
        self._workers: list[_Worker] = []
        self._queue: deque[Task] = deque()
        self._losses: Counter[int] = Counter()
        self._false_starts = 0
        self._told: set[str] = set()
        self._turn = 0
        self._looked = -float("inf")
        self._last_ready = time.monotonic()
        self._follow()

    # ── As the pool has them ─────────────────────────────────────────────────────────────────

    @property
    def free(self) -> int:
        """How many more tasks can be given, all of them to be begun at once."""
        idle = sum(each.node is not None and each.task is None for each in self._workers)
        return max(0, idle - len(self._queue))

    @property
    def busy(self) -> int:
        """How many tasks are being done, or will be by whoever is ready first."""
        return len(self._queue) + sum(each.task is not None for each in self._workers)

    def give(self, task: Task) -> None:
        """Hand a task to whoever is, or will be, free first."""
        self._queue.append(task)
        self._share_out()

    def wait(self, timeout_s: float) -> list[Outcome]:
        """What has been done since; waits for something at most that long.

        Raises:
            QinheError: no worker comes up, or none that could do what this machine does.
        """
        pending = {each.pending: each for each in self._workers if each.pending is not None}
        nearest = min((each.until for each in self._workers), default=float("inf"))
        patience = max(0.0, min(timeout_s, nearest - time.monotonic()))
        if pending:
            self._ray.wait(list(pending), num_returns=1, timeout=patience)
            said, _ = self._ray.wait(list(pending), num_returns=len(pending), timeout=0)
        else:
            said = []
            time.sleep(patience)
        outcomes = [self._heard(pending[reference]) for reference in said]
        now = time.monotonic()
        outcomes += [self._late(each) for each in list(self._workers) if each.until < now]
        self._follow()
        self._share_out()
        return [outcome for outcome in outcomes if outcome is not None]

    def close(self) -> None:
        """End every worker at once, and leave the cluster."""
        for each in list(self._workers):
            self._drop(each)
        for listener in self._listeners:
            with contextlib.suppress(Exception):
                self._ray.kill(listener)
        self._mark.unlink(missing_ok=True)
        self._ray.shutdown()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ── Workers ──────────────────────────────────────────────────────────────────────────────

    def _follow(self) -> None:
        """As many workers as the cluster carries, or as were asked for."""
        now = time.monotonic()
        if any(each.node is not None for each in self._workers):
            self._last_ready = now
        if now - self._last_ready > _PATIENCE_S:
            raise QinheError(f"No worker has come up within {_PATIENCE_S:g} s: {self._room()}")
        if now - self._looked < _LOOK_S:
            return
        self._looked = now
        cpus = self._ray.cluster_resources().get("CPU", 0.0)
        wanted = self._asked or max(1, int((cpus - len(self._listeners)) // self._threads))
        starting = [each for each in self._workers if each.node is None]
        for each in starting[: max(0, len(self._workers) - wanted)]:
            self._drop(each)
        while len(self._workers) < wanted:
            actor = self._kind.remote()
            self._workers.append(_Worker(actor, self._started(actor)))

    def _started(self, actor: Any) -> Any:
        """The reference to a worker's answer that it can work; GPUs are shared out in turn."""
        if not self._listeners:
            return actor.start.remote(self._charge)
        self._turn += 1
        return actor.start.remote(self._charge, self._listeners[self._turn % len(self._listeners)])

    def _hired_listeners(self, equipment: Equipment) -> list[Any]:
        """One for every GPU that the cluster has now."""
        device = equipment.device or equipment.settings.transcript.device
        gpus = int(self._ray.cluster_resources().get("GPU", 0))
        if equipment.model is None or device == "cpu":
            return []
        kind = self._ray.remote(
            num_cpus=1,
            num_gpus=1,
            max_restarts=-1,
            max_task_retries=_MOST_LOSSES,
            max_concurrency=_ASKED_AT_ONCE,
        )(Listener)
        return [kind.remote(self._charge) for _ in range(gpus)]

    def _room(self) -> str:
        total, free = self._ray.cluster_resources(), self._ray.available_resources()
        return (
            f"the cluster has {total.get('CPU', 0):g} CPUs, {free.get('CPU', 0):g} of them free, "
            f"and {free.get('memory', 0) / 2**20:.0f} MiB of memory to give."
        )

    def _share_out(self) -> None:
        idle = (each for each in self._workers if each.node is not None and each.task is None)
        for one in idle:
            if not self._queue:
                break
            one.task = self._queue.popleft()
            one.pending = one.actor.do.remote(one.task)
            one.until = time.monotonic() + self._time_limit_s

    def _heard(self, one: _Worker) -> Outcome | None:
        from ray.exceptions import ActorUnavailableError, RayError

        try:
            said = self._ray.get(one.pending)
        except ActorUnavailableError:  # out of reach: whether it lives, the next answer says
            one.pending = self._started(one.actor)
            return None
        except RayError as error:
            return self._died(one, error)
        one.pending, one.until = None, float("inf")
        if isinstance(said, QinheError):
            self._unfit(one, said)
            return None
        if isinstance(said, Ready):
            return self._ready(one, said)
        outcome: Outcome = said
        one.task = None
        if outcome.fault is not None and outcome.fault.kind in _FRESH_AFTER:
            self._drop(one)
        return outcome

    def _unfit(self, one: _Worker, said: QinheError) -> None:
        """One node that cannot do what the others do ends nothing; it is told, once."""
        if not any(each.node is not None for each in self._workers):
            raise said
        if str(said) not in self._told:
            self._told.add(str(said))
            print(said, file=sys.stderr)
        self._drop(one, soon=False)

    def _ready(self, one: _Worker, said: Ready) -> Outcome | None:
        self._false_starts = 0
        one.node = said.node
        if one.task is None:
            return None
        task = one.task
        self._drop(one)  # it was out of reach, and what became of its task nobody knows
        return self._lost(task)

    def _died(self, one: _Worker, error: Exception) -> Outcome | None:
        task, node = one.task, one.node
        self._drop(one, soon=node is not None)
        if node is None:
            self._false_start(error)
        elif task is not None:
            if not self._lives(node):
                return self._lost(task)
            reason = f"its worker died: {_last_line(error)}"
            return Outcome(number=task.number, fault=Fault(kind="crash", reason=reason))
        return None

    def _lives(self, node: str) -> bool:
        return any(each["NodeID"] == node and each["Alive"] for each in self._ray.nodes())

    def _lost(self, task: Task) -> Outcome | None:
        """Done again: that its node went is not the call's fault."""
        self._losses[task.number] += 1
        if self._losses[task.number] > _MOST_LOSSES:
            reason = f"{self._losses[task.number]} nodes were lost while they did it"
            return Outcome(number=task.number, fault=Fault(kind="environment", reason=reason))
        self._queue.appendleft(task)
        return None

    def _false_start(self, error: Exception) -> None:
        self._false_starts += 1
        ready = any(each.node is not None for each in self._workers)
        if self._false_starts > _MOST_FALSE_STARTS and not ready:
            raise QinheError(
                f"Workers cannot start on the cluster: {_last_line(error)}. Every node needs this "
                "version of Qinhe and of Python."
            )

    def _late(self, one: _Worker) -> Outcome | None:
        task = one.task
        self._drop(one)
        if task is None:  # stuck while it started, or Ray lost it: another may fare better
            return None
        reason = f"not done within {self._time_limit_s:g} s"
        return Outcome(number=task.number, fault=Fault(kind="time", reason=reason))

    def _drop(self, one: _Worker, *, soon: bool = True) -> None:
        self._workers.remove(one)
        if soon:  # another takes its place at once
            self._looked = -float("inf")
        with contextlib.suppress(Exception):  # it is gone already, or the cluster is
            self._ray.kill(one.actor)


def _last_line(error: Exception) -> str:
    """Ray's messages end with what happened."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable(lines[-1][:300] if lines else type(error).__name__)


# ── The cluster ──────────────────────────────────────────────────────────────────────────────────


def _connected(address: str) -> Any:
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"):
        os.environ.setdefault(name, "0")  # Ray reads them when it is imported
    try:
        import ray
    except ImportError:
        raise UsageError(
            "--ray needs the package ray: install it with pip install 'qinhe[ray]'."
        ) from None
    _check_reachable(address)
    try:
        with _own_signals():
            ray.init(address=address, namespace="qinhe", log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ValueError, RuntimeError, ImportError) as error:
        raise QinheError(
            f"--ray {address}: no Ray cluster that this machine belongs to ({_last_line(error)}). "
            "Start Ray here with: ray start --address=HEAD:6379"
        ) from None
    return ray


def _check_reachable(address: str) -> None:
    """Ray itself tries for minutes; and where it is told "local", it starts a cluster."""
    host, _, port = address.rpartition(":")
    if address == "auto":
        return
    if "/" in address or not host or not port.isdigit():
        raise UsageError(f"--ray {address!r}: expected auto or HOST:PORT.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S).close()
    except OSError as error:
        raise QinheError(
            f"--ray {address}: nothing answers there ({error.strerror or error}). "
            "Give the address that ray start printed, or auto."
        ) from None


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself; how a run ends is ours to say."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
