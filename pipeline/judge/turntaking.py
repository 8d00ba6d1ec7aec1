"""Who spoke when: interruptions, waiting, holds, talk shares, listening."""

from __future__ import annotations

import statistics

import msgspec

from pipeline.facts import AGENT, CUSTOMER, INTERRUPTIONS, MIXED
from pipeline.judge.limits import Reading, held
from pipeline.judge.prosody import raised_by
from pipeline.judge.said import counted, words_at
from pipeline.judge.verdict import (
    MAX_EVIDENCE,
    Verdict,
    judged,
    met,
    not_applicable,
    not_measured,
)
from pipeline.judge.view import View
from pipeline.reasons import in_chinese
from pipeline.rubric.kinds import Events, FullAnswers, Listens, Measure
from pipeline.scorecard import Evidence, Text
from pipeline.timeline import Span

UNSURE = Text(zh="把握不足，不计", en="not sure enough; not counted")
ANNOUNCED = Text(zh="事先说明过，不计", en="announced; not counted")


def other(speaker: str) -> str:
    """The other party."""
    return CUSTOMER if speaker == AGENT else AGENT


def unclear_turns(view: View, *, overlaps: bool = False) -> Verdict | None:
    """Not measured where the parties were not told apart, or, for overlaps, share a channel."""
    key = "unclear turns", overlaps
    if key not in view.memory:
        view.memory[key] = _unclear_turns(view, overlaps=overlaps)
    known = view.memory[key]
    return known if isinstance(known, Verdict) else None


def _unclear_turns(view: View, *, overlaps: bool) -> Verdict | None:
    mixed = MIXED in view.turns_of
    names = ("turn-taking", "speakers", *(("overlaps",) if overlaps else ()))
    reason = view.why_not(*names)
    if reason is None and not mixed and view.told_apart:
        return None
    why = (
        in_chinese(reason)
        if reason
        else ("坐席与客户在同一声道，未能分开" if mixed else "只听到一方")
    )
    english = reason or ("the parties were not told apart" if mixed else "one party only")
    return not_measured(f"未测量：{why}", f"not measured: {english}")


# ── Numbers ──────────────────────────────────────────────────────────────────────────────────────


def talk_share(criterion: Measure, view: View) -> Verdict:
    """The party's share of the time in which somebody talks."""
    talk = {name: party.talk_s for name, party in view.parties.items()}
    whole = talk.get(AGENT, 0.0) + talk.get(CUSTOMER, 0.0)
    unclear = unclear_turns(view)
    if unclear or whole <= 0:
        return unclear or not_measured("没有语音", "not measured: nobody talks")
    share = talk.get(criterion.by, 0.0) / whole
    # What one lost to the other and what it won from it make up for each other in part.
    error = max(party.talk_error_s for party in view.parties.values()) / whole
    straddled = [
        limit
        for limit in (criterion.low, criterion.high)
        if limit is not None and error and abs(share - limit) <= error
    ]
    if straddled:
        return not_measured(
            f"说话时间占比 {share:.2f} ± {error:.2f}，无法断定是否超过 {straddled[0]:g}",
            f"not measured: the share of the talk is {share:.2f} ± {error:.2f}, "
            f"which may lie on either side of {straddled[0]:g}",
        )
    return held(criterion, view, "说话时间占比", "share of the talk", "", 2, Reading(share))


def response_time(criterion: Measure, view: View) -> Verdict:
    """The median gap before the party answers; the longest ones are shown."""
    unclear = unclear_turns(view)
    if unclear:
        return unclear
    gaps = [
        each
        for each in view.facts.transfers
        if each.to_speaker == criterion.by and not _holds_between(view, each.at, each.offset_s)
    ]
    if not gaps:
        return not_applicable("没有需要回应的话轮", "nothing to respond to")
    value = statistics.median([each.offset_s for each in gaps])
    reading = Reading(value)
    verdict = held(criterion, view, "回应时间（中位数）", "median response time", "s", 2, reading)
    high = criterion.high if criterion.high is not None else 0.0
    late = [each for each in gaps if each.offset_s > high]
    slow = sorted(late, key=lambda each: -each.offset_s)[:5]
    evidence = [
        _moment(each.at - each.offset_s, each.at, criterion.by, each.offset_s, high)
        for each in sorted(slow, key=lambda each: each.at)
    ]
    return msgspec.structs.replace(verdict, evidence=tuple(evidence))


def _holds_between(view: View, at: float, offset: float) -> bool:
    holds = view.facts.holds
    return bool(holds) and any(
        hold.span.start < at and at - offset < hold.span.end for hold in holds
    )


