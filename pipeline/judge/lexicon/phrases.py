"""Phrase lists over a call: what was found, by whom, and why a hit may not count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from pipeline.judge.lexicon.chains import Chain, Chains
from pipeline.judge.lexicon.match import Matcher, Places, joined
from pipeline.judge.lexicon.meaning import listener_of
from pipeline.judge.lexicon.normalise import COMMA, STOP, units
from pipeline.judge.lexicon.rows import Longs, Spread
from pipeline.judge.lexicon.script import Bools, Script, Vocabulary
from pipeline.rubric.model import Lexicon, PhraseList
from pipeline.rubric.notation import slots

REPORTING: Final = "\n"
"""The name of the list of reporting phrases; no list of a file can be called so."""
QUOTE_REACH = 8
"""Units between "您刚才说" and the words it reports …"""
SHORT_REPORT, SHORT_REACH = 2, 1
"""… and between "您说", which may as well be the whole sentence, and its words."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a phrase list."""

    phrases: str
    """The list."""
    phrase: str
    """As written, notation and all."""
    better: str | None
    excepting: bool
    negatable: bool
    number: int
    """Its place among all the lexicon's entries."""


Found = tuple[int, int]
"""A place: where it starts and ends in the script."""
Barred = tuple[str, int, int]
"""A place where an exception of a list was said: the list, and where it starts and ends."""


class Hits(NamedTuple):
    """Phrases said, column by column."""

    entries: list[int]
    """Which lines of the lists, by number …"""
    starts: list[int]
    """… where in the script they start …"""
    ends: list[int]
    """… and end …"""
    costs: list[int]
    """… and how far from the phrase they sound."""


