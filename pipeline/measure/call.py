"""One recording -> facts: composes the stages, and says where each fact came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from pipeline.errors import AudioError
from pipeline.facts import (
    AGENT,
    MIXED,
    AudioFacts,
    CallFacts,
    NotMeasured,
    Quality,
    TranscriptFacts,
    Word,
    rounded,
)
from pipeline.measure import playback, recogniser, sharing, turns, voices
from pipeline.measure.audio import Audio, open_audio
from pipeline.measure.cache import Cache
from pipeline.measure.imports import import_transcript
from pipeline.measure.naming import named
from pipeline.measure.pitch import PitchTrack
from pipeline.measure.pitch import load_model as load_pitch_model
from pipeline.measure.pyannoted import load_pyannote
from pipeline.measure.roles import DEFAULT, Roles, Told
from pipeline.measure.speakers import Separation, load_encoder
from pipeline.measure.stages import Activity, ChannelLevel, Models, Progress, Stages
from pipeline.measure.transcript import checked_language
from pipeline.measure.vad import load_vad
from pipeline.measure.voices import Voice
from pipeline.profiles import VoiceProfile
from pipeline.settings import AudioSettings, MeasureSettings
from pipeline.timeline import Timeline, bridge, intersection, total, union
from pipeline.tracks import ChannelTracks, FloatTrack, Tracks

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Recording:
    """What to measure.

    Attributes:
        paths: the file, or the agent's and the customer's.
        roles: who is on which channel, where there are two; ``None``: nobody says.
        transcript: where the words come from instead of Whisper.
        language: what is spoken; ``None``: what the settings or the transcript say.
        speakers: the transcript's labels -> ``agent``, ``customer`` or ``others``.
        agent: the number of the agent's voice, where somebody says.
        voice: what is known of the agent's voice from earlier calls.
    """

    paths: tuple[Path, ...]
    call_id: str
    roles: Roles | None = None
    transcript: Path | None = None
    language: str | None = None
    speakers: Mapping[str, str] | None = None
    agent: int | None = None
    voice: VoiceProfile | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What a recording gave."""

    facts: CallFacts
    tracks: Tracks
    sound: bytes | None
    """The call made small for a page (`playback.MEDIA_TYPE`), where it was asked for."""


def load_models(
    settings: MeasureSettings,
    model: str | None,
    device: str | None,
    pyannote: Path | None = None,
) -> Models:
    """The models that `measure` needs.

    Args:
        settings: name the default device.
        model: Whisper's name or a checkpoint; ``None``: no words are to be recognised.
        device: where Whisper runs.
        pyannote: the folder of a pyannote.audio pipeline that is to tell voices apart.

    Raises:
        ModelError: one of them is missing or damaged.
    """
    device = device or settings.transcript.device
    return Models(
        vad=load_vad(),
        pitch=load_pitch_model(),
        voices=load_encoder(),
        diarizer=load_pyannote(pyannote) if pyannote else None,
        recogniser=recogniser.load(model, device, settings.transcript.engine) if model else None,
    )


def opened(recording: Recording, settings: AudioSettings) -> Audio:
    """The recording's sound, a context manager.

    Raises:
        AudioError: it cannot be read.
    """
    return open_audio(recording.paths, settings)


def measure(
    audio: Audio,
    recording: Recording,
    models: Models,
    settings: MeasureSettings,
    cache: Cache,
    progress: Progress = lambda stage, share: None,
    *,
    keep_sound: bool = False,
) -> Measured:
    """Measure a recording.

    Raises:
        AudioError: every sample is zero.
        TranscriptError: the transcript cannot be read, or is not this recording's.
    """
    stages = Stages(audio, models, settings, cache, progress)
    levels, level_tracks, peaks = stages.levels()
    _refuse_silence(recording, peaks)
    activity = stages.activity()
    quality = stages.quality(activity.speech)
    pitches = stages.pitch(activity.speech)
    roles = (recording.roles or DEFAULT) if len(audio.channels) == 2 else {MIXED: 0}
    words, transcript = _words(stages, recording, roles, activity)
    separation = _separation(stages, activity, words)
    heard = _Heard(stages, activity, levels, level_tracks, pitches)
    found = heard.voices(roles, words, separation)
    facts = _facts(stages, recording, found, activity, quality, transcript, separation)
    facts = named(facts, found, stages, _told(recording, found), recording.voice)
    tracks = Tracks(
        tuple(
            ChannelTracks(
                speech_probability=activity.probability[i],
                pitch_hz=pitches[i].f0_hz,
                level_dbov=level_tracks[i],
                peak=peaks[i],
            )
            for i in range(len(audio.channels))
        )
    )
    sound = playback.encode(audio.channels) if keep_sound else None
    return Measured(rounded(facts), tracks, sound)


