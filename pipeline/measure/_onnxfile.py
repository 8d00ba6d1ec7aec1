"""The trained arrays of an ONNX file, without the package onnx (its schema is onnx.proto3).

What is read of the format: ModelProto.graph (field 7), GraphProto.initializer (5), and of a
TensorProto its dims (1), data_type (2), name (8) and raw_data (9).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_FLOAT: Final = 1
_VARINT, _EIGHT_BYTES, _COUNTED, _FOUR_BYTES = 0, 1, 2, 5


def float_arrays(data: bytes) -> dict[str, FloatArray]:
    """Every float32 array of the graph, by name.

    Raises:
        ValueError: no such file, or one that is cut short.
    """
    view = memoryview(data)
    found = {}
    for graph in _parts(view, 7):
        for tensor in _parts(graph, 5):
            name, raw = (b"".join(_parts(tensor, field)) for field in (8, 9))
            if raw and next(_numbers(tensor, 2), None) == _FLOAT:
                shape = tuple(_numbers(tensor, 1))
                found[name.decode()] = np.frombuffer(raw, "<f4").reshape(shape)
    return found


def _parts(message: memoryview, wanted: int) -> Iterator[memoryview]:
    """The strings, bytes and messages of one field."""
    for field, value in _fields(message):
        if field == wanted and isinstance(value, memoryview):
            yield value


def _numbers(message: memoryview, wanted: int) -> Iterator[int]:
    """The whole numbers of one field, packed or not."""
    for field, value in _fields(message):
        if field == wanted and isinstance(value, int):
            yield value
        elif field == wanted and isinstance(value, memoryview):
            at = 0
            while at < len(value):
                number, at = _varint(value, at)
                yield number


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of every field of a message in Protocol Buffers' wire format."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        field, kind = key >> 3, key & 7
        if kind == _VARINT:
            number, at = _varint(message, at)
            yield field, number
            continue
        if kind == _COUNTED:
            length, at = _varint(message, at)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        if at + length > len(message):
            raise ValueError("the file is cut short")
        yield field, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
    raise ValueError("the file is cut short, or is no ONNX file")
