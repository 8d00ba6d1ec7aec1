"""A phrase said, and whether it counts."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pipeline.judge.hearing import Hearing
from pipeline.scorecard import Evidence, Text
from pipeline.timeline import Span


class Mention(msgspec.Struct, eq=False, gc=False):
    """A phrase said, with what makes it count or not.

    What costs time (its words, when they were said) is worked out when asked for: most mentions
    are only looked at.
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
    problem: Text | None = None
    """Why it does not count; ``None``: it does."""
    like: Callable[[], str] | None = None
    """Of what the text model understood: the nearest written example, in place of a phrase."""
    _words: str | None = None
    _shown: Evidence | None = None

    @property
    def begins(self) -> float:
        """When it begins, in seconds."""
        return self.hearing.script.begins.item(self.start)

    @property
    def finishes(self) -> float:
        """When it ends."""
        script = self.hearing.script
        return max(script.begins.item(self.start), script.finishes.item(self.end - 1))

    @property
    def span(self) -> Span:
        """When it was said."""
        return self.hearing.script.span(self.start, self.end)

    @property
    def words(self) -> str:
        """What was said, as heard."""
        if self._words is None:
            self._words = self.hearing.said(self.start, self.end)
        return self._words

    @property
    def quoted(self) -> int | None:
        """Units between reporting words and this; ``None``: not reported speech."""
        return self.hearing.quoted(self.start)

    @property
    def shown_similarity(self) -> float | None:
        """On three decimals; most are exact."""
        similarity = self.similarity
        return similarity if similarity in (1.0, None) else round(similarity, 3)

    def evidence(self, note: Text | None = None, problem: Text | None = None) -> Evidence:
        """As a moment that a finding rests on."""
        if note is not None or problem is not None:
            return self._evidence(note, problem or self.problem)
        if self._shown is None:  # several findings show the same
            self._shown = self._evidence(None, self.problem)
        return self._shown

    def _evidence(self, note: Text | None, problem: Text | None) -> Evidence:
        if self.like is not None:  # looked up once, however many findings show it
            self.phrase, self.like = self.like(), None
        return Evidence(
            span=self.hearing.script.shown_span(self.start, self.end),
            speaker=self.speaker,
            words=self.words,
            phrase=self.phrase,
            similarity=self.shown_similarity,
            counts=problem is None,
            note=problem or note,
            rewrite=self.better,
        )
