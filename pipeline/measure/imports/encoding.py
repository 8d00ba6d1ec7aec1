"""Text files as they come: UTF-8, UTF-16, UTF-32, GB 18030."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from pipeline.measure.imports.cues import READABLE, refuse

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def read_text(path: Path, largest_mb: float) -> str:
    """A text file's content.

    Args:
        path: the file.
        largest_mb: files of more MiB are not read at all.

    Raises:
        TranscriptError: no such file, too large, or not text in any of these encodings.
    """
    try:
        if not path.is_file():
            refuse(path, _kind(path), "check the path")
        size = path.stat().st_size
        if size > largest_mb * 2**20:
            refuse(
                path,
                f"{size / 2**20:.0f} MiB",
                "give the transcript of one call",
                expected=f"a transcript of at most {largest_mb:g} MiB",
            )
        data = path.read_bytes()
    except OSError as error:
        refuse(path, f"a file that cannot be read ({error.strerror})", "check its permissions")
    return _decoded(data, path)


def _kind(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    return "something that is no file" if path.exists() else "no such file"


def _decoded(data: bytes, path: Path) -> str:
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _NOT_TEXT.search(text):
            return text
    return refuse(
        path,
        "bytes that are no text in any of these",
        "save it again as UTF-8",
        expected=f"{READABLE}, in UTF-8, UTF-16 or GB 18030",
    )


def _encodings(data: bytes) -> list[str]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return [encoding]
    # UTF-16 without its mark: the forms all begin with characters below 256.
    if data[1:2] == b"\0":
        return ["utf-16-le"]
    if data[:1] == b"\0":
        return ["utf-16-be"]
    return ["utf-8", "gb18030"]
