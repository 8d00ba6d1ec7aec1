"""A call in the forms that other tools read.

`webvtt` for players, `textgrid` for Praat and ELAN, `rttm` and `ctm` for scoring tools, `vcon` for
exchange between systems, `contactlens` for what was built on Amazon Connect. Each takes facts that
are masked already, if they are to be (`pipeline.report.privacy`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pipeline.facts import CallFacts
from pipeline.report.formats.contactlens import contact_lens
from pipeline.report.formats.lines import ctm, rttm
from pipeline.report.formats.textgrid import textgrid
from pipeline.report.formats.vcon import Conversation, vcon
from pipeline.report.formats.webvtt import webvtt

__all__ = ["SUFFIXES", "Conversation", "written"]

_PLAIN: Final[Mapping[str, Callable[[CallFacts], str]]] = {
    "webvtt": webvtt,
    "textgrid": textgrid,
    "rttm": rttm,
    "ctm": ctm,
}
SUFFIXES: Final = {
    "webvtt": "vtt",
    "textgrid": "TextGrid",
    "rttm": "rttm",
    "ctm": "ctm",
    "vcon": "vcon.json",
    "contactlens": "contactlens.json",
}


def written(form: str, conversation: Conversation) -> bytes:
    """The call in one of `SUFFIXES`' forms, as its file's bytes."""
    if form == "vcon":
        return vcon(conversation)
    if form == "contactlens":
        return contact_lens(conversation.facts, conversation.masked)
    return _PLAIN[form](conversation.facts).encode()
