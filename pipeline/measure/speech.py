"""Who makes speech sounds when: speech activity per channel, on 10 ms frames.

A network (`vad`) says where speech is, roughly: its frames are 32 ms long and blur onsets and
releases, it fills pauses and it hears the other party's leak as well as its own. The level says
when exactly, if one knows how loud noise and speech are in this channel. So each channel is first
cleared of the other party (`crosstalk`); then the model's hysteresis gives the cores of speech,
and the level, against a noise floor that follows the line and the channel's own active level,
gives their edges and the pauses inside them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import msgspec
import numpy as np
from scipy.ndimage import percentile_filter, uniform_filter1d
from scipy.signal import butter, sosfilt

from pipeline.facts import Hold, Tone
from pipeline.measure import crosstalk, nonspeech, vad
from pipeline.measure.channel import Channel, FloatArray, resampled
from pipeline.measure.crosstalk import Leak, Line
from pipeline.measure.frames import (
    FRAME_S,
    Mask,
    bridged,
    frame_count,
    frame_edges,
    grown,
    mask_of,
    runs,
    spans,
    touching,
    without_short,
)
from pipeline.measure.vad import Vad, load_vad
from pipeline.settings import NonspeechSettings, SpeechSettings
from pipeline.timeline import Span, Timeline, at_least, gaps, union

__all__ = ["ChannelActivity", "SpeechActivity", "Vad", "detect", "load_vad"]

_BLOCK_S: Final = 30.72
"""A whole number of 10 ms frames, of model frames, and of samples at every usual rate."""
_LEVEL_BLOCK_S: Final = 10.24
"""What a block needs for its levels stays in the processor's cache."""
_FRAMES_AT_ONCE: Final = 100_000
_LOWEST_DB: Final = -80.0
"""Below this, dBov, a line carries nothing: 16-bit dither lies at -96, u-law's zero at -78."""
_HUM_HZ: Final = 120.0
_AUDIBLE_TO_NOBODY: Final = 1e-15
"""Keeps a filter that falls silent from numbers so small that processors are slow with them."""
_MODEL_LAG_S: Final = -0.016
"""What the model says of a frame fits the sound half a frame earlier."""
_MODEL_LEVEL_DB: Final = -20.0
"""The model takes faint lines for silence: loud frames are brought up to this level, dBov ..."""
_MOST_GAIN_DB: Final = 40.0
"""... by at most this much."""


@dataclass(frozen=True)
class ChannelActivity:
    """What one channel holds.

    Attributes:
        probability: speech probability per 10 ms frame, float32, 0 to 1: the model's own value
            ``m``, made to agree with what the level decided: ``0.5 + m / 2`` inside `speech`,
            ``m / 2`` outside. So 0.5 is the limit between the two.
        speech: when speech sounds were made here by this channel's own party.
        leaked: where the other party was heard in this channel and taken out.
        tones: signals that are neither speech nor music.
        music: when music plays here.
        floor_dbov: the line's noise floor; ``None`` where it carries nothing but digital silence.
    """

    probability: FloatArray
    speech: Timeline
    leaked: Timeline
    tones: tuple[Tone, ...]
    music: Timeline
    floor_dbov: float | None


@dataclass(frozen=True)
class SpeechActivity:
    """What the channels of one recording hold, and what that makes of the whole call."""

    channels: tuple[ChannelActivity, ...]
    leaks: tuple[Leak, ...]
    tones: tuple[Tone, ...] = ()
    holds: tuple[Hold, ...] = ()


