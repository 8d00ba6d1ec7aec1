"""How each party sounded, turn by turn and over the call: pace, level and pitch put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from pipeline.facts import NotMeasured, SpeakerFacts, Turn, TurnProsody, Word
from pipeline.measure import level, pace, pitch
from pipeline.measure.channel import Channel
from pipeline.measure.loudness import Loudness
from pipeline.measure.pitch import PitchTrack
from pipeline.measure.stages import ChannelLevel
from pipeline.settings import MeasureSettings
from pipeline.timeline import Timeline, intersection, total


@dataclass(frozen=True, slots=True)
class Voice:
    """One party: where it is heard, when it speaks, and what its channel gave."""

    speaker: str
    number: int
    """The channel's, from 0."""
    role_confidence: float
    channel: Channel
    speech: Timeline
    words: tuple[Word, ...]
    level: ChannelLevel
    pitch: PitchTrack


def level_of(channel: Channel, speech: Timeline) -> ChannelLevel:
    """Levels of one of the voices that share a channel."""
    shared = Loudness(None, None, None, None, "both parties share one channel")
    return ChannelLevel(active=level.active_speech_level_of(channel, speech), loudness=shared)


def with_prosody(turn: Turn, voice: Voice, language: str, settings: MeasureSettings) -> Turn:
    """The turn with how it sounded."""
    spoken = intersection(voice.speech, (turn.span,))
    pitched = pitch.summary(voice.pitch, spoken, settings.pitch)
    paced = pace.of_turn(turn.words, turn.span, spoken, language, settings.pace)
    active = level.active_speech_level_of(voice.channel, spoken)
    baseline = voice.level.active.level_dbov
    relative = None
    if active.level_dbov is not None and baseline is not None:
        relative = active.level_dbov - baseline
    reasons = dict.fromkeys(r for r in (paced.reason, active.reason, pitched.reason) if r)
    prosody = TurnProsody(
        syllables=paced.syllables,
        speech_rate_syl_s=paced.speech_rate_syl_s,
        articulation_rate_syl_s=paced.articulation_rate_syl_s,
        nuclei_rate_syl_s=paced.nuclei_rate_syl_s,
        level_dbov=active.level_dbov,
        level_re_baseline_db=relative,
        f0_median_hz=pitched.median_hz,
        f0_spread_st=pitched.spread_st,
        f0_range_st=pitched.range_st,
        reason="; ".join(reasons) or None,
    )
    return msgspec.structs.replace(turn, prosody=prosody)


def over_the_call(
    voice: Voice, turns: Sequence[Turn], language: str, settings: MeasureSettings
) -> SpeakerFacts:
    """The party over the whole call."""
    own = [turn for turn in turns if turn.speaker == voice.speaker and turn.took_floor]
    words = [word for turn in own for word in turn.words]
    paced = pace.of_speaker(words, [t.span for t in own], voice.speech, language, settings.pace)
    pitched = pitch.summary(voice.pitch, voice.speech, settings.pitch)
    active = voice.level.active
    missing = {
        "pace": paced.reason,
        "pitch": pitched.reason,
        "level": active.reason,
        "loudness": voice.level.loudness.reason,
    }
    return SpeakerFacts(
        speaker=voice.speaker,
        channel=voice.number,
        role_confidence=voice.role_confidence,
        talk_s=total(voice.speech),
        speech=voice.speech,
        level_dbov=active.level_dbov,
        activity=active.activity,
        loudness_lufs=voice.level.loudness.integrated_lufs,
        syllables=paced.syllables,
        speech_rate_syl_s=paced.speech_rate_syl_s,
        articulation_rate_syl_s=paced.articulation_rate_syl_s,
        nuclei_rate_syl_s=paced.nuclei_rate_syl_s,
        f0_median_hz=pitched.median_hz,
        f0_spread_st=pitched.spread_st,
        f0_range_st=pitched.range_st,
        not_measured=tuple(
            NotMeasured(measure=measure, reason=reason)
            for measure, reason in missing.items()
            if reason
        ),
    )
