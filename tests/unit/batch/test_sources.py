import os
from pathlib import Path

import fsspec
import pytest

from pipeline.batch.items import Item
from pipeline.batch.sources import items
from pipeline.errors import SourceError, UsageError


def names(*sources: object, network: bool = False) -> list[str]:
    found = list(items([str(source) for source in sources], network=network))
    assert all(isinstance(item, Item) for item in found)
    return [Path(item.paths[0]).name for item in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.wav", "a.FLAC", "sub/c.opus", "notes.txt", ".hidden.wav", ".git/d.wav"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def test_a_folder_gives_its_recordings_and_those_below(folder: Path) -> None:
    assert names(folder) == ["a.FLAC", "b.wav", "c.opus"]


def test_a_glob_gives_what_fits_whatever_its_name(folder: Path) -> None:
    assert names(folder / "*.txt") == ["notes.txt"]
    assert names(folder / "**" / "*.opus") == ["c.opus"]


def test_what_is_named_is_taken(folder: Path) -> None:
    assert names(folder / "notes.txt", folder / "b.wav") == ["notes.txt", "b.wav"]


def test_a_loop_of_links_ends(folder: Path) -> None:
    (folder / "sub" / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "self.wav").symlink_to(folder / "self.wav")
    assert names(folder) == ["a.FLAC", "b.wav", "self.wav", "c.opus"]


@pytest.mark.parametrize("source", ["none.wav", "none/", "*.none"])
def test_what_is_not_there_is_named(folder: Path, source: str) -> None:
    with pytest.raises(SourceError, match="none"):
        names(folder / source)


def test_hostile_names_come_through_and_print_as_one_line(tmp_path: Path) -> None:
    hostile = ["-rf.wav", "new\nline.wav", "\u202egnp.wav", "'; DROP TABLE calls;--.wav"]
    for name in hostile:
        (tmp_path / name).write_bytes(b"x")
    (Path(os.fsdecode(os.fsencode(str(tmp_path)) + b"/bad\xff.wav"))).write_bytes(b"x")
    found = list(items([str(tmp_path)], network=False))
    assert len(found) == 5
    for item in found:
        assert item.source.isprintable()
        assert item.source.encode()
        assert set(item.wished_id) <= set(item.wished_id.replace("/", "").replace("\n", ""))
        assert not item.wished_id.startswith("-")
        assert "\u202e" not in item.wished_id


def test_remote_places_need_the_network_to_be_allowed() -> None:
    with pytest.raises(UsageError, match="--network"):
        names("s3://bucket/night")


def test_an_unknown_or_missing_kind_of_place_is_named() -> None:
    with pytest.raises(SourceError, match="no-such"):
        names("no-such://bucket/night", network=True)


def test_a_place_behind_fsspec_is_a_folder_like_another() -> None:
    memory = fsspec.filesystem("memory")
    for name in ("/night/b.wav", "/night/sub/a.wav", "/night/notes.txt"):
        memory.pipe_file(name, b"x")
    memory.pipe_file("/night/list.csv", "path,agent\nb.wav,李\n".encode())
    assert names("memory:///night") == ["b.wav", "a.wav"]
    assert names("memory:///night/*.txt") == ["notes.txt"]
    (item,) = items(["memory:///night/list.csv"], network=False)
    assert item.paths == ("memory:///night/b.wav",) or item.paths == ("memory://night/b.wav",)
    assert item.details.agent == "李"