def detect(channels: Sequence[Channel], settings: SpeechSettings, model: Vad) -> SpeechActivity:
    """Find speech in every channel of a recording.

    Args:
        channels: of one recording: one, or two that are each cleared of the other.
        settings: the section ``speech`` of ``configs/measure.yaml``.
        model: from `load_vad`.
    """
    found = crosstalk.lines(channels, settings.crosstalk)
    if len(channels) == 1:
        # Both parties share it, and hardly leave a gap: voices in its floor are their own.
        settings = msgspec.structs.replace(settings, background_share=math.inf)
    activity = tuple(
        _channel_activity(line, index, settings, model) for index, line in enumerate(found)
    )
    return SpeechActivity(
        channels=activity,
        leaks=tuple(line.leak for line in found if line.leak is not None),
        tones=tuple(
            sorted((tone for part in activity for tone in part.tones), key=attrgetter("span"))
        ),
        holds=_holds(activity, settings.nonspeech),
    )


def _channel_activity(
    line: Line, index: int, settings: SpeechSettings, model: Vad
) -> ChannelActivity:
    levels = _levels(line)
    floor = noise_floor(levels.own, settings)
    heard = _model_probability(line, levels.own, floor, settings, model)
    other = nonspeech.find(line, index, levels.own, heard, settings.nonspeech)
    if other.music:
        # Music raises the floor around it, and the model, once it has heard some, stays deaf to
        # speech for seconds: look again without it.
        bare = _without(other.music, levels.own)
        floor = noise_floor(bare, settings)
        heard = np.maximum(
            heard * mask_of(other.music, len(heard)),
            _model_probability(line, bare, floor, settings, model),
        )
    candid = heard * ~_hidden(other, levels.own, heard, settings)
    decided = _decide(candid, levels, floor, settings)
    carrying = levels.own > _LOWEST_DB
    duration_s = line.channel.duration_s
    return ChannelActivity(
        probability=np.where(decided, 0.5 + heard / 2, heard / 2).astype(np.float32),
        speech=spans(decided, duration_s),
        leaked=spans(bridged(levels.leak_audible & ~decided, settings.bridge_s), duration_s),
        tones=other.tones,
        music=other.music,
        floor_dbov=float(np.median(floor[carrying])) if carrying.any() else None,
    )


def _without(music: Timeline, level_db: FloatArray) -> FloatArray:
    """The levels with those of music put to the line's quiet."""
    playing = mask_of(music, len(level_db))
    rest = level_db[~playing]
    quiet = float(np.quantile(rest, 0.05)) if len(rest) else _LOWEST_DB
    return np.where(playing, np.float32(quiet), level_db)


def _hidden(
    other: nonspeech.Nonspeech, level_db: FloatArray, heard: FloatArray, settings: SpeechSettings
) -> Mask:
    """Frames of tones, and of music but where somebody clearly speaks in front of it."""
    hidden = mask_of(union(tone.span for tone in other.tones), len(level_db))
    for span in other.music:
        playing = mask_of((span,), len(level_db))
        music_db = np.median(level_db[playing]) if playing.any() else 0.0
        in_front = (heard > settings.sure_probability) & (
            level_db > music_db + settings.nonspeech.over_music_db
        )
        hidden |= playing & ~grown(in_front, 0.1)
    return hidden


def _holds(activity: Sequence[ChannelActivity], settings: NonspeechSettings) -> tuple[Hold, ...]:
    """Music, ringing, and silence on all channels between the first and the last speech."""
    holds = []
    for index, part in enumerate(activity):
        rings = nonspeech.ringing(part.tones, settings)
        holds += [Hold(span=span, kind="music", channel=index) for span in part.music]
        holds += [Hold(span=span, kind="ringback", channel=index) for span in rings]
    talk = union(*(part.speech for part in activity))
    if talk:
        sounding = (*talk, *(hold.span for hold in holds))
        tones = (tone.span for part in activity for tone in part.tones)
        silences = gaps((*sounding, *tones), Span(talk[0].start, talk[-1].end))
        holds += [
            Hold(span=span, kind="silence") for span in at_least(silences, settings.dead_air_s)
        ]
    return tuple(sorted(holds, key=attrgetter("span")))


