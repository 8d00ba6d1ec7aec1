from datetime import UTC, datetime
from importlib import import_module

import msgspec
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

from pipeline.errors import StoreError
from pipeline.store.database import Database
from pipeline.store.marks import Mark, Scale, add_marks, all_marks, remove_marks
from pipeline.timeline import Span
from tests.unit.store.examples import store

AT = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
GIVEN = [
    Mark(call_id="example", rater="王", value=80.0, scale="0-100", marked_at=AT),
    Mark(call_id="example", rater="赵", value=70.5, scale="0-100", note="偏快", marked_at=AT),
    Mark(
        call_id="example", rater="王", criterion="greeting", value="met",
        span=Span(1.0, 2.5), marked_at=AT,
    ),
]  # fmt: skip


def test_marks_come_back_as_they_went_in(database: Database) -> None:
    store(database)
    assert database.transact(lambda c: add_marks(c, GIVEN)) == 3
    with database.reading() as connection:
        assert all_marks(connection) == GIVEN


def test_a_mark_without_its_moment_is_of_when_it_was_stored(database: Database) -> None:
    store(database)
    database.transact(lambda c: add_marks(c, [Mark(call_id="example", rater="王", value="met")]))
    with database.reading() as connection:
        (stored,) = all_marks(connection)
    assert stored.marked_at is not None
    assert abs((datetime.now(UTC) - stored.marked_at).total_seconds()) < 600


def test_a_second_mark_and_an_unknown_call_are_named(database: Database) -> None:
    store(database)
    database.transact(lambda c: add_marks(c, GIVEN))
    with pytest.raises(StoreError, match="second by 王"):
        database.transact(lambda c: add_marks(c, GIVEN[:1]))
    with pytest.raises(StoreError, match="no such call"):
        database.transact(lambda c: add_marks(c, [Mark(call_id="no", rater="王", value="met")]))


def test_what_a_rater_takes_back_goes_and_the_rest_stays(database: Database) -> None:
    store(database)
    database.transact(lambda c: add_marks(c, GIVEN))
    database.transact(lambda c: remove_marks(c, GIVEN[:1]))
    with database.reading() as connection:
        assert all_marks(connection) == GIVEN[1:]


def test_numbers_of_older_stores_stand_on_0_to_100(database: Database) -> None:
    store(database)
    database.transact(lambda c: add_marks(c, GIVEN))
    scales = import_module("pipeline.store.migrations.versions.0002_scales")
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE marks DROP COLUMN scale"))
        with Operations.context(MigrationContext.configure(connection)):
            scales.upgrade()
    with database.reading() as connection:
        assert all_marks(connection) == GIVEN


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": "good"}, "no verdict"),
        ({"value": "met", "scale": "0-100"}, "stands on no scale"),
        ({"value": 5.0}, "without its scale"),
        ({"value": 101.0, "scale": "0-100"}, "outside"),
        ({"value": float("nan"), "scale": "0-100"}, "outside"),
        ({"value": 3.5, "scale": "1-5:1"}, "outside"),
        ({"value": 3.0, "scale": "1.0-5"}, "is written '1-5'"),
        ({"value": 3.0, "scale": "high"}, "is no scale"),
        ({"rater": ""}, "names its"),
        ({"criterion": ""}, "names its"),
        ({"span": Span(-1.0, 2.0)}, "0 s or later"),
        ({"marked_at": datetime(2026, 1, 1)}, "zone"),
    ],
)
def test_no_mark_is_impossible(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        msgspec.structs.replace(Mark(call_id="a", rater="王", value="met"), **changes)


@pytest.mark.parametrize("name", ["0-100", "1-5:1", "3.5-5.5", "-2-2:0.5", "-5--1"])
def test_a_scale_is_its_name(name: str) -> None:
    assert Scale.parse(name).name == name


def test_a_scale_knows_its_levels() -> None:
    assert Scale.parse("3.5-5.5:0.5").levels == (3.5, 4.0, 4.5, 5.0, 5.5)
    assert Scale.parse("0-1:0.1").__contains__(0.30000000000000004)
    assert Scale.parse("0-100").levels == ()


@pytest.mark.parametrize("name", ["5-1", "1-1", "1-5:3", "1-5:0", "1-", "0-100 points", "9" * 50])
def test_what_is_no_scale_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"scale|steps"):
        Scale.parse(name)
