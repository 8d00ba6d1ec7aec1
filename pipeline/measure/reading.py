"""One sound file, from its path to channels on disk, with every reason to refuse it on the way."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import NoReturn

import numpy as np
import soxr

from pipeline.errors import AudioError
from pipeline.measure.channel import FloatArray
from pipeline.measure.containers import (
    READABLE,
    Completeness,
    Container,
    completeness,
    identify,
    is_shortened,
)
from pipeline.measure.decoders import INT16_SCALE, DecodeError, Frames, Reader, open_reader
from pipeline.measure.spool import Spool
from pipeline.settings import AudioSettings

_COPY_AGAIN = "copy it again from the recorder or export it as WAV"


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a recording.

    Attributes:
        container: for people ("WAV").
        coding: for people ("U-Law").
        rate_hz: as stored; the recording may be read at another.
        notes: what is odd about the file without making it unusable.
    """

    path: Path
    sha256: str
    container: str
    coding: str
    rate_hz: int
    n_channels: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """A file that can be decoded; `open_regular` opened it, and whoever did closes it."""

    path: Path
    file: FileIO
    size: int
    container: Container
    whole: Completeness
    reader: Reader


# ── From a path to a decoder ─────────────────────────────────────────────────────────────────────


def open_regular(path: Path) -> FileIO:
    """Opens a file without ever waiting for one: a pipe or a device would block or never end.

    Raises:
        AudioError: no such file, not a file, or not allowed.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        _refuse_unopened(path, error)
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
    if stat.S_ISDIR(mode):
        _refuse(path, "a file", "a folder", "name the recordings in it one by one")
    if not stat.S_ISREG(mode):
        _refuse(path, "a file", "a pipe or device", "save the recording to a file first")
    return os.fdopen(handle, "rb", buffering=0)  # libsndfile moves the position underneath


_UNOPENED = {
    errno.ENOENT: ("no such file", "check the name"),
    errno.ENOTDIR: ("no such file", "check the name"),
    errno.EACCES: ("one that may not be read", "ask for permission to read it"),
    errno.EPERM: ("one that may not be read", "ask for permission to read it"),
    errno.ELOOP: ("symbolic links that lead in a circle", "name the file itself"),
    errno.ENAMETOOLONG: ("a name longer than a file can have", "check the name"),
    errno.ENXIO: ("a pipe or device", "save the recording to a file first"),
}


def _refuse_unopened(path: Path, error: OSError | ValueError) -> NoReturn:
    if isinstance(error, ValueError):  # a zero byte in the name
        _refuse(path, "a recording", "a name that no file can have", "check the name")
    found, remedy = _UNOPENED.get(
        error.errno or 0, (f"one that cannot be opened ({error.strerror})", "check the disk")
    )
    _refuse(path, "a recording", found, remedy)


def probe(file: FileIO, path: Path, settings: AudioSettings, *, alone: bool) -> Probe:
    """Finds out what a file is and starts its decoder.

    ``alone`` says that the file is the whole recording, and may have two channels.

    Raises:
        AudioError: not sound, not decodable, or of a form that no call has.
    """
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        _refuse(path, "a recording", "an empty file", "copy it again from the recorder")
    container = _identified(file, path)
    whole = completeness(file, container, size)
    try:
        reader = open_reader(file, container, unfinished=whole.unfinished)
    except DecodeError as error:
        _refuse_undecodable(file, path, container, error)
    _check_channels(path, reader.n_channels, alone)
    _check_rate(path, reader.rate_hz, settings)
    return Probe(path, file, size, container, whole, reader)


def _identified(file: FileIO, path: Path) -> Container:
    container = identify(file)
    if container is None:
        file.seek(0)
        start = file.read(8).hex(" ")
        _refuse(
            path,
            f"a sound file ({READABLE})",
            f"no header of any of these (it starts with {start})",
            "if it holds bare samples give them a header, for example "
            "`sox -t raw -r 8000 -c 1 -b 16 -e signed-integer IN OUT.wav`",
        )
    return container


def _refuse_undecodable(
    file: FileIO, path: Path, container: Container, error: DecodeError
) -> NoReturn:
    expected = "sound that can be decoded"
    if is_shortened(file, container):
        found = "NIST SPHERE compressed with shorten"
        _refuse(path, expected, found, "unpack it with `sph2pipe -f wav IN OUT.wav`")
    _refuse(path, expected, f"{container.name} with {error}", _COPY_AGAIN)


def _check_channels(path: Path, n_channels: int, alone: bool) -> None:
    found = f"{n_channels} channels"
    if n_channels > 2:
        remedy = "keep the agent's and the customer's, for example `sox IN OUT.wav remix 1 2`"
        _refuse(path, "one or two channels", found, remedy)
    if n_channels == 2 and not alone:
        remedy = "give the two-channel file alone"
        _refuse(path, "one channel in each party's file", found, remedy)


def _check_rate(path: Path, rate_hz: int, settings: AudioSettings) -> None:
    low, high = settings.lowest_rate_hz, settings.absurd_rate_hz
    expected = f"a sampling rate of {low} to {high} Hz"
    if rate_hz < low:
        remedy = "get the original recording: what a lower rate cut off cannot be put back"
        _refuse(path, expected, f"{rate_hz} Hz", remedy)
    if rate_hz > high:
        remedy = "export it again with 8 to 48 kHz: its header cannot be right"
        _refuse(path, expected, f"{rate_hz} Hz", remedy)


# ── From a decoder to disk ───────────────────────────────────────────────────────────────────────


def decode(probed: Probe, spools: Sequence[Spool], settings: AudioSettings) -> Source:
    """Decodes a file into ``spools``, one a channel, at their rate.

    Raises:
        AudioError: the sound is damaged, cut short, too short, too long, or not numbers.
        QinheError: the disk is full.
    """
    blocks = _at_rate(_checked(probed, settings), probed.reader.rate_hz, spools[0].rate_hz)
    try:
        for block in blocks:
            for number, spool in enumerate(spools):
                spool.append(block[:, number])
    except DecodeError as error:
        _refuse_undecodable(probed.file, probed.path, probed.container, error)
    for spool in spools:
        spool.finish()
    notes = _checked_length(probed, spools[0].n_samples / spools[0].rate_hz, settings)
    return Source(
        path=probed.path,
        sha256=_sha256(probed.file),
        container=probed.container.name,
        coding=probed.reader.coding,
        rate_hz=probed.reader.rate_hz,
        n_channels=probed.reader.n_channels,
        notes=notes,
    )


def _sha256(file: FileIO) -> str:
    """SHA-256 of the file's bytes, read beside the decoder without moving its position."""
    digest, done = hashlib.sha256(), 0
    while data := os.pread(file.fileno(), 1 << 20, done):
        digest.update(data)
        done += len(data)
    return digest.hexdigest()


