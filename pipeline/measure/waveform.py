"""The waveform as people look at it: the largest sample of every 10 ms."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.measure.channel import Channel, FloatArray
from pipeline.measure.frames import frame_count, frame_edges

_BLOCK_FRAMES: Final = 6000


def peaks(channel: Channel) -> FloatArray:
    """Largest absolute sample of every frame, full scale = 1. Float32, shape ``(frames,)``."""
    found = np.zeros(frame_count(channel), np.float32)
    for first in range(0, len(found), _BLOCK_FRAMES):
        last = min(first + _BLOCK_FRAMES, len(found))
        edges = frame_edges(first, last, channel.rate_hz)
        samples = np.abs(channel.samples(int(edges[0]), int(edges[-1])))
        starts = edges[:-1] - edges[0]
        found[first:last] = np.maximum.reduceat(samples, np.minimum(starts, len(samples) - 1))
    return found
