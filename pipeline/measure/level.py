"""Level: how loud a channel is, in dBov, and what its background does.

dBov is ITU-T G.100.1's overload point: a square wave of full scale is 0 dBov, a sine of full scale
-3.01 dBov, so the level of samples in [-1, 1] is ``10 log10(mean(x²))``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from pipeline.measure.channel import Channel, FloatArray
from pipeline.measure.frames import FRAME_S, frame_count, frame_edges, grown, mask_of
from pipeline.settings import LevelSettings
from pipeline.timeline import Span, bridge, union

Float64Array = npt.NDArray[np.float64]

FLOOR_DBOV = -100.0
"""What the tracks hold for digital silence; a 16-bit sample's last bit lies at -90 dBov."""
SILENT = "no sound at all"
_BLOCK_S = 10.0
"""What a block needs stays in the processor's cache."""


class ActiveLevel(msgspec.Struct, frozen=True):
    """What a speech voltmeter reads; ``None`` (with ``reason``) where there is no speech level."""

    level_dbov: float | None
    """Power while active."""
    activity: float | None
    """Share of the time that is active, 0 to 1."""
    long_term_dbov: float | None
    """Power over the whole time; ``None`` for digital silence."""
    reason: str | None = None


class Background(msgspec.Struct, frozen=True):
    """What is heard on a channel while its speaker is silent."""

    noise_dbov: float | None
    snr_db: float | None
    reason: str | None = None


class GainChange(msgspec.Struct, frozen=True):
    """Speech and background moved together: someone touched the gain, not the voice."""

    at: float
    change_db: float


# ── Track ────────────────────────────────────────────────────────────────────────────────────────


def track(channel: Channel) -> FloatArray:
    """Level of every 10 ms frame, dBov, float32; digital silence is `FLOOR_DBOV`."""
    found = np.empty(frame_count(channel), np.float32)
    silence, at = 10 ** (FLOOR_DBOV / 10), 0
    for edges, samples in _on_frames(channel):
        power = np.maximum(_frame_power(samples, edges), silence)
        found[at : at + len(power)] = 10 * np.log10(power)
        at += len(power)
    return found


def _on_frames(channel: Channel) -> Iterable[tuple[npt.NDArray[np.int64], FloatArray]]:
    """Blocks of whole frames: (samples between which each frame lies, of the block; the block)."""
    frames, step = frame_count(channel), round(_BLOCK_S / FRAME_S)
    for first in range(0, frames, step):
        last = min(first + step, frames)
        edges = np.minimum(frame_edges(first, last, channel.rate_hz), channel.n_samples)
        yield edges - edges[0], channel.samples(int(edges[0]), int(edges[-1]))


def _frame_power(samples: FloatArray, edges: npt.NDArray[np.int64]) -> Float64Array:
    """Mean square per frame; 0 for a last frame that rounding leaves without a sample."""
    squares = np.square(samples, dtype=np.float64)
    widths = np.diff(edges)
    if len(widths) and (widths == widths[0]).all() and widths[0] > 0:
        return np.asarray(squares.reshape(len(widths), -1).mean(axis=1))
    sums = np.concatenate(([0.0], np.cumsum(squares)))
    return np.asarray(np.diff(sums[edges]) / np.maximum(widths, 1))


# ── Active speech level: ITU-T P.56 (2011), method B ─────────────────────────────────────────────

_TIME_CONSTANT_S = 0.03
_HANGOVER_S = 0.2
_MARGIN_DB = 15.9
_THRESHOLDS = 15
"""2^-15 to 2^-1 of full scale, a factor of two apart."""
_TOLERANCE_DB = 0.5
_PATIENCE = 20
"""Halvings after which the tolerance widens by a tenth at each further one."""
_LONG_AGO = 2**62


