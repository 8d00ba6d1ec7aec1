"""The customer's side, and what the agent's voice does when the customer is upset."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from pipeline.facts import AGENT, CUSTOMER, Turn
from pipeline.judge.prosody import raised_by, semitones, shift
from pipeline.judge.said import counted
from pipeline.judge.states import pleased_turns, rambling_turns, upset_by_words, upset_turns
from pipeline.judge.verdict import (
    MAX_EVIDENCE,
    Verdict,
    judged,
    met,
    missed,
    not_applicable,
    not_measured,
    shown,
)
from pipeline.judge.view import View
from pipeline.rubric.kinds import Adapts, Calm, Mood, Types
from pipeline.scorecard import Evidence, Text

_NOT_UPSET = ("客户没有激动情绪", "the customer was not upset")


# ── The agent after an upset turn ────────────────────────────────────────────────────────────────


def calm(criterion: Calm, view: View) -> Verdict:
    """Pitch, level and rate of the agent's turns after an upset one against the others."""
    if not upset_turns(view):
        return not_applicable(*_NOT_UPSET)
    near, elsewhere = _split(
        view, upset_turns(view), criterion.turns_after, criterion.min_syllables
    )
    shifts = _shifts(near, elsewhere)
    if not shifts:
        return not_measured(
            "客户激动前后没有足够的坐席话轮可比", "not measured: no agent turns to compare"
        )
    limits = {
        "level": criterion.max_level_db,
        "pitch": criterion.max_pitch_st,
        "rate": criterion.max_rate_ratio,
    }
    over = {name: value for name, value in shifts.items() if value > limits[name]}
    zh = "、".join(
        _SHIFT_ZH[name].format(_shift_shown(name, value)) for name, value in shifts.items()
    )
    en = ", ".join(
        _SHIFT_EN[name].format(_shift_shown(name, value)) for name, value in shifts.items()
    )
    evidence = [view.turn_evidence(turn) for turn in near[:MAX_EVIDENCE]]
    text = Text(
        zh=f"客户激动之后坐席{zh}，{'保持平稳' if not over else '情绪有波动'}",
        en=f"after the upset turns the agent's {en}: {'calm' if not over else 'not calm'}",
    )
    share = 1 - len(over) / len(shifts)
    return judged(not over, text, evidence, share=share, value=len(over), high=0)


_SHIFT_ZH = {"level": "音量{}分贝", "pitch": "音调{}半音", "rate": "语速为平时的{}倍"}
_SHIFT_EN = {"level": "level {} dB", "pitch": "pitch {} st", "rate": "rate × {}"}


def _shift_shown(name: str, value: float) -> str:
    return shown(value, 2) if name == "rate" else shown(value, 1, signed=True)


def _shifts(near: Sequence[Turn], elsewhere: Sequence[Turn]) -> dict[str, float]:
    found: dict[str, float] = {}
    level = shift(near, elsewhere, "level_dbov")
    if level:
        found["level"] = level[0] - level[1]
    pitch = shift(near, elsewhere, "f0_median_hz")
    if pitch and min(pitch) > 0:
        found["pitch"] = semitones(*pitch)
    rate = shift(near, elsewhere, "articulation_rate_syl_s") or shift(
        near, elsewhere, "speech_rate_syl_s"
    )
    if rate and rate[1] > 0:
        found["rate"] = rate[0] / rate[1]
    return found


def _split(
    view: View, triggers: Sequence[int], count: int, min_syllables: int
) -> tuple[list[Turn], list[Turn]]:
    """The agent's turns after the triggers, and the agent's turns before the first of them.

    Where nothing came before, all the other turns stand in.
    """
    after = {i for at in triggers for i in view.own_turns_after(at, AGENT, count)}
    long_enough = [i for i in view.turns_of.get(AGENT, ()) if view.syllables[i] >= min_syllables]
    before = [i for i in long_enough if i < triggers[0]]
    rest = before or [i for i in long_enough if i not in after]
    near = [i for i in long_enough if i in after]
    return [view.turns[i] for i in near], [view.turns[i] for i in rest]


def adapts(criterion: Adapts, view: View) -> Verdict:
    """Slower for the upset; shorter, and asking, for the rambling."""
    triggers = upset_turns(view) if criterion.to == "upset" else rambling_turns(view)
    if not triggers:
        nobody = _NOT_UPSET if criterion.to == "upset" else (
            "客户没有长篇絮叨", "the customer did not ramble"
        )  # fmt: skip
        return not_applicable(*nobody)
    near, elsewhere = _split(view, triggers, criterion.turns_after, criterion.min_syllables)
    values = (
        shift(near, elsewhere, "speech_rate_syl_s")
        if criterion.measure == "rate"
        else _lengths(near, elsewhere)
    )
    if criterion.measure == "length" and _asks_after(view, triggers, criterion.turns_after):
        return met(
            Text(zh="客户絮叨之后坐席及时提问引导", en="asks to the point after the rambling"),
            [view.turn_evidence(turn) for turn in near[:MAX_EVIDENCE]],
        )
    if values is None or values[1] <= 0:
        return not_measured("前后没有足够的坐席话轮可比", "not measured: no turns to compare")
    ratio = values[0] / values[1]
    what = ("语速", "rate") if criterion.measure == "rate" else ("话轮长度", "turn length")
    text = Text(
        zh=f"此后坐席{what[0]}为平时的{ratio:.2f}倍（应不高于{criterion.max_ratio:g}倍）",
        en=f"{what[1]} × {ratio:.2f} afterwards, at most × {criterion.max_ratio:g} asked",
    )
    evidence = [view.turn_evidence(turn) for turn in near[:MAX_EVIDENCE]]
    return judged(
        ratio <= criterion.max_ratio, text, evidence, value=ratio, high=criterion.max_ratio
    )


