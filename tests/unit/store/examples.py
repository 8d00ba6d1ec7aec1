"""Calls to store."""

import msgspec

from pipeline.store.calls import Details, Known, enter, record
from pipeline.store.database import Database
from pipeline.store.packing import CardRow, FactsRow, pack_card, pack_facts
from tests.unit.report import examples

PLAN = "p" * 64


def facts_row(call_id: str = "example", said: str = "您 好", tracks: str | None = None) -> FactsRow:
    facts = msgspec.structs.replace(examples.facts(said), call_id=call_id)
    return pack_facts(facts, tracks, took_s=1.5)


def card_row(row: FactsRow, call_id: str = "example", **changes: object) -> CardRow:
    card = msgspec.structs.replace(
        examples.scorecard(), call_id=call_id, facts_sha256=row.sha256, **changes
    )
    return pack_card(card)


def store(
    database: Database,
    content: str = "a" * 64,
    call_id: str = "example",
    details: Details | None = None,
    **row: object,
) -> Known:
    """A call, measured and judged."""
    found = database.transact(
        lambda c: enter(c, content, call_id, f"/in/{call_id}.wav", details or Details())
    )
    measured = facts_row(found.call_id, **row)
    database.transact(
        lambda c: record(
            c,
            found.id,
            None,
            measured=measured,
            plan_sha256=PLAN,
            card=card_row(measured, found.call_id),
        )
    )
    return found
