"""How the voice was used: rates, levels, melody, and what happened to them under pressure."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pipeline.facts import Turn
from pipeline.judge.limits import Reading, held
from pipeline.judge.prosody import long_turns, pooled_rate, raised_by, semitones, turn_values
from pipeline.judge.verdict import Verdict, not_measured
from pipeline.judge.view import View
from pipeline.reasons import in_chinese
from pipeline.rubric.kinds import Events, Measure
from pipeline.scorecard import Evidence

_ROBUST = 1.4826
"""Median absolute deviation to standard deviation, for normal values."""


@dataclass(frozen=True, slots=True)
class _Named:
    zh: str
    en: str
    unit: str
    digits: int


_NAMES: dict[str, _Named] = {
    "speech-rate": _Named("语速", "speech rate", "syl/s", 1),
    "articulation-rate": _Named("净语速（不含停顿）", "articulation rate", "syl/s", 1),
    "level": _Named("音量（语音电平）", "speech level", "dBov", 1),
    "level-re-other": _Named("音量（与客户相比）", "level against the customer's", "dB", 1),
    "f0-spread": _Named("语调起伏", "pitch variation", "st", 1),
    "f0-range": _Named("语调范围", "pitch range", "st", 1),
    "intonation": _Named("语调变化", "intonation", "st", 1),
    "rate-variation": _Named("语速波动", "variation of the rate", "", 2),
    "level-variation": _Named("音量波动", "variation of the level", "dB", 1),
    "recognition": _Named("识别清晰度", "recognition probability", "", 2),
    "rate-re-usual": _Named("语速与平时之比", "articulation rate against the usual", "", 2),
    "level-re-usual": _Named("音量（与平时相比）", "level against the usual", "dB", 1),
    "pitch-re-usual": _Named("音调（与平时相比）", "pitch against the usual", "st", 1),
    "spread-re-usual": _Named("语调起伏与平时之比", "pitch variation against the usual", "", 2),
}


def measure(criterion: Measure, view: View) -> Verdict:
    """A number held against its limits."""
    reading = _READERS[criterion.measure](criterion, view)
    name = _NAMES[criterion.measure]
    if reading.value is None:
        why = reading.reason or view.why_not(*reading.missing, speaker=criterion.by)
        return not_measured(
            f"{name.zh}未测量：{in_chinese(why) if why else '没有足够长的话轮或缺少该项声学数据'}",
            f"not measured: {why or f'no turn long enough, or no {name.en} in the facts'}",
        )
    return held(criterion, view, name.zh, name.en, name.unit, name.digits, reading)


# ── Readers ──────────────────────────────────────────────────────────────────────────────────────


def _rate(field: str) -> Callable[[Measure, View], Reading]:
    def read(criterion: Measure, view: View) -> Reading:
        """Syllables over time, pooled: the long turns' syllables by the time they took."""
        pairs = _turn_values(view, criterion, field)
        value = pooled_rate(pairs)
        if value is None and not any(turn.prosody for turn in view.turns):
            value = getattr(view.parties.get(criterion.by), field, None)
        return Reading(value, pairs, (field, "speech_rate", "rate", "pace", "transcript"))

    return read


def _turn_values(view: View, criterion: Measure, field: str) -> list[tuple[Turn, float]]:
    return turn_values(view, criterion.by, field, criterion.min_syllables)


def _whole(*fields: str, turns: str | None = None) -> Callable[[Measure, View], Reading]:
    def read(criterion: Measure, view: View) -> Reading:
        party = view.parties.get(criterion.by)
        value = next((v for f in fields if (v := getattr(party, f, None)) is not None), None)
        pairs = _turn_values(view, criterion, turns) if turns else ()
        if value is None and pairs:
            value = statistics.median([each for _, each in pairs])
        return Reading(value, pairs, (*fields, "f0", "pitch", "level"))

    return read


def _level_re_other(criterion: Measure, view: View) -> Reading:
    """One party's active speech level less the other's: a quiet line makes both quiet."""
    own = view.parties.get(criterion.by)
    others = [party for name, party in view.parties.items() if name != criterion.by]
    levels = [party.level_dbov for party in (own, *others) if party is not None]
    if len(levels) != 2 or levels[0] is None or levels[1] is None:
        return Reading(None, (), ("level",))
    other = levels[1]
    pairs = _turn_values(view, criterion, "level_dbov")
    return Reading(levels[0] - other, [(turn, v - other) for turn, v in pairs], ("level",))


def _rate_variation(criterion: Measure, view: View) -> Reading:
    """Robust coefficient of variation of the turns' rates."""
    pairs = _turn_values(view, criterion, "articulation_rate_syl_s") or _turn_values(
        view, criterion, "speech_rate_syl_s"
    )
    value = None
    if len(pairs) >= 3:
        middle = statistics.median([rate for _, rate in pairs])
        spread = statistics.median([abs(rate - middle) for _, rate in pairs])
        value = _ROBUST * spread / middle if middle else None
    return Reading(value, (), ("articulation_rate", "speech_rate", "pace"))


def _level_variation(criterion: Measure, view: View) -> Reading:
    """Robust standard deviation of the turns' levels, in dB."""
    pairs = _turn_values(view, criterion, "level_dbov")
    value = None
    if len(pairs) >= 3:
        middle = statistics.median([level for _, level in pairs])
        value = _ROBUST * statistics.median([abs(level - middle) for _, level in pairs])
    return Reading(value, (), ("level",))


