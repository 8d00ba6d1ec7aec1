from pipeline.store.calls import Details, enter
from pipeline.store.database import Database
from pipeline.store.verdicts import call_lengths, criteria, judged_calls, verdicts
from tests.unit.report import examples
from tests.unit.store.examples import store


def test_what_the_current_scorecards_say(database: Database) -> None:
    store(database, "b" * 64, "second", Details(agent="李"))
    store(database, "a" * 64, "first")
    database.transact(lambda c: enter(c, "c" * 64, "unmeasured", "/in/u.wav", Details()))
    card = examples.scorecard()
    with database.reading() as connection:
        calls = judged_calls(connection)
        said = list(verdicts(connection))
        named = criteria(connection)
        lengths = call_lengths(connection)
    assert [(call.call_id, call.agent, call.mark) for call in calls] == [
        ("first", None, card.mark), ("second", "李", card.mark),
    ]  # fmt: skip
    expected = [(f.criterion, f.outcome, f.value, f.low, f.high) for f in card.findings]
    for call_id in ("first", "second"):
        assert expected == [
            (v.criterion, v.outcome, v.value, v.low, v.high) for v in said if v.call_id == call_id
        ]
    assert len(said) == 2 * len(expected)
    assert list(named) == [f.criterion for f in card.findings]
    assert named["cheap"].name == card.findings[0].name
    assert lengths["unmeasured"] is None
    assert lengths["first"] == calls[0].duration_s > 0


def test_an_empty_store_says_nothing(database: Database) -> None:
    with database.reading() as connection:
        assert judged_calls(connection) == []
        assert list(verdicts(connection)) == []
        assert criteria(connection) == {}
        assert call_lengths(connection) == {}
