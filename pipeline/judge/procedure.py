"""What has to be said, and where: openings and closings, answers to what happens, steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.facts import INTERRUPTIONS
from pipeline.judge.mention import Mention
from pipeline.judge.said import counted, found, within, words_at
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
    every = within(view, found(view, criterion.say, criterion.by), criterion.where, criterion.by)
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
    elsewhere = [each for each in found(view, criterion.say, criterion.by) if each not in every]
    evidence += [each.evidence(WRONG_PLACE) for each in elsewhere[:3]]
    zh = f"未听到{name.zh}" if not good else f"{name.zh}只听到{len(good)}处，应至少{wanted}处"
    en = f"not heard: {name.en}" if not good else f"heard {len(good)} times, expected {wanted}"
    if not good and any(each.problem for each in every):
        zh, en = f"{zh}（有相近字句，但不计）", f"{en} (something like it does not count)"
    elif not good and elsewhere:
        zh, en = f"{zh}（说了，但位置不对）", f"{en} (said, but elsewhere)"
    share = len(good) / wanted if wanted else 0.0
    return missed(Text(zh=zh, en=en), evidence, share=share, value=len(good), low=wanted)


WRONG_PLACE = Text(zh="位置不对，不计", en="in the wrong place; not counted")


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
    evidence: list[Evidence] = []
    answered = 0
    for occasion in occasions:
        reply = next((each for each in said if _replies(criterion, view, occasion, each)), None)
        answered += reply is not None
        evidence.append(reply.evidence() if reply is not None else _left(occasion, criterion.by))
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
        note=Text(zh="此处应说而未说", en="should have been said here"),
    )


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
                turn=_turn_at(view, each.second, each.span.start),
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


def _turn_at(view: View, speaker: str, time: float) -> int | None:
    for index in view.turns_of.get(speaker, ()):
        span = view.turns[index].span
        if span.start - 0.5 <= time < span.end:
            return index
    return None


def _replies(criterion: Answers, view: View, occasion: Occasion, mention: Mention) -> bool:
    before = (
        occasion.span.start - criterion.within_s <= mention.finishes <= (occasion.span.start + 2.0)
    )
    after = occasion.span.start - 0.5 <= mention.begins <= (occasion.span.end + criterion.within_s)
    wanted = {"before": before, "after": after, "either": before or after}[criterion.side]
    if not wanted:
        return False
    if criterion.within_turns is None or occasion.turn is None:
        return True
    near = view.own_turns_after(occasion.turn - 1, criterion.by, criterion.within_turns)
    return mention.turn in near


# ── In order ─────────────────────────────────────────────────────────────────────────────────────


def steps(criterion: Steps, view: View) -> Verdict:
    """The longest part of the steps that came in order, and what is missing."""
    mentions = {name: counted(view, say, criterion.by) for name, say in criterion.steps.items()}
    chain = _longest_in_order(list(mentions.items()))
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
    steps_said: Sequence[tuple[str, Sequence[Mention]]],
) -> list[tuple[str, Mention]]:
    """The longest chain of different steps, each said no earlier than the one before it."""
    best: list[list[tuple[str, Mention]]] = [[]]
    for name, mentions in steps_said:
        longer: list[list[tuple[str, Mention]]] = []
        for chain in best:
            begin = chain[-1][1].start if chain else -1
            fitting = next((each for each in mentions if each.start >= begin), None)
            if fitting is not None:
                longer.append([*chain, (name, fitting)])
        best = _undominated(best + longer)
    return max(best, key=len)


def _undominated(
    chains: list[list[tuple[str, Mention]]],
) -> list[list[tuple[str, Mention]]]:
    """Of the chains of one length, the one that ends first."""
    first: dict[int, list[tuple[str, Mention]]] = {}
    for chain in chains:
        known = first.get(len(chain))
        if known is None or (chain and chain[-1][1].start < known[-1][1].start):
            first[len(chain)] = chain
    return list(first.values())
