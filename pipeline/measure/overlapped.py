"""Where both voices of one channel talk at once: overlapped speech detection.

Nothing learnt elsewhere decides: what both of these voices together sound like is made from them.
Windows in which one of them speaks, and the same windows added up, one of each voice, are three
classes of embeddings (`embedding`); linear discriminant analysis (Fisher 1936) tells them apart,
and every window of the speech is held against them. What is marked so is given to both voices, as
Bullock, Bredin & Garcia-Perera (2020, "Overlap-aware diarization", ICASSP) do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.measure.channel import FloatArray
from pipeline.measure.embedding import Precision, VoiceEncoder
from pipeline.measure.frames import FRAME_S, Mask, runs, touching, without_short
from pipeline.measure.spectrogram import Pieces, Spectrogram, Window, windows
from pipeline.settings import OverlappedSettings

Float64Array = npt.NDArray[np.float64]

_AS_LIKELY_AS_NOT: Final = 0.5
_SHRINKAGE: Final = 0.4
"""Towards a diagonal covariance (Friedman 1989, JASA 84, 165-175)."""
_LEAST_POWER: Final = 1e-6
_AT_ONCE: Final = 2048
"""Windows whose embeddings are held at once."""
_STRIDE: Final = 7
"""Which window of one voice is added to which of the other: neighbours to strangers."""


def probability(
    mel: Spectrogram,
    labels: npt.NDArray[np.float64],
    settings: OverlappedSettings,
    model: VoiceEncoder,
    precision: Precision,
) -> Float64Array:
    """How likely it is that both voices talk, per frame.

    Args:
        mel: its noise taken off.
        labels: per frame, whose voice is heard, 0 or 1; less than 0 where nobody speaks.
        settings: the section ``speakers.overlapped`` of ``configs/measure.yaml``.
        model: the voice encoder.
        precision: of its layers.

    Returns:
        0 to 1, shape (frames,); 0 where a voice is heard too little, and in short stretches.
    """
    found = np.zeros(len(labels))
    length, step = round(settings.window_s / FRAME_S), round(settings.hop_s / FRAME_S)
    examples = [_within(labels == voice, length, step, settings.examples) for voice in (0, 1)]
    every = _within(labels >= 0, length, step, len(labels))
    if min(map(len, examples)) < settings.least_examples or not every:
        return found
    known = [Pieces(mel, own) for own in examples]
    most = max(map(len, known))
    added = [
        known[0][i * len(known[0]) // most] + known[1][i * _STRIDE % len(known[1])]
        for i in range(most)
    ]
    classes = [_described(each, model, precision) for each in (*known, added)]
    told = _Discriminant.of(classes, settings.dimensions)
    parts = [Pieces(mel, every[at : at + _AT_ONCE]) for at in range(0, len(every), _AT_ONCE)]
    odds = np.concatenate([told.of_both(_described(part, model, precision)) for part in parts])
    middles = np.array([(first + last) / 2 for first, last in every])
    for first, last in runs(labels >= 0):
        own = slice(*np.searchsorted(middles, (first, last)))
        if own.start < own.stop:
            at = np.interp(np.arange(first, last) + 0.5, middles[own], odds[own])
            found[first:last] = 1 / (1 + np.exp(-settings.steepness * (at - settings.even)))
    return found


def marked(likely: Float64Array, settings: OverlappedSettings) -> Mask:
    """The frames in which both voices are taken to talk: likely somewhere, and possible throughout.

    A window is longer than most overlaps, so that it is surest in their middle.
    """
    mask = touching(likely > settings.goes_on, likely > _AS_LIKELY_AS_NOT)
    return without_short(mask, settings.least_s)


def _within(mask: Mask, length: int, step: int, most: int) -> list[Window]:
    """Windows within the runs of a mask, ``most`` of them, evenly spread."""
    found = windows(mask, length * FRAME_S, step * FRAME_S, length * FRAME_S)
    return found[:: -(-len(found) // most)] if found else []


def _described(pieces: Sequence[FloatArray], model: VoiceEncoder, precision: Precision) -> Points:
    """Embeddings and, last, the level in dB."""
    level = [[10 * np.log10(piece.sum(axis=1).mean() + _LEAST_POWER)] for piece in pieces]
    return np.hstack([model.embed(pieces, precision).astype(np.float64), np.array(level)])


Points = npt.NDArray[np.float64]
"""Shape (windows, dimensions)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Discriminant:
    """Classes of one spread around their means, in the principal axes of all."""

    centre: Float64Array
    axes: Points
    scale: Float64Array
    means: Points
    inverse: Points

    @classmethod
    def of(cls, classes: Sequence[Points], dimensions: int) -> _Discriminant:
        points = np.vstack(classes)
        centre = points.mean(axis=0)
        voices = points[:, :-1] - centre[:-1]
        _, _, directions = np.linalg.svd(voices, full_matrices=False)
        axes = np.zeros((min(dimensions, len(directions)) + 1, points.shape[1]))
        axes[:-1, :-1], axes[-1, -1] = directions[: len(axes) - 1], 1.0
        scale = ((points - centre) @ axes.T).std(axis=0) + 1e-9
        own = [(each - centre) @ axes.T / scale for each in classes]
        spread = np.mean([np.cov(each.T) for each in own], axis=0)
        spread = (1 - _SHRINKAGE) * spread + _SHRINKAGE * np.diag(np.diag(spread))
        means = np.array([each.mean(axis=0) for each in own])
        return cls(centre, axes, scale, means, np.linalg.inv(spread))

    def of_both(self, points: Points) -> Float64Array:
        """Log odds of the last class against the likelier of the others."""
        own = (points - self.centre) @ self.axes.T / self.scale
        weights = self.means @ self.inverse
        score = own @ weights.T - 0.5 * (weights * self.means).sum(axis=1)
        return np.asarray(score[:, -1] - score[:, :-1].max(axis=1))