def _moment(start: float, end: float, speaker: str, value: float, limit: float) -> Evidence:
    return Evidence(
        span=Span(round(max(0.0, min(start, end)), 3), round(max(start, end), 3)),
        speaker=speaker,
        value=round(value, 3),
        limit=limit,
        unit="s",
    )


# ── Events ───────────────────────────────────────────────────────────────────────────────────────


def interruptions(criterion: Events, view: View) -> list[Evidence]:
    """Times the party went for the other's floor."""
    return [
        Evidence(
            span=each.span,
            speaker=each.second,
            words=words_at(view, each.second, each.span.start),
            value=round(each.confidence, 3),
            counts=each.confidence >= criterion.min_confidence,
            note=_kind(each.kind) if each.confidence >= criterion.min_confidence else UNSURE,
        )
        for each in view.facts.overlaps
        if each.second == criterion.by
        and each.kind in INTERRUPTIONS
        and (each.span.duration >= criterion.at_least_s or each.kind == "silent-interruption")
    ]


_KINDS = {
    "competitive-with-floor": Text(zh="抢话并取得话轮", en="cut in and took the floor"),
    "competitive-without-floor": Text(zh="抢话未成", en="cut in without getting the floor"),
    "silent-interruption": Text(
        zh="对方未说完即插话", en="cut in while the other had not finished"
    ),
}


def _kind(kind: str) -> Text:
    return _KINDS[kind]


def holds(criterion: Events, view: View) -> list[Evidence]:
    """Stretches of music, ringing or silence in which the customer waits too long."""
    limit = criterion.beyond or criterion.at_least_s
    return [
        Evidence(
            span=hold.span,
            value=round(hold.span.duration, 3),
            limit=limit,
            unit="s",
            note=_HOLD_NAMES[hold.kind],
        )
        for hold in view.facts.holds
        if hold.span.duration >= limit
    ]


_HOLD_NAMES = {
    "music": Text(zh="等待音乐", en="hold music"),
    "silence": Text(zh="静默", en="silence"),
    "ringback": Text(zh="转接振铃", en="ringing"),
}


def silences(criterion: Events, view: View) -> list[Evidence]:
    """Dead air: silent stretches that nobody announced (请稍等 within ten seconds before)."""
    return [
        Evidence(
            span=hold.span,
            value=round(hold.span.duration, 3),
            limit=criterion.beyond,
            unit="s",
            note=ANNOUNCED if _announced(view, hold.span.start) else _HOLD_NAMES["silence"],
            counts=not _announced(view, hold.span.start),
        )
        for hold in view.facts.holds
        if hold.kind == "silence" and hold.span.duration >= (criterion.beyond or 0.0)
    ]


def _announced(view: View, start: float) -> bool:
    name = view.rubric.signals.waiting
    if name is None:
        return False
    return any(start - 10.0 <= each.finishes <= start + 1.0 for each in counted(view, name, AGENT))


def lectures(criterion: Events, view: View) -> list[Evidence]:
    """Monologues during which the other party tried to speak, or that never end.

    ``beyond`` seconds without letting the other in; half of that where the other reacted.
    """
    limit = criterion.beyond or 0.0
    found = []
    for each in view.facts.monologues:
        if each.speaker != criterion.by:
            continue
        tries = sum(
            1
            for overlap in view.facts.overlaps
            if overlap.second != criterion.by
            and overlap.kind != "terminal"
            and each.span.start <= overlap.span.start < each.span.end
        )
        allowed = limit / 2 if tries >= 2 else limit
        if each.span.duration > allowed:
            found.append(
                Evidence(
                    span=each.span,
                    speaker=each.speaker,
                    words=(words_at(view, each.speaker, each.span.start) or "")[:60] or None,
                    value=round(each.span.duration, 3),
                    limit=allowed,
                    unit="s",
                    note=Text(zh=f"其间客户{tries}次想开口", en=f"the customer tried {tries} times")
                    if tries
                    else None,
                )
            )
    return found


def quarrels(criterion: Events, view: View) -> list[Evidence]:
    """Both parties going for the floor within ``beyond`` seconds, the agent's voice raised or
    the agent's words disputing.
    """
    window = criterion.beyond or 20.0
    clashes = [o for o in view.facts.overlaps if o.kind in INTERRUPTIONS]
    dispute = view.rubric.signals.dispute
    words = counted(view, dispute, AGENT) if dispute is not None else ()
    found: list[Evidence] = []
    for clash in clashes:
        if found and found[-1].span and clash.span.start < found[-1].span.end + window:
            continue
        near = [o for o in clashes if 0 <= o.span.start - clash.span.start <= window]
        both = {o.second for o in near} >= {AGENT, CUSTOMER}
        heated = _heated(view, clash.span.start, near[-1].span.end) or any(
            clash.span.start - window <= word.begins <= near[-1].span.end + window for word in words
        )
        if both and heated:
            found.append(_clash(view, clash.span.start, near[-1].span.end, len(near)))
    return found


