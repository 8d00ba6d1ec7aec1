"""Speech activity against human times, beside silero and WebRTC on the same sound.

The reference and what is done to the calls are described in `scripts/validation/calls.py`. Frame
error is the share of 10 ms frames decided wrongly, over both channels of all calls. silero is its
16 kHz model with its own default post-processing; WebRTC is its strictest mode on 10 ms frames.
"Overlap" counts the frames in which both speak.

Response time is a call's median, taken in two ways for every system and for the reference alike:
over the silences between one party's speech and the other's, which depends on nothing but where
speech begins and ends; and over the floor transfers of `measure.turns`, overlaps negative and
listeners' signals left out, where one doubtful sound in a call of ten transfers can move the
median by a quarter of a second. On the sample calls, which are synthetic and were never looked at
for this, the true times are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from operator import attrgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from pipeline.measure import speech, turns
from pipeline.measure.channel import from_samples, resampled
from pipeline.measure.frames import FRAME_S, Mask, bridged, mask_of, runs, spans
from pipeline.measure.vad import RATE_HZ as MODEL_RATE_HZ
from pipeline.measure.vad import Vad, load_vad
from pipeline.settings import MeasureSettings, load_measure_settings
from scripts.synthesis.truth import read_truth
from scripts.validation.calls import (
    RATE_HZ,
    Call,
    Signal,
    babble,
    read_calls,
    white,
    with_leak,
    with_noise,
)
from scripts.validation.table import OURS, Row, Target, error_row, tell

STAGE = "speech"
_row = partial(error_row, STAGE)
SILERO, WEBRTC = "silero 16k", "WebRTC"
SAMPLE_CALLS = Path(__file__).resolve().parents[2] / "tests" / "calls"
SHIFTS_S = (7.0, 13.0, 19.0, 29.0, 37.0)
"""By how much one channel is turned round to make parties talk at once."""

System = Callable[[Signal], Mask]
"""Samples, shape (2, n), to speech, shape (2, frames)."""


@dataclass
class Tally:
    """One system's results on one condition, call by call."""

    wrong: int = 0
    scored: int = 0
    overlap_s: list[float] = field(default_factory=list)
    true_overlap_s: list[float] = field(default_factory=list)
    transfer_off_s: list[float] = field(default_factory=list)
    silence_off_s: list[float] = field(default_factory=list)
    talk_off_s: list[float] = field(default_factory=list)

    def add(self, found: Mask, call: Call, settings: MeasureSettings) -> None:
        """Take in one call; where the reference does not know, nobody is wrong."""
        found = np.where(call.scored, found, call.speech)
        self.wrong += int(np.sum((found != call.speech) & call.scored))
        self.scored += int(call.scored.sum())
        self.overlap_s.append(float(np.sum(found[0] & found[1]) * FRAME_S))
        self.true_overlap_s.append(float(np.sum(call.speech[0] & call.speech[1]) * FRAME_S))
        transfers = [_transfer_s(mask, settings) for mask in (found, call.speech)]
        self.transfer_off_s.append(abs(transfers[0] - transfers[1]))
        silences = [_silence_s(mask, settings) for mask in (found, call.speech)]
        self.silence_off_s.append(abs(silences[0] - silences[1]))
        talk = np.abs(np.sum(found, axis=1) - np.sum(call.speech, axis=1)) * FRAME_S
        self.talk_off_s += talk.tolist()

    @property
    def error_percent(self) -> float:
        """Share of frames decided wrongly."""
        return 100 * self.wrong / self.scored

    @property
    def overlap_off_s(self) -> float:
        """Mean absolute error of a call's overlap."""
        return float(np.mean(np.abs(np.subtract(self.overlap_s, self.true_overlap_s))))

    @property
    def overlap_r(self) -> float:
        """Correlation of overlap with the truth, over calls."""
        return float(np.corrcoef(self.overlap_s, self.true_overlap_s)[0, 1])


