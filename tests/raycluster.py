"""A real Ray cluster for tests: nodes of one CPU each, on the loopback, telling nobody."""

import inspect
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ADDRESS = "127.0.0.1"
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Else Ray takes 127.0.0.1 for "this machine", by the address under which others see it.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_raylet_start_wait_time_s": "120",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Else Ray's workers run at 15, and beside other tests get a thirtieth of what those get.
    "RAY_worker_niceness": "0",
}
_STORE_BYTES = 80 * 2**20


class Process(NamedTuple):
    """A worker of ours, as the system shows it."""

    pid: int
    does: str
    """The method that it is in, if any."""
    state: str
    """As in proc(5): ``T`` is stopped."""


@contextmanager
def quiet() -> Iterator[None]:
    """Ray tells nobody that it is used, and listens on the loopback."""
    before = {name: os.environ.get(name) for name in _QUIET}
    os.environ.update(_QUIET)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class Nodes:
    """A cluster of ``count`` nodes with a CPU each; only the first cannot be killed.

    The first is said to have a GPU: Ray believes it, and torch finds out.
    """

    def __init__(self, count: int) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster()
        self._add(include_dashboard=False, num_gpus=1)
        self.others = [self._add() for _ in range(count - 1)]
        self.address = self._cluster.address

    def _add(self, **more: Any) -> Any:
        ports = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port",
                 "runtime_env_agent_port")  # fmt: skip
        free = dict(zip(ports, _free_ports(len(ports)), strict=True))
        with _however_busy(free["dashboard_agent_listen_port"]):
            return self._cluster.add_node(
                num_cpus=1,
                node_ip_address=ADDRESS,
                object_store_memory=_STORE_BYTES,
                **free,
                **more,
            )

    def members(self) -> list[Process]:
        """The actors that are workers of ours, on these nodes: others may run a cluster too."""
        raylets = {
            each.process.pid
            for node in self._cluster.list_all_nodes()
            for each in node.all_processes.get("raylet", ())
        }
        found = (_member(path.parent, raylets) for path in Path("/proc").glob("[0-9]*/cmdline"))
        return [each for each in found if each is not None]

    def kill(self, node: Any) -> None:
        """As when a machine is taken away: nobody is told."""
        self._cluster.remove_node(node, allow_graceful=False)

    def stop(self) -> None:
        self._cluster.shutdown()


def _member(process: Path, parents: set[int]) -> Process | None:
    try:
        title = (process / "cmdline").read_bytes().split(b"\0")[0].decode()
        state, parent = (process / "stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:  # it has ended
        return None
    if not title.startswith("ray::Member") or int(parent) not in parents:
        return None
    return Process(int(process.name), title.partition(".")[2], state)


@contextmanager
def _however_busy(port: int) -> Iterator[None]:
    """A node gives up where its agent has not told its port within 15 s, which a machine that
    runs other tests may need: told here, where the port is chosen, it waits for nothing.
    """
    from ray._private import services
    from ray._raylet import DASHBOARD_AGENT_LISTEN_PORT_NAME, persist_port

    start = services.start_raylet

    def started(*given: Any, **named: Any) -> Any:
        node = inspect.signature(start).bind(*given, **named).arguments
        persist_port(node["session_dir"], node["node_id"], DASHBOARD_AGENT_LISTEN_PORT_NAME, port)
        return start(*given, **named)

    services.start_raylet = started
    try:
        yield
    finally:
        services.start_raylet = start


def _free_ports(count: int) -> list[int]:
    with_ports = [socket.socket() for _ in range(count)]
    for each in with_ports:
        each.bind((ADDRESS, 0))
    numbers = [each.getsockname()[1] for each in with_ports]
    for each in with_ports:
        each.close()
    return numbers