# ── Levels ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Levels:
    """Per 10 ms frame, smoothed over 30 ms, dBov.

    Attributes:
        own: the channel without what leaked in.
        rest: what the canceller leaves over of the leak; own sound must exceed it.
        leak_audible: where the leak rises above the line's lowest level.
    """

    own: FloatArray
    rest: FloatArray
    leak_audible: Mask


def _levels(line: Line) -> _Levels:
    own, leaked = _powers(line)
    own_db, leaked_db = _smooth_dbov(own), _smooth_dbov(leaked)
    suppression_db = line.leak.suppression_db if line.leak else 0.0
    return _Levels(own_db, leaked_db - suppression_db, leaked_db > _LOWEST_DB + 10)


def _powers(line: Line) -> tuple[FloatArray, FloatArray]:
    """Mean square of own sound and of the leak, per frame, hum taken off."""
    rate, per_block = line.channel.rate_hz, round(_LEVEL_BLOCK_S / FRAME_S)
    hum = butter(2, _HUM_HZ, "highpass", fs=rate, output="sos")
    memory = [np.zeros((len(hum), 2)) for _ in range(2)]
    powers = np.zeros((2, frame_count(line.channel)), np.float32)
    for first in range(0, powers.shape[1], per_block):
        last = min(first + per_block, powers.shape[1])
        edges = frame_edges(first, last, rate)
        for i, part in enumerate(line.split(int(edges[0]), int(edges[-1]))):
            if i == 1 and line.leak is None:
                continue
            sound = part.astype(np.float64)
            sound[::2] += _AUDIBLE_TO_NOBODY
            clean, memory[i] = sosfilt(hum, sound, zi=memory[i])
            begins = edges[:-1] - edges[0]
            widths = np.diff(np.append(begins, len(part)))
            powers[i, first:last] = np.add.reduceat(clean**2, begins) / widths
    return powers[0], powers[1]


def _smooth_dbov(power: FloatArray) -> FloatArray:
    """Over 30 ms, in dB, not below what a line can carry."""
    smooth = uniform_filter1d(power, 3, mode="nearest") if len(power) else power
    lowest = 10 ** (_LOWEST_DB / 10)
    return np.asarray(10 * np.log10(np.maximum(smooth, lowest)), np.float32)


