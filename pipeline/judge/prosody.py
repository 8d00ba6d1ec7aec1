"""Turns by how they sounded: which are long enough, how fast, how loud against their speaker."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from pipeline.facts import Turn
from pipeline.judge.view import View


def long_turns(view: View, speaker: str, min_syllables: int) -> list[Turn]:
    """The party's turns that are long enough for a rate; turns of unknown length are not."""
    key = "long turns", speaker, min_syllables
    known = view.memory.get(key)
    if not isinstance(known, list):
        syllables, turns = view.syllables, view.turns
        own = view.turns_of.get(speaker, ())
        known = [turns[index] for index in own if syllables[index] >= min_syllables]
        view.memory[key] = known
    return known


def turn_values(
    view: View, speaker: str, field: str, min_syllables: int
) -> list[tuple[Turn, float]]:
    """The party's long turns for which a prosodic field was measured, with it."""
    turns = long_turns(view, speaker, min_syllables)
    values = [getattr(turn.prosody, field, None) for turn in turns]
    pairs = zip(turns, values, strict=True)
    return [(turn, float(value)) for turn, value in pairs if value is not None]


def pooled_rate(pairs: Sequence[tuple[Turn, float]]) -> float | None:
    """The rate over several turns together; ``None`` for none."""
    syllables = [turn.prosody.syllables or 1 if turn.prosody else 1 for turn, _ in pairs]
    seconds = [
        weight / rate for weight, (_, rate) in zip(syllables, pairs, strict=True) if rate > 0
    ]
    return sum(syllables) / math.fsum(seconds) if seconds else None


def raised_by(turn: Turn) -> float | None:
    """How far a turn's voice is raised over the speaker's own baseline, in dB."""
    if turn.prosody is None:
        return None
    effort = turn.prosody.effort_db
    return effort if effort is not None else turn.prosody.level_re_baseline_db


def shift(
    near: Sequence[Turn], elsewhere: Sequence[Turn], field: str
) -> tuple[float, float] | None:
    """Medians of a prosodic field in some turns and in the others; ``None`` without both."""
    values = []
    for turns in (near, elsewhere):
        known = [v for turn in turns if (v := getattr(turn.prosody, field, None)) is not None]
        if not known:
            return None
        values.append(statistics.median(known))
    return values[0], values[1]


def semitones(hz: float, reference_hz: float) -> float:
    """The interval from ``reference_hz`` up to ``hz``."""
    return 12 * math.log2(hz / reference_hz)
