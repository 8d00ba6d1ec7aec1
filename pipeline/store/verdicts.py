"""What the current scorecards say, a row a verdict: what human marks are held against."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, select

from pipeline.scorecard import Text
from pipeline.store.packing import unpack_card
from pipeline.store.tables import agents, facts, findings, recordings, scorecards
from pipeline.values import Value

_CURRENT: Final[ColumnElement[bool]] = (
    (scorecards.c.recording_id == recordings.c.id)
    & scorecards.c.current
    & (scorecards.c.facts_sha256 == facts.c.sha256)
)


class JudgedCall(Value, frozen=True, kw_only=True):
    """A call and its mark.

    Attributes:
        mark: 0 to 100; ``None``: nothing could be measured, or it was never judged.
    """

    call_id: str
    source: str
    agent: str | None
    started_at: datetime | None
    duration_s: float
    mark: float | None


class Held(Value, frozen=True, kw_only=True):
    """One criterion of one call, and what was held against which limits."""

    call_id: str
    criterion: str
    outcome: str
    value: float | None
    low: float | None
    high: float | None


class Named(Value, frozen=True, kw_only=True):
    """What a criterion is called."""

    standard: str
    name: Text


def judged_calls(connection: Connection) -> list[JudgedCall]:
    """Every measured call, by name."""
    query = (
        select(
            recordings.c.call_id,
            recordings.c.source,
            agents.c.name.label("agent"),
            recordings.c.started_at,
            facts.c.duration_s,
            scorecards.c.mark,
        )
        .join(facts, facts.c.recording_id == recordings.c.id)
        .outerjoin(agents, agents.c.id == recordings.c.agent_id)
        .outerjoin(scorecards, _CURRENT)
        .order_by(recordings.c.call_id)
    )
    return [JudgedCall(**row) for row in connection.execute(query).mappings()]


def call_lengths(connection: Connection) -> dict[str, float | None]:
    """Every call -> its length in seconds; ``None`` where it is not measured yet."""
    query = select(recordings.c.call_id, facts.c.duration_s).outerjoin(
        facts, facts.c.recording_id == recordings.c.id
    )
    return {row.call_id: row.duration_s for row in connection.execute(query)}


def verdicts(connection: Connection) -> Iterator[Held]:
    """Every finding of every current scorecard, by call and in the rubric's order."""
    query = (
        select(
            recordings.c.call_id,
            findings.c.criterion,
            findings.c.outcome,
            findings.c.value,
            findings.c.low,
            findings.c.high,
        )
        .join(facts, facts.c.recording_id == recordings.c.id)
        .join(scorecards, _CURRENT)
        .join(findings, findings.c.scorecard_id == scorecards.c.id)
        .order_by(recordings.c.call_id, findings.c.number)
    )
    for row in connection.execute(query).mappings():
        yield Held(**row)


def criteria(connection: Connection) -> dict[str, Named]:
    """Criterion -> what it is called, of every rubric that current scorecards were judged with."""
    one_each = (
        select(func.min(scorecards.c.id))
        .where(scorecards.c.current)
        .group_by(scorecards.c.judge_sha256)
    )
    query = select(scorecards.c.data).where(scorecards.c.id.in_(one_each)).order_by(scorecards.c.id)
    found: dict[str, Named] = {}
    for data in connection.scalars(query):
        for finding in unpack_card(data, "a scorecard").findings:
            named = Named(standard=finding.standard, name=finding.name)
            found.setdefault(finding.criterion, named)
    return found