def _checked(probed: Probe, settings: AudioSettings) -> Iterator[Frames]:
    """The decoded blocks, float samples clipped to [-1, 1], while there are not too many."""
    rate_hz, done = probed.reader.rate_hz, 0
    for block in probed.reader.blocks:
        if done + len(block) > settings.longest_h * 3600 * rate_hz:
            expected = f"a call of at most {settings.longest_h:g} hours"
            _refuse(probed.path, expected, "a longer one", "cut it into calls")
        yield block if block.dtype == np.int16 else _in_scale(block, probed.path, done, rate_hz)
        done += len(block)


_OTHER_SCALE = 8.0
"""Lossy decoders overshoot full scale by a few dB. Samples 18 dB above it are not on that scale."""


def _in_scale(block: Frames, path: Path, done: int, rate_hz: int) -> FloatArray:
    finite = np.isfinite(block).all(axis=1)
    if not finite.all():
        at = done + int(np.argmin(finite))
        found = f"NaN or infinity at sample {at} ({at / rate_hz:.3f} s)"
        _refuse(path, "samples that are numbers", found, _COPY_AGAIN)
    peak = float(np.abs(block).max(initial=0.0))
    if peak > _OTHER_SCALE:
        found = f"samples up to {peak:.6g} near {done / rate_hz:.1f} s"
        _refuse(path, "float samples between -1 and 1", found, "scale them and write them again")
    clipped: FloatArray = np.clip(block, -1.0, 1.0).astype(np.float32, copy=False)
    return clipped