def _recognition(criterion: Measure, view: View) -> Reading:
    """Mean word probability over the party's longer turns."""
    pairs = []
    for turn in long_turns(view, criterion.by, criterion.min_syllables):
        known = [each for each in turn.said.probabilities if each is not None]
        if known:
            pairs.append((turn, statistics.fmean(known)))
    value = statistics.fmean([each for _, each in pairs]) if pairs else None
    return Reading(value, pairs, ("transcript", "words"))


UNKNOWN: Final = "the speaker's usual voice is not known"


def _re_usual(
    field: str, against: Callable[[float, float], float]
) -> Callable[[Measure, View], Reading]:
    def read(criterion: Measure, view: View) -> Reading:
        """The whole call against what is usual for this person (`pipeline.profiles`)."""
        party = view.parties.get(criterion.by)
        usual = party.usual.median(field) if party is not None and party.usual else None
        value = getattr(party, field, None)
        if usual is None:
            return Reading(None, reason=UNKNOWN)
        return Reading(None if value is None else against(value, usual), (), (field, "pitch"))

    return read


_READERS: dict[str, Callable[[Measure, View], Reading]] = {
    "speech-rate": _rate("speech_rate_syl_s"),
    "articulation-rate": _rate("articulation_rate_syl_s"),
    "level": _whole("level_dbov", turns="level_dbov"),
    "f0-spread": _whole("f0_spread_st", turns="f0_spread_st"),
    "f0-range": _whole("f0_range_st", turns="f0_range_st"),
    "intonation": _whole("intonation_st", "f0_spread_st", turns="f0_spread_st"),
    "rate-variation": _rate_variation,
    "level-re-other": _level_re_other,
    "level-variation": _level_variation,
    "recognition": _recognition,
    "rate-re-usual": _re_usual("articulation_rate_syl_s", lambda value, usual: value / usual),
    "level-re-usual": _re_usual("level_dbov", lambda value, usual: value - usual),
    "pitch-re-usual": _re_usual("f0_median_hz", semitones),
    "spread-re-usual": _re_usual("f0_spread_st", lambda value, usual: value / usual),
}


# ── Events of the voice ──────────────────────────────────────────────────────────────────────────


def bursts(criterion: Events, view: View) -> list[Evidence]:
    """Stretches at rapid fire."""
    return [
        Evidence(
            span=burst.span,
            speaker=burst.speaker,
            words=words_within(view, burst.speaker, burst.span.start, burst.span.end),
            value=round(burst.rate_syl_s, 3),
            limit=criterion.beyond,
            unit="syl/s",
        )
        for burst in view.facts.bursts
        if burst.speaker == criterion.by
        and burst.span.duration >= criterion.at_least_s
        and (criterion.beyond is None or burst.rate_syl_s >= criterion.beyond)
    ]


def drawls(criterion: Events, view: View) -> list[Evidence]:
    """Lengthened final syllables."""
    return [
        Evidence(span=each.span, speaker=each.speaker, words=each.text)
        for each in view.facts.drawls
        if each.speaker == criterion.by and each.span.duration >= criterion.at_least_s
    ]


def words_within(view: View, speaker: str, start: float, end: float) -> str | None:
    """What a party said between two times."""
    texts = [
        word.text
        for index in view.turns_of.get(speaker, ())
        if view.turns[index].span.end > start and view.turns[index].span.start < end
        for word in view.turns[index].words
        if start <= word.span.middle < end
    ]
    return "".join(texts) or None


def flat_turns(criterion: Events, view: View) -> list[Evidence] | None:
    """Long turns whose melody stays within ``beyond`` semitones and whose voice is not raised."""
    pairs = turn_values(view, criterion.by, "f0_spread_st", 12)
    if not pairs:
        return None
    limit = criterion.beyond or 0.0
    return [
        _of_turn(view, turn, value, limit, "st")
        for turn, value in pairs
        if value < limit and _relative_level(turn) <= 1.0
    ]


def _relative_level(turn: Turn) -> float:
    prosody = turn.prosody
    level = prosody.level_re_baseline_db if prosody else None
    return level if level is not None else 0.0


def raised_turns(criterion: Events, view: View) -> list[Evidence] | None:
    """Turns in which effort, or failing that level, lies ``beyond`` dB over the own baseline."""
    limit, found, measured = criterion.beyond or 0.0, [], False
    for index in view.turns_of.get(criterion.by, ()):
        turn = view.turns[index]
        value = raised_by(turn)
        if value is None or view.syllables[index] < 3:
            continue
        measured = True
        if value >= limit:
            found.append(_of_turn(view, turn, value, limit, "dB"))
    return found if measured else None


def _of_turn(view: View, turn: Turn, value: float, limit: float, unit: str) -> Evidence:
    return Evidence(
        span=turn.span,
        speaker=turn.speaker,
        words=view.text(turn) or None,
        value=round(value, 3),
        limit=limit,
        unit=unit,
    )


def line_noise(criterion: Events, view: View) -> list[Evidence] | None:
    """Paper, eating, yawning and the like on the party's own channel."""
    party = view.parties.get(criterion.by)
    if party is None:
        return None
    cues = [cue for cue in party.cues if cue.name.startswith(NOISE_CUE)]
    if not cues:
        return None
    return [
        Evidence(span=cue.span, speaker=criterion.by, value=round(cue.value, 3), unit=cue.unit)
        for cue in cues
        if cue.span is not None and cue.span.duration >= criterion.at_least_s
    ]


NOISE_CUE = "handling-noise"
"""Cues of that name are moments of noise; one without a span says that none was looked for in
vain."""
