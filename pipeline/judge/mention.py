"""A phrase said, and whether it counts."""

from __future__ import annotations

from typing import Literal

import msgspec

from pipeline.judge.hearing import Hearing
from pipeline.scorecard import Evidence, Text
from pipeline.timeline import Span

QUOTED = Text(zh="转述他人的话，不计", en="reports someone else's words; not counted")
NEGATED = Text(zh="被否定，不计", en="negated; not counted")


class Mention(msgspec.Struct, eq=False, gc=False):
    """A phrase said, with what makes it count or not.

    What costs time (its words, whether the sound bears them out) is worked out when asked for:
    most mentions are only looked at.
    """

    hearing: Hearing
    start: int
    """Where it starts in the script …"""
    end: int
    """… and ends."""
    turn: int
    speaker: str
    phrase: str
    """What it was taken for, as written in the lexicon or the rubric."""
    similarity: float | None
    better: str | None = None
    """What to say instead."""
    negatable: bool = False
    _span: Span | None = None
    _problem: Text | Literal["unknown"] | None = "unknown"

    @property
    def span(self) -> Span:
        """When it was said."""
        if self._span is None:
            self._span = self.hearing.script.span(self.start, self.end)
        return self._span

    @property
    def words(self) -> str:
        """What was said, as heard."""
        return self.hearing.said(self.start, self.end)

    @property
    def quoted(self) -> int | None:
        """Units between reporting words and this; ``None``: not reported speech."""
        return self.hearing.quoted(self.start)

    @property
    def problem(self) -> Text | None:
        """Why it does not count; ``None``: it does."""
        if self._problem == "unknown":
            self._problem = self._why_not()
        return self._problem

    def _why_not(self) -> Text | None:
        if self.negatable and self.hearing.negated(self.start):
            return NEGATED
        return self.hearing.unsupported(self.speaker, self.start, self.end)

    def evidence(self, note: Text | None = None, problem: Text | None = None) -> Evidence:
        """As a moment that a finding rests on."""
        problem = problem or self.problem
        return Evidence(
            span=self.hearing.script.span(self.start, self.end, digits=3),
            speaker=self.speaker,
            words=self.hearing.said(self.start, self.end),
            phrase=self.phrase,
            similarity=None if self.similarity is None else round(self.similarity, 3),
            counts=problem is None,
            note=problem or note,
            rewrite=self.better,
        )
