"""What is known of every frame of a call, on disk: a row of numbers each.

Hours of spectra are hundreds of megabytes, of which a turn needs a few kilobytes. The file has no
name, like that of the sound itself (`spool`).
"""

from __future__ import annotations

import os
import tempfile
import weakref

import numpy as np

from pipeline.measure.channel import FloatArray
from pipeline.measure.frames import Mask
from pipeline.measure.spool import no_room


class Rows:
    """Rows of as many float32 numbers each, written and read by their numbers, exactly.

    Attributes:
        width: numbers a row.
        written: which rows were written, [rows].
    """

    __slots__ = ("__weakref__", "_file", "_fill", "width", "written")

    def __init__(self, count: int, width: int, fill: float = 0.0) -> None:
        """``count`` rows that hold ``fill`` until they are written.

        Raises:
            QinheError: there is no room for a temporary file.
        """
        self.width = width
        self.written: Mask = np.zeros(count, bool)
        self._fill = np.float32(fill)
        try:
            self._file = tempfile.TemporaryFile(prefix="qinhe-", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise no_room(error) from error
        weakref.finalize(self, self._file.close)

    @classmethod
    def of(cls, rows: FloatArray) -> Rows:
        """Rows that are there already."""
        found = cls(*rows.shape)
        found.write(0, rows)
        return found

    def __len__(self) -> int:
        return len(self.written)

    def write(self, first: int, rows: FloatArray) -> None:
        """Puts ``rows``, [any number, width], in the places from ``first`` on.

        Raises:
            QinheError: the disk is full.
        """
        data = np.ascontiguousarray(rows, np.float32).data.cast("B")
        at = first * self.width * rows.itemsize
        try:
            while data:
                done = os.pwrite(self._file.fileno(), data, at)
                data, at = data[done:], at + done
        except OSError as error:
            raise no_room(error) from error
        self.written[first : first + len(rows)] = True

    def read(self, first: int, last: int) -> FloatArray:
        """Rows ``first`` up to ``last``, as far as there are any."""
        there = self.written[first:last]
        found = np.full((len(there), self.width), self._fill)
        held = np.flatnonzero(there)
        if len(held):
            start, stop = int(held[0]), int(held[-1]) + 1
            step = self.width * found.itemsize
            data = os.pread(self._file.fileno(), (stop - start) * step, (first + start) * step)
            rows = np.frombuffer(data, np.float32).reshape(stop - start, self.width)
            found[held] = rows[held - start]
        return found
