"""Words: recognised here, or transcripts made elsewhere."""

from __future__ import annotations

from typing import Literal

from pipeline.settings.section import Section


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
