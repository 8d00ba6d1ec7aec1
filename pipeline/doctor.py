"""What is installed, which models are there, which recordings can be read: `qinhe doctor`."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import av
import soundfile
import torch
import whisper
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline import __version__
from pipeline.measure.cache import default_folder
from pipeline.measure.recogniser import DEMO, DEMO_MODEL, cache_folder
from pipeline.rubric import names as rubric_names
from pipeline.settings import CONFIGS, load_measure_settings

_PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "librosa",
    "soundfile",
    "av",
    "openai-whisper",
    "torch",
    "silero-vad",
)
_CODECS = {
    "PCM, µ-law, A-law": ("pcm_s16le", "pcm_mulaw", "pcm_alaw"),
    "ADPCM, GSM 6.10": ("adpcm_ima_wav", "adpcm_ms", "gsm_ms"),
    "G.722, G.726, G.729": ("g722", "g726", "g729"),
    "FLAC, Vorbis, Opus": ("flac", "vorbis", "opus"),
    "MP3, AAC": ("mp3", "aac"),
    "AMR-NB, AMR-WB": ("amrnb", "amrwb"),
    "WMA": ("wmav1", "wmav2"),
}


def report() -> RenderableType:
    """The findings, for `rich.console.Console.print`."""
    table = Table.grid(padding=(0, 2))
    for ok, what, found in _rows():
        table.add_row(Text("✓", "green") if ok else Text("–", "yellow"), what, found)
    return Group(Text(f"qinhe {__version__}", "bold"), table)


def _rows() -> Iterator[tuple[bool, str, str]]:
    yield sys.version_info >= (3, 11), "Python", f"{platform.python_version()}, {sys.executable}"
    for package in _PACKAGES:
        found = _version(package)
        yield found is not None, package, found or "not installed"
    yield True, "compute", _compute()
    yield True, "settings, rubrics", f"{CONFIGS}: {', '.join(rubric_names())}"
    yield True, "cache", str(default_folder())
    yield from _models()
    yield from _codecs()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _compute() -> str:
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()} (CUDA {torch.version.cuda})"
    return f"CPU, {torch.get_num_threads()} threads"


def _models() -> Iterator[tuple[bool, str, str]]:
    configured = load_measure_settings().transcript.model
    yield DEMO_MODEL.is_file(), f"model {DEMO}", f"{DEMO_MODEL} (demonstration: sample calls only)"
    folder = cache_folder()
    kept = [name for name in whisper.available_models() if (folder / _file_of(name)).is_file()]
    yield bool(kept), "Whisper models", ", ".join(kept) or f"none in {folder}; fetched on first use"
    there = configured == DEMO or configured in kept or Path(configured).is_file()
    yield there, "model in use", configured


def _file_of(name: str) -> str:
    return Path(whisper._MODELS[name]).name


def _codecs() -> Iterator[tuple[bool, str, str]]:
    yield True, "libsndfile", f"{soundfile.__libsndfile_version__}: {_sndfile_formats()}"
    for what, decoders in _CODECS.items():
        missing = [name for name in decoders if name not in av.codecs_available]
        yield not missing, what, f"without {', '.join(missing)}" if missing else "can be read"


def _sndfile_formats() -> str:
    wanted = ("WAV", "NIST", "FLAC", "OGG", "MP3", "AIFF", "AU")
    return ", ".join(name for name in wanted if name in soundfile.available_formats())
