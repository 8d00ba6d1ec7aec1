"""The tables. What migrations make of an empty database is tested to be exactly this."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, with its zone; SQLite keeps none, so it is put back when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses a moment without a zone: nobody could say later when it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs its zone: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The moment with its zone."""
        if value is None:
            return None
        moment: datetime = value.replace(tzinfo=UTC) if value.tzinfo is None else value
        return moment.astimezone(UTC)


metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_SHA256: Final = String(64)


def _of_recording(**options: Any) -> Column[int]:
    key = ForeignKey("recordings.id", ondelete="CASCADE")
    return Column("recording_id", Integer, key, nullable=False, **options)


def _of_run() -> Column[int]:
    return Column("run_id", Integer, ForeignKey("runs.id", ondelete="SET NULL"), nullable=True)


agents: Final = Table(
    "agents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

voices: Final = Table(
    "voices",
    metadata,
    # An agent's usual voice, learnt from their calls.
    Column(
        "agent_id",
        Integer,
        ForeignKey("agents.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("calls", Integer, nullable=False),
    Column("talk_s", Float, nullable=False),
    Column("learnt_at", Moment, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

runs: Final = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),  # batch, watch, rejudge
    Column("host", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("plan", JSON, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("outcome", String(16), nullable=False),  # running, done, failed, interrupted, lost
    Column("counts", JSON),
)

recordings: Final = Table(
    "recordings",
    metadata,
    Column("id", Integer, primary_key=True),
    # The hash of the file's bytes, or of both files' hashes: names do not matter.
    Column("sha256", _SHA256, nullable=False, unique=True),
    Column("call_id", Text, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("agent_id", Integer, ForeignKey("agents.id"), index=True),
    Column("team", Text),
    Column("queue", Text),
    Column("direction", Text),
    Column("started_at", Moment, index=True),
    Column("extra", JSON, nullable=False),
    Column("added_at", Moment, nullable=False),
    # new: never measured; done; quarantined: this plan cannot measure it.
    Column("state", String(16), nullable=False, index=True),
    Column("quarantined_plan", _SHA256),
    # The agent's voice, where somebody put a wrong guess right.
    Column("agent_voice", Integer),
)

sightings: Final = Table(
    "sightings",
    metadata,
    # Which content a name had, and how to tell without reading it that it still has.
    Column("source", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("sha256", _SHA256, nullable=False, index=True),
)

claims: Final = Table(
    "claims",
    metadata,
    _of_recording(primary_key=True, autoincrement=False),
    Column("run_id", Integer, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
)

faults: Final = Table(
    "faults",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_run(),
    Column("recording_id", Integer, ForeignKey("recordings.id", ondelete="CASCADE"), index=True),
    Column("source", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("plan_sha256", _SHA256),
    Column("at", Moment, nullable=False),
)

facts: Final = Table(
    "facts",
    metadata,
    _of_recording(primary_key=True, autoincrement=False),
    _of_run(),
    Column("sha256", _SHA256, nullable=False),
    Column("plan_sha256", _SHA256, nullable=False),
    Column("language", String(16), nullable=False),
    Column("demonstration", Boolean, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("tracks_sha256", _SHA256, index=True),
    Column("measured_at", Moment, nullable=False),
    Column("took_s", Float, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

scorecards: Final = Table(
    "scorecards",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_recording(),
    _of_run(),
    Column("current", Boolean, nullable=False),
    Column("facts_sha256", _SHA256, nullable=False),
    Column("rubric_id", Text, nullable=False),
    Column("rubric_version", Integer, nullable=False),
    # Rubric and lexicon as they were applied.
    Column("judge_sha256", _SHA256, nullable=False),
    Column("mark", Float),
    Column("won", Float, nullable=False),
    Column("possible", Float, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("judged_at", Moment, nullable=False),
    Column("data", LargeBinary, nullable=False),
    UniqueConstraint("recording_id", "judge_sha256"),
)
Index(
    "ix_scorecards_current",
    scorecards.c.recording_id,
    unique=True,
    sqlite_where=text("current"),
    postgresql_where=text("current"),
)

findings: Final = Table(
    "findings",
    metadata,
    Column(
        "scorecard_id",
        Integer,
        ForeignKey("scorecards.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("criterion", Text, nullable=False),
    Column("standard", Text, nullable=False),
    Column("pillar", Text, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
    Column("won", Float, nullable=False),
    Column("possible", Float, nullable=False),
)

marks: Final = Table(
    "marks",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_recording(index=True),
    Column("criterion", Text, nullable=False),  # "" is the whole call
    Column("rater", Text, nullable=False),
    Column("outcome", String(16)),
    Column("mark", Float),
    Column("start_s", Float),
    Column("end_s", Float),
    Column("note", Text, nullable=False),
    Column("marked_at", Moment, nullable=False),
    Column("scale", String(32)),  # of `mark`, such as 0-100
    UniqueConstraint("recording_id", "criterion", "rater"),
)
