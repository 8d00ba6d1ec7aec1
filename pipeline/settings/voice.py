"""How a voice sounds: pitch, pace, tone, hesitations."""

from __future__ import annotations

from pipeline.settings.section import Section


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
