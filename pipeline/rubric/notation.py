"""The notation of phrases: ``(a|b)`` alternatives, ``[x]`` may be left out, ``…n`` a gap.

``variants("[请]您稍(等|候)")`` gives the four phrases it stands for, each as the literal pieces
between gaps.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

MAX_VARIANTS = 400
DEFAULT_GAP = 4
MAX_GAP = 20
_TOKEN = re.compile(r"…(?P<gap>\d*)|[()\[\]|]|[^…()\[\]|]+")


@dataclass(frozen=True)
class Variant:
    """One phrase: literal pieces, and the most that may stand between each two."""

    pieces: tuple[str, ...]
    gaps: tuple[int, ...] = ()

    def then(self, other: Variant) -> Variant:
        """The phrase with the other right after it."""
        if not self.pieces:
            return other
        if not other.pieces:
            return self
        joined = self.pieces[-1] + other.pieces[0]
        return Variant((*self.pieces[:-1], joined, *other.pieces[1:]), self.gaps + other.gaps)


_NOTHING = Variant(("",))


@functools.lru_cache(maxsize=20000)
def variants(text: str) -> tuple[Variant, ...]:
    """Every phrase that the notation stands for, each once, in the order written.

    Raises:
        ValueError: brackets do not close, a gap at an edge, too many variants, or nothing to say.
    """
    tokens = [match.group(0) for match in _TOKEN.finditer(text)]
    found, rest = _alternatives(tokens, text)
    if rest:
        raise ValueError(f"{text!r} has a closing bracket without an opening one")
    unique = tuple(dict.fromkeys(found))
    for variant in unique:
        if not all(piece.strip() for piece in variant.pieces):
            raise ValueError(f"{text!r} allows an empty phrase, or has a gap at an edge")
    return unique


def _alternatives(tokens: list[str], text: str) -> tuple[list[Variant], list[str]]:
    found: list[Variant] = []
    current = [_NOTHING]
    while tokens:
        token, *tokens = tokens
        if token in ")]":
            return found + current, [token, *tokens]
        if token == "|":
            found, current = found + current, [_NOTHING]
            continue
        if token in "([":
            inner, tokens = _alternatives(tokens, text)
            if not tokens or tokens[0] != {"(": ")", "[": "]"}[token]:
                raise ValueError(f"{text!r} has an opening bracket without a closing one")
            tokens = tokens[1:]
            following = inner if token == "(" else [*inner, _NOTHING]
        elif token.startswith("…"):
            following = [Variant(("", ""), (_gap(token, text),))]
        else:
            following = [Variant((token,))]
        current = [before.then(after) for before in current for after in following]
        if len(current) + len(found) > MAX_VARIANTS:
            raise ValueError(f"{text!r} stands for more than {MAX_VARIANTS} phrases")
    return found + current, []


def _gap(token: str, text: str) -> int:
    gap = int(token[1:] or DEFAULT_GAP)
    if not 1 <= gap <= MAX_GAP:
        raise ValueError(f"{text!r} has a gap of {gap}, at most {MAX_GAP} make one phrase")
    return gap
