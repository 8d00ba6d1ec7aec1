from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select

from pipeline.store.calls import (
    Details,
    enter,
    known,
    record,
    sight,
    sighted,
    store_cards,
    store_fault,
)
from pipeline.store.database import Database
from pipeline.store.reading import facts_after, stored_call, stored_calls
from pipeline.store.tables import faults, findings, recordings, scorecards
from tests.unit.report import examples
from tests.unit.store.examples import PLAN, card_row, facts_row, store


def count(database: Database, table: object) -> int:
    with database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_what_is_stored_is_read_as_it_was(database: Database) -> None:
    store(database)
    with database.reading() as connection:
        call = stored_call(connection, "example")
    assert call.facts() == examples.facts("您 好")
    assert call.card().findings == examples.scorecard().findings
    assert count(database, findings) == len(examples.scorecard().findings)
    assert call.duration_s == 20.0


def test_details_are_kept_and_told_anew_but_not_lost(database: Database) -> None:
    start = datetime(2026, 11, 21, 22, 30, tzinfo=timezone(timedelta(hours=8)))
    told = Details(agent="李", team="A", queue="贷款", direction="in", started_at=start,
                   extra={"line": 7})  # fmt: skip
    store(database, details=told)
    store(database, details=Details(team="B"))
    with database.reading() as connection:
        call = stored_call(connection, "example")
    assert (call.agent, call.team, call.queue, call.direction) == ("李", "B", "贷款", "in")
    assert call.extra == {"line": 7}
    assert call.started_at == start
    assert call.started_at.tzinfo is UTC


def test_content_is_what_counts_not_the_name(database: Database) -> None:
    first = store(database, "a" * 64, "call")
    renamed = store(database, "a" * 64, "other name")
    namesake = store(database, "b" * 64, "call")
    assert (renamed.id, renamed.call_id) == (first.id, "call")
    assert namesake.call_id == "call-bbbbbbbb"
    assert count(database, recordings) == 2


def test_new_facts_take_the_scorecards_of_the_old_ones_away(database: Database) -> None:
    store(database)
    again = store(database, said="谢 谢")
    assert count(database, scorecards) == 1
    assert count(database, findings) == len(examples.scorecard().findings)
    with database.reading() as connection:
        assert known(connection, "a" * 64).facts_sha256 == facts_row(said="谢 谢").sha256
        assert known(connection, "a" * 64).id == again.id


def test_another_rubric_is_current_and_the_former_is_kept(database: Database) -> None:
    call = store(database)
    ref = examples.scorecard().rubric
    other = card_row(facts_row(), rubric=type(ref)(id="new", version=2, sha256="9" * 64,
                                                   name=ref.name), mark=12.0)  # fmt: skip
    for _ in range(2):  # judging twice with one rubric stores one scorecard
        database.transact(lambda c: store_cards(c, None, [(call.id, other)]))
    assert count(database, scorecards) == 2
    with database.reading() as connection:
        assert stored_call(connection, "example").card().mark == 12.0
        assert known(connection, "a" * 64).judge_sha256 == other.judge_sha256


def test_a_result_is_stored_whole_or_not_at_all(database: Database) -> None:
    entered = database.transact(lambda c: enter(c, "a" * 64, "call", "/in/call.wav", Details()))
    row = facts_row()
    broken = card_row(row)
    twice = (*broken.findings, broken.findings[0])  # breaks the last table's key
    broken = type(broken)(**{f: getattr(broken, f) for f in broken.__struct_fields__} | {
        "findings": twice})  # fmt: skip
    with pytest.raises(Exception, match=r"(?i)unique"):
        database.transact(
            lambda c: record(c, entered.id, None, measured=row, plan_sha256=PLAN, card=broken)
        )
    with database.reading() as connection:
        found = known(connection, "a" * 64)
    assert (found.state, found.plan_sha256, found.judge_sha256) == ("new", None, None)


def test_quarantine_is_for_one_plan_and_spares_an_earlier_result(database: Database) -> None:
    fresh = database.transact(lambda c: enter(c, "a" * 64, "a", "/in/a.wav", Details()))
    measured = store(database, "b" * 64, "b")
    for call in (fresh, measured):
        database.transact(
            lambda c, call=call: store_fault(
                c, None, "/in", "input", "poison", recording_id=call.id, quarantine_for="q" * 64
            )
        )
    with database.reading() as connection:
        assert known(connection, "a" * 64).state == "quarantined"
        assert known(connection, "b" * 64).state == "done"
        assert known(connection, "b" * 64).quarantined_plan == "q" * 64
    assert count(database, faults) == 2
    store(database, "a" * 64, "a")
    with database.reading() as connection:
        found = known(connection, "a" * 64)
    assert (found.state, found.quarantined_plan) == ("done", None)


def test_calls_come_in_parts_and_in_order(database: Database) -> None:
    names = [f"call-{i}" for i in range(7)]
    for i, name in enumerate(names):
        store(database, f"{i}" * 64, name)
    with database.reading() as connection:
        assert [call.call_id for call in stored_calls(connection)] == names
        part = facts_after(connection, 0, 3)
        assert [row[1] for row in part] == names[:3]
        rest = facts_after(connection, part[-1][0], 10)
        assert [row[1] for row in rest] == names[3:]


def test_since_goes_by_the_start_or_by_when_the_call_came(database: Database) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    store(database, "a" * 64, "old", Details(started_at=long_ago))
    store(database, "b" * 64, "new")
    with database.reading() as connection:
        since = list(stored_calls(connection, datetime(2024, 1, 1, tzinfo=UTC)))
        assert [call.call_id for call in since] == ["new"]


def test_a_name_is_remembered_with_its_content(database: Database) -> None:
    database.transact(lambda c: sight(c, [("/in/a", "10-1", "a" * 64), ("/in/b", "1", "b" * 64)]))
    database.transact(lambda c: sight(c, [("/in/a", "10-2", "c" * 64)]))
    with database.reading() as connection:
        assert sighted(connection, ["/in/a", "/in/none"]) == {"/in/a": ("10-2", "c" * 64)}
