"""Agreement on everything: what `qinhe agree` shows, and its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from pipeline.agreement.comparing import Compared, compare
from pipeline.agreement.disputes import Dispute, disputes, outvoted
from pipeline.agreement.drift import Drift, Every, drift
from pipeline.agreement.ratings import CODES, Ratings, System, pooled, tables
from pipeline.errors import MarksError
from pipeline.scorecard import Text
from pipeline.store.marks import Mark
from pipeline.store.verdicts import Named
from pipeline.values import Value

SCHEMA: Final = "qinhe.agreement/1"
_WORST: Final = 20
_WHOLE_CALL: Final = Text(zh="整通电话", en="the whole call")
_POOLED: Final = Text(zh="各项合计", en="all criteria together")


class Line(Value, frozen=True, kw_only=True):
    """One criterion, the whole call, or all criteria pooled.

    Attributes:
        criterion: its id; ``None``: the whole call or, where ``pooled``, all of them.
        scale: ``None``: verdicts.
        categories: verdicts, or the scale's steps; empty where numbers have none.
        calls, marks: how many were marked, and how often.
    """

    criterion: str | None
    pooled: bool
    name: Text
    standard: str | None
    scale: str | None
    categories: tuple[str, ...]
    raters: tuple[str, ...]
    calls: int
    marks: int
    compared: Compared


class Agreement(Value, frozen=True, kw_only=True):
    """What `qinhe agree` found.

    Attributes:
        draws, seed: of the redrawn calls behind every interval.
        disputes: calls on which people differ most.
        outvoted: calls where people agree with each other and not with the system.
    """

    schema: Literal["qinhe.agreement/1"] = SCHEMA
    draws: int
    seed: int
    every: Every
    raters: tuple[str, ...]
    calls: int
    marks: int
    lines: tuple[Line, ...]
    drift: tuple[Drift, ...]
    disputes: tuple[Dispute, ...]
    outvoted: tuple[Dispute, ...]


def agreement(
    marks: Sequence[Mark],
    system: System,
    names: Mapping[str, Named],
    *,
    draws: int = 1000,
    seed: int = 0,
    every: Every = "month",
) -> Agreement:
    """How well people agree, and the system with them.

    Args:
        marks: of one scale per criterion, one by a rater on each.
        system: what the system says (`ratings.of_store`, `ratings.of_cards`).
        names: what criteria are called, in the order in which to show them.
        draws: how often calls are redrawn for the intervals.
        seed: of those.
        every: the length of the periods of drift.

    Raises:
        MarksError: there are no marks.
    """
    if not marks:
        raise MarksError(
            "agreement",
            expected="marks to compare",
            found="none",
            remedy="import some with `qinhe marks import`",
        )
    every_table = tables(marks, system)
    together = pooled(every_table)
    shown = [*every_table, *([together] if together else [])]
    place = {criterion: number for number, criterion in enumerate(names)}
    shown.sort(
        key=lambda ratings: (
            ratings.criterion is not None,
            not ratings.pooled,
            place.get(ratings.criterion or "", len(place)),
        )
    )
    return Agreement(
        draws=draws,
        seed=seed,
        every=every,
        raters=tuple(sorted({mark.rater for mark in marks})),
        calls=len({mark.call_id for mark in marks}),
        marks=len(marks),
        lines=tuple(_line(ratings, names, draws, seed) for ratings in shown),
        drift=tuple(drift(every_table, every, draws, seed)),
        disputes=tuple(disputes(every_table, _WORST)),
        outvoted=tuple(outvoted(every_table, _WORST)),
    )


def _line(ratings: Ratings, names: Mapping[str, Named], draws: int, seed: int) -> Line:
    named = names.get(ratings.criterion or "")
    name = _POOLED if ratings.pooled else _WHOLE_CALL
    if ratings.criterion is not None:
        name = named.name if named else Text(zh=ratings.criterion, en=ratings.criterion)
    verdicts = {code: verdict for verdict, code in CODES.items()}
    levels = ratings.levels
    return Line(
        criterion=ratings.criterion,
        pooled=ratings.pooled,
        name=name,
        standard=named.standard if named else None,
        scale=None if ratings.scale is None else ratings.scale.name,
        categories=tuple(
            verdicts[int(level)] if ratings.scale is None else f"{level:g}" for level in levels
        ),
        raters=ratings.raters,
        calls=len(set(ratings.calls)),
        marks=int((ratings.values == ratings.values).sum()),
        compared=compare(ratings, draws, seed),
    )
