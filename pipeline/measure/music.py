"""Music on hold, told from speech by what stands still.

By *continuous frequency activation* (Seyerlehner, Pohle, Schedl & Widmer 2007, "Automatic music
detection in television productions", DAFx): notes stand still for a while and draw level lines in
the spectrogram, while the harmonics of a voice never do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import maximum_filter1d

from pipeline.measure.channel import FloatArray
from pipeline.measure.frames import FRAME_S, Mask, grown, mask_of, runs, spans, without_short
from pipeline.settings import NonspeechSettings
from pipeline.timeline import Span, Timeline, at_least, bridge, difference, union

SEGMENT_S: Final = 1.28
"""Half a window; the paper's blocks are 2.6 s."""
_VALLEY: Final = 6
"""Bins on each side in which a peak's valley is looked for."""
_STRONGEST: Final = 5
_AT_ONCE: Final = 512
"""Segments that are looked at together, whatever the call's length."""


@dataclass(frozen=True)
class Standing:
    """What stands still in a spectrogram, per segment of `SEGMENT_S`.

    Attributes:
        activation: segments x bins, how often the bin stood out of its surroundings, 0 to 1.
        lit: share of the segment that was not quiet.
    """

    activation: FloatArray
    lit: FloatArray


def find_music(
    standing: Standing,
    level_db: FloatArray,
    heard: FloatArray,
    tones: Sequence[Span],
    settings: NonspeechSettings,
) -> Timeline:
    """Stretches of changing notes in unbroken sound that the speech model does not recognise.

    Args:
        standing: from the channel's spectrogram.
        level_db: level per 10 ms frame, dBov.
        heard: the speech model's probability per 10 ms frame.
        tones: lasting tones, which are no music.
        settings: the section ``speech.nonspeech``.
    """
    activation = continuous_activation(standing.activation)
    lit = (standing.lit[1:] + standing.lit[:-1]) / 2
    width = round(2 * SEGMENT_S / FRAME_S)
    starts = np.round(np.arange(len(activation)) * SEGMENT_S / FRAME_S).astype(np.int64)
    spoken = np.array([heard[at : at + width].sum() / width for at in starts])
    music = (
        (activation > settings.music_activation)
        & (lit > settings.music_unbroken)
        & ((spoken < settings.music_speech) | (activation > settings.singing_activation))
    )
    frames = np.zeros(len(level_db), bool)
    for at in starts[music]:
        frames[at : at + width] = True
    frames &= ~mask_of(union(tones), len(frames))
    talk = without_short(heard > 0.5, settings.least_talk_s)
    sounding = grown(level_db > settings.quiet_dbov, 0.1)
    fitted = [_fitted(first, last, sounding, talk) for first, last in runs(frames)]
    # A break is no music if somebody speaks in it.
    breaks = difference(spans(talk, len(talk) * FRAME_S), fitted)
    whole = difference(bridge(fitted, settings.music_gap_s), breaks)
    return tuple(
        span
        for span in at_least(whole, settings.least_music_s)
        if _changes(span, standing, settings)
    )


def _fitted(first: int, last: int, sounding: Mask, talk: Mask) -> Span:
    """A stretch of windows moved to where its sound begins and ends.

    It grows by a segment at most, and not over talk.
    """
    reach = round(SEGMENT_S / FRAME_S)
    inside = np.flatnonzero(sounding[first:last])
    if not len(inside):
        return Span(first * FRAME_S, first * FRAME_S)
    start, end = first + int(inside[0]), first + int(inside[-1]) + 1
    around = sounding & ~talk
    before, after = around[max(0, start - reach) : start][::-1], around[end : end + reach]
    start -= len(before) if before.all() else int(np.argmin(before))
    end += len(after) if after.all() else int(np.argmin(after))
    return Span(start * FRAME_S, end * FRAME_S)


def _changes(span: Span, standing: Standing, settings: NonspeechSettings) -> bool:
    """Whether the level lines come and go, as notes do: a hum's stay where they are."""
    part = standing.activation[round(span.start / SEGMENT_S) : round(span.end / SEGMENT_S)]
    if len(part) < 2:
        return False
    mean = part.mean(axis=0)
    size = np.linalg.norm(part, axis=1) * np.linalg.norm(mean)
    likeness = (part @ mean)[size > 0] / size[size > 0]
    return bool(len(likeness) and np.mean(likeness) < settings.hum_likeness)


def continuous_activation(activation: FloatArray) -> FloatArray:
    """How much a spectrogram consists of level lines, per 2.56 s, every 1.28 s.

    Args:
        activation: segments x bins, how often each bin stood out (0 to 1).

    Returns:
        The sum of the five highest peaks, each over its higher neighbouring valley: 0 to 5.
        Speech stays below 1.5, music lies above 2.
    """
    parts = [
        _level_lines(activation[first : first + _AT_ONCE + 1])
        for first in range(0, max(1, len(activation) - 1), _AT_ONCE)
    ]
    return np.concatenate(parts)


def _level_lines(activation: FloatArray) -> FloatArray:
    if len(activation) < 2:
        return np.zeros(0, np.float32)
    mean = (activation[1:] + activation[:-1]) / 2
    bins = mean.shape[1]
    padded = np.pad(mean, ((0, 0), (_VALLEY, _VALLEY)), mode="edge")
    steps = range(1, _VALLEY + 1)
    left = np.min([padded[:, _VALLEY - j : _VALLEY - j + bins] for j in steps], axis=0)
    right = np.min([padded[:, _VALLEY + j : _VALLEY + j + bins] for j in steps], axis=0)
    peaks = mean == maximum_filter1d(mean, 5, axis=1)
    height = np.where(peaks, mean - np.maximum(left, right), 0)
    return np.asarray(np.sort(height, axis=1)[:, -_STRONGEST:].sum(axis=1), np.float32)
