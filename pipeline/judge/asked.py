"""Whose words a rubric looks for each phrase list in: nothing else need be searched."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from pipeline.facts import AGENT, CUSTOMER
from pipeline.judge.said import inline_list
from pipeline.rubric import kinds
from pipeline.rubric.checking import says_of
from pipeline.rubric.kinds import AnyCriterion
from pipeline.rubric.model import Rubric
from pipeline.rubric.say import Say, parts_of

Speakers = frozenset[str]
Asked = tuple[Say | str, str]
"""An expression, and whose words it is looked for in."""

_SIGNALS: Final = {
    **dict.fromkeys(("complaint", "upset", "pleased", "leaving", "thanks", "apology"), (CUSTOMER,)),
    "question": (AGENT, CUSTOMER),
    "waiting": (AGENT,),
    "dispute": (AGENT,),
}
"""Who shows a state of the call; whose fillers count, the criteria say."""


def asked_of(rubric: Rubric) -> dict[str, Speakers]:
    """By phrase list, whose words are searched for it; phrases written into the rubric as lists."""
    found: dict[str, set[str]] = {}
    waiting = [*_by_signals(rubric), *itertools.chain.from_iterable(map(_by, rubric.criteria))]
    seen: set[tuple[int, str]] = set()
    while waiting:
        say, by = waiting.pop()
        if isinstance(say, str) and say not in rubric.patterns:
            found.setdefault(say, set()).add(by)
            continue
        expression = rubric.patterns[say] if isinstance(say, str) else say
        if (id(expression), by) in seen:
            continue
        seen.add((id(expression), by))
        for name in _lists_in(expression):
            found.setdefault(name, set()).add(by)
        waiting += _inside(expression, by)
    return {name: frozenset(speakers) for name, speakers in found.items()}


def _by_signals(rubric: Rubric) -> Iterator[Asked]:
    for name, speakers in _SIGNALS.items():
        say = getattr(rubric.signals, name)
        if say is not None:
            yield from ((say, by) for by in speakers)
    filler = rubric.signals.filler
    for criterion in rubric.criteria:
        if filler and isinstance(criterion, kinds.Events) and criterion.event == "filler":
            yield filler, criterion.by


def _by(criterion: AnyCriterion) -> Iterator[Asked]:
    for (key, *_), say in says_of(criterion):
        if isinstance(criterion, kinds.Answers) and key == "to_say":
            yield say, criterion.to_by
        elif isinstance(criterion, kinds.Types):
            yield say, CUSTOMER
        else:
            yield say, criterion.by


def _lists_in(say: Say) -> Iterator[str]:
    if say.list is not None:
        yield say.list
    if say.phrase is not None:
        yield inline_list(say.phrase)


def _inside(say: Say, by: str) -> Iterator[Asked]:
    """The expressions that this one is made of."""
    if say.pattern is not None:
        yield say.pattern, by
    for key, part in parts_of(say):
        other = say.near.by if say.near is not None and key == "near.to" else None
        yield part, other or by
