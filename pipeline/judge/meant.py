"""Joins what the text model understood to what the phrase lists found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from operator import attrgetter

from pipeline.judge.hearing import Hearing
from pipeline.judge.lexicon.meaning import Meant
from pipeline.judge.lexicon.phrases import Barred, PhraseBook
from pipeline.judge.mention import Mention

_BY_START = attrgetter("start")


def add_meant(
    found: dict[tuple[str, str], list[Mention]],
    book: PhraseBook,
    hearing: Hearing,
    speakers: Sequence[str],
    barred: Sequence[Barred],
) -> None:
    """Add what was meant to the lists' hits, by list and party, in time order.

    Lists win: where a list has its words in a stretch, counting or not, the model adds nothing.
    What overlaps a list's exceptions is left out, as their own hits are.
    """
    if book.listener is None:
        return
    script = hearing.script
    for each in book.listener.search(script, speakers):
        turn = script.turn_of[each.start]
        own = found.setdefault((each.phrases, speakers[turn]), [])
        if _said(own, each) or _barred(barred, each):
            continue
        negatable, better = book.manner[each.phrases]
        problem = hearing.problem(each.start, each.end, speakers[turn], negatable)
        like = partial(book.listener.nearest, script, each)
        own.append(
            Mention(
                hearing, each.start, each.end, turn, speakers[turn], "", each.probability,
                better, problem, like=like,
            )
        )  # fmt: skip
        own.sort(key=_BY_START)


def _said(own: Iterable[Mention], each: Meant) -> bool:
    return any(hit.start < each.high and each.low < hit.end for hit in own)


def _barred(barred: Iterable[Barred], each: Meant) -> bool:
    return any(
        name == each.phrases and start < each.end and each.start < end
        for name, start, end in barred
    )
