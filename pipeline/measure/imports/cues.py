"""What every form of transcript is read into."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from pipeline.errors import TranscriptError
from pipeline.measure.words import UNHEARD, Piece

READABLE: Final = (
    "a transcript: JSON (qinhe.transcript/1, Contact Lens, Transcribe, Whisper), WebVTT, SRT or STM"
)


class Cue(NamedTuple):
    """What one label said between two times, in seconds.

    Attributes:
        label: the speaker as the file names it, ``None`` where it names none.
        pieces: parts with times of their own, where the file has them.
        where: for error messages ("line 12").
    """

    label: str | None
    start: float
    end: float
    text: str
    pieces: tuple[Piece, ...]
    where: str


class Parsed(NamedTuple):
    """A transcript file as it stands; ``language`` as the file writes it."""

    form: str
    language: str | None
    cues: tuple[Cue, ...]


def refuse(
    source: str | Path, found: str, remedy: str, *, where: str = "", expected: str = READABLE
) -> NoReturn:
    """Raises the error for a file, or for a place in it."""
    at = f"{source}, {where}" if where else source
    raise TranscriptError(at, expected=expected, found=found, remedy=remedy)


_UNHEARD_MARKERS = re.compile(
    r"unk|unintelligible|inaudible|indiscernible|pii|redacted|xxx+|听不清|听不清楚|不清楚|\?+|？+",
    re.IGNORECASE,
)
_MARKER = re.compile(
    r"\[([^\[\]]{0,80})\]|<([^<>]{0,80})>|\{([^{}]{0,80})\}|【([^【】]{0,80})】"
    r"|\(([^()\d]{0,80})\)|（([^（）\d]{0,80})）|♪([^♪]*)♪?"
)
_TAG = re.compile(r"</?(?:[biuvc]|ruby|rt|lang|font|span)(?:[\s.][^<>]*)?>", re.IGNORECASE)
_HESITATION = re.compile(r"(?<!\w)[%&]\w+")


def spoken(text: str) -> str:
    """The text without markup and notes ([noise], <i>, （笑声）, %hesitation).

    Speech that the transcriber could not or must not write ([unintelligible], <unk>, [PII])
    becomes `UNHEARD`: it took time, though it has no words.
    """
    return _HESITATION.sub(" ", _MARKER.sub(_replaced, html.unescape(text)))


def _replaced(match: re.Match[str]) -> str:
    if _TAG.fullmatch(match[0]):  # inside a word, it may be
        return ""
    inside = next((group for group in match.groups() if group is not None), "").strip()
    return f" {UNHEARD} " if _UNHEARD_MARKERS.fullmatch(inside) else " "
