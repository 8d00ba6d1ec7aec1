"""Cues of tone on constructed voices whose truth is known: clean, telephone, noisy telephone.

Vowels are built as Klatt (1980, JASA 67, 971-995) builds them: pulses through resonators. Spread
lips are F2 and F3 higher by 8 % (Tartter 1980); a raised voice is 10 dB of level with the emphasis
and the pitch that go with them; a raised gain is 10 dB of level alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, lfilter, sosfilt

from pipeline.measure import effort, level, spectrum, tone
from pipeline.measure.channel import Channel, FloatArray, from_samples
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span
from scripts.validation.table import OURS, Row, markdown

STAGE = "tone"
RATE = 8000
SECONDS = 1.5
VOWELS_HZ = ((730, 1090, 2440), (530, 1840, 2480), (570, 840, 2410), (390, 1990, 2550))
"""Peterson & Barney (1952), men: ah, eh, aw, ih; vowels whose F2 and F3 a telephone carries."""
PITCHES_HZ = (105.0, 125.0, 190.0, 215.0)
SMILE = 0.08
CONDITIONS = ("clean", "telephone", "telephone + white 20 dB")
PRAAT = "Praat"

Samples = npt.NDArray[np.float64]


def vowel(f0_hz: float, formants_hz: tuple[int, ...], shift: float = 0.0) -> Samples:
    """A vowel between silences; ``shift`` moves F2 and F3."""
    pulses = np.diff(np.floor(np.arange(round(SECONDS * RATE)) * f0_hz / RATE), prepend=0.0)
    sound = lfilter([1.0], [1.0, -0.9], pulses)
    first, *others = formants_hz
    resonances = [first, *(hz * (1 + shift) for hz in others), 3400]
    for hz, width in zip(resonances, (70, 90, 120, 170), strict=True):
        radius = np.exp(-np.pi * width / RATE)
        turn = 2 * radius * np.cos(2 * np.pi * hz / RATE)
        sound = lfilter([1.0], [1.0, -turn, radius**2], sound)
    still = np.zeros(RATE // 2)
    return np.concatenate([still, 0.1 * sound / np.sqrt(np.mean(sound**2)), still])


def on_the_line(sound: Samples, condition: str) -> Samples:
    """The sound as a telephone, or a noisy one, carries it."""
    if condition == "clean":
        return sound
    heard = sosfilt(butter(4, [300, 3400], "bandpass", fs=RATE, output="sos"), sound)
    if "white" in condition:
        hiss = np.random.default_rng(0).standard_normal(len(heard))
        voiced = heard[RATE // 2 : -RATE // 2]
        heard = heard + hiss * np.sqrt(np.mean(voiced**2)) * 10 ** (-20 / 20)
    code = np.sign(heard) * np.log1p(255 * np.abs(np.clip(heard, -1, 1))) / np.log(256)
    code = np.round(code * 127.5) / 127.5
    return np.asarray(np.sign(code) * (256 ** np.abs(code) - 1) / 255)


def _pitch_track(channel: Channel, f0_hz: float) -> FloatArray:
    track = np.full(len(level.track(channel)), np.nan, np.float32)
    track[52 : round((0.5 + SECONDS) * 100) - 2] = f0_hz
    return track


def our_formants(channel: Channel, f0_hz: float) -> tuple[float, float]:
    """F2 and F3, Hz; NaN where we abstain."""
    found = tone.measure(
        channel,
        _pitch_track(channel, f0_hz),
        level.track(channel),
        spectrum.bands(channel),
        [Span(0.5, 0.5 + SECONDS)],
        load_measure_settings().tone,
    )
    return (
        float("nan") if found.f2_hz is None else found.f2_hz,
        float("nan") if found.f3_hz is None else found.f3_hz,
    )


def praat_formants(channel: Channel, f0_hz: float) -> tuple[float, float]:
    """The same by Praat's Burg method, four formants up to 4 kHz."""
    import parselmouth

    sound = parselmouth.Sound(channel.read().astype(np.float64), channel.rate_hz)
    found = sound.to_formant_burg(0.01, 4, 4000)
    times = np.arange(0.55, 0.45 + SECONDS, 0.01)
    second, third = (
        float(np.nanmedian([found.get_value_at_time(number, at) for at in times]))
        for number in (2, 3)
    )
    return second, third


