"""What has to be said, and where: openings and closings, answers to what happens, steps."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.facts import INTERRUPTIONS
from pipeline.judge.mention import Mention
from pipeline.judge.said import counted, found, turn_at, within, words_at
from pipeline.judge.states import upset_turns
from pipeline.judge.verdict import (
    MAX_EVIDENCE,
    Verdict,
    judged,
    met,
    missed,
    not_applicable,
)
from pipeline.judge.view import View
from pipeline.rubric.kinds import (
    Answers,
    Says,
    Steps,
)
from pipeline.scorecard import Evidence, Text
from pipeline.timeline import Span

# ── Said at all ──────────────────────────────────────────────────────────────────────────────────


def says(criterion: Says, view: View) -> Verdict:
    """Something has to be said, so and so often, in a certain place."""
    heard = found(view, criterion.say, criterion.by)
    every = within(view, heard, criterion.where, criterion.by)
    good = [each for each in every if _counts(each)]
    wanted = _wanted(criterion, view)
    evidence = [each.evidence() for each in every[:MAX_EVIDENCE]]
    name = criterion.name
    if len(good) >= wanted:
        text = Text(
            zh=f"听到{len(good)}处：“{good[0].words}”" if good else "无须说出",
            en=f"heard {len(good)} times: “{good[0].words}”" if good else "nothing needed",
        )
        return met(text, evidence, value=len(good), low=wanted)
    elsewhere = _others(heard, every)
    evidence += [each.evidence(WRONG_PLACE) for each in elsewhere[: MAX_EVIDENCE - len(evidence)]]
    zh = f"未听到{name.zh}" if not good else f"{name.zh}只听到{len(good)}处，应至少{wanted}处"
    en = f"not heard: {name.en}" if not good else f"heard {len(good)} times, expected {wanted}"
    if not good and any(each.problem for each in every):
        zh, en = f"{zh}（有相近字句，但不计）", f"{en} (something like it does not count)"
    elif not good and elsewhere:
        zh, en = f"{zh}（说了，但位置不对）", f"{en} (said, but elsewhere)"
    share = len(good) / wanted if wanted else 0.0
    return missed(Text(zh=zh, en=en), evidence, share=share, value=len(good), low=wanted)


WRONG_PLACE = Text(zh="位置不对，不计", en="in the wrong place; not counted")
MAX_ELSEWHERE = 3


def _others(heard: Sequence[Mention], inside: Sequence[Mention]) -> list[Mention]:
    """The first few that lie elsewhere."""
    if len(heard) == len(inside):
        return []
    known = set(map(id, inside))
    return [each for each in heard if id(each) not in known][:MAX_ELSEWHERE]


def _counts(mention: Mention) -> bool:
    """The words count, and are not somebody else's, told again ("您说对不起")."""
    return mention.problem is None and (mention.quoted is None or mention.quoted > 1)


def _wanted(criterion: Says, view: View) -> int:
    if criterion.per_minutes is None:
        return criterion.at_least
    minutes = view.facts.audio.duration_s / 60
    return max(1, round(criterion.at_least * minutes / criterion.per_minutes))


# ── Said whenever something happens ──────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that calls for words."""

    span: Span
    turn: int | None
    words: str | None = None
    speaker: str | None = None


def answers(criterion: Answers, view: View) -> Verdict:
    """Every occasion, and whether the words came near it."""
    occasions = _occasions(criterion, view)
    if not occasions:
        return not_applicable(*_NO_OCCASION.get(criterion.to or "", _NOTHING))
    said = [each for each in found(view, criterion.say, criterion.by) if _counts(each)]
    replies = [_reply(criterion, view, occasion, said) for occasion in occasions]
    evidence = [
        reply.evidence() if reply is not None else _left(occasion, criterion.by)
        for occasion, reply in zip(occasions[:MAX_EVIDENCE], replies, strict=False)
    ]
    answered = len(replies) - replies.count(None)
    share = answered / len(occasions)
    text = Text(
        zh=f"{len(occasions)}次应说之处，说了{answered}次",
        en=f"said on {answered} of {len(occasions)} occasions",
    )
    return judged(
        share >= criterion.share, text, evidence, share=share, value=answered, low=len(occasions)
    )


_NOTHING = ("没有出现需要这样说的情形", "nothing called for it")
_NO_OCCASION = {
    "hold-start": ("没有让客户等待", "the customer was not made to wait"),
    "hold-end": ("没有让客户等待", "the customer was not made to wait"),
    "interruption": ("坐席没有插话", "the agent did not cut in"),
    "upset": ("客户没有负面情绪", "the customer was not upset"),
}


