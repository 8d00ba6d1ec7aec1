"""Phrase lists over a call: what was found, by whom, and why a hit may not count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.facts import Turn
from pipeline.judge.lexicon.match import Found, Matcher
from pipeline.judge.lexicon.normalise import COMMA, STOP, units
from pipeline.judge.lexicon.script import Script, Vocabulary
from pipeline.rubric.model import Lexicon, PhraseList
from pipeline.rubric.notation import Variant, variants

REPORTING: Final = "\n"
"""The name of the list of reporting phrases; no list of a file can be called so."""
QUOTE_REACH = 8
"""Units between "您刚才说" and the words it reports."""


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
    """A variant with gaps: literals that follow one another."""

    entry: int
    literals: tuple[int, ...]
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
            self._add(entry, variants(text), exact=phrases.exact)
        for text in phrases.excepting:
            self._add(_Entry(name, text, None, True, False), variants(text), exact=False)

    def _add(self, entry: _Entry, said: Iterable[Variant], *, exact: bool) -> None:
        number = len(self._entries)
        self._entries.append(entry)
        for variant in said:
            literals = tuple(self._literal(piece, exact=exact) for piece in variant.pieces)
            if len(literals) == 1:
                self._simple[literals[0]].append(number)
            else:
                self._chains.append(_Chain(number, literals, variant.gaps))

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
            if all(literal in places for literal in chain.literals):
                entry = self._entries[chain.entry]
                raw[entry.phrases].extend(
                    (found, chain.entry) for found in _chained(chain, places, script)
                )
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


def _chained(chain: _Chain, places: Mapping[int, list[Found]], script: Script) -> Iterable[Found]:
    ways = places[chain.literals[0]]
    for literal, gap in zip(chain.literals[1:], chain.gaps, strict=True):
        ways = [
            Found(first.literal, first.start, then.end, first.cost + then.cost)
            for first in ways
            for then in places[literal]
            if 0 <= then.start - first.end <= gap
            and script.turn_of[first.start] == script.turn_of[then.start]
            and all(mark < STOP for mark in script.marks[first.end - 1 : then.start])
        ]
    return ways


def _quoted(script: Script, start: int, reports: Sequence[Found]) -> int | None:
    near: int | None = None
    for report in reports:
        distance = start - report.end
        if (
            0 <= distance <= QUOTE_REACH
            and script.turn_of[report.start] == script.turn_of[start]
            and all(mark < STOP for mark in script.marks[report.end : start])
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
