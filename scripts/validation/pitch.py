"""F0 against a laryngograph: ours and the trackers that researchers use, on one telephone line.

FDA (Bagshaw 1994, University of Edinburgh): sentences of a man and a woman with F0 from a
laryngograph every 15 ms, frame k at 0.015 k seconds, 0 where unvoiced. Agreement with trackers that
know nothing of these files is best with that timing, to within 2.5 ms.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy.signal import butter, sosfiltfilt

from pipeline.measure import pitch
from pipeline.measure.channel import from_samples
from pipeline.settings import load_measure_settings
from scripts.validation.table import OURS, Row, Target, markdown

Samples = npt.NDArray[np.float64]
Tracker = Callable[[Samples], Samples]
"""8 kHz sound to Hz at the times of `frame_times`, NaN where unvoiced."""

RATE = 8000
HOP_S = 0.01
REFERENCE_HOP_S = 0.015
GROSS = 0.2
CONDITIONS = ("clean", "telephone", "telephone + white 10 dB", "telephone + babble 10 dB")
BABBLE_VOICES = 24
SPEED_S = 120.0


@dataclass
class Errors:
    """Counts that add up over recordings (Chu & Alwan 2009, ICASSP, for FFE)."""

    frames: int = 0
    voicing: int = 0
    gross: int = 0
    both_voiced: int = 0
    cents: list[float] = field(default_factory=list)

    def add(self, found: Samples, truth: Samples) -> None:
        """``found``: NaN where unvoiced; ``truth``: 0 where unvoiced; same frames."""
        heard, voiced = np.isfinite(found), truth > 0
        ratio = found[heard & voiced] / truth[heard & voiced]
        self.frames += len(found)
        self.voicing += int((heard != voiced).sum())
        self.gross += int((np.abs(ratio - 1) > GROSS).sum())
        self.both_voiced += len(ratio)
        self.cents.extend(np.abs(1200 * np.log2(ratio)).tolist())

    @property
    def ffe(self) -> float:
        """F0 frame error: share of frames with a voicing error or a gross error."""
        return (self.voicing + self.gross) / self.frames

    @property
    def gross_rate(self) -> float:
        """Share of the frames voiced in both that are more than 20 % off."""
        return self.gross / max(1, self.both_voiced)

    @property
    def median_cents(self) -> float:
        return float(np.median(self.cents)) if self.cents else float("nan")


def frame_times(sound: Samples) -> Samples:
    """Middles of the 10 ms frames, seconds."""
    count = len(sound) // round(RATE * HOP_S)
    return (np.arange(count, dtype=np.float64) + 0.5) * HOP_S


def reference_at(reference: Samples, times: Samples) -> Samples:
    """The laryngograph's nearest frame."""
    nearest = np.round(times / REFERENCE_HOP_S).astype(int)
    found: Samples = reference[np.minimum(nearest, len(reference) - 1)]
    return found


def telephone(sound: Samples, rate: int) -> Samples:
    """300 to 3400 Hz, without delay, at 8 kHz; not yet coded."""
    band = butter(2, [300, 3400], "bandpass", fs=rate, output="sos")
    line: Samples = soxr.resample(sosfiltfilt(band, sound), rate, RATE)
    return line


def mu_law(sound: Samples) -> Samples:
    """There and back through 8 bits of ITU-T G.711's curve."""
    code = np.sign(sound) * np.log1p(255 * np.abs(np.clip(sound, -1, 1))) / np.log(256)
    code = np.round((code + 1) * 127.5) / 127.5 - 1
    back: Samples = np.sign(code) * (256 ** np.abs(code) - 1) / 255
    return back


def mixed(sound: Samples, noise: Samples, snr_db: float) -> Samples:
    gain = np.sqrt(np.mean(sound**2) / np.mean(noise**2) / 10 ** (snr_db / 10))
    both: Samples = sound + gain * noise
    return both


