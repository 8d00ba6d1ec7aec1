"""Agents' usual voices: learnt from the calls of the store, kept in it, forgotten at a word."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, func, select

from pipeline.errors import StoreError
from pipeline.profiles import VoiceProfile, learn
from pipeline.settings import ProfileSettings
from pipeline.store.clock import now
from pipeline.store.database import Database
from pipeline.store.dialects import insert_into
from pipeline.store.packing import unpack_facts
from pipeline.store.tables import agents, facts, recordings, voices


class StoredVoice(msgspec.Struct, frozen=True, kw_only=True):
    """A profile, and when it was learnt."""

    profile: VoiceProfile
    learnt_at: datetime


def learn_voices(
    database: Database, settings: ProfileSettings, agent: str | None = None
) -> dict[str, VoiceProfile | None]:
    """Learn one agent's voice, or every agent's, anew.

    Returns:
        by agent; ``None`` where too few calls can be learnt from, and nothing is kept any more.

    Raises:
        StoreError: no call is known to be that agent's, or the store cannot be read or written.
    """
    with database.reading() as connection:
        named = select(agents.c.id, agents.c.name).order_by(agents.c.name)
        if agent is not None:
            named = named.where(agents.c.name == agent)
        known = list(connection.execute(named))
    if agent is not None and not known:
        raise _unknown(agent, "no call of theirs")
    return {name: _learn(database, number, name, settings) for number, name in known}


def _learn(
    database: Database, agent_id: int, name: str, settings: ProfileSettings
) -> VoiceProfile | None:
    query = (
        select(recordings.c.call_id, facts.c.data)
        .join(facts, facts.c.recording_id == recordings.c.id)
        .where(recordings.c.agent_id == agent_id)
        .order_by(func.coalesce(recordings.c.started_at, recordings.c.added_at).desc())
        .limit(settings.most_calls)
    )
    with database.reading() as connection:
        rows = connection.execute(query).all()
    profile = learn(name, (unpack_facts(data, call_id) for call_id, data in rows), settings)
    database.transact(lambda connection: _keep(connection, agent_id, profile))
    return profile


def _keep(connection: Connection, agent_id: int, profile: VoiceProfile | None) -> None:
    if profile is None:
        connection.execute(delete(voices).where(voices.c.agent_id == agent_id))
        return
    row = {
        "agent_id": agent_id,
        "calls": profile.calls,
        "talk_s": profile.talk_s,
        "learnt_at": now(),
        "data": msgspec.json.encode(profile),
    }
    stored = insert_into(connection, voices).values(row)
    connection.execute(
        stored.on_conflict_do_update(
            index_elements=[voices.c.agent_id],
            set_={name: stored.excluded[name] for name in row if name != "agent_id"},
        )
    )


def stored_voices(connection: Connection) -> list[StoredVoice]:
    """Every profile, by agents' names.

    Raises:
        StoreError: one is damaged.
    """
    query = (
        select(agents.c.name, voices.c.data, voices.c.learnt_at)
        .join(agents, agents.c.id == voices.c.agent_id)
        .order_by(agents.c.name)
    )
    return [
        StoredVoice(profile=_unpacked(data, name), learnt_at=at)
        for name, data, at in connection.execute(query)
    ]


def stored_voice(connection: Connection, agent: str) -> VoiceProfile | None:
    """An agent's profile; ``None``: none was learnt.

    Raises:
        StoreError: it is damaged.
    """
    query = select(voices.c.data).join(agents, agents.c.id == voices.c.agent_id)
    data = connection.scalar(query.where(agents.c.name == agent))
    return None if data is None else _unpacked(data, agent)


def forget_voice(database: Database, agent: str) -> None:
    """Remove an agent's profile; what was judged by it stays judged.

    Raises:
        StoreError: there is none.
    """
    own = select(agents.c.id).where(agents.c.name == agent).scalar_subquery()
    gone = database.transact(
        lambda connection: connection.execute(delete(voices).where(voices.c.agent_id == own))
    )
    if not gone.rowcount:
        raise _unknown(agent, "no voice of theirs")


def _unpacked(data: bytes, agent: str) -> VoiceProfile:
    try:
        return msgspec.json.decode(data, type=VoiceProfile)
    except (msgspec.MsgspecError, ValueError) as error:
        raise StoreError(
            agent,
            expected="a voice as this version of Qinhe keeps it",
            found=f"something else ({error})",
            remedy="learn it again with `qinhe voices learn`",
        ) from None


def _unknown(agent: str, found: str) -> StoreError:
    return StoreError(
        agent,
        expected="an agent of the store",
        found=found,
        remedy="see `qinhe voices list`, and the column agent of the manifest",
    )
