"""Writes calls: a recording is entered, then its result is stored whole, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from pipeline.store.clock import now
from pipeline.store.dialects import insert_into
from pipeline.store.packing import FINDING_COLUMNS, CardRow, FactsRow
from pipeline.store.tables import (
    agents,
    claims,
    facts,
    faults,
    recordings,
    scorecards,
    sightings,
)

NEW: Final = "new"
DONE: Final = "done"
QUARANTINED: Final = "quarantined"


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a call besides its sound; ``None`` is not known."""

    agent: str | None = None
    team: str | None = None
    queue: str | None = None
    direction: str | None = None
    started_at: datetime | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the store has of a recording.

    Attributes:
        plan_sha256: what its facts were measured with; ``None``: not measured.
        judge_sha256: what its current scorecard was judged with; ``None``: not judged.
        agent_voice: the agent's voice, where somebody put a wrong guess right.
        quarantined_plan: what it could not be measured with.
    """

    id: int
    call_id: str
    state: str
    quarantined_plan: str | None
    plan_sha256: str | None
    facts_sha256: str | None
    language: str | None
    judge_sha256: str | None
    agent_voice: int | None = None


def enter(
    connection: Connection, sha256: str, call_id: str, source: str, details: Details
) -> Known:
    """Make the recording known, under ``call_id`` or one near it that is free.

    A recording that is known already keeps its name; what ``details`` tells anew replaces what was
    known, what they leave open stays.
    """
    found = known(connection, sha256)
    told = _columns(connection, details)
    if found is None:
        row = {
            "sha256": sha256,
            "call_id": _free_name(connection, call_id, sha256),
            "source": source,
            "extra": details.extra,
            "added_at": now(),
            "state": NEW,
            **told,
        }
        connection.execute(insert_into(connection, recordings).values(row).on_conflict_do_nothing())
        found = known(connection, sha256)
        if found is None:  # another run took the name between our look and our insert
            return enter(connection, sha256, f"{call_id}-{sha256[:8]}", source, details)
        return found
    if details.extra:
        told["extra"] = details.extra
    changed = update(recordings).where(recordings.c.id == found.id)
    connection.execute(changed.values(source=source, **told))
    return found


def known(connection: Connection, sha256: str) -> Known | None:
    """What is stored of a recording, by its content."""
    query = (
        select(
            recordings.c.id,
            recordings.c.call_id,
            recordings.c.state,
            recordings.c.quarantined_plan,
            recordings.c.agent_voice,
            facts.c.plan_sha256,
            facts.c.sha256.label("facts_sha256"),
            facts.c.language,
            scorecards.c.judge_sha256,
        )
        .outerjoin(facts, facts.c.recording_id == recordings.c.id)
        .outerjoin(
            scorecards,
            (scorecards.c.recording_id == recordings.c.id)
            & scorecards.c.current
            & (scorecards.c.facts_sha256 == facts.c.sha256),
        )
        .where(recordings.c.sha256 == sha256)
    )
    row = connection.execute(query).mappings().first()
    return Known(**row) if row else None


def _free_name(connection: Connection, call_id: str, sha256: str) -> str:
    taken = connection.scalar(select(recordings.c.id).where(recordings.c.call_id == call_id))
    return call_id if taken is None else f"{call_id}-{sha256[:8]}"


def _columns(connection: Connection, details: Details) -> dict[str, Any]:
    told = {
        "agent_id": _agent(connection, details.agent) if details.agent else None,
        "team": details.team,
        "queue": details.queue,
        "direction": details.direction,
        "started_at": details.started_at,
    }
    return {name: value for name, value in told.items() if value is not None}


def _agent(connection: Connection, name: str) -> int:
    query = select(agents.c.id).where(agents.c.name == name)
    found = connection.scalar(query)
    if found is None:
        values = insert_into(connection, agents).values(name=name).on_conflict_do_nothing()
        connection.execute(values)
        found = connection.execute(query).scalar_one()
    return int(found)


# ── Results ──────────────────────────────────────────────────────────────────────────────────────


def record(
    connection: Connection,
    recording_id: int,
    run_id: int | None,
    *,
    measured: FactsRow | None,
    plan_sha256: str,
    card: CardRow | None,
) -> None:
    """Store a call's result, and give up the claim on it.

    ``measured`` are the facts where they were measured anew, with the plan of ``plan_sha256``;
    scorecards of the facts before them go. ``card`` becomes the current scorecard.
    """
    if measured is not None:
        _store_facts(connection, recording_id, run_id, measured, plan_sha256)
    if card is not None:
        store_cards(connection, run_id, [(recording_id, card)])
    done = update(recordings).where(recordings.c.id == recording_id)
    connection.execute(done.values(state=DONE, quarantined_plan=None))
    connection.execute(delete(claims).where(claims.c.recording_id == recording_id))


def _store_facts(
    connection: Connection, recording_id: int, run_id: int | None, row: FactsRow, plan: str
) -> None:
    values = {
        **msgspec.structs.asdict(row),
        "recording_id": recording_id,
        "run_id": run_id,
        "plan_sha256": plan,
        "measured_at": now(),
    }
    stored = insert_into(connection, facts).values(values)
    connection.execute(
        stored.on_conflict_do_update(
            index_elements=[facts.c.recording_id],
            set_={name: stored.excluded[name] for name in values if name != "recording_id"},
        )
    )
    stale = (scorecards.c.recording_id == recording_id) & (scorecards.c.facts_sha256 != row.sha256)
    connection.execute(delete(scorecards).where(stale))


def store_cards(
    connection: Connection, run_id: int | None, cards: Sequence[tuple[int, CardRow]]
) -> None:
    """Store scorecards as the current ones of their recordings; others are kept beside them."""
    if not cards:
        return
    ids = [recording_id for recording_id, _ in cards]
    judges = {card.judge_sha256 for _, card in cards}
    # In one order, so that two runs that judge the same calls wait instead of colliding.
    mine = select(recordings.c.id).where(recordings.c.id.in_(ids)).order_by(recordings.c.id)
    connection.execute(mine.with_for_update())
    of_these = scorecards.c.recording_id.in_(ids)
    connection.execute(delete(scorecards).where(of_these, scorecards.c.judge_sha256.in_(judges)))
    connection.execute(update(scorecards).where(of_these).values(current=False))
    first = 1 + (connection.scalar(select(func.max(scorecards.c.id))) or 0)
    if connection.dialect.name == "postgresql":
        sequence = "pg_get_serial_sequence('scorecards', 'id')"
        drawn = f"SELECT nextval({sequence}) FROM generate_series(1, {len(cards)})"
        numbers = list(connection.exec_driver_sql(drawn).scalars())
    else:  # the writer's lock is ours
        numbers = list(range(first, first + len(cards)))
    at = now()
    connection.execute(
        insert(scorecards),
        [
            _card_values(number, recording_id, run_id, card, at)
            for number, (recording_id, card) in zip(numbers, cards, strict=True)
        ],
    )
    _store_findings(connection, list(zip(numbers, (card for _, card in cards), strict=True)))


def _card_values(
    number: int, recording_id: int, run_id: int | None, card: CardRow, at: datetime
) -> dict[str, Any]:
    values = msgspec.structs.asdict(card)
    del values["findings"]
    return {
        **values,
        "id": number,
        "recording_id": recording_id,
        "run_id": run_id,
        "current": True,
        "judged_at": at,
    }


def _store_findings(connection: Connection, cards: Sequence[tuple[int, CardRow]]) -> None:
    """Half a million rows of a whole store judged again: past the layers that cost per row."""
    names = ", ".join(("scorecard_id", *FINDING_COLUMNS))
    rows = [(number, *finding) for number, card in cards for finding in card.findings]
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        into = f"COPY findings ({names}) FROM STDIN"
        driver: Any = connection.connection.driver_connection  # psycopg's own
        with driver.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)
        return
    holes = ", ".join("?" * (len(FINDING_COLUMNS) + 1))
    connection.exec_driver_sql(f"INSERT INTO findings ({names}) VALUES ({holes})", rows)


def record_revised(
    connection: Connection, recording_id: int, agent_voice: int, row: FactsRow, card: CardRow
) -> None:
    """Store facts whose agent somebody put right, with their scorecard, and who the agent is.

    How they were measured, and with what, stays.
    """
    values = {"sha256": row.sha256, "data": row.data}
    own = facts.c.recording_id == recording_id
    connection.execute(update(facts).where(own).values(values))
    connection.execute(delete(scorecards).where(scorecards.c.recording_id == recording_id))
    store_cards(connection, None, [(recording_id, card)])
    changed = update(recordings).where(recordings.c.id == recording_id)
    connection.execute(changed.values(agent_voice=agent_voice))


# ── What went wrong ──────────────────────────────────────────────────────────────────────────────


def store_fault(
    connection: Connection,
    run_id: int | None,
    source: str,
    kind: str,
    reason: str,
    *,
    recording_id: int | None = None,
    quarantine_for: str | None = None,
) -> None:
    """Store why a recording has no result, and give up the claim on it.

    ``quarantine_for`` is the plan under which it shall not be tried again.
    """
    row = {
        "run_id": run_id,
        "recording_id": recording_id,
        "source": source,
        "kind": kind,
        "reason": reason,
        "plan_sha256": quarantine_for,
        "at": now(),
    }
    connection.execute(insert(faults).values(row))
    if recording_id is None:
        return
    connection.execute(delete(claims).where(claims.c.recording_id == recording_id))
    if quarantine_for is not None:
        # A result of an earlier plan stays what it is; only this plan is not tried again.
        changed = update(recordings).where(recordings.c.id == recording_id)
        connection.execute(changed.values(quarantined_plan=quarantine_for))
        fresh = changed.where(recordings.c.state == NEW)
        connection.execute(fresh.values(state=QUARANTINED))


# ── Names ────────────────────────────────────────────────────────────────────────────────────────


def sighted(connection: Connection, sources: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """Source -> its token and content when it was last read, for those that were."""
    query = select(sightings).where(sightings.c.source.in_(sources))
    return {row.source: (row.token, row.sha256) for row in connection.execute(query)}


def sight(connection: Connection, seen: Sequence[tuple[str, str, str]]) -> None:
    """Remember what content names have: (source, token, sha256)."""
    if not seen:
        return
    stored = insert_into(connection, sightings)
    connection.execute(
        stored.on_conflict_do_update(
            index_elements=[sightings.c.source],
            set_={"token": stored.excluded.token, "sha256": stored.excluded.sha256},
        ),
        [{"source": s, "token": t, "sha256": h} for s, t, h in seen],
    )
