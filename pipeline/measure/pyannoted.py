"""Another diarizer in the place of ours: a pyannote.audio pipeline from a folder on this machine.

pyannote.audio (MIT) is an extra (``pip install 'qinhe[pyannote]'``). Its pipelines are downloaded
once by those who accepted their terms; nothing is fetched from here. It says who speaks when, and
nothing of how sure that is: confidence is ours (`measure.speakers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from pipeline.errors import ModelError
from pipeline.measure.channel import Channel, resampled
from pipeline.timeline import Span, Timeline, total, union

_RATE_HZ: Final = 16000


@dataclass(frozen=True, slots=True, eq=False)
class Pyannote:
    """A loaded pipeline; make one with `load_pyannote`."""

    name: str
    pipeline: Any

    def voices(self, channel: Channel, most: int) -> tuple[Timeline, ...]:
        """Per voice, when it speaks; of more than ``most``, those that speak longest."""
        import torch

        sound = resampled(channel.read(), channel.rate_hz, _RATE_HZ)
        waveform = torch.from_numpy(sound)[None]
        found = self.pipeline({"waveform": waveform, "sample_rate": _RATE_HZ})
        annotation = getattr(found, "speaker_diarization", found)  # so called from version 4 on
        parts: dict[str, list[Span]] = {}
        for segment, _, label in annotation.itertracks(yield_label=True):
            parts.setdefault(label, []).append(Span(segment.start, segment.end))
        heard = sorted((union(part) for part in parts.values()), key=total, reverse=True)
        return tuple(heard[:most])


def load_pyannote(path: Path) -> Pyannote:
    """A diarization pipeline from its folder, or from its ``config.yaml``.

    Raises:
        ModelError: the package is not installed, or there is no pipeline that it can load.
    """
    if find_spec("pyannote") is None or find_spec("pyannote.audio") is None:
        raise ModelError(
            "pyannote.audio",
            expected="the Python package pyannote.audio",
            found="no such package",
            remedy="install it: pip install 'qinhe[pyannote]'",
        )
    config = path / "config.yaml" if path.is_dir() else path
    if not config.is_file():
        raise ModelError(
            path,
            expected="the folder of a pyannote.audio diarization pipeline, config.yaml in it",
            found="no such file",
            remedy="download the pipeline once, and name the folder that it lies in",
        )
    from pyannote.audio import Pipeline

    try:
        pipeline = Pipeline.from_pretrained(config)
    except Exception as error:  # whatever its loaders raise, the file is not usable
        raise _unusable(path, f"{type(error).__name__}: {error}") from error
    if pipeline is None:
        raise _unusable(path, "parts of it are missing")
    return Pyannote(path.name, pipeline)


def _unusable(path: Path, found: str) -> ModelError:
    return ModelError(
        path,
        expected="a pyannote.audio diarization pipeline",
        found=found,
        remedy="download it again, with every model that its config.yaml names",
    )
