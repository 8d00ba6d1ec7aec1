"""Phrase lists over a call: what was found, by whom, and why a hit may not count."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from pipeline.errors import ConfigError
from pipeline.judge.lexicon.chains import COST, END, ENTRY, START, Chain, Chains
from pipeline.judge.lexicon.choosing import EntryTables, hits_in
from pipeline.judge.lexicon.evidence import Taken
from pipeline.judge.lexicon.match import Matcher, Places
from pipeline.judge.lexicon.meaning import listener_of
from pipeline.judge.lexicon.normalise import COMMA, STOP, units
from pipeline.judge.lexicon.rows import BY_ANYONE, Bools, Longs, Spread
from pipeline.judge.lexicon.script import BREAK, PARTIES, Script, Vocabulary
from pipeline.judge.lexicon.sound import HOMOPHONE
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
Barred = dict[str, list[Found]]
"""By list the places where its exceptions were said."""


class Hits(NamedTuple):
    """Phrases said, column by column; list by list, in time order."""

    entries: Longs
    """Which lines of the lists, by number …"""
    starts: Longs
    """… where in the script they start …"""
    ends: Longs
    """… and end …"""
    costs: Longs
    """… and how far from the phrase they sound."""
    rows: dict[tuple[str, int], tuple[int, int]]
    """By list and who said it, from which row to before which other one."""


class PhraseBook:
    """Every phrase list, compiled once.

    Args:
        lexicon: language-wide settings.
        lists: the phrase lists by name.
        asked: whose words each list is looked for in; everybody's where left out.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        lists: Mapping[str, PhraseList],
        asked: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self.vocabulary = Vocabulary()
        self._negators = frozenset(unit for text in lexicon.negators for unit in units(text)[0])
        self.entries: list[Entry] = []
        self._literals: dict[tuple[tuple[str, ...], bool], int] = {}
        by = {name: (asked or {}).get(name, PARTIES) for name in lists}
        self.asked = [(name, speaker) for name in lists for speaker in by[name]]
        """Every list with whose words it is looked for in."""
        self._asked = {name: _bits(by[name]) for name in lists} | {REPORTING: BY_ANYONE}
        simple: list[tuple[int, int]] = []
        chains: list[Chain] = []
        for name, phrases in lists.items():
            self._add_list(name, phrases, simple, chains)
        reporting = PhraseList(says=lexicon.reporting, negation="ignore")
        self._add_list(REPORTING, reporting, simple, chains)
        fillers = frozenset(unit for text in lexicon.fillers for unit in units(text)[0])
        asked_of_entry = [self._asked[entry.phrases] for entry in self.entries]
        self._chains = Chains.of(chains, asked_of_entry, len(self._literals))
        of_literal = Spread.of(simple, asked_of_entry, len(self._literals))
        wanted = of_literal.wanted() | self._chains.slots_of.wanted()
        self.matcher = Matcher(
            list(self._literals), self.vocabulary, fillers, self._negators, wanted
        )
        self._names = (*lists, REPORTING)
        numbers = {name: at for at, name in enumerate(self._names)}
        self._entries = EntryTables(
            of=of_literal,
            phrases=np.array([numbers[entry.phrases] for entry in self.entries], np.int64),
            excepting=np.array([entry.excepting for entry in self.entries], bool),
        )
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
            self._add(entry, simple, chains, exact=False)

    def _add(
        self, entry: Entry, simple: list[tuple[int, int]], chains: list[Chain], *, exact: bool
    ) -> None:
        self.entries.append(entry)
        for phrase in slots(entry.phrase):
            literals = tuple(
                frozenset(self._literal(piece, entry, exact=exact) for piece in slot)
                for slot in phrase.slots
            )
            if len(literals) == 1:
                simple += [(literal, entry.number) for literal in sorted(literals[0])]
            else:
                chains.append(Chain(entry.number, literals, phrase.gaps))

    def _literal(self, piece: str, entry: Entry, *, exact: bool) -> int:
        found = units(piece)[0]
        if not found:
            raise ConfigError(
                f"phrase list {entry.phrases}",
                expected="phrases of words",
                found=f"{piece[:40]!a} in {entry.phrase[:40]!a}, which holds nothing that can be "
                "heard",
                remedy="remove it",
            )
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

    def places(self, script: Script) -> Places:
        """Where pieces of phrases were said."""
        return self.matcher.find(script)

    def search(
        self, script: Script, places: Places | None = None
    ) -> tuple[Hits, list[Found], Barred]:
        """Every phrase said, by list and in time order, none overlapping another of its list.

        And where somebody else's words are reported ("您刚才说"), and the exceptions that were said
        of lists that the text model stands beside.

        Args:
            script: the call.
            places: `places` of it, where they are known already.
        """
        if places is None:
            places = self.places(script)
        hits, every = hits_in(self._entries, self._chains, places, script.party, script.sections)
        columns = np.ascontiguousarray(hits.T)
        group = self._entries.phrases[columns[ENTRY]] * (BY_ANYONE + 1)
        count = int(group.searchsorted(self._entries.phrases[-1] * (BY_ANYONE + 1)))
        reports = zip(*columns[[START, END], count:].tolist(), strict=True)  # the rest reports
        group = group[:count] + script.party[columns[START, :count]]
        entries, starts, ends, costs = columns[:, :count]
        found = Hits(entries, starts, ends, costs, self._rows(group))
        return found, list(reports), self._barred(every)

    def _barred(self, every: Longs) -> Barred:
        """The exceptions said of lists that the text model stands beside."""
        if self.listener is None:
            return {}
        entry = every[:, ENTRY]
        barred = self._entries.excepting[entry] & self._meant[entry]
        barred &= every[:, COST] <= HOMOPHONE
        found: Barred = {}
        for number, start, end, _ in every[barred].tolist():
            found.setdefault(self.entries[number].phrases, []).append((start, end))
        return found

    def taken(self, hits: Hits) -> Taken:
        """Where the lists that the text model stands beside have their words."""
        if self.listener is None:
            return Taken(*np.zeros((4, 0), np.int64))
        asked = zip(self.listener.names, self.listener.speakers, strict=True)
        rows = [hits.rows.get((name, PARTIES[speaker]), (0, 0)) for name, speaker in asked]
        first, last = np.array(rows, np.int64).T.copy()
        return Taken(first, last, hits.starts, hits.ends)

    def _rows(self, group: Longs) -> dict[tuple[str, int], tuple[int, int]]:
        """From where to where each group lies."""
        first = _fresh(group).nonzero()[0]
        ends = [*first[1:].tolist(), len(group)]
        return {
            (self._names[each // (BY_ANYONE + 1)], each % (BY_ANYONE + 1)): (begin, end)
            for each, begin, end in zip(group[first].tolist(), first.tolist(), ends, strict=False)
        }

    def negators_in(self, script: Script) -> Bools:
        """Which units of a call are negators."""
        numbers = self.vocabulary.numbers(self._negators)
        denies = np.zeros(len(self.vocabulary), bool)
        denies[list(numbers)] = True
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


def _bits(speakers: Iterable[str]) -> int:
    return functools.reduce(operator.or_, (PARTIES[speaker] for speaker in speakers), 0)


def _fresh(numbers: Longs) -> Bools:
    """Where another number begins."""
    fresh = np.ones(len(numbers), bool)
    fresh[1:] = numbers[1:] != numbers[:-1]
    return fresh


_LINKS = frozenset("是会能要太很该必可曾有再用想敢肯让怎")
_NOT_DENYING = frozenset({"要不"})


def reported(script: Script, reports: Sequence[Found]) -> dict[int, int]:
    """By where reported speech may start, how many units lie since "您刚才说"."""
    found: dict[int, int] = {}
    for begin, end in reports:
        short = end - begin <= SHORT_REPORT
        reach, stop = (SHORT_REACH, COMMA) if short else (QUOTE_REACH, STOP)
        for start in range(end, end + reach + 1):
            if script.marks[start - 1] >= stop or script.numbers[start] == BREAK:
                break
            found[start] = min(start - end, found.get(start, QUOTE_REACH))
    return found
