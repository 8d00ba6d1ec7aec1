"""How each party sounded, turn by turn and over the call: what the stages gave, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from pipeline.facts import (
    Burst,
    Cues,
    Drawl,
    Filler,
    NotMeasured,
    SpeakerFacts,
    Turn,
    TurnProsody,
    Word,
)
from pipeline.measure import effort, handling, hesitation, level, nuclei, pace, pitch, tone
from pipeline.measure.channel import Channel
from pipeline.measure.effort import Effort, Voicing
from pipeline.measure.handling import Handling
from pipeline.measure.intonation import Intonation, intonation
from pipeline.measure.lexicaltone import tone_syllables
from pipeline.measure.loudness import Loudness
from pipeline.measure.nuclei import Nuclei
from pipeline.measure.pitch import PitchTrack
from pipeline.measure.spectrum import Bands, bands
from pipeline.measure.stages import ChannelLevel
from pipeline.measure.tone import Tone, Usual
from pipeline.settings import MeasureSettings
from pipeline.timeline import Timeline, clipped, total
from pipeline.tracks import FloatTrack


@dataclass(frozen=True, slots=True)
class Voice:
    """One party: where it is heard, when it speaks, and what its channel gave."""

    speaker: str
    number: int
    """The channel's, from 0."""
    voice: int | None
    """Its own, from 1; ``None``: several people, not told apart."""
    role_confidence: float
    channel: Channel
    speech: Timeline
    words: tuple[Word, ...]
    level: ChannelLevel
    levels: FloatTrack
    pitch: PitchTrack
    heard: FloatTrack
    """The channel's speech probability."""
    aside: Timeline
    """Where the channel carries what no party makes there: tones, music, the other's leak."""
    alone: bool
    """Whether nobody else speaks on the channel."""
    talk_error_s: float = 0.0
    """How much of the speech is expected to be another voice's."""


@dataclass(frozen=True, slots=True)
class Described:
    """One party's turns with how they sounded, and the party over the whole call."""

    turns: tuple[Turn, ...]
    speaker: SpeakerFacts
    bursts: tuple[Burst, ...]
    drawls: tuple[Drawl, ...]
    fillers: tuple[Filler, ...]


_SILENT = "nobody speaks on the channel"
_NOBODY = ChannelLevel(
    active=level.ActiveLevel(None, None, None, _SILENT),
    loudness=Loudness(None, None, None, None, _SILENT),
)
"""Whatever is heard on a channel, a party that never speaks has no level."""


def level_of(channel: Channel, speech: Timeline) -> ChannelLevel:
    """Levels of one of the voices that share a channel."""
    shared = Loudness(None, None, None, None, "both parties share one channel")
    return ChannelLevel(active=level.active_speech_level_of(channel, speech), loudness=shared)


def described(
    voice: Voice, turns: Sequence[Turn], language: str, settings: MeasureSettings
) -> Described:
    """What one party's turns sounded like.

    Args:
        voice: the party.
        turns: its own turns, in time order.
        language: of the words.
        settings: of every stage.
    """
    sound = bands(voice.channel, voice.speech)
    heard = nuclei.nuclei(sound, voice.pitch.voicing, settings.nuclei)
    party = _Party(voice, sound, heard, language, settings)
    spoken = [clipped(voice.speech, turn.span) for turn in turns]
    tones = [party.tone(spans) for spans in spoken]
    raised = effort.of_turns([party.voicing(spans) for spans in spoken], settings.level)
    usual = tone.usual(tones)
    sounded = [
        party.prosody(*each, usual) for each in zip(turns, spoken, raised, tones, strict=True)
    ]
    return Described(
        turns=tuple(
            msgspec.structs.replace(turn, prosody=prosody)
            for turn, prosody in zip(turns, sounded, strict=True)
        ),
        speaker=party.over_the_call(turns, tones),
        bursts=party.bursts(),
        drawls=party.drawls(),
        fillers=party.fillers(turns),
    )


