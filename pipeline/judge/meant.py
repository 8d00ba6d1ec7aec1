"""Joins what the text model understood to what the phrase lists found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from operator import attrgetter

from pipeline.facts import Turn
from pipeline.judge.hearing import Hearing
from pipeline.judge.lexicon.meaning import Meant
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
    for each in book.listener.search(script, [turn.speaker for turn in turns]):
        turn = script.turn_of.item(each.start)
        speaker = turns[turn].speaker
        own = found.get((each.phrases, speaker), ())
        if _said(own, each) or _barred(barred, each):
            continue
        negatable, better = book.manner[each.phrases]
        problem = hearing.problem(each.start, each.end, speaker, negatable)
        like = partial(book.listener.nearest, each)
        mention = Mention(
            hearing, each.start, each.end, turn, speaker, "", each.probability,
            better, problem, like=like,
        )  # fmt: skip
        found[each.phrases, speaker] = tuple(sorted((*own, mention), key=_BY_START))


def _said(own: Iterable[Mention], each: Meant) -> bool:
    return any(hit.start < each.high and each.low < hit.end for hit in own)


def _barred(barred: Iterable[Barred], each: Meant) -> bool:
    return any(
        name == each.phrases and start < each.end and each.start < end
        for name, start, end in barred
    )
