"""What a telephone line does to a voice: level, overload, echo, the 8 kHz band and mu-law."""

import numpy as np
import soxr

from scripts.synthesis.voice import Samples

_MU = 255.0


def at_level(samples: Samples, level_db: float) -> Samples:
    """Scale so that the loud half of the signal has this RMS in dB re full scale."""
    energy = np.sort(samples.astype(np.float64) ** 2)
    rms = np.sqrt(energy[len(energy) // 2 :].mean() + 1e-12)
    return (samples * (10 ** (level_db / 20) / rms)).astype(np.float32)


def overload(samples: Samples, drive_db: float) -> Samples:
    """Amplify and clip hard, as a shouting voice does in a cheap headset."""
    return np.clip(at_level(samples, drive_db - 20), -1, 1).astype(np.float32)


def echo(samples: Samples, rate: int, delay_s: float, attenuation_db: float) -> Samples:
    """Add one reflection; the length stays."""
    shift = round(delay_s * rate)
    late = np.zeros_like(samples)
    late[shift:] = samples[: max(len(samples) - shift, 0)]
    return (samples + late * np.float32(10 ** (-attenuation_db / 20))).astype(np.float32)


def mu_law(samples: Samples) -> Samples:
    """Round trip through 8-bit mu-law (ITU-T G.711, continuous formula)."""
    clipped = np.clip(samples, -1, 1)
    pressed = np.sign(clipped) * np.log1p(_MU * np.abs(clipped)) / np.log1p(_MU)
    steps = np.round((pressed + 1) * 127.5) / 127.5 - 1
    return (np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(_MU)) / _MU).astype(np.float32)


def telephone(samples: Samples, rate: int, level_db: float) -> Samples:
    """Through an 8 kHz mu-law line at `level_db`; back at `rate`, length kept."""
    narrow = soxr.resample(at_level(samples, level_db), rate, 8000)
    wide = soxr.resample(mu_law(narrow), 8000, rate)
    out = np.zeros_like(samples)
    count = min(len(out), len(wide))
    out[:count] = wide[:count]
    return out
