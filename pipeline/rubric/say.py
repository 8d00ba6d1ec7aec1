"""How a rubric describes what is said, where, and by whom."""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["agent", "customer"]


class Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything people type: unknown keys are refused by name."""


class Where(Typed, frozen=True, kw_only=True):
    """Where in the call a hit must lie; every limit that is given must hold."""

    first_s: float | None = None
    """Starts within so many seconds of the call's first speech sound."""
    last_s: float | None = None
    """Ends within so many seconds of the call's last speech sound."""
    first_turns: int | None = None
    """Lies in one of the speaker's first turns."""
    last_turns: int | None = None
    """Lies in one of the speaker's last turns."""


class Near(Typed, frozen=True, kw_only=True):
    """A hit counts only near another one."""

    to: Say | str
    by: Role | None = None
    """Who says the other; as the criterion's speaker where left out."""
    order: Literal["before", "after", "either"] = "either"
    """Whether the hit lies before or after the other one."""
    within_s: float | None = None
    within_turns: int | None = None


class Say(Typed, frozen=True, kw_only=True):
    """Something said. Exactly one of the first group of keys is given.

    A bare name stands for ``list`` or ``pattern``, whichever has that name.
    """

    list: str | None = None
    """A phrase list of the lexicon."""
    pattern: str | None = None
    """A named pattern of this rubric."""
    phrase: str | None = None
    """One phrase, in the lexicon's notation."""
    any: tuple[Say | str, ...] | None = None
    all: tuple[Say | str, ...] | None = None
    of: tuple[Say | str, ...] | None = None
    """With ``at_least``: that many different ones of these."""
    regex: str | None = None
    """A regular expression over one turn's normalised text."""
    similar: str | None = None
    """A sentence like this one, by the sounds it shares."""
    repeated: Say | str | None = None
    """With ``times`` and ``within_s``: said again and again."""

    none: tuple[Say | str, ...] = ()
    """Hits in a sentence with one of these do not count."""
    excepting: tuple[str, ...] = ()
    """With ``regex``: hits that overlap one of these expressions do not count."""
    at_least: int | None = None
    least: float = 0.75
    """With ``similar``: how like, 0 to 1."""
    times: int = 2
    within_s: float | None = None
    where: Where | None = None
    near: Near | None = None


HEADS = ("list", "pattern", "phrase", "any", "all", "of", "regex", "similar", "repeated")


def head_of(say: Say) -> str | None:
    """The one key that says what kind of expression this is; ``None`` if not exactly one."""
    given = [key for key in HEADS if getattr(say, key) is not None]
    return given[0] if len(given) == 1 else None


def parts_of(say: Say) -> tuple[tuple[str, Say | str], ...]:
    """Every expression inside, with its path from here, for checking."""
    parts: list[tuple[str, Say | str]] = []
    for key in ("any", "all", "of", "none"):
        inner: tuple[Say | str, ...] = getattr(say, key) or ()
        parts.extend((f"{key}.{index}", part) for index, part in enumerate(inner))
    if say.repeated is not None:
        parts.append(("repeated", say.repeated))
    if say.near is not None:
        parts.append(("near.to", say.near.to))
    return tuple(parts)
