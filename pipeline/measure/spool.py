"""Decoded sound on disk: one nameless temporary file a channel.

The files have no name from the moment they exist (or lose it at once, where the system cannot make
nameless ones), so nothing is left behind even when the process is killed. ``TMPDIR`` chooses the
folder.
"""

from __future__ import annotations

import os
import tempfile

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import QinheError
from pipeline.measure.channel import Channel, FloatArray
from pipeline.measure.decoders import INT16_SCALE


class Spool:
    """One channel being written, then read. Keeps 16-bit sound in 16 bits, exactly.

    Attributes:
        n_samples: samples written so far.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.n_samples = 0
        self._dtype: np.dtype[np.int16] | np.dtype[np.float32] | None = None
        try:
            self._file = tempfile.TemporaryFile(prefix="qinhe-")  # noqa: SIM115 - `close` ends it
        except OSError as error:
            raise no_room(error) from error

    def append(self, samples: NDArray[np.int16] | FloatArray) -> None:
        """Adds samples, 1-D; all of one type.

        Raises:
            QinheError: the disk is full.
        """
        if self._dtype is None:
            self._dtype = samples.dtype
        try:
            self._file.write(np.ascontiguousarray(samples).data)
        except OSError as error:
            raise no_room(error) from error
        self.n_samples += len(samples)

    def finish(self) -> None:
        """Ends the writing.

        Raises:
            QinheError: the disk is full.
        """
        try:
            self._file.flush()
        except OSError as error:
            raise no_room(error) from error

    def channel(self, n_samples: int) -> Channel:
        """The sound as a channel of ``n_samples``, padded with silence where it is shorter."""

        def fetch(start: int, stop: int) -> FloatArray:
            held = self._read(start, min(stop, self.n_samples))
            if len(held) == stop - start:  # as everywhere but past the end of the shorter file
                return held
            return np.pad(held, (0, stop - start - len(held)))

        return Channel(self.rate_hz, n_samples, fetch)

    def close(self) -> None:
        """Gives the disk space back."""
        self._file.close()

    def _read(self, start: int, stop: int) -> FloatArray:
        if stop <= start or self._dtype is None:
            return np.zeros(0, np.float32)
        width = self._dtype.itemsize
        # One call reads without moving a shared position, so threads may read side by side.
        data = os.pread(self._file.fileno(), (stop - start) * width, start * width)
        if self._dtype == np.int16:
            return np.frombuffer(data, np.int16) * INT16_SCALE
        return np.frombuffer(data, np.float32).copy()  # the buffer itself cannot be written to


def no_room(error: OSError) -> QinheError:
    """What a full disk means to whoever measures."""
    return QinheError(
        f"{tempfile.gettempdir()}: cannot keep decoded sound there ({error.strerror}); "
        "free some space or point TMPDIR to a folder that has it."
    )