def _methods() -> dict[str, Callable[[Channel, float], tuple[float, float]]]:
    found: dict[str, Callable[[Channel, float], tuple[float, float]]] = {OURS: our_formants}
    try:
        import parselmouth  # noqa: F401
    except ImportError:
        return found
    return found | {PRAAT: praat_formants}


def _formants() -> Iterator[Row]:
    """How far a smile of 8 % is misread, over vowels and pitches."""
    for condition in CONDITIONS:
        for system, method in _methods().items():
            off: list[float] = []
            for f0 in PITCHES_HZ:
                for formants in VOWELS_HZ:
                    plain, smiled = (
                        method(
                            from_samples(on_the_line(vowel(f0, formants, s), condition), RATE), f0
                        )
                        for s in (0.0, SMILE)
                    )
                    shifts = 100 * (np.array(smiled) / np.array(plain) - 1 - SMILE)
                    off.extend(np.abs(shifts).tolist())
            error = float(np.nanmedian(off))
            yield Row(
                STAGE, "smile of 8 %, median error of the shift", condition, system, error, "%"
            )


def _effort() -> Iterator[Row]:
    settings = load_measure_settings().level

    def voiced(f0: float, gain_db: float, emphasis_db: float) -> effort.Voicing:
        sound = _emphasised(vowel(f0, VOWELS_HZ[0]), emphasis_db)
        sound *= 10 ** ((_CALM_DBOV + gain_db) / 20) / np.sqrt(np.mean(np.square(sound)))
        channel = from_samples(on_the_line(sound, "telephone"), RATE)
        return effort.voicing(
            level.track(channel),
            spectrum.bands(channel),
            _pitch_track(channel, f0),
            [Span(0.5, 0.5 + SECONDS)],
            settings,
        )

    usual = voiced(120.0, 0.0, 0.0)
    raised = 120.0 * 2 ** (10 * settings.effort_pitch_st / 12)
    for what, truth, heard in (
        ("raised voice of 10 dB", 10.0, voiced(raised, 10.0, 10 * settings.effort_emphasis_db)),
        ("gain raised by 10 dB", 0.0, voiced(120.0, 10.0, 0.0)),
        ("pitch raised by 4 semitones", 0.0, voiced(120.0 * 2 ** (4 / 12), 0.0, 0.0)),
    ):
        found = effort.effort(heard, usual, settings)
        error = None if found.effort_db is None else abs(found.effort_db - truth)
        yield Row(STAGE, "vocal effort, error", what, OURS, error, "dB")
        if truth and found.by_level_db is not None and found.by_emphasis_db is not None:
            alone = {"level": found.by_level_db, "emphasis": found.by_emphasis_db}
            for cue, says in alone.items():
                name = f"the same by {cue} alone, error"
                yield Row(STAGE, name, what, OURS, abs(says - truth), "dB")


_CALM_DBOV = -30.0


def _emphasised(sound: Samples, emphasis_db: float) -> Samples:
    """What lies above 1 kHz made louder, and its phase kept."""
    spectrum_of = np.fft.rfft(sound)
    spectrum_of[np.fft.rfftfreq(len(sound), 1 / RATE) > 1000] *= 10 ** (emphasis_db / 20)
    return np.fft.irfft(spectrum_of, len(sound))


def rows(data: Path) -> list[Row]:
    """All figures of the stage; they need no recordings, ``data`` is not looked at."""
    del data
    return [*_formants(), *_effort()]


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(markdown(rows(Path())))


if __name__ == "__main__":
    main()