def _lengths(near: Sequence[Turn], elsewhere: Sequence[Turn]) -> tuple[float, float] | None:
    if not near or not elsewhere:
        return None
    first, second = (
        statistics.median(turn.span.duration for turn in turns) for turns in (near, elsewhere)
    )
    return first, second


def _asks_after(view: View, triggers: Sequence[int], count: int) -> bool:
    asked = {question.turn for question in view.questions(AGENT)}
    return all(
        any(index in asked for index in view.own_turns_after(at, AGENT, count)) for at in triggers
    )


# ── The customer's mood ──────────────────────────────────────────────────────────────────────────


def mood(criterion: Mood, view: View) -> Verdict:
    """Whether the customer was ever upset, or ended worse than they began."""
    own = view.turns_of.get(CUSTOMER, [])
    if not own:
        return not_measured("没有听到客户", "not measured: the customer was not heard")
    if criterion.look_at == "upset":
        return _ever_upset(view)
    edge = min(criterion.edge_turns, max(1, len(own) // 2))
    if len(own) < 2:
        return not_measured("客户话轮太少", "not measured: too few customer turns")
    start = statistics.fmean([mood_of(view, index) for index in own[:edge]])
    end = statistics.fmean([mood_of(view, index) for index in own[-edge:]])
    change = end - start
    direction = ("好转", "better") if change > 0.1 else (
        ("变差", "worse") if change < -0.1 else ("持平", "the same")
    )  # fmt: skip
    first, last = shown(start, 1, signed=True), shown(end, 1, signed=True)
    text = Text(
        zh=f"客户情绪由{first}到{last}，{direction[0]}",
        en=f"the customer's mood went from {first} to {last}: {direction[1]}",
    )
    evidence = [_mood_evidence(view, index) for index in (own[0], own[-1])]
    return judged(change >= -0.1, text, evidence, value=change, low=-0.1)


def _ever_upset(view: View) -> Verdict:
    if not upset_turns(view):
        return met(Text(zh="客户情绪平稳", en="the customer stayed calm"))
    evidence = [_mood_evidence(view, index) for index in upset_turns(view)[:MAX_EVIDENCE]]
    text = Text(
        zh=f"客户有{len(upset_turns(view))}个话轮情绪激动",
        en=f"the customer was upset in {len(upset_turns(view))} turns",
    )
    return missed(text, evidence, value=len(upset_turns(view)), high=0)


def mood_of(view: View, index: int) -> float:
    """A turn's mood from words and voice, -1 (upset) to 1 (pleased)."""
    turn = view.turns[index]
    words = 0.0
    if index in upset_by_words(view):
        words -= 1.0
    if index in pleased_turns(view):
        words += 1.0
    raised = raised_by(turn)
    limit = view.rubric.signals.upset_effort_db
    voice = -min(1.0, max(0.0, (raised or 0.0) / limit)) if limit else 0.0
    return max(-1.0, min(1.0, words + (voice if raised is not None and raised >= limit / 2 else 0)))


def _mood_evidence(view: View, index: int) -> Evidence:
    turn = view.turns[index]
    notes = []
    if index in upset_by_words(view):
        notes.append(("用词激动", "upset words"))
    raised = raised_by(turn)
    if raised is not None and raised >= view.rubric.signals.upset_effort_db:
        notes.append((f"声音高出平时{raised:.0f}分贝", f"voice {raised:.0f} dB up"))
    if index in pleased_turns(view):
        notes.append(("满意、致谢", "pleased"))
    note = Text(zh="，".join(n[0] for n in notes), en=", ".join(n[1] for n in notes))
    return view.turn_evidence(turn, value=round(mood_of(view, index), 3),
                              note=note if notes else None)  # fmt: skip


def types(criterion: Types, view: View) -> Verdict:
    """Kinds of difficult customer, by their cues."""
    evidence: list[Evidence] = []
    kinds: list[Text] = []
    for key, say in criterion.types.items():
        mentions = counted(view, say, CUSTOMER)
        if len(mentions) >= criterion.at_least:
            name = criterion.names.get(key, Text(zh=key, en=key))
            kinds.append(name)
            evidence += [mention.evidence(name) for mention in mentions[:2]]
    if rambling_turns(view):
        kinds.append(RAMBLING)
        evidence += [view.turn_evidence(view.turns[i], note=RAMBLING) for i in rambling_turns(view)]
    if not kinds:
        return met(Text(zh="没有难缠客户的特征", en="no signs of a difficult customer"))
    text = Text(
        zh="客户类型：" + "、".join(dict.fromkeys(kind.zh for kind in kinds)),
        en="kind of customer: " + ", ".join(dict.fromkeys(kind.en for kind in kinds)),
    )
    return missed(text, evidence, value=len(kinds), high=0)


RAMBLING = Text(zh="喋喋不休", en="rambling")
