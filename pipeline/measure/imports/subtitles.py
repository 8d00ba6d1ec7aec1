"""WebVTT (W3C) and SubRip: cues with clock times; speakers as voices, or names before a colon."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from pipeline.measure.imports.cues import Cue, Parsed, refuse
from pipeline.measure.words import Piece

_CLOCK = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
TIMING = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?$")
_INNER_CLOCK = re.compile(rf"<{_CLOCK}>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>]*)>", re.IGNORECASE)
_PREFIX = re.compile(
    r"\s*(?:(?:\{[^{}]*\}|<[^<>]*>|[-–—])\s*)*"
    r"(?:[\[【]([^\[\]【】:：]{1,40})[\]】]\s*[:：]?|([^\s:：<>\[\]][^:：<>\[\]]{0,39})[:：])"
    r"(?P<rest>.*)$",
    re.DOTALL,
)
_ROLE_LIKE = re.compile(
    r"(agent|caller|customer|client|rep|operator|advisor|csr|user|system|ivr|bot"
    r"|speaker|spk|channel|ch|说话人|发言人|坐席|座席|客服|客户|顾客|用户|来电|话务员)[\s_\-]*\w?\d*",
    re.IGNORECASE,
)


def role_like(label: str) -> bool:
    """Whether a name before a colon is a speaker's by itself."""
    return _ROLE_LIKE.fullmatch(label) is not None


def read_subtitles(text: str, source: str | Path) -> Parsed:
    """Reads WebVTT or SubRip.

    Raises:
        TranscriptError: a line of times that cannot be read.
    """
    vtt = text.lstrip().startswith("WEBVTT")
    cues = [cue for block in _blocks(text.splitlines(), vtt) for cue in _cue(*block, source)]
    labels = _prefix_labels(cues)
    return Parsed(
        "WebVTT" if vtt else "SRT", None, tuple(_without_prefix(cue, labels) for cue in cues)
    )


def _blocks(lines: list[str], vtt: bool) -> Iterator[tuple[int, str, list[str]]]:
    """(line number, line of times, lines of text) of every cue.

    In WebVTT a blank line ends a cue and what stands between cues is notes and styles. SubRip is
    written by hand: there text may hold blank lines, or the blank line before a cue be missing.
    """
    arrows = [index for index, line in enumerate(lines) if "-->" in line]
    for arrow, following in pairwise([*arrows, len(lines)]):
        said = lines[arrow + 1 : following]
        if vtt:
            blank = next((i for i, line in enumerate(said) if not line.strip()), len(said))
            said = said[:blank]
        elif following < len(lines) and said and said[-1].strip().isdigit():
            said = said[:-1]  # the number of the next cue
        yield arrow + 1, lines[arrow], [line for line in said if line.strip()]


def _cue(number: int, times: str, said: list[str], source: str | Path) -> Iterator[Cue]:
    timing = TIMING.match(times)
    if timing is None:
        refuse(
            source,
            repr(times.strip()[:60]),
            "correct the line",
            where=f"line {number}",
            expected="times such as 00:00:01.000 --> 00:00:04.500",
        )
    clocks = timing.groups()
    start, end = _clock(clocks[:4]), _clock(clocks[4:8])
    yield from _voices("\n".join(said), start, end, f"line {number}")


def _clock(groups: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = groups
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + int((fraction or "0").ljust(3, "0")) / 1000


def _voices(payload: str, start: float, end: float, where: str) -> Iterator[Cue]:
    """One cue per voice; voices in the same cue share its time by their length."""
    head, *rest = _VOICE.split(payload)
    said = [(None, head), *zip(rest[::2], rest[1::2], strict=True)]
    lines = [(who, line) for who, text in said for line in _lines(text)]
    whole = sum(len(line) for _, line in lines)
    done = 0
    for who, line in lines:
        at = start + (end - start) * done / whole
        done += len(line)
        until = start + (end - start) * done / whole
        label = html.unescape(who).strip() or None if who else None
        yield Cue(label, at, until, line, tuple(_inner_times(line, at, until)), where)


def _lines(text: str) -> list[str]:
    """Lines that each begin with a dash or a name are of different people; others go together."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(_PREFIX.match(line) or line.lstrip()[0] in "-–—" for line in lines):
        return lines
    return [" ".join(lines)] if lines else []


def _inner_times(text: str, start: float, end: float) -> Iterator[Piece]:
    """Parts of a cue between the times inside it (<00:00:02.480>)."""
    parts = _INNER_CLOCK.split(text)
    if len(parts) == 1:
        return
    clocks = [_clock(parts[i : i + 4]) for i in range(1, len(parts), 5)]
    edges = [start, *clocks, max(end, *clocks)]
    for index, part in enumerate(parts[::5]):
        yield Piece(part, edges[index], edges[index + 1])


def _prefix_labels(cues: Sequence[Cue]) -> frozenset[str]:
    """Names before a colon that are speakers: known roles, or names that come again.

    "时间：三点" once is a sentence; a name that begins several cues, or every cue, is a speaker.
    """
    found: dict[str, int] = {}
    unnamed = [cue for cue in cues if cue.label is None]
    for cue in unnamed:
        if label := _prefix(cue.text)[0]:
            found[label] = found.get(label, 0) + 1
    everywhere = sum(found.values()) == len(unnamed)
    return frozenset(label for label, n in found.items() if everywhere or n > 1 or role_like(label))


def _prefix(text: str) -> tuple[str | None, str]:
    match = _PREFIX.match(text)
    if match is None:
        return None, text
    label, rest = (match[1] or match[2]).strip(), match["rest"]
    if label[-1:].isdigit() and rest[:1].isdigit():  # 9:30 is a time
        return None, text
    return label, rest


def _without_prefix(cue: Cue, labels: frozenset[str]) -> Cue:
    label, rest = _prefix(cue.text)
    if cue.label is not None or label not in labels:
        return cue
    pieces = cue.pieces
    if pieces:
        pieces = (pieces[0]._replace(text=_prefix(pieces[0].text)[1]), *pieces[1:])
    return cue._replace(label=label, text=rest, pieces=pieces)
