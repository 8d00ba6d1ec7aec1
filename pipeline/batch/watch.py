"""`qinhe watch`: a folder's recordings as they come, each once it has stopped growing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from pipeline.batch.content import token
from pipeline.batch.items import Item, Refused, Usual
from pipeline.batch.sources import items
from pipeline.errors import SourceError


class Settled:
    """Says which items have kept still for long enough, on a clock that does not jump."""

    def __init__(self, still_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._still_s = still_s
        self._clock = clock
        self._since: dict[str, tuple[str, float]] = {}
        self._given: dict[str, str] = {}

    def of(self, every: Sequence[Item]) -> list[Item]:
        """The items that are whole by now and were not given out as they are."""
        now = self._clock()
        ready = []
        for item in every:
            try:
                state = " ".join(token(path, network=False) for path in item.paths)
            except SourceError:  # it went away again
                continue
            if self._since.get(item.source, ("", 0.0))[0] != state:
                self._since[item.source] = (state, now)
            since = self._since[item.source][1]
            if now - since >= self._still_s and self._given.get(item.source) != state:
                self._given[item.source] = state
                ready.append(item)
        self._forget_gone({item.source for item in every})
        return ready

    def _forget_gone(self, present: set[str]) -> None:
        for known in (self._since, self._given):
            for source in known.keys() - present:
                del known[source]


def watch(
    sources: Sequence[str],
    settled: Settled,
    usual: Usual,
    work: Callable[[Sequence[Item | Refused]], None],
    wait: Callable[[], bool],
) -> None:
    """Hand settled items to ``work`` until ``wait`` says that it is enough.

    Raises:
        SourceError: a folder is gone.
    """
    while True:
        found = items(sources, network=False)
        every = [usual.of(item) for item in found if isinstance(item, Item)]
        ready = settled.of(every)
        if ready:
            work(ready)
        if not wait():
            return
