"""Regular expressions that cannot run for ever.

Python's engine backtracks, so an expression such as ``(a+)+b`` takes exponential time. What makes
that possible is a repeat whose body can match the same text in more than one way. This module
refuses every expression that contains one, and the rest is at worst polynomial on the few hundred
characters of a turn.
"""

from __future__ import annotations

import re
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

MANY = 8
"""A repeat of more than this counts as unbounded."""
MAX_UNBOUNDED = 3
MAX_LENGTH = 400

_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)


def problem_of(expression: str) -> str | None:
    """Why the expression is refused; ``None``: it is safe."""
    if len(expression) > MAX_LENGTH:
        return f"longer than {MAX_LENGTH} characters"
    try:
        tree = _parser.parse(expression)
    except re.error as error:
        return f"not a regular expression ({error})"
    except RecursionError:
        return "nested too deeply"
    found = _walk(tree, inside_repeat=False)
    unbounded = sum(1 for problem in found if problem == "unbounded")
    serious = next((problem for problem in found if problem != "unbounded"), None)
    if serious:
        return serious
    if unbounded > MAX_UNBOUNDED:
        return f"{unbounded} open-ended repeats, at most {MAX_UNBOUNDED} keep it quick"
    return None


def _walk(tree: Any, *, inside_repeat: bool) -> list[str]:
    found: list[str] = []
    for operation, argument in tree:
        if operation in _REPEATS:
            found += _repeat(*argument, inside_repeat=inside_repeat)
        elif operation is sre.BRANCH:
            if inside_repeat:
                found.append("alternatives inside a repeat, which could run for ever")
            for branch in argument[1]:
                found += _walk(branch, inside_repeat=inside_repeat)
        elif operation in _BODY_AT:
            found += _walk(argument[_BODY_AT[operation]], inside_repeat=inside_repeat)
        elif operation in (sre.GROUPREF, sre.GROUPREF_EXISTS):
            found.append("a back-reference, which cannot be bounded")
    return found


_BODY_AT = {sre.SUBPATTERN: 3, sre.ASSERT: 1, sre.ASSERT_NOT: 1}


def _repeat(low: int, high: int, body: Any, *, inside_repeat: bool) -> list[str]:
    found = ["unbounded"] if high > MANY else []
    if inside_repeat and high != low:
        found.append("a repeat inside a repeat, which could run for ever")
    return found + _walk(body, inside_repeat=inside_repeat or high > 1)
