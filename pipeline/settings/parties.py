"""The parties: their turns, whose voice it is and what part it plays."""

from __future__ import annotations

from typing import Literal

from pipeline.settings.section import Section


class TurnSettings(Section, frozen=True):
    """`measure.turns`, `measure.overlaps` and `measure.units`."""

    unit_bridge_s: float
    least_pause_s: float
    least_overlap_s: float
    same_episode_s: float
    terminal_s: float
    clear_outcome_s: float
    choral_onset_s: float
    choral_end_s: float
    longest_choral_s: float
    backchannel_reach_s: float
    goes_on_s: float
    longest_backchannel_s: float
    longest_unheard_backchannel_s: float
    unsure_text_length: int
    longest_silent_s: float
    longest_unheard_silent_s: float
    resumes_s: float
    abrupt_db: float
    monologue_s: float
    backchannels: tuple[str, ...]
    question_endings: tuple[str, ...]
    unfinished_endings: tuple[str, ...]
    finished_endings: tuple[str, ...]


class ClusteringSettings(Section, frozen=True):
    """`measure.clustering`."""

    most_voices: int
    one_voice: float
    chance: float
    steepness: float
    third_voice: float


class ResegmentationSettings(Section, frozen=True):
    """`measure.resegmentation`."""

    evidence_per_s: float
    change_in_phrase: float
    change_in_pause: float
    pause_s: float


class OverlappedSettings(Section, frozen=True):
    """`measure.overlapped`."""

    least_snr_db: float
    window_s: float
    hop_s: float
    examples: int
    least_examples: int
    dimensions: int
    even: float
    steepness: float
    goes_on: float
    least_s: float


class SpeakerSettings(Section, frozen=True):
    """`measure.speakers` and `measure.embedding`."""

    precision: Literal["auto", "float32", "bfloat16"]
    noise_taken_off: float
    window_s: float
    hop_s: float
    least_window_s: float
    trusted_db: float
    glance_s: float
    glance_window_s: float
    glance_most: int
    glance_odds: float
    own_line_hop_s: float
    least_speech_s: float
    clustering: ClusteringSettings
    resegmentation: ResegmentationSettings
    overlapped: OverlappedSettings
    quiet_reach_s: float
    segment_pause_s: float


class CueSettings(Section, frozen=True):
    """Phrases that one part says more than the other, and what hearing them weighs."""

    weight: float
    says: tuple[str, ...]


class RoleSettings(Section, frozen=True):
    """`measure.roles`."""

    usual_side: float
    told_side: float
    first_to_speak: float
    doubted: float
    cues: dict[str, dict[str, CueSettings]]


class CompanySettings(Section, frozen=True):
    """When somebody else is heard on a party's own channel (`measure.call`)."""

    least_confidence: float
    least_in_turn: float
    least_talk_s: float


class ProfileSettings(Section, frozen=True):
    """`pipeline.profiles`."""

    least_calls: int
    most_calls: int
    least_talk_s: float
    least_confidence: float
    least_purity: float
    pitch_least_st: float
    pitch_anybody_st: float
    keep_voiceprints: bool
    print_even: float
    print_steepness: float
    print_most: float
