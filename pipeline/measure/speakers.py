"""Who speaks when on one channel that several voices share: diarization of telephone calls.

Speech activity comes from `measure.speech`; here its windows become embeddings (`embedding`), these
one, two or three groups (`clustering`), and the groups a course of voices through the speech
(`resegmentation`), whose changes are then moved to the quietest moment near by. Every stretch says
how sure it is, and so does the number of voices. docs/measures/speakers.md has the figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.measure import clustering, embedding, overlapped, resegmentation, spectrogram
from pipeline.measure.channel import Channel, FloatArray
from pipeline.measure.embedding import VoiceEncoder, load_encoder
from pipeline.measure.frames import FRAME_S, Mask, extent, frame_count, grown, mask_of, runs, spans
from pipeline.measure.spectrogram import Spectrogram
from pipeline.settings import SpeakerSettings
from pipeline.timeline import Span, Timeline, bridge, intersection, total

__all__ = [
    "Overlapped",
    "Separation",
    "Stretch",
    "VoiceEncoder",
    "company",
    "diarize",
    "load_encoder",
    "portrait",
]

_AROUND_S: Final = 0.5
"""Silence around the speech from which the line's noise is known."""
_NEAR_S: Final = 2.0
"""Silence around the windows of a glance, where those are few for the speech."""

Embed = Callable[[Sequence[FloatArray], embedding.Precision], FloatArray]


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """One voice, without another's between."""

    voice: int
    """From 1, in the order in which they are first heard."""
    span: Span
    confidence: float
    """How sure it is that this voice speaks here, given the voices, 0 to 1."""


class Overlapped(msgspec.Struct, frozen=True, kw_only=True):
    """Both voices at once."""

    span: Span
    confidence: float
    """How likely it is that both talk, 0.5 to 1."""


