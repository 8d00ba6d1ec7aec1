from pathlib import Path

import numpy as np
import pytest

from pipeline.facts import Provenance
from pipeline.files import Arrays
from pipeline.measure.cache import Cache


def provenance(**changes: str) -> Provenance:
    return Provenance(**{"stage": "pitch", "version": "1", "settings_sha256": "s", **changes})


class Stage:
    """A stage that counts how often it runs."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self) -> tuple[list[float], Arrays]:
        self.runs += 1
        return [1.5, 2.5], {"f0": np.array([np.nan, 100.0], np.float32)}


def result(cache: Cache, stage: Stage, at: Provenance, inputs: object = "audio") -> list[float]:
    value, tracks = cache.stage(at, inputs, list[float], stage)
    np.testing.assert_array_equal(tracks["f0"], np.array([np.nan, 100.0], np.float32))
    return value


def test_the_second_time_is_read(tmp_path: Path) -> None:
    stage = Stage()
    for _ in range(2):
        assert result(Cache(tmp_path / "cache"), stage, provenance()) == [1.5, 2.5]
    assert stage.runs == 1


@pytest.mark.parametrize(
    ("at", "inputs"),
    [
        (provenance(version="2"), "audio"),
        (provenance(settings_sha256="t"), "audio"),
        (provenance(model="m", model_sha256="x"), "audio"),
        (provenance(), "other audio"),
    ],
)
def test_whatever_the_result_depends_on_makes_it_anew(
    tmp_path: Path, at: Provenance, inputs: object
) -> None:
    stage, cache = Stage(), Cache(tmp_path)
    result(cache, stage, provenance())
    result(cache, stage, at, inputs)
    assert stage.runs == 2


def test_a_damaged_entry_is_made_anew(tmp_path: Path) -> None:
    stage, cache = Stage(), Cache(tmp_path)
    result(cache, stage, provenance())
    (entry,) = tmp_path.rglob("*.npz")
    whole = entry.read_bytes()
    for damage in (b"", whole[: len(whole) // 2], b"x" * len(whole)):
        entry.write_bytes(damage)
        assert result(cache, stage, provenance()) == [1.5, 2.5]
    assert stage.runs == 4


def test_nothing_is_kept_without_a_folder() -> None:
    stage = Stage()
    for _ in range(2):
        result(Cache(None), stage, provenance())
    assert stage.runs == 2


def test_a_folder_that_cannot_be_written_costs_no_result(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert result(Cache(tmp_path / "file" / "cache"), Stage(), provenance()) == [1.5, 2.5]


def test_entries_are_for_their_owner_alone(tmp_path: Path) -> None:
    result(Cache(tmp_path / "cache"), Stage(), provenance())
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0
