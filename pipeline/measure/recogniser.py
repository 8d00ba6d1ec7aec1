"""Speech-recognition models: OpenAI's Whisper by name, or a checkpoint in its format."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_dir

from pipeline.errors import ModelError, printable
from pipeline.measure import quantised
from pipeline.measure.words import Passage

if TYPE_CHECKING:
    from whisper.model import Whisper

    from pipeline.measure.audio import FloatArray

DEMO = "demo"
"""The name of the small model that ships with Qinhe."""
DEMO_MODEL = Path(__file__).resolve().parent.parent / "models" / "whisper-demo-zh.pt"

_DOWNLOAD_TIMEOUT_S = 30.0
_OWN_CHECKPOINT = (
    "give --model PATH (a checkpoint in openai-whisper's format), or a name: demo, {names}"
)


Ask = Callable[[Sequence["FloatArray"], str], Callable[[], list[tuple[Passage, ...]]]]
"""Sends windows and their language off; what it gives back waits for what is said in each."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A model in another process, that of a GPU, which others ask as well."""

    ask: Ask
    is_multilingual: bool


@dataclass(frozen=True, slots=True)
class Recogniser:
    """A loaded model and what it is called in provenance.

    Attributes:
        model: openai-whisper's, its 8-bit form for the engine faster-whisper, or one elsewhere.
        name: as published ("small"), or the checkpoint's file name.
        demonstration: the model that ships with Qinhe, which real calls need to replace.
    """

    model: Whisper | quantised.Quantised | Elsewhere
    name: str
    sha256: str
    demonstration: bool

    @property
    def multilingual(self) -> bool:
        """False for the ``.en`` models, which write English whatever they hear."""
        return bool(self.model.is_multilingual)

    @property
    def on_gpu(self) -> bool:
        """Whether half precision is worth while."""
        return not isinstance(self.model, Elsewhere) and bool(self.model.device.type == "cuda")


def load(model: str | Path, device: str = "auto", engine: str = "batched") -> Recogniser:
    """Loads a model.

    Args:
        model: ``demo``, one of openai-whisper's names (fetched into its own cache on first use),
            or the path of a checkpoint in its format.
        device: ``cpu``, ``cuda``, ``cuda:1`` …; ``auto`` takes a GPU where torch sees one.
        engine: what will run it (`settings.TranscriptSettings.engine`).

    Raises:
        ModelError: no such model, it cannot be fetched, the file is something else, no such device.
        UsageError: the engine is not installed.
    """
    device = _checked_device(device)
    name = os.fspath(model)
    if engine == quantised.ENGINE:
        return _quantised(name, device)
    return _published(name, device)


def _published(name: str, device: str) -> Recogniser:
    import whisper  # takes seconds: only those who recognise speech wait for it

    if name == DEMO:
        return _from_file(DEMO_MODEL, device, DEMO_MODEL.stem)
    if name in whisper.available_models():
        return _from_name(name, device)
    if not Path(name).exists():
        raise _unknown(name, whisper.available_models())
    return _from_file(Path(name), device, Path(name).name)


def _quantised(name: str, device: str) -> Recogniser:
    """In 8 bits; converted the first time, and later loaded without the checkpoint."""
    folder = Path(user_cache_dir("qinhe", appauthor=False)) / "models"
    label, sha256 = _identity(name)
    kept = None if sha256 is None else quantised.converted(folder, sha256)
    if kept is None or not kept.is_dir():
        found = _published(name, "cpu")
        kept, sha256 = quantised.converted(folder, found.sha256), found.sha256
        quantised.convert(found.model, kept)
    demonstration = name == DEMO or _is_demo(Path(name), sha256 or "")
    return Recogniser(quantised.load(kept, device), label, sha256 or "", demonstration)


def _identity(name: str) -> tuple[str, str | None]:
    """What a model is called, and its hash where that is known without loading it."""
    import whisper

    if name in whisper.available_models():
        return name, _published_sha256(name)
    path = DEMO_MODEL if name == DEMO else Path(name)
    label = path.stem if name == DEMO else path.name
    return label, _sha256(path) if path.is_file() else None


