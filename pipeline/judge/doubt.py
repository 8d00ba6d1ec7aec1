"""What a call's facts are not sure enough of to be judged: who is who, and whose speech it is.

Where every party has a channel of its own, nothing here ever speaks up. In a mixed recording voices
are told apart by ear, so to say, and a verdict stands only if it stands under both readings: turns
as they were given, and the unsure ones given to the other party.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from pipeline.facts import AGENT, CUSTOMER, CallFacts, SpeakerFacts, Turn
from pipeline.judge.verdict import Verdict
from pipeline.judge.view import View
from pipeline.reasons import in_chinese
from pipeline.rubric import kinds
from pipeline.rubric.kinds import AnyCriterion
from pipeline.scorecard import Text
from pipeline.timeline import difference, intersection, union

_OTHER: Final = {AGENT: CUSTOMER, CUSTOMER: AGENT}
_NOBODYS: Final = frozenset({"hold", "silence"})
"""Events that are the same whoever is the agent."""
_OF_TURNS: Final = frozenset({"talk-share", "response-time"})
"""Measures whose own uncertainty decides (`turntaking`)."""
_OF_VOICE: Final = frozenset({"burst", "drawl", "filler", "line-noise", "flat-turn", "raised-turn"})


def unsure(criterion: AnyCriterion, view: View) -> Text | None:
    """Why the facts are not sure enough of a criterion's party; ``None``: they are."""
    if criterion.by in view.sure_of:
        return None
    party, least = view.parties.get(criterion.by), view.rubric.confidence
    if party is None or (isinstance(criterion, kinds.Events) and criterion.event in _NOBODYS):
        return None
    if party.role_confidence < least:
        return _who(party.role_confidence, least, view.facts)
    if _by_voice(criterion) and party.purity < least:
        sure = f"{party.purity:.0%}"
        return Text(
            zh=f"未测量：该方的语音只有 {sure} 有把握是本人（评分规则要求 {least:.0%}）",
            en=f"not measured: only {sure} of the speech is surely this party's,"
            f" the rubric asks {least:.0%}",
        )
    return None


def _who(confidence: float, least: float, facts: CallFacts) -> Text:
    doubt = facts.roles.doubt if facts.roles is not None else None
    zh = f"未测量：谁是坐席的把握只有 {confidence:.2f}（评分规则要求 {least:g}）"
    en = f"not measured: who is the agent is sure to {confidence:.2f}, the rubric asks {least:g}"
    if doubt is None:
        return Text(zh=zh, en=en)
    return Text(zh=f"{zh}：{in_chinese(doubt)}", en=f"{en}: {doubt}")


def _by_voice(criterion: AnyCriterion) -> bool:
    if isinstance(criterion, kinds.Measure):
        return criterion.measure not in _OF_TURNS
    if isinstance(criterion, kinds.Events):
        return criterion.event in _OF_VOICE
    return isinstance(criterion, kinds.Calm | kinds.Adapts)


# ── The other reading ────────────────────────────────────────────────────────────────────────────


def other_reading(facts: CallFacts, least: float) -> CallFacts | None:
    """The same call with all that is less sure than ``least`` read the other way.

    Unsure turns are the other party's, unsure transfers and overlaps did not happen. ``None``:
    every voice has a channel of its own, or everything is sure enough.
    """
    parties = [each for each in facts.speakers if each.speaker in _OTHER]
    apart = len({each.channel for each in parties}) == len(parties)
    if apart or not any(each.talk_error_s for each in parties):
        return None
    transfers = tuple(each for each in facts.transfers if each.confidence >= least)
    overlaps = tuple(each for each in facts.overlaps if each.confidence >= least)
    moved = [turn for turn in facts.turns if turn.confidence < least and turn.speaker in _OTHER]
    if (
        not moved
        and len(transfers) == len(facts.transfers)
        and len(overlaps) == len(facts.overlaps)
    ):
        return None
    return msgspec.structs.replace(
        facts,
        speakers=_without(facts.speakers, moved),
        turns=tuple(_given(turn) if turn in moved else turn for turn in facts.turns),
        transfers=transfers,
        overlaps=overlaps,
    )


def _given(turn: Turn) -> Turn:
    return msgspec.structs.replace(turn, speaker=_OTHER[turn.speaker])


def _without(speakers: tuple[SpeakerFacts, ...], moved: list[Turn]) -> tuple[SpeakerFacts, ...]:
    """The parties, their speech in the moved turns given to the other one."""
    speech = {each.speaker: each.speech for each in speakers}
    parts = {
        name: union(*(intersection(own, (t.span,)) for t in moved if t.speaker == name))
        for name, own in speech.items()
    }
    return tuple(
        msgspec.structs.replace(
            each,
            speech=union(
                difference(each.speech, parts[each.speaker]),
                parts.get(_OTHER.get(each.speaker, ""), ()),
            ),
        )
        for each in speakers
    )


def settled(verdict: Verdict, other: Verdict) -> Verdict:
    """The verdict; or, where the other reading gives another one, that it cannot be told."""
    if verdict.outcome in (other.outcome, "not_measured"):
        return verdict
    was, would = _NAMES[verdict.outcome], _NAMES[other.outcome]
    return Verdict(
        "not_measured",
        0.0,
        Text(
            zh=f"未测量：结论取决于没有把握是谁在说的话（照现在的划分{was.zh}，否则{would.zh}）",
            en="not measured: it hangs on turns of which it is not sure who speaks"
            f" ({was.en} as they are told apart, {would.en} otherwise)",
        ),
        evidence=verdict.evidence,
    )


_NAMES: Final[Mapping[str, Text]] = {
    "met": Text(zh="达标", en="met"),
    "missed": Text(zh="未达标", en="missed"),
    "not_applicable": Text(zh="不适用", en="not called for"),
    "not_measured": Text(zh="无法测量", en="not measured"),
}
