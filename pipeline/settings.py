"""Reads `configs/`: how we measure. Rubrics and lexicons have readers of their own.

There is no third place for defaults: the structs below name and type the knobs, the YAML holds
their values. Every measuring stage has one struct and one section; the section's hash is part of
the key under which the stage's results are cached.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from pipeline.yamlfile import read_typed

CONFIGS = Path(__file__).resolve().parent / "configs"
if not CONFIGS.is_dir():  # a checkout keeps them beside the package, a wheel inside it
    CONFIGS = Path(__file__).resolve().parent.parent / "configs"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every stage's settings."""

    def sha256(self) -> str:
        """Names these settings: part of a stage's cache key and of its provenance."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


class LevelSettings(Section, frozen=True):
    """`measure.level` and `measure.effort`."""

    noise_guard_s: float
    noise_quantile: float
    noise_least_s: float
    gain_window_s: float
    gain_least_s: float
    gain_change_db: float
    effort_level_db: float
    effort_emphasis_db: float
    effort_pitch_st: float
    effort_least_voiced_s: float


class MeasureSettings(Section, frozen=True):
    """`configs/measure.yaml`."""

    level: LevelSettings


def load_measure_settings(path: Path | None = None) -> MeasureSettings:
    """The measuring settings, from ``path`` or the shipped file.

    Raises:
        ConfigError: unreadable, an unknown key, or a value of the wrong type.
    """
    return read_typed(path or CONFIGS / "measure.yaml", MeasureSettings)


def sha256_of(value: Any) -> str:
    """SHA-256 of any value that `msgspec` can encode, independent of key order."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
