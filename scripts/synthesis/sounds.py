"""What is heard on a telephone line besides speech: hold music, ringing, busy tone, beep.

Tones follow the Chinese national plan (GB/T 3380): 450 Hz, ringing 1 s in 5, busy 0.35 s in 0.7.
"""

import numpy as np

from pipeline.timeline import Span
from scripts.synthesis.line import RATE_HZ, Signal, at_level

_TONE_HZ = 450.0
_BEEP_HZ = 1000.0
_RAMP_S = 0.01
_BEAT_S = 0.36
_PENTATONIC = (0, 2, 4, 7, 9)  # 宫商角徵羽, in semitones above the key
_KEY_HZ = 329.63


def ringback(seconds: float) -> tuple[Signal, tuple[Span, ...]]:
    """Ringing as the caller hears it, 1 s of tone in every 5, and where its tones are."""
    return _cadence(seconds, on_s=1.0, period_s=5.0)


def busy(seconds: float) -> tuple[Signal, tuple[Span, ...]]:
    """The tone after the other party hung up, and where it is heard."""
    return _cadence(seconds, on_s=0.35, period_s=0.7)


def beep(seconds: float) -> tuple[Signal, tuple[Span, ...]]:
    """One tone of 1 kHz, as recorders and switchboards give."""
    return _tone(_BEEP_HZ, seconds), (Span(0.0, seconds),)


def hold_music(seconds: float, level_dbov: float, chance: np.random.Generator) -> Signal:
    """A made-up pentatonic tune over broken chords, faded in and out.

    The melody walks by steps, its notes decay as plucked strings do and have six harmonics, so the
    line's band is filled and nothing in it is speech.
    """
    samples = round(seconds * RATE_HZ)
    music = np.zeros(samples + RATE_HZ * 2)
    degree = 5
    for beat in range(int(seconds / _BEAT_S)):
        degree = int(np.clip(degree + chance.integers(-2, 3), 0, 9))
        at = round(beat * _BEAT_S * RATE_HZ)
        for note, strength in ((degree + 5, 1.0), ((beat * 2) % 5, 0.5)):
            plucked = _plucked(_frequency(note), 1.4) * strength
            music[at : at + len(plucked)] += plucked
    music = music[:samples]
    fade = np.minimum(1.0, np.arange(samples) / (0.4 * RATE_HZ))
    return at_level(music * fade * fade[::-1], level_dbov)


def _frequency(note: int) -> float:
    octave, degree = divmod(note, len(_PENTATONIC))
    return float(_KEY_HZ * 2 ** (octave - 1 + _PENTATONIC[degree] / 12))


def _plucked(frequency_hz: float, seconds: float) -> Signal:
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = np.zeros_like(time)
    for harmonic in range(1, 7):
        if harmonic * frequency_hz < RATE_HZ / 2:
            decay = np.exp(-time * (2.0 + 1.2 * harmonic))
            wave += decay * np.sin(2 * np.pi * harmonic * frequency_hz * time) / harmonic
    return np.asarray(wave * np.minimum(1.0, time / _RAMP_S))


def _cadence(seconds: float, on_s: float, period_s: float) -> tuple[Signal, tuple[Span, ...]]:
    signal = np.zeros(round(seconds * RATE_HZ))
    spans = []
    for start in np.arange(0.0, seconds - on_s, period_s):
        tone = _tone(_TONE_HZ, on_s)
        at = round(start * RATE_HZ)
        signal[at : at + len(tone)] = tone
        spans.append(Span(float(start), float(start) + on_s))
    return signal, tuple(spans)


def _tone(frequency_hz: float, seconds: float) -> Signal:
    """A sine of amplitude 1 with soft edges."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    edge = np.minimum(1.0, np.minimum(time, time[::-1]) / _RAMP_S)
    return np.asarray(np.sin(2 * np.pi * frequency_hz * time) * edge)
