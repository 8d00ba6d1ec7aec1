"""Who speaks when on one channel that several voices share: diarization of telephone calls.

Speech activity comes from `measure.speech`; here its windows become embeddings (`embedding`), these
one, two or three groups (`clustering`), and the groups a course of voices through the speech
(`resegmentation`), whose changes are then moved to the quietest moment near by. Every stretch says
how sure it is, and so does the number of voices. docs/measures/speakers.md has the figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.measure import clustering, embedding, resegmentation
from pipeline.measure.channel import Channel, FloatArray
from pipeline.measure.embedding import VoiceEncoder, load_encoder
from pipeline.measure.frames import FRAME_S, frame_count, grown, mask_of, runs, spans
from pipeline.settings import SpeakerSettings
from pipeline.timeline import Span, Timeline, bridge, intersection, total

__all__ = ["Separation", "Stretch", "VoiceEncoder", "diarize", "load_encoder", "portrait"]

_AROUND_S: Final = 0.5
"""Silence around the speech from which the line's noise is known."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """One voice, without another's between."""

    voice: int
    """From 1, in the order in which they are first heard."""
    span: Span
    confidence: float
    """How sure it is that this voice speaks here, given the voices, 0 to 1."""


class Separation(msgspec.Struct, frozen=True, kw_only=True):
    """The voices of one channel.

    Attributes:
        speech: per voice, when it makes speech sounds; empty where they were not told apart.
        stretches: in time order, pauses of a voice up to ``segment_pause_s`` in them.
        confidence: how sure it is that there are so many voices, 0 to 1.
        reason: why the voices were not told apart.
    """

    speech: tuple[Timeline, ...] = ()
    stretches: tuple[Stretch, ...] = ()
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
    active = mask_of(speech, frame_count(channel))
    windows = embedding.windows(active, settings.window_s, settings.hop_s, settings.least_window_s)
    if active.sum() * FRAME_S < settings.least_speech_s or not windows:
        return Separation(reason=f"under {settings.least_speech_s:g} s of speech")
    mel = embedding.mel_power(channel, grown(active, _AROUND_S))
    mel = embedding.cleaned(mel, active, settings.noise_taken_off)
    pieces = embedding.pieces(mel, windows)
    vectors = model.embed(pieces, settings.precision).astype(np.float64)
    grid = resegmentation.steps(active, windows)
    stands_for = grid.windows.T @ ((grid.frames[:, 1] - grid.frames[:, 0]) * FRAME_S)
    if heard is None:
        groups = clustering.group(vectors, stands_for, settings.clustering)
    else:
        groups = _as_heard(heard, windows, vectors, stands_for, settings)
    sure = 1 / (1 + math.exp(-min(max(groups.evidence, -50.0), 50.0)))
    if len(groups.centres) == 1:
        return _alone(speech, sure, settings)
    course = resegmentation.follow(grid, vectors, groups.labels, settings.resegmentation)
    labels = _by_frame(course.labels, grid, len(active))
    labels = _at_quiet_moments(labels, mel.sum(axis=1), settings.quiet_reach_s)
    if len(np.unique(course.labels)) == 1:
        return _alone(speech, 1 - sure, settings)
    owned = _by_frame(course.posterior, grid, len(active))
    return _told_apart(labels, owned, sure, channel.duration_s, settings)


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
    windows = embedding.windows(active, settings.window_s, settings.hop_s, settings.least_window_s)
    if active.sum() * FRAME_S < settings.least_speech_s or not windows:
        return None
    mel = embedding.mel_power(channel, grown(active, _AROUND_S))
    mel = embedding.cleaned(mel, active, settings.noise_taken_off)
    vectors = model.embed(embedding.pieces(mel, windows), settings.precision)
    return np.asarray(clustering.unit(vectors.mean(axis=0).astype(np.float64)), np.float32)


Heard = tuple[Timeline, ...]
"""Per voice, when it speaks."""


def _as_heard(
    heard: Heard,
    windows: Sequence[embedding.Window],
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
    labels: npt.NDArray[np.float64],
    posterior: npt.NDArray[np.float64],
    sure: float,
    duration_s: float,
    settings: SpeakerSettings,
) -> Separation:
    heard = list(dict.fromkeys(labels[labels >= 0].astype(int).tolist()))
    speech = tuple(spans(labels == voice, duration_s) for voice in heard)
    stretches = []
    for number, voice in enumerate(heard, 1):
        for span in _unbroken(speech, number - 1, settings.segment_pause_s):
            inside = mask_of((span,), len(labels)) & (labels == voice)
            confidence = float(posterior[inside, voice].mean())
            stretches.append(Stretch(voice=number, span=span, confidence=confidence))
    return Separation(
        speech=speech,
        stretches=tuple(sorted(stretches, key=lambda each: each.span)),
        confidence=sure,
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
