"""Inputs that are sound in form and odd in what they say: headers, tables, archives."""

from __future__ import annotations

import io
import random
import struct
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as arrow
from pyarrow import parquet

_CODINGS: Final = (0, 1, 2, 3, 6, 7, 17, 20, 49, 85, 0x7A25, 0xFFFE, 0xFFFF)
_COUNTS: Final = (0, 1, 2, 3, 4, 255, 65535)
_RATES: Final = (0, 1, 7, 4000, 8000, 11025, 16000, 48000, 768_000, 2**31, 2**32 - 1)
_SIZES: Final = (0, 1, 3, 4000, 2**31 - 1, 2**32 - 1)
_ODD: Final = 0.15
"""How often a number of a header is odd; each reader gives up at its first."""
_NAMES: Final = (
    *("path", "agent_path", "customer_path", "call_id", "agent", "team", "start_time", "channels"),
    *("transcript", "language", "speakers", "agent_is", "direction", "录音", "", " path ", "x"),
)


def recording(draw: random.Random) -> bytes:
    """A WAV, or a SPHERE, whose header says something odd about sound that is there."""
    return _sphere(draw) if draw.random() < 0.3 else _wave(draw)


def _wave(draw: random.Random) -> bytes:
    coding, channels = draw.choice(_CODINGS), _odd(draw, draw.choice((1, 2)), _COUNTS)
    rate = _odd(draw, draw.choice((8000, 16000)), _RATES)
    bits = _odd(draw, draw.choice((8, 16, 24, 32)), (0, 1, 4, 64, 65535))
    block = _odd(draw, channels * bits // 8 & 0xFFFF, _COUNTS)
    speed = _odd(draw, rate * block & 0xFFFFFFFF, _SIZES)
    form = struct.pack("<HHIIHH", coding, channels, rate, speed, block, bits)
    form += draw.randbytes(draw.choice((0, 0, 2, 4, 22)))
    data = draw.randbytes(draw.choice((0, 1, 63, 4000, 32000)))
    claimed = _odd(draw, len(data), _SIZES)
    chunks = [
        b"fmt " + struct.pack("<I", _odd(draw, len(form), _SIZES)) + form,
        b"fact" + struct.pack("<II", 4, draw.choice(_SIZES)),
        b"LIST" + struct.pack("<I", _odd(draw, 8, _SIZES)) + b"INFOIART",
        b"data" + struct.pack("<I", claimed) + data,
    ]
    if draw.random() < 0.2:
        draw.shuffle(chunks)
    body = b"WAVE" + b"".join(draw.sample(chunks, 4) if draw.random() < 0.1 else chunks)
    kind = draw.choice((b"RIFF", b"RIFF", b"RIFX", b"RF64"))
    return kind + struct.pack("<I", _odd(draw, len(body), _SIZES)) + body


def _odd(draw: random.Random, usual: int, odd: tuple[int, ...]) -> int:
    return draw.choice(odd) if draw.random() < _ODD else usual


def _sphere(draw: random.Random) -> bytes:
    def number() -> int:
        return draw.choice((1, 1, 2, 8000, 0, -1, 2**31, 10**20))

    keys = {
        "sample_count": number(),
        "sample_n_bytes": draw.choice((1, 2, number())),
        "channel_count": draw.choice((1, 2, number())),
        "sample_rate": draw.choice((8000, number())),
    }
    lines = [f"{key} -i {value}" for key, value in keys.items() if draw.random() < 0.95]
    coding = draw.choice(("pcm", "ulaw", "pcm,embedded-shorten-v2.00", "好", ""))
    lines += [f"sample_coding -s{len(coding)} {coding}", "sample_byte_format -s2 01", "end_head"]
    size = draw.choice((1024, 1024, 0, 16, 10**9))
    head = f"NIST_1A\n{size:7d}\n" + "\n".join(lines) + "\n"
    return head.encode().ljust(1024) + draw.randbytes(draw.choice((0, 1, 4000)))


def table(draw: random.Random) -> bytes:
    """A Parquet manifest of columns with the right names and all kinds of values."""
    rows = draw.choice((0, 1, 3))
    names = draw.sample(_NAMES, draw.randrange(1, 6))
    if draw.random() < 0.8 and "path" not in names:
        names[0] = "path"
    columns = {name: _column(draw, rows) for name in names}
    buffer = io.BytesIO()
    kind = draw.choice(("NONE", "SNAPPY", "GZIP", "ZSTD"))
    try:
        parquet.write_table(arrow.table(columns), buffer, compression=kind, version="2.6")
    except arrow.ArrowInvalid:  # a moment that no file can hold
        return table(draw)
    return buffer.getvalue()


def _column(draw: random.Random, rows: int) -> Any:
    if draw.random() < 0.5:
        return arrow.array(["a.wav", "二.wav", None][:rows], arrow.string())
    value, kind = draw.choice(_CELLS)
    return arrow.array([draw.choice((value, value, None)) for _ in range(rows)], kind)


_CELLS: Final[tuple[tuple[Any, Any], ...]] = (
    (2**62, arrow.int64()),
    (2**64 - 1, arrow.uint64()),
    (float("nan"), arrow.float64()),
    (float("inf"), arrow.float32()),
    (b"\xff\x00", arrow.binary()),
    (True, arrow.bool_()),
    (date(1, 1, 1), arrow.date32()),
    (datetime(9999, 12, 31, 23, 59, 59), arrow.timestamp("us")),
    (2**62, arrow.timestamp("ns")),
    (-(2**62), arrow.timestamp("s")),
    (2**62, arrow.timestamp("us", tz="Asia/Shanghai")),
    (timedelta(days=9999), arrow.duration("us")),
    (86_399_999_999, arrow.time64("us")),
    (Decimal("1e30"), arrow.decimal128(38, 2)),
    ([1, None], arrow.list_(arrow.int32())),
    ({"a": "=1+1"}, arrow.struct([("a", arrow.string())])),
    ([("k", 1)], arrow.map_(arrow.string(), arrow.int32())),
    ("a\x00.wav\n\u202e", arrow.large_string()),
    ("x" * 20_000, arrow.string()),
    (None, arrow.null()),
)


def archive(draw: random.Random) -> bytes:
    """Tracks under their names, in shapes and types of all kinds."""
    arrays: dict[str, Any] = {}
    for channel in range(draw.choice((0, 1, 2))):
        for name in ("speech_probability", "pitch_hz", "level_dbov", "peak"):
            if draw.random() < 0.95:
                arrays[f"{name}_{channel}"] = _array(draw)
    if draw.random() < 0.8:
        arrays["times_s"] = _array(draw)
    if draw.random() < 0.1:
        arrays["peak_x"] = _array(draw)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _array(draw: random.Random) -> Any:
    if draw.random() < 0.6:
        return np.zeros(100, np.float32)
    kind = draw.choice(("f4", "f8", "i8", "?", "c16", "U3", "S2", "M8[s]", "O", "f4,i4"))
    shape = draw.choice(((), (0,), (100,), (99,), (100, 1), (1, 100)))
    return np.zeros(shape, kind)
