"""Which of the phrases that were found in a call are hits: the best that do not overlap."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.judge.lexicon.chains import COST, END, ENTRY, START, Chains, chained
from pipeline.judge.lexicon.compiled import compiled
from pipeline.judge.lexicon.match import Places
from pipeline.judge.lexicon.rows import BY_ANYONE, Bools, Longs, Spread, with_room


class EntryTables(NamedTuple):
    """By entry, and the entries of literals."""

    of: Spread
    """Those that are one literal."""
    phrases: Longs
    """The list of each …"""
    excepting: Bools
    """… and whether it is an exception of it."""


@compiled
def hits_in(
    entries: EntryTables, chains: Chains, places: Places, party: Longs, sections: Longs
) -> tuple[Longs, Longs]:
    """The hits of a call, and all that they were chosen from, exceptions too.

    Args:
        entries: what is one literal.
        chains: what has gaps in it.
        places: where literals were found.
        party: who says each unit.
        sections: a number for each unit, another one after each full stop and each turn.

    Returns:
        Rows of entry, start, end and cost, by list, party and start.
    """
    with_gaps = chained(chains, places, party, sections)
    found = np.concatenate((_simple(entries, places, party), with_gaps))
    found, low = in_order(entries, found, party)
    good = fair(entries, found, low)
    found, low = found[good], low[good]
    return found[chosen(entries, found, low)], found


@compiled
def _simple(entries: EntryTables, places: Places, party: Longs) -> Longs:
    """Entries that are one literal: rows of entry, start, end and cost."""
    edges, numbers, asked = entries.of
    found, count = np.empty((1024, 4), np.int64), 0
    for place in range(len(places.literal)):
        literal, start = places.literal[place], places.start[place]
        for at in range(edges[literal], edges[literal + 1]):
            if asked[numbers[at]] & party[start]:
                found = with_room(found, count)
                found[count, ENTRY], found[count, START] = numbers[at], start
                found[count, END], found[count, COST] = places.end[place], places.cost[place]
                count += 1
    return found[:count]


@compiled
def in_order(entries: EntryTables, found: Longs, party: Longs) -> tuple[Longs, Longs]:
    """What was found by list, party and start; and where each starts in a row of their scripts.

    So places of several groups are apart as those of one are that lie in different turns.
    """
    group = entries.phrases[found[:, ENTRY]] * (BY_ANYONE + 1) + party[found[:, START]]
    low = group * len(party) + found[:, START]
    order = np.argsort(low * len(entries.phrases) + found[:, ENTRY], kind="mergesort")
    return found[order], low[order]


@compiled
def fair(entries: EntryTables, found: Longs, low: Longs) -> Bools:
    """All but exceptions that sound less like what was said than a hit that they overlap.

    So 您嚎像 bars 您好 as 您好像 does, and 再回 does not bar 再会.

    Args:
        entries: tells the exceptions.
        found: what was found, in order …
        low: … and where (`in_order`).
    """
    size = found[:, END] - found[:, START]
    longest = size.max() if len(size) else 0
    good = np.ones(len(found), np.bool_)
    for rival in range(len(found)):
        if not entries.excepting[found[rival, ENTRY]]:
            continue
        at = rival
        while at and low[at - 1] > low[rival] - longest:
            at -= 1
        while good[rival] and at < len(found) and low[at] < low[rival] + size[rival]:
            beaten = found[at, COST] < found[rival, COST] and low[at] + size[at] > low[rival]
            good[rival] = not beaten or entries.excepting[found[at, ENTRY]]
            at += 1
    return good


@compiled
def chosen(entries: EntryTables, found: Longs, low: Longs) -> Bools:
    """The best hits that do not overlap, without those that overlap an exception.

    Exceptions first, then the longest and cheapest, then the first, then as listed.

    Args:
        entries: tells the exceptions.
        found: what was found, in order …
        low: … and where (`in_order`).
    """
    kept = np.zeros(len(found), np.bool_)
    order = np.empty(len(found), np.int64)
    first, reached = 0, 0
    for at in range(len(found)):
        if low[at] >= reached:
            first = at
        reached = max(reached, low[at] + found[at, END] - found[at, START])
        _insert(order, first, at, entries, found)
        if at + 1 == len(found) or low[at + 1] >= reached:
            _first_come(order[first : at + 1], found, low, kept)
    for at in range(len(found)):
        kept[at] = kept[at] and not entries.excepting[found[at, ENTRY]]
    return kept


@compiled
def _insert(order: Longs, first: int, at: int, entries: EntryTables, found: Longs) -> None:
    """Put one more in its place among those from ``first`` on, the best before the others."""
    place, rank = at, _rank(entries, found, at)
    while place > first and _rank(entries, found, order[place - 1]) > rank:
        order[place] = order[place - 1]
        place -= 1
    order[place] = at


@compiled
def _rank(entries: EntryTables, found: Longs, at: int) -> int:
    """The lower, the better."""
    size = found[at, END] - found[at, START]
    barring = 100_000 * entries.excepting[found[at, ENTRY]]
    return int(found[at, COST] - 20 * size - barring)


@compiled
def _first_come(order: Longs, found: Longs, low: Longs, kept: Bools) -> None:
    """Keep those that do not overlap an earlier one that stays."""
    for place in range(len(order)):
        one = order[place]
        high = low[one] + found[one, END] - found[one, START]
        free = True
        for other in order[:place]:
            size = found[other, END] - found[other, START]
            if kept[other] and low[other] < high and low[one] < low[other] + size:
                free = False
                break
        kept[one] = free
