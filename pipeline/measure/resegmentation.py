"""Who speaks at each moment, given what each voice is like: a hidden Markov model over the speech.

Its states are the voices, its observations how like each voice the windows around a moment are. To
change the voice costs little over a pause and much in the middle of a phrase. Clustering says what
the voices are like; this says where exactly they change, and how sure that is; and both take turns,
each starting from what the other found (after Diez, Burget, Landini & Cernocky 2020, "Analysis of
speaker diarization based on Bayesian HMM with eigenvoice priors", IEEE/ACM TASLP 28, 355-368).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from pipeline.measure.clustering import Labels, Vectors, unit
from pipeline.measure.frames import FRAME_S, Mask, runs
from pipeline.settings import ResegmentationSettings

Float64Array = npt.NDArray[np.float64]

STEP: Final = 5
"""Frames that are decided at once."""
_ROUNDS: Final = 8
_LEAST_APART: Final = 0.02
_LEAST_SHARE: Final = 1e-100
_EDGE_WEIGHT: Final = 0.4
"""What a window says of the sound at its edges, against that in its middle."""


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The speech in steps of 50 ms, silence left out.

    Attributes:
        frames: shape (steps, 2), each one's first frame and the one after its last.
        gaps_s: silence before each step but the first.
        windows: shape (steps, windows), what each window counts in it; rows add up to 1. Sparse:
            a step lies in a handful of windows, whatever the call's length.
    """

    frames: npt.NDArray[np.int64]
    gaps_s: Float64Array
    windows: csr_array


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Which voice speaks when.

    Attributes:
        labels: per step, the voice from 0.
        posterior: shape (steps, voices), probability of each.
        centres: what each voice is like.
    """

    labels: Labels
    posterior: Float64Array
    centres: Vectors


def steps(speech: Mask, windows: Sequence[tuple[int, int]]) -> Steps:
    """The speech in steps; a run that no window covers is heard by the nearest one.

    Args:
        speech: per 10 ms frame.
        windows: (first frame, one after the last), at least one, in time order.
    """
    frames = np.array(
        [
            (first, min(first + STEP, stop))
            for start, stop in runs(speech)
            for first in range(start, stop, STEP)
        ],
        np.int64,
    ).reshape(-1, 2)
    weights = _weights(frames.mean(axis=1), np.asarray(windows, np.float64))
    return Steps(frames, np.float64(FRAME_S) * (frames[1:, 0] - frames[:-1, 1]), weights)


def _weights(middles: Float64Array, bounds: Float64Array) -> csr_array:
    """What each window counts at each moment: less towards its edges, rows adding up to 1."""
    centre, half = bounds.mean(axis=1), (bounds[:, 1] - bounds[:, 0]) / 2
    order = np.argsort(centre, kind="stable")
    near = np.searchsorted(centre[order], np.add.outer((-half.max(), half.max()), middles))
    near[1] = np.maximum(near[1], near[0])
    counts = near[1] - near[0]
    step = np.repeat(np.arange(len(middles)), counts)
    within = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts)
    window = order[np.repeat(near[0], counts) + within]
    away = np.abs(middles[step] - centre[window]) / half[window]
    inside = away < 1
    step, window, weight = step[inside], window[inside], 1 - (1 - _EDGE_WEIGHT) * away[inside]
    blind = np.flatnonzero(np.bincount(step, minlength=len(middles)) == 0)
    step, weight = np.append(step, blind), np.append(weight, np.ones(len(blind)))
    window = np.append(window, _nearest(middles[blind], centre, order))
    whole = np.bincount(step, weight, minlength=len(middles))
    return csr_array((weight / whole[step], (step, window)), (len(middles), len(bounds)))


def _nearest(
    middles: Float64Array, centre: Float64Array, order: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """The window whose centre is nearest to each moment."""
    after = np.clip(np.searchsorted(centre[order], middles), 0, len(centre) - 1)
    pair = order[np.stack([np.maximum(after - 1, 0), after])]
    return np.asarray(pair[np.abs(centre[pair] - middles).argmin(axis=0), np.arange(len(middles))])


def follow(
    grid: Steps,
    vectors: Vectors,
    labels: Labels,
    trust: Float64Array,
    settings: ResegmentationSettings,
) -> Course:
    """The likeliest course of voices, from a first guess of which window is whose.

    Args:
        grid: the speech.
        vectors: shape (windows, dimensions), of length 1.
        labels: per window, the voice from 0; two voices at least.
        trust: per window, how far it is to be believed in what a voice is like.
        settings: what to change the voice costs.
    """
    voices = int(labels.max()) + 1
    cost = settings.change_in_pause + (
        settings.change_in_phrase - settings.change_in_pause
    ) * np.exp(-grid.gaps_s / settings.pause_s)
    mass = (grid.windows.sum(axis=0) * trust)[:, None] * np.eye(voices)[labels]
    found = np.zeros(0, np.intp)
    for _ in range(_ROUNDS):
        centres = unit(mass.T @ vectors)
        evidence = _evidence(grid, vectors, centres, settings)
        course = viterbi(evidence, cost)
        if np.array_equal(course, found):
            break
        found = course
        share = (grid.windows.T @ np.eye(voices)[found]) * trust[:, None]
        if (share.sum(axis=0) == 0).any():
            break  # a voice has vanished: keep the last centres that every voice had
        mass = share
    return Course(found, posterior(evidence, cost), centres)


def _evidence(
    grid: Steps, vectors: Vectors, centres: Vectors, settings: ResegmentationSettings
) -> Float64Array:
    """Log likelihood of every voice in every step, to within a constant per step."""
    like = grid.windows @ (vectors @ centres.T)
    others = ~np.eye(len(centres), dtype=bool)
    apart = max(_LEAST_APART, float(np.mean(1 - (centres @ centres.T)[others])))
    return np.asarray(like * (settings.evidence_per_s * STEP * FRAME_S / apart))


def viterbi(evidence: Float64Array, cost: Float64Array) -> Labels:
    """The likeliest course of states.

    Args:
        evidence: shape (steps, states), log likelihood; one step at least.
        cost: shape (steps - 1,), what it costs, in nats, to be in another state after a step.
    """
    best = evidence[0].copy()
    came_from = np.zeros(evidence.shape, np.intp)
    stay = np.arange(evidence.shape[1])
    for i in range(1, len(evidence)):
        top = int(best.argmax())
        jump = best[top] - cost[i - 1]
        keep = best >= jump
        came_from[i] = np.where(keep, stay, top)
        best = np.where(keep, best, jump) + evidence[i]
    course = np.zeros(len(evidence), np.intp)
    course[-1] = int(best.argmax())
    for i in range(len(evidence) - 1, 0, -1):
        course[i - 1] = came_from[i, course[i]]
    return course


def posterior(evidence: Float64Array, cost: Float64Array) -> Float64Array:
    """Probability of every state in every step (forward-backward, scaled at each step).

    Args:
        evidence: as for `viterbi`.
        cost: as for `viterbi`.
    """
    heard = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    # To stay and to change are each other's complement, whatever a change costs.
    change = np.exp(-cost) / (1 + (evidence.shape[1] - 1) * np.exp(-cost))
    more = 1 / (1 + (evidence.shape[1] - 1) * np.exp(-cost)) - change
    forward, backward = heard / heard.sum(axis=1, keepdims=True), np.ones_like(heard)
    for i in range(1, len(heard)):
        before = forward[i - 1] * more[i - 1] + change[i - 1]
        forward[i] = _scaled(before * heard[i])
    for i in range(len(heard) - 2, -1, -1):
        after = backward[i + 1] * heard[i + 1]
        backward[i] = _scaled(after * more[i] + change[i] * after.sum())
    joint = forward * backward
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def _scaled(shares: Float64Array) -> Float64Array:
    return np.asarray(np.maximum(shares / shares.sum(), _LEAST_SHARE))
