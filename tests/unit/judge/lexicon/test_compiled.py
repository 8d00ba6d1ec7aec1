"""Machine code is kept by the state of the sources, and nowhere else is trusted."""

import re
from pathlib import Path

import numba
import numpy as np
import pytest

from pipeline.judge.lexicon import compiled as module


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch):
    """The module, with nothing remembered before or after."""
    module._folder.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    module._folder.cache_clear()


def double(numbers: np.ndarray) -> int:
    total = 0
    for number in numbers:
        total += 2 * number
    return total


def test_what_was_compiled_is_kept_for_the_next_process(fresh, tmp_path: Path) -> None:
    fresh.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert module.compiled(double)(np.arange(4)) == 12
    (folder,) = (tmp_path / "compiled").iterdir()
    assert list(folder.rglob("*.nbi"))
    assert folder.stat().st_mode & 0o077 == 0
    assert str(tmp_path) == numba.config.CACHE_DIR


def test_other_sources_have_another_folder(fresh, tmp_path: Path) -> None:
    fresh.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    here = module._folder()
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "changed.py").write_text("pass\n")
    fresh.setattr(module, "__file__", str(tmp_path / "sources" / "compiled.py"))
    module._folder.cache_clear()
    assert module._folder() != here


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(fresh, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    fresh.setattr(numba.config, "CACHE_DIR", str(blocked))
    assert module._folder() is None
    assert module.compiled(double)(np.arange(4)) == 12


def test_every_module_with_loops_lies_beside_it() -> None:
    """Only the files there are looked at when the state of the sources is told."""
    root = Path(module.__file__).parents[2]
    loops = re.compile(r"^(@compiled|@inlined|import numba|from numba)", re.MULTILINE)
    own = [path for path in root.rglob("*.py") if loops.search(path.read_text(encoding="utf-8"))]
    assert len(own) > 5
    assert {path.parent for path in own} == {Path(module.__file__).parent}
