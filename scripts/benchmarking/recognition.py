"""Whisper: our batched engine beside `whisper.transcribe`, on the same weights and sound.

Each system has a process of its own, so that its start and its memory count. Sample calls are
recognised for real, so errors and word times are compared too. The published shapes have random
weights here: a text of a fixed number of tokens a window is written, whatever it says, because the
time depends on the shape and not on the weights.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from statistics import median
from typing import Final

import msgspec

from pipeline.facts import Word
from pipeline.measure.roles import DEFAULT
from pipeline.text import bare
from scripts.benchmarking.material import CALLS
from scripts.benchmarking.recogniser_alone import EIGHT_BIT, SHAPES, THEIRS, TOKENS
from scripts.synthesis.truth import CallTruth, read_truth
from scripts.training.evaluate import edit_distance
from scripts.validation.table import OURS, Row, Target

SAMPLES: Final = ("good_service", "rapid_fire", "long_hold", "complaint_7a")
FASTER: Final = Target(3.0, at_least=True)
MOST_WORSE_POINTS: Final = Target(0.2)
MOST_APART_S: Final = Target(0.05)


class Cost(msgspec.Struct, frozen=True):
    """What a process reports about itself."""

    spent_s: float
    duration_s: float
    peak_mb: float
    words: tuple[tuple[Word, ...], ...] = ()


def rows(shapes: Sequence[str] = tuple(SHAPES)) -> Iterator[Row]:
    """The demonstration model on sample calls, then the published shapes."""
    yield from _sample_calls()
    for name in shapes:
        yield from _shape(name)


def _alone(*arguments: str) -> Cost:
    command = [sys.executable, "-m", "scripts.benchmarking.recogniser_alone", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return msgspec.json.decode(done.stdout, type=Cost)


def _sample_calls() -> Iterator[Row]:
    truths = [read_truth(CALLS / f"{name}.truth.json") for name in SAMPLES]
    systems = [OURS, THEIRS, *([EIGHT_BIT] if find_spec("ctranslate2") else [])]
    costs = {system: _alone("calls", system, *SAMPLES) for system in systems}
    on = f"{len(SAMPLES)} sample calls, both channels, the demonstration model, whole process"
    wrong = {system: 100 * _errors(cost, truths) for system, cost in costs.items()}
    off = {system: _off(cost, truths) for system, cost in costs.items()}
    for system, cost in costs.items():
        yield from _cost(on, system, cost)
        yield Row("transcript", "character errors", on, system, wrong[system], "%")
        yield Row("transcript", "word starts, median error", on, system, off[system], "s",
                  MOST_APART_S)  # fmt: skip
    for system in systems:
        if system != THEIRS:
            faster = costs[THEIRS].spent_s / costs[system].spent_s
            worse = wrong[system] - wrong[THEIRS]
            yield Row("transcript", "how much faster", on, system, faster, "x", FASTER)
            yield Row("transcript", "character errors more", on, system, worse, "points",
                      MOST_WORSE_POINTS)  # fmt: skip


def _cost(on: str, system: str, cost: Cost) -> Iterator[Row]:
    speed = cost.duration_s / cost.spent_s
    yield Row("transcript", "speed", on, system, speed, "x real time")
    yield Row("transcript", "peak resident memory", on, system, cost.peak_mb, "MB")


def _errors(cost: Cost, truths: Sequence[CallTruth]) -> float:
    """Character error rate over all calls and both parties."""
    wrong = total = 0
    for words, truth in zip(cost.words, truths, strict=True):
        for speaker in DEFAULT:
            said = bare("".join(word.text for word in truth.words if word.speaker == speaker))
            heard = bare("".join(word.text for word in words if word.speaker == speaker))
            wrong += edit_distance(said, heard)
            total += len(said)
    return wrong / total


def _off(cost: Cost, truths: Sequence[CallTruth]) -> float | None:
    """Median distance of a word's start from that of the same text nearest to it in the truth."""
    found = []
    for words, truth in zip(cost.words, truths, strict=True):
        for word in words:
            same = [
                abs(true.span.start - word.span.start)
                for true in truth.words
                if true.speaker == word.speaker and bare(true.text) == bare(word.text)
            ]
            if same and min(same) < 1.0:
                found.append(min(same))
    return median(found) if found else None


def _shape(name: str) -> Iterator[Row]:
    on = f"shape {name}, random weights, {TOKENS} tokens a window of 30 s"
    costs = {system: _alone("shape", system, name) for system in (OURS, THEIRS)}
    for system, cost in costs.items():
        yield from _cost(on, system, cost)
    ours, theirs = (cost.duration_s / cost.spent_s for cost in costs.values())
    yield Row("transcript", "how much faster", on, OURS, ours / theirs, "x", FASTER)
