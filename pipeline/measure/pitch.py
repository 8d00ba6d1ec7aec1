"""Pitch: the fundamental frequency (F0) of a telephone voice, and what it says about delivery.

The line cuts the fundamental of most voices off, so F0 is read from the spacing of what is left.
`_pitch_posterior` gives the probability of every pitch and of voicing in each 10 ms frame; here a
dynamic programme finds the likeliest course through them (after Boersma 1993, IFA Proc. 17, 97-110,
and Talkin 1995, RAPT), twice: the second time with the range the speaker was found to use.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.measure import _pitch_posterior as posterior
from pipeline.measure import _pitch_steady
from pipeline.measure._pitch_candidates import CANDIDATES, NEVER, Candidates, Found, peaks
from pipeline.measure._pitch_course import cheapest
from pipeline.measure._pitch_posterior import PitchModel, load_model
from pipeline.measure.channel import Channel, FloatArray, resampled
from pipeline.measure.frames import (
    FRAME_S,
    Mask,
    bridged,
    extent,
    frame_count,
    grown,
    mask_of,
    mask_within,
    runs,
)
from pipeline.settings import PitchSettings
from pipeline.timeline import Span, padded, union

__all__ = [
    "PitchModel",
    "PitchSummary",
    "PitchTrack",
    "load_model",
    "semitones",
    "summary",
    "track",
]

Float64Array = npt.NDArray[np.float64]

_BLOCK_FRAMES = 2000
_CHUNK_FRAMES = 250  # whose spectra stay in the processor's cache
_PIECE, _PIECE_OVERLAP = 300, 40  # frames that the dynamic programme decides at once
_PIECES_AT_ONCE = 64  # bounds the memory that a long recording takes
_MARGIN_S = 0.1
"""Voice set in before the speech that was found, and went on after it, by less."""
_LEVEL_MARGIN_S = 0.3
"""What is heard this near to the speech tells how quiet the channel gets."""
_OCTAVE_TOLERANCE = 0.15  # octaves: as far as candidates an octave apart wander from it


@dataclass(frozen=True, slots=True, eq=False)
class PitchTrack:
    """F0 of one channel on the 10 ms grid; frame i is centred on ``(i + 0.5) * 0.01`` seconds.

    Attributes:
        f0_hz: Hz, NaN where unvoiced or not looked at.
        voicing: probability that the frame is voiced, 0 where not looked at.
    """

    f0_hz: FloatArray
    voicing: FloatArray


class PitchSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Pitch of one speaker over some stretch. Semitones are about the median of that stretch.

    All ``None``, with the ``reason``, where too little voice was heard.
    """

    voiced_s: float
    median_hz: float | None = None
    spread_st: float | None = None
    """Half the distance between the 16th and the 84th percentile: a robust standard deviation."""
    range_st: float | None = None
    """5th to 95th percentile."""
    movement_st_per_s: float | None = None
    """Mean absolute slope within voiced stretches."""
    reason: str | None = None


def semitones(hz: npt.ArrayLike, reference_hz: float) -> Float64Array:
    """Distance from ``reference_hz`` in semitones; NaN stays NaN."""
    return 12 * np.log2(np.asarray(hz, np.float64) / reference_hz)


def track(
    channel: Channel,
    settings: PitchSettings,
    model: PitchModel,
    *,
    within: Iterable[Span] | None = None,
) -> PitchTrack:
    """F0 of a channel.

    Args:
        channel: any rate; measured at 8 kHz.
        settings: costs of the dynamic programme.
        model: the network, see `load_model`.
        within: where the speaker speaks; the rest is not looked at. Everywhere by default.

    Returns:
        A track of `frames.frame_count` frames; nothing but NaN for silence, noise or tones.
    """
    count = frame_count(channel)
    f0_hz = np.full(count, np.nan, np.float32)
    voicing = np.zeros(count, np.float32)
    within = None if within is None else tuple(within)
    chosen = _frames_to_look_at(channel, within, count, _MARGIN_S)
    context = _level_context(channel, _frames_to_look_at(channel, within, count, _LEVEL_MARGIN_S))
    if context is None:
        return PitchTrack(f0_hz, voicing)
    found = _candidates(channel, chosen, context, model, settings)
    rarity = _rarity(_decided(found, None, settings), settings)
    f0_hz[chosen] = _decided(found, rarity, settings)
    f0_hz = _without_blips(f0_hz, settings.shortest_voiced_s)
    voicing[chosen] = 1 / (1 + np.exp(-found.voicing))
    return PitchTrack(f0_hz, voicing)


