"""Tells the forms of transcripts apart by what is in the file; its name is not asked."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.measure.imports.cues import Parsed, refuse
from pipeline.measure.imports.stm import looks_like_stm, read_stm
from pipeline.measure.imports.subtitles import TIMING, read_subtitles
from pipeline.measure.imports.vendors import read_json
from pipeline.timeline import FARTHEST_S


def parse(text: str, source: str | Path, recording: str | None = None) -> Parsed:
    """Reads a transcript of any known form.

    Args:
        text: the file's content.
        source: the file, for messages.
        recording: name of the recording, which picks its lines from an STM file of several.

    Raises:
        TranscriptError: no known form, or a part that does not fit its form, with the line.
    """
    return _checked(_parsed(text.lstrip("\ufeff"), source, recording), source)


def _parsed(text: str, source: str | Path, recording: str | None) -> Parsed:
    body = text.strip()
    if not body:
        refuse(source, "an empty file", "export the transcript again")
    if body.startswith(("{", "[{")):
        return read_json(body, source)
    if body.startswith("WEBVTT") or any(TIMING.match(line) for line in body.splitlines()):
        return read_subtitles(text, source)
    if re.match(r"(SPEAKER|SPKR-INFO|LEXEME)\s", body):
        refuse(source, "RTTM, which holds no words", "give the STM or subtitle file beside it")
    if looks_like_stm(body):
        return read_stm(text, source, recording)
    return refuse(source, f"text that begins {body[:20]!r}", "export it in one of these forms")


def _checked(parsed: Parsed, source: str | Path) -> Parsed:
    for cue in parsed.cues:
        for start, end in ((cue.start, cue.end), *((p.start, p.end) for p in cue.pieces)):
            if not 0 <= start <= end <= FARTHEST_S:
                refuse(
                    source,
                    f"{start:g} to {end:g} s",
                    "correct the times",
                    where=cue.where,
                    expected="a start that is not negative and not after the end",
                )
    return parsed