class PhraseBook:
    """Every phrase list, compiled once.

    Args:
        lexicon: language-wide settings.
        lists: the phrase lists by name.
    """

    def __init__(self, lexicon: Lexicon, lists: Mapping[str, PhraseList]) -> None:
        self.vocabulary = Vocabulary()
        self._negators = frozenset(unit for text in lexicon.negators for unit in units(text)[0])
        self.entries: list[Entry] = []
        self._literals: dict[tuple[tuple[str, ...], bool], int] = {}
        simple: list[tuple[int, int]] = []
        chains: list[Chain] = []
        for name, phrases in lists.items():
            self._add_list(name, phrases, simple, chains)
        reporting = PhraseList(says=lexicon.reporting, negation="ignore")
        self._add_list(REPORTING, reporting, simple, chains)
        fillers = frozenset(unit for text in lexicon.fillers for unit in units(text)[0])
        self.matcher = Matcher(list(self._literals), self.vocabulary, fillers, self._negators)
        self._chains = Chains(chains, len(self._literals))
        entries: list[list[int]] = [[] for _ in self._literals]
        for literal, number in simple:
            entries[literal].append(number)
        self._simple = Spread(entries)
        names = {name: at for at, name in enumerate((*lists, REPORTING))}
        self._list_of = np.array([names[entry.phrases] for entry in self.entries], np.int64)
        self._reporting = names[REPORTING]
        self._excepting = np.array([entry.excepting for entry in self.entries], bool)
        self.manner = {
            name: (each.negation == "guard", each.better) for name, each in lists.items()
        }
        """Of each list: whether negation guards it, and what to say instead."""
        self.listener = listener_of(lexicon.model, lists, self.vocabulary)
        self._meant = np.array([entry.phrases in self.meant for entry in self.entries], bool)

    # ── Compiling ────────────────────────────────────────────────────────────────────────────

    def _add_list(
        self,
        name: str,
        phrases: PhraseList,
        simple: list[tuple[int, int]],
        chains: list[Chain],
    ) -> None:
        guard = phrases.negation == "guard"
        for each in phrases.says:
            text, better = (each, phrases.better) if isinstance(each, str) else (
                each.say, each.better
            )  # fmt: skip
            entry = Entry(name, text, better, False, guard, len(self.entries))
            self._add(entry, simple, chains, exact=phrases.exact)
        for text in phrases.excepting:
            entry = Entry(name, text, None, True, False, len(self.entries))
            self._add(entry, simple, chains, exact=True)

    def _add(
        self, entry: Entry, simple: list[tuple[int, int]], chains: list[Chain], *, exact: bool
    ) -> None:
        self.entries.append(entry)
        for phrase in slots(entry.phrase):
            literals = tuple(
                frozenset(self._literal(piece, exact=exact) for piece in slot)
                for slot in phrase.slots
            )
            if len(literals) == 1:
                simple += [(literal, entry.number) for literal in sorted(literals[0])]
            else:
                chains.append(Chain(entry.number, literals, phrase.gaps))

    def _literal(self, piece: str, *, exact: bool) -> int:
        found = units(piece)[0]
        if not found:
            raise ValueError(f"{piece!r} holds nothing that can be heard")
        return self._literals.setdefault((found, exact), len(self._literals))

    @property
    def size(self) -> int:
        """How many literal pieces are searched."""
        return len(self._literals)

    # ── Searching ────────────────────────────────────────────────────────────────────────────

    @property
    def meant(self) -> frozenset[str]:
        """The lists that the text model stands beside."""
        return frozenset(self.listener.names if self.listener is not None else ())

    def search(self, script: Script) -> tuple[Hits, list[Found], list[Barred]]:
        """Every phrase said, by list and in time order, none overlapping another of its list.

        And where somebody else's words are reported ("您刚才说"), and the exceptions that were said
        of lists that the text model stands beside.
        """
        places = self.matcher.find(script)
        entry, at = self._simple.of(places.literal)
        simple = Places(entry, places.start[at], places.end[at], places.cost[at])
        every = joined([simple, *self._chains.find(places, script.sections)])
        chosen = self._chosen(every, len(script.ids))
        reporting = self._list_of[chosen.literal] == self._reporting
        reports = zip(chosen.start[reporting].tolist(), chosen.end[reporting].tolist(), strict=True)
        hits = Hits(*(column[~reporting].tolist() for column in chosen))
        barred = self._excepting[every.literal] & self._meant[every.literal]
        numbers, starts, ends = (column[barred].tolist() for column in every[:3])
        names = [self.entries[number].phrases for number in numbers]
        return hits, list(reports), list(zip(names, starts, ends, strict=True))

    def _chosen(self, places: Places, length: int) -> Places:
        """The best hits that do not overlap, without those that overlap an exception.

        Exceptions first, then the longest and cheapest, then the first, then as listed.
        """
        entry, start, end, cost = places
        phrases = self._list_of[entry]
        rank = cost - 20 * (end - start) - 100_000 * self._excepting[entry]
        order = np.lexsort((entry, rank, start, phrases))
        entry, start, end = entry[order], start[order], end[order]
        row = phrases[order] * length  # of a table of lists and places
        low, high = row + start, row + end
        crowd = _crowds(low, high)
        kept = np.bincount(crowd)[crowd] == 1
        several = np.flatnonzero(~kept)
        ranks = rank[order[several]]
        turns = np.lexsort((entry[several], start[several], ranks, crowd[several]))
        kept[self._first_come(several[turns], low, high)] = True
        kept &= ~self._excepting[entry]
        return Places(entry[kept], start[kept], end[kept], cost[order][kept])

    def _first_come(self, rows: Longs, low: Longs, high: Longs) -> list[int]:
        """Those that do not overlap an earlier one that stays."""
        stays: list[int] = []
        taken = bytearray(int(high.max(initial=0)))
        columns = rows.tolist(), low[rows].tolist(), high[rows].tolist()
        for row, begin, end in zip(*columns, strict=True):
            if 1 not in taken[begin:end]:
                taken[begin:end] = b"\1" * (end - begin)
                stays.append(row)
        return stays

    def negators_in(self, script: Script) -> Bools:
        """Which units of a call are negators."""
        numbers = [self.vocabulary.number(unit) for unit in self._negators]
        denies = np.zeros(len(self.vocabulary), bool)
        denies[numbers] = True
        found: Bools = denies[script.ids]
        return found

    def negated(self, script: Script, start: int) -> bool:
        """A negator right before, or with a light verb between: 不是…, 没有…, 不太….

        A-not-A questions (能不能, 是不是) ask and do not deny; 要不 offers.
        """
        if script.marks[start - 1] >= COMMA:
            return False
        before = script.unit(start - 1)
        if before in self._negators:
            asks = script.unit(start - 2) == script.unit(start)
            return not asks and script.unit(start - 2) + before not in _NOT_DENYING
        second = script.unit(start - 2)
        if second in self._negators and before in _LINKS:
            asks = script.unit(start - 3) == before
            return not asks and second + before not in _NOT_DENYING
        return False


def _crowds(low: Longs, high: Longs) -> Longs:
    """A number for each stretch, in order: another one where nothing before it reaches."""
    apart = np.zeros(len(low), np.int64)
    apart[1:] = low[1:] >= np.maximum.accumulate(high)[:-1]
    return apart.cumsum()


_LINKS = frozenset("是会能要太很该必可曾有再用想敢肯让怎")
_NOT_DENYING = frozenset({"要不"})


def quoted(script: Script, start: int, reports: Sequence[Found]) -> int | None:
    """Units between reporting words ("您刚才说") and ``start``; ``None``: not reported speech."""
    near: int | None = None
    for begin, end in reports:
        distance = start - end
        short = end - begin <= SHORT_REPORT
        stop = COMMA if short else STOP
        if (
            0 <= distance <= (SHORT_REACH if short else QUOTE_REACH)
            and script.turn_of[begin] == script.turn_of[start]
            and max(script.marks[end - 1 : start]) < stop
        ):
            near = distance if near is None else min(near, distance)
    return near
