"""WebVTT (W3C): one cue a turn, the speaker as its voice."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.facts import CallFacts


def webvtt(facts: CallFacts) -> str:
    """The transcript as captions; turns without words have no cue."""
    return "\n".join(_lines(facts))


def _lines(facts: CallFacts) -> Iterator[str]:
    yield "WEBVTT"
    yield ""
    number = 0
    for turn in facts.turns:
        text = _escaped(turn.text)
        if not text or turn.span.duration <= 0:
            continue
        number += 1
        yield str(number)
        yield f"{_time(turn.span.start)} --> {_time(turn.span.end)}"
        yield f"<v {_annotation(turn.speaker)}>{text}"
        yield ""


def _time(seconds: float) -> str:
    whole = round(seconds * 1000)
    minutes, milliseconds = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"


def _escaped(text: str) -> str:
    # A blank line ends a cue, and "-->" would begin another.
    one_line = " ".join(text.split())
    return one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _annotation(speaker: str) -> str:
    return _escaped(speaker) or "speaker"