def _at_rate(blocks: Iterator[Frames], from_hz: int, to_hz: int) -> Iterator[Frames]:
    """The same sound at another rate, streamed (soxr, high quality, linear phase)."""
    if from_hz == to_hz:
        yield from blocks
        return
    stream = None
    for block in blocks:
        if stream is None:
            stream = soxr.ResampleStream(from_hz, to_hz, block.shape[1], dtype="float32")
        yield np.clip(stream.resample_chunk(_as_float(block)), -1.0, 1.0)
    if stream is not None:
        rest = stream.resample_chunk(np.zeros((0, block.shape[1]), np.float32), last=True)
        yield np.clip(rest, -1.0, 1.0)


def _as_float(block: Frames) -> FloatArray:
    if block.dtype == np.int16:
        return block.astype(np.float32) * INT16_SCALE
    return np.ascontiguousarray(block, np.float32)


# ── Is all of it there? ──────────────────────────────────────────────────────────────────────────

_NEGLIGIBLE_S = 0.1
"""Headers are often a few bytes off (some count themselves), and no syllable hides in this."""


def _checked_length(probed: Probe, held_s: float, settings: AudioSettings) -> tuple[str, ...]:
    """Notes about the length; refuses a recording that is cut short or hardly there.

    A cut call would be marked down for a goodbye that was never recorded, so what is there is not
    scored as if it were all. A header that promises nothing breaks no promise.
    """
    if held_s == 0:
        _refuse(probed.path, "a recording", "a header without sound", _COPY_AGAIN)
    missing_s = _missing_s(probed, held_s)
    if missing_s > _NEGLIGIBLE_S:
        expected = f"{held_s + missing_s:.2f} s of sound, as its header says"
        _refuse(probed.path, expected, f"{held_s:.2f} s: it is cut short", _COPY_AGAIN)
    if probed.whole.cut:
        found = f"{held_s:.2f} s that break off in the middle: it is cut short"
        _refuse(probed.path, "sound up to a proper end", found, _COPY_AGAIN)
    if held_s < settings.shortest_s:
        expected = f"at least {settings.shortest_s:g} s of sound"
        _refuse(probed.path, expected, f"{held_s:.3f} s", "give the whole call")
    if os.fstat(probed.file.fileno()).st_size != probed.size:
        remedy = "wait until its recorder has finished"
        _refuse(probed.path, "a finished recording", "one that is being written", remedy)
    return _notes(probed, missing_s)


def _missing_s(probed: Probe, held_s: float) -> float:
    share = probed.whole.missing_share
    by_bytes = held_s * share / (1.0 - share) if share < 1.0 else 0.0
    return max(by_bytes, probed.reader.least_s - held_s)


def _notes(probed: Probe, missing_s: float) -> tuple[str, ...]:
    damaged = len(probed.reader.damaged)
    notes = {
        "its recorder never wrote how long it is: read to the end of the file": (
            probed.whole.unfinished or probed.reader.unfinished
        ),
        f"its header counts {missing_s * 1000:.0f} ms more than it holds": missing_s > 0.005,
        f"{damaged} damaged packets were skipped": damaged > 0,
    }
    return tuple(note for note, holds in notes.items() if holds)


def _refuse(path: Path, expected: str, found: str, remedy: str) -> NoReturn:
    raise AudioError(path, expected=expected, found=found, remedy=remedy)
