"""How many five-minute calls a second are judged, with the whole of a shipped rubric."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pipeline import facts
from pipeline.judge import call as judge
from pipeline.rubric import load_lexicon, shipped
from scripts.benchmarking.material import facts_of
from scripts.benchmarking.timing import cpu_s, in_turns
from scripts.validation.table import OURS, Row, Target

REACH_PER_S: Final = 300.0
RUBRIC: Final = "affinity-zh-v1"
REPEATS: Final = 20


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

    def judged() -> None:
        for _ in range(REPEATS):
            ready.score(found, name)

    def read_and_judged() -> None:
        for _ in range(REPEATS):
            ready.score(facts.decode(stored, "stored facts"), name)

    spent = in_turns({"facts in memory": judged, "facts read from JSON": read_and_judged}, runs)
    for what, spent_s in spent.items():
        target = Target(REACH_PER_S, at_least=True)
        yield Row("judge", what, on, OURS, REPEATS / spent_s, "calls a second", target)
    compiled_s = cpu_s(lambda: judge.compile(rubric, lexicon))
    yield Row("judge", "compiling the rubric, once", on, OURS, 1e3 * compiled_s, "ms")
