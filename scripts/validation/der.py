"""Diarization error rate: time that nobody, the wrong voice, or one voice too many was given.

The NIST RT evaluations' measure, on 10 ms frames: over the frames that count, missed speech, false
alarms and speaker error, against the reference's speech, each of several speakers at once counting.
Hypothesis and reference speakers are matched so that their common time is largest. ``collar_s`` is
left out on each side of every boundary of the reference. As counts of frames, errors add up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from pipeline.measure.frames import FRAME_S, Mask, runs


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Frames; two of them add up to that of both recordings."""

    missed: int
    invented: int
    confused: int
    speech: int

    def __add__(self, other: ErrorRate) -> ErrorRate:
        return ErrorRate(
            self.missed + other.missed,
            self.invented + other.invented,
            self.confused + other.confused,
            self.speech + other.speech,
        )

    @property
    def percent(self) -> float:
        """All errors, in percent of the reference's speech."""
        return 100 * (self.missed + self.invented + self.confused) / max(1, self.speech)


def matched(truth: Mask, found: Mask) -> list[tuple[int, int]]:
    """(speaker of the reference, speaker found) with the most time in common."""
    if not len(found):
        return []
    common = truth.astype(np.float64) @ found.astype(np.float64).T
    return list(zip(*map(list, linear_sum_assignment(-common)), strict=True))


def score(
    truth: Mask,
    found: Mask,
    collar_s: float = 0.0,
    known: Mask | None = None,
    *,
    overlap: bool = True,
) -> ErrorRate:
    """The errors of one recording.

    Args:
        truth: shape (speakers, frames).
        found: shape (speakers, frames), the same number of frames.
        collar_s: seconds left out on each side of every boundary.
        known: the frames in which the reference knows who speaks.
        overlap: whether frames count in which the reference has several speakers.
    """
    count = np.ones(truth.shape[1], bool) if known is None else known.copy()
    reach = round(collar_s / FRAME_S)
    for edge in (edge for part in truth for run in runs(part) for edge in run):
        count[max(0, edge - reach) : edge + reach] = False
    in_truth, in_found = truth.sum(axis=0), found.sum(axis=0)
    if not overlap:
        count &= in_truth < 2
    right: npt.NDArray[np.int64] = np.zeros(truth.shape[1], np.int64)
    for one, other in matched(truth, found):
        right += truth[one] & found[other]
    return ErrorRate(
        missed=int(np.maximum(in_truth - in_found, 0)[count].sum()),
        invented=int(np.maximum(in_found - in_truth, 0)[count].sum()),
        confused=int((np.minimum(in_truth, in_found) - right)[count].sum()),
        speech=int(in_truth[count].sum()),
    )


def share_off(truth: Mask, found: Mask, known: Mask) -> float:
    """How far the largest error of a speaker's share of the talk is off, in points."""
    given = dict(matched(truth, found))
    talk = np.array([(part & known).sum() for part in truth])
    heard = np.array(
        [(found[given[i]] & known).sum() if i in given else 0 for i in range(len(truth))]
    )
    shares = talk / talk.sum() - heard / max(1, (found & known).sum())
    return float(100 * np.abs(shares).max())
