"""The notation of phrases: ``(a|b)`` alternatives, ``[x]`` or ``(x)?`` optional, ``…n`` a gap.

``variants("[请]您稍(等|候)")`` gives the four phrases it stands for, each as the literal pieces
between gaps; ``slots`` gives the same with the alternatives between two gaps kept together.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

MAX_VARIANTS = 400
DEFAULT_GAP = 4
MAX_GAP = 20
_TOKEN = re.compile(r"…\d*|[()\[\]|?]|[^…()\[\]|?]+")


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
    unique = _expanded(text, text)
    for variant in unique:
        if not all(piece.strip() for piece in variant.pieces):
            raise ValueError(f"{text!r} allows an empty phrase, or has a gap at an edge")
    return unique


@dataclass(frozen=True)
class Slots:
    """Phrases in one: in each slot any one of its literals, the slots in order with gaps."""

    slots: tuple[tuple[str, ...], ...]
    gaps: tuple[int, ...] = ()


@functools.lru_cache(maxsize=20000)
def slots(text: str) -> tuple[Slots, ...]:
    """The phrases that the notation stands for, alternatives kept together.

    Raises:
        ValueError: as `variants`.
    """
    segments, gaps = _segments(text)
    parts, gaps = _required([_expanded(segment, text) for segment in segments], gaps)
    if not parts:
        raise ValueError(f"{text!r} allows an empty phrase")
    if any(variant.gaps for part in parts for variant in part):
        return tuple(
            Slots(tuple((piece,) for piece in variant.pieces), variant.gaps)
            for variant in variants(text)
        )
    together = tuple(tuple(variant.pieces[0] for variant in part) for part in parts)
    return (Slots(together, gaps),)


def _expanded(segment: str, text: str) -> tuple[Variant, ...]:
    if not segment:
        raise ValueError(f"{text!r} has a gap at an edge")
    found, rest = _alternatives([match.group(0) for match in _TOKEN.finditer(segment)], text)
    if rest:
        raise ValueError(f"{text!r} has a closing bracket without an opening one")
    return tuple(dict.fromkeys(found))


def _required(
    parts: list[tuple[Variant, ...]], gaps: tuple[int, ...]
) -> tuple[list[tuple[Variant, ...]], tuple[int, ...]]:
    """Without the parts that may be left out whole: they only widen the gap they stand in."""
    kept: list[tuple[Variant, ...]] = []
    room: list[int] = []
    wide = 0
    for part, gap in zip(parts, (0, *gaps), strict=True):
        wide += gap
        if _NOTHING in part:
            wide += max(len(variant.pieces[0]) for variant in part)
            continue
        if kept:
            room.append(wide)
        kept.append(part)
        wide = 0
    return kept, tuple(room)


def _segments(text: str) -> tuple[list[str], tuple[int, ...]]:
    """The text cut at the gaps that stand outside all brackets."""
    segments, gaps, depth = [""], [], 0
    for match in _TOKEN.finditer(text):
        token = match.group(0)
        if token.startswith("…") and depth == 0:
            gaps.append(_gap(token, text))
            segments.append("")
            continue
        depth += (token in "([") - (token in ")]")
        if token == "|" and depth == 0:
            return [text], ()
        segments[-1] += token
    return segments, tuple(gaps)


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
            optional = token == "[" or (bool(tokens) and tokens[0] == "?")
            following = [*inner, _NOTHING] if optional else inner
        elif token == "?":
            continue
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