def summary(pitch: PitchTrack, spans: Iterable[Span], settings: PitchSettings) -> PitchSummary:
    """Height, spread, range and movement of the pitch in ``spans``."""
    spans = union(spans)
    part = extent(spans, len(pitch.f0_hz))
    f0 = np.where(mask_within(spans, part), pitch.f0_hz[part], np.nan)
    voiced = f0[np.isfinite(f0)]
    voiced_s = round(len(voiced) * FRAME_S, 2)
    if voiced_s < settings.least_voiced_s:
        return PitchSummary(
            voiced_s=voiced_s,
            reason=f"{voiced_s:.2f} s of voice, {settings.least_voiced_s:.2f} s are needed",
        )
    median = float(np.median(voiced))
    st = semitones(f0, median)
    p5, p16, p84, p95 = np.nanpercentile(st, [5, 16, 84, 95])
    return PitchSummary(
        voiced_s=voiced_s,
        median_hz=median,
        spread_st=float(p84 - p16) / 2,
        range_st=float(p95 - p5),
        movement_st_per_s=_movement(st, settings.slope_s),
    )


def _movement(st: Float64Array, slope_s: float) -> float | None:
    """Mean of |slope| in semitones a second; each slope over ``slope_s`` of unbroken voice."""
    step = max(1, round(slope_s / FRAME_S))
    if len(st) <= step:
        return None
    broken = np.concatenate([[0], np.cumsum(~np.isfinite(st))])
    unbroken = broken[step + 1 :] == broken[: -step - 1]
    change = np.abs(st[step:] - st[:-step])[unbroken]
    return float(change.mean() / (step * FRAME_S)) if change.size else None


def _frames_to_look_at(
    channel: Channel, within: Iterable[Span] | None, count: int, margin_s: float
) -> Mask:
    if within is None:
        return np.ones(count, bool)
    everything = Span(0.0, max(channel.duration_s, count * FRAME_S))
    return mask_of(padded(within, margin_s, margin_s, everything), count)