def noise_floor(level_db: FloatArray, settings: SpeechSettings) -> FloatArray:
    """Noise floor: the level's low quantile in a window that moves along.

    Args:
        level_db: 1-D, one value per 10 ms frame.
        settings: window and quantile.

    Returns:
        dB, one value per frame.
    """
    if not len(level_db):
        return level_db
    step = 10  # the floor moves slowly: every 0.1 s is enough
    window = max(3, round(settings.floor_window_s / FRAME_S / step) | 1)
    quantile = 100 * settings.floor_quantile
    coarse = percentile_filter(level_db[::step], quantile, size=window, mode="nearest")
    smooth = uniform_filter1d(coarse.astype(np.float64), window // 2 | 1, mode="nearest")
    floor, known_at = np.empty(len(level_db), np.float32), np.arange(0, len(level_db), step)
    for first in range(0, len(floor), _FRAMES_AT_ONCE):
        part = floor[first : first + _FRAMES_AT_ONCE]
        part[:] = np.interp(np.arange(first, first + len(part)), known_at, smooth)
    return floor


# ── The model's opinion ──────────────────────────────────────────────────────────────────────────


def _model_probability(
    line: Line, level_db: FloatArray, floor: FloatArray, settings: SpeechSettings, model: Vad
) -> FloatArray:
    """The model's probability per 10 ms frame; 0, unasked, in stretches at the floor.

    It starts afresh after each of them, with no memory of the noise before.
    """
    probability = np.zeros(len(level_db), np.float32)
    worth = level_db > floor + settings.worth_asking_db
    if not worth.any():
        return probability
    loud_db = float(np.quantile(level_db[worth], 0.95))
    worth &= level_db > loud_db - settings.worth_range_db
    gain = 10 ** (float(np.clip(_MODEL_LEVEL_DB - loud_db, 0.0, _MOST_GAIN_DB)) / 20)
    # Stretches of like length go well together.
    asked = runs(grown(worth, settings.worth_asking_s))
    stretches = sorted(asked, key=lambda run: run[0] - run[1])
    sounds = [
        _at_model_rate(line, first * FRAME_S, last * FRAME_S, gain) for first, last in stretches
    ]
    for (first, last), values in zip(stretches, model.probabilities(sounds), strict=True):
        at = first * FRAME_S + (np.arange(len(values)) + 0.5) * vad.FRAME_S + _MODEL_LAG_S
        probability[first:last] = np.interp((np.arange(first, last) + 0.5) * FRAME_S, at, values)
    return probability


def _at_model_rate(line: Line, start_s: float, end_s: float, gain: float) -> Iterator[FloatArray]:
    """Own sound at 16 kHz in blocks of whole model frames, resampled with some surroundings."""
    rate, margin_s = line.channel.rate_hz, 0.02
    at = start_s
    while at < end_s - 1e-9:
        until = min(at + _BLOCK_S, end_s)
        before = min(margin_s, at)
        samples = line.own(round((at - before) * rate), round((until + margin_s) * rate))
        block = resampled(gain * (samples - samples.mean()), rate, vad.RATE_HZ)
        skip = round(before * vad.RATE_HZ)
        yield block[skip : skip + round((until - at) * vad.RATE_HZ)]
        at = until


# ── The decision ─────────────────────────────────────────────────────────────────────────────────


def _decide(
    heard: FloatArray, levels: _Levels, floor: FloatArray, settings: SpeechSettings
) -> Mask:
    """Speech or not, per frame."""
    own = levels.own
    explained = own < levels.rest + settings.leak_margin_db
    core = _hysteresis(heard, settings.enter_probability, settings.leave_probability) & ~explained
    if not core.any():
        return core
    active = _mean_db(own[core])
    core |= _short_signals(heard, own - active, settings) & ~explained
    threshold = np.maximum(floor + settings.above_floor_db, active - settings.below_active_db)
    masked = active - floor < settings.masked_snr_db
    if _hears_voices_in_noise(heard, own - floor, settings):
        # People talk in the background: of what the model hears, only the loud is this party's.
        threshold = np.maximum(threshold, floor + settings.foreground * (active - floor))
        masked &= False
    loud = (own > threshold) & ~explained
    near = grown(core, settings.edge_s) & (heard > settings.edge_probability)
    speech = without_short(touching(core | (near & loud), core) & loud, settings.blip_s)
    # Where noise hides the weak sounds, their level cannot speak for them: believe the model.
    speech |= core & masked & (heard > settings.sure_probability)
    return without_short(bridged(speech, settings.bridge_s), settings.min_speech_s)


def _short_signals(heard: FloatArray, re_active_db: FloatArray, settings: SpeechSettings) -> Mask:
    """Signals like 嗯 that are over before the model is sure, but as loud as speech."""
    strong = without_short(re_active_db > -settings.signal_below_active_db, settings.blip_s)
    maybe = touching(heard > settings.leave_probability / 2, heard > settings.signal_probability)
    return touching(maybe, strong)


def _hears_voices_in_noise(
    heard: FloatArray, above_floor_db: FloatArray, settings: SpeechSettings
) -> bool:
    """Whether the model hears speech in what is the channel's noise floor."""
    noise = above_floor_db < settings.above_floor_db
    voices = heard[noise] > settings.enter_probability
    enough = voices.size * FRAME_S >= settings.least_background_s
    return bool(enough and voices.mean() > settings.background_share)


def _mean_db(level_db: FloatArray) -> float:
    """The level of the mean power, dB."""
    return float(10 * np.log10(np.mean(10 ** (level_db.astype(np.float64) / 10))))


def _hysteresis(values: FloatArray, enter: float, leave: float) -> Mask:
    """Runs above ``leave`` that somewhere exceed ``enter``."""
    return touching(values > leave, values > enter)
