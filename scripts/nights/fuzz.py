"""Damaged and invented inputs for every reader: anything but a result or a clear error is found.

Inputs are drawn from a seed, so a finding can be made again: mutations of sound examples (bytes
flipped, cut, repeated, spliced; numbers made huge; headers that claim terabytes), random bytes, and
for text forms random values under the right keys.
"""

from __future__ import annotations

import argparse
import gzip
import io
import random
import resource
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as arrow
import soundfile
from pyarrow import parquet

from pipeline import facts, scorecard, tracks
from pipeline.batch.manifest import read_manifest
from pipeline.errors import QinheError
from pipeline.files import safe_stem
from pipeline.measure.audio import open_audio
from pipeline.measure.imports import import_transcript
from pipeline.rubric import load, load_lexicon
from pipeline.settings import CONFIGS, load_measure_settings
from pipeline.timeline import Span

_MEMORY: Final = 3 << 30
_SLOW_S: Final = 20.0
_MOST_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader and sound examples of what it reads.

    Attributes:
        read: gets the input's bytes and a folder that it may write into.
        share: of all inputs.
    """

    name: str
    read: Callable[[bytes, Path], object]
    seeds: tuple[bytes, ...]
    share: float


# ── Mutations ────────────────────────────────────────────────────────────────────────────────────

_HARD: Final = (
    b"\x00", b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\xff" * 8, b"-1", b"1e999",
    b"NaN", b"Infinity", b"99999999999999999999", b'"', b"'", b"\\", b"\n\n", b"-->", b"<script>",
    b"{", b"[" * 200, b"]" * 200, b"null", b"true", b"&a *a", b"!!python/object:os.system",
    "\u202e\u2066\ufeff".encode(), b"\xed\xa0\x80", b"=cmd|' /C calc'!A0",
    b"../../../../etc/passwd",
)  # fmt: skip


def mutated(data: bytes, draw: random.Random, others: tuple[bytes, ...]) -> bytes:
    """The example, damaged a few times over."""
    buffer = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 3, 8))):
        draw.choice(_DAMAGES)(buffer, draw, others)
    return bytes(buffer)


def _flip(buffer: bytearray, draw: random.Random, _: tuple[bytes, ...]) -> None:
    if buffer:
        buffer[draw.randrange(len(buffer))] ^= 1 << draw.randrange(8)


def _flip_early(buffer: bytearray, draw: random.Random, _: tuple[bytes, ...]) -> None:
    """Headers are where the harm is."""
    if buffer:
        buffer[draw.randrange(min(len(buffer), 128))] = draw.randrange(256)


def _cut(buffer: bytearray, draw: random.Random, _: tuple[bytes, ...]) -> None:
    del buffer[draw.randrange(len(buffer) + 1) :]


def _drop(buffer: bytearray, draw: random.Random, _: tuple[bytes, ...]) -> None:
    at = draw.randrange(len(buffer) + 1)
    del buffer[at : at + draw.randrange(1, 64)]


def _repeat(buffer: bytearray, draw: random.Random, _: tuple[bytes, ...]) -> None:
    at = draw.randrange(len(buffer) + 1)
    buffer[at:at] = buffer[at : at + draw.randrange(1, 256)] * draw.randrange(1, 20)


def _insert(buffer: bytearray, draw: random.Random, _: tuple[bytes, ...]) -> None:
    at = draw.randrange(len(buffer) + 1)
    buffer[at:at] = draw.choice(_HARD)


def _huge(buffer: bytearray, draw: random.Random, _: tuple[bytes, ...]) -> None:
    """A size field that claims terabytes."""
    if len(buffer) < 8:
        return
    value = draw.choice((2**31 - 1, 2**32 - 1, 2**31, 0, 1))
    form = draw.choice(("<I", ">I"))
    struct.pack_into(form, buffer, draw.randrange(min(len(buffer), 256) - 4), value)


def _splice(buffer: bytearray, draw: random.Random, others: tuple[bytes, ...]) -> None:
    other = draw.choice(others)
    buffer[draw.randrange(len(buffer) + 1) :] = other[draw.randrange(len(other) + 1) :]


def _noise(buffer: bytearray, draw: random.Random, _: tuple[bytes, ...]) -> None:
    at = draw.randrange(len(buffer) + 1)
    buffer[at : at + 32] = draw.randbytes(draw.randrange(64))


_DAMAGES: Final = (_flip, _flip_early, _cut, _drop, _repeat, _insert, _huge, _splice, _noise)


# ── Readers ──────────────────────────────────────────────────────────────────────────────────────


def readers() -> tuple[Reader, ...]:
    """Every reader of what comes from outside."""
    settings = load_measure_settings()
    speech = {"agent": (Span(0.0, 2.0),), "customer": (Span(2.0, 4.0),)}

    def recording(data: bytes, folder: Path) -> object:
        path = folder / "a.wav"
        path.write_bytes(data)
        with open_audio([path], settings.audio) as audio:
            return [channel.read(0.0, min(1.0, channel.duration_s)) for channel in audio.channels]

    def transcript(data: bytes, folder: Path) -> object:
        path = folder / "t.json"
        path.write_bytes(data)
        return import_transcript(path, speech, 4.0, settings.transcript, recording="a")

    def manifest(kind: str) -> Callable[[bytes, Path], object]:
        def read(data: bytes, folder: Path) -> object:
            found = list(read_manifest(io.BytesIO(data), f"m.{kind}", str(folder)))
            return [safe_stem(each.source) for each in found]

        return read

    def rubric(data: bytes, folder: Path) -> object:
        path = folder / "r.yaml"
        path.write_bytes(data)
        return load(path)

    def lexicon(data: bytes, folder: Path) -> object:
        path = folder / "l.yaml"
        path.write_bytes(data)
        load_lexicon.cache_clear()
        return load_lexicon(str(path))

    return (
        Reader("recording", recording, tuple(_recordings()), 0.15),
        Reader("transcript", transcript, tuple(_transcripts()), 0.2),
        Reader("manifest.csv", manifest("csv"), (_CSV,), 0.12),
        Reader("manifest.jsonl", manifest("jsonl"), (_JSONL,), 0.13),
        Reader("manifest.parquet", manifest("parquet"), (_parquet(),), 0.06),
        Reader("facts", lambda data, _: facts.decode(data, "f.json"), (_facts(),), 0.15),
        Reader("scorecard", lambda data, _: scorecard.decode(data, "s.json"), (_CARD,), 0.1),
        Reader("tracks", lambda data, _: tracks.decode(data, "t.npz"), (_tracks(),), 0.08),
        Reader("rubric", rubric, (_small_rubric(),), 0.005),
        Reader("lexicon", lexicon, (_LEXICON,), 0.005),
    )


def _recordings() -> Iterator[bytes]:
    sound = (np.random.default_rng(1).normal(0, 0.1, (2000, 2))).astype(np.float32)
    for form, subtype in (
        ("WAV", "PCM_16"), ("WAV", "ULAW"), ("WAV", "ALAW"), ("WAV", "GSM610"), ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_16"),
        ("AU", "PCM_16"), ("CAF", "PCM_16"),
    ):  # fmt: skip
        buffer = io.BytesIO()
        mono = subtype in ("GSM610",)
        soundfile.write(buffer, sound[:, 0] if mono else sound, 8000, format=form, subtype=subtype)
        yield buffer.getvalue()
    sphere = b"NIST_1A\n   1024\nsample_count -i 1000\nsample_n_bytes -i 2\nchannel_count -i 1\n"
    sphere += b"sample_rate -i 8000\nsample_coding -s3 pcm\nsample_byte_format -s2 01\nend_head\n"
    yield sphere.ljust(1024) + bytes(2000)
    yield b"#!AMR\n" + bytes([0x3C] + [0x55] * 31) * 20
    yield gzip.compress(bytes(1 << 20))


def _transcripts() -> Iterator[bytes]:
    words = [{"text": "您好", "start": 0.1, "end": 0.6, "speaker": "agent"}]
    yield msgspec.json.encode({"schema": "qinhe.transcript/1", "language": "zh", "words": words})
    yield "WEBVTT\n\n1\n00:00:00.100 --> 00:00:01.000\n<v agent>您好，请问\n\n".encode()
    yield "1\n00:00:00,100 --> 00:00:01,000\nagent: 您好\n\n".encode()
    yield b"a 1 agent 0.10 0.60 <o,f0,male> hello there\na 2 customer 2.1 3.0 yes please\n"
    segment = {"Id": "1", "ParticipantId": "AGENT", "Content": "您好", "BeginOffsetMillis": 100,
               "EndOffsetMillis": 900}  # fmt: skip
    yield msgspec.json.encode(
        {"Version": "1.1.0", "Channel": "VOICE", "LanguageCode": "zh-CN", "Transcript": [segment],
         "Participants": [{"ParticipantId": "AGENT", "ParticipantRole": "AGENT"}]}
    )  # fmt: skip
    item = {"type": "pronunciation", "start_time": "0.1", "end_time": "0.6",
            "alternatives": [{"content": "hello", "confidence": "0.9"}]}  # fmt: skip
    yield msgspec.json.encode(
        {"jobName": "x", "status": "COMPLETED",
         "results": {"items": [item], "transcripts": [{"transcript": "hello"}],
                     "language_code": "en-US"}}
    )  # fmt: skip


_CSV: Final = (
    "path,call_id,agent,team,start_time,channels,extra\n"
    'a.wav,1,李,A,2026-11-21T22:30:00+08:00,agent=left,"x, y"\n'
    "b.wav,2,王,B,,,\n"
).encode()
_JSONL: Final = (
    '{"path": "a.wav", "agent": "李", "start_time": "2026-11-21T22:30:00+08:00", "n": 1.5}\n'
    '{"agent_path": "a.wav", "customer_path": "c.wav", "call_id": "7"}\n'
).encode()


def _parquet() -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(arrow.table({"path": ["a.wav", "b.wav"], "wait": [1.5, None]}), buffer)
    return buffer.getvalue()


def _facts() -> bytes:
    from tests.unit.report import examples

    return facts.encode(examples.facts())


def _card() -> bytes:
    from tests.unit.report import examples

    return facts.encode(examples.scorecard())


_CARD: Final = _card()


def _tracks() -> bytes:
    from tests.unit.report import examples

    return tracks.encode(examples.tracks(1.0))


def _small_rubric() -> bytes:
    shipped = sorted((CONFIGS / "rubrics").glob("*.yaml"), key=lambda path: path.stat().st_size)
    return shipped[0].read_bytes()


_LEXICON: Final = (
    "language: zh\nfillers: [嗯]\nnegators: [不]\nreporting: [您刚才说]\n"
    "lists:\n  greeting:\n    says: ['(您好|你好)[请问]', '很高兴…为您服务']\n"
).encode()


# ── Running ──────────────────────────────────────────────────────────────────────────────────────


def run(count: int, seed: int, only: str | None) -> int:
    """Feed the inputs, print what was found, return how many findings there were."""
    chosen = [reader for reader in readers() if only in (None, reader.name)]
    whole = sum(reader.share for reader in chosen)
    every = tuple(seed for reader in chosen for seed in reader.seeds)
    found = 0
    with tempfile.TemporaryDirectory(prefix="qinhe-fuzz-") as folder:
        for reader in chosen:
            share = round(count * reader.share / whole)
            found += _feed(reader, share, seed, every, Path(folder))
    print(f"{found} findings")
    return found


def _feed(reader: Reader, count: int, seed: int, every: tuple[bytes, ...], folder: Path) -> int:
    start = time.monotonic()
    read = refused = found = 0
    slowest = 0.0
    for number in range(count):
        draw = random.Random(f"{seed} {reader.name} {number}")
        data = _input(reader, draw, every)
        at = time.monotonic()
        try:
            reader.read(data, folder)
            read += 1
        except QinheError as error:
            refused += 1
            if "\n" in str(error):
                found += _tell(reader, number, "an error of several lines", found)
        except Exception:
            found += _tell(reader, number, traceback.format_exc(limit=-4), found)
        took = time.monotonic() - at
        slowest = max(slowest, took)
        if took > _SLOW_S:
            found += _tell(reader, number, f"took {took:.1f} s", found)
    seconds = time.monotonic() - start
    print(
        f"{reader.name:18} {count:7d} inputs  {read:7d} read  {refused:7d} refused  "
        f"{found:3d} findings  slowest {1000 * slowest:6.0f} ms  {seconds:6.0f} s",
        flush=True,
    )
    return found


def _input(reader: Reader, draw: random.Random, every: tuple[bytes, ...]) -> bytes:
    if draw.random() < 0.05:
        return draw.randbytes(draw.randrange(400))
    return mutated(draw.choice(reader.seeds), draw, every)


def _tell(reader: Reader, number: int, what: str, before: int) -> int:
    if before < _MOST_SHOWN:
        print(f"── {reader.name}, input {number}\n{what}", file=sys.stderr)
    return 1


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="one reader's name")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, resource.RLIM_INFINITY))
    sys.exit(1 if run(given.inputs, given.seed, given.only) else 0)


if __name__ == "__main__":
    main()
