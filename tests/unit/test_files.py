from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.files import packed, safe_stem, unpacked, write_whole


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("call.wav", "call"),
        ("/tmp/投诉 1.wav", "投诉_1"),
        ("-rf.wav", "rf"),
        ("....wav", "call"),
        ("a\nb\x1b[0m.wav", "a_b_0m"),
        ("<script>alert(1)</script>.wav", "script"),
        ("长" * 200 + ".wav", "长" * 60),
    ],
)
def test_stems_are_safe(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


def test_every_file_is_written(tmp_path: Path) -> None:
    write_whole({tmp_path / "new" / "a": b"1", tmp_path / "new" / "b": b"2"})
    assert {p.name: p.read_bytes() for p in (tmp_path / "new").iterdir()} == {"a": b"1", "b": b"2"}


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="expected a folder that can be written to"):
        write_whole({tmp_path / "taken" / "a": b"1", tmp_path / "taken": b"2"})
    assert not [p for p in tmp_path.rglob("*") if p.suffix == ".part"]


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="file"):
        write_whole({tmp_path / "file" / "a": b"1"})


def test_the_same_arrays_are_the_same_bytes() -> None:
    arrays = {"a": np.arange(5, dtype=np.float32)}
    assert packed(arrays) == packed(arrays)
    np.testing.assert_array_equal(unpacked(packed(arrays))["a"], arrays["a"])
