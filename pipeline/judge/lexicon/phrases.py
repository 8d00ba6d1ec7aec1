"""Phrase lists over a call: what was found, by whom, and why a hit may not count."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.judge.lexicon.match import Found, Matcher
from pipeline.judge.lexicon.normalise import COMMA, STOP, units
from pipeline.judge.lexicon.script import Script, Vocabulary
from pipeline.rubric.model import Lexicon, PhraseList
from pipeline.rubric.notation import Slots, slots

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


Hit = tuple[int, int, int, Entry]
"""A phrase said: where it starts and ends in the script, what it cost, what it is."""


@dataclass(frozen=True, slots=True)
class _Chain:
    """A phrase with gaps: in each slot one of its literals, slot after slot."""

    entry: int
    slots: tuple[frozenset[int], ...]
    gaps: tuple[int, ...]
    names: frozenset[int]
    """Numbers of the slots: many phrases share one."""


class PhraseBook:
    """Every phrase list, compiled once.

    Args:
        lexicon: language-wide settings.
        lists: the phrase lists by name.
    """

    def __init__(self, lexicon: Lexicon, lists: Mapping[str, PhraseList]) -> None:
        self.vocabulary = Vocabulary()
        self._negators = frozenset(unit for text in lexicon.negators for unit in units(text)[0])
        self._entries: list[Entry] = []
        self._literals: dict[tuple[tuple[str, ...], bool], int] = {}
        self._simple: dict[int, list[int]] = defaultdict(list)
        self._chains: list[_Chain] = []
        self._slot_names: dict[frozenset[int], int] = {}
        self._slots_of: dict[int, set[int]] = {}
        for name, phrases in lists.items():
            self._add_list(name, phrases)
        self._add_list(REPORTING, PhraseList(says=lexicon.reporting, negation="ignore"))
        fillers = frozenset(unit for text in lexicon.fillers for unit in units(text)[0])
        self.matcher = Matcher(list(self._literals), self.vocabulary, fillers, self._negators)

    # ── Compiling ────────────────────────────────────────────────────────────────────────────

    def _add_list(self, name: str, phrases: PhraseList) -> None:
        for each in phrases.says:
            text, better = (each, phrases.better) if isinstance(each, str) else (
                each.say, each.better
            )  # fmt: skip
            guard = phrases.negation == "guard"
            entry = Entry(name, text, better, False, guard, len(self._entries))
            self._add(entry, slots(text), exact=phrases.exact)
        for text in phrases.excepting:
            entry = Entry(name, text, None, True, False, len(self._entries))
            self._add(entry, slots(text), exact=True)

    def _add(self, entry: Entry, said: Iterable[Slots], *, exact: bool) -> None:
        number = len(self._entries)
        self._entries.append(entry)
        for phrase in said:
            literals = tuple(
                frozenset(self._literal(piece, exact=exact) for piece in slot)
                for slot in phrase.slots
            )
            if len(literals) == 1:
                for literal in sorted(literals[0]):
                    self._simple[literal].append(number)
            else:
                self._chains.append(_Chain(number, literals, phrase.gaps, self._named(literals)))

    def _named(self, slots_said: Sequence[frozenset[int]]) -> frozenset[int]:
        """The slots' numbers, noted under each of their literals."""
        names = []
        for slot in slots_said:
            name = self._slot_names.setdefault(slot, len(self._slot_names))
            names.append(name)
            for literal in slot:
                self._slots_of.setdefault(literal, set()).add(name)
        return frozenset(names)

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

    def search(self, script: Script) -> tuple[dict[str, list[Hit]], list[Found]]:
        """Hits by list, in time order, none overlapping another of its list; and reports."""
        places = self.matcher.find(script)
        raw: dict[str, list[Hit]] = defaultdict(list)
        for literal, each in places.items():
            for number in self._simple.get(literal, ()):
                entry = self._entries[number]
                raw[entry.phrases] += [(*found, entry) for found in each]
        known = frozenset(places)
        filled = set[int]().union(*(self._slots_of[each] for each in known & self._slots_of.keys()))
        for chain in self._chains:
            if not chain.names <= filled:
                continue
            ways = _chained(chain, places, known, script)
            if ways:
                entry = self._entries[chain.entry]
                raw[entry.phrases] += [(*found, entry) for found in ways]
        reports = [hit[:3] for hit in raw.pop(REPORTING, ())]
        return {name: _chosen(hits) for name, hits in raw.items()}, reports

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


def _chosen(hits: list[Hit]) -> list[Hit]:
    """The best hits that do not overlap, without those that overlap an exception."""
    if len(hits) > 1:
        hits = sorted(hits, key=_preference)
    taken: set[int] = set()
    chosen: list[Hit] = []
    for hit in hits:
        places = range(hit[0], hit[1])
        if taken.isdisjoint(places):
            taken.update(places)
            if not hit[3].excepting:
                chosen.append(hit)
    chosen.sort(key=_first)
    return chosen


def _preference(hit: Hit) -> tuple[int, int, int]:
    """Exceptions first, then the longest and cheapest, then the first, then as listed."""
    start, end, cost, entry = hit
    rank = cost - 20 * (end - start)
    return (rank - 100_000 if entry.excepting else rank), start, entry.number


def _first(hit: Hit | Found) -> int:
    return hit[0]


_LINKS = frozenset("是会能要太很该必可曾有再用想敢肯让怎")
_NOT_DENYING = frozenset({"要不"})


def _chained(
    chain: _Chain, places: Mapping[int, list[Found]], known: frozenset[int], script: Script
) -> list[Found]:
    """Every way through the slots: each next one starts within its gap, in the same sentence."""
    present = [slot & known for slot in chain.slots]
    ways = [found for literal in present[0] for found in places[literal]]
    for slot, gap in zip(present[1:], chain.gaps, strict=True):
        following = sorted(found for literal in slot for found in places[literal])
        starts = [each[0] for each in following]
        ways = [
            (first[0], then[1], first[2] + then[2])
            for first in ways
            for then in following[
                bisect_left(starts, first[1]) : bisect_right(starts, first[1] + gap)
            ]
            if _unbroken(script, first[1], then[0])
        ]
        if not ways:
            return []
    return ways


def _unbroken(script: Script, end: int, start: int) -> bool:
    """No break between turns and no full stop between two places."""
    return (
        script.turn_of[end - 1] == script.turn_of[start]
        and max(script.marks[end - 1 : start]) < STOP
    )


def quoted(script: Script, start: int, reports: Sequence[Found]) -> int | None:
    """Units between reporting words ("您刚才说") and ``start``; ``None``: not reported speech."""
    near: int | None = None
    for begin, end, _ in reports:
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
