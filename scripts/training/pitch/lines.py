"""What a call does to a voice: other voices, noise, tones, band, gain and coding."""

from __future__ import annotations

import numpy as np
from scipy.signal import fftconvolve

from pipeline.measure import _pitch_posterior as posterior
from pipeline.measure.channel import FloatArray
from scripts.training.pitch.voices import HOP_S, RATE, TAKE_S, Chance, Signal, Take, pulses

SECONDS = 6.0
SAMPLES = round(SECONDS * RATE)
FRAMES = round(SECONDS / HOP_S)
_HZ = np.fft.rfftfreq(SAMPLES, 1 / RATE)
_T = np.arange(SAMPLES) / RATE


def example(takes: list[Take], chance: Chance) -> tuple[FloatArray, Signal]:
    """Features [frames, features] and F0 [frames] of `SECONDS` of some line."""
    sound, f0 = _on_a_line(takes, chance)
    found = posterior.level_context(posterior.levels(sound)) or posterior.LevelContext(-30, -60)
    # What is loud and quiet on a whole channel is known only so well from six seconds, and one
    # channel in ten has a far lower floor than these.
    lower = chance.uniform(5, 40) if chance.random() < 0.1 else 0.0
    context = posterior.LevelContext(
        found.speech_db + chance.normal(0, 1.5), found.floor_db + chance.normal(0, 2.5) - lower
    )
    around = np.zeros(posterior.CONTEXT, np.float32)
    padded = np.concatenate([around, sound, around])
    return posterior.features(padded, FRAMES, context), f0


def _on_a_line(takes: list[Take], chance: Chance) -> tuple[FloatArray, Signal]:
    voiceless = chance.random() < 0.06
    sound, f0 = _voiceless(chance) if voiceless else _speech(takes, chance)
    if chance.random() < 0.12 and not voiceless:
        sound = _in_a_room(sound, chance)
    telephone = chance.random() < 0.75
    before = chance.random() < 0.5  # whether the noise is on the speaker's side of the line
    if before:
        sound = _band(sound, telephone, chance)
    noise, snr_db = _noise(takes, voiceless, chance)
    if before and chance.random() < 0.5:
        noise = _band(noise, telephone, chance)
    power, noise_power = np.mean(sound**2), np.mean(noise**2)
    if power > 0 and noise_power > 0:
        sound = sound + noise * np.sqrt(power / noise_power / 10 ** (snr_db / 10))
    if not before:
        sound = _band(sound, telephone, chance)
    return _coded(sound, chance).astype(np.float32), f0


def _speech(takes: list[Take], chance: Chance) -> tuple[Signal, Signal]:
    """One or two takes, somewhere in the six seconds; a sixth of the time, pulses."""
    if chance.random() < 0.13:
        built = pulses(SECONDS, chance)
        return built.sound, built.f0_hz
    sound, f0 = np.zeros(SAMPLES), np.zeros(FRAMES)
    hop = round(HOP_S * RATE)
    frames = int(chance.uniform(2, TAKE_S) / HOP_S)
    begin = int(chance.integers(0, FRAMES - frames + 1))
    _put(_drawn(takes, chance), sound, f0, begin, frames, int(chance.integers(0, 500 - frames + 1)))
    rest = min(FRAMES - begin - frames, 500)
    if rest * HOP_S > 0.8 and chance.random() < 0.2:
        _put(_drawn(takes, chance), sound, f0, begin + frames, rest, 0)
        sound[(begin + frames) * hop :] *= 10 ** chance.uniform(-0.3, 0)
    return sound, f0


def _put(take: Take, sound: Signal, f0: Signal, begin: int, frames: int, start: int) -> None:
    hop = round(HOP_S * RATE)
    f0[begin : begin + frames] = take.f0_hz[start : start + frames]
    sound[begin * hop : (begin + frames) * hop] = take.sound[start * hop : (start + frames) * hop]


def _drawn(takes: list[Take], chance: Chance) -> Take:
    return takes[int(chance.integers(len(takes)))]


def _voiceless(chance: Chance) -> tuple[Signal, Signal]:
    sound = _tones(chance) if chance.random() < 0.7 else _coloured(chance)
    return 0.5 * sound / (np.abs(sound).max() + 1e-9), np.zeros(FRAMES)


def _coloured(chance: Chance) -> Signal:
    spectrum = np.fft.rfft(chance.standard_normal(SAMPLES))
    slope = chance.uniform(-1.2, 0.2) if chance.random() < 0.6 else 0.0
    noise: Signal = np.fft.irfft(spectrum * np.maximum(_HZ, 60) ** slope, SAMPLES)
    if chance.random() < 0.2:
        noise *= 1 + 0.8 * np.sin(2 * np.pi * chance.uniform(0.2, 4) * _T)
    return noise


def _tones(chance: Chance) -> Signal:
    """What sounds on a line and is no voice: tones, keys, music, clicks, hum, an offset."""
    makers = (_tone, _keys, _music, _clicks, _hum, _offset)
    return makers[int(chance.integers(len(makers)))](chance)


def _sine(hz: float, phase: float = 0.0) -> Signal:
    wave: Signal = np.sin(2 * np.pi * hz * _T + phase)
    return wave


def _tone(chance: Chance) -> Signal:
    return _sine(chance.uniform(100, 3000))


def _keys(chance: Chance) -> Signal:
    """Two tones at once, on and off: keys (ITU-T Q.23) and ringing."""
    low, high = chance.choice([697, 770, 852, 941, 440, 350]), chance.choice([1209, 1477, 480])
    cadence = _sine(chance.uniform(0.2, 5), chance.uniform(0, 6))
    return (_sine(low) + _sine(high)) * (cadence > chance.uniform(-0.5, 0.5))