@dataclass
class _Voltmeter:
    """The running sums of the method: feed it samples in blocks of any size."""

    rate_hz: int
    squares: float = 0.0
    count: int = 0
    envelope: Float64Array = field(default_factory=lambda: np.zeros(2))
    active: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(_THRESHOLDS, dtype=np.int64)
    )
    # Samples since the envelope was last at or above each threshold.
    since: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.full(_THRESHOLDS, _LONG_AGO, dtype=np.int64)
    )

    def feed(self, samples: FloatArray) -> None:
        """Processes 1 (sums) and 2 (envelope, activity per threshold)."""
        if not len(samples):
            return
        x = samples.astype(np.float64)
        self.squares += float(np.dot(x, x))
        self.count += len(x)
        reached = self._reached(x)
        starts = np.concatenate(([0], np.flatnonzero(reached[1:] != reached[:-1]) + 1))
        ends = np.append(starts[1:], len(x))
        heights = reached[starts]
        for step in range(_THRESHOLDS):
            above = np.flatnonzero(heights > step)
            self._count_active(step, starts[above], ends[above], len(x))

    def _reached(self, x: Float64Array) -> npt.NDArray[np.int16]:
        """How many thresholds the envelope reaches at every sample, 0 to 15."""
        # g = exp(-1 / (f T)); p = g p + (1 - g) |x|; q = g q + (1 - g) p
        g = math.exp(-1 / (self.rate_hz * _TIME_CONSTANT_S))
        q, self.envelope = lfilter([(1 - g) ** 2], [1, -2 * g, g * g], np.abs(x), zi=self.envelope)
        # The thresholds are powers of two: the binary exponent, which stands in the upper bits of a
        # double that is not negative, says which ones q reaches.
        upper = q.astype("<f8", copy=False).view(np.int16)[3::4]
        exponents = (upper >> 4) + np.int16(_THRESHOLDS - 1022)
        return np.asarray(np.clip(exponents, 0, _THRESHOLDS, out=exponents))

    def _count_active(
        self,
        step: int,
        starts: npt.NDArray[np.int64],
        ends: npt.NDArray[np.int64],
        length: int,
    ) -> None:
        """Add the stretches at or above one threshold, and up to the hangover after each."""
        hangover = math.floor(_HANGOVER_S * self.rate_hz + 0.5)
        left = max(0, hangover - int(self.since[step]))
        if not len(starts):
            self.active[step] += min(left, length)
            self.since[step] += length
            return
        below = np.minimum(starts[1:] - ends[:-1], hangover)
        after = length - int(ends[-1])
        self.active[step] += int((ends - starts).sum()) + int(below.sum())
        self.active[step] += min(left, int(starts[0])) + min(hangover, after)
        self.since[step] = after

    def read(self) -> ActiveLevel:
        """The level at which the margin between power and threshold is 15.9 dB."""
        if self.squares == 0:
            return ActiveLevel(None, None, None, SILENT)
        long_term = 10 * math.log10(self.squares / self.count)
        level = _at_margin(self.squares, self.active)
        if level is None:
            return ActiveLevel(None, None, long_term, "too faint for an active speech level")
        return ActiveLevel(level, min(1.0, 10 ** ((long_term - level) / 10)), long_term)


def active_speech_level(channel: Channel) -> ActiveLevel:
    """Active speech level of the channel after ITU-T P.56 (2011) method B, at its own rate.

    Tolerance and interpolation are those of the ITU-T G.191 software tool library, so the figures
    equal that meter's. The level is conditional on the recording's noise: where the background is
    less than 15.9 dB under the speech, the standard counts it as active.
    """
    meter = _Voltmeter(channel.rate_hz)
    for _, samples in channel.blocks(_BLOCK_S):
        meter.feed(samples)
    return meter.read()


def active_speech_level_of(channel: Channel, spans: Sequence[Span]) -> ActiveLevel:
    """The same over stretches of the channel, such as one turn's speech."""
    meter = _Voltmeter(channel.rate_hz)
    for span in spans:
        meter.feed(channel.read(span.start, span.end))
    return meter.read()


def _at_margin(squares: float, active: npt.NDArray[np.int64]) -> float | None:
    powers = [10 * math.log10(squares / count) if count else None for count in active]
    thresholds = [20 * math.log10(2.0 ** (step - _THRESHOLDS)) for step in range(_THRESHOLDS)]
    if powers[0] is None or powers[0] - thresholds[0] < _MARGIN_DB:
        return None
    lower = (powers[0], thresholds[0])
    for power, threshold in zip(powers[1:], thresholds[1:], strict=True):
        if power is None:
            return None
        if power - threshold <= _MARGIN_DB:
            return _interpolated((power, threshold), lower)
        lower = (power, threshold)
    return None


