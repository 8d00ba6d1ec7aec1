"""What must not be said, and what to say instead."""

from __future__ import annotations

from collections.abc import Sequence

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
from pipeline.scorecard import Text


def avoids(criterion: Avoids, view: View) -> Verdict:
    """Something that must not be said, or not more often than so many times.

    Other people's words told again ("您刚才说信不信由你") are shown and do not count.
    """
    every = found(view, criterion.say, criterion.by)
    bad = [each for each in every if each.problem is None and each.quoted is None]
    shown = bad or every
    evidence = [
        each.evidence(problem=QUOTED if each.quoted is not None else None)
        for each in shown[:MAX_EVIDENCE]
    ]
    name = criterion.name
    if len(bad) <= criterion.at_most:
        zh = "未出现" if not bad else f"出现{len(bad)}次，未超过{criterion.at_most}次"
        en = "not heard" if not bad else f"heard {len(bad)} times, {criterion.at_most} allowed"
        return met(Text(zh=zh, en=en), evidence, value=len(bad), high=criterion.at_most)
    share = falling(len(bad) - criterion.at_most, criterion.slack)
    words = "、".join(f"“{each.words}”" for each in bad[:3])
    text = Text(
        zh=f"出现{len(bad)}次：{words}",
        en=f"{name.en}: heard {len(bad)} times: {words}",
    )
    return missed(text, evidence, share=share, value=len(bad), high=criterion.at_most)


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
