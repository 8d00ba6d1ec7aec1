"""Damage: sound examples made unsound, byte by byte or value by value, by a seeded draw."""

from __future__ import annotations

import copy
import csv
import io
import json
import random
import re
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml

Mend = Callable[[bytes, random.Random], bytes]
"""An example and a draw -> an example of the same form with other values in it."""

_HARD: Final = (
    b"\x00", b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\xff" * 8, b"-1", b"1e999",
    b"NaN", b"Infinity", b"99999999999999999999", b'"', b"'", b"\\", b"\n\n", b"-->", b"<script>",
    b"{", b"[" * 200, b"]" * 200, b"null", b"true", b"&a *a", b"!!python/object:os.system",
    "\u202e\u2066\ufeff".encode(), b"\xed\xa0\x80", b"=cmd|' /C calc'!A0",
    b"../../../../etc/passwd",
)  # fmt: skip


# ── Bytes ────────────────────────────────────────────────────────────────────────────────────────


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


_NUMBER: Final = re.compile(rb"-?\d+(?:\.\d+)?")
_NUMBERS: Final = (
    b"0", b"-0", b"-1", b"1e308", b"-1e308", b"1e-320", b"NaN", b"Infinity", b"-Infinity",
    b"9007199254740993", b"99999999999999999999", b"1" * 400, b"00:00:00.000", b"99:99:99,999",
)  # fmt: skip


def _renumber(buffer: bytearray, draw: random.Random, _: tuple[bytes, ...]) -> None:
    """Another number where one is written."""
    found = list(_NUMBER.finditer(buffer[:4096]))
    if found:
        where = draw.choice(found)
        buffer[where.start() : where.end()] = draw.choice(_NUMBERS)


_DAMAGES: Final = (
    *(_flip, _flip_early, _cut, _drop, _repeat, _insert, _huge, _splice, _noise, _renumber),
)


# ── Values ───────────────────────────────────────────────────────────────────────────────────────

_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 1e-320, 1e308, -1e308, float("nan"), float("inf"),
    2**31, 2**53 + 1, 2**64, 10**400, "", " ", "0", "agent", "customer", "mixed", "您好",
    "好" * 3000, "\x00", "\n", "\u202egnp.exe", "\ud800", "<script>alert(1)</script>", "=1+1",
    "%s%n{0}", "../..", "(" * 60, "[" * 60, "(a|b)*…[c]", "2026-13-45", [], {}, [[]], [None],
    {"": None}, [0, 1], [1, 0], ["a"] * 500, {"start": 1, "end": 0}, {"zh": "", "en": ""},
)  # fmt: skip


def other_values(value: Any, draw: random.Random) -> Any:
    """The same tree with a few nodes replaced, removed, doubled, renamed or exchanged."""
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        places = list(_places(value))
        if not places:
            return _value(draw)
        holder, key = draw.choice(places)
        draw.choice(_CHANGES)(holder, key, draw, places)
    return value


def _value(draw: random.Random) -> Any:
    """One of the odd ones, nobody else's to change."""
    return copy.deepcopy(draw.choice(_VALUES))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a tree."""
    keys: Any = value if isinstance(value, dict) else range(len(value)) if _is_list(value) else ()
    for key in list(keys):
        yield value, key
        yield from _places(value[key])


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


Place = tuple[Any, Any]


def _replace(holder: Any, key: Any, draw: random.Random, _: list[Place]) -> None:
    holder[key] = _value(draw)


def _scale(holder: Any, key: Any, draw: random.Random, _: list[Place]) -> None:
    if isinstance(holder[key], int | float):
        factor = draw.choice((-1, 0, 1e-9, 1000, 1e12))
        # An integer that no float reaches cannot be scaled by one.
        holder[key] *= factor if abs(holder[key]) <= sys.float_info.max else -1
    else:
        holder[key] = _value(draw)


def _remove(holder: Any, key: Any, draw: random.Random, _: list[Place]) -> None:
    del holder[key]


def _double(holder: Any, key: Any, draw: random.Random, _: list[Place]) -> None:
    if _is_list(holder):
        holder[key:key] = [holder[key]] * draw.choice((1, 1, 50))
    else:
        holder[f"{key}{draw.choice(('', ' ', '_2'))}"] = holder[key]


def _rename(holder: Any, key: Any, draw: random.Random, _: list[Place]) -> None:
    if isinstance(holder, dict):
        holder[draw.choice(("", "kind", "id", "x" * 300, "\n", "__class__"))] = holder.pop(key)


def _exchange(holder: Any, key: Any, draw: random.Random, places: list[Place]) -> None:
    """Two subtrees change places; neither may hold the other."""
    other, where = draw.choice(places)
    one, two = holder[key], other[where]
    if isinstance(one, dict | list) or isinstance(two, dict | list):
        holder[key] = two if not isinstance(two, dict | list) else _value(draw)
        return
    holder[key], other[where] = two, one


_CHANGES: Final = (_replace, _replace, _scale, _remove, _double, _rename, _exchange)


# ── Forms ────────────────────────────────────────────────────────────────────────────────────────


def other_json(data: bytes, draw: random.Random) -> bytes:
    """JSON with other values."""
    return _json(other_values(json.loads(data), draw))


def other_jsonl(data: bytes, draw: random.Random) -> bytes:
    """JSON lines with other values."""
    rows = [json.loads(line) for line in data.splitlines()]
    rows = other_values(rows, draw)
    return b"\n".join(_json(row) for row in (rows if _is_list(rows) else [rows]))


def _json(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text.encode("utf-8", "surrogatepass")


def other_yaml(data: bytes, draw: random.Random) -> bytes:
    """YAML with other values, some of it as JSON, which is YAML too."""
    value = other_values(yaml.safe_load(data), draw)
    if draw.random() < 0.3:
        return _json(value)
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    return text.encode("utf-8", "surrogatepass")


def other_csv(data: bytes, draw: random.Random) -> bytes:
    """CSV with other cells."""
    rows = other_values([list(row) for row in csv.reader(io.StringIO(data.decode()))], draw)
    out = io.StringIO()
    for row in rows if _is_list(rows) else [rows]:
        cells = row if _is_list(row) else [row]
        with_lines = (str(cell) for cell in cells)
        out.write(",".join(_cell(cell) for cell in with_lines) + draw.choice(("\n", "\r\n")))
    return out.getvalue().encode("utf-8", "surrogatepass")


def _cell(text: str) -> str:
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if set(text) & set(',"\n\r') else text
