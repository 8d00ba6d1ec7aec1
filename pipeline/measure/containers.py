"""What a sound file says about itself: its kind, and whether all of it is there.

The kind is known by the content; a file's name is never asked. The kinds listed here are the only
ones that reach a decoder, and FFmpeg is always told which one it gets: probing on its own it would
also follow play lists, and those name other files and addresses.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of sound file.

    Attributes:
        name: for people.
        ffmpeg: the name of FFmpeg's demuxer.
        soundfile: libsndfile reads it too, and is asked first.
    """

    name: str
    ffmpeg: str
    soundfile: bool = False


WAV = Container("WAV", "wav", soundfile=True)
WAVE64 = Container("Wave64", "w64", soundfile=True)
AIFF = Container("AIFF", "aiff", soundfile=True)
AU = Container("AU", "au", soundfile=True)
CAF = Container("CAF", "caf", soundfile=True)
FLAC = Container("FLAC", "flac", soundfile=True)
OGG = Container("Ogg", "ogg", soundfile=True)
MP3 = Container("MP3", "mp3")
SPHERE = Container("NIST SPHERE", "nistsphere", soundfile=True)
MP4 = Container("MP4", "mov")
AMR = Container("AMR", "amr")
AAC = Container("AAC", "aac")
ASF = Container("WMA", "asf")
MATROSKA = Container("Matroska/WebM", "matroska")

READABLE = "WAV, FLAC, Ogg Vorbis/Opus, MP3, M4A/AAC, AMR, WMA, WebM, AIFF, AU, CAF or NIST SPHERE"

