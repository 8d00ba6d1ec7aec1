"""The likeliest pitches of each frame, and how those of hours are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.measure import _pitch_posterior as posterior
from pipeline.measure.frames import Mask

FloatArray = npt.NDArray[np.float32]

CANDIDATES = 5
NEVER = np.float32(1e9)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The likeliest pitches of each frame.

    Attributes:
        log2_hz: [frames, `CANDIDATES`].
        cost: -log of the probability mass about each, given voicing; `NEVER` where there is none.
        voicing: log odds of voicing, [frames].
    """

    log2_hz: FloatArray
    cost: FloatArray
    voicing: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was found in the frames that were looked at, kept small: hours of it are held at once.

    Attributes:
        voicing: log odds of voicing, [frames].
        maybe: the frames that have candidates, [frames].
        log2_hz: of these frames' candidates, one frame after the other; no more memory is taken
            than is written to.
        cost: as in `Candidates`.
    """

    voicing: FloatArray
    maybe: Mask
    log2_hz: FloatArray
    cost: FloatArray

    @classmethod
    def room(cls, frames: int) -> Found:
        """For so many frames."""
        shape = (frames, CANDIDATES)
        return cls(
            np.empty(frames, np.float32),
            np.empty(frames, bool),
            np.empty(shape, np.float32),
            np.empty(shape, np.float32),
        )

    def parts(self, size: int, margin: int) -> Iterator[tuple[slice, slice, Candidates]]:
        """Blocks of frames with what lies around them.

        Yields:
            (the block, where it lies in the candidates, the candidates of it and of up to
            ``margin`` frames on either side).
        """
        count = len(self.voicing)
        for first in range(0, count, size):
            last = min(first + size, count)
            near = slice(max(0, first - margin), min(count, last + margin))
            inside = slice(first - near.start, last - near.start)
            yield slice(first, last), inside, self._dense(near)

    def _dense(self, part: slice) -> Candidates:
        """Candidates of the frames that have some, and none for the others."""
        maybe = self.maybe[part]
        first = int(np.count_nonzero(self.maybe[: part.start]))
        held = slice(first, first + int(np.count_nonzero(maybe)))
        log2_hz = np.zeros((len(maybe), CANDIDATES), np.float32)
        cost = np.full((len(maybe), CANDIDATES), NEVER)
        log2_hz[maybe], cost[maybe] = self.log2_hz[held], self.cost[held]
        return Candidates(log2_hz, cost, self.voicing[part])


def peaks(logits: FloatArray, lags: FloatArray) -> Candidates:
    """The highest `CANDIDATES` local maxima of each frame, placed between the bins.

    The network knows which peak, the autocorrelation where exactly: half the way each.
    """
    height, voicing = logits[:, :-1], logits[:, -1]
    around = np.zeros((len(logits), posterior.N_BINS + 4), np.float32)  # two bins on either side
    probability = around[:, 2:-2]
    np.exp(height - height.max(axis=1, keepdims=True), out=probability)
    probability /= probability.sum(axis=1, keepdims=True)
    left, right = around[:, 1:-3], around[:, 3:-1]
    best, isolated = _highest(probability * ((probability >= left) & (probability > right)))
    weight = posterior.values_near(around, best + 2)
    mass = weight.sum(axis=0)
    offset = 2 * (weight[4] - weight[0]) + weight[3] - weight[1]
    offset /= np.maximum(mass, np.float32(1e-12))
    summit = posterior.summits(lags, best)
    offset = np.where(np.abs(summit - offset) < 1.5, (summit + offset) / 2, offset)
    log2_hz = np.log2(posterior.LOWEST_HZ) + (best + offset) / posterior.BINS_PER_OCTAVE
    cost = np.where(isolated, -np.log(np.maximum(mass, 1e-6)), NEVER)
    return Candidates(log2_hz.astype(np.float32), cost.astype(np.float32), voicing.copy())


def _highest(peak: FloatArray) -> tuple[npt.NDArray[np.intp], Mask]:
    """Bins of the `CANDIDATES` highest peaks of each frame, and which of them are there at all.

    ``peak``: heights, 0 where there is none; used up. Several maxima are found faster than a rank.
    """
    rows = np.arange(len(peak))
    best = np.empty((len(peak), CANDIDATES), np.intp)
    there = np.empty(best.shape, bool)
    for number in range(CANDIDATES):
        best[:, number] = highest = peak.argmax(axis=1)
        there[:, number] = peak[rows, highest] > 0
        peak[rows, highest] = 0
    return best, there
