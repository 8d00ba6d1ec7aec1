"""How much speech of a party there was up to any time, and so under any words."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np

from pipeline.judge.lexicon.compiled import compiled
from pipeline.judge.lexicon.rows import Bools, Longs
from pipeline.judge.lexicon.script import Floats
from pipeline.timeline import Span

SHORTEST_S: Final = 0.001
"""Words of no length are taken for that long."""
_ROUNDING: Final = 1e-6


class SpeechHeard:
    """How much speech there was up to any time.

    Args:
        speech: of one party.
        reach: seconds by which each stretch is made longer on both sides.
    """

    def __init__(self, speech: Sequence[Span], reach: float) -> None:
        starts, ends = [-math.inf], [-math.inf]
        for start, end in sorted(
            [(max(0.0, span.start - reach), span.end + reach) for span in speech]
        ):
            if start <= ends[-1]:
                ends[-1] = max(ends[-1], end)
            else:
                starts.append(start)
                ends.append(end)
        self.starts = starts
        self.durations = [0.0, *[e - s for s, e in zip(starts[1:], ends[1:], strict=True)]]
        self.before = list(accumulate(self.durations[:-1], initial=0.0))
        """Seconds of speech before each stretch."""

    def until(self, time: float) -> float:
        """Seconds of speech before a time."""
        at = bisect_right(self.starts, time) - 1
        return self.before[at] + min(time - self.starts[at], self.durations[at])


class EverySpeech(NamedTuple):
    """The speech of several parties, one after the other (`SpeechHeard`)."""

    first: Longs
    """Where each party's stretches begin, one more at the end."""
    starts: Floats
    durations: Floats
    before: Floats

    @classmethod
    def of(cls, parties: Sequence[SpeechHeard]) -> EverySpeech:
        """In the order given."""
        counts = [len(each.starts) for each in parties]
        columns = [
            [value for each in parties for value in getattr(each, name)]
            for name in ("starts", "durations", "before")
        ]
        return cls(np.array([0, *accumulate(counts)]), *(np.array(each) for each in columns))


@compiled
def little_speech(spans: Floats, said_by: Longs, speech: EverySpeech, least: float) -> Bools:
    """Under which words there is less speech of their speaker than they should have.

    Args:
        spans: when they begin and end (2 × N).
        said_by: the number of their party in ``speech``; -1: none of these.
        speech: what is known of it.
        least: the share of their time that should be speech.
    """
    found = np.ones(len(said_by), np.bool_)
    for word in range(len(said_by)):
        party = said_by[word]
        if party >= 0:
            begin = spans[0, word]
            finish = max(spans[1, word], begin + SHORTEST_S)
            heard = _until(speech, party, finish) - _until(speech, party, begin)
            found[word] = heard / (finish - begin) < least + _ROUNDING
    return found


@compiled
def _until(speech: EverySpeech, party: int, time: float) -> float:
    """Seconds of a party's speech before a time."""
    low, high = speech.first[party], speech.first[party + 1]
    at = low + np.searchsorted(speech.starts[low:high], time, side="right") - 1
    return float(speech.before[at] + min(time - speech.starts[at], speech.durations[at]))
