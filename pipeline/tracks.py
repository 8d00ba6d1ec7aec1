"""Measurements over time, every 10 ms, kept so that limits can change without models.

Frame ``i`` covers ``[i * HOP_S, (i + 1) * HOP_S)`` seconds; its time is the middle of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipeline.errors import FactsError
from pipeline.files import UNREADABLE, packed, unpacked

HOP_S: Final = 0.01

FloatTrack = npt.NDArray[np.float32]


def frame_times(frames: int) -> npt.NDArray[np.float64]:
    """The middles of the first ``frames`` frames, in seconds. Shape ``(frames,)``."""
    return (np.arange(frames, dtype=np.float64) + 0.5) * HOP_S


@dataclass(frozen=True, slots=True)
class ChannelTracks:
    """One channel's tracks, all of one shape ``(frames,)``, float32."""

    speech_probability: FloatTrack
    """0 to 1."""
    pitch_hz: FloatTrack
    """F0; NaN where unvoiced."""
    level_dbov: FloatTrack
    """Short-term level, dB over overload; the floor where digitally silent."""
    peak: FloatTrack
    """Largest absolute sample, full scale = 1; for drawing the waveform."""


_NAMES = ("speech_probability", "pitch_hz", "level_dbov", "peak")


@dataclass(frozen=True, slots=True)
class Tracks:
    """Every channel's tracks."""

    channels: tuple[ChannelTracks, ...]

    @property
    def times_s(self) -> npt.NDArray[np.float64]:
        """Frame times in seconds, shape ``(frames,)``."""
        return frame_times(len(self.channels[0].peak) if self.channels else 0)


def encode(tracks: Tracks) -> bytes:
    """A compressed NumPy archive: ``times_s`` and, per channel ``k``, ``<name>_<k>``."""
    arrays: dict[str, npt.NDArray[Any]] = {"times_s": tracks.times_s}
    for index, channel in enumerate(tracks.channels):
        for name in _NAMES:
            arrays[f"{name}_{index}"] = getattr(channel, name)
    return packed(arrays)


def decode(data: bytes, source: str | Path) -> Tracks:
    """Tracks from `encode`'s archive.

    Raises:
        FactsError: not such an archive.
    """
    try:
        arrays = unpacked(data)
        count = sum(name.startswith("peak_") for name in arrays)
        return Tracks(
            tuple(
                ChannelTracks(**{name: _checked(arrays[f"{name}_{index}"]) for name in _NAMES})
                for index in range(count)
            )
        )
    except UNREADABLE as error:
        raise FactsError(
            source,
            expected="tracks as a NumPy archive",
            found=f"something else ({error})",
            remedy="make it with `qinhe measure --tracks`",
        ) from None


def _checked(track: npt.NDArray[Any]) -> FloatTrack:
    if track.ndim != 1 or track.dtype != np.float32:
        raise ValueError(f"a track of shape {track.shape} and type {track.dtype}")
    return track
