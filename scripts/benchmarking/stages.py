"""Single stages beside the references, on one channel of 8 kHz telephone speech."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soundfile

from pipeline.measure import level, loudness, speakers, speech
from pipeline.measure.channel import Channel, from_samples, resampled
from pipeline.measure.vad import RATE_HZ as VAD_RATE_HZ
from pipeline.measure.vad import load_vad, model_file
from pipeline.settings import load_measure_settings
from pipeline.timeline import Timeline
from scripts.benchmarking.timing import in_turns
from scripts.validation import pitch as f0
from scripts.validation.table import OURS, Row, Target

RATE_HZ: Final = 8000
LENGTH_S: Final = 120.0
FRAME_S: Final = 0.01
REACH_F0_X: Final = 250.0
REACH_VOICES_X: Final = 150.0

Sound = npt.NDArray[np.float64]


def channel(audio: Path) -> Sound:
    """The agent's channel, `LENGTH_S` long."""
    sound, _ = soundfile.read(audio, always_2d=True)
    agent: Sound = np.resize(sound[:, 0], round(LENGTH_S * RATE_HZ))
    return agent


def mixed(audio: Path) -> Sound:
    """Both channels in one, `LENGTH_S` long."""
    sound, _ = soundfile.read(audio, always_2d=True)
    both: Sound = np.resize(sound.mean(axis=1), round(LENGTH_S * RATE_HZ))
    return both


def pitch_rows(sound: Sound, runs: int) -> Iterator[Row]:
    """F0 trackers."""
    work = {name: _on(tracker, sound) for name, tracker in f0.installed().items()}
    target = Target(REACH_F0_X, at_least=True)
    yield from _rows("pitch", "F0", work, runs, target)


def speech_rows(sound: Sound, runs: int) -> Iterator[Row]:
    """Detectors of speech."""
    yield from _rows("speech", "speech activity", _detectors(sound.astype(np.float32)), runs)


def speakers_rows(sound: Sound, real: Path | None, runs: int) -> Iterator[Row]:
    """Voices told apart on one core: both parties in one channel, and a party's own line."""
    settings, vad, encoder = load_measure_settings(), load_vad(), speakers.load_encoder()
    works = {f"{LENGTH_S:.0f} s of the sample calls, both parties in one channel": sound}
    if real is not None:
        works["real calls, both parties in one channel"] = soundfile.read(real)[0].mean(axis=1)
    for on, samples in works.items():
        one = from_samples(samples.astype(np.float32), RATE_HZ)

        def heard(one: Channel = one) -> Timeline:
            return speech.detect([one], settings.speech, vad).channels[0].speech

        def told(one: Channel = one, heard: Callable[[], Timeline] = heard) -> object:
            return speakers.diarize(one, heard(), settings.speakers, encoder)

        spent_s = in_turns({"told": told}, runs)["told"]
        target = Target(REACH_VOICES_X, at_least=True)
        what = "voices, with speech activity"
        yield Row("speakers", what, on, OURS, one.duration_s / spent_s, "x real time", target)


def level_rows(sound: Sound, runs: int) -> Iterator[Row]:
    """Meters."""
    one = from_samples(sound.astype(np.float32), RATE_HZ)
    work: dict[str, Callable[[], object]] = {OURS: lambda: loudness.loudness([one])}
    try:
        import pyloudnorm

        meter = pyloudnorm.Meter(RATE_HZ)
        work["pyloudnorm"] = lambda: meter.integrated_loudness(sound)
    except ImportError:
        pass
    yield from _rows("level", "integrated loudness (BS.1770)", work, runs)
    active: dict[str, Callable[[], object]] = {OURS: lambda: level.active_speech_level(one)}
    yield from _rows("level", "active speech level (P.56)", active, runs)


def _on(tracker: f0.Tracker, sound: Sound) -> Callable[[], object]:
    return lambda: tracker(sound)


def _rows(
    stage: str,
    what: str,
    work: Mapping[str, Callable[[], object]],
    runs: int,
    target: Target | None = None,
) -> Iterator[Row]:
    on = f"{LENGTH_S:.0f} s of one channel, 8 kHz"
    for name, spent_s in in_turns(work, runs).items():
        yield Row(stage, what, on, name, LENGTH_S / spent_s, "x real time", target)


def _detectors(sound: npt.NDArray[np.float32]) -> dict[str, Callable[[], object]]:
    """The detectors whose packages are there."""
    settings, vad = load_measure_settings().speech, load_vad()
    one = from_samples(sound, RATE_HZ)
    found: dict[str, Callable[[], object]] = {
        OURS: lambda: speech.detect([one], settings, vad),
        "silero, our engine": lambda: vad.probabilities([[resampled(sound, RATE_HZ, VAD_RATE_HZ)]]),
    }
    others = {
        "silero, whole sequence (ONNX)": _silero_sequence,
        "silero, streaming (torch)": _silero,
        "WebRTC": _webrtc,
    }
    for name, make in others.items():
        try:
            found[name] = make(sound)
        except ImportError:
            continue
    return found


def _silero_sequence(sound: npt.NDArray[np.float32]) -> Callable[[], object]:
    """As its package is used: the graph over many frames at once, in ONNX Runtime."""
    import onnxruntime
    from silero_vad.sequence_vad import frame_blocks

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(model_file()), options, providers=["CPUExecutionProvider"]
    )

    def once() -> list[object]:
        state = [np.zeros((1, 1, 128), np.float32)] * 2
        found = []
        for block in frame_blocks(resampled(sound, RATE_HZ, VAD_RATE_HZ), 512, 64, 512):
            given = {"input": block, "h": state[0], "c": state[1]}
            values, *state = session.run(["speech_probs", "hn", "cn"], given)
            found.append(values)
        return found

    return once


def _silero(sound: npt.NDArray[np.float32]) -> Callable[[], object]:
    """As its package is used: `get_speech_timestamps` with the torch model."""
    import torch
    from silero_vad import get_speech_timestamps, load_silero_vad

    torch.set_num_threads(1)
    model: Any = load_silero_vad()
    samples = torch.from_numpy(resampled(sound, RATE_HZ, VAD_RATE_HZ))
    return lambda: get_speech_timestamps(samples, model, sampling_rate=VAD_RATE_HZ)


def _webrtc(sound: npt.NDArray[np.float32]) -> Callable[[], object]:
    import webrtcvad

    frame = round(RATE_HZ * FRAME_S)
    data = (np.clip(sound, -1, 1) * 32767).astype("<i2")

    def once() -> list[bool]:
        detector = webrtcvad.Vad(2)
        return [
            detector.is_speech(data[at : at + frame].tobytes(), RATE_HZ)
            for at in range(0, len(data) - frame + 1, frame)
        ]

    return once