def _clash(view: View, start: float, end: float, count: int) -> Evidence:
    evidence = _moment(start, end, AGENT, float(count), 0.0)
    return Evidence(
        span=evidence.span,
        speaker=AGENT,
        words=words_at(view, AGENT, start),
        value=float(count),
        note=Text(zh=f"双方互相抢话{count}次", en=f"{count} clashes for the floor"),
    )


def _heated(view: View, start: float, end: float) -> bool:
    return any(
        (raised_by(turn) or 0.0) >= view.rubric.signals.upset_effort_db
        for turn in view.turns
        if turn.speaker == AGENT and turn.span.end > start and turn.span.start < end + 5
    )


def hurried_questions(criterion: Events, view: View) -> list[Evidence]:
    """Questions after which the agent goes on within ``beyond`` seconds without an answer."""
    limit, found = criterion.beyond or 0.0, []
    script = view.script
    for question in view.questions(criterion.by):
        if question.end >= script.ends[question.turn] or question.end - question.start < 3:
            continue
        stop = script.span(question.end - 1, question.end).end
        pause = script.span(question.end, question.end + 1).start - stop
        rest = script.ends[question.turn] - question.end
        if pause < limit and rest >= 6 and not _answered(view, stop, criterion.by):
            found.append(
                Evidence(
                    span=script.span(question.start, question.end),
                    speaker=criterion.by,
                    words=view.said(question.start, question.end),
                    value=round(max(0.0, pause), 3),
                    limit=limit,
                    unit="s",
                )
            )
    return found


def _answered(view: View, time: float, speaker: str) -> bool:
    return any(
        overlap.second == other(speaker) and abs(overlap.span.start - time) < 1.5
        for overlap in view.facts.overlaps
    )


# ── Listening and answering ──────────────────────────────────────────────────────────────────────


def listens(criterion: Listens, view: View) -> Verdict:
    """Signs of listening in the other party's long turns, or right after them."""
    unclear = unclear_turns(view)
    if unclear:
        return unclear
    teller = other(criterion.by)
    stories = [
        index
        for index in view.turns_of.get(teller, ())
        if view.turns[index].span.duration >= criterion.story_s
    ]
    if not stories:
        return not_applicable(
            f"客户没有超过 {criterion.story_s:g} 秒的陈述", "the customer told no long story"
        )
    heard = [index for index in stories if _sign(criterion, view, index)]
    share = len(heard) / len(stories)
    unheard = [index for index in stories if index not in heard]
    evidence = [view.turn_evidence(view.turns[index]) for index in unheard[:MAX_EVIDENCE]]
    text = Text(
        zh=f"客户{len(stories)}次较长陈述中，{len(heard)}次有回应（嗯、是的、我明白等）",
        en=f"signs of listening in {len(heard)} of {len(stories)} long customer turns",
    )
    return judged(
        share >= criterion.share, text, evidence, share=share, value=share, low=criterion.share
    )


def _sign(criterion: Listens, view: View, index: int) -> bool:
    span = view.turns[index].span
    if any(
        each.second == criterion.by and each.kind == "backchannel" and each.span.start in span
        for each in view.facts.overlaps
    ):
        return True
    return any(
        span.start <= each.begins <= span.end + 5.0
        for each in counted(view, criterion.cue, criterion.by)
    )


def full_answers(criterion: FullAnswers, view: View) -> Verdict:
    """How many of the customer's questions get an answer of some length."""
    unclear = unclear_turns(view)
    if unclear:
        return unclear
    asked = sorted({q.turn for q in view.questions(other(criterion.by))})
    answers = [(turn, view.own_turns_after(turn, criterion.by, 1)) for turn in asked]
    answers = [(turn, after) for turn, after in answers if after]
    if not answers:
        return not_applicable("客户没有提问", "the customer asked nothing")
    short = [after[0] for _, after in answers if view.syllables[after[0]] < criterion.min_syllables]
    share = 1 - len(short) / len(answers)
    text = Text(
        zh=f"客户{len(answers)}次提问，{len(answers) - len(short)}次得到较完整的回答",
        en=f"{len(answers) - len(short)} of {len(answers)} questions got a full answer",
    )
    evidence = [view.turn_evidence(view.turns[index]) for index in short[:MAX_EVIDENCE]]
    if share >= criterion.share:
        return met(text, evidence, value=share, low=criterion.share)
    return judged(False, text, evidence, share=share, value=share, low=criterion.share)
