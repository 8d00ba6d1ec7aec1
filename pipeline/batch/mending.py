"""Puts right who is the agent of a stored call: other names in its facts, and a new scorecard."""

from __future__ import annotations

from pipeline.batch.judging import Judging
from pipeline.batch.rejudge import Judged, flip_of
from pipeline.facts import spoken_language
from pipeline.measure.roles import revised
from pipeline.store.calls import record_revised
from pipeline.store.database import Database
from pipeline.store.packing import pack_card, pack_facts
from pipeline.store.reading import stored_call


def mend(database: Database, call_id: str, agent_voice: int, rubric: str | None) -> Judged:
    """Store the call with another voice for the agent's, judged anew; nothing is measured.

    The store remembers who it is: should the call be measured again, the agent stays who it is.

    Args:
        database: the store.
        call_id: the call.
        agent_voice: the agent's voice, by its number in the facts.
        rubric: a name or a file; ``None``: the one of the call's language.

    Raises:
        StoreError: there is no such call, or the store cannot be written.
        UsageError: there is no such voice in it.
        ConfigError: the rubric is wrong.
    """
    with database.reading() as connection:
        call = stored_call(connection, call_id)
    facts = revised(call.facts(), agent_voice)
    judge = Judging(rubric).judge(spoken_language(facts))
    row = pack_facts(facts, call.tracks_sha256, took_s=0.0)
    card = pack_card(judge.score(facts, row.sha256))
    database.transact(lambda c: record_revised(c, call.id, agent_voice, row, card))
    flip = None if call.card_data is None else flip_of(call_id, call.card_data, card)
    return Judged(id=call.id, call_id=call_id, card=card, flip=flip)
