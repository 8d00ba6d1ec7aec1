"""Every reader of what comes from outside, with sound examples of what it reads.

What is read is used as well, as the commands would: sound is heard, facts are judged, masked and
written in every form. A reader that lets nonsense in fails there, if not before.
"""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as arrow
import soundfile
import yaml
from msgspec.structs import replace
from pyarrow import parquet

from pipeline import facts, scorecard, tracks
from pipeline.batch.manifest import read_manifest
from pipeline.files import safe_stem
from pipeline.judge.call import compile
from pipeline.measure.audio import open_audio
from pipeline.measure.imports import import_transcript
from pipeline.report.formats import SUFFIXES, Conversation, written
from pipeline.report.privacy import mask_facts, mask_scorecard
from pipeline.rubric import load, load_lexicon, shipped
from pipeline.settings import CONFIGS, load_measure_settings
from pipeline.timeline import Span
from scripts.nights import invented
from scripts.nights.damage import Mend, other_csv, other_json, other_jsonl, other_yaml

Read = Callable[[bytes, Path], object]


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader and sound examples of what it reads.

    Attributes:
        read: gets the input's bytes and a folder that it may write into.
        share: of all inputs.
        mend: puts other values into an example, which stays of its form.
        invent: an input of its own making.
    """

    name: str
    read: Read
    seeds: tuple[bytes, ...]
    share: float
    mend: Mend | None = None
    invent: Callable[[random.Random], bytes] | None = None


def readers() -> tuple[Reader, ...]:
    """The readers of recordings, transcripts, manifests, facts, scorecards, tracks and configs."""
    transcripts, table, line = _transcripts(), read_manifest_of("csv"), read_manifest_of("jsonl")
    rows = read_manifest_of("parquet")
    return (
        Reader("recording", _hears(), tuple(_recordings()), 0.2, invent=invented.recording),
        Reader("transcript", _imports(), tuple(_texts()), 0.1),
        Reader("transcript.json", _imports(), tuple(transcripts), 0.14, other_json),
        Reader("manifest.csv", table, (_CSV,), 0.1, other_csv),
        Reader("manifest.jsonl", line, (_JSONL,), 0.1, other_jsonl),
        Reader("manifest.parquet", rows, (_parquet(),), 0.06, invent=invented.table),
        Reader("facts", _judges(), (_facts(),), 0.1, other_json),
        Reader("scorecard", _shows, (_CARD,), 0.06, other_json),
        Reader("tracks", _tracks_read, (_tracks(),), 0.06, invent=invented.archive),
        Reader("rubric", _compiles(), tuple(_rubrics()), 0.05, other_yaml),
        Reader("lexicon", _loads, (_LEXICON,), 0.02, other_yaml),
        Reader("settings", _sets, (_settings(),), 0.01, other_yaml),
    )


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────


def _file(data: bytes, folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def _hears() -> Read:
    settings = load_measure_settings().audio

    def read(data: bytes, folder: Path) -> object:
        with open_audio([_file(data, folder, "a.wav")], settings) as audio:
            return [channel.read(0.0, min(1.0, channel.duration_s)) for channel in audio.channels]

    return read


def _imports() -> Read:
    settings = load_measure_settings().transcript
    speech = {"agent": (Span(0.0, 2.0),), "customer": (Span(2.0, 4.0),)}
    return lambda data, folder: import_transcript(
        _file(data, folder, "t.json"), speech, 4.0, settings, recording="a"
    )


def read_manifest_of(kind: str) -> Read:
    """The reader of manifests of a suffix."""

    def read(data: bytes, folder: Path) -> object:
        found = list(read_manifest(io.BytesIO(data), f"m.{kind}", str(folder)))
        return [safe_stem(each.source) for each in found]

    return read


def _judges() -> Read:
    rubric = shipped("minimal-zh-v1")
    judge = compile(rubric, load_lexicon(rubric.lexicon))

    def read(data: bytes, _: Path) -> object:
        found = facts.decode(data, "f.json")
        card = mask_scorecard(judge.score(found), found)
        shown = Conversation(mask_facts(found), card, datetime(2026, 1, 1, tzinfo=UTC), None, True)
        return [written(form, shown) for form in SUFFIXES]

    return read


def _shows(data: bytes, _: Path) -> object:
    return facts.encode(scorecard.decode(data, "s.json"))


def _tracks_read(data: bytes, _: Path) -> object:
    return tracks.decode(data, "t.npz").times_s


def _compiles() -> Read:
    """Compiled with two phrases of every shipped list: all of them would take seconds."""
    whole = load_lexicon("zh")
    few = {name: replace(each, says=each.says[:2]) for name, each in whole.lists.items()}
    lexicon = replace(whole, lists=few)
    return lambda data, folder: compile(load(_file(data, folder, "r.yaml")), lexicon)


def _loads(data: bytes, folder: Path) -> object:
    load_lexicon.cache_clear()
    return load_lexicon(str(_file(data, folder, "l.yaml")))


def _sets(data: bytes, folder: Path) -> object:
    return load_measure_settings(_file(data, folder, "m.yaml"))


# ── Examples ─────────────────────────────────────────────────────────────────────────────────────


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


def _texts() -> Iterator[bytes]:
    yield from _transcripts()
    yield "WEBVTT\n\n1\n00:00:00.100 --> 00:00:01.000\n<v agent>您好，请问\n\n".encode()
    yield "1\n00:00:00,100 --> 00:00:01,000\nagent: 您好\n\n".encode()
    yield b"a 1 agent 0.10 0.60 <o,f0,male> hello there\na 2 customer 2.1 3.0 yes please\n"


def _transcripts() -> Iterator[bytes]:
    words = [{"text": "您好", "start": 0.1, "end": 0.6, "speaker": "agent"}]
    yield msgspec.json.encode({"schema": "qinhe.transcript/1", "language": "zh", "words": words})
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

    return facts.encode(examples.facts("您 好 我 的 电 话 是 幺 三 八 一 二 三 四 五 六 七 八"))


def _card() -> bytes:
    from tests.unit.report import examples

    return facts.encode(examples.scorecard())


_CARD: Final = _card()


def _tracks() -> bytes:
    from tests.unit.report import examples

    return tracks.encode(examples.tracks(1.0))


def _rubrics() -> Iterator[bytes]:
    """The minimal one, and one criterion of every kind; those that stand on others read slowly."""
    yield (CONFIGS / "rubrics" / "minimal-zh-v1.yaml").read_bytes()
    whole = yaml.safe_load((CONFIGS / "rubrics" / "affinity-zh-v1.yaml").read_bytes())
    whole["criteria"] = list({each["kind"]: each for each in whole["criteria"]}.values())
    yield yaml.safe_dump(whole, allow_unicode=True, sort_keys=False).encode()


_LEXICON: Final = (
    "language: zh\nfillers: [嗯]\nnegators: [不]\nreporting: [您刚才说]\n"
    "lists:\n  greeting:\n    says: ['(您好|你好)[请问]', '很高兴…为您服务']\n"
).encode()


def _settings() -> bytes:
    return (CONFIGS / "measure.yaml").read_bytes()
