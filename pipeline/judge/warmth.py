"""Warmth of tone: no meter, but the cues that studies tie to friendliness, each shown for itself.

Every cue has a scale from plainly cold (0) to plainly warm (1); what was not measured leaves the
mean. `docs/measures/tone.md` names the studies, `docs/measures/limits.md` argues the scales. Cues
that exist only against the same speaker's usual voice are read where a smile is asked for, in the
greeting and the leave-taking (Tartter 1980; Drahota, Costall & Reddy 2008).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from pipeline.facts import SpeakerFacts, Turn
from pipeline.judge.limits import Reading, held
from pipeline.judge.prosody import raised_by
from pipeline.judge.verdict import Verdict, not_measured
from pipeline.judge.view import View
from pipeline.reasons import in_chinese
from pipeline.rubric.kinds import Measure
from pipeline.scorecard import Evidence, Text


class Scale(NamedTuple):
    """A cue with the values that are plainly cold and plainly warm."""

    zh: str
    en: str
    low: float
    high: float
    unit: str

    def of(self, value: float) -> float:
        """0 (cold) to 1 (warm)."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


RANGE = Scale("音高范围", "pitch range", 4.0, 10.0, "st")
SPREAD = Scale("音高起伏", "pitch variation", 1.2, 3.2, "st")
INTONATION = Scale("语调起伏（声调之外）", "intonation beyond lexical tone", 0.3, 1.2, "st")
SLOPE = Scale("音高变化速度", "speed of pitch movement", 8.0, 28.0, "st/s")
LOUDNESS = Scale("轻重变化", "variation of loudness", 12.0, 24.0, "dB")
STRAIN = Scale("用力程度（最用力的话轮）", "strain of the most strained turns", 6.0, 0.0, "dB")
SMILE = Scale("开头与结尾的笑意（共振峰）", "smile in greeting and leave-taking", -1.5, 1.5, "z")
_WHOLE_CALL = {"pitch_slope_st_s": SLOPE, "loudness_variation_db": LOUDNESS}
_SMILING = ("f2_shift", "f3_shift")
LEAST_TURNS = 3
"""With fewer, there is no usual voice to hold a turn against."""
_MISSING = ("warmth", "tone", "f0", "pitch")


class Shown(NamedTuple):
    """One cue as it was heard."""

    scale: Scale
    value: float
    turn: Turn | None = None


def warmth(criterion: Measure, view: View) -> Verdict:
    """The mean of the cues that were measured, with every one of them as evidence."""
    party = view.parties.get(criterion.by)
    shown = list(_cues(party, view, criterion.by)) if party is not None else []
    if not shown:
        why = view.why_not(*_MISSING, speaker=criterion.by)
        return not_measured(
            f"语气亲切度未测量：{in_chinese(why) if why else '缺少该项声学数据'}",
            f"not measured: {why or 'no cues of warmth in the facts'}",
        )
    value = statistics.fmean([each.scale.of(each.value) for each in shown])
    verdict = held(criterion, view, "语气亲切度", "warmth", "", 2, Reading(value))
    moments = tuple([_evidence(each, criterion.by) for each in shown])
    return msgspec.structs.replace(verdict, evidence=moments)


def _cues(party: SpeakerFacts, view: View, speaker: str) -> Iterator[Shown]:
    if party.f0_range_st is not None:
        yield Shown(RANGE, party.f0_range_st)
    elif party.f0_spread_st is not None:
        yield Shown(SPREAD, party.f0_spread_st)
    if party.intonation_st is not None:
        yield Shown(INTONATION, party.intonation_st)
    for cue in party.cues:
        scale = _WHOLE_CALL.get(cue.name)
        if scale is not None and cue.span is None:
            yield Shown(scale, cue.value)
    own = view.turns_of.get(speaker, [])
    efforts = sorted(e for at in own if (e := raised_by(view.turns[at])) is not None)
    if len(efforts) >= LEAST_TURNS:
        yield Shown(STRAIN, efforts[-max(1, len(efforts) // 4)])
    edges = (own[0], own[-1]) if len(own) >= LEAST_TURNS else ()
    smiles = [(turn, z) for at in edges if (z := _smile(turn := view.turns[at])) is not None]
    if smiles:
        yield Shown(SMILE, statistics.fmean([z for _, z in smiles]), smiles[0][0])


def _smile(turn: Turn) -> float | None:
    """How far both formants lie over the speaker's usual ones, in standard deviations."""
    if turn.prosody is None:
        return None
    cues = zip(turn.prosody.cues.names, turn.prosody.cues.z, strict=True)
    shifts = [z for name, z in cues if name in _SMILING and z is not None]
    return statistics.fmean(shifts) if len(shifts) == len(_SMILING) else None


def _evidence(shown: Shown, speaker: str) -> Evidence:
    scale = shown.scale
    share = scale.of(shown.value)
    return Evidence(
        span=shown.turn.span if shown.turn is not None else None,
        speaker=speaker,
        value=round(shown.value, 3),
        unit=scale.unit,
        note=Text(
            zh=f"{scale.zh}：按 {scale.low:g} 至 {scale.high:g} 计，亲切度 {share:.2f}",
            en=f"{scale.en}: {share:.2f} of 1 on a scale from {scale.low:g} to {scale.high:g}",
        ),
    )
