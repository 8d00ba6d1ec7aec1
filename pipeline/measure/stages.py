"""The slow stages of one recording, each cached under everything that it depends on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from pipeline.facts import Hold, Provenance, Quality, Tone
from pipeline.files import Arrays
from pipeline.measure import (
    level,
    loudness,
    pitch,
    quality,
    speakers,
    speech,
    transcript,
    waveform,
)
from pipeline.measure.audio import Audio
from pipeline.measure.cache import Cache
from pipeline.measure.guards import Guarded
from pipeline.measure.pitch import PitchModel, PitchTrack
from pipeline.measure.pyannoted import Pyannote
from pipeline.measure.recogniser import Recogniser
from pipeline.measure.speakers import Separation, VoiceEncoder
from pipeline.measure.vad import Vad
from pipeline.settings import MeasureSettings, Section
from pipeline.timeline import Timeline
from pipeline.tracks import FloatTrack

VERSIONS: Final = {
    "speech": "3",
    "speakers": "5",
    "quality": "1",
    "level": "1",
    "pitch": "3",
    "transcript": "4",
}
"""Raised when a stage's code gives other results, so that what is cached is measured again."""

Progress = Callable[[str, float], None]
"""Is told a stage's name and the share of it that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Models:
    """What the stages need to be given; ``recogniser`` is ``None`` where no words are wanted."""

    vad: Vad
    pitch: PitchModel
    voices: VoiceEncoder
    recogniser: Recogniser | None
    diarizer: Pyannote | None = None
    """Who tells voices apart that share a channel, where it is not us."""


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes sound when, per channel, and what else is heard."""

    speech: tuple[Timeline, ...]
    floor_dbov: tuple[float | None, ...]
    tones: tuple[Tone, ...]
    holds: tuple[Hold, ...]
    leaked: tuple[Timeline, ...]
    """Where the other party was heard in each channel and taken out."""
    probability: tuple[FloatTrack, ...] = ()


class ChannelLevel(msgspec.Struct, frozen=True, kw_only=True):
    """Levels of one channel."""

    active: level.ActiveLevel
    loudness: loudness.Loudness


