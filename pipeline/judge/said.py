"""Works out what a rubric's expressions (`Say`) find in a call."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

from pipeline.judge.lexicon.normalise import units
from pipeline.judge.lexicon.sound import skeleton
from pipeline.judge.mention import Mention
from pipeline.judge.view import View
from pipeline.rubric.say import Near, Say, Where

ANYWHERE = Where()
MAX_TURN_CHARACTERS = 2000
"""A regular expression sees at most so much of a turn at a time."""


def inline_list(phrase: str) -> str:
    """The name under which a phrase written into a rubric is compiled."""
    return f"「{phrase}」"


def inline_phrase(name: str) -> str:
    """The phrase that was compiled under this name."""
    return name.removeprefix("「").removesuffix("」")


def found(view: View, say: Say | str, by: str) -> tuple[Mention, ...]:
    """Every mention, in time order, those that do not count among them."""
    if isinstance(say, str):
        pattern = view.rubric.patterns.get(say)
        if pattern is None:
            return view.mentions(say, by)
        say = pattern
    key = id(say), by
    known = view.found.get(key)
    if known is None:
        known = view.found[key] = _found(view, say, by)
    return known


def counted(view: View, say: Say | str, by: str) -> tuple[Mention, ...]:
    """Only the mentions that count."""
    every = found(view, say, by)
    return tuple([each for each in every if each.problem is None]) if every else every


def _found(view: View, say: Say, by: str) -> tuple[Mention, ...]:
    mentions = _head(view, say, by)
    if say.none:
        spoiling = [other for part in say.none for other in counted(view, part, by)]
        mentions = tuple([each for each in mentions if not _spoilt(view, each, spoiling)])
    if say.where is not None:
        mentions = within(view, mentions, say.where, by)
    if say.near is not None:
        others = counted(view, say.near.to, say.near.by or by)
        mentions = tuple([each for each in mentions if _is_near(each, others, say.near)])
    return mentions


def _head(view: View, say: Say, by: str) -> tuple[Mention, ...]:
    for key, read in _HEADS.items():
        if getattr(say, key) is not None:
            return read(view, say, by)
    raise LookupError("an expression that says nothing to look for")


def words_at(view: View, speaker: str, time: float) -> str | None:
    """What a party says from a moment on, for a few seconds."""
    index = turn_at(view, speaker, time)
    if index is None:
        return None
    said = view.turns[index].said
    words = zip(said.texts, said.starts, strict=True)
    return "".join([text for text, start in words if time - 0.3 <= start < time + 4]) or None


def turn_at(view: View, speaker: str, time: float) -> int | None:
    """The first turn of a party that is not over at a time, if it has begun, or is about to."""
    for index in view.turns_of.get(speaker, ()):
        span = view.turns[index].span
        if time < span.end and span.start - 0.5 <= time:
            return index
    return None


def _merged(groups: Iterable[Sequence[Mention]]) -> tuple[Mention, ...]:
    """All together in time order; of two over the same words, the one that counts, the longer."""
    parts = [group for group in groups if group]
    if len(parts) == 1:
        return tuple(parts[0])
    kept: list[Mention] = []
    reached = 0
    for mention in sorted(itertools.chain.from_iterable(parts), key=_BY_START):
        if mention.start >= reached:
            kept.append(mention)
        elif _rather(mention, kept[-1]):
            kept[-1] = mention
        reached = kept[-1].end
    return tuple(kept)


_BY_START = attrgetter("start")


def _rather(mention: Mention, kept: Mention) -> bool:
    """Whether it takes the place of one that it overlaps, and that starts no later."""
    counts = mention.problem is None
    if counts != (kept.problem is None):
        return counts
    return mention.start == kept.start and mention.end > kept.end


def _at_least(view: View, parts: Sequence[Say | str], count: int, by: str) -> tuple[Mention, ...]:
    groups = [found(view, part, by) for part in parts]
    heard = sum(any(mention.problem is None for mention in group) for group in groups if group)
    return _merged(groups) if heard >= count else ()


def _spoilt(view: View, mention: Mention, spoiling: Sequence[Mention]) -> bool:
    start, end = view.sentence_of(mention)
    return any(start <= other.start < end and other.turn == mention.turn for other in spoiling)


# ── Places ───────────────────────────────────────────────────────────────────────────────────────


def within(view: View, mentions: tuple[Mention, ...], where: Where, by: str) -> tuple[Mention, ...]:
    """The mentions that lie where they have to."""
    if where == ANYWHERE or not mentions:
        return mentions
    own = view.turns_of.get(by, [])
    return tuple([each for each in mentions if _lies(view, each, where, own)])


def _lies(view: View, mention: Mention, where: Where, own: Sequence[int]) -> bool:
    if where.first_s is not None and mention.begins > view.begins + where.first_s:
        return False
    if where.last_s is not None and mention.finishes < view.ends - where.last_s:
        return False
    if where.first_turns is not None and mention.turn not in own[: where.first_turns]:
        return False
    return where.last_turns is None or mention.turn in own[-where.last_turns :]


def _is_near(mention: Mention, others: Sequence[Mention], near: Near) -> bool:
    turns = near.within_turns
    for other in others:
        if turns is not None and abs(mention.turn - other.turn) > turns:
            continue  # most are: looked at first
        if other is not mention and close(mention, other, near):
            return True
    return False


def close(mention: Mention, other: Mention, near: Near) -> bool:
    """Whether ``mention`` lies near ``other`` as asked, however many turns lie between."""
    if near.order == "before" and mention.start >= other.start:
        return False
    if near.order == "after" and mention.start <= other.start:
        return False
    return near.within_s is None or _gap(mention, other) <= near.within_s


def _gap(one: Mention, two: Mention) -> float:
    """Seconds between two mentions; 0 where they meet."""
    return max(0.0, two.begins - one.finishes, one.begins - two.finishes)


# ── Expressions that read the text ───────────────────────────────────────────────────────────────


def _matching(view: View, say: Say, by: str) -> tuple[Mention, ...]:
    expression = re.compile(say.regex or "")
    exceptions = [re.compile(each) for each in say.excepting]
    mentions: list[Mention] = []
    for index in view.turns_of.get(by, ()):
        start, end = view.script.starts[index], view.script.ends[index]
        text, places = _plain(view, start, end)
        text = text[:MAX_TURN_CHARACTERS]
        barred = [match.span() for each in exceptions for match in each.finditer(text)]
        for match in expression.finditer(text):
            low, high = match.span()
            if low == high or any(low < b and a < high for a, b in barred):
                continue
            start, end = places[low], places[high - 1] + 1
            mentions.append(view.mention(start, end, say.regex or "", None))
    return tuple(mentions)


def _plain(view: View, start: int, end: int) -> tuple[str, list[int]]:
    """A turn's text, and for each character the unit it belongs to."""
    text, places = "", []
    latin = False
    for index in range(start, end):
        unit = view.script.unit(index)
        if latin and unit.isascii():
            unit = " " + unit
        latin = unit.isascii()
        text += unit
        places += [index] * len(unit)
    return text, places


