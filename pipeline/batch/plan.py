"""What a call's facts depend on besides its sound, under one hash.

Facts whose plan is the present one are not made again. Where it changed, the call is measured
anew, and the stages that the change does not touch come from what they kept (`measure.cache`).
"""

from __future__ import annotations

import functools
import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from pipeline import __version__
from pipeline.batch.content import content
from pipeline.batch.items import Item
from pipeline.errors import ModelError, SourceError
from pipeline.measure import quantised, recogniser
from pipeline.measure.stages import VERSIONS
from pipeline.settings import MeasureSettings, sha256_of
from pipeline.values import Value

_FILES: Final = {"large": "large-v3.pt", "turbo": "large-v3-turbo.pt"}
_PACKAGES: Final = ("openai-whisper", "silero-vad")
_MODELS: Final = recogniser.DEMO_MODEL.parent
"""The shipped models' folder."""
_WEIGHTS: Final = frozenset({".npz", ".pt", ".onnx"})


class Plan(Value, frozen=True, kw_only=True):
    """How a run measures.

    Attributes:
        model: names the weights; ``None``: no words are recognised.
        diarizer: names another pipeline that tells voices apart; ``None``: Qinhe does.
    """

    version: str
    stages: dict[str, str]
    settings_sha256: str
    shipped: dict[str, str]
    model: str | None
    diarizer: str | None = None

    def of(self, item: Item, words: str | None) -> str:
        """Names everything that this item's facts depend on, its sound aside.

        Args:
            item: the call.
            words: SHA-256 of its transcript's bytes, where it has one.
        """
        own = None if item.transcript else self.model
        told = (item.channels, item.language, item.speakers, item.agent_is)
        other = () if self.diarizer is None else (self.diarizer,)
        return sha256_of((self.version, self.stages, self.settings_sha256, self.shipped, own,
                          words, told, *other))  # fmt: skip


def plan_of(
    settings: MeasureSettings,
    model: str | None,
    *,
    network: bool,
    pyannote: Path | None = None,
) -> Plan:
    """The plan of a run with these settings and these models, none of which is loaded yet.

    Raises:
        ModelError: the model is not on this machine, and it may not be fetched.
    """
    return Plan(
        version=__version__,
        stages=dict(VERSIONS),
        settings_sha256=sha256_of(settings),
        shipped={**_packages(settings.transcript.engine), **_shipped_models()},
        model=None if model is None else _weights(model, settings.transcript.engine, network),
        diarizer=None if pyannote is None else _pipeline(pyannote),
    )


def _pipeline(folder: Path) -> str:
    """Names a diarization pipeline by all that lies in its folder, or by its only file."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) or [folder]
    try:
        return sha256_of([(path.name, content(str(path))) for path in files])
    except SourceError:
        return str(folder)  # loading it says what is wrong


def _weights(model: str, engine: str, network: bool) -> str:
    if model == recogniser.DEMO:
        return content(str(recogniser.DEMO_MODEL))
    if Path(model).exists():
        try:
            return content(model)
        except SourceError:
            return model  # loading it says what is wrong
    kept = recogniser.cache_folder() / _FILES.get(model, f"{model}.pt")
    if not network and not kept.is_file() and "/" not in model:
        raise ModelError(
            model,
            expected=f"a checkpoint, or the weights of Whisper {model} in {kept}",
            found="neither",
            remedy="let it be fetched once with --network, or take --model demo to try things out",
        )
    return f"{model} of {_packages(engine)}"  # the package knows its weights by their hash


@functools.cache
def _packages(engine: str) -> dict[str, str]:
    found = {}
    for name in (*_PACKAGES, "ctranslate2") if engine == quantised.ENGINE else _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


@functools.cache
def _shipped_models() -> dict[str, str]:
    """The small models that come with Qinhe, but for the one that `Plan.model` names."""
    every = sorted(_MODELS.iterdir())
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in every
        if path.suffix in _WEIGHTS and path != recogniser.DEMO_MODEL
    }
