"""Joins what the text model understood to what the phrase lists found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from operator import attrgetter

import numpy as np

from pipeline.facts import Turn
from pipeline.judge.hearing import Hearing
from pipeline.judge.lexicon.meaning import Listener, Meant
from pipeline.judge.lexicon.phrases import Barred, PhraseBook
from pipeline.judge.mention import Mention

_BY_START = attrgetter("start")


def add_meant(
    found: dict[tuple[str, str], tuple[Mention, ...]],
    book: PhraseBook,
    hearing: Hearing,
    turns: Sequence[Turn],
    barred: Sequence[Barred],
) -> None:
    """Add what was meant to the lists' hits, by list and party, in time order.

    Lists win: where a list has its words in a stretch, counting or not, the model adds nothing.
    What overlaps a list's exceptions is left out, as their own hits are.
    """
    if book.listener is None:
        return
    script = hearing.script

    def listed(phrases: str, low: int, high: int) -> bool:
        for hit in found.get((phrases, turns[script.turn_of.item(low)].speaker), ()):
            if hit.start >= high:
                break
            if low < hit.end:
                return True
        return False

    meant = [each for each in book.listener.search(script, listed) if not _barred(barred, each)]
    if not meant:
        return
    starts, ends = np.array([(each.start, each.end) for each in meant], np.int64).T
    doubtful = hearing.doubtful(starts, ends).tolist()
    alike = _Alike(book.listener, meant)
    for at, each in enumerate(meant):
        turn = script.turn_of.item(each.start)
        speaker = turns[turn].speaker
        own = found.get((each.phrases, speaker), ())
        negatable, better = book.manner[each.phrases]
        problem = None
        if doubtful[at]:
            problem = hearing.problem(each.start, each.end, speaker, negatable)
        mention = Mention(
            hearing, each.start, each.end, turn, speaker, "", each.probability,
            better, problem, like=partial(alike.example, at),
        )  # fmt: skip
        found[each.phrases, speaker] = tuple(sorted((*own, mention), key=_BY_START))


class _Alike:
    """The written examples that are nearest to what was meant: all at once, if one is wanted."""

    def __init__(self, listener: Listener, meant: Sequence[Meant]) -> None:
        self._listener, self._meant = listener, meant

    def example(self, at: int) -> str:
        """That of one of them."""
        return self._examples[at]

    @cached_property
    def _examples(self) -> list[str]:
        return self._listener.nearest(self._meant)


def _barred(barred: Iterable[Barred], each: Meant) -> bool:
    return any(
        name == each.phrases and start < each.end and each.start < end
        for name, start, end in barred
    )
