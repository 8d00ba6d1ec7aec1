"""Spans of time and their algebra.

A `Span` is a closed-open stretch of seconds. A *timeline* is a tuple of spans in time order that
neither touch nor overlap; every function here that returns several spans returns a timeline, and
accepts any iterable of spans. The laws that tie the functions together are property-tested in
``tests/properties/test_timeline.py``.

The design follows ``pyannote.core.Segment``: a small frozen value, and functions over it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from operator import attrgetter
from typing import Final

import msgspec

FARTHEST_S: Final = 1e9
"""Nothing that was recorded lies 31 years away: such a number is damage."""


class Span(msgspec.Struct, frozen=True, order=True, gc=False):
    """A stretch of time, ``start`` (included) to ``end`` (excluded), in seconds.

    Raises:
        ValueError: a bound is no time of a recording, or ``end`` lies before ``start``.
    """

    start: float
    end: float

    def __post_init__(self) -> None:
        if not -FARTHEST_S <= self.start <= self.end <= FARTHEST_S:  # quick: facts hold thousands
            raise ValueError(self._fault())

    def _fault(self) -> str:
        if not (math.isfinite(self.start) and math.isfinite(self.end)):
            return f"a span needs finite bounds, found {self.start} to {self.end}"
        if self.start > self.end:
            return f"a span cannot end before it starts: {self.start} to {self.end}"
        return f"a span lies within a recording, not {self.start} to {self.end}"

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    @property
    def middle(self) -> float:
        """The time half-way, in seconds."""
        return (self.start + self.end) / 2

    def __contains__(self, time: float) -> bool:
        return self.start <= time < self.end

    def overlap(self, other: Span) -> float:
        """Seconds that both spans share; 0 where they are apart."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))

    def shifted(self, seconds: float) -> Span:
        """The same span, later by ``seconds``."""
        return Span(self.start + seconds, self.end + seconds)

    def rounded(self) -> Span:
        """Bounds on whole milliseconds; facts round once, when they are built."""
        return Span(round(self.start, 3), round(self.end, 3))


Timeline = tuple[Span, ...]


def total(spans: Iterable[Span]) -> float:
    """Sum of the durations, in seconds; overlapping spans count twice (`union` them first)."""
    return math.fsum(span.duration for span in spans)


def bridge(spans: Iterable[Span], gap_s: float) -> Timeline:
    """Join spans that are at most ``gap_s`` seconds apart. Empty spans are dropped."""
    joined: list[Span] = []
    for span in sorted(span for span in spans if span.end > span.start):
        if joined and span.start - joined[-1].end <= gap_s:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def union(*timelines: Iterable[Span]) -> Timeline:
    """Every moment that is in at least one of the spans."""
    return bridge((span for spans in timelines for span in spans), 0.0)


def intersection(first: Iterable[Span], second: Iterable[Span]) -> Timeline:
    """Every moment that is in both."""
    left, right = union(first), union(second)
    shared: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i].start, right[j].start), min(left[i].end, right[j].end)
        if start < end:
            shared.append(Span(start, end))
        if left[i].end < right[j].end:
            i += 1
        else:
            j += 1
    return tuple(shared)


def clipped(timeline: Timeline, within: Span) -> Timeline:
    """What of a timeline lies within a span: their `intersection`, found by bisection.

    For asking a long timeline about each of many spans, such as a call's speech about every turn.
    """
    first = bisect_right(timeline, within.start, key=attrgetter("end"))
    last = bisect_left(timeline, within.end, lo=first, key=attrgetter("start"))
    return intersection(timeline[first:last], (within,))


def gaps(spans: Iterable[Span], within: Span) -> Timeline:
    """Every moment of ``within`` that no span covers."""
    free: list[Span] = []
    at = within.start
    for span in union(spans):
        if span.start >= within.end:
            break
        if span.start > at:
            free.append(Span(at, span.start))
        at = max(at, span.end)
    if at < within.end:
        free.append(Span(at, within.end))
    return tuple(free)


def difference(first: Iterable[Span], second: Iterable[Span]) -> Timeline:
    """Every moment of ``first`` that is not in ``second``."""
    removed = union(second)
    return tuple(free for span in union(first) for free in gaps(removed, span))


def at_least(spans: Iterable[Span], seconds: float) -> Timeline:
    """The spans that last ``seconds`` or longer."""
    return tuple(span for span in union(spans) if span.duration >= seconds)


def padded(spans: Iterable[Span], before_s: float, after_s: float, within: Span) -> Timeline:
    """Each span made longer on both sides, cut at ``within``, joined where they then meet."""
    return intersection(
        (Span(span.start - before_s, span.end + after_s) for span in spans), (within,)
    )
