"""F0 of real voices: against a laryngograph, and against another tracker where there is none."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.measure import pitch
from pipeline.measure.channel import from_samples
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span
from scripts.validation.pitch import CONDITIONS, Errors, material, qinhe, swift_f0

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
CALL = DATA / "calls/harper_0002f70f7386445b.wav"

pytestmark = pytest.mark.skipif(
    not (DATA / "pitch").is_dir(), reason=f"the recordings under {DATA.name} are not here"
)


@cache
def errors() -> dict[str, Errors]:
    tracker = qinhe()
    found = {condition: Errors() for condition in CONDITIONS}
    for condition, sound, truth in material(DATA):
        found[condition].add(tracker(sound), truth)
    return found


@pytest.mark.parametrize(
    ("condition", "ffe", "gross"),
    [
        ("clean", 0.046, 0.008),
        ("telephone", 0.046, 0.005),
        ("telephone + white 10 dB", 0.056, 0.0055),
        ("telephone + babble 10 dB", 0.120, 0.008),
    ],
)
def test_frames_in_error_against_the_laryngograph(condition, ffe, gross):
    assert errors()[condition].ffe < ffe
    assert errors()[condition].gross_rate < gross


def test_median_error_on_the_telephone():
    assert errors()["telephone"].median_cents < 14.1


@pytest.mark.parametrize("channel", [0, 1])
def test_a_call_is_read_as_another_tracker_reads_it(channel):
    pytest.importorskip("swift_f0")
    sound, rate = soundfile.read(CALL, always_2d=True)
    ours, theirs = (tracker(sound[:, channel]) for tracker in (qinhe(), swift_f0()))
    both = np.isfinite(ours) & np.isfinite(theirs)
    assert both.sum() > 0.8 * np.isfinite(theirs).sum()
    octaves = np.abs(np.log2(ours[both] / theirs[both]))
    assert (octaves > 0.3).mean() < 0.03  # either of the two may be wrong
    assert rate == 8000


def test_a_womans_and_a_mans_statistics():
    settings, model = load_measure_settings().pitch, pitch.load_model()
    heard = {}
    for name in ("rl010", "sb029"):
        sound, rate = soundfile.read(DATA / f"pitch/{name}.wav", dtype="float32")
        found = pitch.track(from_samples(sound, rate), settings, model)
        truth = np.loadtxt(DATA / f"pitch/{name}.f0ref")
        summary = pitch.summary(found, [Span(0, len(sound) / rate)], settings)
        assert summary.median_hz == pytest.approx(np.median(truth[truth > 0]), rel=0.03)
        heard[name] = summary
    assert heard["sb029"].median_hz > 1.8 * heard["rl010"].median_hz
    for summary in heard.values():
        assert 1 < summary.spread_st < 5
        assert summary.spread_st < summary.range_st < 20
