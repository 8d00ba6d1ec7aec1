"""Which calls people should mark: at random, spread over agents and marks, or near a limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import Final, Literal

import numpy as np

from pipeline.store.verdicts import Held, JudgedCall

By = Literal["random", "stratified", "uncertain"]
_BANDS: Final = 3
"""Stratified by mark: the lowest third of all calls, the middle, the highest."""


def draw(
    calls: Sequence[JudgedCall], verdicts: Iterable[Held], count: int, by: By, seed: int
) -> list[JudgedCall]:
    """At most ``count`` calls, none twice; the same for the same calls and seed.

    ``random``: every call is as likely. ``stratified``: as evenly as there are calls over agents
    and, within each, over thirds of the mark; rare kinds of call are drawn more often than they
    occur, so a share of such a sample is not the share of all calls. ``uncertain``: in turns from
    each criterion of ``verdicts``, the call whose measured value lies nearest to a limit;
    verdicts without a value, such as those on wording, are never near.
    """
    generator = np.random.default_rng(seed)
    known = {call.call_id: call for call in sorted(calls, key=lambda call: call.call_id)}
    shuffled = [str(name) for name in generator.permutation(list(known))]
    order: Callable[[], Iterator[str]] = {
        "random": lambda: iter(shuffled),
        "stratified": lambda: _in_turn(_strata(shuffled, known)),
        "uncertain": lambda: _in_turn(_nearest_first(shuffled, verdicts)),
    }[by]
    return [known[name] for name in islice(order(), count)]


def _in_turn(queues: Iterable[Iterable[str]]) -> Iterator[str]:
    """One of each queue after another, each name once."""
    given: set[str] = set()
    for taken in zip_longest(*queues):
        for name in taken:
            if name is not None and name not in given:
                given.add(name)
                yield name


def _strata(names: Sequence[str], calls: Mapping[str, JudgedCall]) -> list[list[str]]:
    """Calls by agent and third of the mark, in the order in which they come; agents in turn."""
    marks = [call.mark for call in calls.values() if call.mark is not None]
    edges = np.quantile(marks, [n / _BANDS for n in range(1, _BANDS)]) if marks else np.zeros(0)
    bands: dict[str | None, dict[int, list[str]]] = {}
    for name in names:
        call = calls[name]
        band = -1 if call.mark is None else int(np.searchsorted(edges, call.mark))
        bands.setdefault(call.agent, {}).setdefault(band, []).append(name)
    return [list(_in_turn(of_agent.values())) for of_agent in bands.values()]


def _nearest_first(names: Sequence[str], verdicts: Iterable[Held]) -> list[list[str]]:
    """For each criterion, its calls by how near their value is to a limit."""
    order = {name: place for place, name in enumerate(names)}
    by_criterion: dict[str, list[tuple[float, str]]] = {}
    for held in verdicts:
        limits = [limit for limit in (held.low, held.high) if limit is not None]
        if held.value is None or not limits or held.call_id not in order:
            continue
        distance = min(abs(held.value - limit) for limit in limits)
        by_criterion.setdefault(held.criterion, []).append((distance, held.call_id))
    return [
        [name for _, name in sorted(near, key=lambda each: (each[0], order[each[1]]))]
        for near in by_criterion.values()
    ]
