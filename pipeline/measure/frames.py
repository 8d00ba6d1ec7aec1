"""The 10 ms grid that all tracks share, and decisions on it.

Frame ``i`` covers ``[i * 0.01, (i + 1) * 0.01)`` seconds. A mask holds one decision per frame.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label

from pipeline.measure.channel import Channel
from pipeline.timeline import Span, Timeline

Mask = npt.NDArray[np.bool_]

FRAME_S: Final = 0.01


def frame_count(channel: Channel) -> int:
    """How many frames a channel has; the last may be cut short."""
    return math.ceil(channel.n_samples / channel.rate_hz / FRAME_S - 1e-9)


def frame_edges(first: int, last: int, rate_hz: int) -> npt.NDArray[np.int64]:
    """Sample at which each frame from ``first`` to ``last`` (both included) begins.

    Frames may hold unequal numbers of samples: at 11025 Hz, 110 or 111.
    """
    return np.round(np.arange(first, last + 1) * FRAME_S * rate_hz).astype(np.int64)


def windowed(
    channel: Channel, first: int, last: int, window: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Sound around the middles of frames ``first`` up to ``last``, [frames, samples].

    Beyond the recording there is silence.
    """
    length = len(window)
    middles = np.round((np.arange(first, last) + 0.5) * FRAME_S * channel.rate_hz).astype(np.int64)
    start, stop = int(middles[0]) - length // 2, int(middles[-1]) + length
    sound = channel.samples(start, stop)
    before = max(0, -start)
    sound = np.pad(sound, (before, max(0, stop - start - before - len(sound))))
    at = middles - length // 2 - start
    return np.asarray(np.lib.stride_tricks.sliding_window_view(sound, length)[at] * window)


def runs(mask: Mask) -> list[tuple[int, int]]:
    """(first, last + 1) of every run of true frames."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return list(zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True))


def touching(mask: Mask, seeds: Mask) -> Mask:
    """The runs of ``mask`` in which at least one frame of ``seeds`` lies."""
    labels, count = label(mask)
    kept = np.zeros(count + 1, bool)
    kept[np.unique(labels[seeds & mask])] = True
    kept[0] = False
    return np.asarray(kept[labels], bool)


def grown(mask: Mask, seconds: float) -> Mask:
    """Every frame within ``seconds`` of a true one."""
    reach = round(seconds / FRAME_S)
    steps = np.zeros(len(mask) + 1, np.int32)
    for first, last in runs(mask):
        steps[max(0, first - reach)] += 1
        steps[min(len(mask), last + reach)] -= 1
    return np.asarray(np.cumsum(steps[:-1], dtype=np.int32) > 0, bool)


def without_short(mask: Mask, seconds: float) -> Mask:
    """The runs that last at least ``seconds``."""
    kept = np.zeros_like(mask)
    for first, last in runs(mask):
        kept[first:last] = (last - first) * FRAME_S >= seconds - 1e-9
    return kept


def bridged(mask: Mask, seconds: float) -> Mask:
    """Gaps of at most ``seconds`` between two runs filled."""
    filled = mask.copy()
    for (_, end), (start, _) in pairwise(runs(mask)):
        if (start - end) * FRAME_S <= seconds + 1e-9:
            filled[end:start] = True
    return filled


def spans(mask: Mask, duration_s: float) -> Timeline:
    """The runs as spans of seconds, cut at the recording's end."""
    return tuple(
        Span(round(first * FRAME_S, 3), min(round(last * FRAME_S, 3), duration_s))
        for first, last in runs(mask)
    )


def mask_of(timeline: Timeline, n_frames: int) -> Mask:
    """The frames whose centres lie in the spans."""
    return mask_within(timeline, slice(0, n_frames))


def mask_within(timeline: Timeline, part: slice) -> Mask:
    """The same for some frames of a recording, as many as ``part`` has."""
    mask = np.zeros(part.stop - part.start, bool)
    for span in timeline:
        first, last = (round(time / FRAME_S) - part.start for time in (span.start, span.end))
        mask[max(0, first) : max(0, last)] = True
    return mask


def extent(timeline: Timeline, n_frames: int, margin: int = 0) -> slice:
    """From the first frame of the spans to their last: all that a turn of a long call needs.

    Args:
        timeline: in time order.
        n_frames: of the recording.
        margin: frames more on either side.
    """
    if not timeline:
        return slice(0, 0)
    first = round(timeline[0].start / FRAME_S) - margin
    last = round(timeline[-1].end / FRAME_S) + margin
    return slice(min(max(0, first), n_frames), min(max(0, last), n_frames))
