"""Times that mean something on a machine that does other things too.

What is taken is processor time, of all threads together: a program that uses two cores is not twice
as fast. Systems that are compared take turns, so that a slow minute hits all of them alike.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

T = TypeVar("T")

RUNS: Final = 5
SLOW_S: Final = 5.0
"""What takes longer is timed once, with its warm-up."""


def cpu_s(work: Callable[[], object]) -> float:
    """Processor time of one run, in seconds."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def in_turns(work: Mapping[str, Callable[[], object]], runs: int = RUNS) -> dict[str, float]:
    """Median processor time of each, in seconds; one run of each beforehand warms it up."""
    first = {name: cpu_s(each) for name, each in work.items()}
    quick = [name for name, spent_s in first.items() if spent_s < SLOW_S]
    spent: dict[str, list[float]] = {name: [] for name in quick}
    for _ in range(runs):
        for name in quick:
            spent[name].append(cpu_s(work[name]))
    return {name: median(spent[name]) if name in spent else first[name] for name in work}


def machine() -> str:
    """When and where, and how busy the machine was: one sentence."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    busy = f"other work on it at the time (load average {load:.1f})" if load > 1.5 else "idle"
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_processor()}, {cores} cores, {busy}; "
        f"Python {platform.python_version()}, one thread."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
