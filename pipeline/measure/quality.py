"""What a channel's technical quality is, and what cannot be measured on it.

Every figure comes from the sound alone: a WAV header does not tell that the sound in it was once a
telephone call. Where the sound does not allow a figure, it is ``None`` and the reason is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.facts import NotMeasured, Quality
from pipeline.measure.channel import Channel, FloatArray
from pipeline.measure.soundscan import BAND_HZ, FRAME_S, LEVELS_DB, Scan, is_inside, scan
from pipeline.settings import QualitySettings
from pipeline.timeline import Span, bridge, gaps

_QUIETEST = 1e-12
_UNKNOWN = "it is not known when somebody speaks"


def measure_quality(
    channel: Channel, number: int, speech: Sequence[Span] | None, settings: QualitySettings
) -> Quality:
    """The technical quality of one channel.

    Args:
        channel: the sound.
        number: which channel of the recording it is, from 0.
        speech: when somebody speaks in it, sorted and disjoint; ``None`` where that is not known,
            and then neither noise nor gain pumping is measured.
        settings: section ``quality``.
    """
    found = scan(channel, speech)
    silent = _is_silent(found, settings)
    clipped = () if silent else _clipped(found)
    noise, no_noise = _noise_dbov(found, speech, settings)
    snr = _snr_db(found, speech, noise)
    pumping = _pumping_db(found, speech, settings)
    bandwidth = None if silent else _bandwidth_hz(found, settings)
    share = sum(n for _, n in clipped) / max(1, found.n_samples)
    return Quality(
        channel=number,
        silent=silent,
        clipped_share=share,
        dc_offset=found.mean,
        bandwidth_hz=bandwidth,
        noise_dbov=noise,
        snr_db=snr,
        coding=None if silent else _coding(found, bandwidth),
        clipped=_near_spans(clipped, found.rate_hz),
        dropouts=() if silent else _dropouts(found, speech, settings),
        gain_pumping_db=pumping,
        not_measured=(
            *_missing(speech, bandwidth, no_noise, snr, pumping),
            *_ruled_out(silent, share, bandwidth, snr, pumping, settings),
        ),
    )


# ── Silence, clipping, dropouts ──────────────────────────────────────────────────────────────────


def _is_silent(found: Scan, settings: QualitySettings) -> bool:
    """No tenth of a second rises above the idle noise of a coder."""
    frames = np.pad(found.power, (0, -len(found.power) % 10), mode="constant")
    tenths = frames.reshape(-1, 10).mean(axis=1)
    return _dbov(float(tenths.max(initial=0.0))) < settings.silent_dbov


def _clipped(found: Scan) -> tuple[tuple[int, int], ...]:
    """(first sample, samples) of each run flattened at the channel's own extreme.

    Not at full scale only: sound that was clipped and then turned down has its flat tops lower.
    """
    start, length, value = found.flats.T
    at_limit = (value >= 0.999 * max(found.highest, 0.0)) & (value > 0)
    at_limit |= (value <= 0.999 * min(found.lowest, 0.0)) & (value < 0)
    return tuple((int(a), int(n)) for a, n in zip(start[at_limit], length[at_limit], strict=True))


def _near_spans(runs: Sequence[tuple[int, int]], rate_hz: int) -> tuple[Span, ...]:
    """Spans of clipped runs, those within half a second of each other joined."""
    return bridge((Span(a / rate_hz, (a + n) / rate_hz) for a, n in runs), 0.5)


def _dropouts(
    found: Scan, speech: Sequence[Span] | None, settings: QualitySettings
) -> tuple[Span, ...]:
    """Holes with sheer edges: a lost packet stops the sound at full level.

    The closure of a plosive can be digitally silent too, but a voice fades into it.
    """
    level = _speech_power(found, speech)
    start, length, before, after = found.zeros.T
    begin, end = start / found.rate_hz, (start + length) / found.rate_hz
    edge = level * 10 ** (-settings.dropout_edge_db / 10)
    hole = (before >= edge) & (after >= edge)
    hole &= (end - begin >= settings.dropout_shortest_s) & (
        end - begin <= settings.dropout_longest_s
    )
    if speech is not None:
        hole &= is_inside(begin - 0.005, speech) & is_inside(end + 0.005, speech)
    return tuple(Span(float(a), float(b)) for a, b in zip(begin[hole], end[hole], strict=True))


# ── Noise ────────────────────────────────────────────────────────────────────────────────────────


def _noise_dbov(
    found: Scan, speech: Sequence[Span] | None, settings: QualitySettings
) -> tuple[float | None, str | None]:
    """(median level between speech, or else the reason why there is none)."""
    if speech is None:
        return None, _UNKNOWN
    pauses = [found.power[frames] for frames in _pauses(found, speech, settings)]
    if sum(map(len, pauses)) * FRAME_S < settings.noise_least_s:
        return None, "pauses too short"
    noise = _dbov(float(np.median(np.concatenate(pauses))))
    if noise < settings.silent_dbov:
        return None, "the pauses are digitally silent"
    return noise, None


def _snr_db(found: Scan, speech: Sequence[Span] | None, noise_dbov: float | None) -> float | None:
    if noise_dbov is None or not speech:
        return None
    noise = 10 ** (noise_dbov / 10)
    signal = _speech_power(found, speech) - noise
    return float(10 * np.log10(signal / noise)) if signal > 0 else None


def _speech_power(found: Scan, speech: Sequence[Span] | None) -> float:
    """Mean power in speech; of the louder half of the sounding frames where speech is not known."""
    if not len(found.power):
        return 0.0
    if speech is None:
        sounding = found.power[found.power > 10**-6.5]
        return float(sounding[sounding >= np.median(sounding)].mean()) if len(sounding) else 0.0
    inside = is_inside((np.arange(len(found.power)) + 0.5) * FRAME_S, speech)
    return float(found.power[inside].mean()) if inside.any() else 0.0


def _pauses(
    found: Scan, speech: Sequence[Span] | None, settings: QualitySettings
) -> Iterator[slice]:
    """The frames of each stretch without speech, kept clear of speech by a guard."""
    if speech is None:
        return
    end = len(found.power) * FRAME_S
    guard = settings.noise_guard_s
    for pause in gaps(bridge(speech, 2 * guard), Span(0.0, end)):
        first = round((pause.start + (guard if pause.start > 0 else 0)) / FRAME_S)
        last = round((pause.end - (guard if pause.end < end else 0)) / FRAME_S)
        if last > first:
            yield slice(first, last)


def _pumping_db(
    found: Scan, speech: Sequence[Span] | None, settings: QualitySettings
) -> float | None:
    """How far the noise rises within pauses: the median, over pauses, of last against first third.

    An automatic gain control turns up when nobody speaks; steady noise then swells.
    """
    rises = []
    for frames in _pauses(found, speech, settings):
        noise = found.power[frames]
        third = len(noise) // 3
        if len(noise) * FRAME_S >= settings.pumping_pause_s:
            early, late = _median_dbov(noise[:third]), _median_dbov(noise[-third:])
            if min(early, late) >= settings.silent_dbov:
                rises.append(late - early)
    if len(rises) < settings.pumping_pauses:
        return None
    return float(np.median(rises))


# ── Spectrum and coding ──────────────────────────────────────────────────────────────────────────


def _bandwidth_hz(found: Scan, settings: QualitySettings) -> float | None:
    """The highest frequency that carries sound.

    It is the upper edge of the highest band that comes, at its loudest, within `band_range_db` of
    the loudest band, and that moves: its level in sound stands off its level in pauses. Steady
    noise above the band of a call is not part of it. Where nothing moves (a tone, plain noise) the
    first rule decides.
    """
    loud = _level_quantile(found.speech_bands, settings.band_quantile)
    quiet = _level_quantile(found.other_bands, 0.5)
    if quiet is None:
        quiet = _level_quantile(found.speech_bands, 0.1)
    if loud is None or quiet is None:
        return None
    near = loud >= loud.max() - settings.band_range_db
    moving = loud - quiet >= settings.band_move_db
    carries = near & moving if (near & moving).any() else near
    return float((np.flatnonzero(carries).max() + 1) * BAND_HZ)


def _level_quantile(counts: NDArray[np.int64], quantile: float) -> NDArray[np.float64] | None:
    """The level in dB below which ``quantile`` of each band's frames lie."""
    total = int(counts[0].sum()) if len(counts) else 0
    if total == 0:
        return None
    reached = np.cumsum(counts, axis=1) >= quantile * total
    levels: NDArray[np.float64] = np.argmax(reached, axis=1).astype(np.float64) - LEVELS_DB
    return levels


