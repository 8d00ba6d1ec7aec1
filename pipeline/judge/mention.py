"""A phrase said, and how much speech there was under it."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.judge.lexicon.phrases import quoted
from pipeline.judge.lexicon.script import Floats
from pipeline.scorecard import Evidence, Text
from pipeline.timeline import Span, union

if TYPE_CHECKING:
    from pipeline.judge.view import View

QUOTED = Text(zh="转述他人的话，不计", en="reports someone else's words; not counted")
NEGATED = Text(zh="被否定，不计", en="negated; not counted")


class Mention:
    """A phrase said, with what makes it count or not.

    What costs time (its words, whether the sound bears them out) is worked out when asked for:
    most mentions are only looked at.
    """

    __slots__ = ("_known", "_problem", "_span", "better", "end", "negatable", "phrase",
                 "similarity", "speaker", "start", "turn", "view")  # fmt: skip

    def __init__(
        self,
        view: View,
        start: int,
        end: int,
        phrase: str,
        similarity: float | None,
        better: str | None = None,
        negatable: bool = False,
    ) -> None:
        self.view = view
        self.start = start
        self.end = end
        self.turn = view.script.turn_of[start]
        self.speaker = view.turns[self.turn].speaker
        self.phrase = phrase
        self.similarity = similarity
        self.better = better
        self.negatable = negatable
        self._known = False
        self._problem: Text | None = None
        self._span: Span | None = None

    @property
    def span(self) -> Span:
        """When it was said."""
        if self._span is None:
            self._span = self.view.script.span(self.start, self.end)
        return self._span

    @property
    def words(self) -> str:
        """What was said, as heard."""
        return self.view.said(self.start, self.end)

    @property
    def quoted(self) -> int | None:
        """Units between reporting words and this; ``None``: not reported speech."""
        return quoted(self.view.script, self.start, self.view.reports)

    @property
    def problem(self) -> Text | None:
        """Why it does not count; ``None``: it does."""
        if not self._known:
            self._problem = self._why_not()
            self._known = True
        return self._problem

    def _why_not(self) -> Text | None:
        if self.negatable and self.view.book.negated(self.view.script, self.start):
            return NEGATED
        return self.view.unsupported(self.speaker, self.start, self.end)

    def evidence(self, note: Text | None = None, problem: Text | None = None) -> Evidence:
        """As a moment that a finding rests on."""
        problem = problem or self.problem
        return Evidence(
            span=self.span.rounded(),
            speaker=self.speaker,
            words=self.words,
            phrase=self.phrase,
            similarity=None if self.similarity is None else round(self.similarity, 3),
            counts=problem is None,
            note=problem or note,
            rewrite=self.better,
        )


class SpeechHeard:
    """How much speech there was up to any time."""

    def __init__(self, speech: Sequence[Span], reach: float) -> None:
        spans = union(Span(max(0.0, each.start - reach), each.end + reach) for each in speech)
        self._starts = [span.start for span in spans]
        self._durations = [span.duration for span in spans]
        self._before = [0.0, *itertools.accumulate(self._durations)]

    def until(self, time: float) -> float:
        """Seconds of speech before ``time``."""
        at = bisect_right(self._starts, time) - 1
        if at < 0:
            return 0.0
        return self._before[at] + min(time - self._starts[at], self._durations[at])

    def untils(self, times: Floats) -> Floats:
        """The same for many times at once."""
        if not self._starts:
            return np.zeros(len(times))
        at = np.searchsorted(self._starts, times, side="right") - 1
        inside = np.minimum(times - np.array(self._starts)[at], np.array(self._durations)[at])
        return np.where(at < 0, 0.0, np.array(self._before)[at] + inside)