@dataclass(frozen=True, slots=True)
class _Party:
    """A voice with the sound that several measures of it share."""

    voice: Voice
    bands: Bands
    nuclei: Nuclei
    language: str
    settings: MeasureSettings

    def voicing(self, spoken: Timeline) -> Voicing:
        return effort.voicing(
            self.voice.levels, self.bands, self.voice.pitch.f0_hz, spoken, self.settings.level
        )

    def tone(self, spoken: Timeline) -> Tone:
        voice = self.voice
        return tone.measure(
            voice.channel,
            voice.pitch.f0_hz,
            voice.levels,
            self.bands,
            spoken,
            self.settings.tone,
        )

    def prosody(
        self,
        turn: Turn,
        spoken: Timeline,
        raised: Effort,
        heard: Tone,
        usual: Mapping[str, Usual],
    ) -> TurnProsody:
        settings = self.settings
        pitched = pitch.summary(self.voice.pitch, spoken, settings.pitch)
        paced = pace.of_turn(
            turn.words, turn.span, spoken, self.language, settings.pace, self.nuclei
        )
        active = level.active_speech_level_of(self.voice.channel, spoken)
        reasons = (paced.reason, active.reason, pitched.reason, raised.reason)
        return TurnProsody(
            syllables=paced.syllables,
            speech_rate_syl_s=paced.speech_rate_syl_s,
            articulation_rate_syl_s=paced.articulation_rate_syl_s,
            nuclei_rate_syl_s=paced.nuclei_rate_syl_s,
            level_dbov=active.level_dbov,
            level_re_baseline_db=_apart(active.level_dbov, self.voice.level.active.level_dbov),
            f0_median_hz=pitched.median_hz,
            f0_spread_st=pitched.spread_st,
            f0_range_st=pitched.range_st,
            effort_db=raised.effort_db,
            cues=Cues.of(tone.of_turn(heard, usual)),
            reason="; ".join(dict.fromkeys(reason for reason in reasons if reason)) or None,
        )

    def handling(self) -> Handling:
        voice = self.voice
        if not voice.alone:
            return Handling((), "both parties share one channel")
        return handling.find(
            voice.channel,
            voice.levels,
            voice.speech,
            voice.heard,
            voice.aside,
            self.settings.handling,
        )

    def intonation(self) -> Intonation:
        if self.language != "zh":
            return Intonation(syllables=0, reason=f"no lexical tones in {self.language}")
        syllables = tone_syllables(self.voice.words)
        return intonation(self.voice.pitch, syllables, self.settings.pitch.intonation)

    def bursts(self) -> tuple[Burst, ...]:
        words = self.voice.words
        times = pace.instants(words, self.language) if words else self.nuclei.times
        return pace.bursts(times, self.voice.speech, self.voice.speaker, self.settings.pace)

    def drawls(self) -> tuple[Drawl, ...]:
        voice = self.voice
        return hesitation.drawls(
            self.nuclei,
            voice.pitch.voicing,
            voice.speech,
            voice.words,
            voice.speaker,
            self.settings.hesitation,
        )

    def fillers(self, turns: Sequence[Turn]) -> tuple[Filler, ...]:
        voice = self.voice
        return hesitation.fillers(
            [turn.words for turn in turns],
            voice.speech,
            self.nuclei,
            voice.speaker,
            self.settings.hesitation,
        )

    def over_the_call(self, turns: Sequence[Turn], tones: Sequence[Tone]) -> SpeakerFacts:
        voice, settings = self.voice, self.settings
        floor = [turn for turn in turns if turn.took_floor]
        words = [word for turn in floor for word in turn.words]
        spans = [turn.span for turn in floor]
        paced = pace.of_speaker(
            words, spans, voice.speech, self.language, settings.pace, self.nuclei
        )
        pitched = pitch.summary(voice.pitch, voice.speech, settings.pitch)
        lively = self.intonation()
        cues, without = tone.of_call(tones)
        noise = self.handling()
        heard = voice.level if voice.speech else _NOBODY
        active, loudness = heard.active, heard.loudness
        missing = {
            "pace": paced.reason,
            "pitch": pitched.reason,
            "intonation": lively.reason,
            "level": active.reason,
            "loudness": loudness.reason,
        }
        return SpeakerFacts(
            speaker=voice.speaker,
            channel=voice.number,
            role_confidence=voice.role_confidence,
            voice=voice.voice,
            talk_s=total(voice.speech),
            talk_error_s=voice.talk_error_s,
            speech=voice.speech,
            level_dbov=active.level_dbov,
            activity=active.activity,
            loudness_lufs=loudness.integrated_lufs,
            syllables=paced.syllables,
            speech_rate_syl_s=paced.speech_rate_syl_s,
            articulation_rate_syl_s=paced.articulation_rate_syl_s,
            nuclei_rate_syl_s=paced.nuclei_rate_syl_s,
            f0_median_hz=pitched.median_hz,
            f0_spread_st=pitched.spread_st,
            f0_range_st=pitched.range_st,
            intonation_st=lively.spread_st,
            cues=(*cues, *noise.cues),
            not_measured=(*_not_measured(missing), *without, *noise.not_measured),
        )


def _apart(value: float | None, baseline: float | None) -> float | None:
    return None if value is None or baseline is None else value - baseline


def _not_measured(reasons: Mapping[str, str | None]) -> Iterator[NotMeasured]:
    for measure, reason in reasons.items():
        if reason:
            yield NotMeasured(measure=measure, reason=reason)