def _silence_s(mask: Mask, settings: MeasureSettings) -> float:
    """Median silence before a party speaks after the other."""
    talk = sorted(
        (first, last, party)
        for party, part in enumerate(mask)
        for first, last in runs(bridged(part, settings.turns.unit_bridge_s))
    )
    silences = [
        (later[0] - earlier[1]) * FRAME_S
        for earlier, later in pairwise(talk)
        if earlier[2] != later[2] and later[0] > earlier[1]
    ]
    return float(np.median(silences)) if silences else 0.0


def _transfer_s(mask: Mask, settings: MeasureSettings) -> float:
    """Median floor-transfer offset of a call."""
    duration_s = mask.shape[1] * FRAME_S
    timelines = {str(i): spans(part, duration_s) for i, part in enumerate(mask)}
    talk = turns.build(timelines, (), (), duration_s, settings.turns)
    offsets = [transfer.offset_s for transfer in talk.transfers]
    return float(np.median(offsets)) if offsets else 0.0


# ── Systems ──────────────────────────────────────────────────────────────────────────────────────


def systems(settings: MeasureSettings) -> dict[str, System]:
    """Ours and the references that are installed."""
    model = load_vad()
    found: dict[str, System] = {
        OURS: lambda samples: _ours(samples, settings, model),
        SILERO: lambda samples: np.stack([_silero(part, model) for part in samples]),
    }
    try:
        import webrtcvad
    except ImportError:
        return found
    found[WEBRTC] = lambda samples: np.stack(
        [_webrtc(part, webrtcvad.Vad(3).is_speech) for part in samples]
    )
    return found


