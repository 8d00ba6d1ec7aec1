"""How many voices a recording holds, and which windows of it go together.

Windows of speech are points on a sphere (`embedding`). Two clusterings of the same points do not
say which of them is right: any cloud can be cut in two. What does is how far apart the two halves
lie, compared with how far the halves of one voice come apart by chance, which is the less the more
speech there is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.settings import ClusteringSettings

Labels = npt.NDArray[np.intp]
Vectors = npt.NDArray[np.float64]

_ROUNDS: Final = 30
_LARGEST: Final = 2000
"""Windows that one tree is grown over; of more, evenly spread ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Windows by voice.

    Attributes:
        labels: per window, the voice from 0.
        centres: shape (voices, dimensions), of length 1.
        evidence: log odds that there are so many voices rather than one fewer; of one voice,
            rather than two.
    """

    labels: Labels
    centres: Vectors
    evidence: float


def unit(vectors: Vectors) -> Vectors:
    """Vectors brought to length 1."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float64)


def group(
    vectors: Vectors, seconds: npt.NDArray[np.float64], settings: ClusteringSettings
) -> Grouping:
    """The windows by voice: one, two or three.

    Args:
        vectors: shape (windows, dimensions), of length 1; one window at least.
        seconds: of speech that each window stands for.
        settings: how far apart two voices are.
    """
    alike = settings.steepness * settings.one_voice  # as sure as where no two windows differ
    best = Grouping(np.zeros(len(vectors), np.intp), unit(seconds @ vectors)[None], alike)
    for voices in range(2, settings.most_voices + 1):
        if len(vectors) < voices:
            break
        found = divided(vectors, seconds, voices)
        if found is None:
            break
        labels, centres = found
        evidence = told_apart(labels, centres, seconds, settings)
        needed = 0.0 if voices == 2 else settings.third_voice
        if evidence <= needed:
            if voices == 2:
                best = Grouping(best.labels, best.centres, -evidence)
            break
        best = Grouping(labels, centres, evidence)
    return best


def told_apart(
    labels: Labels,
    centres: Vectors,
    seconds: npt.NDArray[np.float64],
    settings: ClusteringSettings,
) -> float:
    """Log odds that the two voices nearest to each other are two.

    The halves of one voice's windows lie ``one_voice`` apart (1 - cosine), and more by chance the
    less speech there is; a logistic regression over voices of known identity gives both.
    """

    def odds(one: int, two: int) -> float:
        apart = 1 - float(centres[one] @ centres[two])
        speech_s = float(seconds[(labels == one) | (labels == two)].sum())
        chance = settings.chance / max(speech_s, 1e-9)
        return settings.steepness * (apart - settings.one_voice - chance)

    return min(odds(one, two) for one, two in combinations(range(len(centres)), 2))


def divided(
    vectors: Vectors, seconds: npt.NDArray[np.float64], voices: int
) -> tuple[Labels, Vectors] | None:
    """So many groups, and their centres; ``None`` where one of them would be empty."""
    step = math.ceil(len(vectors) / _LARGEST)
    some = ward(vectors[::step], seconds[::step], voices)
    centres = _centres(vectors[::step], seconds[::step], some, voices)
    labels = np.asarray(np.argmax(vectors @ centres.T, axis=1))
    # Spherical k-means (Dhillon & Modha 2001, Machine Learning 42, 143-175).
    for _ in range(_ROUNDS):
        if len(np.unique(labels)) < voices:
            return None
        centres = _centres(vectors, seconds, labels, voices)
        moved = np.asarray(np.argmax(vectors @ centres.T, axis=1))
        if np.array_equal(moved, labels):
            break
        labels = moved
    return labels, centres


def _centres(
    vectors: Vectors, seconds: npt.NDArray[np.float64], labels: Labels, voices: int
) -> Vectors:
    shares = (labels[:, None] == np.arange(voices)) * seconds[:, None]
    return unit(shares.T @ vectors)


def ward(points: Vectors, weights: npt.NDArray[np.float64], groups: int) -> Labels:
    """Agglomerative clustering that adds least to the spread (Ward 1963, JASA 58, 236-244).

    Args:
        points: shape (n, dimensions).
        weights: of each.
        groups: how many to leave, at most n.
    """
    mass = weights.astype(np.float64).copy()
    squares = (points**2).sum(axis=1)
    cost = squares[:, None] + squares[None]
    cost -= 2 * points @ points.T
    for row, own in zip(cost, mass, strict=True):
        row *= _pair(own, mass)
    np.fill_diagonal(cost, np.inf)
    labels, alive = np.arange(len(points)), np.ones(len(points), bool)
    nearest = cost.argmin(axis=1)
    for _ in range(len(points) - groups):
        least = cost[np.arange(len(points)), nearest]
        kept = int(least.argmin())
        gone = int(nearest[kept])
        row = _joined(cost, mass, kept, gone)
        mass[kept] += mass[gone]
        labels[labels == gone] = kept
        alive[gone] = False
        cost[kept], cost[:, kept] = row, row
        cost[gone], cost[:, gone] = np.inf, np.inf
        stale = alive & ((nearest == kept) | (nearest == gone))
        nearest[row < least] = kept
        stale[kept] = True
        nearest[stale] = cost[stale].argmin(axis=1)
        nearest[gone] = gone
    return np.unique(labels, return_inverse=True)[1].astype(np.intp)


def _joined(cost: Vectors, mass: npt.NDArray[np.float64], one: int, two: int) -> Vectors:
    """What it costs to join each group with two that are joined (Lance & Williams 1967)."""
    whole = mass[one] + mass[two] + mass
    row = ((mass[one] + mass) * cost[one] + (mass[two] + mass) * cost[two]) / whole
    row -= mass * cost[one, two] / whole
    row[[one, two]] = np.inf
    return np.asarray(row, np.float64)


def _pair(one: npt.ArrayLike, two: npt.ArrayLike) -> npt.NDArray[np.float64]:
    first, second = np.asarray(one), np.asarray(two)
    return np.asarray(first * second / (first + second), np.float64)
