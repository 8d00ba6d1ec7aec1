"""Phrase lists over a call: what was found, by whom, and why a hit may not count."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.facts import Turn
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
class Hit:
    """A phrase of a list, said in ``[start, end)`` of the script."""

    phrases: str
    """The list."""
    phrase: str
    """The phrase of the list that the words were taken for."""
    start: int
    end: int
    turn: int
    similarity: float
    better: str | None = None
    negated: bool = False
    quoted: int | None = None
    """Units between reporting words ("您刚才说") and this; ``None``: not reported speech."""


@dataclass(frozen=True, slots=True)
class _Entry:
    phrases: str
    phrase: str
    better: str | None
    excepting: bool
    negatable: bool


@dataclass(frozen=True, slots=True)
class _Chain:
    """A phrase with gaps: in each slot one of its literals, slot after slot."""

    entry: int
    slots: tuple[tuple[int, ...], ...]
    gaps: tuple[int, ...]


class PhraseBook:
    """Every phrase list, compiled once.

    Args:
        lexicon: language-wide settings.
        lists: the phrase lists by name.
    """

    def __init__(self, lexicon: Lexicon, lists: Mapping[str, PhraseList]) -> None:
        self.vocabulary = Vocabulary()
        self._negators = frozenset(unit for text in lexicon.negators for unit in units(text)[0])
        self._entries: list[_Entry] = []
        self._literals: dict[tuple[tuple[str, ...], bool], int] = {}
        self._simple: dict[int, list[int]] = defaultdict(list)
        self._chains: list[_Chain] = []
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
            entry = _Entry(name, text, better, False, phrases.negation == "guard")
            self._add(entry, slots(text), exact=phrases.exact)
        for text in phrases.excepting:
            self._add(_Entry(name, text, None, True, False), slots(text), exact=True)

    def _add(self, entry: _Entry, said: Iterable[Slots], *, exact: bool) -> None:
        number = len(self._entries)
        self._entries.append(entry)
        for phrase in said:
            literals = tuple(
                tuple(dict.fromkeys(self._literal(piece, exact=exact) for piece in slot))
                for slot in phrase.slots
            )
            if len(literals) == 1:
                for literal in literals[0]:
                    self._simple[literal].append(number)
            else:
                self._chains.append(_Chain(number, literals, phrase.gaps))

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

    def search(self, script: Script) -> dict[str, list[Hit]]:
        """Hits by list, in time order, none overlapping another of the same list."""
        places: dict[int, list[Found]] = defaultdict(list)
        for found in self.matcher.find(script):
            places[found.literal].append(found)
        raw: dict[str, list[tuple[Found, int]]] = defaultdict(list)
        for literal, each in places.items():
            for number in self._simple.get(literal, ()):
                raw[self._entries[number].phrases].extend((found, number) for found in each)
        for chain in self._chains:
            found_chains = _chained(chain, places, script)
            if found_chains:
                entry = self._entries[chain.entry]
                raw[entry.phrases].extend((found, chain.entry) for found in found_chains)
        reports = [found for found, _ in raw.pop(REPORTING, ())]
        return {name: self._hits(script, found, reports) for name, found in raw.items()}

    def _hits(
        self, script: Script, raw: Sequence[tuple[Found, int]], reports: Sequence[Found]
    ) -> list[Hit]:
        taken: list[tuple[Found, int]] = []
        for found, number in sorted(raw, key=self._preference):
            if not any(found.start < other.end and other.start < found.end for other, _ in taken):
                taken.append((found, number))
        taken.sort(key=lambda each: each[0].start)
        return [
            self._hit(script, found, self._entries[number], reports)
            for found, number in taken
            if not self._entries[number].excepting
        ]

    def _preference(self, each: tuple[Found, int]) -> tuple[bool, int, int, int, int]:
        found, number = each
        length = found.end - found.start
        excepting = self._entries[number].excepting
        return not excepting, found.cost - 20 * length, -length, found.start, number

    def _hit(self, script: Script, found: Found, entry: _Entry, reports: Sequence[Found]) -> Hit:
        length = max(1, found.end - found.start)
        return Hit(
            phrases=entry.phrases,
            phrase=entry.phrase,
            start=found.start,
            end=found.end,
            turn=script.turn_of[found.start],
            similarity=max(0.0, 1 - found.cost / (100 * length)),
            better=entry.better,
            negated=entry.negatable and self._negated(script, found.start),
            quoted=_quoted(script, found.start, reports),
        )

    def _negated(self, script: Script, start: int) -> bool:
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


_LINKS = frozenset("是会能要太很该必可曾有再用想敢肯让怎")
_NOT_DENYING = frozenset({"要不"})


def _chained(chain: _Chain, places: Mapping[int, list[Found]], script: Script) -> list[Found]:
    """Every way through the slots: each next one starts within its gap, in the same sentence."""
    ways = _in_slot(chain.slots[0], places)
    for slot, gap in zip(chain.slots[1:], chain.gaps, strict=True):
        if not ways:
            return []
        following = sorted(_in_slot(slot, places), key=_start)
        starts = [each.start for each in following]
        ways = [
            Found(first.literal, first.start, then.end, first.cost + then.cost)
            for first in ways
            for then in following[
                bisect_left(starts, first.end) : bisect_right(starts, first.end + gap)
            ]
            if _unbroken(script, first.end, then.start)
        ]
    return ways


def _in_slot(slot: Sequence[int], places: Mapping[int, list[Found]]) -> list[Found]:
    return [found for literal in slot for found in places.get(literal, ())]


def _start(found: Found) -> int:
    return found.start


def _unbroken(script: Script, end: int, start: int) -> bool:
    """No break between turns and no full stop between two places."""
    return script.turn_of[end - 1] == script.turn_of[start] and all(
        mark < STOP for mark in script.marks[end - 1 : start]
    )


def _quoted(script: Script, start: int, reports: Sequence[Found]) -> int | None:
    near: int | None = None
    for report in reports:
        distance = start - report.end
        short = report.end - report.start <= SHORT_REPORT
        stop = COMMA if short else STOP
        if (
            0 <= distance <= (SHORT_REACH if short else QUOTE_REACH)
            and script.turn_of[report.start] == script.turn_of[start]
            and all(mark < stop for mark in script.marks[report.end - 1 : start])
        ):
            near = distance if near is None else min(near, distance)
    return near


def searched(
    book: PhraseBook, turns: Sequence[Turn], script: Script
) -> dict[str, dict[str, list[Hit]]]:
    """Hits by list and speaker."""
    by_list: dict[str, dict[str, list[Hit]]] = {}
    for name, hits in book.search(script).items():
        by_speaker: dict[str, list[Hit]] = defaultdict(list)
        for hit in hits:
            by_speaker[turns[hit.turn].speaker].append(hit)
        by_list[name] = dict(by_speaker)
    return by_list
