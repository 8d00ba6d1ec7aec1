"""Vocal effort: whether a voice is raised, as against a microphone that is nearer or a line louder.

Level alone cannot tell: it also changes with the headset and the gain. Effort changes three things
together: the level, the share of energy above 1 kHz, and the pitch (Traunmueller & Eriksson 2000,
JASA 107, 3438-3451). Each is turned into decibels of effort by what studies found one decibel to
do, and their median is taken, so that one cue alone moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.measure.channel import FloatArray
from pipeline.measure.frames import FRAME_S, extent, mask_within
from pipeline.measure.spectrum import Bands, centres_hz
from pipeline.settings import LevelSettings
from pipeline.timeline import Span, union

_BORDER_HZ = 1000.0
_LOWEST_HZ = 300.0


class Voicing(msgspec.Struct, frozen=True, kw_only=True):
    """The voiced sound of one stretch, such as a turn: what effort is read from."""

    voiced_s: float
    level_dbov: float | None = None
    """Mean power of the voiced frames."""
    emphasis_db: float | None = None
    """Energy from 1 to 3.6 kHz over energy from 0.3 to 1 kHz (alpha ratio in the line's band)."""
    f0_hz: float | None = None
    """Median."""


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """Decibels of vocal effort, and what each cue alone says of it."""

    effort_db: float | None = None
    """Above the voice that it was held against, or above the calm voice (`of_turns`)."""
    by_level_db: float | None = None
    by_emphasis_db: float | None = None
    by_pitch_db: float | None = None
    reason: str | None = None


def voicing(
    levels: FloatArray,
    bands: Bands,
    f0_hz: FloatArray,
    spans: Iterable[Span],
    settings: LevelSettings,
) -> Voicing:
    """The voiced sound within ``spans``.

    Args:
        levels: the channel's level track, dBov.
        bands: its band levels.
        f0_hz: its pitch track, NaN where unvoiced.
        spans: the stretch, such as one turn's speech.
        settings: stage settings.
    """
    count = min(len(levels), len(f0_hz), len(bands))
    spans = union(spans)
    part = extent(spans, count)
    voiced = mask_within(spans, part) & np.isfinite(f0_hz[part])
    seconds = float(np.count_nonzero(voiced)) * FRAME_S
    if seconds < settings.effort_least_voiced_s:
        return Voicing(voiced_s=seconds)
    power = 10 ** (levels[part][voiced].astype(np.float64) / 10)
    return Voicing(
        voiced_s=seconds,
        level_dbov=float(10 * np.log10(power.mean())),
        emphasis_db=_emphasis(bands.power(part.start, part.stop)[voiced]),
        f0_hz=float(np.median(f0_hz[part][voiced])),
    )


def _emphasis(power: npt.NDArray[np.float64]) -> float | None:
    centres = centres_hz()
    high = float(power[:, centres > _BORDER_HZ].sum())
    low = float(power[:, (centres > _LOWEST_HZ) & (centres <= _BORDER_HZ)].sum())
    return float(10 * np.log10(high / low)) if min(high, low) > 0 else None


def usual(stretches: Sequence[Voicing]) -> Voicing:
    """The speaker's usual voice: the median over their turns, each as heavy as it is long."""
    heard = [one for one in stretches if one.level_dbov is not None]
    return Voicing(
        voiced_s=sum(one.voiced_s for one in heard),
        level_dbov=_quantile([(one.level_dbov, one.voiced_s) for one in heard], 0.5),
        emphasis_db=_quantile([(one.emphasis_db, one.voiced_s) for one in heard], 0.5),
        f0_hz=_quantile([(one.f0_hz, one.voiced_s) for one in heard], 0.5),
    )


def effort(stretch: Voicing, against: Voicing, settings: LevelSettings) -> Effort:
    """Effort of one stretch against another voice of the same speaker; raised is positive.

    ``None`` unless level, emphasis and pitch are all known: two cues cannot outvote the one that
    is wrong.
    """
    if stretch.level_dbov is None or stretch.emphasis_db is None or stretch.f0_hz is None:
        return Effort(reason=f"under {settings.effort_least_voiced_s:g} s of voice")
    if against.level_dbov is None or against.emphasis_db is None or against.f0_hz is None:
        return Effort(reason="the speaker's usual voice is not known")
    by_level = (stretch.level_dbov - against.level_dbov) / settings.effort_level_db
    by_emphasis = (stretch.emphasis_db - against.emphasis_db) / settings.effort_emphasis_db
    rise_st = 12 * float(np.log2(stretch.f0_hz / against.f0_hz))
    by_pitch = rise_st / settings.effort_pitch_st
    return Effort(
        effort_db=float(np.median([by_level, by_emphasis, by_pitch])),
        by_level_db=by_level,
        by_emphasis_db=by_emphasis,
        by_pitch_db=by_pitch,
    )


def of_turns(stretches: Sequence[Voicing], settings: LevelSettings) -> tuple[Effort, ...]:
    """Effort of each turn of one speaker above their calm voice in the same call.

    Calm is the effort that ``effort_calm_share`` of their talk stays under. Not the median: who
    shouts through most of a call would then be calm.
    """
    voice = usual(stretches)
    found = [effort(one, voice, settings) for one in stretches]
    weighted = [(each.effort_db, one.voiced_s) for each, one in zip(found, stretches, strict=True)]
    calm = _quantile(weighted, settings.effort_calm_share)
    return tuple(_above(each, calm) for each in found)


def _above(found: Effort, calm_db: float | None) -> Effort:
    if found.effort_db is None or calm_db is None:
        return found
    return msgspec.structs.replace(found, effort_db=found.effort_db - calm_db)


def _quantile(weighted: Sequence[tuple[float | None, float]], share: float) -> float | None:
    """The least value that a ``share`` of the weight does not exceed."""
    known = sorted((value, weight) for value, weight in weighted if value is not None)
    if not known:
        return None
    passed = np.cumsum([weight for _, weight in known])
    return known[int(np.searchsorted(passed, passed[-1] * share))][0]
