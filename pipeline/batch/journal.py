"""What a run says while it works: counts, a line or bar on the terminal, JSON for machines."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any, Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

_EVERY_S: Final = 30.0
FAILED: Final = ("failed", "refused")
"""What makes a run end with exit code 4."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One recording without a result, and why."""

    source: str
    kind: str
    reason: str


class Journal:
    """Counts what becomes of every item and tells whoever wants to know.

    Attributes:
        counts: by what became of them: ``measured``, ``judged``, ``skipped`` (done before),
            ``repeated`` (the same sound twice), ``quarantined`` (failed for good on an earlier
            night), ``elsewhere`` (another run does it), ``failed``, ``refused`` (not a recording).
        audio_s: seconds of sound measured.
    """

    def __init__(self, log: IO[str] | None, show: Callable[[Journal], None]) -> None:
        self.counts: Counter[str] = Counter()
        self.failures: list[Failure] = []
        self.audio_s = 0.0
        self.total = 0
        self._start = time.monotonic()
        self._log = log
        self._show = show

    def say(self, event: str, **told: Any) -> None:
        """Write one line of JSON, where that was asked for."""
        if self._log is None:
            return
        line = {"at": datetime.now(UTC), "event": event, **told}
        self._log.write(msgspec.json.encode(line).decode() + "\n")
        self._log.flush()

    def count(self, what: str, source: str, **told: Any) -> None:
        """One item is done with."""
        self.counts[what] += 1
        self.say(what, source=source, **told)
        self._show(self)

    def fail(self, what: str, source: str, kind: str, reason: str) -> None:
        """One item has no result."""
        self.failures.append(Failure(source=source, kind=kind, reason=reason))
        self.count(what, source, kind=kind, reason=reason)

    @property
    def done(self) -> int:
        """Items done with, whatever became of them."""
        return self.counts.total()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._start

    @property
    def worked(self) -> int:
        """Items that took time: the others say nothing about how long the rest will take."""
        return sum(self.counts[what] for what in ("measured", "judged", "failed"))

    def line(self) -> str:
        """How far it is, how fast, and how long it may still take."""
        rate = self.worked / self.elapsed_s if self.elapsed_s else 0.0
        left = self.total - self.done
        eta = f", about {_span(left / rate)} left" if rate and left else ""
        failed = sum(self.counts[what] for what in FAILED)
        trouble = f", {failed} failed" if failed else ""
        return f"{self.done} of {self.total} calls{trouble}, {60 * rate:.1f} a minute{eta}"

    def summary(self) -> Iterator[str]:
        """What became of the night, for people."""
        parts = [f"{count} {what}" for what, count in self.counts.most_common() if count]
        calls = "1 call" if self.done == 1 else f"{self.done} calls"
        yield f"{calls} in {_span(self.elapsed_s)}: {', '.join(parts) or 'nothing to do'}"
        if self.audio_s:
            times = self.audio_s / self.elapsed_s
            yield f"{_span(self.audio_s)} of sound measured, {times:.1f} times real time"
        for failure in self.failures[:_MOST_SHOWN]:
            yield f"  {failure.source}: {failure.kind}: {failure.reason}"
        if len(self.failures) > _MOST_SHOWN:
            yield f"  and {len(self.failures) - _MOST_SHOWN} more: `--log FILE` has them all"


_MOST_SHOWN: Final = 20


def _span(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


@contextmanager
def shown(quiet: bool) -> Iterator[Callable[[Journal], None]]:
    """A bar where somebody watches a terminal; else a line now and then on standard error."""
    console = Console(stderr=True)
    if quiet:
        yield lambda journal: None
        return
    if not console.is_terminal:
        yield _now_and_then(console)
        return
    with Progress(
        BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"),
        console=console, transient=True,
    ) as bars:  # fmt: skip
        task = bars.add_task("", total=None)

        def show(journal: Journal) -> None:
            bars.update(
                task, total=journal.total, completed=journal.done, description=journal.line()
            )

        yield show


def _now_and_then(console: Console) -> Callable[[Journal], None]:
    last = time.monotonic()

    def show(journal: Journal) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY_S:
            last = time.monotonic()
            console.print(journal.line(), highlight=False, markup=False)

    return show
