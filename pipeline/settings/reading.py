"""`configs/measure.yaml` and `configs/defaults.yaml`, read and checked."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import UsageError
from pipeline.settings.parties import (
    CompanySettings,
    ProfileSettings,
    RoleSettings,
    SpeakerSettings,
    TurnSettings,
)
from pipeline.settings.recording import (
    AudioSettings,
    HandlingSettings,
    LevelSettings,
    QualitySettings,
    SpeechSettings,
)
from pipeline.settings.section import Section
from pipeline.settings.voice import (
    HesitationSettings,
    NucleiSettings,
    PaceSettings,
    PitchSettings,
    ToneSettings,
)
from pipeline.settings.words import TranscriptSettings
from pipeline.yamlfile import read_typed

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
if not CONFIGS.is_dir():  # a checkout keeps them beside the package, a wheel inside it
    CONFIGS = Path(__file__).resolve().parent.parent.parent / "configs"


class MeasureSettings(Section, frozen=True):
    """`configs/measure.yaml`."""

    audio: AudioSettings
    quality: QualitySettings
    level: LevelSettings
    speech: SpeechSettings
    turns: TurnSettings
    transcript: TranscriptSettings
    pitch: PitchSettings
    pace: PaceSettings
    tone: ToneSettings
    nuclei: NucleiSettings
    hesitation: HesitationSettings
    handling: HandlingSettings
    speakers: SpeakerSettings
    roles: RoleSettings
    company: CompanySettings
    profiles: ProfileSettings


def load_measure_settings(path: Path | None = None) -> MeasureSettings:
    """The measuring settings, from ``path`` or the shipped file.

    Raises:
        ConfigError: unreadable, an unknown key, or a value of the wrong type.
    """
    return read_typed(path or CONFIGS / "measure.yaml", MeasureSettings)


class Defaults(Section, frozen=True):
    """`configs/defaults.yaml`."""

    rubrics: dict[str, str]


def default_rubric(language: str) -> str:
    """The name of the rubric for a language spoken.

    Raises:
        UsageError: none is shipped for it.
    """
    rubrics = read_typed(CONFIGS / "defaults.yaml", Defaults).rubrics
    if language not in rubrics:
        raise UsageError(
            f"No rubric ships for the language {language!r} (only for {', '.join(rubrics)}); "
            "give one with --rubric."
        )
    return rubrics[language]
