"""The recording and the stretches of it: level, speech, holds, quality."""

from __future__ import annotations

from pipeline.settings.section import Section


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