_LEAST_CODES = 24
"""Fewer different values than this fit into too many codes to tell one from another."""


def _coding(found: Scan, bandwidth_hz: float | None) -> str | None:
    """What the samples betray: which 16-bit values they use, and where their spectrum ends."""
    codes = found.codes
    if codes is not None and len(codes) >= _LEAST_CODES:
        for name, table in (("µ-law", _mu_law()), ("A-law", _a_law())):
            if np.isin(codes, table).all():
                return f"8-bit {name} (G.711)"
        if (codes % 256 == 0).all():
            return "8-bit linear"
    if bandwidth_hz is not None and bandwidth_hz < 0.85 * found.rate_hz / 2:
        return f"nothing above {bandwidth_hz / 1000:.1f} kHz in {found.rate_hz / 1000:g} kHz sound"
    return None


def _mu_law() -> NDArray[np.int64]:
    """The 16-bit values of G.711 µ-law."""
    mantissa, exponent = np.meshgrid(np.arange(16), np.arange(8))
    values = ((mantissa * 8 + 132) << exponent) - 132
    return np.concatenate([values.ravel(), -values.ravel()])


def _a_law() -> NDArray[np.int64]:
    """The 16-bit values of G.711 A-law."""
    mantissa, exponent = np.meshgrid(np.arange(16), np.arange(8))
    linear = mantissa * 16 + 8
    values = np.where(exponent == 0, linear, (linear + 256) << np.maximum(exponent - 1, 0))
    return np.concatenate([values.ravel(), -values.ravel()])


