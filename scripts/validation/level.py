"""Speech level and loudness against the meters of the ITU, on every recording that was metered.

`levels.csv` holds what the ITU-T G.191 tool library's speech voltmeter reads (P.56, method B) and
pyloudnorm's integrated loudness, which lies 0.04 LU under the ITU meter's.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from pipeline.measure import level, loudness
from pipeline.measure.channel import Channel, from_samples
from scripts.validation.table import OURS, Row, Target, markdown

STAGE = "level"
SIGNALS = (
    ("1770-2_Comp_AbsGateTest", -69.5),
    ("1770-2_Comp_RelGateTest", -10.0),
    ("sine_1000", -3.01),
)
"""Test signals of BS.1770 and what the standard says they read, LUFS."""
TABLE_OFFSET_LU = 0.04
REFERENCE_RATE = 48000

Meter = Callable[[npt.NDArray[np.float64], int], float]
"""Samples, shape (n, channels), and rate to integrated LUFS."""


def metered(data: Path) -> Iterator[tuple[dict[str, str], Channel]]:
    """Every row of the table with the channel it speaks of."""
    with (data / "levels.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            samples, rate = soundfile.read(data / row["file"], always_2d=True)
            yield row, from_samples(samples[:, int(row["channel"])], rate)


def pyloudnorm_meter() -> Meter | None:
    """The reference that researchers use, at 48 kHz; ``None`` where it is not installed."""
    try:
        import pyloudnorm
    except ImportError:
        return None

    def integrated(samples: npt.NDArray[np.float64], rate: int) -> float:
        wide = soxr.resample(samples, rate, REFERENCE_RATE) if rate != REFERENCE_RATE else samples
        return float(pyloudnorm.Meter(REFERENCE_RATE).integrated_loudness(wide))

    return integrated


def _our_loudness(samples: npt.NDArray[np.float64], rate: int) -> float:
    heard = loudness.loudness([from_samples(channel, rate) for channel in samples.T])
    return float("nan") if heard.integrated_lufs is None else heard.integrated_lufs


def _levels(data: Path) -> Iterator[Row]:
    apart: dict[str, list[float]] = {"level": [], "activity": [], "loudness": []}
    invented = 0
    for row, channel in metered(data):
        read, heard = level.active_speech_level(channel), loudness.loudness([channel])
        if float(row["p56_active_level_dbov"]) <= -100:
            invented += read.level_dbov is not None
        elif read.level_dbov is not None and read.activity is not None:
            apart["level"].append(read.level_dbov - float(row["p56_active_level_dbov"]))
            apart["activity"].append(100 * read.activity - float(row["p56_activity_percent"]))
        if heard.integrated_lufs is not None and row["integrated_lufs_mono"] != "-inf":
            reference = float(row["integrated_lufs_mono"]) + TABLE_OFFSET_LU
            apart["loudness"].append(heard.integrated_lufs - reference)
    count = f"{len(apart['level'])} channels"
    for what, key, unit, limit in (
        ("active speech level, largest error", "level", "dB", 0.05),
        ("activity, largest error", "activity", "points", 0.2),
        ("integrated loudness of one channel, largest error", "loudness", "LU", 0.05),
    ):
        largest = float(np.max(np.abs(apart[key])))
        yield Row(STAGE, what, count, OURS, largest, unit, Target(limit))
    yield Row(STAGE, "levels given where there is no speech", "2 channels", OURS, float(invented))


def _signals(data: Path) -> Iterator[Row]:
    meters: dict[str, Meter | None] = {OURS: _our_loudness, "pyloudnorm": pyloudnorm_meter()}
    for name, truth in SIGNALS:
        samples, rate = soundfile.read(data / "loudness" / f"{name}.wav", always_2d=True)
        for system, meter in meters.items():
            if meter is not None:
                error = abs(meter(samples, rate) - truth)
                yield Row(STAGE, "integrated loudness, error", name, system, error, "LU", _TARGET)


_TARGET = Target(0.05)


def _speed(data: Path) -> Iterator[Row]:
    samples, rate = soundfile.read(data / "calls/auto_repairs_40.wav", always_2d=True)
    channel = from_samples(samples[:, 0], rate)
    for what, stage in (
        ("active speech level", lambda: level.active_speech_level(channel)),
        ("loudness", lambda: loudness.loudness([channel])),
        ("level track", lambda: level.track(channel)),
    ):
        spent = []
        for _ in range(3):
            begun = time.perf_counter()
            stage()
            spent.append(time.perf_counter() - begun)
        times = channel.duration_s / min(spent)
        yield Row(STAGE, f"{what}, speed", "245 s, 8 kHz", OURS, times, "x real time")


def rows(data: Path) -> list[Row]:
    """All figures of the stage. ``data``: the folder of recordings."""
    return [*_levels(data), *_signals(data), *_speed(data)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    print(markdown(rows(parser.parse_args().data)))


if __name__ == "__main__":
    main()