class Separation(msgspec.Struct, frozen=True, kw_only=True):
    """The voices of one channel.

    Attributes:
        speech: per voice, when it makes speech sounds; empty where they were not told apart.
        stretches: in time order, pauses of a voice up to ``segment_pause_s`` in them.
        overlaps: where both of two voices are heard to talk; many more are too short or too faint
            to be marked.
        confidence: how sure it is that there are so many voices, 0 to 1.
        reason: why the voices were not told apart.
    """

    speech: tuple[Timeline, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    overlaps: tuple[Overlapped, ...] = ()
    confidence: float = 0.0
    reason: str | None = None

    def sure(self, span: Span, voice: int) -> float:
        """How sure it is that this voice speaks in a span: that of its stretches there, by time."""
        shares = [
            (each.span.overlap(span), each.confidence)
            for each in self.stretches
            if each.voice == voice
        ]
        heard = math.fsum(share for share, _ in shares)
        if heard <= 0:
            return 0.0
        return self.confidence * math.fsum(s * c for s, c in shares) / heard

    def both(self, span: Span) -> float:
        """How likely it is that both voices talk in a span, of what is marked there; 1: nothing."""
        shares = [(each.span.overlap(span), each.confidence) for each in self.overlaps]
        heard = math.fsum(share for share, _ in shares)
        return math.fsum(s * c for s, c in shares) / heard if heard > 0 else 1.0

    def talk_error_s(self, voice: int) -> float:
        """How much of a voice's speech is expected to be another's, in seconds."""
        return math.fsum(
            (1 - each.confidence * self.confidence)
            * total(intersection(self.speech[voice - 1], (each.span,)))
            for each in self.stretches
            if each.voice == voice
        )


def diarize(
    channel: Channel,
    speech: Timeline,
    settings: SpeakerSettings,
    model: VoiceEncoder,
    heard: Heard | None = None,
) -> Separation:
    """Tell the voices of one channel apart.

    Args:
        channel: at 8 kHz or more.
        speech: where anybody speaks (`measure.speech`).
        settings: the section ``speakers`` of ``configs/measure.yaml``.
        model: from `load_encoder`.
        heard: the voices that another diarizer heard; only how sure it is comes from here then.
    """
    found = _course(channel, speech, settings, model, heard)
    if isinstance(found, Separation):
        return found
    both = _both(found, settings, model)
    return _told_apart(found, both, channel.duration_s, settings)


def company(
    channel: Channel, speech: Timeline, settings: SpeakerSettings, model: VoiceEncoder
) -> Separation:
    """The voices of a party's own line, of which there is one as a rule: few windows tell that.

    A window every ``glance_s`` of speech; where those look like two voices, a closer look.

    Args:
        channel: at 8 kHz or more.
        speech: when anybody speaks on it.
        settings: the section ``speakers`` of ``configs/measure.yaml``.
        model: from `load_encoder`.
    """
    active = mask_of(speech, frame_count(channel))
    least_s = settings.glance_window_s
    bounds: Sequence[spectrogram.Window] = spectrogram.windows(
        active, settings.window_s, settings.glance_s, least_s
    )
    if active.sum() * FRAME_S >= settings.least_speech_s and bounds:
        bounds, quiet = spectrogram.spread(bounds, settings.glance_most), grown(active, _AROUND_S)
        if len(bounds) == settings.glance_most:  # then hours of silence would be too much
            quiet &= grown(spectrogram.covered(bounds, len(active)), _NEAR_S)
        near = spectrogram.covered(bounds, len(active)) | (quiet & ~active)
        look = _look(channel, active, near, bounds, settings, model.embed_few)
        lengths = np.array([last - first for first, last in bounds], np.float64)
        seconds = _believed(lengths * (active.sum() * FRAME_S / lengths.sum()), look.trust)
        groups = clustering.group(look.vectors, seconds, settings.clustering)
        one = groups.evidence if len(groups.centres) == 1 else -groups.evidence
        if len(groups.centres) < 3 and one > -settings.glance_odds:
            return _alone(speech, _probability(one), settings)
    closer = msgspec.structs.replace(settings, hop_s=settings.own_line_hop_s)
    found = _course(channel, speech, closer, model, None)
    if isinstance(found, Separation):
        return found
    return _told_apart(found, np.zeros(len(found.labels)), channel.duration_s, settings)


def portrait(
    channel: Channel, speech: Timeline, settings: SpeakerSettings, model: VoiceEncoder
) -> FloatArray | None:
    """What one voice is like: the mean of its embeddings, of length 1; ``None``: too little speech.

    Args:
        channel: where it is heard.
        speech: when this voice speaks, and no other.
        settings: the section ``speakers`` of ``configs/measure.yaml``.
        model: from `load_encoder`.
    """
    active = mask_of(speech, frame_count(channel))
    bounds = spectrogram.windows(active, settings.window_s, settings.hop_s, settings.least_window_s)
    if active.sum() * FRAME_S < settings.least_speech_s or not bounds:
        return None
    look = _look(channel, active, grown(active, _AROUND_S), bounds, settings, model.embed)
    return np.asarray(clustering.unit(look.trust @ look.vectors), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """A spectrogram without its noise, and windows of it: what they sound like, and how clearly."""

    mel: Spectrogram
    vectors: clustering.Vectors
    trust: npt.NDArray[np.float64]
    snr_db: float


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """Per frame, whose voice is heard (-1: nobody's) and how likely each is, [frames, voices]."""

    mel: Spectrogram
    snr_db: float
    labels: npt.NDArray[np.float64]
    owned: npt.NDArray[np.float64]
    sure: float


def _course(
    channel: Channel,
    speech: Timeline,
    settings: SpeakerSettings,
    model: VoiceEncoder,
    heard: Heard | None,
) -> _Course | Separation:
    """Which voice is heard when; or, where there are not several, what is said of that."""
    active = mask_of(speech, frame_count(channel))
    bounds = spectrogram.windows(active, settings.window_s, settings.hop_s, settings.least_window_s)
    if active.sum() * FRAME_S < settings.least_speech_s or not bounds:
        return Separation(reason=f"under {settings.least_speech_s:g} s of speech")
    look = _look(channel, active, grown(active, _AROUND_S), bounds, settings, model.embed)
    grid = resegmentation.steps(active, bounds)
    seconds = _believed(
        grid.windows.T @ ((grid.frames[:, 1] - grid.frames[:, 0]) * FRAME_S), look.trust
    )
    if heard is None:
        groups = clustering.group(look.vectors, seconds, settings.clustering)
    else:
        groups = _as_heard(heard, bounds, look.vectors, seconds, settings)
    sure = _probability(groups.evidence)
    if len(groups.centres) == 1:
        return _alone(speech, sure, settings)
    course = resegmentation.follow(
        grid, look.vectors, groups.labels, look.trust, settings.resegmentation
    )
    if len(np.unique(course.labels)) == 1:
        return _alone(speech, 1 - sure, settings)
    labels = _by_frame(course.labels, grid, len(active))
    labels = _at_quiet_moments(labels, look.mel.level(), settings.quiet_reach_s)
    owned = _by_frame(course.posterior, grid, len(active))
    return _Course(look.mel, look.snr_db, labels, owned, sure)


def _both(
    course: _Course, settings: SpeakerSettings, model: VoiceEncoder
) -> npt.NDArray[np.float64]:
    """How likely it is that both voices talk, per frame; 0 where it is not marked."""
    two = course.owned.shape[1] == 2
    if not two or course.snr_db < settings.overlapped.least_snr_db:
        return np.zeros(len(course.labels))
    likely = overlapped.probability(
        course.mel, course.labels, settings.overlapped, model, settings.precision
    )
    return np.where(overlapped.marked(likely, settings.overlapped), likely, 0.0)


def _look(
    channel: Channel,
    active: Mask,
    within: Mask,
    bounds: Sequence[spectrogram.Window],
    settings: SpeakerSettings,
    embed: Embed,
) -> _Look:
    mel = spectrogram.mel_power(channel, within)
    noise = spectrogram.noise_of(mel, active)
    trust = spectrogram.trust(mel, bounds, noise, settings.trusted_db)
    snr_db = spectrogram.snr_db(mel, active, noise)
    mel = spectrogram.clean(mel, active, noise, settings.noise_taken_off)
    vectors = embed(spectrogram.pieces(mel, bounds), settings.precision).astype(np.float64)
    return _Look(mel, vectors, trust, snr_db)


def _believed(
    seconds: npt.NDArray[np.float64], trust: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The same speech, more of it to windows that are believed, less to the others."""
    own = seconds * trust
    return np.asarray(own * (seconds.sum() / max(float(own.sum()), 1e-9)))


def _probability(evidence: float) -> float:
    """Of log odds."""
    return 1 / (1 + math.exp(-min(max(evidence, -50.0), 50.0)))


Heard = tuple[Timeline, ...]
"""Per voice, when it speaks."""


def _as_heard(
    heard: Heard,
    windows: Sequence[spectrogram.Window],
    vectors: clustering.Vectors,
    seconds: npt.NDArray[np.float64],
    settings: SpeakerSettings,
) -> clustering.Grouping:
    """The windows by the voice that another diarizer heard longest in them."""
    spans_of = [Span(first * FRAME_S, last * FRAME_S) for first, last in windows]
    shares = np.array([[sum(p.overlap(w) for p in part) for part in heard] for w in spans_of])
    kept, labels = np.unique(shares.argmax(axis=1), return_inverse=True)
    owned = (labels[:, None] == np.arange(len(kept))) * seconds[:, None]
    centres = clustering.unit(owned.T @ vectors)
    if len(kept) == 1:
        return clustering.Grouping(labels, centres, 0.0)
    evidence = clustering.told_apart(labels, centres, seconds, settings.clustering)
    return clustering.Grouping(labels, centres, evidence)


def _alone(speech: Timeline, sure: float, settings: SpeakerSettings) -> Separation:
    joined = bridge(speech, settings.segment_pause_s)
    stretches = tuple(Stretch(voice=1, span=span, confidence=1.0) for span in joined)
    return Separation(speech=(speech,), stretches=stretches, confidence=sure)


def _by_frame(
    values: npt.NDArray[np.generic], grid: resegmentation.Steps, frames: int
) -> npt.NDArray[np.float64]:
    """What was found per step, for each frame; -1 where nobody speaks."""
    shape = (frames, *values.shape[1:])
    found = np.full(shape, -1.0)
    for (first, last), value in zip(grid.frames, values, strict=True):
        found[first:last] = value
    return found


def _at_quiet_moments(
    labels: npt.NDArray[np.float64], power: FloatArray, reach_s: float
) -> npt.NDArray[np.float64]:
    """Changes of voice within a run of speech, moved to its quietest frame near by."""
    moved, reach = labels.copy(), round(reach_s / FRAME_S)
    for start, stop in runs(labels >= 0):
        changes = [i for i in range(start + 1, stop) if labels[i] != labels[i - 1]]
        edges = [start, *changes, stop]
        for before, at, after in zip(edges, edges[1:], edges[2:], strict=False):
            low = max((before + at) // 2 + 1, at - reach)
            high = min((at + after) // 2, at + reach)
            if low < high:
                quietest = low + int(np.argmin(power[low:high]))
                moved[min(at, quietest) : max(at, quietest)] = (
                    labels[at] if quietest < at else labels[at - 1]
                )
    return moved


def _told_apart(
    course: _Course,
    both: npt.NDArray[np.float64],
    duration_s: float,
    settings: SpeakerSettings,
) -> Separation:
    labels, owned = course.labels, course.owned
    heard = list(dict.fromkeys(labels[labels >= 0].astype(int).tolist()))
    speech = tuple(spans((labels == voice) | (both > 0), duration_s) for voice in heard)
    stretches = []
    for number, voice in enumerate(heard, 1):
        sure = np.where(labels == voice, owned[:, voice], both)
        for span in _unbroken(speech, number - 1, settings.segment_pause_s):
            own = sure[extent((span,), len(sure))]
            confidence = float(own[own > 0].mean())
            stretches.append(Stretch(voice=number, span=span, confidence=confidence))
    return Separation(
        speech=speech,
        stretches=tuple(sorted(stretches, key=lambda each: each.span)),
        overlaps=tuple(
            Overlapped(span=span, confidence=float(both[extent((span,), len(both))].mean()))
            for span in spans(both > 0, duration_s)
        ),
        confidence=course.sure,
    )


def _unbroken(speech: tuple[Timeline, ...], own: int, pause_s: float) -> Iterator[Span]:
    """A voice's speech over its own pauses, as long as nobody else speaks in them."""
    others: Iterable[Span] = (span for i, part in enumerate(speech) if i != own for span in part)
    between = bridge(others, 0.0)
    current: Span | None = None
    for span in speech[own]:
        if (
            current is not None
            and span.start - current.end <= pause_s
            and not intersection(between, (Span(current.end, span.start),))
        ):
            current = Span(current.start, span.end)
            continue
        if current is not None:
            yield current
        current = span
    if current is not None:
        yield current
