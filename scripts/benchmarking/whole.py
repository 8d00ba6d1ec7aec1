"""`measure` as a whole, without Whisper: stage by stage, and what memory a long call takes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

from pipeline.facts import Provenance
from pipeline.files import Arrays
from pipeline.measure import call
from pipeline.measure.audio import Audio
from pipeline.measure.cache import Cache
from pipeline.measure.roles import DEFAULT
from pipeline.settings import load_measure_settings
from scripts.benchmarking.material import repeated
from scripts.benchmarking.timing import cpu_s
from scripts.validation.table import OURS, Row, Target

T = TypeVar("T")

REACH_X: Final = 200.0
MOST_MB: Final = 500.0
MOST_GROWN_MB: Final = 60.0
"""Beside what the call gives: no more than noise."""
LENGTHS_S: Final = (5 * 60.0, 20 * 60.0, 3 * 3600.0)


class Stopwatch(Cache):
    """A cache that keeps nothing but how long each stage took to make, in seconds."""

    def __init__(self) -> None:
        super().__init__(None)
        self.spent_s: dict[str, float] = {}

    def stage(
        self,
        provenance: Provenance,
        inputs: object,
        kind: type[T],
        make: Callable[[], tuple[T, Arrays]],
    ) -> tuple[T, Arrays]:
        """Makes it and takes the time."""
        made: list[tuple[T, Arrays]] = []
        name = provenance.stage
        spent_s = cpu_s(lambda: made.append(super(Stopwatch, self).stage(
            provenance, inputs, kind, make)))  # fmt: skip
        self.spent_s[name] = self.spent_s.get(name, 0.0) + spent_s
        return made[0]


def rows(audio: Path, label: str, runs: int) -> Iterator[Row]:
    """Each stage's speed and the whole's, times real time."""
    settings = load_measure_settings()
    models = call.load_models(settings, None, None)
    recording = call.Recording((audio,), "call", DEFAULT)
    duration_s, times = 0.0, list[dict[str, float]]()

    def once() -> None:
        nonlocal duration_s
        watch, opened = Stopwatch(), list[Audio]()
        reading_s = cpu_s(lambda: opened.append(call.opened(recording, settings.audio)))
        with opened[0] as sound:
            duration_s = sound.duration_s
            rest_s = cpu_s(lambda: call.measure(sound, recording, models, settings, watch))
        stages = {"reading": reading_s, **watch.spent_s}
        whole_s = reading_s + rest_s
        others_s = whole_s - sum(stages.values())
        times.append({**stages, "turns, pace, tone of voice": others_s, "all of it": whole_s})

    for _ in range(runs + 1):  # the first warms up
        once()
    for name in times[0]:
        spent_s = median(each[name] for each in times[1:])
        target = Target(REACH_X, at_least=True) if name == "all of it" else None
        yield Row("measure", name, label, OURS, duration_s / spent_s, "x real time", target)
        yield Row("measure", name, label, "ms a minute", 60e3 * spent_s / duration_s,
                  "x real time", target)  # fmt: skip


def memory(audio: Path, folder: Path) -> Iterator[Row]:
    """Peak memory of processes that each measure one call, of five minutes up to three hours."""
    own: list[float] = []
    for seconds in LENGTHS_S:
        long = repeated(audio, folder, seconds)
        found = _alone(long)
        long.unlink()
        on = f"{seconds / 60:.0f} minutes, 8 kHz stereo"
        own.append(found["peak_mb"] - found["given_mb"])
        yield Row("memory", "peak resident", on, OURS, found["peak_mb"], "MB", Target(MOST_MB))
        yield Row("memory", "of that, before the call", on, OURS, found["before_mb"], "MB")
        yield Row("memory", "of that, tracks and facts", on, OURS, found["given_mb"], "MB")
        target = Target(REACH_X, at_least=True) if seconds == LENGTHS_S[-1] else None
        speed = seconds / found["spent_s"]
        yield Row("memory", "speed", on, OURS, speed, "x real time", target)
    grown = own[-1] - own[-2]
    on = "180 minutes against 20"
    yield Row("memory", "growth beside tracks and facts", on, OURS, grown, "MB",
              Target(MOST_GROWN_MB))  # fmt: skip


def _alone(audio: Path) -> dict[str, float]:
    """Measures in a process of its own, which reports about itself."""
    command = [sys.executable, "-m", "scripts.benchmarking.alone", str(audio)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found
