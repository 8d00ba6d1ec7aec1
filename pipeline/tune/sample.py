"""Marked calls beside their verdicts: who is with whom, which part is held out, what is redrawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from pipeline.tune.objective import Floats
from pipeline.tune.table import Flags, Table
from pipeline.tune.truth import Truth

Ints = npt.NDArray[np.int64]
Unit = Literal["agent", "call"]
LEAST_AGENTS: Final = 10
"""With fewer, redrawing agents says little of other agents; calls are redrawn instead."""
NOBODY: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Calls and who took them: what stays together when calls are dealt, and what is redrawn.

    Attributes:
        agents: a number for each agent; calls without one are `NOBODY`'s, one group together.
    """

    agents: Ints

    def __len__(self) -> int:
        return len(self.agents)

    @property
    def unit(self) -> Unit:
        """What is redrawn for intervals."""
        return "agent" if self.known_agents >= LEAST_AGENTS else "call"

    @property
    def units(self) -> int:
        """How many of them there are."""
        return len(np.unique(self.groups)) if self.unit == "agent" else len(self)

    @property
    def known_agents(self) -> int:
        """How many different agents."""
        return len(set(self.agents.tolist()) - {NOBODY})

    @property
    def groups(self) -> Ints:
        """What must stay together: agents; each call for itself where no agent is known."""
        if self.known_agents == 0:
            return np.arange(len(self))
        return np.unique(self.agents, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Units):
    """The calls that have a verdict of the raters and, under some setting, of the judge.

    Attributes:
        table: their columns.
        calls: their places in the store's order.
        marked: whether the raters say missed.
        without_verdict: marked calls on which the judge has none.
    """

    table: Table
    calls: Ints
    marked: Flags
    without_verdict: int


def numbers_of(agents: Sequence[str | None]) -> Ints:
    """A number for each agent's name; `NOBODY` where it is not known."""
    numbers = {name: number for number, name in enumerate(sorted(filter(None, set(agents))))}
    return np.array([numbers.get(name or "", NOBODY) for name in agents], np.int64)


def sample_of(
    table: Table, call_ids: Sequence[str], agents: Sequence[str | None], truth: Truth
) -> Sample:
    """The marked calls of a table.

    Args:
        table: over the calls of a store.
        call_ids: of the table's columns.
        agents: of the table's columns; ``None`` is not known.
        truth: what the raters say.
    """
    judged = table.ever_judged
    at = [index for index, call in enumerate(call_ids) if call in truth.missed]
    kept = np.array([index for index in at if judged[index]], np.int64)
    return Sample(
        table=table.of(kept),
        calls=kept,
        marked=np.array([truth.missed[call_ids[index]] for index in kept], bool),
        agents=numbers_of(agents)[kept],
        without_verdict=len(at) - len(kept),
    )


def folds(groups: Ints, marked: Flags, count: int, seed: int) -> Ints:
    """A fold for every call: no group in two, and both verdicts as even as can be.

    Groups go, those with most calls first, each to the fold that has least of what it brings.
    """
    names, where = np.unique(groups, return_inverse=True)
    count = min(count, len(names))
    sizes = np.bincount(where)
    bad = np.bincount(where, weights=marked.astype(float))
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(names))
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    load = np.zeros((count, 2))
    scale = np.array([max(bad.sum(), 1), max((sizes - bad).sum(), 1)])
    fold_of = np.zeros(len(names), np.int64)
    for group in order:
        brings = np.array([bad[group], sizes[group] - bad[group]]) / scale
        fold = int(np.argmin((load @ brings) + 1e-9 * load.sum(axis=1)))
        fold_of[group] = fold
        load[fold] += brings
    return fold_of[where]


def redrawn(sample: Units, times: int, seed: int) -> Floats:
    """How often each call is in each of ``times`` samples drawn anew with replacement.

    Agents are drawn whole, so that what their calls share does not pass for evidence.

    Returns:
        calls x times.
    """
    units = sample.groups if sample.unit == "agent" else np.arange(len(sample))
    count = int(units.max()) + 1 if len(units) else 0
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / max(count, 1)), size=times)
    return drawn[:, units].T.astype(np.float64)
