"""Speech activity on real telephone calls, against human times refined by energy."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.measure import speech
from pipeline.measure.channel import from_samples
from pipeline.measure.frames import mask_of
from pipeline.measure.vad import load_vad
from pipeline.settings import load_measure_settings
from scripts.validation.calls import RATE_HZ, read_calls, white, with_leak, with_noise

SETTINGS = load_measure_settings().speech

CONDITIONS = {
    "clean": (lambda call: call.samples, 2.2),
    "white noise 10 dB": (lambda call: with_noise(call, white(call.samples.shape[1], 1), 10), 3.4),
    "leaking at -20 dB": (lambda call: with_leak(call.samples, -20, 0.03), 4.0),
}


@pytest.fixture(scope="module")
def model():
    return load_vad()


@pytest.fixture(scope="module")
def calls(recordings: Path):
    return list(read_calls(recordings))


@pytest.mark.parametrize(("change", "limit"), CONDITIONS.values(), ids=CONDITIONS)
def test_frame_error_and_overlap(change, limit, calls, model):
    wrong = scored = 0
    for call in calls:
        channels = [from_samples(part, RATE_HZ) for part in change(call)]
        found = speech.detect(channels, SETTINGS, model).channels
        masks = np.stack([mask_of(part.speech, call.speech.shape[1]) for part in found])
        masks = np.where(call.scored, masks, call.speech)
        wrong += np.sum(masks != call.speech)
        scored += np.sum(call.scored)
        overlap_s = [0.01 * np.sum(part[0] & part[1]) for part in (masks, call.speech)]
        assert overlap_s[0] == pytest.approx(overlap_s[1], abs=0.5)
    assert 100 * wrong / scored < limit


def test_speech_on_hold_in_no_real_call(calls, model):
    for call in calls:
        channels = [from_samples(part, RATE_HZ) for part in call.samples]
        activity = speech.detect(channels, SETTINGS, model)
        assert not [hold for hold in activity.holds if hold.kind != "silence"]
        assert not [tone for tone in activity.tones if tone.kind != "beep"]
        assert activity.leaks == ()
