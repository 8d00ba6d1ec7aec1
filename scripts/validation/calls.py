"""The stereo telephone calls with human segment times, made exact to the 10 ms frame.

People mark segments generously: a segment begins a little early, ends a little late and runs over
pauses. Each segment is therefore refined by the energy inside it, and by nothing else, so that no
detector helps to make its own reference:

1. level per 10 ms frame, smoothed over 30 ms;
2. a threshold per channel: 3 dB above the 95th percentile of the level outside all segments (with
   0.25 s kept clear of them), but within 15 to 32 dB below the channel's active level;
3. within a segment, frames above the threshold in runs of at least 20 ms, gaps of up to 0.25 s
   between them bridged, are speech.

Segments that hold a noise ([noise], [baby], [laughter]) or nothing are not scored, nor 0.1 s around
them; what nobody understood ([unintelligible], <unk>) is speech all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy.ndimage import uniform_filter1d

from pipeline.measure.frames import FRAME_S, Mask, bridged, grown, without_short

Signal = npt.NDArray[np.float32]
"""Float32 samples; shape (channels, n) for a call."""

RATE_HZ = 8000
_PER_FRAME = round(RATE_HZ * FRAME_S)
_NO_WORDS = re.compile(r"(\[(?!unintelligible)[^\]]*\]|\s)*")
_LOWEST_DB = -100.0


@dataclass(frozen=True)
class Segment:
    """What a person marked: seconds, and the text."""

    start_s: float
    end_s: float
    text: str

    @property
    def frames(self) -> slice:
        """As frames of 10 ms."""
        return slice(round(self.start_s / FRAME_S), round(self.end_s / FRAME_S))

    @property
    def spoken(self) -> bool:
        """Whether there are words in it."""
        return not _NO_WORDS.fullmatch(self.text)


@dataclass(frozen=True)
class Call:
    """A call and its reference.

    Attributes:
        samples: shape (2, n) at 8 kHz.
        speech: shape (2, frames), whether each channel's party speaks.
        scored: shape (2, frames), whether the reference knows.
    """

    name: str
    samples: Signal
    speech: Mask
    scored: Mask


def read_calls(data: Path) -> Iterator[Call]:
    """Every call that has human times, in order of names."""
    for path in sorted((data / "calls").glob("*.stm")):
        sound, rate = soundfile.read(path.with_suffix(".wav"), dtype="float32", always_2d=True)
        if rate != RATE_HZ:
            raise ValueError(f"{path.stem}: expected {RATE_HZ} Hz, found {rate}")
        samples = np.ascontiguousarray(sound.T)
        refined = [refine(samples[i], _segments(path, i + 1)) for i in range(2)]
        yield Call(
            path.stem,
            samples,
            np.stack([speech for speech, _ in refined]),
            np.stack([scored for _, scored in refined]),
        )


def refine(samples: Signal, segments: list[Segment]) -> tuple[Mask, Mask]:
    """(speech, scored) per 10 ms frame of one channel; see the module's text."""
    level = levels(samples)
    spoken, other = np.zeros(len(level), bool), np.zeros(len(level), bool)
    for segment in segments:
        (spoken if segment.spoken else other)[segment.frames] = True
    threshold = _threshold(level, spoken, grown(spoken | other, 0.25))
    speech = np.zeros(len(level), bool)
    for segment in segments:
        if segment.spoken:
            loud = without_short(level[segment.frames] > threshold, 0.02)
            speech[segment.frames] |= bridged(loud, 0.25)
    return speech, ~(grown(other, 0.1) & ~speech)


def _threshold(level: npt.NDArray[np.float64], spoken: Mask, marked: Mask) -> float:
    inside, outside = level[spoken], level[~marked]
    outside = outside[outside > _LOWEST_DB + 10]  # digital silence says nothing about noise
    noise = float(np.quantile(outside, 0.95)) if len(outside) > 20 else -70.0
    loud = inside[inside > np.quantile(inside, 0.3)]
    active = float(10 * np.log10(np.mean(10 ** (loud / 10))))
    return max(min(noise + 3, active - 15), active - 32)


def levels(samples: Signal) -> npt.NDArray[np.float64]:
    """Level per 10 ms frame, smoothed over 30 ms, dBov."""
    frames = -(-len(samples) // _PER_FRAME)
    padded = np.zeros(frames * _PER_FRAME)
    padded[: len(samples)] = samples
    power = np.mean(padded.reshape(frames, _PER_FRAME) ** 2, axis=1)
    smooth = uniform_filter1d(power, 3, mode="constant")
    return np.asarray(10 * np.log10(smooth + 10 ** (_LOWEST_DB / 10)), np.float64)


def _segments(path: Path, channel: int) -> list[Segment]:
    """One channel's lines of an STM file: name, channel, speaker, start, end, text."""
    found = []
    for line in path.read_text().splitlines():
        _, number, _, start, end, *text = line.split(" ", 5)
        if int(number) == channel:
            found.append(Segment(float(start), float(end), " ".join(text)))
    return found


# ── What happens to a call on its way ────────────────────────────────────────────────────────────


def with_noise(call: Call, noises: npt.NDArray[np.float64], snr_db: float) -> Signal:
    """Noise on both channels, below the level of each channel's own speech frames."""
    noisy = call.samples.copy()
    for i, noise in enumerate(noises):
        frames = np.repeat(call.speech[i], _PER_FRAME)[: noisy.shape[1]]
        loud = np.sqrt(np.mean(call.samples[i][frames] ** 2))
        size = loud * 10 ** (-snr_db / 20) / np.sqrt(np.mean(noise**2))
        noisy[i] += (size * noise).astype(np.float32)
    return noisy


def white(length: int, seed: int) -> npt.NDArray[np.float64]:
    """White noise, shape (2, length)."""
    return np.random.default_rng(seed).standard_normal((2, length))


def babble(data: Path, length: int, voices: int, seed: int) -> npt.NDArray[np.float64]:
    """As many voices at once, sentences one after the other, shape (2, length)."""
    chance, sentences = np.random.default_rng(seed), _sentences(data)
    total = np.zeros((2, length))
    for channel in total:
        for _ in range(voices):
            said: list[Signal] = []
            while sum(map(len, said)) < length:
                said.append(sentences[int(chance.integers(len(sentences)))])
            talk = np.concatenate(said)
            channel += np.roll(talk, int(chance.integers(len(talk))))[:length]
    return total


@cache
def _sentences(data: Path) -> tuple[Signal, ...]:
    """The read sentences of the pitch recordings, at one level."""
    found = []
    for path in sorted((data / "pitch").glob("*.wav")):
        sound, rate = soundfile.read(path, dtype="float32")
        narrow = soxr.resample(sound, rate, RATE_HZ)
        found.append(np.asarray(narrow / np.sqrt(np.mean(narrow**2)), np.float32))
    return tuple(found)


def with_leak(samples: Signal, gain_db: float, delay_s: float) -> Signal:
    """Each party heard in the other's channel as well, lower and later."""
    late = round(delay_s * RATE_HZ)
    leaking = samples.copy()
    for i in range(2):
        leaking[i, late:] += 10 ** (gain_db / 20) * samples[1 - i, : samples.shape[1] - late]
    return leaking
