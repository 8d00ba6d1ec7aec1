"""Nights on a real Ray cluster: two nodes on the loopback, one of them taken away."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pipeline.batch.cluster import Cluster
from pipeline.batch.content import content
from pipeline.batch.member import Charge
from pipeline.batch.plan import plan_of
from pipeline.batch.tasks import Equipment, Outcome, Task
from pipeline.batch.worker import Worker
from pipeline.settings import load_measure_settings
from pipeline.store.database import open_database
from pipeline.store.packing import unpack_facts
from tests.night import check_sound, short_calls
from tests.raycluster import Nodes, quiet
from tests.real.conftest import Qinhe

CALLS = 24
PATIENCE_S = 400.0
"""Seconds in which nothing happens, on a machine that has other work."""


def events(log: Path) -> list[dict]:
    """What the run has said; it may be at its next line."""
    if not log.exists():
        return []
    return [
        json.loads(line) for line in log.read_text("utf-8").splitlines(True) if line[-1:] == "\n"
    ]


@pytest.fixture(scope="module")
def started() -> Iterator[Nodes]:
    with quiet():
        cluster = Nodes(2)
        try:
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture
def nodes(started: Nodes) -> Nodes:
    """The cluster, once the test before has left it: a stopped worker takes Ray some seconds."""
    until = time.monotonic() + PATIENCE_S
    while started.members():
        assert time.monotonic() < until, started.members()
        time.sleep(0.1)
    return started


def stopped(nodes: Nodes, method: str) -> int:
    """The process of a worker, stopped in the middle of a method."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        for pid in [each.pid for each in nodes.members() if each.does == method]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                if any(each.pid == pid and each.does == method for each in nodes.members()):
                    return pid
                os.kill(pid, signal.SIGCONT)
        time.sleep(0.005)
    raise AssertionError(f"no worker came to {method}: {nodes.members()}")


class Run:
    """A night on the cluster, and its log."""

    def __init__(self, nodes: Nodes, log: Path, *arguments: object) -> None:
        self._nodes, self._log = nodes, log
        command = ("batch", *arguments, "--log", log, "--ray", nodes.address, "--quiet")
        self.process = subprocess.Popen([sys.executable, "-m", "pipeline", *map(str, command)])

    def until_measured(self, count: int) -> None:
        """Wait as long as anything happens, and a while more."""
        seen, until = -1, 0.0
        while True:
            over, told = self.process.poll() is not None, events(self._log)
            if sum(event["event"] == "measured" for event in told) >= count:
                return
            assert not over, f"over before all was measured: {self._told()}"
            if len(told) != seen:
                seen, until = len(told), time.monotonic() + PATIENCE_S
            assert time.monotonic() < until, f"nothing happened: {self._told()}"
            time.sleep(0.02)

    def _told(self) -> str:
        return f"{self._nodes.members()}, {events(self._log)}"


def one(cluster: Cluster) -> Outcome:
    until = time.monotonic() + PATIENCE_S
    while not (outcomes := cluster.wait(0.5)):
        assert time.monotonic() < until
    return outcomes[0]


def charge_of(files: Path, model: str | None = None) -> Charge:
    settings = load_measure_settings()
    equipment = Equipment(
        settings=settings, model=model, device=None, rubric=None, files=files,
        memory_mb=2048, threads=1,
    )  # fmt: skip
    return Charge(equipment, plan_of(settings, model, network=False), network=False)


def task_of(path: Path) -> Task:
    return Task(number=1, call_id="x", sha256=content(str(path)), paths=(str(path),))


def test_a_gpus_actor_hears_the_words_for_the_workers(nodes: Nodes, tmp_path: Path) -> None:
    (path,) = short_calls(tmp_path / "in", 1, 3.0)
    charge = charge_of(tmp_path / "files", "demo")
    with Cluster(nodes.address, charge, None, 700.0, 600.0) as cluster:
        assert len(cluster._listeners) == 1
        cluster.give(task_of(path))
        outcome = one(cluster)
    assert outcome.fault is None
    alone = Worker(charge_of(tmp_path / "elsewhere", "demo").equipment).do(task_of(path))
    found, wanted = (unpack_facts(each.measured.data, "x") for each in (outcome, alone))
    assert wanted.transcript.model == "whisper-demo-zh"
    assert any(turn.words for turn in wanted.turns)
    assert found == wanted


