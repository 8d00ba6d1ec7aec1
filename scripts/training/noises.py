"""Sounds that are not speech: noises, hum, hold music, tones and clicks, as signals of 16 kHz."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from scripts.synthesis.voice import Samples

RATE = 16000
Signal = npt.NDArray[np.float64]


def coloured(generator: np.random.Generator, seconds: float) -> Signal:
    """Noise whose power falls with frequency by a random slope, from white to brown."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(generator.standard_normal(count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 20.0)
    shaped: Signal = np.fft.irfft(spectrum * frequency ** -generator.uniform(0, 1.1), count)
    # Rooms and streets swell and fade.
    swell = np.interp(
        np.linspace(0, seconds, count),
        np.linspace(0, seconds, max(int(seconds), 2)),
        generator.uniform(0.3, 1.0, max(int(seconds), 2)),
    )
    return shaped * swell if generator.random() < 0.5 else shaped


def hum(generator: np.random.Generator, seconds: float) -> Signal:
    """Mains hum and machines: a low harmonic series over a little noise."""
    time = np.arange(round(seconds * RATE)) / RATE
    base = generator.choice((50.0, 60.0, 100.0, generator.uniform(80, 400)))
    partials = int(generator.integers(1, 15))
    signal = np.zeros_like(time)
    for order in range(1, partials + 1):
        phase = generator.uniform(0, 2 * np.pi)
        signal += np.sin(2 * np.pi * base * order * time + phase) * generator.random() / order
    return signal + 0.02 * coloured(generator, seconds)


def music(generator: np.random.Generator, seconds: float) -> Signal:
    """Hold music: a melody over chords, plucked or held, from a random scale and tempo."""
    signal = np.zeros(round(seconds * RATE))
    beat = generator.uniform(0.18, 0.8)
    scale = np.array((0, 2, 4, 5, 7, 9, 11) if generator.random() < 0.5 else (0, 2, 4, 7, 9))
    root = generator.uniform(110, 330)
    harmonics = generator.uniform(0.3, 0.8)
    decay = generator.uniform(0.5, 8)
    start = 0.0
    while start < seconds:
        count = int(generator.choice((1, 1, 3, 4)))
        length = beat * generator.choice((1, 1, 2, 4))
        for _ in range(count):
            step = generator.choice(scale) + 12 * generator.integers(0, 3)
            note = _note(root * 2 ** (step / 12), length * 1.5, harmonics, decay)
            begin = round(start * RATE)
            end = min(begin + len(note), len(signal))
            signal[begin:end] += note[: end - begin] * generator.uniform(0.4, 1)
        start += length
    return signal


def _note(frequency: float, seconds: float, harmonics: float, decay: float) -> Signal:
    time = np.arange(round(seconds * RATE)) / RATE
    attack = np.minimum(time / 0.01, 1) * np.minimum((time[-1] - time) / 0.02, 1)
    partials = [
        harmonics**order * np.sin(2 * np.pi * frequency * (order + 1) * time)
        for order in range(8)
        if frequency * (order + 1) < RATE / 2
    ]
    note: Signal = np.sum(partials, axis=0) * attack * np.exp(-decay * time)
    return note


def tones(generator: np.random.Generator, seconds: float) -> Signal:
    """Ringback, busy, DTMF and beeps: one or two sines switched on and off."""
    time = np.arange(round(seconds * RATE)) / RATE
    on = generator.choice((0.1, 0.35, 0.5, 1.0, 4.0))
    off = generator.choice((0.1, 0.35, 0.5, 1.0, 4.0, 0.0))
    pitches = generator.choice((350, 400, 425, 440, 450, 480, 697, 852, 1209, 1336, 1000), 2)
    pair = np.sin(2 * np.pi * pitches[0] * time)
    if generator.random() < 0.5:
        pair += np.sin(2 * np.pi * pitches[1] * time)
    switched: Signal = pair * (np.mod(time + generator.uniform(0, 4), on + off) < on)
    return switched + 0.003 * generator.standard_normal(len(time))


def clicks(generator: np.random.Generator, seconds: float) -> Signal:
    """Typing, paper and knocks: short decaying bursts at random times."""
    signal = 0.005 * generator.standard_normal(round(seconds * RATE))
    for _ in range(int(seconds * generator.uniform(0.5, 8))):
        length = round(generator.uniform(0.005, 0.15) * RATE)
        begin = int(generator.integers(0, max(len(signal) - length, 1)))
        burst = generator.standard_normal(length) * np.exp(-np.linspace(0, 6, length))
        if generator.random() < 0.5:
            burst = np.convolve(burst, np.ones(12) / 4, "same")
        signal[begin : begin + length] += burst * generator.uniform(0.1, 1)
    return signal


KINDS: dict[str, Callable[[np.random.Generator, float], Signal]] = {
    "coloured": coloured,
    "hum": hum,
    "music": music,
    "tones": tones,
    "clicks": clicks,
}


def noise(kind: str, seed: int, seconds: float) -> Samples:
    """A piece of one kind at 16 kHz, scaled to an RMS of 0.05; a seed always gives the same."""
    generator = np.random.default_rng([seed, *kind.encode()])
    signal = KINDS[kind](generator, seconds)
    rms = np.sqrt(np.mean(signal**2) + 1e-12)
    return (signal * (0.05 / rms)).astype(np.float32)