def _left(occasion: Occasion, speaker: str) -> Evidence:
    return Evidence(
        span=occasion.span,
        speaker=occasion.speaker or speaker,
        words=occasion.words,
        note=LEFT,
    )


LEFT = Text(zh="此处应说而未说", en="should have been said here")


def _occasions(criterion: Answers, view: View) -> list[Occasion]:
    if criterion.to_say is not None:
        mentions = counted(view, criterion.to_say, criterion.to_by)
        return _one_per_turn(
            Occasion(each.span, each.turn, each.words, each.speaker) for each in mentions
        )
    if criterion.to == "interruption":
        return [
            Occasion(
                span=each.span,
                turn=turn_at(view, each.second, each.span.start),
                words=words_at(view, each.second, each.span.start),
                speaker=each.second,
            )
            for each in view.facts.overlaps
            if each.second == criterion.by and each.kind in INTERRUPTIONS
        ]
    if criterion.to == "upset":
        return [
            Occasion(view.turns[index].span, index, view.text(view.turns[index]), "customer")
            for index in upset_turns(view)
            if view.own_turns_after(index, criterion.by, 1)
        ]
    holds = [hold for hold in view.facts.holds if hold.span.duration >= criterion.at_least_s]
    at_start = criterion.to == "hold-start"
    edges = [hold.span.start if at_start else hold.span.end for hold in holds]
    return [Occasion(Span(edge, edge), None) for edge in edges if edge < view.ends or at_start]


def _one_per_turn(occasions: Iterable[Occasion]) -> list[Occasion]:
    kept: dict[int | None, Occasion] = {}
    for occasion in occasions:
        kept.setdefault(occasion.turn, occasion)
    return list(kept.values())


def _reply(
    criterion: Answers, view: View, occasion: Occasion, said: Sequence[Mention]
) -> Mention | None:
    """The first of what was said that answers an occasion."""
    start, end = occasion.span.start, occasion.span.end
    side, within_s = criterion.side, criterion.within_s
    near: Sequence[int] | None = None
    if criterion.within_turns is not None and occasion.turn is not None:
        near = view.own_turns_after(occasion.turn - 1, criterion.by, criterion.within_turns)
    for each in said:
        if near is not None and each.turn not in near:
            continue
        before = side != "after" and start - within_s <= each.finishes <= start + 2.0
        if before or (side != "before" and start - 0.5 <= each.begins <= end + within_s):
            return each
    return None


# ── In order ─────────────────────────────────────────────────────────────────────────────────────


def steps(criterion: Steps, view: View) -> Verdict:
    """The longest part of the steps that came in order, and what is missing."""
    mentions = {name: counted(view, say, criterion.by) for name, say in criterion.steps.items()}
    chain = _longest_in_order(mentions.items())
    done = {name for name, _ in chain}
    titles = {name: criterion.names.get(name, Text(zh=name, en=name)) for name in mentions}
    absent = [titles[name] for name in mentions if name not in done]
    evidence = [mention.evidence(titles[name]) for name, mention in chain]
    share = len(chain) / max(1, len(mentions))
    zh, en = (
        f"{len(mentions)}步中按顺序做到{len(chain)}步",
        (f"{len(chain)} of {len(mentions)} steps in order"),
    )
    if absent:
        zh += "；缺：" + "、".join(title.zh for title in absent)
        en += "; missing: " + ", ".join(title.en for title in absent)
    return judged(
        share >= criterion.share,
        Text(zh=zh, en=en),
        evidence,
        share=share,
        value=len(chain),
        low=criterion.share * len(mentions),
    )


def _longest_in_order(
    steps_said: Iterable[tuple[str, Sequence[Mention]]],
) -> Sequence[tuple[str, Mention]]:
    """The longest chain of different steps, each said no earlier than the one before it."""
    best: list[tuple[tuple[str, Mention], ...]] = [()]  # of each length the one that ends first
    for name, mentions in steps_said:
        if not mentions:
            continue
        starts = [each.start for each in mentions]
        for length in reversed(range(len(best))):
            chain = best[length]
            at = bisect_left(starts, chain[-1][1].start) if chain else 0
            if at == len(starts):
                continue
            longer = (*chain, (name, mentions[at]))
            if length + 1 == len(best):
                best.append(longer)
            elif starts[at] < best[length + 1][-1][1].start:
                best[length + 1] = longer
    return best[-1]
