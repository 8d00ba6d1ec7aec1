"""Speech activity: the decision with a model that hears level, the whole with the real one."""

from dataclasses import dataclass

import numpy as np
import pytest
import soundfile

from pipeline.measure import speech
from pipeline.measure.channel import from_samples
from pipeline.measure.frames import frame_count, mask_of
from pipeline.measure.vad import Vad, load_vad
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span, union
from scripts.synthesis.sounds import hold_music
from scripts.synthesis.truth import read_truth
from tests.conftest import CALLS

SETTINGS = load_measure_settings().speech
RATE = 8000


@dataclass(frozen=True)
class Loud(Vad):
    """Takes every loud frame of 32 ms for speech."""

    def probabilities(self, stretches):
        return [self.loud(np.concatenate([*blocks])) for blocks in stretches]

    def loud(self, sound):
        frames = np.zeros((-(-len(sound) // 512), 512))
        frames.reshape(-1)[: len(sound)] = sound
        return (np.sqrt(np.mean(frames**2, axis=1)) > 0.005).astype(np.float32)


LOUD = Loud("loud", "", {})


@pytest.fixture(scope="module")
def model():
    return load_vad()


def noise(seconds, dbov, seed=0, rate=RATE):
    chance = np.random.default_rng(seed)
    return chance.standard_normal(round(seconds * rate)) * 10 ** (dbov / 20)


def bursts(*spans, seconds=6.0, dbov=-20.0, floor=-70.0, rate=RATE):
    """Noise at the floor with louder stretches."""
    samples = noise(seconds, floor, 1, rate)
    for start, end in spans:
        part = slice(round(start * rate), round(end * rate))
        samples[part] += noise(seconds, dbov, 2, rate)[part]
    return samples


def found(samples, model=LOUD, rate=RATE):
    (channel,) = speech.detect([from_samples(samples, rate)], SETTINGS, model).channels
    return channel


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100])
def test_edges_lie_on_the_frame(rate):
    spans = found(bursts((1.0, 2.5), (4.0, 4.6), rate=rate), rate=rate).speech
    assert [edge for span in spans for edge in (span.start, span.end)] == pytest.approx(
        [1.0, 2.5, 4.0, 4.6], abs=0.021
    )


def test_closures_are_bridged_and_pauses_are_not():
    assert len(found(bursts((1.0, 2.0), (2.15, 3.0))).speech) == 1
    assert len(found(bursts((1.0, 2.0), (2.35, 3.0))).speech) == 2


def test_clicks_are_no_speech():
    samples = noise(6.0, -70)
    samples[::4000] = 0.9
    assert found(samples).speech == ()


def test_the_track_says_what_the_spans_say():
    channel = found(bursts((1.0, 2.5), (4.0, 4.6)))
    inside = mask_of(channel.speech, len(channel.probability))
    assert channel.probability.dtype == np.float32
    assert (channel.probability[inside] >= 0.5).all()
    assert (channel.probability[~inside] <= 0.5).all()


def test_the_floor_follows_the_line():
    levels = np.concatenate([np.full(3000, -70.0), np.full(3000, -50.0)]).astype(np.float32)
    floor = speech.noise_floor(levels, SETTINGS)
    assert floor[[100, -100]] == pytest.approx([-70, -50], abs=0.1)
    assert len(speech.noise_floor(np.zeros(0, np.float32), SETTINGS)) == 0


BAD_INPUT = {
    "pure tone": 0.3 * np.sin(2 * np.pi * 440 * np.arange(80000) / RATE),
    "white noise": noise(10, -20),
    "DC": np.full(80000, 0.4),
    "silence": np.zeros(80000),
    "clicks": 0.8 * (np.arange(80000) % 4000 == 0),
    "hold music": hold_music(10, -20, np.random.default_rng(1)),
    "one sample": np.full(1, 0.5),
    "50 ms": noise(0.05, -20),
    "empty": np.zeros(0),
}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("samples", BAD_INPUT.values(), ids=BAD_INPUT)
def test_no_speech_is_invented(samples, channels, model):
    inputs = [from_samples(samples, RATE) for _ in range(channels)]
    activity = speech.detect(inputs, SETTINGS, model)
    for channel, found in zip(inputs, activity.channels, strict=True):
        assert found.speech == ()
        assert len(found.probability) == frame_count(channel)


# ── Sample calls, whose truth is known by construction ───────────────────────────────────────────


def sample_call(name):
    truth = read_truth(CALLS / f"{name}.truth.json")
    sound, rate = soundfile.read(CALLS / truth.audio, dtype="float32")
    return truth, np.ascontiguousarray(sound.T), rate


def wrong(activity, truth):
    """Share of frames decided wrongly, per party."""
    for party in truth.parties:
        channel = activity.channels[party.channel]
        frames = len(channel.probability)
        yield np.mean(mask_of(channel.speech, frames) != mask_of(party.speech, frames))


def detected(samples, rate, model):
    return speech.detect([from_samples(part, rate) for part in samples], SETTINGS, model)


@pytest.mark.parametrize("gain_db", [0, -28])
def test_a_call_at_any_level(gain_db, model):
    truth, samples, rate = sample_call("interrupted_customer")
    faint = np.round(samples * 10 ** (gain_db / 20) * 32768) / 32768  # a speaker at -53 dBov
    assert max(wrong(detected(faint, rate, model), truth)) < 0.025


def test_a_leak_makes_no_overlap(model):
    truth, samples, rate = sample_call("rude_agent")
    late = round(0.03 * rate)
    heard = samples.copy()
    heard[:, late:] += 0.1 * samples[::-1, :-late]
    activity = detected(heard, rate, model)
    assert {(leak.source, leak.target) for leak in activity.leaks} == {(0, 1), (1, 0)}
    assert max(wrong(activity, truth)) < 0.025
    one, two = (mask_of(channel.speech, 10000) for channel in activity.channels)
    assert np.sum(one & two) * 0.01 < 0.1 + truth.shares.both_s
    assert all(channel.leaked for channel in activity.channels)


def test_a_channel_that_only_copies_the_other_has_no_speech(model):
    _, samples, rate = sample_call("rude_agent")
    late = round(0.25 * rate)
    copy = np.concatenate([np.zeros(late, np.float32), samples[0, :-late]])
    activity = detected([samples[0], copy], rate, model)
    assert activity.channels[0].speech
    assert activity.channels[1].speech == ()


def test_tones_holds_and_the_speech_after_them(model):
    truth, samples, rate = sample_call("long_hold")
    activity = detected(samples, rate, model)
    assert [(tone.kind, tone.channel) for tone in activity.tones] == [("beep", 0)]
    assert [hold.kind for hold in activity.holds] == [hold.kind for hold in truth.holds]
    for hold, true in zip(activity.holds, truth.holds, strict=True):
        assert (hold.span.start, hold.span.end) == pytest.approx(
            (true.span.start, true.span.end), abs=0.25
        )
    assert max(wrong(activity, truth)) < 0.02


def test_dead_air_needs_speech_on_both_sides():
    samples = bursts((6.0, 7.0), (13.0, 14.0), seconds=21.0)
    activity = speech.detect([from_samples(samples, RATE)], SETTINGS, LOUD)
    (hold,) = activity.holds
    assert (hold.kind, hold.channel) == ("silence", None)
    assert (hold.span.start, hold.span.end) == pytest.approx((7.0, 13.0), abs=0.03)


def test_background_voices_are_not_this_party(model):
    """Everybody in the room at -14 dB: what the model alone hears is speech without an end."""
    truth, samples, rate = sample_call("cold_monotone")
    others = np.zeros(samples.shape[1])
    for name in ("complaint_7a", "good_service", "numbers_readback"):
        for i, part in enumerate(sample_call(name)[1]):
            others += np.resize(np.roll(part, 40000 * i), len(others))
    agent = samples[0] + (0.2 * others * np.std(samples[0]) / np.std(others))
    channel, _ = detected([agent.astype(np.float32), samples[1]], rate, model).channels
    heard = mask_of(channel.speech, len(channel.probability))
    true = mask_of(truth.parties[0].speech, len(heard))
    assert np.mean(heard != true) < 0.12


def test_two_parties_who_leave_no_gap_in_one_channel_are_no_background(model):
    """Their floor is speech: nobody need be silent where both parties share a channel."""
    truth, samples, rate = sample_call("rapid_fire")
    (channel,) = detected([samples.mean(axis=0)], rate, model).channels
    heard = mask_of(channel.speech, len(channel.probability))
    true = mask_of(union(*(party.speech for party in truth.parties)), len(heard))
    assert np.mean(true & ~heard) < 0.02


def test_blocks_leave_no_seams(model, monkeypatch):
    truth, samples, rate = sample_call("rude_agent")
    whole = detected(samples, rate, model)
    monkeypatch.setattr(speech, "_BLOCK_S", 5.12)
    parts = detected(samples, rate, model)
    assert Span(0, truth.duration_s).end > 30.72
    for one, two in zip(whole.channels, parts.channels, strict=True):
        assert one.speech == two.speech