def _told(recording: Recording, found: Sequence[Voice]) -> Told:
    """Who is the agent, as people say: of this call, of its channels, by a transcript's labels."""
    labelled = len({voice.number for voice in found}) == 1 < len(found)
    by_label = next((v.voice for v in found if labelled and v.speaker == AGENT), None)
    by_channel = recording.roles[AGENT] + 1 if recording.roles and not labelled else None
    return Told(agent=recording.agent or by_label, channel=by_channel)


def _refuse_silence(recording: Recording, peaks: Sequence[FloatTrack]) -> None:
    if not any(np.any(track) for track in peaks):
        raise AudioError(
            recording.paths[0],
            expected="a call",
            found="digital silence, every sample is zero",
            remedy="check what the recorder wrote",
        )


def _words(
    stages: Stages, recording: Recording, roles: Roles, activity: Activity
) -> tuple[tuple[Word, ...], TranscriptFacts | None]:
    speech = {speaker: activity.speech[channel] for speaker, channel in roles.items()}
    if recording.transcript is not None:
        return _imported(stages, recording, recording.transcript, speech)
    model = stages.models.recogniser
    if model is None:
        return (), None
    language = checked_language(recording.language or stages.settings.transcript.language, model)
    parties = {speaker: (channel, activity.speech[channel]) for speaker, channel in roles.items()}
    found = stages.words(model, parties, language).values()
    facts = TranscriptFacts(
        source="whisper",
        language=language,
        model=model.name,
        demonstration=model.demonstration,
        refused=tuple(
            sorted((text for part in found for text in part.refused), key=lambda t: t.span)
        ),
    )
    words = sorted((word for part in found for word in part.words), key=lambda w: w.span)
    return tuple(words), facts


def _imported(
    stages: Stages, recording: Recording, path: Path, speech: Mapping[str, Timeline]
) -> tuple[tuple[Word, ...], TranscriptFacts]:
    found = import_transcript(
        path,
        speech,
        stages.audio.duration_s,
        stages.settings.transcript,
        language=recording.language,
        speakers=recording.speakers,
        recording=recording.paths[0].stem,
    )
    facts = TranscriptFacts(
        source="imported", language=found.language, model=found.form, word_times=found.word_times
    )
    return found.words, facts


def _separation(stages: Stages, activity: Activity, words: Sequence[Word]) -> Separation | None:
    """The voices that share the only channel; ``None``: each has its own, or the words tell."""
    told = any(word.speaker != MIXED for word in words)
    if len(stages.audio.channels) > 1 or told:
        return None
    return stages.separation(0, activity.speech[0])


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the channels gave, for making voices of."""

    stages: Stages
    activity: Activity
    levels: Sequence[ChannelLevel]
    level_tracks: Sequence[FloatTrack]
    pitches: Sequence[PitchTrack]

    def voices(
        self, roles: Roles, words: Sequence[Word], separation: Separation | None
    ) -> tuple[Voice, ...]:
        """Who speaks where: a voice a channel, or several, by the words or by the diarizer."""
        if separation is not None and separation.speech:
            return tuple(self._shared(words, separation))
        told = sorted({word.speaker for word in words} - set(roles))
        parties = dict.fromkeys(told, 0) if told else dict(roles)
        closure_s = self.stages.settings.transcript.closure_s
        found = []
        for index, (speaker, channel) in enumerate(parties.items()):
            own = tuple(word for word in words if word.speaker == speaker)
            speech = self.activity.speech[channel]
            if told:
                speech = intersection(speech, bridge((word.span for word in own), closure_s))
            number = _voice(speaker, index, channel, told)
            found.append(self._voice(speaker, number, channel, speech, own, not told))
        if len(self.stages.audio.channels) > 1:
            found = [each for voice in found for each in self._accompanied(voice)]
        return tuple(found)

    def _accompanied(self, party: Voice) -> Iterator[Voice]:
        """The agent on a channel of their own, and whoever else is heard there, numbered from 3."""
        if party.speaker != AGENT:
            yield party
            return
        separation = self.stages.company(party.number, party.speech)
        if not sharing.in_company(separation, self.stages.settings.company):
            yield party
            return
        talk = [total(speech) for speech in separation.speech]
        words = sharing.attributed(party.words, separation)
        others = count(3)
        for own, speech in enumerate(separation.speech):
            main = talk[own] == max(talk)
            number = party.voice if main else next(others)
            speaker = party.speaker if main else sharing.name(number or 0)
            said = tuple(
                msgspec.structs.replace(word, speaker=speaker)
                for word in words
                if word.speaker == sharing.name(own + 1)
            )
            voice = self._voice(speaker, number, party.number, speech, said, False)
            yield replace(voice, talk_error_s=separation.talk_error_s(own + 1))

    def _shared(self, words: Sequence[Word], separation: Separation) -> Iterator[Voice]:
        """Voices of the first channel, as the diarizer told them apart."""
        words = sharing.attributed(words, separation)
        for number, speech in enumerate(separation.speech, 1):
            speaker = sharing.name(number)
            own = tuple(word for word in words if word.speaker == speaker)
            alone = len(separation.speech) == 1
            voice = self._voice(speaker, number, 0, speech, own, alone)
            yield replace(voice, talk_error_s=separation.talk_error_s(number))

    def _voice(
        self,
        speaker: str,
        number: int | None,
        channel: int,
        speech: Timeline,
        words: tuple[Word, ...],
        whole: bool,
    ) -> Voice:
        sound = self.stages.audio.channels[channel]
        return Voice(
            speaker=speaker,
            number=channel,
            voice=number,
            role_confidence=0.0 if speaker == MIXED else 1.0,
            channel=sound,
            speech=speech,
            words=words,
            level=self.levels[channel] if whole else voices.level_of(sound, speech),
            levels=self.level_tracks[channel],
            pitch=self.pitches[channel],
            heard=self.activity.probability[channel],
            aside=_aside(self.activity, channel),
            alone=whole and speaker != MIXED,
        )


def _voice(speaker: str, index: int, channel: int, told: Sequence[str]) -> int | None:
    """A voice's number; none where a channel's voices, or all but one, are not told apart."""
    if speaker == MIXED or len(told) == 1:
        return None
    return index + 1 if told else channel + 1


def _aside(activity: Activity, channel: int) -> Timeline:
    """Where a channel carries what nobody makes there: tones, music, the other party's leak."""
    tones = (tone.span for tone in activity.tones if tone.channel == channel)
    music = (hold.span for hold in activity.holds if hold.channel == channel)
    return union(tones, music, activity.leaked[channel])


