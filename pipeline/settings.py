"""Reads `configs/`: how we measure. Rubrics and lexicons have readers of their own.

There is no third place for defaults: the structs below name and type the knobs, the YAML holds
their values. Every measuring stage has one struct and one section; the section's hash is part of
the key under which the stage's results are cached.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import msgspec

from pipeline.errors import UsageError
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
    effort_calm_share: float
    effort_level_db: float
    effort_emphasis_db: float
    effort_pitch_st: float
    effort_least_voiced_s: float


class HandlingSettings(Section, frozen=True):
    """`measure.handling`."""

    guard_s: float
    least_silence_s: float
    floor_window_s: float
    floor_quantile: float
    above_floor_db: float
    below_voice_db: float
    most_heard: float
    longest_s: float
    join_s: float
    least_taps: int
    least_s: float
    loud_re_voice_db: float


class CrosstalkSettings(Section, frozen=True):
    """`measure.crosstalk`."""

    max_delay_s: float
    min_evidence: float
    block_s: float
    max_blocks: int
    min_blocks: int
    path_block_s: float
    max_path_blocks: int
    source_range_db: float
    lead_s: float
    path_s: float
    iterations: int


class NonspeechSettings(Section, frozen=True):
    """`measure.nonspeech`."""

    quiet_dbov: float
    tone_share: float
    tone_drift: float
    tone_wobble_db: float
    least_tone_s: float
    dtmf_tolerance: float
    dtmf_twist_db: float
    least_dtmf_s: float
    progress_low_hz: float
    progress_high_hz: float
    longest_busy_s: float
    least_ringing_s: float
    longest_ring_s: float
    longest_ring_gap_s: float
    music_activation: float
    singing_activation: float
    music_unbroken: float
    music_speech: float
    hum_likeness: float
    music_gap_s: float
    least_talk_s: float
    least_music_s: float
    over_music_db: float
    dead_air_s: float


class SpeechSettings(Section, frozen=True):
    """`measure.speech`."""

    crosstalk: CrosstalkSettings
    nonspeech: NonspeechSettings
    worth_asking_db: float
    worth_range_db: float
    worth_asking_s: float
    enter_probability: float
    leave_probability: float
    signal_probability: float
    signal_below_active_db: float
    edge_probability: float
    sure_probability: float
    edge_s: float
    floor_window_s: float
    floor_quantile: float
    above_floor_db: float
    below_active_db: float
    masked_snr_db: float
    background_share: float
    least_background_s: float
    foreground: float
    leak_margin_db: float
    blip_s: float
    bridge_s: float
    min_speech_s: float


class DualMonoSettings(Section, frozen=True):
    """When two channels are one sound written twice (`measure.dualmono`)."""

    block_s: float
    blocks: int
    floor_dbov: float
    range_db: float
    delay_s: float
    echo_delay_s: float
    echo_within_s: float
    echo_correlation: float
    correlation: float
    gain_db: float
    gain_swing_db: float
    share: float


class AudioSettings(Section, frozen=True):
    """`measure.audio`."""

    lowest_rate_hz: int
    highest_rate_hz: int
    absurd_rate_hz: int
    shortest_s: float
    longest_h: float
    dual_mono: DualMonoSettings


class TranscriptGuards(Section, frozen=True):
    """`measure.guards`: which of the recogniser's text nobody said."""

    time_error_s: float
    no_speech_probability: float
    silent_log_probability: float
    average_log_probability: float
    fast_least_syllables: int
    syllables_per_s: float
    sparse_least_s: float
    sparse_syllables_per_s: float
    loop_longest_words: int
    loop_most_times: int
    loop_most_same: int
    crowd_s: float
    crowd_syllables: int
    credits: tuple[str, ...]


class ImportSettings(Section, frozen=True):
    """`measure.imports`: transcripts made elsewhere."""

    largest_mb: float
    late_s: float
    time_error_s: float
    silent_share: float
    least_words: int
    same_party_share: float
    least_speech_share: float
    pause_reach_s: float


Engine = Literal["batched", "openai-whisper", "faster-whisper"]


class TranscriptSettings(Section, frozen=True):
    """`measure.transcript` and the modules that serve it."""

    model: str
    device: str
    engine: Engine
    precision: Literal["auto", "float32", "bfloat16", "float16"]
    batch_windows: int
    language: str
    prompt: str | None
    temperatures: tuple[float, ...]
    beam_size: int | None
    compression_ratio: float
    retry_log_probability: float
    seed: int
    window_s: float
    demonstration_window_s: float
    demonstration_context_s: float
    pause_s: float
    margin_s: float
    gap_s: float
    cut_search_s: float
    cut_quiet_s: float
    closure_s: float
    guards: TranscriptGuards
    imports: ImportSettings


class IntonationSettings(Section, frozen=True):
    """`measure.intonation`."""

    least_syllables: int
    least_voiced_s: float
    phrase_gap_s: float
    ridge: float


class SteadySettings(Section, frozen=True):
    """`measure.pitch`: voices that are steadier than any that speaks."""

    least_bands: int
    least_correlation: float
    certain: float
    least_s: float
    odds: float


class PitchSettings(Section, frozen=True):
    """`measure.pitch`."""

    voicing_bias: float
    voicing_lag_s: float
    voicing_change: float
    pitch_weight: float
    jump_free_octaves: float
    jump_per_octave: float
    jump_most: float
    range_least_s: float
    range_width_octaves: float
    range_floor: float
    range_weight: float
    octave_weight: float
    octave_reach_s: float
    octave_doubt: float
    shortest_voiced_s: float
    steady: SteadySettings
    least_voiced_s: float
    slope_s: float
    intonation: IntonationSettings


class PaceSettings(Section, frozen=True):
    """`measure.pace` and `measure.nuclei`."""

    pause_s: float
    least_speech_s: float
    least_syllables: int
    window_s: float
    burst_syl_s: float


class QualitySettings(Section, frozen=True):
    """`measure.quality`."""

    silent_dbov: float
    dropout_edge_db: float
    dropout_shortest_s: float
    dropout_longest_s: float
    noise_guard_s: float
    noise_least_s: float
    pumping_pause_s: float
    pumping_pauses: int
    band_quantile: float
    band_range_db: float
    band_move_db: float
    least_snr_db: float
    most_clipped: float
    most_pumping_db: float
    least_bandwidth_hz: float


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


class ToneSettings(Section, frozen=True):
    """`measure.tone`."""

    least_voiced_s: float
    least_frames: int
    least_snr_db: float
    slope_s: float
    final_s: float


class NucleiSettings(Section, frozen=True):
    """`measure.nuclei`."""

    smoothing_s: float
    loudness_exponent: float
    unvoiced: float
    prominence: float
    slope: float
    offset_syl_s: float
    usual_s: float


class HesitationSettings(Section, frozen=True):
    """`measure.hesitation`."""

    pause_s: float
    drawl_s: float
    filler_pause_s: float
    filler_least_s: float
    filler_most_s: float
    fillers: tuple[str, ...]
    fillers_after_pause: tuple[str, ...]
    fillers_hesitant: tuple[str, ...]
    subjects: tuple[str, ...]


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


def sha256_of(value: Any) -> str:
    """SHA-256 of any value that `msgspec` can encode, independent of key order."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
