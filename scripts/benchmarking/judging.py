"""How many five-minute calls a second are judged, with the whole of a shipped rubric."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from pipeline import facts
from pipeline.facts import CallFacts
from pipeline.judge import call as judge
from pipeline.rubric import load_lexicon, shipped
from scripts.benchmarking.material import facts_of
from scripts.benchmarking.timing import cpu_s, in_turns
from scripts.validation.table import OURS, Row, Target

REACH_PER_S: Final = 300.0
RUBRIC: Final = "affinity-zh-v1"
REPEATS: Final = 40


def rows(audio: Path, transcript: Path, runs: int) -> Iterator[Row]:
    """Judging alone, judging from the stored form, and the one-time compile.

    The archive keeps the facts' SHA-256 beside them, so nothing has to work it out anew.
    """
    found = facts_of(audio, transcript)
    stored, name = facts.encode(found), facts.digest(found)
    rubric = shipped(RUBRIC)
    lexicon = load_lexicon(rubric.lexicon)
    ready = judge.compile(rubric, lexicon)
    words = sum(len(turn.words) for turn in found.turns)
    on = f"{found.audio.duration_s:.0f} s, {words} words, {len(rubric.criteria)} criteria"

    def judge_all(calls: Iterable[CallFacts]) -> None:
        for _ in ready.scores((call, name) for call in calls):
            pass

    def one_by_one() -> None:
        for _ in range(REPEATS):
            ready.score(found, name)

    ways: dict[str, Callable[[], None]] = {
        "facts in memory": lambda: judge_all(found for _ in range(REPEATS)),
        "facts read from JSON": lambda: judge_all(
            facts.decode(stored, "stored facts") for _ in range(REPEATS)
        ),
        "one call at a time, in memory": one_by_one,
    }
    for what, spent_s in in_turns(ways, runs).items():
        target = None if what.startswith("one") else Target(REACH_PER_S, at_least=True)
        yield Row("judge", what, on, OURS, REPEATS / spent_s, "calls a second", target)
    compiled_s = cpu_s(lambda: judge.compile(rubric, lexicon))
    yield Row("judge", "compiling the rubric, once", on, OURS, 1e3 * compiled_s, "ms")
