"""Who speaks when in one channel, against both channels.

The stereo calls are mixed to one channel; the reference is who speaks in each channel before that,
exact to the frame, as `scripts/validation/calls.py` describes it. DER is NIST's
(`scripts/validation/der.py`): missed speech, invented speech and wrong voices, overlapped speech
included and speech activity our own, over the reference's speech of all calls. "As marked" holds
the found stretches against the segments that people marked, which are generous and run over
pauses. "GSM" is a GSM 06.10 coder there and back; noise is added before it, 15 dB below the speech,
each call with three noises of a kind. The sample calls are synthetic, with true times.

"Overlaps marked right" is the share of what is marked as both talking in which both do, "overlaps
found" the share of all such time that is marked; both in sound, 10 ms frames.

"One voice" are the channels of the calls one by one: how many come out as one voice. "In three"
have three parties of different calls take turns. The limits on the number of voices in
`configs/measure.yaml` were fitted to 17 voices alone and 64 pairs of them, and 12 of these voices
are the six calls' parties: that column flatters (docs/measures/speakers.md).

The reference systems have our speech activity: "all one voice" gives everything to one speaker.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from pipeline.measure import speakers, speech
from pipeline.measure.channel import from_samples, resampled
from pipeline.measure.frames import FRAME_S, Mask, frame_count, mask_of, runs
from pipeline.measure.speakers import Separation, VoiceEncoder
from pipeline.measure.vad import Vad, load_vad
from pipeline.settings import MeasureSettings, load_measure_settings
from pipeline.timeline import Span, bridge
from scripts.synthesis.truth import BRIDGE_S, read_truth
from scripts.validation import der
from scripts.validation.calls import RATE_HZ, Signal, read_calls, white
from scripts.validation.table import OURS, Row, Target, error_row, tell

STAGE = "speakers"
_row = partial(error_row, STAGE)
ALONE = "all one voice"
COLLAR_S = 0.25
SNR_DB = 15.0
NOISES = (1, 2, 3)
"""Seeds."""
SAMPLE_CALLS = Path(__file__).resolve().parents[2] / "tests" / "calls"
_PER_FRAME = RATE_HZ // 100
_LEAST_BOTH_S = 1.0
"""Without so much overlapped speech nothing is said of finding it."""


@dataclass(frozen=True, eq=False)
class Mixed:
    """One channel with several voices.

    Attributes:
        samples: at 8 kHz.
        truth: shape (voices, frames).
        known: the frames in which the truth is known.
        marked: what people marked, where that is something else.
    """

    name: str
    samples: Signal
    truth: Mask
    known: Mask
    marked: Mask | None = None


@dataclass
class Tally:
    """Results on one condition."""

    errors: dict[str, der.ErrorRate] = field(default_factory=dict)
    worst: float = 0.0
    shares: list[float] = field(default_factory=list)
    right_count: list[bool] = field(default_factory=list)
    sound_s: float = 0.0
    took_s: float = 0.0
    both_s: float = 0.0
    marked_s: float = 0.0
    marked_right_s: float = 0.0

    def add(self, call: Mixed, found: Separation, took_s: float) -> None:
        """Take in one recording."""
        frames = call.truth.shape[1]
        voices = _masks(found.speech, frames)
        collared = der.score(call.truth, voices, COLLAR_S, call.known)
        self._count("DER, collar 0.25 s", collared)
        self._count("DER, no collar", der.score(call.truth, voices, 0.0, call.known))
        alone = der.score(call.truth, voices, COLLAR_S, call.known, overlap=False)
        self._count("DER, collar 0.25 s, overlaps left out", alone)
        if call.marked is not None:
            stretches = _masks(_by_voice(found), frames)
            self._count(
                "DER, collar 0.25 s, as marked", der.score(call.marked, stretches, COLLAR_S)
            )
        self.worst = max(self.worst, collared.percent)
        self.shares.append(der.share_off(call.truth, voices, call.known))
        self.right_count.append(len(found.speech) == len(call.truth))
        self.sound_s += len(call.samples) / RATE_HZ
        self.took_s += took_s
        self._overlaps(call, found)

    def _overlaps(self, call: Mixed, found: Separation) -> None:
        both = (call.truth.sum(axis=0) > 1) & call.known
        (marked,) = _masks([[each.span for each in found.overlaps]], len(both))
        marked &= call.known
        self.both_s += FRAME_S * both.sum()
        self.marked_s += FRAME_S * marked.sum()
        self.marked_right_s += FRAME_S * (both & marked).sum()

    def _count(self, what: str, found: der.ErrorRate) -> None:
        self.errors[what] = self.errors.get(what, der.ErrorRate(0, 0, 0, 0)) + found


def _masks(timelines: Sequence[Sequence[Span]], frames: int) -> Mask:
    return np.array([mask_of(tuple(part), frames) for part in timelines]).reshape(-1, frames)


def _by_voice(found: Separation) -> list[list[Span]]:
    return [
        [each.span for each in found.stretches if each.voice == number]
        for number in range(1, len(found.speech) + 1)
    ]


# ── Recordings ───────────────────────────────────────────────────────────────────────────────────


def mixed_calls(data: Path) -> Iterator[Mixed]:
    """The stereo calls in one channel."""
    for call in read_calls(data):
        marked = _rttm(data / "calls" / f"{call.name}.rttm", call.speech.shape[1])
        yield Mixed(
            call.name,
            call.samples.mean(axis=0),
            call.speech,
            call.scored[0] & call.scored[1],
            marked,
        )


def mono_recordings(data: Path) -> Iterator[Mixed]:
    """Conversations that were recorded in one channel, at 8 kHz."""
    for path in sorted((data / "mono").glob("*.wav")):
        sound, rate = soundfile.read(path, dtype="float32")
        samples = resampled(sound, rate, RATE_HZ)
        truth = _rttm(path.with_suffix(".rttm"), -(-len(samples) // _PER_FRAME))
        yield Mixed(path.stem, samples, truth, np.ones(truth.shape[1], bool))


def sample_calls(folder: Path) -> Iterator[Mixed]:
    """The sample calls in one channel."""
    return map(sample_call, sorted(folder.glob("*.truth.json")))


def sample_call(path: Path) -> Mixed:
    """A sample call in one channel, the truth from its script."""
    truth = read_truth(path)
    sound, rate = soundfile.read(path.with_name(truth.audio), dtype="float32")
    samples = resampled(np.ascontiguousarray(sound.mean(axis=1)), rate, RATE_HZ)
    frames = -(-len(samples) // _PER_FRAME)
    said = [[w.span for w in truth.words if w.speaker == p.speaker] for p in truth.parties]
    own = _masks([bridge(spans, BRIDGE_S) for spans in said], frames)
    return Mixed(truth.call_id, samples, own, np.ones(frames, bool))


def single_samples(folder: Path) -> Iterator[Mixed]:
    """Each channel of the sample calls."""
    for path in sorted(folder.glob("*.truth.json")):
        truth = read_truth(path)
        sound, rate = soundfile.read(path.with_name(truth.audio), dtype="float32")
        for i, party in enumerate(truth.parties):
            samples = resampled(np.ascontiguousarray(sound[:, i]), rate, RATE_HZ)
            said = [w.span for w in truth.words if w.speaker == party.speaker]
            own = _masks([bridge(said, BRIDGE_S)], -(-len(samples) // _PER_FRAME))
            yield Mixed(f"{truth.call_id} {i}", samples, own, np.ones(own.shape[1], bool))


def single_voices(data: Path) -> Iterator[Mixed]:
    """Each channel of the stereo calls."""
    for call in read_calls(data):
        for i in range(2):
            yield Mixed(f"{call.name} {i}", call.samples[i], call.speech[i : i + 1], call.scored[i])


def in_threes(data: Path) -> Iterator[Mixed]:
    """Three parties of different calls who take turns, phrase by phrase."""
    parties = [(c.samples[i], c.speech[i] & c.scored[i]) for c in read_calls(data) for i in (0, 1)]
    for seed in range(12):
        chance = np.random.default_rng(seed)
        chosen = chance.choice(len(parties), 3, replace=False)
        yield _taking_turns([parties[i] for i in chosen], f"three {seed}", chance)


def _taking_turns(
    parties: Sequence[tuple[Signal, Mask]], name: str, chance: np.random.Generator
) -> Mixed:
    phrases = [[sound[a * 80 : b * 80] for a, b in runs(said)] for sound, said in parties]
    placed: list[tuple[int, int, Signal]] = []
    frame, own = 100, 0
    while any(phrases):
        own = int(chance.choice([i for i, left in enumerate(phrases) if left]))
        for _ in range(min(len(phrases[own]), int(chance.integers(1, 4)))):
            phrase = phrases[own].pop(0)
            placed.append((own, frame, phrase))
            frame += len(phrase) // 80 + int(chance.integers(25, 90))
    samples = (10 ** (-65 / 20) * chance.standard_normal((frame + 100) * 80)).astype(np.float32)
    truth = np.zeros((len(parties), frame + 100), bool)
    for own, first, phrase in placed:
        samples[first * 80 : first * 80 + len(phrase)] += phrase
        truth[own, first : first + len(phrase) // 80] = True
    return Mixed(name, samples, truth, np.ones(frame + 100, bool))


def _rttm(path: Path, frames: int) -> Mask:
    spoken: dict[str, list[Span]] = {}
    for line in path.read_text().splitlines():
        _, _, _, start, length, _, _, speaker, *_ = line.split()
        spoken.setdefault(speaker, []).append(Span(float(start), float(start) + float(length)))
    return _masks([spoken[name] for name in sorted(spoken)], frames)


# ── What happens to them ─────────────────────────────────────────────────────────────────────────


def through_gsm(samples: Signal) -> Signal:
    """A GSM 06.10 full-rate coder (ETSI EN 300 961), there and back."""
    coded = io.BytesIO()
    soundfile.write(coded, samples, RATE_HZ, format="WAV", subtype="GSM610")
    coded.seek(0)
    back = soundfile.read(coded, dtype="float32")[0][: len(samples)]
    return np.asarray(np.pad(back, (0, len(samples) - len(back))), np.float32)


def pink(length: int, seed: int) -> npt.NDArray[np.float64]:
    """Noise whose power falls by 3 dB an octave."""
    spectrum = np.fft.rfft(white(length, seed)[0])
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    return np.asarray(np.fft.irfft(spectrum, length), np.float64)


def noisy(call: Mixed, noise: npt.NDArray[np.float64]) -> Mixed:
    """The call with noise 15 dB below its speech, through a GSM coder."""
    talk = np.repeat(call.truth.any(axis=0), _PER_FRAME)[: len(call.samples)]
    loud = float(np.sqrt(np.mean(call.samples[: len(talk)][talk] ** 2)))
    size = loud * 10 ** (-SNR_DB / 20) / np.sqrt(np.mean(noise**2))
    samples = through_gsm((call.samples + size * noise).astype(np.float32))
    return Mixed(call.name, samples, call.truth, call.known, call.marked)


# ── Figures ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _System:
    settings: MeasureSettings
    vad: Vad
    encoder: VoiceEncoder

    def run(self, calls: Iterator[Mixed]) -> tuple[Tally, Tally]:
        """Ours, and everything given to one voice."""
        ours, alone = Tally(), Tally()
        for call in calls:
            channel = from_samples(call.samples, RATE_HZ)
            started = time.process_time()
            heard = speech.detect([channel], self.settings.speech, self.vad).channels[0].speech
            found = speakers.diarize(channel, heard, self.settings.speakers, self.encoder)
            took_s = time.process_time() - started
            assert frame_count(channel) >= call.truth.shape[1] - 1
            ours.add(call, found, took_s)
            alone.add(call, Separation(speech=(heard,)), 0.0)
        return ours, alone


def rows(data: Path) -> list[Row]:
    """Every figure of the stage."""
    system = _System(load_measure_settings(), load_vad(), speakers.load_encoder())
    calls = list(mixed_calls(data))
    system.run(iter(calls[:1]))  # what is loaded at first use is not the calls' time
    found = _rows("calls mixed to mono", *system.run(iter(calls)), limit=3.5, speed=150.0)
    kinds = {"white": lambda n, seed: white(n, seed)[0], "pink": pink}
    for name, noise in kinds.items():
        through = (noisy(call, noise(len(call.samples), seed)) for call in calls for seed in NOISES)
        condition = f"the same, {name} noise 15 dB, GSM"
        found += _rows(condition, *system.run(through), limit=8.0)
    found += _rows("mono recordings", *system.run(mono_recordings(data)))
    samples = list(sample_calls(SAMPLE_CALLS))
    found += _rows("sample calls mixed to mono", *system.run(iter(samples)))
    through = (noisy(call, white(len(call.samples), 1)[0]) for call in samples)
    found += _rows("sample calls, white noise 15 dB, GSM", *system.run(through))
    found += _rows("one voice", *system.run(single_voices(data)))
    found += _rows("one voice, sample calls", *system.run(single_samples(SAMPLE_CALLS)))
    found += _rows("in three", *system.run(in_threes(data)))
    return found


def _rows(
    condition: str,
    ours: Tally,
    alone: Tally,
    limit: float | None = None,
    speed: float | None = None,
) -> list[Row]:
    found = []
    for name, tally in ((OURS, ours), (ALONE, alone)):
        for what, errors in tally.errors.items():
            target = limit if what == "DER, collar 0.25 s" else None
            found.append(_row(what, condition, name, errors.percent, "%", target))
        worst = 20.0 if limit else None
        found.append(_row("DER, worst recording", condition, name, tally.worst, "%", worst))
        off = float(np.mean(tally.shares))
        talk = 1.5 if limit == 3.5 else None
        found.append(_row("talk share, mean error", condition, name, off, "points", talk))
    right = 100 * float(np.mean(ours.right_count))
    found.append(_row("voices counted right", condition, OURS, right, "%", None))
    if ours.both_s > _LEAST_BOTH_S and ours.marked_s:
        precise = 100 * ours.marked_right_s / ours.marked_s
        found.append(_row("overlaps marked right", condition, OURS, precise, "%", None))
        heard = 100 * ours.marked_right_s / ours.both_s
        found.append(_row("overlaps found", condition, OURS, heard, "%", None))
    if speed:
        times = ours.sound_s / ours.took_s
        what = "speed with speech activity, x real time"
        found.append(Row(STAGE, what, condition, OURS, times, "", Target(speed, at_least=True)))
    return found


if __name__ == "__main__":
    tell(rows, __doc__)