def _similar(view: View, sentence: str, least: float, by: str) -> tuple[Mention, ...]:
    wanted = _pairs([skeleton(unit) for unit in units(sentence)[0]])
    mentions = []
    for each in view.sentences:
        if each.speaker != by:
            continue
        heard = _pairs([skeleton(view.script.unit(at)) for at in range(each.start, each.end)])
        likeness = 2 * len(wanted & heard) / max(1, len(wanted) + len(heard))
        if likeness >= least:
            mentions.append(view.mention(each.start, each.end, sentence, likeness))
    return tuple(mentions)


def _pairs(sounds: Sequence[str]) -> set[tuple[str, str]]:
    return set(itertools.pairwise(sounds)) or {(sound, "") for sound in sounds}


def _repeated(view: View, say: Say, by: str) -> tuple[Mention, ...]:
    if say.repeated is None:
        return ()
    every = counted(view, say.repeated, by)
    limit = say.within_s if say.within_s is not None else float("inf")
    kept: dict[int, Mention] = {}
    for at in range(len(every) - say.times + 1):
        run = every[at : at + say.times]
        if run[-1].begins - run[0].begins <= limit:
            kept |= {each.start: each for each in run}
    return tuple(kept[start] for start in sorted(kept))


_HEADS: dict[str, Callable[[View, Say, str], tuple[Mention, ...]]] = {
    "list": lambda view, say, by: view.mentions(say.list or "", by),
    "pattern": lambda view, say, by: found(view, view.rubric.patterns[say.pattern or ""], by),
    "phrase": lambda view, say, by: view.mentions(inline_list(say.phrase or ""), by),
    "any": lambda view, say, by: _merged([found(view, part, by) for part in say.any or ()]),
    "all": lambda view, say, by: _at_least(view, say.all or (), len(say.all or ()), by),
    "of": lambda view, say, by: _at_least(view, say.of or (), say.at_least or 1, by),
    "regex": _matching,
    "similar": lambda view, say, by: _similar(view, say.similar or "", say.least, by),
    "repeated": _repeated,
}
