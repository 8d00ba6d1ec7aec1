"""The whole of `measure` on recordings that hold no call, half of one, or one that is damaged."""

import struct

import numpy as np
import pytest
import soundfile

from pipeline.errors import AudioError
from pipeline.judge.call import compile as compile_judge
from pipeline.measure import call
from pipeline.measure.cache import Cache
from pipeline.measure.roles import DEFAULT
from pipeline.rubric import load_lexicon, shipped
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span, gaps
from scripts.synthesis import sounds
from scripts.synthesis.truth import read_truth
from tests.conftest import CALLS

RATE = 8000
SECONDS = 12
SETTINGS = load_measure_settings()
TIME = np.arange(SECONDS * RATE) / RATE
OF_SPEECH = (
    "level_dbov",
    "activity",
    "loudness_lufs",
    "syllables",
    "speech_rate_syl_s",
    "articulation_rate_syl_s",
    "nuclei_rate_syl_s",
    "f0_median_hz",
    "f0_spread_st",
    "f0_range_st",
    "intonation_st",
)


def noise(dbov, seed=0):
    return 10 ** (dbov / 20) * np.random.default_rng(seed).standard_normal(len(TIME))


NO_SPEECH = {
    "a tone": 0.3 * np.sin(2 * np.pi * 440 * TIME),
    "white noise": noise(-30),
    "an offset": np.full(len(TIME), 0.2) + noise(-70),
    "clicks": 0.8 * (np.arange(len(TIME)) % 2000 == 0) + noise(-75),
    "music": sounds.hold_music(SECONDS, -25, np.random.default_rng(1)),
    "hum": 0.1 * np.sin(2 * np.pi * 50 * TIME),
    "silence": np.zeros(len(TIME)),
}


@pytest.fixture(scope="module")
def models():
    return call.load_models(SETTINGS, None, None)


@pytest.fixture(scope="module")
def talk():
    """One party's talk, without the other."""
    truth = read_truth(CALLS / "interrupted_customer.truth.json")
    samples, rate = soundfile.read(CALLS / truth.audio, frames=len(TIME), always_2d=True)
    assert rate == RATE
    return samples[:, 0]


def measured(path, models):
    recording = call.Recording((path,), "call", DEFAULT)
    with call.opened(recording, SETTINGS.audio) as audio:
        return call.measure(audio, recording, models, SETTINGS, Cache(None)).facts


def recorded(folder, *channels):
    path = folder / "call.wav"
    soundfile.write(path, np.stack(channels, axis=1), RATE, subtype="PCM_16")
    return path


def assert_nobody(party):
    assert party.speech == ()
    assert party.talk_s == 0
    assert {name: getattr(party, name) for name in OF_SPEECH} == dict.fromkeys(OF_SPEECH)
    assert party.cues == ()
    reasons = {gap.measure: gap.reason for gap in party.not_measured}
    assert {"level", "loudness", "pace", "pitch", "intonation", "handling-noise"} <= set(reasons)
    assert all(reasons.values())


@pytest.mark.parametrize("name", NO_SPEECH)
def test_beside_a_party_is_nobody(name, models, talk, tmp_path):
    facts = measured(recorded(tmp_path, talk, NO_SPEECH[name]), models)
    agent, customer = facts.speakers
    assert agent.talk_s > 3
    assert agent.level_dbov is not None
    assert_nobody(customer)
    assert {turn.speaker for turn in facts.turns} == {"agent"}
    assert facts.overlaps == facts.transfers == ()


@pytest.mark.parametrize("name", sorted(set(NO_SPEECH) - {"silence"}))
def test_a_recording_without_anybody(name, models, tmp_path):
    facts = measured(recorded(tmp_path, NO_SPEECH[name], noise(-60, seed=4)), models)
    for party in facts.speakers:
        assert_nobody(party)
    assert facts.turns == facts.overlaps == facts.transfers == facts.pauses == facts.fillers == ()


def test_silence_is_refused(models, tmp_path):
    path = recorded(tmp_path, NO_SPEECH["silence"], NO_SPEECH["silence"])
    with pytest.raises(AudioError, match="digital silence"):
        measured(path, models)


def test_channels_of_next_to_nothing_are_refused(models, tmp_path):
    with pytest.raises(AudioError):
        measured(recorded(tmp_path, np.array([0.5]), np.array([0.1])), models)


def test_a_copy_that_comes_later_is_no_second_party(models, talk, tmp_path):
    late = np.concatenate([np.zeros(800), talk[:-800]])
    facts = measured(recorded(tmp_path, talk, 0.3 * late), models)
    assert facts.speakers[0].talk_s > 3
    assert_nobody(facts.speakers[1])
    assert facts.overlaps == ()


def test_a_faint_speaker_is_heard_like_a_loud_one(models, talk, tmp_path):
    other = noise(-85, seed=4)
    loud = measured(recorded(tmp_path, talk, other), models).speakers[0]
    faint = measured(recorded(tmp_path, talk * 10 ** (-26 / 20), other), models).speakers[0]
    assert faint.talk_s == pytest.approx(loud.talk_s, rel=0.05)
    assert faint.level_dbov == pytest.approx(loud.level_dbov - 26, abs=0.5)
    assert faint.f0_median_hz == pytest.approx(loud.f0_median_hz, rel=0.03)


def test_what_is_odd_about_the_file_is_told(models, talk, tmp_path):
    path = recorded(tmp_path, talk, noise(-70))
    assert measured(path, models).audio.notes == ()
    data = bytearray(path.read_bytes())
    size = data.index(b"data") + 4
    data[size : size + 4] = struct.pack("<I", 0xFFFFFFFF)  # as a recorder that was killed leaves it
    path.write_bytes(data)
    (note,) = measured(path, models).audio.notes
    assert "never wrote how long it is" in note


def test_typing_reaches_the_verdict(models, tmp_path):
    truth = read_truth(CALLS / "interrupted_customer.truth.json")
    samples, _ = soundfile.read(CALLS / truth.audio, always_2d=True)
    agent = next(party for party in truth.parties if party.speaker == "agent")
    silent = sorted(gaps(agent.speech, Span(0.0, len(samples) / RATE)), key=lambda s: s.duration)
    typed = []
    for pause in silent[-2:]:  # their longest two
        for at in np.arange(pause.start + 0.5, min(pause.start + 2.5, pause.end - 0.5), 0.2):
            begin = round(at * RATE)
            ring = np.exp(-np.arange(160) / 40) * np.sin(2 * np.pi * 0.22 * np.arange(160))
            samples[begin : begin + 160, agent.channel] += 0.15 * ring
            typed.append(Span(float(at), float(at) + 0.02))
    facts = measured(recorded(tmp_path, samples[:, 0], samples[:, 1]), models)
    noise = [cue for cue in facts.speaker("agent").cues if cue.name == "handling-noise"]
    assert len([cue for cue in noise if cue.span]) == 2
    assert all(any(cue.span and cue.span.overlap(key) for cue in noise) for key in typed)
    rubric = shipped("affinity-zh-v1")
    scorecard = compile_judge(rubric, load_lexicon(rubric.lexicon)).score(facts)
    (finding,) = (f for f in scorecard.findings if f.criterion == "line-noise")
    assert [evidence.span for evidence in finding.evidence] == [c.span for c in noise if c.span]