# ── What that rules out ──────────────────────────────────────────────────────────────────────────


def _missing(
    speech: Sequence[Span] | None,
    bandwidth_hz: float | None,
    no_noise: str | None,
    snr_db: float | None,
    pumping_db: float | None,
) -> Iterator[NotMeasured]:
    """Why figures of `Quality` itself are ``None``."""
    unknown = _UNKNOWN if speech is None else None
    if bandwidth_hz is None:
        yield NotMeasured(measure="bandwidth", reason="there is too little sound")
    if no_noise is not None:
        yield NotMeasured(measure="noise", reason=no_noise)
    if snr_db is None:
        reason = "no noise floor to compare with" if speech else "nobody speaks"
        yield NotMeasured(measure="snr", reason=unknown or reason)
    if pumping_db is None:
        yield NotMeasured(
            measure="gain_pumping", reason=unknown or "too few pauses with noise in them"
        )


def _ruled_out(
    silent: bool,
    clipped_share: float,
    bandwidth_hz: float | None,
    snr_db: float | None,
    pumping_db: float | None,
    settings: QualitySettings,
) -> Iterator[NotMeasured]:
    """The measures that this quality does not allow."""
    if silent:
        for measure in ("speech", "pitch", "level", "pace", "tone"):
            yield NotMeasured(measure=measure, reason="the channel is silent")
        return
    if snr_db is not None and snr_db < settings.least_snr_db:
        for measure in ("pitch", "level", "tone"):
            yield NotMeasured(measure=measure, reason=f"noise only {snr_db:.0f} dB below the voice")
    if clipped_share > settings.most_clipped:
        for measure in ("level", "tone"):
            yield NotMeasured(measure=measure, reason=f"{clipped_share:.1%} of it is clipped")
    if pumping_db is not None and pumping_db > settings.most_pumping_db:
        reason = f"an automatic gain control moves the level by {pumping_db:.0f} dB"
        yield NotMeasured(measure="level", reason=reason)
    if bandwidth_hz is not None and bandwidth_hz < settings.least_bandwidth_hz:
        reason = f"nothing above {bandwidth_hz:.0f} Hz"
        yield NotMeasured(measure="tone", reason=reason)


def _dbov(power: float) -> float:
    """Level re a full-scale square wave, as ITU-T P.56 and G.100.1 count it."""
    return float(10 * np.log10(max(power, _QUIETEST)))


def _median_dbov(power: FloatArray) -> float:
    return _dbov(float(np.median(power)))
