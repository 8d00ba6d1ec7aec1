"""Whether good calls of one group are flagged more often than those of another.

A false flag is a call that raters say is met and the system says is missed. Groups come from the
metadata (queue, line type …) and from what the sound betrays of the line.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace
from scipy import stats

from pipeline.errors import UsageError, printable
from pipeline.tune.calls import Calls
from pipeline.tune.sample import Ints
from pipeline.tune.table import BY_VALUE, Flags, Table
from pipeline.tune.truth import Truth
from pipeline.values import Value

LEAST_CALLS: Final = 10
"""Groups with fewer good calls are shown and not tested."""
SIGNIFICANT: Final = 0.05
SHUFFLES: Final = 4999
_Z: Final = 1.959964
_LINE: Final = frozenset({"coding", "bandwidth", "layout", "line", "line_type", "headset", "codec"})
"""Groups that are about the line, not about people."""


class Rate(Value, frozen=True, kw_only=True):
    """False flags in one group, with Wilson's interval of 95 %."""

    group: str
    good: int
    flagged: int
    low: float
    high: float
    median: float | None
    """Of the measured value in the group's good calls."""

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.flagged / self.good


class Compared(Value, frozen=True, kw_only=True):
    """One criterion over the groups of one key.

    Attributes:
        rates: of every group with a good call.
        test: which test the p-value comes from; empty: fewer than two groups could be tested.
        p, adjusted: plain, and for the number of comparisons made (Holm 1979).
        left_out: groups with too few good calls to test.
        one_group_agents: every agent is of one group, so the test deals groups to whole agents.
        on_the_line: good calls of some line are flagged more often: the threshold is one on the
            line.
    """

    criterion: str
    key: str
    rates: tuple[Rate, ...]
    test: str = ""
    p: float | None = None
    adjusted: float | None = None
    left_out: tuple[str, ...] = ()
    one_group_agents: bool = False

    @property
    def uneven(self) -> bool:
        """The groups differ by more than chance."""
        return self.adjusted is not None and self.adjusted < SIGNIFICANT

    @property
    def on_the_line(self) -> bool:
        """They differ, and they are lines."""
        return self.uneven and self.key in _LINE


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The interval of 95 % of a share (Wilson 1927)."""
    if count == 0:
        return 0.0, 1.0
    share, square = hits / count, _Z**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = _Z * math.sqrt(share * (1 - share) / count + square / (4 * count**2))
    half /= 1 + square / count
    return max(0.0, middle - half), min(1.0, middle + half)


def holm(ps: Sequence[float]) -> list[float]:
    """P-values adjusted so that one in any of them is as rare as in one alone (Holm 1979)."""
    adjusted, highest = [1.0] * len(ps), 0.0
    for rank, at in enumerate(sorted(range(len(ps)), key=lambda index: ps[index])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[at]))
        adjusted[at] = highest
    return adjusted


def fairness(
    calls: Calls, truths: Mapping[str, Truth], keys: Sequence[str] = (), seed: int = 0
) -> tuple[Compared, ...]:
    """Every marked criterion over every key, those that differ most first.

    Args:
        calls: with the tables of the criteria.
        truths: criterion -> what raters say.
        keys: of `Calls.groups`; none: all that have from two to a dozen groups.
        seed: of the shuffles.

    Raises:
        UsageError: a key that no call has.
    """
    _refuse_unknown(calls, keys)
    wanted = keys or _keys(calls)
    found = [
        each
        for criterion, truth in truths.items()
        for key in wanted
        if criterion in calls.tables
        and (each := _compared(calls, calls.tables[criterion], truth, key, seed)) is not None
    ]
    tested = [each for each in found if each.p is not None]
    adjusted = holm([each.p for each in tested if each.p is not None])
    done = [replace(each, adjusted=p) for each, p in zip(tested, adjusted, strict=True)]
    done.sort(key=lambda each: (each.adjusted, each.criterion, each.key))
    return (*done, *(each for each in found if each.p is None))


def _refuse_unknown(calls: Calls, keys: Sequence[str]) -> None:
    there = sorted({key for groups in calls.groups for key in groups})
    for key in keys:
        if key not in there:
            names = ", ".join(there) or "none"
            raise UsageError(f"--by {printable(key)}: no call has that; there: {names}.")


def _keys(calls: Calls) -> list[str]:
    values: dict[str, set[str]] = defaultdict(set)
    for groups in calls.groups:
        for key, value in groups.items():
            values[key].add(value)
    return sorted(key for key, found in values.items() if 2 <= len(found) <= 12)


def _compared(calls: Calls, table: Table, truth: Truth, key: str, seed: int) -> Compared | None:
    judged, missed = table.judged({}), table.missed({})
    by_group: dict[str, list[int]] = defaultdict(list)
    for at, call in enumerate(calls.call_ids):
        good = judged[at] and truth.missed.get(call) is False
        if good and key in calls.groups[at]:
            by_group[calls.groups[at][key]].append(at)
    if not by_group:
        return None
    shown = {name: np.array(own, np.int64) for name, own in sorted(by_group.items())}
    kept = {name: own for name, own in shown.items() if len(own) >= LEAST_CALLS}
    found = Compared(
        criterion=table.criterion.id,
        key=key,
        rates=tuple(_rate(name, own, missed, table) for name, own in shown.items()),
        left_out=tuple(name for name in shown if name not in kept),
    )
    if len(kept) < 2:
        return found
    good_calls = np.concatenate(list(kept.values()))
    groups = np.repeat(np.arange(len(kept)), [len(own) for own in kept.values()])
    agents = [calls.agents[each] for each in good_calls]
    test, p, whole = _tested(missed[good_calls], groups, agents, seed)
    return replace(found, test=test, p=p, one_group_agents=whole)


def _rate(name: str, own: Ints, missed: Flags, table: Table) -> Rate:
    flagged = int(missed[own].sum())
    low, high = wilson(flagged, len(own))
    values = table.values[0, own][table.codes[0, own] == BY_VALUE]
    median = round(float(np.median(values)), 3) if len(values) else None
    return Rate(group=name, good=len(own), flagged=flagged, low=low, high=high, median=median)


def _tested(
    flags: Flags, groups: Ints, agents: Sequence[str | None], seed: int
) -> tuple[str, float, bool]:
    """The test, its p-value, and whether groups were dealt to whole agents.

    Where every agent is of one group, calls are no independent draws of it: the groups are dealt
    anew to agents, and chi-square counts how often that separates the flags as well.
    """
    group_of: dict[str | None, set[int]] = defaultdict(set)
    for agent, group in zip(agents, groups.tolist(), strict=True):
        group_of[agent].add(group)
    if None not in group_of and all(len(own) == 1 for own in group_of.values()):
        return "chi-square, groups dealt to agents", _dealt(flags, groups, agents, seed), True
    counts = _counts(flags, groups)
    if counts.shape[1] == 2:
        return "Fisher", float(stats.fisher_exact(counts).pvalue), False
    if counts.sum(axis=1).min() == 0:
        return "chi-square", 1.0, False
    expected = stats.contingency.expected_freq(counts)
    if expected.min() >= 5:
        return "chi-square", float(stats.chi2_contingency(counts).pvalue), False
    rng = np.random.default_rng(seed)
    shuffled = (_chi_square(rng.permutation(flags), groups) for _ in range(SHUFFLES))
    return "chi-square, calls shuffled", _rank(_chi_square(flags, groups), shuffled), False


def _dealt(flags: Flags, groups: Ints, agents: Sequence[str | None], seed: int) -> float:
    names, who = np.unique(np.array([agent or "" for agent in agents]), return_inverse=True)
    own = np.zeros(len(names), np.int64)
    own[who] = groups
    rng = np.random.default_rng(seed)
    dealt = (_chi_square(flags, rng.permutation(own)[who]) for _ in range(SHUFFLES))
    return _rank(_chi_square(flags, groups), dealt)


def _rank(seen: float, drawn: Iterable[float]) -> float:
    """How often chance does as much, the seen one counted in (Phipson & Smyth 2010)."""
    values = np.fromiter(drawn, float)
    return float((1 + (values >= seen - 1e-9).sum()) / (1 + len(values)))


def _counts(flags: Flags, groups: Ints) -> np.ndarray:
    count = int(groups.max()) + 1
    flagged = np.bincount(groups, weights=flags, minlength=count)
    return np.stack((flagged, np.bincount(groups, minlength=count) - flagged)).astype(np.int64)


def _chi_square(flags: Flags, groups: Ints) -> float:
    counts = _counts(flags, groups).astype(float)
    expected = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / counts.sum()
    safe = np.where(expected > 0, expected, 1.0)
    return float(((counts - expected) ** 2 / safe).sum())