def _stretches(chosen: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The runs of frames, cut into blocks."""
    for first, last in chosen:
        for start in range(first, last, _BLOCK_FRAMES):
            yield start, min(start + _BLOCK_FRAMES, last)


def _samples(channel: Channel, first: int, last: int, margin: int) -> FloatArray:
    """Frames ``first`` up to ``last`` at 8 kHz, ``margin`` samples either side; zero outside."""
    rate = posterior.RATE_HZ
    length = (last - first) * posterior.HOP + 2 * margin
    start_s = first * FRAME_S - margin / rate
    start = round(start_s * channel.rate_hz)
    missing = max(0, -start)
    read = channel.samples(start, start + round(length * channel.rate_hz / rate))
    if missing:
        read = np.concatenate([np.zeros(missing, np.float32), read])
    sound = resampled(read, channel.rate_hz, rate) if len(read) else read
    out = np.zeros(length, np.float32)
    out[: min(length, len(sound))] = sound[:length]
    return out


def _level_context(channel: Channel, chosen: Mask) -> posterior.LevelContext | None:
    tracks = [
        posterior.levels(_samples(channel, first, last, 0))
        for first, last in _stretches(runs(chosen))
    ]
    return posterior.level_context(np.concatenate(tracks)) if tracks else None


def _candidates(
    channel: Channel,
    chosen: Mask,
    context: posterior.LevelContext,
    model: PitchModel,
    settings: PitchSettings,
) -> Found:
    kept, reach = Found.room(int(np.count_nonzero(chosen))), model.reach
    at = written = 0
    # The network needs `reach` frames on both sides: describing a shorter gap is less work.
    for first, last in _stretches(runs(bridged(chosen, 2 * reach * FRAME_S))):
        wanted = chosen[first:last]
        sound = _samples(channel, first - reach, last + reach, posterior.CONTEXT)
        entered, lags, bands = _described(sound, context, model)
        logits = model.logits(entered)
        held = _pitch_steady.held(logits, lags[reach:-reach], bands[reach:-reach], settings.steady)
        logits[held, -1] = np.maximum(logits[held, -1], settings.steady.odds)
        logits = logits[wanted]
        maybe = _maybe_voiced(logits[:, -1], settings)
        found = peaks(logits[maybe], lags[reach:-reach][wanted][maybe])
        here, there = slice(at, at + len(maybe)), slice(written, written + len(found.cost))
        kept.voicing[here], kept.maybe[here] = logits[:, -1], maybe
        kept.log2_hz[there], kept.cost[there] = found.log2_hz, found.cost
        at, written = here.stop, there.stop
    return replace(kept, voicing=_later(kept.voicing, settings.voicing_lag_s / FRAME_S))


def _later(values: FloatArray, frames: float) -> FloatArray:
    """The same values, so many frames later, between which they change evenly."""
    moved, before = np.empty_like(values), math.ceil(frames)
    for first in range(0, len(values), _BLOCK_FRAMES):
        last = min(first + _BLOCK_FRAMES, len(values))
        start = max(0, first - before)
        near = np.arange(start, last)
        moved[first:last] = np.interp(near[first - start :] - frames, near, values[start:last])
    return moved


def _maybe_voiced(odds: FloatArray, settings: PitchSettings) -> Mask:
    """The frames that the dynamic programme can find voiced.

    Breaking off and setting in again costs twice `voicing_change`; where being voiced is less
    likely than that, no course goes through it. A frame more, as voicing is decided a little late.
    """
    return grown(odds + settings.voicing_bias > -2 * settings.voicing_change, FRAME_S)


def _described(
    sound: FloatArray, context: posterior.LevelContext, model: PitchModel
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """The network's first layer, `posterior.SHORT_LAGS` and the richness of all frames."""
    count = (len(sound) - 2 * posterior.CONTEXT) // posterior.HOP
    entered, lags, bands = [], [], []
    for start in range(0, count, _CHUNK_FRAMES):
        part = min(_CHUNK_FRAMES, count - start)
        begin = start * posterior.HOP
        end = begin + part * posterior.HOP + 2 * posterior.CONTEXT
        described = posterior.features(sound[begin:end], part, context)
        entered.append(model.entered(described))
        lags.append(described[:, posterior.SHORT_LAGS].copy())
        bands.append(_pitch_steady.richness(described))
    return np.concatenate(entered), np.concatenate(lags), np.concatenate(bands)


@dataclass(frozen=True, slots=True, eq=False)
class _Rarity:
    """How seldom this channel's voices are where a candidate lies, nats."""

    log2_hz: Float64Array
    nats: Float64Array

    def of(self, log2_hz: FloatArray) -> FloatArray:
        return np.asarray(np.interp(log2_hz, self.log2_hz, self.nats), np.float32)


def _rarity(f0_hz: FloatArray, settings: PitchSettings) -> _Rarity | None:
    """From the first pass; ``None``: too little voice to tell.

    A smooth histogram rather than a mean, because a mono call holds two voices.
    """
    log2_hz = np.log2(f0_hz[np.isfinite(f0_hz)])
    if len(log2_hz) * FRAME_S < settings.range_least_s:
        return None
    step = 1 / 24  # octaves: half a semitone
    edges = np.arange(np.log2(posterior.LOWEST_HZ) - 1, np.log2(posterior.BIN_HZ[-1]) + 1, step)
    used, _ = np.histogram(log2_hz, edges)
    kernel = np.exp(-0.5 * (np.arange(-48, 49) * step / settings.range_width_octaves) ** 2)
    density = np.convolve(used, kernel, "same")
    rare = -np.log(np.maximum(density / density.max(), settings.range_floor))
    return _Rarity(edges[:-1] + step / 2, rare)


def _octave_cost(found: Candidates, rare: FloatArray, settings: PitchSettings) -> FloatArray:
    """Second pass: what a candidate costs where the one an octave above is likelier a voice's.

    Folds that swing unevenly repeat every second cycle (period doubling; Titze 1994, Principles of
    Voice Production, ch. 10), so errors by an octave lead downwards; voices leave their range
    upwards. So nothing is charged for being raised, nor for being low where the network is sure.
    """
    real = found.cost < NEVER
    above = found.log2_hz[:, :, None] - found.log2_hz[:, None, :]  # [frames, upper, lower]
    octave = real[:, :, None] & real[:, None, :]
    octave &= np.abs(above - 1) < _OCTAVE_TOLERANCE
    behind = np.where(octave, found.cost[:, :, None] - found.cost[:, None, :], NEVER).min(axis=1)
    best = np.take_along_axis(behind, found.cost.argmin(axis=1)[:, None], axis=1)[:, 0]
    unsure = grown(best < settings.octave_doubt, settings.octave_reach_s)
    seldom = np.where(octave, rare[:, None, :] - rare[:, :, None], 0).max(axis=1)
    cost = settings.octave_weight * np.maximum(seldom, 0) * unsure[:, None]
    return np.asarray(cost, np.float32)


def _decided(found: Found, rarity: _Rarity | None, settings: PitchSettings) -> FloatArray:
    """The cheapest course through the candidates: F0 in Hz, NaN where unvoiced.

    Long recordings are cut into overlapping pieces that are decided side by side.

    Args:
        found: in every frame that was looked at.
        rarity: makes candidates dearer, in the second pass.
        settings: what the course costs.
    """
    f0_hz = np.empty(len(found.voicing), np.float32)
    margin = _PIECE_OVERLAP + round(settings.octave_reach_s / FRAME_S)
    for here, inside, near in found.parts(_PIECE * _PIECES_AT_ONCE, margin):
        states = _states(near, inside, _extra(near, rarity, settings), settings)
        rows = np.arange(inside.start, inside.stop)
        hz = np.exp2(near.log2_hz[rows, np.minimum(states, CANDIDATES - 1)])
        f0_hz[here] = np.where(states == CANDIDATES, np.float32(np.nan), hz)
    return f0_hz


def _extra(
    found: Candidates, rarity: _Rarity | None, settings: PitchSettings
) -> FloatArray | np.float32:
    """What candidates cost in the second pass beside what they cost in the first."""
    if rarity is None:
        return np.float32(0)
    rare = rarity.of(found.log2_hz)
    return np.asarray(settings.range_weight * rare + _octave_cost(found, rare, settings))


def _states(
    found: Candidates, inside: slice, extra: FloatArray | np.float32, settings: PitchSettings
) -> npt.NDArray[np.intp]:
    """The state of each frame ``inside``, decided in pieces with what lies around them."""
    count = len(found.voicing)
    starts = np.arange(inside.start, inside.stop, _PIECE)
    rows = starts[:, None] + np.arange(-_PIECE_OVERLAP, _PIECE + _PIECE_OVERLAP)
    outside = (rows < 0) | (rows >= count)
    rows = np.clip(rows, 0, count - 1)
    odds = np.where(outside, -50, found.voicing[rows] + settings.voicing_bias)
    voiced = (settings.pitch_weight * found.cost + extra)[rows]
    voiced += np.logaddexp(0, -odds)[..., None]
    local = np.concatenate([voiced, np.logaddexp(0, odds)[..., None]], axis=2).astype(np.float32)
    course = cheapest(local, found.log2_hz[rows], settings)
    decided = course[:, _PIECE_OVERLAP : _PIECE_OVERLAP + _PIECE].reshape(-1)
    return decided[: inside.stop - inside.start]


def _without_blips(f0_hz: FloatArray, shortest_s: float) -> FloatArray:
    for first, last in runs(np.isfinite(f0_hz)):
        if (last - first) * FRAME_S < shortest_s - 1e-9:
            f0_hz[first:last] = np.nan
    return f0_hz
