"""The figures of judging words that go into docs/validation.md: sentences and whole dialogues."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from pipeline.judge.call import Judge, compile
from pipeline.rubric import load_lexicon, shipped
from scripts.validation import dialogue_marks, wording
from scripts.validation.table import OURS, Row, Target

REACH: Final = {
    0: (Target(0.97, at_least=True), Target(0.95, at_least=True)),
    5: (None, None),
    10: (Target(0.95, at_least=True), Target(0.90, at_least=True)),
    20: (None, None),
}
"""Characters taken for others, in per cent -> precision and recall to reach."""
SETS: Final = (("fresh", 0.961, 0.925), ("fresh2", 0.932, 0.809), ("fresh3", 0.988, 0.798))
"""Written blind, in this order: precision and recall of the one count before they were opened."""
ENGLISH_BLIND: Final = (0.976, 0.827)


def rows() -> Iterator[Row]:
    """Precision and recall over all rows of the standard, at each rate of sound-alike errors."""
    judge = _judge("affinity-zh-v1")
    every = wording.labelled()
    held_out = [each for each in every if each.held_out]
    for name, utterances in (("", every), (", held out at first", held_out)):
        on = f"{len(utterances)} utterances{name}"
        yield from _counted(on, partial(wording.rows, judge, utterances))
    for name, precision, recall in SETS:
        table = wording.labelled(wording.UTTERANCES.with_name(f"utterances-{name}.yaml"))
        yield from _blind(
            f"{name}: {sum(each.own for each in table)} utterances", precision, recall
        )
        yield from _counted(name, partial(wording.rows, judge, table))
    for name, calls in (
        ("dialogues with labels", dialogue_marks.dialogues()),
        ("worked examples", dialogue_marks.examples()),
    ):
        labels = sum(len(each.missed) for each in calls)
        on = f"{len(calls)} {name}, {labels} verdicts"
        yield from _counted(on, partial(dialogue_marks.rows, judge, calls))
    english = wording.labelled(wording.UTTERANCES.with_name("utterances-en.yaml"))
    on = f"English: {sum(each.own for each in english)} utterances"
    yield from _blind(on, *ENGLISH_BLIND)
    judge_en = _judge("courtesy-en-v1")
    yield from _counted(on, partial(wording.rows, judge_en, english), (0,))


def _judge(name: str) -> Judge:
    rubric = shipped(name)
    return compile(rubric, load_lexicon(rubric.lexicon))


def _counted(
    on: str, count: Callable[[float], list[wording.Row]], errors: tuple[int, ...] = tuple(REACH)
) -> Iterator[Row]:
    for percent in errors:
        precision, recall = REACH[percent]
        found = wording.pooled(count(percent / 100))
        where = f"{on}, {percent} % of characters wrong"
        yield Row("wording", "precision", where, OURS, found.precision, "", precision)
        yield Row("wording", "recall", where, OURS, found.recall, "", recall)


def _blind(on: str, precision: float, recall: float) -> Iterator[Row]:
    """What a set gave when it was counted once, before anything was put right."""
    yield Row("wording", "precision", f"{on}, counted blind", OURS, precision, "", REACH[0][0])
    yield Row("wording", "recall", f"{on}, counted blind", OURS, recall, "", REACH[0][1])