def other_voices(data: Path) -> list[Samples]:
    """Speech of the speakers of the other recordings, 8 kHz, each at power 1, without pauses."""
    files = [*sorted((data / "calls").glob("harper_*.wav")), data / "mono/dev00.wav"]
    files += [data / "mono/trn09.wav", data / "mandarin/zhcn_continuous_mode_sample.wav"]
    voices = []
    for file in files:
        sound, rate = soundfile.read(file, always_2d=True)
        for channel in sound.T:
            hops = soxr.resample(channel, rate, RATE)
            hops = hops[: len(hops) // 400 * 400].reshape(-1, 400)
            power = np.mean(hops**2, axis=1)
            speech = hops[power > 0.05 * np.quantile(power, 0.7)].ravel()
            voices.append(speech / np.sqrt(np.mean(speech**2)))
    return voices


def babble(voices: list[Samples], length: int, rng: np.random.Generator) -> Samples:
    """`BABBLE_VOICES` voices at once, each from a place of its own."""
    talk = np.zeros(length)
    for number in rng.integers(0, len(voices), BABBLE_VOICES):
        begin = rng.integers(0, len(voices[number]))
        talk += np.take(voices[number], np.arange(begin, begin + length), mode="wrap")
    return talk


def material(data: Path) -> Iterator[tuple[str, Samples, Samples]]:
    """(condition, sound at 8 kHz, truth per frame), every sentence in every condition."""
    rng = np.random.default_rng(0)
    voices = other_voices(data)
    for file in sorted((data / "pitch").glob("*.wav")):
        sound, rate = soundfile.read(file)
        reference = np.loadtxt(file.with_suffix(".f0ref"))
        line = telephone(sound, rate)
        white = mixed(line, rng.standard_normal(len(line)), 10)
        crowd = mixed(line, babble(voices, len(line), rng), 10)
        versions = (soxr.resample(sound, rate, RATE), mu_law(line), mu_law(white), mu_law(crowd))
        for condition, version in zip(CONDITIONS, versions, strict=True):
            yield condition, version, reference_at(reference, frame_times(version))


def qinhe() -> Tracker:
    settings, model = load_measure_settings().pitch, pitch.load_model()

    def tracked(sound: Samples) -> Samples:
        found = pitch.track(from_samples(sound, RATE), settings, model).f0_hz
        return found[: len(frame_times(sound))].astype(np.float64)

    return tracked


def _on_frames(times: Samples, hz: Samples, voiced: npt.NDArray[np.bool_], at: Samples) -> Samples:
    """A reference's own grid on ours: nearest for voicing, between frames for the pitch."""
    if len(times) < 2:
        return np.full(len(at), np.nan)
    nearest = np.clip(np.round((at - times[0]) / (times[1] - times[0])).astype(int), 0, len(hz) - 1)
    usable = hz > 0
    between = np.exp(np.interp(at, times[usable], np.log(hz[usable]))) if usable.any() else at
    return np.where(voiced[nearest], between, np.nan)


def swift_f0() -> Tracker:
    from swift_f0 import SwiftF0

    detector = SwiftF0(threads=1)

    def tracked(sound: Samples) -> Samples:
        r = detector.detect(sound, RATE)
        return _on_frames(r.timestamps, r.pitch_hz, r.confidence >= 0.5, frame_times(sound))

    return tracked


def praat() -> Tracker:
    import parselmouth

    def tracked(sound: Samples) -> Samples:
        r = parselmouth.Sound(sound, RATE).to_pitch_ac(
            time_step=HOP_S, pitch_floor=60, pitch_ceiling=500
        )
        hz = r.selected_array["frequency"]
        return _on_frames(r.xs(), hz, hz > 0, frame_times(sound))

    return tracked


def pyin() -> Tracker:
    import librosa

    def tracked(sound: Samples) -> Samples:
        hz, voiced, _ = librosa.pyin(
            sound, fmin=60, fmax=500, sr=RATE, frame_length=512, hop_length=80
        )
        times = np.arange(len(hz), dtype=np.float64) * HOP_S
        return _on_frames(times, np.nan_to_num(hz), voiced, frame_times(sound))

    return tracked


def opensmile() -> Tracker:
    import opensmile as smile

    egemaps = smile.Smile(
        feature_set=smile.FeatureSet.eGeMAPSv02,
        feature_level=smile.FeatureLevel.LowLevelDescriptors,
    )

    def tracked(sound: Samples) -> Samples:
        table = egemaps.process_signal(sound.astype(np.float32), RATE)
        st = table["F0semitoneFrom27.5Hz_sma3nz"].to_numpy(np.float64)
        times = np.array([start.total_seconds() for start in table.index.get_level_values("start")])
        hz = np.where(st > 0, 27.5 * 2 ** (st / 12), 0.0)
        return _on_frames(times + 0.03, hz, st > 0, frame_times(sound))

    return tracked


TRACKERS: Mapping[str, Callable[[], Tracker]] = {
    OURS: qinhe,
    "swift-f0": swift_f0,
    "Praat ac": praat,
    "pYIN": pyin,
    "openSMILE": opensmile,
}


def installed() -> dict[str, Tracker]:
    """The trackers whose packages are there."""
    found = {}
    for name, make in TRACKERS.items():
        try:
            found[name] = make()
        except ImportError:
            continue
    return found


def speed(tracker: Tracker, data: Path) -> float:
    """Times real time on `SPEED_S` of an 8 kHz call, by processor time: best of three."""
    sound, _ = soundfile.read(data / "calls/harper_0002f70f7386445b.wav", always_2d=True)
    speech = np.resize(sound[:, 0], round(SPEED_S * RATE))
    tracker(speech[: 4 * RATE])
    spent = []
    for _ in range(3):
        begun = time.process_time()
        tracker(speech)
        spent.append(time.process_time() - begun)
    return SPEED_S / min(spent)


TARGETS = {
    ("F0 frame error", "telephone"): 4.8,
    ("F0 frame error", "telephone + white 10 dB"): 5.6,
    ("F0 frame error", "telephone + babble 10 dB"): 18.5,
    ("gross errors", "telephone"): 0.5,
    ("median error", "telephone"): 14.0,
}
FIGURES: list[tuple[str, str, Callable[[Errors], float]]] = [
    ("F0 frame error", "%", lambda e: 100 * e.ffe),
    ("gross errors", "%", lambda e: 100 * e.gross_rate),
    ("median error", "cents", lambda e: e.median_cents),
]


def rows(data: Path) -> list[Row]:
    """Every figure of every tracker. ``data``: the folder of recordings."""
    trackers = installed()
    errors = {(name, c): Errors() for name in trackers for c in CONDITIONS}
    for condition, sound, truth in material(data):
        for name, tracker in trackers.items():
            errors[name, condition].add(tracker(sound), truth)
    found = [
        Row("pitch", what, condition, name, figure(errors[name, condition]), unit, target)
        for what, unit, figure in FIGURES
        for condition in CONDITIONS
        for target in [_target(what, condition)]
        for name in trackers
    ]
    fast = Target(250, at_least=True)
    on = "120 s of an 8 kHz call"
    return found + [
        Row("pitch", "speed", on, name, speed(tracker, data), "x real time", fast)
        for name, tracker in trackers.items()
    ]


def _target(what: str, condition: str) -> Target | None:
    limit = TARGETS.get((what, condition))
    return None if limit is None else Target(limit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    print(markdown(rows(parser.parse_args().data)))


if __name__ == "__main__":
    main()