def _from_name(name: str, device: str) -> Recogniser:
    import whisper

    folder = cache_folder()
    kept = folder / Path(whisper._MODELS[name]).name
    if kept.is_file() and _sha256(kept) == _published_sha256(name):
        return _loaded(name, device, folder, source=kept)
    try:
        # Beside the cache first: an interrupted download must not be taken for a model later.
        with _patience(), tempfile.TemporaryDirectory(dir=_made(folder), prefix=".part-") as part:
            found = _loaded(name, device, Path(part), source=kept)
            (Path(part) / kept.name).replace(kept)
    except OSError as error:
        raise ModelError(
            name,
            expected=f"the weights of Whisper {name} in {kept} or a connection to fetch them",
            found=f"neither ({getattr(error, 'reason', None) or error})",
            remedy=f"connect this machine once, or copy {kept.name} into {folder}, "
            "or give --model PATH",
        ) from None
    return found


def _loaded(name: str, device: str, folder: Path, source: Path) -> Recogniser:
    import whisper

    try:
        model = whisper.load_model(name, device=device, download_root=str(folder))
    except OSError:
        raise
    except Exception as error:  # torch.load raises anything on bytes it does not understand
        raise ModelError(
            source,
            expected=f"the weights of Whisper {name}",
            found=f"a file or download that cannot be used ({_first_line(error)})",
            remedy="try again, or give --model PATH",
        ) from None
    model.eval()
    return Recogniser(model, name, _published_sha256(name), demonstration=False)


def _from_file(path: Path, device: str, name: str) -> Recogniser:
    import whisper

    expected = "a Whisper checkpoint in OpenAI's format (dims and model_state_dict)"
    remedy = "give the .pt file that openai-whisper wrote or fetched, or the name of a model"
    if path.is_dir():
        raise ModelError(path, expected=expected, found="a folder", remedy=remedy)
    try:
        sha256 = _sha256(path)
        model = whisper.load_model(str(path), device=device)
    except OSError as error:
        raise ModelError(
            path,
            expected=expected,
            found=f"a file that cannot be read ({error.strerror or error})",
            remedy="check its path and permissions",
        ) from None
    except Exception as error:  # torch.load raises anything on bytes it does not understand
        raise ModelError(
            path, expected=expected, found=f"something else ({_first_line(error)})", remedy=remedy
        ) from None
    model.eval()
    return Recogniser(model, name, sha256, demonstration=_is_demo(path, sha256))


def _is_demo(path: Path, sha256: str) -> bool:
    if path.name == DEMO_MODEL.name:
        return True
    return DEMO_MODEL.is_file() and sha256 == _sha256(DEMO_MODEL)


def _unknown(name: str, names: list[str]) -> ModelError:
    near = get_close_matches(name, names, 1)
    return ModelError(
        name,
        expected="the name of a Whisper model or the path of a checkpoint",
        found=f"neither (did you mean {near[0]}?)" if near else "neither",
        remedy=_OWN_CHECKPOINT.format(names=", ".join(names)),
    )


def _checked_device(device: str) -> str:
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            device,
            expected="a device that this machine and this build of torch have",
            found=_first_line(error),
            remedy="take cpu or auto",
        ) from None
    return device


def cache_folder() -> Path:
    """Where openai-whisper keeps its downloads."""
    home = Path("~").expanduser() / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME", home)) / "whisper"


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _published_sha256(name: str) -> str:
    import whisper

    return str(whisper._MODELS[name].split("/")[-2])


@contextmanager
def _patience() -> Iterator[None]:
    """Network calls give up after a while: a closed network often answers nothing at all."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_DOWNLOAD_TIMEOUT_S)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        socket.setdefaulttimeout(before)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_line(error: Any) -> str:
    text = str(error).strip() or type(error).__name__
    return printable(text.splitlines()[0][:120])
