"""NIST STM: ``file channel speaker start end [<labels>] words`` (sctk, stm.htm)."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.measure.imports.cues import Cue, Parsed, refuse
from pipeline.measure.imports.subtitles import role_like

_LINE = re.compile(r"(\S+)\s+(\S+)\s+(\S+)\s+(-?[\d.]+)\s+(-?[\d.]+)(?:\s+(.*))?$")
_LABELS = re.compile(r"<(?:[^<>]*,[^<>]*|o|f\d|male|female|na)>\s*", re.IGNORECASE)
_EITHER = re.compile(r"\{\s*([^/{}]*?)\s*/[^{}]*\}")
_MAY_BE_LEFT_OUT = re.compile(r"\(([^()]*)\)")
_IGNORED = ("ignore_time_segment_in_scoring", "inter_segment_gap", "excluded_region")


def looks_like_stm(text: str) -> bool:
    """Whether one of the first lines has the columns of STM."""
    return any(_LINE.match(line.strip()) for line in text.splitlines()[:50])


def read_stm(text: str, source: str | Path, recording: str | None) -> Parsed:
    """Reads STM.

    Where the speakers' names say nothing and the channels differ, the channel is the label.

    Raises:
        TranscriptError: a line that is none, or several recordings of which none is ``recording``.
    """
    rows: list[tuple[str, str, Cue]] = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith(";;"):
            continue
        row = _LINE.match(stripped)
        if row is None:
            refuse(
                source,
                repr(stripped[:60]),
                "correct the line",
                where=f"line {number}",
                expected="an STM line: file, channel, speaker, start, end, words",
            )
        if not any(ignored in stripped.lower() for ignored in _IGNORED):
            rows.append((row[1], row[2], _cue(row, f"line {number}", source)))
    chosen = _of_recording({file for file, _, _ in rows}, recording, source)
    mine = [(channel, cue) for file, channel, cue in rows if file == chosen]
    several = len({channel for channel, _ in mine}) > 1
    return Parsed(
        "STM",
        None,
        tuple(
            cue._replace(label=channel) if several and not role_like(cue.label or "") else cue
            for channel, cue in mine
        ),
    )


def _cue(row: re.Match[str], where: str, source: str | Path) -> Cue:
    words = row[6] or ""
    if match := _LABELS.match(words):
        words = words[match.end() :]
    words = _EITHER.sub(r"\1", words).replace("@", " ")
    words = _MAY_BE_LEFT_OUT.sub(r"\1", words)  # when scoring; it was said
    try:
        return Cue(row[3], float(row[4]), float(row[5]), words, (), where)
    except ValueError:
        refuse(
            source,
            f"{row[4]} and {row[5]}",
            "correct the times",
            where=where,
            expected="start and end in seconds",
        )


def _of_recording(files: set[str], recording: str | None, source: str | Path) -> str | None:
    if len(files) < 2:
        return next(iter(files), None)
    stem = Path(recording or "").stem
    fitting = [file for file in files if file == stem] or [
        file for file in files if stem and (file in stem or stem in file)
    ]
    if len(fitting) == 1:
        return fitting[0]
    return refuse(
        source,
        f"lines of {len(files)} recordings ({', '.join(sorted(files)[:4])} …)",
        "keep the lines of this recording only",
        expected=f"one recording's lines, or some named like {stem or 'the recording'}",
    )
