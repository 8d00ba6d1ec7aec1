"""Two decoders behind one shape: libsndfile first, FFmpeg (PyAV) for what it cannot read.

Both give blocks of frames, so that memory does not grow with the recording. Sound that was stored
with at most 16 bits comes as int16, exactly; everything else as float32.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import av
import av.error
import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.measure.containers import MATROSKA, Container, is_mpeg_wav

BLOCK_FRAMES = 65536

Frames = NDArray[np.int16] | NDArray[np.float32]
"""Shape (frames, channels)."""


INT16_SCALE = np.float32(1.0 / 32768.0)


class DecodeError(Exception):
    """A decoder gave up; the text says why, without the file's name."""


@dataclass(slots=True)
class Reader:
    """A recording being decoded.

    Attributes:
        coding: how the sound is coded, for people ("U-Law").
        least_s: how many seconds must come, by what the container declares; 0 where it does not.
        unfinished: the container should declare a length and does not.
        blocks: the frames, to be taken once.
        damaged: packets skipped so far because they could not be decoded.
    """

    rate_hz: int
    n_channels: int
    coding: str
    blocks: Iterator[Frames]
    least_s: float = 0.0
    unfinished: bool = False
    damaged: list[int] = field(default_factory=list)


def open_reader(file: BinaryIO, container: Container, *, unfinished: bool = False) -> Reader:
    """Starts decoding ``file``, which stays the caller's to close.

    ``unfinished`` says that the header has no length: libsndfile would believe it and read nothing.

    Raises:
        DecodeError: neither decoder can read it.
    """
    if container.soundfile and not unfinished and not is_mpeg_wav(file, container):
        reader = _open_soundfile(file)
        if reader is not None:
            return reader
    return _open_ffmpeg(file, container)


_CODINGS = (
    # for people, libsndfile's subtype, FFmpeg's decoder
    ("PCM", "PCM_16", "pcm_s16le"),
    ("µ-law", "ULAW", "pcm_mulaw"),
    ("A-law", "ALAW", "pcm_alaw"),
    ("IMA ADPCM", "IMA_ADPCM", "adpcm_ima_wav"),
    ("MS ADPCM", "MS_ADPCM", "adpcm_ms"),
    ("GSM 6.10", "GSM610", "gsm_ms"),
    ("G.722", None, "g722"),
    ("G.723.1", None, "g723_1"),
    ("G.726", None, "g726"),
    ("G.729", None, "g729"),
    ("AMR-NB", None, "amrnb"),
    ("AMR-WB", None, "amrwb"),
    ("FLAC", "PCM_16", "flac"),
    ("ALAC", None, "alac"),
    ("Vorbis", "VORBIS", "vorbis"),
    ("Opus", "OPUS", "opus"),
    ("Speex", None, "speex"),
    ("MP3", None, "mp3float"),
    ("AAC", None, "aac"),
    ("WMA", None, "wmav2"),
)


def codings() -> dict[str, str | None]:
    """What reads each coding on this machine ("libsndfile 1.2.2"), or ``None``: for `doctor`."""
    known = {subtype for kind in ("WAV", "OGG") for subtype in soundfile.available_subtypes(kind)}
    return {
        name: f"libsndfile {soundfile.__libsndfile_version__}"
        if subtype in known
        else f"FFmpeg {av.ffmpeg_version_info}"
        if decoder in av.codecs_available
        else None
        for name, subtype, decoder in _CODINGS
    }


# ── libsndfile ───────────────────────────────────────────────────────────────────────────────────

_SIXTEEN_BITS = {
    "PCM_S8", "PCM_U8", "PCM_16", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610", "VOX_ADPCM",
    "G721_32", "G723_24", "G723_40", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32",
    "DWVW_12", "DWVW_16", "DPCM_8", "DPCM_16", "ALAC_16",
}  # fmt: skip


_COUNTS_FRAMES = {"FLAC", "CAF", "W64"}
"""Formats whose header counts frames, and where libsndfile believes it."""


def _open_soundfile(file: BinaryIO) -> Reader | None:
    """``None``: a coding it does not know, or a broken header; FFmpeg has the last word."""
    file.seek(0)
    try:
        sound = soundfile.SoundFile(file.fileno(), closefd=False)
    except soundfile.SoundFileError:
        return None
    return Reader(
        rate_hz=sound.samplerate,
        n_channels=sound.channels,
        coding=sound.subtype_info,
        blocks=_soundfile_blocks(sound),
        least_s=sound.frames / sound.samplerate if sound.format in _COUNTS_FRAMES else 0.0,
    )


def _soundfile_blocks(sound: soundfile.SoundFile) -> Iterator[Frames]:
    dtype = "int16" if sound.subtype in _SIXTEEN_BITS or _is_short_flac(sound) else "float32"
    with sound:
        while True:
            try:
                block = sound.read(BLOCK_FRAMES, dtype=dtype, always_2d=True)
            except soundfile.SoundFileError as error:
                raise DecodeError("damaged sound") from error
            if not len(block):
                return
            yield block


