"""RTTM and CTM, the line formats of NIST's scoring tools (RT-09 evaluation plan, appendices A, B).

Fields are parted by blanks, so names and words lose theirs.
"""

from __future__ import annotations

import re
from typing import Final

from pipeline.facts import CallFacts

_BLANKS: Final = re.compile(r"\s+")
_COMMENT: Final = ";;"


def rttm(facts: CallFacts) -> str:
    """Who makes speech sounds when: one ``SPEAKER`` line a stretch."""
    name = _field(facts.call_id)
    lines = sorted(
        (span.start, party.channel, span.duration, party.speaker)
        for party in facts.speakers
        for span in party.speech
    )
    return "".join(
        f"SPEAKER {name} {channel + 1} {start:.3f} {duration:.3f} <NA> <NA> {_field(speaker)}"
        " <NA> <NA>\n"
        for start, channel, duration, speaker in lines
    )


def ctm(facts: CallFacts) -> str:
    """Every word with its time and, where the recogniser gave one, its probability."""
    name = _field(facts.call_id)
    channels = {party.speaker: party.channel + 1 for party in facts.speakers}
    lines = []
    for turn in facts.turns:
        for word in turn.words:
            text = _field(word.text)
            sure = "NA" if word.probability is None else f"{word.probability:.3f}"
            at = channels.get(word.speaker, 1)
            start, duration = word.span.start, word.span.duration
            lines.append((at, start, f"{name} {at} {start:.3f} {duration:.3f} {text} {sure}\n"))
    return "".join(line for _, _, line in sorted(lines))


def _field(text: str) -> str:
    """One field: without blanks, and not what starts a comment."""
    field = _BLANKS.sub("_", text.strip())
    return field.replace(_COMMENT, ";") or "<NA>"