_SIGNATURES: tuple[tuple[int, bytes, Container], ...] = (
    (0, b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", WAVE64),
    (0, b".snd", AU),
    (0, b"caff", CAF),
    (0, b"fLaC", FLAC),
    (0, b"OggS", OGG),
    (0, b"NIST_1A", SPHERE),
    (0, b"#!AMR", AMR),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", ASF),
    (0, b"\x1a\x45\xdf\xa3", MATROSKA),
    (4, b"ftyp", MP4),
)


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether a file holds what it promises.

    Attributes:
        missing_share: how much of the promised sound is not there, 0 to 1.
        unfinished: the recorder never went back to write how long the recording is.
        cut: the file ends inside a page or frame, which no recorder writes.
    """

    missing_share: float = 0.0
    unfinished: bool = False
    cut: bool = False


def identify(file: BinaryIO) -> Container | None:
    """The kind of the file, by its first bytes; ``None`` for anything not known here."""
    head = _head_after_id3(file)
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return WAV
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    for offset, signature, container in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return container
    if _adts_length(head):
        return AAC if _adts_length(head[_adts_length(head) :]) else None
    if _is_mpeg_audio(head):
        return MP3
    return None


def completeness(file: BinaryIO, container: Container, size: int) -> Completeness:
    """Compares what the header promises with what the file holds, without decoding.

    Formats that count time, not bytes (FLAC, MP4, WebM) are compared after decoding.
    """
    check = _CHECKS.get(container.name)
    if check is None:
        return Completeness()
    try:
        return check(file, size)
    except (struct.error, ValueError, LookupError):
        return Completeness()  # a header this broken is the decoder's to refuse


def is_shortened(file: BinaryIO, container: Container) -> bool:
    """Whether this is SPHERE compressed with shorten, which neither decoder unpacks."""
    return container is SPHERE and "shorten" in _sphere_fields(file).get("sample_coding", "")


def is_mpeg_wav(file: BinaryIO, container: Container) -> bool:
    """Whether this is MP3 in a WAV, where libsndfile's decoder writes on the terminal."""
    if container is not WAV:
        return False
    file.seek(0)
    head = file.read(HEAD_BYTES)
    at = head.find(b"fmt ") + 8
    (tag,) = struct.unpack_from("<H", head.ljust(at + 26, b"\0"), at)
    if tag == _EXTENSIBLE:
        (tag,) = struct.unpack_from("<H", head.ljust(at + 26, b"\0"), at + 24)
    return tag in _MPEG_TAGS


_EXTENSIBLE = 0xFFFE
_MPEG_TAGS = (0x50, 0x55)


# ── RIFF, AIFF, AU, SPHERE: the header counts bytes ──────────────────────────────────────────────

_PLACEHOLDER = 0x7FFF0000
"""Recorders that cannot seek back (pipes, crashed ones) leave sizes like 0x7FFFFFFF, 0x7FFFF000 or
0xFFFFFFFF: two gigabytes of telephone sound would be a day and a half."""


def _promise(promised: int, held: int) -> Completeness:
    held = max(0, held)  # a file may end inside its header
    if promised <= held:
        return Completeness(unfinished=promised == 0 and held > 0)
    if promised >= _PLACEHOLDER and held < _PLACEHOLDER:
        return Completeness(unfinished=held > 0)
    return Completeness(missing_share=1.0 - held / promised)


def _check_wav(file: BinaryIO, size: int) -> Completeness:
    file.seek(0)
    order = ">" if file.read(4) == b"RIFX" else "<"
    long_size = 0
    for name, start, length in _chunks(file, 12, size, order):
        if name == b"ds64":
            file.seek(start + 8)
            (long_size,) = struct.unpack("<Q", file.read(8))
        if name == b"data":
            promised = long_size if length == 0xFFFFFFFF and long_size else length
            if promised == 0 and _is_chunk(file, start, size, order):
                return Completeness()  # really empty: tags follow
            return _promise(promised, size - start)
    return Completeness()


def _check_aiff(file: BinaryIO, size: int) -> Completeness:
    for name, start, length in _chunks(file, 12, size, ">"):
        if name == b"SSND":
            return _promise(length, size - start)
    return Completeness()


def _check_w64(file: BinaryIO, size: int) -> Completeness:
    """Chunks are named by 16 bytes, and their sizes count the 24 bytes of the head too."""
    start = 40
    while start + 24 <= size:
        file.seek(start)
        name, length = struct.unpack("<4s12xQ", file.read(24))
        if name == b"data":
            return _promise(length - 24, size - start - 24)
        start += max(24, length + 7 & ~7)
    return Completeness()


def _check_caf(file: BinaryIO, size: int) -> Completeness:
    start = 8
    while start + 12 <= size:
        file.seek(start)
        name, length = struct.unpack(">4sq", file.read(12))
        if name == b"data":
            held = size - start - 12
            return Completeness(unfinished=held > 4) if length < 0 else _promise(length, held)
        start += 12 + max(0, length)
    return Completeness()


def _check_au(file: BinaryIO, size: int) -> Completeness:
    file.seek(4)
    offset, promised = struct.unpack(">II", file.read(8))
    return _promise(promised, size - offset)


def _check_sphere(file: BinaryIO, size: int) -> Completeness:
    fields = _sphere_fields(file)
    file.seek(8)
    header = int(file.read(8))
    if "," in fields.get("sample_coding", "pcm"):
        return Completeness()  # compressed: the byte count says nothing
    width = int(fields["sample_n_bytes"]) * int(fields["channel_count"])
    return _promise(int(fields.get("sample_count", "0")) * width, size - header)


_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_BROADCAST = 1


def _check_asf(file: BinaryIO, size: int) -> Completeness:
    """The file properties object (ASF specification, 3.2) counts the bytes of the file."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    at = head.index(_ASF_FILE_PROPERTIES)
    promised, flags = struct.unpack_from("<Q40xI", head, at + 40)
    if flags & _ASF_BROADCAST:  # a live stream: the other fields mean nothing
        return Completeness(unfinished=True)
    return _promise(promised, size)


def _sphere_fields(file: BinaryIO) -> dict[str, str]:
    """The fields of a NIST SPHERE header, by name."""
    file.seek(0)
    text = file.read(HEAD_BYTES).split(b"end_head", 1)[0].decode("latin-1")
    rows = (line.split(None, 2) for line in text.splitlines()[2:])
    return {row[0]: row[2].strip() for row in rows if len(row) == 3}


def _chunks(file: BinaryIO, start: int, size: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """(name, where its content starts, its length in bytes) of each chunk."""
    while start + 8 <= size:
        file.seek(start)
        name, length = struct.unpack(f"{order}4sI", file.read(8))
        yield name, start + 8, length
        start += 8 + length + (length & 1)  # chunks are padded to even lengths


def _is_chunk(file: BinaryIO, start: int, size: int, order: str) -> bool:
    if start + 8 > size:
        return False
    file.seek(start)
    name, length = struct.unpack(f"{order}4sI", file.read(8))
    return bool(name.strip().isalnum()) and int(length) <= size - start - 8


def _check_flac(file: BinaryIO, size: int) -> Completeness:
    """STREAMINFO counts samples in 36 bits; a stream that was never finished says 0."""
    file.seek(18)
    (packed,) = struct.unpack(">Q", file.read(8))
    return Completeness(unfinished=packed & (1 << 36) - 1 == 0)


# ── Ogg, AMR, AAC, MP3: pages and frames ─────────────────────────────────────────────────────────

_OGG_PAGE_MAX = 27 + 255 + 255 * 255
_OGG_END = 4


def _check_ogg(file: BinaryIO, size: int) -> Completeness:
    """The last page must be whole, and marked as the last (RFC 3533)."""
    file.seek(max(0, size - 2 * _OGG_PAGE_MAX))
    tail = file.read()
    page = tail.rfind(b"OggS")
    if page < 0 or page + 27 > len(tail):
        return Completeness(cut=True)
    segments = tail[page + 26]
    table = tail[page + 27 : page + 27 + segments]
    if len(table) < segments or page + 27 + segments + sum(table) > len(tail):
        return Completeness(cut=True)
    return Completeness(unfinished=not tail[page + 5] & _OGG_END)


_AMR_NB_BYTES = (12, 13, 15, 17, 19, 20, 26, 31, 5, 6, 5, 5, 0, 0, 0, 0)
_AMR_WB_BYTES = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, 5, 0, 0, 0, 0, 0)


def _check_amr(file: BinaryIO, size: int) -> Completeness:
    """Frames of 20 ms whose first byte names their length (RFC 4867, section 5.3)."""
    file.seek(0)
    data = file.read(size)
    wide = data.startswith(b"#!AMR-WB")
    at = data.index(b"\n") + 1
    lengths = _AMR_WB_BYTES if wide else _AMR_NB_BYTES
    while at < len(data):
        at += 1 + lengths[data[at] >> 3 & 15]
    return Completeness(cut=at > len(data))


def _check_aac(file: BinaryIO, size: int) -> Completeness:
    file.seek(0)
    data = file.read(size)
    at = 0
    while length := _adts_length(data[at : at + 7]):
        at += length
    return Completeness(cut=at > len(data))


def _adts_length(head: bytes) -> int:
    """Bytes of the ADTS frame that starts here; 0 where none does."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length >= 7 and head[2] >> 2 & 15 < 13 else 0


_MPEG_KBPS = {
    # (MPEG version 1?, layer): kbit/s by index
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
}
_MPEG_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mpeg_length(head: bytes) -> int:
    """Bytes of the MPEG audio frame that starts here (ISO 11172-3, 2.4.1.3); 0 where none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return 0
    bits = _MPEG_KBPS[version == 3, layer][bitrate] * 1000
    hz, padding = _MPEG_RATES[version][rate], head[2] >> 1 & 1
    if layer == 1:
        return (12 * bits // hz + padding) * 4
    return (72 if layer == 3 and version != 3 else 144) * bits // hz + padding


def _is_mpeg_audio(head: bytes) -> bool:
    """Three frames in a row: two bytes of sync alone are found in any noise."""
    head = head.lstrip(b"\0")
    at = 0
    for _ in range(3):
        length = _mpeg_length(head[at:])
        if not length:
            return False
        at += length
        if at >= len(head):  # frames longer than what we looked at, or a very short file
            return True
    return True


def _check_mp3(file: BinaryIO, size: int) -> Completeness:
    """The Xing or Info header, where there is one, counts the bytes of all frames."""
    start = _id3_bytes(file)
    file.seek(start)
    head = file.read(256)
    at = max(head.find(b"Xing"), head.find(b"Info"))
    if at < 0:
        return Completeness()
    flags, *_ = struct.unpack(">I", head[at + 4 : at + 8])
    if not flags & 2:
        return Completeness()
    field = at + 8 + (4 if flags & 1 else 0)
    (promised,) = struct.unpack(">I", head[field : field + 4])
    return _promise(promised, size - start) if promised else Completeness()


def _id3_bytes(file: BinaryIO) -> int:
    """Length of the ID3v2 tag at the start (its size has seven bits a byte)."""
    file.seek(0)
    head = file.read(10)
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    return 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])


def _head_after_id3(file: BinaryIO) -> bytes:
    file.seek(_id3_bytes(file))
    return file.read(HEAD_BYTES)


_CHECKS: dict[str, Callable[[BinaryIO, int], Completeness]] = {
    WAV.name: _check_wav,
    AIFF.name: _check_aiff,
    WAVE64.name: _check_w64,
    CAF.name: _check_caf,
    FLAC.name: _check_flac,
    AU.name: _check_au,
    SPHERE.name: _check_sphere,
    ASF.name: _check_asf,
    OGG.name: _check_ogg,
    AMR.name: _check_amr,
    AAC.name: _check_aac,
    MP3.name: _check_mp3,
}
