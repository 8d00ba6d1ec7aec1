"""Joins what the text model understood to what the phrase lists found."""

from __future__ import annotations

from functools import partial
from operator import attrgetter

import numpy as np

from pipeline.judge.hearing import Hearing
from pipeline.judge.lexicon.meaning import Meant
from pipeline.judge.lexicon.phrases import Barred, Hits, PhraseBook
from pipeline.judge.lexicon.script import SPEAKERS
from pipeline.judge.mention import Mention

_BY_START = attrgetter("start")


def add_meant(
    found: dict[tuple[str, str], tuple[Mention, ...]],
    book: PhraseBook,
    hearing: Hearing,
    hits: Hits,
    barred: Barred,
) -> None:
    """Add what was meant to the lists' hits, by list and party, in time order.

    Lists win: where a list has its words in a stretch, counting or not, the model adds nothing.
    What overlaps a list's exceptions is left out, as their own hits are.
    """
    listener, script = book.listener, hearing.script
    if listener is None:
        return
    every = listener.search(script, book.taken(hits))
    meant = [each for each in every if not _is_barred(each, barred)]
    if not meant:
        return
    starts, ends = np.array([(each.start, each.end) for each in meant], np.int64).T
    doubtful = hearing.doubtful(starts, ends).tolist()
    turns, parties = script.turn_of[starts].tolist(), script.party[starts].tolist()
    added: dict[tuple[str, str], list[Mention]] = {}
    for each, doubt, turn, party in zip(meant, doubtful, turns, parties, strict=True):
        speaker = SPEAKERS[party]
        negatable, better = book.manner[each.phrases]
        problem = hearing.problem(each.start, each.end, speaker, negatable) if doubt else None
        mention = Mention(
            hearing, each.start, each.end, turn, speaker, "", each.probability,
            better, problem, like=partial(listener.nearest, each),
        )  # fmt: skip
        added.setdefault((each.phrases, speaker), []).append(mention)
    for key, mentions in added.items():
        found[key] = tuple(sorted([*found.get(key, ()), *mentions], key=_BY_START))


def _is_barred(each: Meant, barred: Barred) -> bool:
    places = barred.get(each.phrases, ())
    return any(start < each.end and each.start < end for start, end in places)
