"""Judges a whole store again: stored facts and another rubric, no sound, no models."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from operator import attrgetter
from typing import Final

import msgspec
from sqlalchemy import select

from pipeline.batch.judging import Judging
from pipeline.errors import QinheError, StoreError
from pipeline.facts import CallFacts
from pipeline.scorecard import Scorecard
from pipeline.store.calls import store_cards
from pipeline.store.claims import Run
from pipeline.store.database import Database
from pipeline.store.packing import CardRow, pack_card, unpack_facts, unpack_verdict
from pipeline.store.reading import facts_after
from pipeline.store.tables import facts, scorecards

_PART: Final = 100
"""Calls that one worker judges at a time, and that one transaction stores."""


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """A call whose verdict another rubric turned.

    Attributes:
        failed: whether a critical miss failed the call, before and after.
        mark: before and after.
        turned: criteria that were met and are missed now, or the other way round: (criterion,
            outcome before, outcome after).
    """

    call_id: str
    failed: tuple[bool, bool]
    mark: tuple[float | None, float | None]
    turned: tuple[tuple[str, str, str], ...]


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A call as a worker gets it: packed."""

    id: int
    call_id: str
    facts_sha256: str
    facts: bytes
    card: bytes | None


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker makes of a call; ``fault`` where nobody can judge it."""

    id: int
    call_id: str
    card: CardRow | None = None
    flip: Flip | None = None
    fault: str | None = None


class Counts(msgspec.Struct, kw_only=True):
    """How judging again went."""

    judged: int = 0
    failed: int = 0
    flipped: int = 0


def rejudge(
    database: Database,
    rubric: str,
    workers: int,
    tell: Callable[[Judged], None] = lambda judged: None,
) -> Counts:
    """Judge every stored call with a rubric, which becomes its current scorecard.

    Args:
        database: the store.
        rubric: a name or a file.
        workers: processes.
        tell: is told of every call, in the store's order.

    Raises:
        ConfigError: the rubric is wrong.
        StoreError: the store cannot be read or written.
    """
    Judging(rubric).judge("")  # a wrong rubric is told before anything starts
    run = Run(database, "rejudge", {"rubric": rubric})
    counts = Counts()
    outcome = "interrupted"
    try:
        for part in _judged(database, rubric, workers):
            _store(database, run.id, part)
            for each in part:
                counts.judged += each.card is not None
                counts.failed += each.fault is not None
                counts.flipped += each.flip is not None
                tell(each)
        outcome = "failed" if counts.failed else "done"
    finally:
        try:
            run.end(outcome, msgspec.to_builtins(counts))
        finally:
            run.close()
    return counts


def _store(database: Database, run_id: int, part: Sequence[Judged]) -> None:
    cards = [(each.id, each.card) for each in part if each.card is not None]
    database.transact(lambda connection: store_cards(connection, run_id, cards))


def _judged(database: Database, rubric: str, workers: int) -> Iterator[list[Judged]]:
    """Parts of the store, judged; a few ahead of what is asked for."""
    with ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_prepare, initargs=(rubric,)
    ) as pool:
        waiting: deque[Future[list[Judged]]] = deque()
        for part in _parts(database):
            waiting.append(pool.submit(_judge_part, rubric, part))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _parts(database: Database) -> Iterator[list[Stored]]:
    after = 0
    while True:
        with database.reading() as connection:
            rows = facts_after(connection, after, _PART)
            ids = [row[0] for row in rows]
            query = (
                select(scorecards.c.recording_id, scorecards.c.data)
                .join(facts, facts.c.recording_id == scorecards.c.recording_id)
                .where(scorecards.c.recording_id.in_(ids), scorecards.c.current)
                .where(scorecards.c.facts_sha256 == facts.c.sha256)
            )
            cards = {row.recording_id: row.data for row in connection.execute(query)}
        if not rows:
            return
        yield [
            Stored(id=number, call_id=call_id, facts_sha256=sha256, facts=data,
                   card=cards.get(number))
            for number, call_id, sha256, data in rows
        ]  # fmt: skip
        after = ids[-1]


# ── In workers ───────────────────────────────────────────────────────────────────────────────────


def _prepare(rubric: str) -> None:
    Judging(rubric).judge("")


def _judge_part(rubric: str, part: Sequence[Stored]) -> list[Judged]:
    faults: list[Judged] = []
    waiting: deque[Stored] = deque()

    def heard() -> Iterator[tuple[CallFacts, str]]:
        for stored in part:
            try:
                found = unpack_facts(stored.facts, stored.call_id)
            except QinheError as error:
                faults.append(Judged(id=stored.id, call_id=stored.call_id, fault=str(error)))
            else:
                waiting.append(stored)
                yield found, stored.facts_sha256

    cards = Judging(rubric).judge("").scores(heard())
    judged = [_judged_as(card, waiting.popleft()) for card in cards]
    return sorted([*faults, *judged], key=attrgetter("id"))


def _judged_as(card: Scorecard, stored: Stored) -> Judged:
    row = pack_card(card)
    flip = None if stored.card is None else flip_of(stored.call_id, stored.card, row)
    return Judged(id=stored.id, call_id=stored.call_id, card=row, flip=flip)


def flip_of(call_id: str, before: bytes, now: CardRow) -> Flip | None:
    """What turned between two scorecards of a call; ``None``: nothing that can be told."""
    try:
        old = unpack_verdict(before, call_id)
    except StoreError:  # damaged: this one takes its place
        return None
    was = {each.criterion: each.outcome for each in old.findings}
    decided = {"met", "missed"}
    turned = tuple(
        (criterion, was[criterion], outcome)
        for _, criterion, _, _, outcome, *_ in now.findings
        if criterion in was and was[criterion] != outcome and {was[criterion], outcome} <= decided
    )
    if not turned and old.failed == now.failed:
        return None
    return Flip(
        call_id=call_id,
        failed=(old.failed, now.failed),
        mark=(old.mark, now.mark),
        turned=turned,
    )