def _frames(samples: npt.NDArray[np.float32]) -> int:
    return -(-len(samples) // round(RATE_HZ * FRAME_S))


def _ours(samples: Signal, settings: MeasureSettings, model: Vad) -> Mask:
    channels = [from_samples(part, RATE_HZ) for part in samples]
    found = speech.detect(channels, settings.speech, model)
    return np.stack([mask_of(part.speech, _frames(samples[0])) for part in found.channels])


def _silero(samples: npt.NDArray[np.float32], model: Vad) -> Mask:
    from silero_vad.utils_vad import get_speech_timestamps_from_probs

    wide = resampled(samples, RATE_HZ, MODEL_RATE_HZ)
    found = get_speech_timestamps_from_probs(
        model.probabilities([[wide]])[0],
        sampling_rate=MODEL_RATE_HZ,
        audio_length_samples=len(wide),
    )
    mask = np.zeros(_frames(samples), bool)
    for stretch in found:
        mask[round(stretch["start"] / 160) : round(stretch["end"] / 160)] = True
    return mask


def _webrtc(samples: npt.NDArray[np.float32], is_speech: Callable[[bytes, int], bool]) -> Mask:
    step = round(RATE_HZ * FRAME_S)
    padded = np.zeros(_frames(samples) * step, np.float32)
    padded[: len(samples)] = samples
    coded = (np.clip(padded, -1, 1) * 32767).astype("<i2").reshape(-1, step)
    return np.array([is_speech(frame.tobytes(), RATE_HZ) for frame in coded])


# ── Figures ──────────────────────────────────────────────────────────────────────────────────────


def rows(data: Path) -> list[Row]:
    """Every figure of the stage, ours and the references'."""
    settings = load_measure_settings()
    calls = list(read_calls(data))
    found: list[Row] = []
    for name, system in systems(settings).items():
        found += _on_noise(name, system, calls, data, settings)
        found += _on_leak(name, system, calls, settings)
        found += _on_overlap(name, system, calls, settings)
        found.append(_on_sample_calls(name, system, settings))
    return found


def _run(
    system: System,
    calls: Sequence[Call],
    change: Callable[[Call], Signal],
    settings: MeasureSettings,
) -> Tally:
    tally = Tally()
    for call in calls:
        tally.add(system(change(call)), call, settings)
    return tally


def _on_noise(
    name: str, system: System, calls: Sequence[Call], data: Path, settings: MeasureSettings
) -> list[Row]:
    def babbling(voices: int) -> Callable[[Call], Signal]:
        return lambda call: with_noise(
            call, babble(data, call.samples.shape[1], voices, seed=1), 10.0
        )

    conditions: dict[str, tuple[Callable[[Call], Signal], float | None]] = {
        "calls, clean": (lambda call: call.samples, 2.2),
        "calls, white noise 10 dB": (
            lambda call: with_noise(call, white(call.samples.shape[1], seed=1), 10.0),
            3.4,
        ),
        "calls, babble of 40 voices 10 dB": (babbling(40), 3.9),
        "calls, babble of 8 voices 10 dB": (babbling(8), None),
    }
    found = []
    for condition, (change, limit) in conditions.items():
        tally = _run(system, calls, change, settings)
        found.append(_row("frame error", condition, name, tally.error_percent, "%", limit))
        if condition == "calls, clean":
            found += [
                _row(what, condition, name, float(np.mean(off_s)), "s", reach)
                for what, off_s, reach in (
                    ("median response time (silences), error", tally.silence_off_s, 0.05),
                    ("median response time (floor transfers), error", tally.transfer_off_s, 0.05),
                    ("talk time a party, error", tally.talk_off_s, 0.45),
                )
            ]
    return found


def _on_leak(
    name: str, system: System, calls: Sequence[Call], settings: MeasureSettings
) -> list[Row]:
    found = []
    for gain_db, delay_s, limits in ((-20, 0.03, (4.0, 0.3)), (-10, 0.12, None), (-40, 0.3, None)):
        condition = f"calls, both parties leaking at {gain_db} dB, {delay_s * 1000:.0f} ms late"
        tally = _run(
            system,
            calls,
            lambda call, g=gain_db, d=delay_s: with_leak(call.samples, g, d),  # type: ignore[misc]
            settings,
        )
        error, off = limits or (None, None)
        found += [
            _row("frame error", condition, name, tally.error_percent, "%", error),
            _row("overlap a call, error", condition, name, tally.overlap_off_s, "s", off),
        ]
    return found


def _on_overlap(
    name: str, system: System, calls: Sequence[Call], settings: MeasureSettings
) -> list[Row]:
    shifted = [_shifted(call, shift) for call in calls for shift in SHIFTS_S]
    tally = _run(system, shifted, lambda call: call.samples, settings)
    condition = "calls, one channel turned round"
    return [
        Row(STAGE, "overlap a call, correlation", condition, name, tally.overlap_r, "", _at_least),
        _row("overlap a call, error", condition, name, tally.overlap_off_s, "s", 0.25),
    ]


def _on_sample_calls(name: str, system: System, settings: MeasureSettings) -> Row:
    """Response time against true times."""
    off_s = []
    for path in sorted(SAMPLE_CALLS.glob("*.truth.json")):
        truth = read_truth(path)
        sound, _ = soundfile.read(path.with_name(truth.audio), dtype="float32")
        mask = system(np.ascontiguousarray(sound.T))
        parties = sorted(truth.parties, key=attrgetter("channel"))
        true = np.stack([mask_of(tuple(party.speech), mask.shape[1]) for party in parties])
        off_s.append(abs(_transfer_s(mask, settings) - _transfer_s(true, settings)))
    what = "median response time (floor transfers), error"
    return _row(what, "sample calls, true times", name, float(np.mean(off_s)), "s", 0.05)


_at_least = Target(0.985, at_least=True)


def _shifted(call: Call, shift_s: float) -> Call:
    """The second channel turned round, so that the parties talk at once."""
    frames = round(shift_s / FRAME_S)

    def turned(tracks: npt.NDArray[np.generic], by: int) -> npt.NDArray[np.generic]:
        return np.stack([tracks[0], np.roll(tracks[1], by)])

    whole = call.samples.shape[1] // 80 * 80
    kept = whole // 80
    return Call(
        call.name,
        np.asarray(turned(call.samples[:, :whole], frames * 80), np.float32),
        np.asarray(turned(call.speech[:, :kept], frames), bool),
        np.asarray(turned(call.scored[:, :kept], frames), bool),
    )


if __name__ == "__main__":
    tell(rows, __doc__)
