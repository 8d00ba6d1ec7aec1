"""Marks of whole calls by raters who weigh criteria in a way of their own, which is known.

A rater's mark is the mark that the rubric gives under the raters' points, seen through the rater's
leniency and unsureness.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec
import numpy as np

from pipeline.judge.call import compile
from pipeline.rubric import Rubric, load_lexicon
from pipeline.store.database import Database
from pipeline.store.marks import Mark, add_marks
from pipeline.store.reading import stored_calls

SCALE: Final = "0-100"
_AT: Final = datetime(2026, 3, 4, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rater:
    """Someone who marks whole calls.

    Attributes:
        milder: by how much, of 100.
        unsure: standard deviation of one mark.
    """

    milder: float
    unsure: float


RATERS: Final = {"Chen": Rater(0, 4), "Li": Rater(6, 6), "Zhou": Rater(-5, 8)}


def weighing(rubric: Rubric, points: Mapping[str, float]) -> Rubric:
    """The rubric with these criteria's points in place of its own."""
    criteria = tuple(
        msgspec.structs.replace(each, points=points.get(each.id, each.points))
        for each in rubric.criteria
    )
    return msgspec.structs.replace(rubric, criteria=criteria)


def marks_of(true: Mapping[str, float], seed: int = 0) -> Iterator[Mark]:
    """What every rater says of calls whose true marks are these."""
    rng = np.random.default_rng(seed)
    for call, mark in true.items():
        for name, rater in RATERS.items():
            seen = rng.normal(mark + rater.milder, rater.unsure)
            number = round(float(np.clip(seen, 0, 100)))
            yield Mark(call_id=call, rater=name, value=float(number), scale=SCALE, marked_at=_AT)


def add_overall(
    database: Database, rubric: Rubric, points: Mapping[str, float], seed: int = 0
) -> None:
    """Have `RATERS` mark every call of a store, going by these points."""
    theirs = weighing(rubric, points)
    judge = compile(theirs, load_lexicon(theirs.lexicon))
    true: dict[str, float] = {}
    with database.reading() as connection:
        for call in stored_calls(connection):
            mark = judge.score(call.facts(), call.facts_sha256).mark
            if mark is not None:
                true[call.call_id] = mark
    database.transact(lambda connection: add_marks(connection, list(marks_of(true, seed))))
