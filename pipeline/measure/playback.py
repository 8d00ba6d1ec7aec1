"""The call's sound made small, so that a page can carry it and be opened without a network."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import count
from typing import Final

import av
import numpy as np

from pipeline.measure.channel import Channel, FloatArray, resampled

MEDIA_TYPE: Final = "audio/webm; codecs=opus"
_BITS_PER_CHANNEL: Final = 16_000
"""Bits a second: telephone speech is transparent to Opus from about 12 kbit/s on."""
_BLOCK_S: Final = 60.0
_OPUS_RATES: Final = (8_000, 12_000, 16_000, 24_000, 48_000)


def encode(channels: Sequence[Channel]) -> bytes:
    """The channels (one or two) as Opus in WebM, which every current browser plays and seeks.

    The same sound gives the same bytes.
    """
    rate_hz = next((r for r in _OPUS_RATES if r >= channels[0].rate_hz), _OPUS_RATES[-1])
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="webm", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=rate_hz)
        stream.bit_rate = _BITS_PER_CHANNEL * len(channels)
        stream.layout = "stereo" if len(channels) == 2 else "mono"
        stream.options = {"application": "voip", "flags": "+bitexact"}
        for frame in _frames(channels, rate_hz):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _frames(channels: Sequence[Channel], rate_hz: int) -> Iterator[av.AudioFrame]:
    at = 0
    for samples in _blocks(channels, rate_hz):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.T.reshape(1, -1)),
            format="flt",
            layout="stereo" if len(channels) == 2 else "mono",
        )
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, at, Fraction(1, rate_hz)
        at += samples.shape[1]
        yield frame


def _blocks(channels: Sequence[Channel], rate_hz: int) -> Iterator[FloatArray]:
    """Blocks of shape (channels, samples)."""
    for number in count():
        start, end = number * _BLOCK_S, (number + 1) * _BLOCK_S
        if start >= channels[0].duration_s:
            return
        yield np.stack([resampled(c.read(start, end), c.rate_hz, rate_hz) for c in channels])
