"""Voices whose F0 is known: natural speech taken apart and spoken again, and pulses from nothing.

WORLD (Morise, Yokomori & Ozawa 2016, IEICE Trans. E99-D, 1877-1884; package pyworld, MIT) parts a
recording into F0, spectral envelope and aperiodicity. Put together again with another F0, formants
shifted as another speaker's, the sound's F0 and voicing are true by construction, while envelopes,
consonants and rhythm stay natural. About a third of the takes are the recording itself, played
faster or slower; its F0 is what WORLD's Harvest and SwiftF0 agree on, and unknown where they do
not.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyworld
import soundfile
import soxr
from scipy.signal import lfilter
from swift_f0 import SwiftF0

Signal = npt.NDArray[np.float64]
Chance = np.random.Generator

WORLD_RATE, RATE = 16000, 8000
WORLD_HOP_S, HOP_S = 0.005, 0.01
STRETCH_S = 8.0
TAKE_S = 5.0
UNKNOWN = -1.0
"""In place of a frame's F0: nothing is learned from it. 0 is unvoiced."""

_SENTENCES = {
    "en-us": (
        "hello this is the bank how can I help you today",
        "I would like to transfer some money please",
        "your account number is one two three four",
        "could you hold on for a moment",
        "we were away a year ago",
        "many men in many lands sing songs",
        "my order never arrived and I am quite angry about it",
    ),
    "cmn": (
        "您好很高兴为您服务",
        "请问有什么可以帮您",
        "麻烦您提供一下手机号码",
        "非常抱歉给您带来不便",
        "这个问题已经反映三次了",
        "妈妈骑马马慢妈妈骂马",
        "一二三四五六七八九十",
    ),
}
_LANGUAGES = ("en-us", "cmn", "de", "fr", "es", "it", "pl", "sv", "ru")
_VARIANTS = (
    "",
    "+m1",
    "+m3",
    "+m5",
    "+m7",
    "+f1",
    "+f2",
    "+f4",
    "+f5",
    "+croak",
    "+klatt",
    "+klatt4",
)


@dataclass(frozen=True, slots=True)
class Voice:
    """A stretch of speech taken apart, every `WORLD_HOP_S` seconds.

    Attributes:
        sound: the stretch at `WORLD_RATE`.
        log_envelope: natural logarithm of the power spectrum, [frames, bins].
        aperiodicity: 0 to 1, [frames, bins].
        f0_hz: 0 where unvoiced: what the take is spoken again with.
        certain_hz: the same, `UNKNOWN` where the two trackers do not agree.
    """

    sound: Signal
    log_envelope: npt.NDArray[np.float32]
    aperiodicity: npt.NDArray[np.float32]
    f0_hz: Signal
    certain_hz: Signal


@dataclass(frozen=True, slots=True)
class Take:
    """`TAKE_S` seconds at `RATE` and F0 at the middle of every 10 ms frame."""

    sound: Signal
    f0_hz: Signal


def recordings(folder: Path) -> Iterator[Signal]:
    """Stretches of speech at `WORLD_RATE` from every recording in ``folder``, pauses cut short."""
    for file in sorted(folder.rglob("*.wav")):
        sound, rate = soundfile.read(file, always_2d=True)
        for channel in sound.T:
            speech = _without_pauses(soxr.resample(channel, rate, WORLD_RATE))
            for start in range(0, len(speech) - 3 * WORLD_RATE, round(STRETCH_S * WORLD_RATE)):
                yield speech[start : start + round(STRETCH_S * WORLD_RATE)]


def synthetic(count: int, chance: Chance) -> Iterator[Signal]:
    """``count`` stretches spoken by espeak-ng, voices, languages, rates and pitches drawn."""
    for _ in range(count):
        language = str(chance.choice(_LANGUAGES))
        texts = _SENTENCES["cmn" if language == "cmn" else "en-us"]
        text = " . ".join(chance.choice(texts, 3))
        voice = language + str(chance.choice(_VARIANTS))
        pitch, rate = str(chance.integers(10, 90)), str(chance.integers(110, 230))
        spoken = subprocess.run(
            ["espeak-ng", "-v", voice, "-p", pitch, "-s", rate, "--stdout", text],
            capture_output=True,
            check=True,
        )
        sound, own_rate = soundfile.read(io.BytesIO(spoken.stdout))
        yield soxr.resample(sound, own_rate, WORLD_RATE)[: round(STRETCH_S * WORLD_RATE)]


