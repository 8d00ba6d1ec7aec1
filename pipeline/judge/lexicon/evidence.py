"""How strongly stretches of talk speak for each meaning, and which of their words do.

A stretch is a run of one to `RUN` pieces of a sentence, or a sentence. The sums of pieces add up to
those of longer stretches, so all stretches cost little more than one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from pipeline.judge.lexicon.compiled import compiled, inlined
from pipeline.judge.lexicon.grams import LONGEST, PLACES, Pieces, length
from pipeline.judge.lexicon.rows import Bools, Longs
from pipeline.judge.lexicon.script import Floats
from pipeline.judge.lexicon.weights import Singles, Steps, Sums

RUN: Final = 3
"""Pieces in a row that are looked at together …"""
MAX_SENTENCE: Final = 8
"""… and those of a whole sentence, if it is no longer."""
_SHARES: Final = np.array([0, *(12 // length for length in range(1, LONGEST + 1))])
"""Of an n-gram's weight each of its tokens has a part; in twelfths all are whole numbers."""


class Known(NamedTuple):
    """The pieces of a call in which the model knows n-grams (P)."""

    first: Longs
    """Where the n-grams of each begin; one more at the end."""
    begin: Longs
    """Its tokens: from here …"""
    finish: Longs
    """… to before here."""
    sentence: Longs
    """A number for the sentence it is in."""
    party: Longs
    """Who says it (`BY_AGENT` …)."""


@compiled
def known_in(pieces: Pieces, at: Longs, party: Longs) -> Known:
    """The pieces that have any n-grams.

    Args:
        pieces: all of them.
        at: where the n-grams are, in order (`grams.keys_of`).
        party: who says each unit of the script.
    """
    _, script, place, _, sentences, edges = pieces
    first, begin, finish, sentence, by = np.empty((5, len(edges)), np.int64)
    count, gram, unit = 0, 0, 0
    for piece in range(len(sentences)):
        first[count] = gram
        while gram < len(at) and at[gram] < edges[piece + 1] * PLACES:
            gram += 1
        while unit + 1 < len(place) and place[unit + 1] < edges[piece + 1]:
            unit += 1
        if gram > first[count]:
            begin[count], finish[count] = edges[piece], edges[piece + 1]
            sentence[count], by[count] = sentences[piece], party[script[unit]]
            count += 1
    first[count] = gram
    return Known(first[: count + 1], begin[:count], finish[:count], sentence[:count], by[:count])


@compiled
def runs_of(sentence: Longs) -> tuple[Longs, Longs]:
    """Every run of up to `RUN` pieces in a sentence, and every sentence: first and past last.

    By sentence, of each the shortest runs first.
    """
    low, high = np.empty((2, (RUN + 1) * len(sentence)), np.int64)
    count, begin = 0, 0
    while begin < len(sentence):
        end = begin + 1
        while end < len(sentence) and sentence[end] == sentence[begin]:
            end += 1
        for size in range(1, min(end - begin, MAX_SENTENCE) + 1):
            if size > RUN and size < end - begin:
                continue
            for first in range(begin, end - size + 1):
                low[count], high[count] = first, first + size
                count += 1
        begin = end
    return low[:count], high[:count]


