"""Reads `configs/`: how we measure. Rubrics and lexicons have readers of their own.

There is no third place for defaults: the structs below name and type the knobs, the YAML holds
their values. Every measuring stage has one struct and one section; the section's hash is part of
the key under which the stage's results are cached.
"""

from pipeline.settings.parties import (
    ClusteringSettings,
    CompanySettings,
    CueSettings,
    OverlappedSettings,
    ProfileSettings,
    ResegmentationSettings,
    RoleSettings,
    SpeakerSettings,
    TurnSettings,
)
from pipeline.settings.reading import (
    CONFIGS,
    Defaults,
    MeasureSettings,
    default_rubric,
    load_measure_settings,
)
from pipeline.settings.recording import (
    AudioSettings,
    CrosstalkSettings,
    DualMonoSettings,
    HandlingSettings,
    LevelSettings,
    NonspeechSettings,
    QualitySettings,
    SpeechSettings,
)
from pipeline.settings.section import Section, sha256_of
from pipeline.settings.voice import (
    HesitationSettings,
    IntonationSettings,
    NucleiSettings,
    PaceSettings,
    PitchSettings,
    SteadySettings,
    ToneSettings,
)
from pipeline.settings.words import Engine, ImportSettings, TranscriptGuards, TranscriptSettings

__all__ = [
    "CONFIGS",
    "AudioSettings",
    "ClusteringSettings",
    "CompanySettings",
    "CrosstalkSettings",
    "CueSettings",
    "Defaults",
    "DualMonoSettings",
    "Engine",
    "HandlingSettings",
    "HesitationSettings",
    "ImportSettings",
    "IntonationSettings",
    "LevelSettings",
    "MeasureSettings",
    "NonspeechSettings",
    "NucleiSettings",
    "OverlappedSettings",
    "PaceSettings",
    "PitchSettings",
    "ProfileSettings",
    "QualitySettings",
    "ResegmentationSettings",
    "RoleSettings",
    "Section",
    "SpeakerSettings",
    "SpeechSettings",
    "SteadySettings",
    "ToneSettings",
    "TranscriptGuards",
    "TranscriptSettings",
    "TurnSettings",
    "default_rubric",
    "load_measure_settings",
    "sha256_of",
]
