"""Training windows: utterances and noise put together as log-mel power, with their targets.

Everything acoustic that can be done to mel power is done here, anew for every window: level,
noise, band, tilt, cross-talk, pauses, cuts. Powers add; the result is normalised as
`whisper.log_mel_spectrogram` does, and what lies beyond the recording's end is 0.0 as
`whisper.transcribe` pads it.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import numpy.typing as npt
import torch
from whisper.audio import mel_filters

from scripts.training.corpus import Shard, Utterance

Floats = npt.NDArray[np.float32]

FRAMES = 3000  # 10 ms each
SAME_SEGMENT_S = 0.35  # utterances closer than this are one segment


@dataclass(frozen=True, slots=True)
class Character:
    """A character heard in a window; times in seconds from its start."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Window:
    """Normalised log-mel (frames x 80; `content` of them are recording) and what is said.

    `f0` is in Hz a frame: NaN where unvoiced, 0 where nobody was asked (outside the utterances).
    """

    mel: Floats
    f0: Floats
    content: int
    segments: tuple[tuple[Character, ...], ...]
    cut: float | None  # start of an utterance that runs over the window's end, left out


@dataclass(frozen=True, slots=True)
class Material:
    """What windows are made of: speech shards, and noise as log10 mel power (frames x 80)."""

    shards: Sequence[Shard]
    noises: Sequence[npt.NDArray[np.float16]]  # backgrounds under speech
    unspoken: Sequence[npt.NDArray[np.float16]]  # music, tones, clicks: what must give no text

    def utterance(self, random: Random) -> tuple[Shard, Utterance]:
        """Any utterance."""
        shard = random.choice(self.shards)
        return shard, random.choice(shard.utterances)


def speech_window(
    material: Material, random: Random, content_s: float, density: float, padded: int
) -> Window:
    """Speech in `content_s` seconds of recording, in a window of `padded` frames.

    `density` in (0, 1] is how much of the time is filled: pauses are drawn accordingly.
    """
    content = min(round(content_s * 100), FRAMES)
    power = np.full((content, 80), 1e-10, np.float32)
    f0 = np.zeros(padded, np.float32)
    placed: list[tuple[Utterance, float]] = []
    cut: float | None = None
    # A window may begin in the middle of an utterance, as a cut at a fixed time would.
    onset = -random.uniform(0.2, 2.0) if random.random() < 0.06 else _lead(random, density)
    while onset < content / 100 - 0.3:
        shard, utterance = material.utterance(random)
        gain = random.gauss(0, 0.15) + (random.uniform(-0.8, 0.3) if random.random() < 0.2 else 0)
        _add(power, shard.log_mel(utterance), round(onset * 100), gain)
        _mark(f0[:content], shard.f0_hz(utterance), round(onset * 100))
        placed.append((utterance, round(onset * 100) / 100))
        onset += utterance.ends[-1] + _pause(random, density)
    segments, cut = _segments(placed, content / 100)
    mel = _acoustics(power, material, random)
    window = np.zeros((padded, 80), np.float32)
    window[:content] = mel[:padded]
    return Window(window, f0, content, segments, cut)


def single_window(material: Material, random: Random, severity: float) -> Window:
    """One utterance with little around it: the cheap windows of the first stage.

    `severity` is the share of windows that get noise, bands and the rest.
    """
    shard, utterance = material.utterance(random)
    before, after = random.uniform(0, 0.4), random.uniform(0.05, 0.5)
    content = round((before + after) * 100) + utterance.frames
    power = np.full((min(content, FRAMES), 80), 1e-10, np.float32)
    f0 = np.zeros(len(power), np.float32)
    _add(power, shard.log_mel(utterance), round(before * 100), 0.0)
    _mark(f0, shard.f0_hz(utterance), round(before * 100))
    segments, cut = _segments([(utterance, round(before * 100) / 100)], len(power) / 100)
    harsh = random.random() < severity
    mel = _acoustics(power, material, random) if harsh else normalise(power)
    return Window(mel, f0, len(power), segments, cut)


def empty_window(material: Material, random: Random, padded: int) -> Window:
    """A recording without speech: silence, noise, music, tones."""
    content = FRAMES if random.random() < 0.5 else random.randint(30, FRAMES)
    content = min(content, padded)
    power = np.full((content, 80), 1e-10, np.float32)
    draw = random.random()
    if draw > 0.15:
        bank = material.unspoken if draw > 0.5 else material.noises
        for _ in range(random.choice((1, 1, 2))):
            _add_noise(power, random.choice(bank), random, random.uniform(-5, 2))
    loudest = random.choice((0.0, random.uniform(0, 5)))
    mel = normalise(_shape(power, random), loudest)
    window = np.zeros((padded, 80), np.float32)
    window[:content] = mel
    return Window(window, np.zeros(padded, np.float32), content, (), None)


def normalise(power: Floats, loudest_elsewhere: float = 0.0) -> Floats:
    """Whisper's normalisation; the file's maximum may lie outside the window by some decades."""
    logarithm = np.log10(np.maximum(power, 1e-10))
    top = float(logarithm.max()) + loudest_elsewhere
    scaled: Floats = ((np.maximum(logarithm, top - 8.0) + 4.0) / 4.0).astype(np.float32)
    return scaled