def _interpolated(upper: tuple[float, float], lower: tuple[float, float]) -> float:
    """Halve the interval of (power, threshold) until the margin is met within the tolerance."""
    for power, threshold in (upper, lower):
        if abs(power - threshold - _MARGIN_DB) < _TOLERANCE_DB:
            return power
    middle, tolerance, halvings = _between(upper, lower), _TOLERANCE_DB, 1
    while abs(off := middle[0] - middle[1] - _MARGIN_DB) > tolerance:
        halvings += 1
        tolerance *= 1.1 if halvings > _PATIENCE else 1.0
        # The tool library moves the bound to the new middle, not to the old one; so do we.
        if off > 0:
            middle = lower = _between(upper, middle)
        else:
            middle = upper = _between(lower, middle)
    return middle[0]


def _between(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


# ── Background ───────────────────────────────────────────────────────────────────────────────────


def background(
    levels: FloatArray, speech: Sequence[Span], active: ActiveLevel, settings: LevelSettings
) -> Background:
    """Noise floor between the speech, and how far the speech stands above it.

    Args:
        levels: the channel's `track`, dBov.
        speech: when its speaker speaks; the silence around is taken ``noise_guard_s`` away.
        active: the channel's active speech level.
        settings: stage settings.
    """
    quiet = levels[~_speaking(speech, len(levels), settings.noise_guard_s)]
    quiet = quiet[quiet > FLOOR_DBOV]
    if len(quiet) * FRAME_S < settings.noise_least_s:
        return Background(None, None, f"under {settings.noise_least_s:g} s without speech")
    # A quantile rather than the mean: a door or a cough is not the noise floor.
    noise = float(np.quantile(quiet, settings.noise_quantile))
    if active.level_dbov is None:
        return Background(noise, None, active.reason)
    speech_power = 10 ** (active.level_dbov / 10) - 10 ** (noise / 10)
    if speech_power <= 0:
        return Background(noise, None, "speech does not stand above the noise")
    return Background(noise, 10 * math.log10(speech_power) - noise)


def _speaking(speech: Iterable[Span], frames: int, guard_s: float) -> npt.NDArray[np.bool_]:
    """Which frames lie within ``guard_s`` of the speech."""
    return grown(mask_of(union(speech), frames), guard_s)


def gain_changes(
    levels: FloatArray, speech: Sequence[Span], settings: LevelSettings
) -> tuple[GainChange, ...]:
    """Moments from which speech and background are both louder, or both softer, by like amounts.

    A raised voice lifts the speech alone; a passing lorry the background alone. Compared are the
    ``gain_window_s`` seconds before and after the end of every pause.
    """
    speaking = _speaking(speech, len(levels), 0.0)
    silent = ~_speaking(speech, len(levels), settings.noise_guard_s) & (levels > FLOOR_DBOV)
    found: list[GainChange] = []
    for talk in bridge(speech, settings.noise_guard_s)[1:]:
        change = _gain_change(levels, speaking, silent, round(talk.start / FRAME_S), settings)
        if change is not None:
            found.append(change)
    return _strongest(found, settings.gain_window_s)


def _gain_change(
    levels: FloatArray,
    speaking: npt.NDArray[np.bool_],
    silent: npt.NDArray[np.bool_],
    at: int,
    settings: LevelSettings,
) -> GainChange | None:
    width = round(settings.gain_window_s / FRAME_S)
    steps: list[float] = []
    for mask, quantile in ((speaking, 0.75), (silent, 0.5)):
        before, after = (
            levels[part][mask[part]]
            for part in (slice(max(0, at - width), at), slice(at, at + width))
        )
        if min(len(before), len(after)) * FRAME_S < settings.gain_least_s:
            return None
        steps.append(float(np.quantile(after, quantile) - np.quantile(before, quantile)))
    least = min(abs(step) for step in steps)
    apart = abs(steps[0] - steps[1])
    if steps[0] * steps[1] <= 0 or least < settings.gain_change_db or apart > least:
        return None
    return GainChange(at * FRAME_S, sum(steps) / 2)


def _strongest(changes: Sequence[GainChange], within_s: float) -> tuple[GainChange, ...]:
    """One change of gain is seen from every pause near it; keep the one that sees it best."""
    kept: list[GainChange] = []
    for change in sorted(changes, key=lambda one: -abs(one.change_db)):
        if all(abs(change.at - other.at) >= within_s for other in kept):
            kept.append(change)
    return tuple(sorted(kept, key=lambda one: one.at))
