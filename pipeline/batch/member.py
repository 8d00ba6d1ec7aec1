"""A worker inside an actor of a Ray cluster: what runs on the node.

Ray itself is not needed here: `cluster.Cluster` makes an actor of `Member`.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pipeline.errors import QinheError

if TYPE_CHECKING:
    from pipeline.batch.plan import Plan
    from pipeline.batch.tasks import Equipment, Outcome, Task
    from pipeline.batch.worker import Worker


class Charge(NamedTuple):
    """What a member works with, and how the run measures: the same everywhere, or not at all."""

    equipment: Equipment
    plan: Plan
    network: bool


class Ready(NamedTuple):
    """A member that can work, and Ray's name of its node."""

    node: str


class Member:
    """One worker of a run, in a process that Ray started."""

    def __init__(self) -> None:
        self._worker: Worker | None = None

    def start(self, charge: tuple[Charge, str]) -> Ready | QinheError:
        """Load the models, or say why this node cannot do what the run's own machine does."""
        (equipment, plan, network), mark = charge
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = str(equipment.threads)  # before anything that reads it is imported
        try:
            _check_files(equipment, mark)
            _check_plan(plan, equipment, network=network)
            if self._worker is None:
                from pipeline.batch.worker import Worker, limit_memory

                self._worker = Worker(equipment)
                limit_memory(equipment.memory_mb)
        except QinheError as error:
            return error
        return Ready(_node())

    def do(self, task: Task) -> Outcome:
        """Measure and judge."""
        assert self._worker is not None, "not started"
        return self._worker.do(task)


def _check_files(equipment: Equipment, mark: str) -> None:
    if not (equipment.files / mark).is_file():
        raise QinheError(
            f"Node {socket.gethostname()} does not see the store's files in {equipment.files}: "
            "--files must name a folder that every node of the cluster shares."
        )


def _check_plan(plan: Plan, equipment: Equipment, *, network: bool) -> None:
    from pipeline.batch.plan import plan_of

    here = plan_of(equipment.settings, equipment.model, network=network)
    if here != plan:
        ours, theirs = msgspec.to_builtins(here), msgspec.to_builtins(plan)
        differs = ", ".join(name for name in ours if ours[name] != theirs[name])
        raise QinheError(
            f"Node {socket.gethostname()} would measure otherwise than this machine ({differs}): "
            "install the same version of Qinhe and its packages, and the same model, on every node."
        )


def _node() -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())