def _facts(
    stages: Stages,
    recording: Recording,
    found: Sequence[Voice],
    activity: Activity,
    quality: tuple[Quality, ...],
    transcript: TranscriptFacts | None,
    separation: Separation | None,
) -> CallFacts:
    audio, settings = stages.audio, stages.settings
    language = transcript.language if transcript else settings.transcript.language
    talk = turns.build(
        {voice.speaker: voice.speech for voice in found},
        [word for voice in found for word in voice.words],
        activity.holds,
        audio.duration_s,
        settings.turns,
    )
    if separation is not None and separation.speech:
        talk = sharing.doubted(talk, separation)
    parties = [
        voices.described(
            voice,
            [turn for turn in talk.turns if turn.speaker == voice.speaker],
            language,
            settings,
        )
        for voice in found
    ]
    return CallFacts(
        call_id=recording.call_id,
        audio=AudioFacts(
            name=" + ".join(path.name for path in recording.paths),
            sha256=audio.sha256,
            duration_s=audio.duration_s,
            rate_hz=audio.rate_hz,
            layout=audio.layout,
            format=audio.format,
            quality=quality,
            notes=audio.notes,
        ),
        transcript=transcript,
        speakers=tuple(party.speaker for party in parties),
        turns=_in_order(turn for party in parties for turn in party.turns),
        pauses=talk.pauses,
        overlaps=talk.overlaps,
        transfers=talk.transfers,
        monologues=talk.monologues,
        holds=activity.holds,
        tones=activity.tones,
        bursts=_in_order(burst for party in parties for burst in party.bursts),
        drawls=_in_order(drawl for party in parties for drawl in party.drawls),
        fillers=_in_order(filler for party in parties for filler in party.fillers),
        shares=talk.shares,
        not_measured=tuple(_not_measured(found, transcript, separation)),
        provenance=tuple(stages.provenance),
    )


def _in_order(parts: Iterable[V]) -> tuple[V, ...]:
    return tuple(sorted(parts, key=attrgetter("span")))


def _not_measured(
    found: Sequence[Voice], transcript: TranscriptFacts | None, separation: Separation | None
) -> Iterator[NotMeasured]:
    if len({voice.number for voice in found}) == 1:
        told = len(found) > 1
        reason = (
            "both parties share one channel and most of their overlaps go unheard"
            if told
            else "one channel, in which one voice is heard"
            if separation is not None and separation.speech
            else "both parties share one channel and are not told apart"
        )
        if separation is not None and separation.reason:
            reason += f"; {separation.reason}"
        yield NotMeasured(measure="overlaps" if told else "turn-taking", reason=reason)
    if transcript is None:
        yield NotMeasured(measure="words", reason="no transcript was asked for")
