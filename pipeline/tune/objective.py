"""What a threshold is searched for: agreement, F1, or what misses and false flags cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
"""Counts have a last axis of four: flagged rightly, flagged wrongly, overlooked, passed rightly."""
HIT, FALSE_FLAG, OVERLOOKED, PASSED = range(4)

Name = Literal["kappa", "f1", "cost"]
NAMES: Final[tuple[Name, ...]] = ("kappa", "f1", "cost")


def counts_of(missed: npt.NDArray[np.bool_], marked: npt.NDArray[np.bool_]) -> Floats:
    """The four counts of the system's verdicts (any shape x calls) against the raters' (calls)."""
    flags, truth = missed.astype(np.float64), marked.astype(np.float64)
    hit = flags @ truth
    flagged, bad = flags.sum(axis=-1), truth.sum()
    return np.stack((hit, flagged - hit, bad - hit, len(truth) - flagged - bad + hit), axis=-1)


def kappa(counts: Floats) -> Floats:
    """Cohen's kappa (1960) of system and raters; 0 where both are of one verdict throughout.

    kappa = 2 (ad - bc) / ((a + b)(b + d) + (a + c)(c + d)).
    """
    a, b, c, d = np.moveaxis(counts, -1, 0)
    return _ratio(2 * (a * d - b * c), (a + b) * (b + d) + (a + c) * (c + d))


def f1(counts: Floats) -> Floats:
    """Harmonic mean of precision and recall of the missed; 0 where nothing is flagged rightly."""
    a, b, c, _ = np.moveaxis(counts, -1, 0)
    return _ratio(2 * a, 2 * a + b + c)


def false_flag_rate(counts: Floats) -> Floats:
    """Of the calls that raters say are met, the share that the system flags."""
    return _ratio(counts[..., FALSE_FLAG], counts[..., FALSE_FLAG] + counts[..., PASSED])


def recall(counts: Floats) -> Floats:
    """Of the calls that raters say are missed, the share that the system flags."""
    return _ratio(counts[..., HIT], counts[..., HIT] + counts[..., OVERLOOKED])


def precision(counts: Floats) -> Floats:
    """Of the calls that the system flags, the share that raters say are missed."""
    return _ratio(counts[..., HIT], counts[..., HIT] + counts[..., FALSE_FLAG])


def _ratio(above: Floats, below: Floats) -> Floats:
    safe = np.where(below == 0, 1.0, below)
    ratio: Floats = np.where(below == 0, 0.0, above / safe)
    return ratio


@dataclass(frozen=True, slots=True)
class Objective:
    """Larger is better.

    Attributes:
        name: kappa, f1, or cost: minus the mean cost of a call.
        overlooked, false_flag: what one of either costs, where the name is cost.
    """

    name: Name = "kappa"
    overlooked: float = 1.0
    false_flag: float = 1.0

    def __call__(self, counts: Floats) -> Floats:
        """The objective of counts, one figure for each."""
        if self.name == "kappa":
            return kappa(counts)
        if self.name == "f1":
            return f1(counts)
        prices = np.array([0.0, self.false_flag, self.overlooked, 0.0])
        return -_ratio(counts @ prices, counts.sum(axis=-1))

    @property
    def label(self) -> str:
        """For people."""
        if self.name != "cost":
            return self.name
        return f"-cost (overlooked {self.overlooked:g}, false flag {self.false_flag:g})"


KAPPA: Final = Objective()