def _without_pauses(sound: Signal) -> Signal:
    hops = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    db = 10 * np.log10(np.mean(hops**2, axis=1) + 1e-10)
    near_speech = np.convolve(db > np.quantile(db, 0.98) - 38, np.ones(61), "same") > 0
    speech: Signal = hops[near_speech].ravel()
    return speech


def taken_apart(sound: Signal, detector: SwiftF0, chance: Chance) -> Voice:
    """Analyses a stretch of speech."""
    sound = 0.7 * sound / (np.abs(sound).max() + 1e-9) + 1e-5 * chance.standard_normal(len(sound))
    rough, times = pyworld.harvest(sound, WORLD_RATE, f0_floor=55, f0_ceil=600)
    f0 = pyworld.stonemask(sound, rough, times, WORLD_RATE)
    envelope = pyworld.cheaptrick(sound, f0, times, WORLD_RATE)
    aperiodicity = pyworld.d4c(sound, f0, times, WORLD_RATE)
    second = detector.detect(sound, WORLD_RATE)
    confidence = np.interp(times, second.timestamps, second.confidence)
    other = np.exp(np.interp(times, second.timestamps, np.log(second.pitch_hz)))
    agree = (f0 > 0) & (np.abs(np.log2(np.maximum(f0, 1) / other)) < 0.08)
    unsure = np.where(confidence < 0.3, 0.0, UNKNOWN)
    return Voice(
        sound=sound,
        log_envelope=np.log(envelope).astype(np.float32),
        aperiodicity=aperiodicity.astype(np.float32),
        f0_hz=np.where(agree & (confidence > 0.3), f0, 0.0),
        certain_hz=np.where(agree & (confidence > 0.45), f0, unsure),
    )


def played(voice: Voice, chance: Chance) -> Take:
    """The recording itself, its pitch and speed up to four tenths off."""
    speed = chance.uniform(0.72, 1.4)
    start, length = _part(len(voice.f0_hz), chance)
    per_frame = round(WORLD_HOP_S * WORLD_RATE)
    part = voice.sound[start * per_frame : (start + length) * per_frame]
    f0 = voice.certain_hz[start : start + length]
    sound = soxr.resample(part, WORLD_RATE, RATE / speed)
    return _take(sound, np.where(f0 > 0, f0 * speed, f0), WORLD_HOP_S / speed)


def spoken_again(voice: Voice, chance: Chance) -> Take | None:
    """The same words by another throat; None where hardly anything is voiced."""
    start, length = _part(len(voice.f0_hz), chance)
    f0 = voice.f0_hz[start : start + length]
    voiced = f0 > 0
    if voiced.sum() < 40:
        return None
    median = float(np.median(f0[voiced]))
    common, rare = (80, 320), (58, 480)
    low, high = common if chance.random() < 0.8 else rare
    height = float(np.exp(chance.uniform(np.log(low), np.log(high))))
    course = chance.uniform(0.5, 1.9) * np.log(np.where(voiced, f0, median) / median)
    course += 0.06 * _wandering(length, 60, chance)
    course += chance.choice([0, 0.004, 0.012], p=[0.5, 0.35, 0.15]) * _wandering(length, 2, chance)
    new = np.where(voiced, np.clip(height * np.exp(course), 52, 560), 0.0)
    shift = np.clip((height / median) ** chance.uniform(0.1, 0.45), 0.8, 1.25)
    envelope = _formants_shifted(
        voice.log_envelope[start : start + length], shift * chance.uniform(0.93, 1.07)
    )
    breath = voice.aperiodicity[start : start + length].astype(float) ** chance.uniform(0.6, 1.6)
    sound = pyworld.synthesize(new, np.exp(envelope), np.clip(breath, 1e-4, 1), WORLD_RATE)
    return _take(soxr.resample(sound, WORLD_RATE, RATE), new, WORLD_HOP_S)


def _part(frames: int, chance: Chance) -> tuple[int, int]:
    """(first frame, frames) of a part as long as a take."""
    length = min(frames, round(TAKE_S / WORLD_HOP_S))
    return int(chance.integers(0, frames - length + 1)), length