@compiled
def likeliest(
    known: Known, sums: Sums, least: Floats, scale: Singles, bias: Floats
) -> tuple[Longs, Floats, Longs, Longs]:
    """The likeliest stretch of each sentence for each list that it is sure enough of.

    Args:
        known: the pieces (P).
        sums: what they say for and against each list (P × L and more).
        least: by party and list, the sum over the root of the length from which it counts.
        scale: logits in a step (L).
        bias: of each list, in logits (L).

    Returns:
        Of each its list, its score in logits, and its pieces: from where to before where.
    """
    _, begins, finishes, sentence, party = known
    count, lists = len(sums), len(bias)
    total, tokens = np.zeros((count + 1, lists), np.int64), np.zeros(count + 1, np.int64)
    for piece in range(count):
        total[piece + 1] = total[piece] + sums[piece, :lists]
        tokens[piece + 1] = tokens[piece] + finishes[piece] - begins[piece]
    lows, highs = runs_of(sentence)
    which, low, high = np.empty((3, count * lists), np.int64)
    score, best = np.empty(count * lists), np.empty(lists)
    first_of, last_of = np.zeros((2, lists), np.int64)
    found = 0
    for run in range(len(lows)):
        first, last = lows[run], highs[run]
        root, by = np.sqrt(tokens[last] - tokens[first]), party[first]
        for at in range(lists):
            evidence = total[last, at] - total[first, at]
            if evidence < least[by, at] * root:
                continue
            logit = evidence * np.float64(scale[at]) / root + bias[at]
            if not last_of[at] or logit > best[at]:
                best[at], first_of[at], last_of[at] = logit, first, last
        if run + 1 < len(lows) and sentence[lows[run + 1]] == sentence[first]:
            continue
        for at in range(lists):
            if last_of[at]:
                which[found], score[found] = at, best[at]
                low[found], high[found] = first_of[at], last_of[at]
                found += 1
        last_of[:] = 0
    return which[:found], score[:found], low[:found], high[:found]


class Taken(NamedTuple):
    """Where lists have their words already: by list from which place to before which other one."""

    first: Longs
    last: Longs
    starts: Longs
    """Where in the script each place starts; those of a list in order …"""
    ends: Longs
    """… and ends."""


@compiled
def free(taken: Taken, which: Longs, low: Longs, high: Longs) -> Bools:
    """Which stretches of the script hold no words of their list yet."""
    found = np.ones(len(which), np.bool_)
    for at in range(len(which)):
        for place in range(taken.first[which[at]], taken.last[which[at]]):
            if taken.starts[place] >= high[at]:
                break
            if low[at] < taken.ends[place]:
                found[at] = False
    return found


class Talk(NamedTuple):
    """N-grams that were said."""

    at: Longs
    """Where each is (`grams.keys_of`) …"""
    gram: Longs
    """… and which."""


@compiled
def cores(
    talk: Talk, steps: Steps, which: Longs, first: Longs, last: Longs, begin: Longs, finish: Longs
) -> tuple[Longs, Longs]:
    """Of stretches the run of tokens that speaks for a list most: Kadane's maximum sum.

    An n-gram's weight is shared out evenly among its tokens. Of runs that weigh the same it is the
    first and the shortest.

    Args:
        talk: what was said.
        steps: by n-gram and list its weight.
        which: the list of each stretch.
        first: its n-grams: from here …
        last: … to before here.
        begin: its tokens: from here …
        finish: … to before here.

    Returns:
        The first token of each run and the one past its last.
    """
    starts, ends = np.empty((2, len(which)), np.int64)
    for hit in range(len(which)):
        change = np.zeros(finish[hit] - begin[hit] + 1, np.int64)
        for number in range(first[hit], last[hit]):
            at = talk.at[number]
            start, size = at // PLACES, length(at)
            share = steps[talk.gram[number], which[hit]] * _SHARES[size]
            change[start - begin[hit]] += share
            # Some reach out of the stretch.
            change[min(start + size, finish[hit]) - begin[hit]] -= share
        start, end = _fullest(change)
        starts[hit], ends[hit] = begin[hit] + start, begin[hit] + end
    return starts, ends


@inlined
def _fullest(change: Longs) -> tuple[int, int]:
    """The run with the largest sum, from how much each token weighs more than the one before."""
    level, total = change[0], change[0]
    lowest, lowest_at = 0, 0
    best, begin, end = total, 0, 1
    for token in range(1, len(change) - 1):
        if total <= lowest:
            lowest, lowest_at = total, token
        level += change[token]
        total += level
        if total - lowest > best:
            best, begin, end = total - lowest, lowest_at, token + 1
    return begin, end
