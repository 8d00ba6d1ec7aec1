"""What must not be said, and what to say instead."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

from pipeline.facts import AGENT, CUSTOMER, Turn
from pipeline.judge.hearing import QUOTED
from pipeline.judge.mention import Mention
from pipeline.judge.said import counted, found
from pipeline.judge.verdict import (
    MAX_EVIDENCE,
    Verdict,
    falling,
    judged,
    met,
    missed,
    not_applicable,
)
from pipeline.judge.view import View
from pipeline.rubric.kinds import Avoids, Prefers
from pipeline.scorecard import Evidence, Text

NOT_HEARD = Text(zh="未出现", en="not heard")


def avoids(criterion: Avoids, view: View) -> Verdict:
    """Something that must not be said, or not more often than so many times.

    Other people's words told again ("您刚才说信不信由你") are shown and do not count.
    """
    every = found(view, criterion.say, criterion.by)
    beside = _beside(view, criterion.by) if criterion.company else []
    if not every and not beside and criterion.at_most >= 0:
        return _not_heard(criterion.at_most)
    bad = [each for each in every if each.problem is None and each.quoted is None]
    shown = bad or every
    evidence = [
        *(
            each.evidence(problem=QUOTED if each.quoted is not None else None)
            for each in shown[:MAX_EVIDENCE]
        ),
        *(
            Evidence(span=turn.span, speaker=turn.speaker, words=turn.text or None, note=_BESIDE)
            for turn in beside
        ),
    ][:MAX_EVIDENCE]
    count = len(bad) + len(beside)
    if count <= criterion.at_most:
        text = NOT_HEARD if not count else Text(
            zh=f"出现{count}次，未超过{criterion.at_most}次",
            en=f"heard {count} times, {criterion.at_most} allowed",
        )  # fmt: skip
        return met(text, evidence, value=count, high=criterion.at_most)
    share = falling(count - criterion.at_most, criterion.slack)
    heard = [Text(zh=f"“{each.words}”", en=f"“{each.words}”") for each in bad[:3]]
    heard += [_BESIDE] if beside else []
    text = Text(
        zh=f"出现{count}次：{'、'.join(each.zh for each in heard)}",
        en=f"{criterion.name.en}: heard {count} times: {'、'.join(each.en for each in heard)}",
    )
    return missed(text, evidence, share=share, value=count, high=criterion.at_most)


@functools.lru_cache(maxsize=1024)
def _not_heard(at_most: int) -> Verdict:
    """What most criteria of this kind come to, in most calls."""
    return met(NOT_HEARD, value=0, high=at_most)


def _beside(view: View, speaker: str) -> list[Turn]:
    """Turns of others on a party's own line, between its own: not those of who had the call before
    it, or after.
    """
    party, own = view.parties.get(speaker), view.turns_of.get(speaker, [])
    if party is None or not own:
        return []
    alone = {each.speaker for each in view.facts.speakers if each.channel == party.channel}
    if {AGENT, CUSTOMER} <= alone:  # both parties share the line: nobody knows whose company it is
        return []
    others = alone - {speaker}
    if not others:
        return []
    first, last = view.turns[own[0]].span.start, view.turns[own[-1]].span.end
    return [
        each for each in view.turns if each.speaker in others and first < each.span.start < last
    ]


_BESIDE: Final = Text(zh="该方线路上另有他人说话", en="somebody else talks on the same line")


def prefers(criterion: Prefers, view: View) -> Verdict:
    """The share of the better of two ways of saying."""
    better = counted(view, criterion.rather, criterion.by)
    worse = _outside(counted(view, criterion.than, criterion.by), better)
    whole = len(better) + len(worse)
    if whole < criterion.min_count:
        return not_applicable("出现太少，不作判断", "too rare to tell")
    share = len(better) / whole
    text = Text(
        zh=f"得体的说法占{share:.0%}（{len(better)}比{len(worse)}）",
        en=f"{share:.0%} said the better way ({len(better)} to {len(worse)})",
    )
    return judged(
        share >= criterion.share,
        text,
        [each.evidence() for each in worse[:MAX_EVIDENCE]],
        share=share / criterion.share if criterion.share else 1.0,
        value=share,
        low=criterion.share,
    )


def _outside(mentions: Sequence[Mention], others: Sequence[Mention]) -> list[Mention]:
    return [
        each
        for each in mentions
        if not any(each.start < other.end and other.start < each.end for other in others)
    ]
