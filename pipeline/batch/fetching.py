"""Remote files on their way here: a few threads fetch ahead of what is being measured.

What lies here and is not measured yet is bounded in bytes. Threads wait for room; the file that the
run itself waits for is never kept waiting, so the run goes on however small the room is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from pipeline.batch import content

THREADS: Final = 8
"""Remote places answer late rather than slowly; more than these at once is unkind to them."""


class Fetched(NamedTuple):
    """What a remote file is.

    Attributes:
        copy: on this machine; ``None`` where its content was known and nobody needs it.
    """

    token: str
    sha256: str
    copy: str | None = None


class Fetcher:
    """Copies of remote files, a context manager; those nobody took are removed at the end.

    Args:
        folder: where copies lie.
        network: allow places that are not on this machine.
        most_bytes: of copies that are here at once.
    """

    def __init__(self, folder: Path, *, network: bool, most_bytes: int) -> None:
        self._folder = folder
        self._network = network
        self._most_bytes = most_bytes
        self._pool = ThreadPoolExecutor(THREADS, "fetch")
        self._coming: dict[str, Future[Fetched]] = {}
        self._room = threading.Condition()
        self._sizes: dict[str, int] = {}
        self._wanted = ""
        self._over = False

    def expect(self, path: str, before: tuple[str, str] | None, *, needed: bool) -> None:
        """Begin to fetch a file, in the order in which files will be taken.

        Args:
            path: its address.
            before: its token and content when it was last read.
            needed: fetch it even if it is what it was.
        """
        if path not in self._coming:
            self._coming[path] = self._pool.submit(self._fetch, path, before, needed=needed)

    def take(self, path: str) -> Fetched:
        """A file, once it is here; its copy is the caller's to `drop`.

        Raises:
            SourceError: it cannot be fetched.
        """
        with self._room:
            self._wanted = path
            self._room.notify_all()
        future = self._coming.pop(path, None)
        # Not expected: fetched here, for all threads may be waiting for room.
        return self._fetch(path, None, needed=True) if future is None else future.result()

    def abandon(self, path: str) -> None:
        """Nobody will take that file."""
        future = self._coming.pop(path, None)
        if future is not None and not future.cancel():
            future.add_done_callback(self._drop_result)

    def _drop_result(self, future: Future[Fetched]) -> None:
        if future.exception() is None and (copy := future.result().copy) is not None:
            self.drop([copy])

    def drop(self, copies: Iterable[str]) -> None:
        """Remove copies, and let others take their room."""
        for copy in copies:
            Path(copy).unlink(missing_ok=True)
            with self._room:
                self._sizes.pop(copy, None)
                self._room.notify_all()

    def close(self) -> None:
        """Stop fetching, and remove what nobody took."""
        with self._room:
            self._over = True
            self._room.notify_all()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._coming.clear()
        self.drop(list(self._sizes))

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ── In threads ───────────────────────────────────────────────────────────────────────────

    def _fetch(self, path: str, before: tuple[str, str] | None, *, needed: bool) -> Fetched:
        token = content.token(path, network=self._network)
        if before is not None and before[0] == token and not needed:
            return Fetched(token, before[1])
        copy = content.place(self._folder)
        try:
            self._make_room(path, copy)
            content.fetch(path, copy, network=self._network, going=lambda: not self._over)
            return Fetched(token, content.content(copy), copy)
        except BaseException:
            self.drop([copy])
            raise

    def _make_room(self, path: str, copy: str) -> None:
        size = content.size(path, network=self._network)

        def ready() -> bool:
            fits = sum(self._sizes.values()) + size <= self._most_bytes
            return fits or self._wanted == path or self._over

        with self._room:
            self._sizes[copy] = 0
            self._room.wait_for(ready)
            self._sizes[copy] = size
