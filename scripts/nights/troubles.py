"""What befalls a night on purpose: each trouble is done for real, and seen to have happened."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import text

from pipeline.store.database import open_database

TIME_LIMIT_S: Final = 60.0
"""What a call of a second may take; a worker that hangs holds its call up for so long."""
_PATIENCE_S: Final = 300.0
_LOCKED_S: Final = 5.0
_STARTED_S: Final = 3.0
"""Loading the libraries and models takes half of that."""


class NotSeenError(Exception):
    """A trouble that was made and did not come about."""


@dataclass
class Started:
    """A run of the command, and what its log says."""

    process: subprocess.Popen[bytes]
    log: Path
    events: Counter[str] = field(default_factory=Counter)
    _read: int = 0

    def look(self) -> Counter[str]:
        """Events so far, retries by the kind of their fault as well (``retry crash``)."""
        if self.log.exists():
            with self.log.open("rb") as file:
                file.seek(self._read)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._read += len(whole)
            for line in whole.splitlines():
                told = msgspec.json.decode(line)
                self.events[told["event"]] += 1
                if told["event"] == "retry":
                    self.events[f"retry {told['kind']}"] += 1
        return self.events

    @property
    def flying(self) -> int:
        """Calls that were begun and have no result yet."""
        seen = self.look()
        return seen["started"] - seen["measured"] - seen["failed"] - seen["retry"]

    def workers(self) -> list[int]:
        """Its worker processes that have been at work for a while."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        found = [child for child in children if b"spawn_main" in _command(child)]
        return [int(child) for child in found if _spent_s(child) > _STARTED_S]


def _spent_s(pid: str) -> float:
    """Processor time of a process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has just ended
        return b""


@dataclass
class Stage:
    """Where the night takes place.

    Attributes:
        arguments: of the command, but for its log.
        happened: how often each trouble was seen to come about.
    """

    root: Path
    address: str
    arguments: tuple[str, ...]
    draw: random.Random
    starts: list[Started] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    def start(self) -> Started:
        """The command, as an operator would run it."""
        log = self.root / f"log-{len(self.starts)}"
        command = [sys.executable, "-m", "pipeline", *self.arguments, "--log", str(log)]
        self.starts.append(Started(subprocess.Popen(command, start_new_session=True), log))
        return self.starts[-1]

    def measured(self) -> int:
        """Calls stored so far, by all that was ever started."""
        return sum(each.look()["measured"] for each in self.starts)


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that must come about.

    Raises:
        NotSeenError: it did not.
    """
    end = time.monotonic() + _PATIENCE_S
    while not true():
        if time.monotonic() > end:
            raise NotSeenError(what)
        time.sleep(0.02)


# ── Troubles ─────────────────────────────────────────────────────────────────────────────────────


def kill_run(stage: Stage, run: Started) -> Started:
    """SIGKILL while calls are being measured; its workers must go with it."""
    until(lambda: run.flying > 0 and run.events["measured"] > 0, "a run at work")
    workers = run.workers()
    run.process.kill()
    if run.process.wait() != -signal.SIGKILL:
        raise NotSeenError("a run that is killed")
    until(lambda: not any(_command(str(pid)) for pid in workers), "workers that go with their run")
    return stage.start()


def end_run(stage: Stage, run: Started) -> Started:
    """SIGTERM, as a service is stopped."""
    until(lambda: run.flying > 0, "a run at work")
    run.process.terminate()
    if run.process.wait() != 130:
        raise NotSeenError("a run that says that it was interrupted")
    return stage.start()


def kill_worker(stage: Stage, run: Started) -> Started:
    """What the system does when memory runs out."""
    seen = run.look()["retry crash"]
    until(lambda: run.flying > 0 and bool(run.workers()), "a worker")
    victim = stage.draw.choice(run.workers())
    os.kill(victim, signal.SIGSTOP)  # so that it dies in the middle of a call
    time.sleep(0.5)
    os.kill(victim, signal.SIGKILL)
    until(lambda: run.look()["retry crash"] > seen, "a call whose worker was killed")
    return run


def hang_worker(stage: Stage, run: Started) -> Started:
    """A decoder that never comes back."""
    seen = run.look()["retry time"]
    until(lambda: run.flying > 0 and bool(run.workers()), "a worker")
    os.kill(stage.draw.choice(run.workers()), signal.SIGSTOP)
    until(lambda: run.look()["retry time"] > seen, "a call that took too long")
    return run


def take_database(stage: Stage, run: Started) -> Started:
    """A lock that nobody gives up for a while, or PostgreSQL that ends every session."""
    until(lambda: run.flying > 0, "a run at work")
    if "://" in stage.address:
        with open_database(stage.address, stage.root / "files") as database:
            others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            others += " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            count = database.transact(lambda connection: connection.scalar(text(others)))
        if not count:
            raise NotSeenError("sessions that are ended")
    else:
        connection = sqlite3.connect(stage.address, timeout=_PATIENCE_S, isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        before = run.look()["measured"]
        time.sleep(_LOCKED_S)
        stored = run.look()["measured"] - before
        connection.close()
        if stored > 1:  # one may have been stored before the lock and told after it
            raise NotSeenError("a database that nobody can write to")
    before = run.look()["measured"]
    until(lambda: run.look()["measured"] > before, "a run that goes on")
    return run


def second_run(stage: Stage, run: Started) -> Started:
    """Two runs share the store, until the first dies with what it has claimed."""
    other = stage.start()
    until(lambda: other.flying > 0, "a second run at work")
    if run.process.poll() is not None or not run.flying:
        raise NotSeenError("two runs at once")
    run.process.kill()
    run.process.wait()
    return other


TROUBLES: Final[Mapping[str, Callable[[Stage, Started], Started]]] = {
    "run killed at work (SIGKILL)": kill_run,
    "run told to end (SIGTERM)": end_run,
    "worker killed in a call (SIGKILL, as for want of memory)": kill_worker,
    "worker that hangs in a call (SIGSTOP)": hang_worker,
    "database that cannot be written to": take_database,
    "second run on the same store, the first killed": second_run,
}
