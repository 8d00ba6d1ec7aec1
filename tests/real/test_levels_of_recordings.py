"""Levels and loudness of real recordings against the ITU's own meter."""

import csv
from pathlib import Path

import pytest
import soundfile

from pipeline.measure import level, loudness
from pipeline.measure.channel import from_samples

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TABLE = DATA / "levels.csv"
ROWS = list(csv.DictReader(TABLE.open())) if TABLE.is_file() else []

pytestmark = pytest.mark.skipif(not ROWS, reason=f"the recordings under {DATA.name}/ are not here")


def channel_of(row):
    samples, rate = soundfile.read(DATA / row["file"], always_2d=True, dtype="float32")
    return from_samples(samples[:, int(row["channel"])], rate)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['file']}:{row['channel']}")
def test_level_and_loudness_are_the_meters(row):
    channel = channel_of(row)
    active = level.active_speech_level(channel)
    if float(row["p56_active_level_dbov"]) <= -100:  # how that meter says "no speech"
        assert active.level_dbov is None
    else:
        assert active.level_dbov == pytest.approx(float(row["p56_active_level_dbov"]), abs=0.005)
        assert 100 * active.activity == pytest.approx(float(row["p56_activity_percent"]), abs=0.01)
        assert active.long_term_dbov == pytest.approx(float(row["rms_dbov"]), abs=0.005)
    heard = loudness.loudness([channel]).integrated_lufs
    if row["integrated_lufs_mono"] == "-inf":
        assert heard is None
    else:  # the table's loudness is 0.04 LU under the ITU meter's
        assert heard == pytest.approx(float(row["integrated_lufs_mono"]) + 0.04, abs=0.03)


@pytest.mark.parametrize(
    ("name", "lufs"),
    [("1770-2_Comp_AbsGateTest", -69.5), ("1770-2_Comp_RelGateTest", -10.0), ("sine_1000", -3.01)],
)
def test_the_standards_own_signals(name, lufs):
    samples, rate = soundfile.read(DATA / "loudness" / f"{name}.wav", always_2d=True)
    heard = loudness.loudness([from_samples(channel, rate) for channel in samples.T])
    assert heard.integrated_lufs == pytest.approx(lufs, abs=0.05)
