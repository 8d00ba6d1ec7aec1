"""Remote files fetched ahead, from a place that is made slow, small or broken on purpose."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from pipeline.batch import content
from pipeline.batch.fetching import THREADS, Fetcher
from pipeline.errors import SourceError

PLENTY = 1 << 30


class Slow(MemoryFileSystem):
    """A place that answers late, and counts who asks."""

    protocol = "slow"
    at_once = most = opened = 0
    lock = threading.Lock()

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(str(path).removeprefix("slow://"))

    def _open(self, path: str, *args: object, **options: object) -> object:
        with Slow.lock:
            Slow.opened += 1
            Slow.at_once += 1
            Slow.most = max(Slow.most, Slow.at_once)
        time.sleep(0.05)
        with Slow.lock:
            Slow.at_once -= 1
        return super()._open(path, *args, **options)


@pytest.fixture
def place() -> Iterator[list[str]]:
    """Addresses of a dozen files of 100 bytes."""
    fsspec.register_implementation("slow", Slow, clobber=True)
    names = [f"/far/{number:02d}.wav" for number in range(12)]
    system = MemoryFileSystem()
    for number, name in enumerate(names):
        system.pipe_file(name, bytes([number]) * 100)
    Slow.most = Slow.opened = 0
    yield [f"slow://{name}" for name in names]
    system.rm("/far", recursive=True)


def fetcher(folder: Path, most_bytes: int = PLENTY) -> Fetcher:
    return Fetcher(folder / "copies", network=True, most_bytes=most_bytes)


def held(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "copies").glob("*"))


def test_files_come_in_their_order_several_at_once(place: list[str], tmp_path: Path) -> None:
    with fetcher(tmp_path) as ahead:
        for address in place:
            ahead.expect(address, None, needed=True)
        for number, address in enumerate(place):
            fetched = ahead.take(address)
            assert Path(fetched.copy).read_bytes() == bytes([number]) * 100
            assert fetched.sha256 == content.content(fetched.copy)
    assert 2 <= Slow.most <= THREADS


def test_no_more_lies_here_than_may(place: list[str], tmp_path: Path) -> None:
    most = 0
    with fetcher(tmp_path, most_bytes=250) as ahead:
        for address in place:
            ahead.expect(address, None, needed=True)
        for address in place:
            fetched = ahead.take(address)
            time.sleep(0.02)
            most = max(most, held(tmp_path))
            ahead.drop([fetched.copy])
    assert 100 <= most <= 300  # two, and the one that is waited for


def test_a_file_larger_than_the_room_comes_all_the_same(place: list[str], tmp_path: Path) -> None:
    with fetcher(tmp_path, most_bytes=1) as ahead:
        for address in place:
            ahead.expect(address, None, needed=True)
        kept = [ahead.take(address).copy for address in place]
        unexpected = ahead.take(place[0]).copy
    assert len({*kept, unexpected}) == len(place) + 1


def test_what_is_known_is_not_fetched_unless_it_is_needed(place: list[str], tmp_path: Path) -> None:
    with fetcher(tmp_path) as ahead:
        first = ahead.take(place[0])
        known = (first.token, first.sha256)
        opened = Slow.opened
        ahead.expect(place[0], known, needed=False)
        assert ahead.take(place[0])._replace(copy=None) == (*known, None)
        assert Slow.opened == opened
        ahead.expect(place[0], known, needed=True)
        assert ahead.take(place[0]).copy is not None
        ahead.expect(place[0], ("another token", "another content"), needed=False)
        assert ahead.take(place[0]).sha256 == first.sha256


def test_what_is_not_there_is_named_and_leaves_nothing(place: list[str], tmp_path: Path) -> None:
    with fetcher(tmp_path) as ahead:
        ahead.expect("slow:///far/none.wav", None, needed=True)
        with pytest.raises(SourceError, match=r"none\.wav"):
            ahead.take("slow:///far/none.wav")
        assert held(tmp_path) == 0


def test_nothing_is_left_of_what_nobody_took(place: list[str], tmp_path: Path) -> None:
    with fetcher(tmp_path, most_bytes=300) as ahead:
        for address in place:
            ahead.expect(address, None, needed=True)
        ahead.take(place[0])
        ahead.abandon(place[1])
    assert list((tmp_path / "copies").iterdir()) == []