@dataclass(slots=True)
class Stages:
    """The stages of one recording; each method gives its result from the cache or measures it."""

    audio: Audio
    models: Models
    settings: MeasureSettings
    cache: Cache
    progress: Progress
    provenance: list[Provenance] = field(default_factory=list)

    def activity(self) -> Activity:
        """Speech, tones and holds."""
        vad = self.models.vad
        origin = self._origin("speech", self.settings.speech, vad.name, vad.sha256)
        found, tracks = self.cache.stage(origin, self._inputs(), Activity, self._measure_activity)
        probability = tuple(tracks[f"probability_{i}"] for i in range(len(found.speech)))
        self.progress("speech", 1.0)
        return msgspec.structs.replace(found, probability=probability)

    def _measure_activity(self) -> tuple[Activity, Arrays]:
        found = speech.detect(self.audio.channels, self.settings.speech, self.models.vad)
        tracks = {f"probability_{i}": c.probability for i, c in enumerate(found.channels)}
        value = Activity(
            speech=tuple(channel.speech for channel in found.channels),
            floor_dbov=tuple(channel.floor_dbov for channel in found.channels),
            tones=found.tones,
            holds=found.holds,
            leaked=tuple(channel.leaked for channel in found.channels),
        )
        return value, tracks

    def company(self, channel: int, spoken: Timeline) -> Separation:
        """The voices of a party's own channel, which is one as a rule."""
        settings, model = self.settings.speakers, self.models.voices
        origin = self._origin("speakers", settings, model.name, model.sha256)

        def make() -> tuple[Separation, Arrays]:
            return speakers.company(self.audio.channels[channel], spoken, settings, model), {}

        inputs = self._inputs("company", channel, spoken)
        found = self.cache.stage(origin, inputs, Separation, make)[0]
        self.progress("speakers", 1.0)
        return found

    def separation(self, channel: int, spoken: Timeline) -> Separation:
        """The voices that share a channel."""
        settings, model, other = self.settings.speakers, self.models.voices, self.models.diarizer
        name = f"{model.name} after pyannote {other.name}" if other else model.name
        origin = self._origin("speakers", settings, name, model.sha256)

        def make() -> tuple[Separation, Arrays]:
            sound = self.audio.channels[channel]
            heard = other.voices(sound, settings.clustering.most_voices) if other else None
            return speakers.diarize(sound, spoken, settings, model, heard), {}

        inputs = self._inputs(channel, spoken, name)
        found = self.cache.stage(origin, inputs, Separation, make)[0]
        self.progress("speakers", 1.0)
        return found

    def quality(self, spoken: Sequence[Timeline]) -> tuple[Quality, ...]:
        """What each channel's sound allows."""
        settings = self.settings.quality
        origin = self._origin("quality", settings)

        def make() -> tuple[tuple[Quality, ...], Arrays]:
            pairs = enumerate(zip(self.audio.channels, spoken, strict=True))
            return tuple(quality.measure_quality(c, i, s, settings) for i, (c, s) in pairs), {}

        return self.cache.stage(origin, self._inputs(spoken), tuple[Quality, ...], make)[0]

    def levels(
        self,
    ) -> tuple[tuple[ChannelLevel, ...], tuple[FloatTrack, ...], tuple[FloatTrack, ...]]:
        """Per channel: levels, the level track in dBov, and the waveform's peaks."""
        origin = self._origin("level", self.settings.level)

        def make() -> tuple[tuple[ChannelLevel, ...], Arrays]:
            found = tuple(
                ChannelLevel(
                    active=level.active_speech_level(channel),
                    loudness=loudness.loudness([channel]),
                )
                for channel in self.audio.channels
            )
            tracks: dict[str, FloatTrack] = {}
            for i, channel in enumerate(self.audio.channels):
                tracks[f"level_{i}"] = level.track(channel)
                tracks[f"peak_{i}"] = waveform.peaks(channel)
            return found, tracks

        kind = tuple[ChannelLevel, ...]
        found, tracks = self.cache.stage(origin, self._inputs(), kind, make)
        self.progress("level", 1.0)
        count = range(len(found))
        return (
            found,
            tuple(tracks[f"level_{i}"] for i in count),
            tuple(tracks[f"peak_{i}"] for i in count),
        )

    def pitch(self, spoken: Sequence[Timeline]) -> tuple[PitchTrack, ...]:
        """F0 of every channel."""
        settings = self.settings.pitch
        origin = self._origin("pitch", settings, "pitch", self.models.pitch.sha256)

        def make() -> tuple[None, Arrays]:
            tracks: dict[str, FloatTrack] = {}
            for i, (channel, spans) in enumerate(zip(self.audio.channels, spoken, strict=True)):
                found = pitch.track(channel, settings, self.models.pitch, within=spans)
                tracks[f"f0_{i}"], tracks[f"voicing_{i}"] = found.f0_hz, found.voicing
            return None, tracks

        _, tracks = self.cache.stage(origin, self._inputs(spoken), type(None), make)
        self.progress("pitch", 1.0)
        count = range(len(self.audio.channels))
        return tuple(PitchTrack(tracks[f"f0_{i}"], tracks[f"voicing_{i}"]) for i in count)

    def words(
        self, recogniser: Recogniser, parties: Mapping[str, tuple[int, Timeline]], language: str
    ) -> dict[str, Guarded]:
        """What each party said on its channel while it spoke."""
        settings = self.settings.transcript
        origin = self._origin("transcript", settings, recogniser.name, recogniser.sha256)

        def make() -> tuple[dict[str, Guarded], Arrays]:
            found = transcript.transcribe(
                [
                    transcript.Party(speaker, self.audio.channels[channel], spoken)
                    for speaker, (channel, spoken) in parties.items()
                ],
                recogniser,
                settings,
                language=language,
                progress=lambda share: self.progress("transcript", share),
            )
            return dict(zip(parties, found, strict=True)), {}

        inputs = self._inputs(parties, language)
        found = self.cache.stage(origin, inputs, dict[str, Guarded], make)[0]
        self.progress("transcript", 1.0)
        return found

    def _inputs(self, *more: object) -> object:
        return self.audio.sha256, more

    def _origin(
        self, stage: str, settings: Section, model: str | None = None, sha256: str | None = None
    ) -> Provenance:
        origin = Provenance(
            stage=stage,
            version=VERSIONS[stage],
            settings_sha256=settings.sha256(),
            model=model,
            model_sha256=sha256,
        )
        if origin not in self.provenance:
            self.provenance.append(origin)
        return origin
