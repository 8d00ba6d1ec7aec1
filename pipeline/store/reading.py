"""Hands out what is stored, a part at a time: a store may hold more than memory does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, select

from pipeline.errors import StoreError
from pipeline.facts import CallFacts
from pipeline.scorecard import Scorecard
from pipeline.store.packing import unpack_card, unpack_facts
from pipeline.store.tables import agents, facts, recordings, scorecards

_PART = 200


class StoredCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call as it is stored; facts and scorecard packed (`packing`)."""

    id: int
    call_id: str
    sha256: str
    source: str
    agent: str | None
    team: str | None
    queue: str | None
    direction: str | None
    started_at: datetime | None
    added_at: datetime
    extra: dict[str, Any]
    duration_s: float
    facts_sha256: str
    tracks_sha256: str | None
    facts_data: bytes
    card_data: bytes | None

    def facts(self) -> CallFacts:
        """What was measured."""
        return unpack_facts(self.facts_data, self.call_id)

    def card(self) -> Scorecard | None:
        """What is concluded at present."""
        return None if self.card_data is None else unpack_card(self.card_data, self.call_id)


def _query() -> Select[Any]:
    current = (
        (scorecards.c.recording_id == recordings.c.id)
        & scorecards.c.current
        & (scorecards.c.facts_sha256 == facts.c.sha256)
    )
    return (
        select(
            recordings.c.id,
            recordings.c.call_id,
            recordings.c.sha256,
            recordings.c.source,
            agents.c.name.label("agent"),
            recordings.c.team,
            recordings.c.queue,
            recordings.c.direction,
            recordings.c.started_at,
            recordings.c.added_at,
            recordings.c.extra,
            facts.c.duration_s,
            facts.c.sha256.label("facts_sha256"),
            facts.c.tracks_sha256,
            facts.c.data.label("facts_data"),
            scorecards.c.data.label("card_data"),
        )
        .join(facts, facts.c.recording_id == recordings.c.id)
        .outerjoin(agents, agents.c.id == recordings.c.agent_id)
        .outerjoin(scorecards, current)
    )


def stored_calls(connection: Connection, since: datetime | None = None) -> Iterator[StoredCall]:
    """Every measured call in the order in which they came.

    With ``since``, only calls that started then or later; where the start is not known, that were
    added then or later.
    """
    after = 0
    while True:
        query = _query().where(recordings.c.id > after).order_by(recordings.c.id).limit(_PART)
        if since is not None:
            query = query.where(
                func.coalesce(recordings.c.started_at, recordings.c.added_at) >= since
            )
        rows = connection.execute(query).mappings().all()
        yield from (StoredCall(**row) for row in rows)
        if len(rows) < _PART:
            return
        after = rows[-1]["id"]


def stored_call(connection: Connection, call_id: str) -> StoredCall:
    """One measured call.

    Raises:
        StoreError: no call of that name has been measured.
    """
    row = connection.execute(_query().where(recordings.c.call_id == call_id)).mappings().first()
    if row is None:
        raise StoreError(
            call_id,
            expected="the name of a call in the store",
            found="none that has been measured under it",
            remedy="see `qinhe export` for the names",
        )
    return StoredCall(**row)


def facts_after(
    connection: Connection, recording_id: int, most: int
) -> Sequence[tuple[int, str, str, bytes]]:
    """The next calls' (recording, call id, facts' hash, packed facts), for judging."""
    query = (
        select(recordings.c.id, recordings.c.call_id, facts.c.sha256, facts.c.data)
        .join(facts, facts.c.recording_id == recordings.c.id)
        .where(recordings.c.id > recording_id)
        .order_by(recordings.c.id)
        .limit(most)
    )
    return [tuple(row) for row in connection.execute(query)]


def count_measured(connection: Connection) -> int:
    """How many calls have facts."""
    return connection.scalar(select(func.count()).select_from(facts)) or 0