def test_what_goes_wrong_costs_its_call_alone(nodes: Nodes, tmp_path: Path) -> None:
    task = task_of(short_calls(tmp_path / "in", 1, 1.0)[0])
    charge = charge_of(tmp_path / "files")
    with Cluster(nodes.address, charge, 1, 700.0, 600.0) as cluster:
        cluster.give(task)
        done = one(cluster)
        assert done.fault is None
        assert done.measured is not None
        (victim,) = nodes.members()
        os.kill(victim.pid, signal.SIGSTOP)  # so that the kill comes in the middle of the call
        cluster.give(msgspec.structs.replace(task, number=2))
        os.kill(victim.pid, signal.SIGKILL)
        outcome = one(cluster)
        assert (outcome.number, outcome.fault.kind) == (2, "crash")
        while not cluster.free:
            cluster.wait(0.5)
        (victim,) = nodes.members()
        os.kill(victim.pid, signal.SIGSTOP)  # a decoder that never comes back
        cluster._time_limit_s = 1.5
        cluster.give(msgspec.structs.replace(task, number=3))
        outcome = one(cluster)
        assert (outcome.number, outcome.fault.kind) == (3, "time")
    assert list((tmp_path / "files").glob("seen-*")) == []


def test_a_worker_that_never_comes_up_is_replaced(nodes: Nodes, tmp_path: Path) -> None:
    (path,) = short_calls(tmp_path / "in", 1, 1.0)
    with Cluster(nodes.address, charge_of(tmp_path / "files"), 1, 700.0, 600.0) as cluster:
        cluster.give(task_of(path))
        stopped(nodes, "start")
        cluster._workers[0].until = time.monotonic()  # as if its ten minutes were over
        outcome = one(cluster)
    assert outcome.fault is None


def test_a_lost_node_and_a_killed_worker_cost_no_call(nodes: Nodes, tmp_path: Path) -> None:
    short_calls(tmp_path / "in", CALLS, 1.0)
    log, address = tmp_path / "log", str(tmp_path / "n.db")
    run = Run(nodes, log, tmp_path / "in", "--db", address, "--no-transcript")
    try:
        run.until_measured(2)
        os.kill(stopped(nodes, "do"), signal.SIGKILL)
        run.until_measured(5)
        nodes.kill(nodes.others[0])
        assert run.process.poll() is None, "over before its node was killed"
        run.until_measured(CALLS)
        assert run.process.wait(PATIENCE_S) == 0
    finally:
        run.process.kill()
    with open_database(address) as database:
        check_sound(database, CALLS)
    every = Counter((event["event"], event.get("source")) for event in events(log))
    assert all(every["measured", str(path)] == 1 for path in (tmp_path / "in").iterdir())
    assert sum(event["event"] == "retry" for event in events(log)) == 1  # the lost node is no fault
    assert [event for event in events(log) if event["event"] == "failed"] == []


def test_a_cluster_that_is_not_there_is_one_sentence(
    qinhe: Qinhe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short_calls(tmp_path / "in", 1, 1.0)
    arguments = ("batch", "in", "--db", "n.db", "--no-transcript", "--quiet")
    for address, code, sentence in (
        ("127.0.0.1:9", 1, "nothing answers there"),
        ("local", 2, "expected auto or HOST:PORT"),
    ):
        assert qinhe(*arguments, "--ray", address) == code
        said = capsys.readouterr().err
        assert sentence in said
        assert said.count("\n") == 1


def test_without_ray_the_sentence_says_what_to_install(
    qinhe: Qinhe,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    short_calls(tmp_path / "in", 1, 1.0)
    arguments = ("batch", "in", "--db", "n.db", "--no-transcript", "--quiet")
    assert qinhe(*arguments, "--ray", "auto") == 2
    assert "pip install 'qinhe[ray]'" in capsys.readouterr().err
