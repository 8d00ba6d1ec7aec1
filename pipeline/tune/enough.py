"""Whether marks are enough to set a threshold by, and about how many more are wanted."""

from __future__ import annotations

import math
from typing import Final

LEAST_OF_EACH: Final = 15
"""Fewer calls of one verdict leave a fold of a fifth of them with hardly any."""
LEAST_AGENTS: Final = 4
PLANNED_KAPPA: Final = 0.6
HALF_WIDTH: Final = 0.2
"""What 95 % of the time the figure shall not be off by."""
LIKENESS: Final = 0.05
"""How much calls of one agent are taken to be alike (intraclass correlation)."""
_Z: Final = 1.96


def wanted(calls: int, missed: int, agents: int) -> int:
    """How many marked calls are wanted in all, given what the first ones look like.

    Enough for an agreement of `PLANNED_KAPPA` to be known to within `HALF_WIDTH`, by the large-
    sample variance of kappa, po (1 - po) / (n (1 - pe)^2) (Cohen 1960), times what calls of one
    agent add to it (Kish 1965: 1 + (m - 1) rho); and enough for `LEAST_OF_EACH` of the rarer
    verdict.

    Args:
        calls: marked so far.
        missed: of these, as raters say.
        agents: who took them; 0 is not known.
    """
    rarer = (min(missed, calls - missed) + 0.5) / (calls + 1)
    chance = rarer**2 + (1 - rarer) ** 2
    agreed = chance + PLANNED_KAPPA * (1 - chance)
    alone = agreed * (1 - agreed) / (1 - chance) ** 2 * (_Z / HALF_WIDTH) ** 2
    per_agent = calls / agents if agents else 1.0
    design = 1 + max(0.0, per_agent - 1) * LIKENESS
    return max(math.ceil(alone * design), math.ceil(LEAST_OF_EACH / rarer))


def more(calls: int, missed: int, agents: int) -> int:
    """About how many more marked calls are wanted; 0: there are enough."""
    short = wanted(calls, missed, agents) - calls
    rare = min(missed, calls - missed)
    if short <= 0 and rare >= LEAST_OF_EACH:
        return 0
    return rough(max(short, LEAST_OF_EACH - rare))


def rough(short: int) -> int:
    """About so many, to two figures; 0 where none is short."""
    if short <= 0:
        return 0
    power: int = 10 ** max(0, len(str(short)) - 2)
    return math.ceil(short / power) * power
