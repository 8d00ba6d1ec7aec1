"""What runs on the nodes of a Ray cluster: `cluster.Cluster` makes actors of these classes."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pipeline.errors import QinheError

if TYPE_CHECKING:
    from pipeline.batch.plan import Plan
    from pipeline.batch.tasks import Equipment, Outcome, Task
    from pipeline.batch.worker import Worker
    from pipeline.measure.audio import FloatArray
    from pipeline.measure.recogniser import Recogniser
    from pipeline.measure.words import Passage


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

    def start(self, charge: tuple[Charge, str], listener: Any = None) -> Ready | QinheError:
        """Load the models, or say why this node cannot do what the run's own machine does.

        Args:
            charge: and the name of a file that must be seen in the store's folder.
            listener: Ray's handle of the `Listener` that hears words for this one; ``None``: it
                does so itself.
        """
        (equipment, plan, network), mark = charge
        _few_threads(equipment.threads)
        try:
            _check_files(equipment, mark)
            _check_plan(plan, equipment, network=network)
            if self._worker is None:
                from pipeline.batch.worker import Worker, limit_memory

                recogniser = None if listener is None else _recogniser(listener)
                self._worker = Worker(equipment, recogniser)
                limit_memory(equipment.memory_mb)
        except QinheError as error:
            return error
        return Ready(_node())

    def do(self, task: Task) -> Outcome:
        """Measure and judge."""
        assert self._worker is not None, "not started"
        return self._worker.do(task)


class Known(NamedTuple):
    """What members say in provenance of a model that is elsewhere."""

    name: str
    sha256: str
    demonstration: bool
    multilingual: bool


class Listener:
    """Whisper on a GPU of its own; members send it their windows, which go through together.

    Ray makes it anew where its node was lost, and sends it again what it had not answered.
    """

    def __init__(self, charge: tuple[Charge, str]) -> None:
        from pipeline.batch.together import Together
        from pipeline.measure import recogniser

        equipment = charge[0].equipment
        settings = equipment.settings.transcript
        assert equipment.model is not None, "without words there is nothing to hear"
        device = equipment.device or settings.device
        model = recogniser.load(equipment.model, device, settings.engine)
        self._known = Known(model.name, model.sha256, model.demonstration, model.multilingual)
        self._together = Together(model, settings)

    def known(self) -> Known:
        """The model's name, hash and kind."""
        return self._known

    def recognise(self, sounds: list[FloatArray], language: str) -> list[tuple[Passage, ...]]:
        """What is said in each window."""
        # What comes out of Ray's memory is read-only, which torch does not know.
        return self._together.recognise([sound.copy() for sound in sounds], language)


def _recogniser(listener: Any) -> Recogniser:
    import ray
    from ray.exceptions import RayActorError

    from pipeline.measure.recogniser import Elsewhere, Recogniser

    def asked(reference: Any) -> Any:
        try:
            return ray.get(reference)
        except RayActorError as error:
            raise QinheError(f"The recogniser on a GPU was lost: {error}") from None

    def ask(sounds: Sequence[FloatArray], language: str) -> Callable[[], list[tuple[Passage, ...]]]:
        reference = listener.recognise.remote(list(sounds), language)
        return lambda: asked(reference)

    known: Known = asked(listener.known.remote())
    return Recogniser(
        Elsewhere(ask, known.multilingual), known.name, known.sha256, known.demonstration
    )


def _few_threads(count: int) -> None:
    """Before anything that reads it is imported."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(count)


def _check_files(equipment: Equipment, mark: str) -> None:
    if not (equipment.files / mark).is_file():
        raise QinheError(
            f"Node {socket.gethostname()} does not see the store's files in {equipment.files}: "
            "--files must name a folder that every node of the cluster shares."
        )


def _check_plan(plan: Plan, equipment: Equipment, *, network: bool) -> None:
    from pipeline.batch.plan import plan_of

    here = plan_of(
        equipment.settings, equipment.model, pyannote=equipment.pyannote, network=network
    )
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
