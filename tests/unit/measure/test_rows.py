import gc
import tempfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import QinheError
from pipeline.measure.rows import Rows


def test_rows_are_read_as_they_were_written_and_others_are_full():
    chance = np.random.default_rng(2)
    truth = np.full((300, 7), -120.0, np.float32)
    rows = Rows(300, 7, -120.0)
    for first, last in ((10, 60), (200, 201), (55, 80), (290, 300)):
        truth[first:last] = chance.random((last - first, 7))
        rows.write(first, truth[first:last])
    for first, last in ((0, 300), (0, 10), (12, 13), (40, 210), (280, 400), (300, 310), (5, 5)):
        assert np.array_equal(rows.read(first, last), truth[first:last])
    assert np.array_equal(rows.written, (truth > -120).any(axis=1))
    assert len(rows) == 300


def test_what_is_read_may_be_changed():
    rows = Rows.of(np.ones((4, 2), np.float32))
    rows.read(0, 4)[:] = 5
    assert (rows.read(0, 4) == 1).all()


OPEN = Path("/proc/self/fd")


@pytest.mark.skipif(not OPEN.is_dir(), reason="counts open files in /proc")
def test_the_file_is_closed_with_its_rows():
    before = len(list(OPEN.iterdir()))
    rows = [Rows.of(np.ones((4, 2), np.float32)) for _ in range(5)]
    assert len(list(OPEN.iterdir())) == before + 5
    del rows
    gc.collect()
    assert len(list(OPEN.iterdir())) == before


def test_a_folder_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(QinheError, match="TMPDIR"):
        Rows(10, 2)