def _clicks(chance: Chance) -> Signal:
    clicks: Signal = 1e-4 * chance.standard_normal(SAMPLES)
    at = chance.integers(0, SAMPLES, chance.integers(1, 40))
    clicks[at] += chance.uniform(-1, 1, len(at))
    return clicks


def _hum(chance: Chance) -> Signal:
    """The mains and its harmonics."""
    mains, fall = chance.choice([50, 60]), chance.uniform(1, 3)
    hum = np.zeros(SAMPLES)
    for n in range(1, 12):
        hum += _sine(mains * n, chance.uniform(0, 6)) / n**fall
    return hum


def _offset(chance: Chance) -> Signal:
    noise = chance.choice([0, 1e-5, 1e-3]) * chance.standard_normal(SAMPLES)
    offset: Signal = chance.uniform(-0.5, 0.5) + noise
    return offset


def _music(chance: Chance) -> Signal:
    """Chords of three to five plucked notes."""
    music = np.zeros(SAMPLES)
    length = int(chance.uniform(0.15, 0.8) * RATE)
    for start in range(0, SAMPLES, length):
        t = np.arange(min(length, SAMPLES - start)) / RATE
        root = chance.uniform(110, 440)
        fade = np.exp(-t * chance.uniform(0.5, 5))
        steps = chance.choice([0, 3, 4, 7, 10, -5, 12, -12], chance.integers(3, 6), replace=False)
        for step in steps:
            fall = chance.uniform(0.7, 2)
            for n in range(1, int(chance.integers(3, 10))):
                note = np.sin(2 * np.pi * root * 2 ** (step / 12) * n * t + chance.uniform(0, 6))
                music[start : start + len(t)] += fade * note / n**fall
    return music


def _noise(takes: list[Take], voiceless: bool, chance: Chance) -> tuple[Signal, float]:
    """(noise, signal-to-noise ratio in dB); a quarter of the time none."""
    kind = chance.random()
    if kind < 0.3:
        return _coloured(chance), chance.uniform(0, 35)
    if kind < 0.42:
        return chance.standard_normal(SAMPLES), chance.uniform(0, 25)
    if kind < 0.72 and not voiceless:
        voices = int(chance.choice([1, 2, 3, 4, 6, 8, 12, 16, 24]))
        return _babble(takes, voices, chance), chance.uniform(5 if voices > 2 else 9, 25)
    if 0.72 <= kind < 0.76:
        return _tones(chance), chance.uniform(10, 30)
    return np.zeros(SAMPLES), 0.0


def _babble(takes: list[Take], voices: int, chance: Chance) -> Signal:
    talk = np.zeros(SAMPLES)
    for _ in range(voices):
        voice = _drawn(takes, chance).sound
        level = 10 ** (chance.normal(0, 2) / 20) / (np.sqrt(np.mean(voice**2)) + 1e-6)
        talk += level * np.roll(np.resize(voice, SAMPLES), chance.integers(SAMPLES))
    return talk


def _in_a_room(sound: Signal, chance: Chance) -> Signal:
    """Exponentially fading noise as the room's answer (Polack 1988)."""
    t60 = chance.uniform(0.05, 0.35)
    t = np.arange(int(t60 * RATE)) / RATE
    room = chance.standard_normal(len(t)) * np.exp(-6.9 * t / t60)
    room *= chance.uniform(0.1, 0.6) / np.sqrt(np.sum(room**2))
    room[0] = 1
    echoed: Signal = fftconvolve(sound, room)[: len(sound)]
    return echoed


def _band(sound: Signal, telephone: bool, chance: Chance) -> Signal:
    """A telephone's band, or a wider one, and a microphone's unevenness; no delay."""
    gain = np.ones(len(_HZ))
    if telephone:
        low, high = chance.uniform(180, 360), chance.uniform(2900, 3700)
        gain /= np.sqrt(1 + (low / np.maximum(_HZ, 1)) ** (2 * chance.integers(1, 9)))
        gain /= np.sqrt(1 + (_HZ / high) ** (2 * chance.integers(2, 9)))
    elif chance.random() < 0.5:
        gain /= np.sqrt(1 + (chance.uniform(40, 150) / np.maximum(_HZ, 1)) ** 4)
    uneven_db = chance.normal(0, 3 if chance.random() < 0.5 else 0.5, 9)
    gain *= 10 ** (np.interp(_HZ, np.linspace(0, RATE / 2, 9), uneven_db) / 20)
    filtered: Signal = np.fft.irfft(np.fft.rfft(sound) * gain, SAMPLES)
    return filtered


def _coded(sound: Signal, chance: Chance) -> Signal:
    """Some gain, sometimes clipped, then u-law, 16 bits, or as it is."""
    sound = sound / (np.abs(sound).max() + 1e-9) * 10 ** (chance.uniform(-30, 0) / 20)
    peak = np.abs(sound).max()
    if chance.random() < 0.05:
        sound = np.clip(sound, -peak * chance.uniform(0.2, 0.8), peak * 0.6)
    coding = chance.random()
    if coding < 0.6:
        code = np.sign(sound) * np.log1p(255 * np.abs(sound)) / np.log(256)
        code = np.round((np.clip(code, -1, 1) + 1) * 127.5) / 127.5 - 1
        coded: Signal = np.sign(code) * (256 ** np.abs(code) - 1) / 255
        return coded
    return np.round(sound * 32768) / 32768 if coding < 0.8 else sound