def _wandering(length: int, step: int, chance: Chance) -> Signal:
    knots = chance.standard_normal(length // step + 4)
    walk: Signal = np.interp(np.arange(length) / step, np.arange(len(knots)), knots)
    return walk


def _formants_shifted(log_envelope: npt.NDArray[np.float32], factor: float) -> Signal:
    """The envelope stretched along frequency."""
    last = log_envelope.shape[1] - 1
    at = np.clip(np.arange(last + 1) / factor, 0, last)
    below = np.minimum(np.floor(at).astype(int), last - 1)
    part = at - below
    stretched = log_envelope[:, below] * (1 - part) + log_envelope[:, below + 1] * part
    return np.ascontiguousarray(stretched, np.float64)


def _take(sound: Signal, f0_hz: Signal, hop_s: float) -> Take:
    """Cut or padded to `TAKE_S`; F0 (every ``hop_s``) brought to the 10 ms frames."""
    frames, samples = round(TAKE_S / HOP_S), round(TAKE_S * RATE)
    out = np.zeros(samples)
    out[: len(sound)] = sound[:samples]
    at = (np.arange(frames) + 0.5) * HOP_S / hop_s
    reached = at < len(f0_hz) - 1
    below = np.minimum(at.astype(int), len(f0_hz) - 2)
    both = (f0_hz[below] > 0) & (f0_hz[below + 1] > 0)
    between = np.interp(at, np.arange(len(f0_hz)), f0_hz)
    nearest = f0_hz[np.minimum(np.round(at).astype(int), len(f0_hz) - 1)]
    course = np.where(reached, np.where(both, between, nearest), 0.0)
    return Take(0.9 * out / (np.abs(out).max() + 1e-9), course)


def pulses(seconds: float, chance: Chance) -> Take:
    """Stretches of glottal pulses through drawn formants: any pitch, creak, jitter, no breath.

    One take in five is a single unbroken stretch.
    """
    samples, frames = round(seconds * RATE), round(seconds / HOP_S)
    sound, f0 = np.zeros(samples), np.zeros(frames)
    low, high = (55, 110) if chance.random() < 0.3 else (70, 540)
    unbroken = chance.random() < 0.2
    at = 0 if unbroken else int(chance.uniform(0.1, 0.6) * RATE)
    while at < samples - 0.4 * RATE:
        length = samples - at if unbroken else int(chance.uniform(0.08, 1.0) * RATE)
        hz = _drawn_course(length, low, high, chance)
        kept = min(length, samples - at)
        sound[at : at + kept] += _glottal(hz, chance)[:kept]
        middles = (np.arange(frames) + 0.5) * HOP_S * RATE - at
        inside = (middles >= 0) & (middles < kept)
        f0[inside] = hz[middles[inside].astype(int)]
        at += length + int(chance.choice([0.01, 0.05, 0.3, 0.6]) * RATE)
    return Take(0.2 * sound, f0)


def _drawn_course(length: int, low: float, high: float, chance: Chance) -> Signal:
    """F0 of every sample, Hz: level or gliding, steady or trembling."""
    height = np.exp(chance.uniform(np.log(low), np.log(high)))
    glide = chance.choice([0, 1], p=[0.3, 0.7]) * chance.uniform(-0.5, 0.5)
    tremble = chance.choice([0, 0.05, 0.3], p=[0.4, 0.5, 0.1])
    wave = np.sin(np.linspace(0, chance.uniform(0, 30), length))
    octaves = glide * np.linspace(0, 1, length) + tremble * wave
    course: Signal = np.clip(height * 2**octaves, 52, 560)
    return course


def _glottal(hz: Signal, chance: Chance) -> Signal:
    """A pulse where a cycle begins, between samples; glottal slope, formants, breath, attack."""
    length = len(hz)
    cycles = np.cumsum(hz / RATE)
    begins = np.flatnonzero(np.diff(np.floor(cycles), prepend=-1) > 0)
    late = (cycles[begins] % 1) / (hz[begins] / RATE)
    size = 1 + chance.choice([0, 0.05, 0.2]) * chance.standard_normal(len(begins))
    source = np.zeros(length)
    source[begins] += size * (1 - late)
    source[np.maximum(begins - 1, 0)] += size * late
    voice = lfilter([1], [1, -chance.uniform(0.3, 0.97)], source)
    for formant in np.sort(chance.uniform([250, 800, 1800, 2900], [900, 2300, 3000, 3800])):
        radius = np.exp(-np.pi * chance.uniform(50, 180) / RATE)
        angle = 2 * np.pi * formant / RATE
        voice = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], voice)
    voice /= np.sqrt(np.mean(voice**2)) + 1e-9
    edge = np.minimum(np.arange(length), length - np.arange(length)) / RATE
    loudness = np.minimum(1, edge / chance.uniform(0.005, 0.06)) * 10 ** chance.uniform(-0.6, 0)
    breath = chance.choice([0, 0.03, 0.15]) * chance.standard_normal(length)
    out: Signal = loudness * (voice + breath)
    return out
