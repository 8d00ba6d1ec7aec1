"""Whatever happened to a recording on its way here, it is read or refused: nothing else.

Valid files of many formats are cut and overwritten at random (seeded). Each must come out as a
recording or as an `AudioError`, quickly, without a word on the terminal and nothing left on disk.
"""

from __future__ import annotations

import io
import random
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from pipeline.errors import AudioError
from pipeline.measure.audio import open_audio
from pipeline.measure.decoders import _Seekable
from pipeline.settings import AudioSettings, load_measure_settings

RATE = 8000
MUTATIONS = 25
BY_SOUNDFILE = {
    "WAV PCM": ("WAV", "PCM_16"),
    "WAV float": ("WAV", "FLOAT"),
    "WAV u-law": ("WAV", "ULAW"),
    "WAV MS ADPCM": ("WAV", "MS_ADPCM"),
    "RF64": ("RF64", "PCM_16"),
    "Wave64": ("W64", "PCM_16"),
    "AIFF": ("AIFF", "PCM_16"),
    "AU": ("AU", "PCM_16"),
    "CAF": ("CAF", "PCM_16"),
    "NIST SPHERE": ("NIST", "PCM_16"),
    "FLAC": ("FLAC", "PCM_16"),
    "Ogg Vorbis": ("OGG", "VORBIS"),
    "Ogg Opus": ("OGG", "OPUS"),
    "MP3": ("MP3", "MPEG_LAYER_III"),
}
BY_FFMPEG = {
    "M4A": ("aac", "mp4"),
    "AAC": ("aac", "adts"),
    "WMA": ("wmav2", "asf"),
    "WebM": ("libopus", "webm"),
    "AMR": ("libopencore_amrnb", "amr"),
    "WAV MP3": ("libmp3lame", "wav"),
    "WAV G.723.1": ("g723_1", "wav"),
}


def valid(kind: str, folder: Path) -> bytes:
    """A second of noise in the format ``kind``."""
    path = folder / "valid"
    sound = 0.1 * np.random.default_rng(0).standard_normal(RATE)
    if kind in BY_SOUNDFILE:
        container, subtype = BY_SOUNDFILE[kind]
        soundfile.write(path, sound, RATE, format=container, subtype=subtype)
    else:
        _encode(path, sound, *BY_FFMPEG[kind])
    return path.read_bytes()


def _encode(path: Path, sound: np.ndarray, codec: str, container: str) -> None:
    try:
        av.Codec(codec, "w")
    except ValueError:
        pytest.skip(f"this FFmpeg has no encoder {codec}")
    with av.open(str(path), "w", format=container) as sink:
        stream = sink.add_stream(codec, rate=48000 if codec == "libopus" else RATE)
        stream.layout = "mono"
        stream.bit_rate = {"g723_1": 6300, "libopencore_amrnb": 12200}.get(codec, 32000)
        frame = av.AudioFrame.from_ndarray(
            (sound * 32767).astype(np.int16).reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            sink.mux(packet)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """``data`` cut, or overwritten in places, or both; headers more often than sound."""
    out = bytearray(data)
    cut = rng.random() < 0.3
    if cut:
        del out[rng.randrange(1, len(out)) :]
    if not cut or rng.random() < 0.3:
        reach = min(len(out), rng.choice([64, 256, 1024, len(out)]))
        for _ in range(rng.choice([1, 2, 5, 20])):
            out[rng.randrange(reach)] = rng.choice([0, 127, 128, 255, rng.randrange(256)])
    return bytes(out)


def refusal(path: Path, settings: AudioSettings) -> str:
    """Why ``path`` is refused; empty where it can be read, and then it holds proper samples."""
    try:
        with open_audio([path], settings) as audio:
            samples = audio.channels[-1].read(0.0, 10.0)
    except AudioError as error:
        return str(error)
    assert np.isfinite(samples).all()
    assert np.abs(samples).max(initial=0.0) <= 1.0
    return ""


@pytest.mark.parametrize("kind", [*BY_SOUNDFILE, *BY_FFMPEG])
def test_damaged_files_are_read_or_refused(kind, tmp_path, monkeypatch, capfd):
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    settings = load_measure_settings().audio
    data = valid(kind, tmp_path)
    path = tmp_path / "call"
    path.write_bytes(data)
    open_audio([path], settings).close()
    refusals = []
    for seed in range(MUTATIONS):
        path.write_bytes(damaged(data, random.Random(f"{kind} {seed}")))
        start = time.process_time()
        refusals.append(refusal(path, settings))
        assert list(spool.iterdir()) == []
        assert time.process_time() - start < 10.0
    assert any(refusals), "no mutation was refused: these were too gentle"
    assert all(text.isprintable() for text in refusals)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("seed", range(40))
def test_any_bytes_are_read_or_refused(seed, tmp_path):
    rng = random.Random(seed)
    starts = [b"", b"RIFF", b"RIFF\0\0\0\0WAVEfmt ", b"OggS\0", b"fLaC", b"ID3\3\0\0\0\0\0\0"]
    starts += [b"\xff\xfb\x90", b"#!AMR\n", b"NIST_1A\n   1024\n", b"FORM\0\0\0\0AIFFCOMM"]
    starts += [b"\0\0\0\x20ftypM4A ", b"\x1a\x45\xdf\xa3", b".snd", b"caff", b"\xff\xf1\x50\x80"]
    path = tmp_path / "call.wav"
    path.write_bytes(rng.choice(starts) + rng.randbytes(rng.choice([1, 50, 3000])))
    assert refusal(path, load_measure_settings().audio).isprintable()


def test_a_header_that_claims_gigabytes_gets_no_memory_for_them() -> None:
    """FFmpeg asks for as many bytes as a chunk says it has."""
    asked: list[int] = []

    class Asked(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            asked.append(-1 if size is None else size)
            return super().read(size)

    file = _Seekable(Asked(bytes(10)))
    assert file.read(2**31 - 1) == bytes(10)
    assert file.read() == b""
    assert all(0 <= size <= 1 << 20 for size in asked)
