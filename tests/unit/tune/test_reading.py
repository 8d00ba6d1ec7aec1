"""A store is read the same by one process and by several; what cannot be read is named."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from pipeline.rubric import load_lexicon, shipped
from pipeline.store.database import open_database
from pipeline.store.tables import facts, recordings
from pipeline.tune import reading
from pipeline.tune.calls import read_calls
from pipeline.tune.knobs import knobs_of
from pipeline.tune.reading import read_store
from pipeline.tune.shares import ShareReader, shares_of
from pipeline.tune.table import cells_of
from scripts.synthesis.night import RUBRIC, fill

CALLS = 330
"""More than one process would take alone."""
RUBRIC_ = shipped(RUBRIC)
CRITERIA = [each for each in RUBRIC_.criteria if each.id in ("response-time", "speech-rate")]
CELLS = {each.id: cells_of(each, knobs_of(each)) for each in CRITERIA}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> str:
    address = str(tmp_path_factory.mktemp("night") / "night.db")
    with open_database(address) as database:
        fill(database, CALLS, agents=10, marked=0, turns=1)

        def spoil(connection) -> None:
            first = connection.execute(recordings.select().limit(1)).first()
            own = facts.c.recording_id == first.id
            connection.execute(update(facts).where(own).values(data=b"no facts"))

        database.transact(spoil)
    return address


def test_several_processes_read_what_one_does(night: str) -> None:
    lexicon = load_lexicon(RUBRIC_.lexicon)
    with open_database(night) as database:
        alone, together = (
            read_calls(database, RUBRIC_, lexicon, CELLS, workers) for workers in (1, 2)
        )
    assert len(alone) == CALLS - 1
    assert together.call_ids == alone.call_ids
    assert together.agents == alone.agents
    assert together.groups == alone.groups
    for key, table in alone.tables.items():
        other = together.tables[key]
        assert (table.codes == other.codes).all()
        assert np.array_equal(table.values, other.values, equal_nan=True)


def test_facts_that_cannot_be_read_are_named_in_both(night: str) -> None:
    make = partial(ShareReader, RUBRIC_, load_lexicon(RUBRIC_.lexicon))
    with open_database(night) as database:
        alone, together = (read_store(database, "zh", make, workers) for workers in (1, 2))
    assert len(alone.faults) == 1
    assert "call-00000" in alone.faults[0]
    assert together.faults == alone.faults
    one, other = (shares_of(found.answers, len(RUBRIC_.criteria)) for found in (alone, together))
    assert np.array_equal(one.share, other.share)


def test_calls_in_another_language_are_left_out_and_counted(night: str) -> None:
    make = partial(ShareReader, RUBRIC_, load_lexicon(RUBRIC_.lexicon))
    with open_database(night) as database:
        found = read_store(database, "en", make)
    assert found.call_ids == ()
    assert found.other_language == CALLS - 1


def test_few_calls_start_no_other_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(reading, "ProcessPoolExecutor")
    with open_database(str(tmp_path / "few.db")) as database:
        fill(database, 3, agents=2, marked=0)
        make = partial(ShareReader, RUBRIC_, load_lexicon(RUBRIC_.lexicon))
        assert len(read_store(database, "zh", make, workers=4).call_ids) == 3