def _is_short_flac(sound: soundfile.SoundFile) -> bool:
    return bool(sound.format == "FLAC" and sound.subtype in ("PCM_16", "PCM_S8"))


# ── FFmpeg ───────────────────────────────────────────────────────────────────────────────────────

_GAP_S = 0.06
"""A jump in the time stamps beyond this is silence that was not sent (three lost packets of 20 ms);
below it the clock of the container is merely coarse."""

_MOST_GAPS_S = 1800.0
"""Broken time stamps would otherwise unpack a small file to half a day of silence."""

_COARSE_S = 0.5
"""Containers of lossy sound declare whole packets, with lead-in and tail."""


def _open_ffmpeg(file: BinaryIO, container: Container) -> Reader:
    file.seek(0)
    try:
        # A file object and a named format: FFmpeg opens nothing else and guesses nothing.
        source = av.open(_Seekable(file), format=container.ffmpeg, metadata_errors="ignore")
        stream = _only_audio(source)
        damaged: list[int] = []
        frames = _frames(source, stream, damaged)
        first = next(frames, None)
    except (av.error.FFmpegError, ValueError, LookupError, OSError) as error:
        raise DecodeError(_reason(error)) from error
    if first is None:
        raise DecodeError("no sound in it")
    declared_s = _declared_s(source, stream, container)
    return Reader(
        rate_hz=first.sample_rate,
        n_channels=first.layout.nb_channels,
        coding=stream.codec_context.codec.long_name,
        blocks=_ffmpeg_blocks(itertools.chain([first], frames), first),
        least_s=max(0.0, (declared_s or 0.0) - _COARSE_S),
        unfinished=container is MATROSKA and declared_s is None,
        damaged=damaged,
    )


_MOST_READ = 1 << 20


class _Seekable:
    """A file for FFmpeg; where PyAV would print what a broken header makes `seek` raise.

    Reads are bounded: Python would make room for as much as a header claims before it reads.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._read = file.read
        self.tell = file.tell
        self._seek = file.seek

    def read(self, size: int = -1) -> bytes:
        return self._read(_MOST_READ if size < 0 else min(size, _MOST_READ))

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._seek(offset, whence)
        except (OSError, OverflowError):
            return -1


def _only_audio(source: Any) -> Any:
    streams = source.streams.audio
    if len(streams) != 1:
        raise DecodeError(f"{len(streams) or 'no'} sound tracks where there must be one")
    return streams[0]


def _frames(source: Any, stream: Any, damaged: list[int]) -> Iterator[Any]:
    """Decoded frames. Damaged packets are counted and skipped, as any player does."""
    for number, packet in enumerate(source.demux(stream)):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            damaged.append(number)


def _ffmpeg_blocks(frames: Iterator[Any], first: Any) -> Iterator[Frames]:
    """One block a decoded frame; time that the container skips is filled with silence."""
    setup = (first.sample_rate, first.layout.nb_channels, first.format.name)
    start_s = first.time
    done = filled = 0
    try:
        for frame in frames:
            if (frame.sample_rate, frame.layout.nb_channels, frame.format.name) != setup:
                raise DecodeError("a sampling rate or channel count that changes on the way")
            block = _samples(frame)
            if start_s is not None and frame.time is not None:
                gap = round((frame.time - start_s) * setup[0]) - done
                if gap > _GAP_S * setup[0]:
                    filled += gap
                    if filled > _MOST_GAPS_S * setup[0]:
                        raise DecodeError("time stamps that leave half an hour out")
                    done += gap
                    yield from _silence(gap, block)
            done += len(block)
            yield block
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise DecodeError(_reason(error)) from error


def _silence(n_frames: int, like: Frames) -> Iterator[Frames]:
    for start in range(0, n_frames, BLOCK_FRAMES):
        count = min(BLOCK_FRAMES, n_frames - start)
        yield np.zeros((count, like.shape[1]), like.dtype)


def _samples(frame: Any) -> Frames:
    """Shape (frames, channels), int16 where the decoder works in 16 bits or fewer."""
    array: NDArray[Any] = frame.to_ndarray()
    n_channels = frame.layout.nb_channels
    array = array.T if frame.format.is_planar else array.reshape(-1, n_channels)
    if array.dtype == np.int16:
        return array
    if array.dtype == np.uint8:
        return (array.astype(np.int16) - 128) << 8
    if array.dtype == np.int32:
        return array.astype(np.float32) / np.float32(2**31)
    return array.astype(np.float32, copy=False)


def _declared_s(source: Any, stream: Any, container: Container) -> float | None:
    """Only where it was counted by the writer, not estimated from a bit rate by FFmpeg."""
    if container.ffmpeg == "mov" and stream.duration:
        return float(stream.duration * stream.time_base)
    alone = len(source.streams) == 1  # pictures may go on longer than sound
    if container is MATROSKA and alone and source.duration:
        return float(source.duration) / av.time_base
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, av.error.FFmpegError):
        return f"damaged or unknown contents ({(error.strerror or 'no reason given').lower()})"
    return f"damaged contents ({type(error).__name__})"
