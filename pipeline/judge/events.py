"""Events against how many are allowed."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.judge import delivery, turntaking
from pipeline.judge.fillers import fillers
from pipeline.judge.verdict import Verdict, falling, judged, not_measured
from pipeline.judge.view import View
from pipeline.reasons import in_chinese
from pipeline.rubric.kinds import Events
from pipeline.scorecard import Evidence, Text

_FINDERS: dict[str, Callable[[Events, View], list[Evidence] | None]] = {
    "interruption": turntaking.interruptions,
    "burst": delivery.bursts,
    "drawl": delivery.drawls,
    "filler": fillers,
    "line-noise": delivery.line_noise,
    "flat-turn": delivery.flat_turns,
    "raised-turn": delivery.raised_turns,
    "lecture": turntaking.lectures,
    "hold": turntaking.holds,
    "silence": turntaking.silences,
    "quarrel": turntaking.quarrels,
    "hurried-question": turntaking.hurried_questions,
}
_BY_TURNS = frozenset({"interruption", "lecture", "quarrel", "hurried-question"})
_BY_OVERLAPS = frozenset({"interruption", "quarrel"})
_BY_WORDS = frozenset({"hurried-question"})
_MISSING = {
    "burst": ("pace", "bursts", "transcript"),
    "drawl": ("pace", "drawls"),
    "filler": ("fillers",),
    "flat-turn": ("pitch", "f0"),
    "raised-turn": ("level", "effort"),
    "line-noise": ("handling-noise", "handling noise"),
    "hold": ("holds",),
    "silence": ("holds",),
}
_PER_ZH = {
    "call": "次",
    "10 minutes": "次/10分钟",
    "minute": "次/分钟",
    "100 syllables": "次/100音节",
    "100 turns": "次/100话轮",
}


def judge_events(criterion: Events, view: View) -> Verdict:
    """How often something happened, per call or by time, against what is allowed.

    Where most overlaps go unheard, those that are heard can be too many, but never few enough.
    """
    unclear = _unclear(criterion, view)
    if unclear is not None:
        return unclear
    verdict = _counted(criterion, view)
    if verdict.outcome == "met" and criterion.event in _BY_OVERLAPS:
        return turntaking.unclear_turns(view, overlaps=True) or verdict
    return verdict


def _counted(criterion: Events, view: View) -> Verdict:
    evidence = _FINDERS[criterion.event](criterion, view)
    if evidence is None:
        why = view.why_not(*_MISSING.get(criterion.event, ()), speaker=criterion.by)
        return not_measured(
            f"未测量：{in_chinese(why) if why else '缺少该项声学数据'}",
            f"not measured: {why or 'not in the facts'}",
        )
    count = len([each for each in evidence if each.counts])
    rate = _rate(criterion, view, count)
    good = rate <= criterion.at_most
    return judged(
        good,
        _told(criterion, count, rate) if count else NONE,
        evidence,
        share=falling(rate - criterion.at_most, criterion.slack),
        value=rate,
        high=criterion.at_most,
        unit=f"per {criterion.per}",
    )


NONE = Text(zh="未出现", en="none")


def _told(criterion: Events, count: int, rate: float) -> Text:
    unit, within = _PER_ZH[criterion.per], rate <= criterion.at_most
    number = f"{rate:.3g}{unit}" if criterion.per != "call" else f"{count}次"
    return Text(
        zh=f"{number}，{'未超过' if within else '超过'}{criterion.at_most:g}{unit}",
        en=f"{rate:.3g} per {criterion.per}, {criterion.at_most:g} allowed",
    )


def _unclear(criterion: Events, view: View) -> Verdict | None:
    if criterion.event in _BY_TURNS:
        unclear = turntaking.unclear_turns(view)
        if unclear is not None:
            return unclear
    if criterion.event in _BY_WORDS and view.why_no_words is not None:
        return Verdict("not_measured", 0.0, view.why_no_words)
    missing = _MISSING.get(criterion.event, ())
    why = view.why_not(*missing[:1], speaker=criterion.by) if missing else None
    if why is not None:
        return not_measured(f"未测量：{in_chinese(why)}", f"not measured: {why}")
    return None


def _rate(criterion: Events, view: View, count: int) -> float:
    amount = _AMOUNTS[criterion.per](criterion, view)
    if criterion.per != "call":
        amount = max(amount, _LEAST.get(criterion.per, 0.0))
    return count / amount if amount > 0 else float(count)


def _own_turns(criterion: Events, view: View) -> list[int]:
    return view.turns_of.get(criterion.by, [])


_AMOUNTS: dict[str, Callable[[Events, View], float]] = {
    "call": lambda criterion, view: 1.0,
    "10 minutes": lambda criterion, view: view.facts.audio.duration_s / 600,
    "minute": lambda criterion, view: _talk(criterion, view) / 60,
    "100 syllables": lambda criterion, view: (
        sum(view.syllables[index] for index in _own_turns(criterion, view)) / 100
    ),
    "100 turns": lambda criterion, view: len(_own_turns(criterion, view)) / 100,
}
_LEAST = {"10 minutes": 0.3, "minute": 0.5, "100 syllables": 0.5, "100 turns": 0.04}
"""Calls shorter than that count as that long: one event in a short call is not a rate."""


def _talk(criterion: Events, view: View) -> float:
    party = view.parties.get(criterion.by)
    return party.talk_s if party is not None else view.facts.audio.duration_s
