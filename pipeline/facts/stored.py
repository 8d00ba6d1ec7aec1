"""Facts as JSON: the same facts, the same bytes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from pipeline.errors import FactsError
from pipeline.facts.call import SCHEMA, CallFacts
from pipeline.facts.said import Cue, Cues, Said, Word

V = TypeVar("V", bound=msgspec.Struct)


def rounded(value: V) -> V:
    """The same value with every number on three decimals: milliseconds, mHz, mdB."""
    plain = msgspec.to_builtins(value, enc_hook=_plain_number)
    return msgspec.convert(_round(plain), type(value))


def _plain_number(number: Any) -> int | float:
    """A NumPy scalar, which measures compute with, as the number that is stored."""
    plain: int | float = number.item()
    return plain


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3) + 0.0  # + 0.0: no "-0.0" in files
    if isinstance(value, dict):
        return {key: _round(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_round(part) for part in value]
    return value


def encode(value: msgspec.Struct) -> bytes:
    """JSON, indented, in field order, with a final newline: the same value, the same bytes.

    What holds plain values only stays on one line: people read it, and judging has less to read.
    """
    plain = msgspec.json.encode(value, order="deterministic")
    return _PLAIN.sub(_on_one_line, msgspec.json.format(plain, indent=1)) + b"\n"


_PLAIN: Final = re.compile(rb"([\[{])\n *([^\]\[{}]*?)\n *([\]}])")
"""A list or an object that holds none; line ends stand for themselves, as strings have none."""
_LINE_END: Final = re.compile(rb"\n *")


def _on_one_line(found: re.Match[bytes]) -> bytes:
    return found[1] + _LINE_END.sub(b" ", found[2]) + found[3]


def digest(value: msgspec.Struct) -> str:
    """SHA-256 (hexadecimal) of the stored form."""
    return hashlib.sha256(encode(value)).hexdigest()


def decode(data: bytes, source: str | Path) -> CallFacts:
    """Facts from their stored form, this version's or the one before it.

    Raises:
        FactsError: not JSON, another schema, or fields that do not fit.
    """
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, ValueError) as error:
        found = _migrated(data)
        if found is None:
            raise _misfit(data, source, error) from None
        return found


_DECODER: Final = msgspec.json.Decoder(CallFacts)


_BEFORE: Final = "qinhe.facts/1"
"""Held each word and each cue of a turn as an object of its own."""


def _migrated(data: bytes) -> CallFacts | None:
    """Facts of the version before; ``None``: these are none."""
    try:
        found = msgspec.json.decode(data)
        if found["schema"] != _BEFORE:
            return None
        for turn in found["turns"]:
            turn["said"] = Said.of(msgspec.convert(turn.pop("words", ()), tuple[Word, ...]))
            if turn.get("prosody"):
                cues = msgspec.convert(turn["prosody"].get("cues", ()), tuple[Cue, ...])
                turn["prosody"]["cues"] = Cues.of(cues)
        return msgspec.convert(found | {"schema": SCHEMA}, CallFacts)
    except (msgspec.MsgspecError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _misfit(data: bytes, source: str | Path, error: Exception) -> FactsError:
    """Why this is no stored form of facts; worked out only when it is none."""
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, ValueError) as broken:  # such as bytes that are no UTF-8
        return FactsError(
            source,
            expected=f"facts as JSON (schema {SCHEMA})",
            found=f"something else ({broken})",
            remedy="make it with `qinhe measure`",
        )
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema != SCHEMA:
        found_here = f"schema {schema}" if schema else "no schema"
    else:
        found_here = f"a part that does not fit ({error})"
    return FactsError(
        source,
        expected=f"facts of schema {SCHEMA}",
        found=found_here,
        remedy="measure the recording again with this version of qinhe",
    )