def _lead(random: Random, density: float) -> float:
    if random.random() < 0.5:
        return random.uniform(0, 0.5)
    return min(random.expovariate(density / 2.5), 15)


def _pause(random: Random, density: float) -> float:
    if random.random() < density * 0.5:
        return random.uniform(0.02, 0.7)
    return min(random.expovariate(density / 1.8), 12)


def _add(power: Floats, log_mel: npt.NDArray[np.float16], onset: int, gain: float) -> None:
    """Add an utterance at a frame, which may lie outside, with a gain in log10 power."""
    first = max(onset, 0)
    last = min(onset + len(log_mel), len(power))
    if last > first:
        piece = log_mel[first - onset : last - onset].astype(np.float32)
        power[first:last] += 10 ** (piece + np.float32(gain))


def _mark(f0: Floats, utterance: npt.NDArray[np.float16], onset: int) -> None:
    """Note an utterance's F0 at a frame, which may lie outside."""
    first, last = max(onset, 0), min(onset + len(utterance), len(f0))
    if last > first:
        f0[first:last] = utterance[first - onset : last - onset]


def _add_noise(power: Floats, bank: npt.NDArray[np.float16], random: Random, gain: float) -> None:
    """Add a piece of noise over the whole window, repeated if it is shorter."""
    start = random.randint(0, max(len(bank) - len(power), 0))
    rows = (start + np.arange(len(power))) % len(bank)
    power += 10 ** (bank[rows].astype(np.float32) + np.float32(gain))


def _acoustics(power: Floats, material: Material, random: Random) -> Floats:
    """Noise, cross-talk, band, tilt and level, then the normalisation."""
    if random.random() < 0.6:
        _add_noise(power, random.choice(material.noises), random, -random.uniform(1.0, 4.0))
    if random.random() < 0.08:
        _add_noise(power, random.choice(material.unspoken), random, -random.uniform(1.6, 4.0))
    if random.random() < 0.12:  # the other party, leaking
        shard, other = material.utterance(random)
        onset = random.randint(0, len(power))
        _add(power, shard.log_mel(other), onset, -random.uniform(2.2, 4.0))
    shaped = _shape(power, random)
    loudest = random.uniform(0, 1.5) if random.random() < 0.3 else 0.0
    mel = normalise(shaped, loudest)
    if random.random() < 0.4:
        _mask(mel, random)
    return mel


def _shape(power: Floats, random: Random) -> Floats:
    """Level (about -43 to +5 dB re the stored one), telephone band, tilt and a flat floor."""
    curve = np.full(80, random.uniform(-2.0, 1.8))
    if random.random() < 0.55:
        low, high = random.uniform(80, 350), random.uniform(3300, 4000)
        curve -= np.maximum(low - _bands_hz(), 0) / low * random.uniform(0, 3)
        curve -= np.clip((_bands_hz() - high) / 300, 0, 1) * random.uniform(3, 7)
    if random.random() < 0.5:
        curve += np.linspace(-1, 1, 80) * random.uniform(-0.6, 0.6)
    shaped: Floats = power * (10**curve).astype(np.float32)
    if random.random() < 0.4:
        shaped += np.float32(10 ** random.uniform(-8, -4.5))
    return shaped


def _mask(mel: Floats, random: Random) -> None:
    """SpecAugment (Park et al. 2019), mild: one band of frequencies and a few short moments."""
    width = random.randint(1, 10)
    band = random.randint(0, 80 - width)
    mel[:, band : band + width] = mel.mean()
    for _ in range(len(mel) // 250):
        moment = random.randint(0, len(mel) - 1)
        mel[moment : moment + random.randint(1, 6)] = mel.mean()


def _segments(
    placed: Sequence[tuple[Utterance, float]], end: float
) -> tuple[tuple[tuple[Character, ...], ...], float | None]:
    """Characters heard whole (their middle lies inside), and the start of a sentence cut off."""
    segments: list[list[Character]] = []
    cut: float | None = None
    for utterance, onset in placed:
        heard = [
            Character(text, max(onset + start, 0.0), min(onset + stop, end))
            for text, start, stop in zip(
                utterance.text, utterance.starts, utterance.ends, strict=True
            )
            if 0 < onset + (start + stop) / 2 < end
        ]
        # Whisper writes only the start of a last sentence that the window's end cuts off.
        if segments and onset + utterance.ends[-1] > end + 0.05:
            cut = heard[0].start if heard else None
            break
        if not heard:
            continue
        if segments and heard[0].start - segments[-1][-1].end < SAME_SEGMENT_S:
            segments[-1].extend(heard)
        else:
            segments.append(heard)
    return tuple(tuple(segment) for segment in segments), cut


@functools.cache
def _bands_hz() -> npt.NDArray[np.float64]:
    """Centre frequencies of Whisper's 80 mel bands."""
    filters = mel_filters(torch.device("cpu"), 80).numpy().astype(np.float64)
    centres: npt.NDArray[np.float64] = filters @ np.arange(201) * 40.0 / filters.sum(axis=1)
    return centres
