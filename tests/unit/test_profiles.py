"""An agent's usual voice: what it is learnt from, and what it tells."""

import math

import msgspec
import numpy as np
import pytest

from pipeline.facts import AGENT, CUSTOMER, UsualFigure
from pipeline.judge.call import Judge
from pipeline.measure.roles import Told, decided, revised
from pipeline.profiles import VoiceProfile, known_voices, learn, with_print, with_usual
from pipeline.rubric import load_lexicon, shipped
from pipeline.settings import load_measure_settings
from pipeline.voiceprint import encoded, likeness
from scripts.validation.talk import facts_of

SETTINGS = load_measure_settings()
LINES = ((AGENT, "好的，我看一下。"), (CUSTOMER, "好的，我看一下。"))


def call(f0=200.0, level=-26.0, rate=4.5, spread=3.0, *, talk_s=60.0, **agent):
    figures = {
        "f0_median_hz": f0, "level_dbov": level, "articulation_rate_syl_s": rate,
        "f0_spread_st": spread, "talk_s": talk_s,
    }  # fmt: skip
    return facts_of(LINES, speaker_more={AGENT: figures | agent, CUSTOMER: {"f0_median_hz": 120.0}})


def test_medians_over_calls_with_their_scatter() -> None:
    calls = [call(f0) for f0 in (190.0, 200.0, 204.0, 210.0, 400.0)]
    profile = learn("王芳", calls, SETTINGS.profiles)
    assert (profile.calls, profile.talk_s) == (5, 300.0)
    pitch = profile.figures["f0_median_hz"]
    assert (pitch.median, pitch.calls) == (204.0, 5)
    assert pitch.deviation == round(1.4826 * 6, 3)
    assert "f0_range_st" not in profile.figures  # nobody measured it
    assert profile.usual.median("level_dbov") == -26.0


@pytest.mark.parametrize(
    "poor", [{"talk_s": 5.0}, {"role_confidence": 0.9}, {"talk_error_s": 20.0}]
)
def test_calls_that_are_short_or_unsure_teach_nothing(poor) -> None:
    good = [call() for _ in range(SETTINGS.profiles.least_calls)]
    assert learn("王芳", good, SETTINGS.profiles).calls == len(good)
    assert learn("王芳", [*good[1:], call(**poor)], SETTINGS.profiles) is None
    assert learn("王芳", [*good, call(**poor)], SETTINGS.profiles).calls == len(good)


def test_no_calls_no_voice() -> None:
    assert learn("王芳", [], SETTINGS.profiles) is None


# ── Known again ──────────────────────────────────────────────────────────────────────────────────


def profile(**figures) -> VoiceProfile:
    known = {name: UsualFigure(median=value, deviation=0.0, calls=9)
             for name, value in figures.items()}  # fmt: skip
    return VoiceProfile(agent="王芳", calls=9, talk_s=900.0, figures=known)


def mixed(*pitches):
    facts = facts_of(LINES)
    speakers = tuple(
        msgspec.structs.replace(each, voice=number + 1, channel=0, f0_median_hz=pitch)
        for number, (each, pitch) in enumerate(zip(facts.speakers, pitches, strict=True))
    )
    return msgspec.structs.replace(facts, speakers=speakers)


@pytest.mark.parametrize(("pitches", "agent"), [((200.0, 120.0), 1), ((120.0, 200.0), 2)])
def test_a_known_pitch_finds_the_agent_where_words_say_nothing(pitches, agent) -> None:
    facts = mixed(*pitches)
    known = known_voices(facts, profile(f0_median_hz=205.0), SETTINGS.profiles)
    found = decided(facts, SETTINGS.roles, Told(), known).roles
    assert found.agent == agent
    assert found.confidence > 0.95
    assert {cue.name for cue in found.cues} == {"first-to-speak", "known-pitch"}


def test_two_voices_of_one_pitch_are_not_told_apart_by_it() -> None:
    known = known_voices(mixed(200.0, 200.0), profile(f0_median_hz=205.0), SETTINGS.profiles)
    assert known[0].weight == known[1].weight


def test_how_much_a_pitch_tells_is_a_ratio_of_densities() -> None:
    settings = SETTINGS.profiles
    same, octave = known_voices(mixed(205.0, 410.0), profile(f0_median_hz=205.0), settings)
    assert same.weight == pytest.approx(
        math.log(settings.pitch_anybody_st / settings.pitch_least_st), abs=0.001
    )
    assert octave.weight == -4.0  # and no less: voices have colds


def test_a_profile_without_pitch_knows_nobody() -> None:
    assert known_voices(mixed(200.0, 120.0), profile(level_dbov=-26.0), SETTINGS.profiles) == ()


# ── Voiceprints ──────────────────────────────────────────────────────────────────────────────────


def vector(*parts: float) -> str:
    """A voiceprint that points where ``parts`` say."""
    whole = np.zeros(256, np.float32)
    whole[: len(parts)] = parts
    return encoded(whole)


def test_a_voiceprint_keeps_its_direction() -> None:
    chance = np.random.default_rng(3)
    one, two = (np.abs(chance.standard_normal(256)).astype(np.float32) for _ in range(2))
    true = float(one @ two / np.linalg.norm(one) / np.linalg.norm(two))
    assert likeness(encoded(one), encoded(two)) == pytest.approx(true, abs=0.005)
    assert likeness(encoded(one), encoded(7 * one)) == pytest.approx(1.0, abs=1e-4)
    assert likeness(encoded(one), encoded(one[:128])) is None
    assert len(encoded(one)) < 400


def test_the_voice_of_several_calls_lies_between_theirs() -> None:
    calls = [call(voiceprint=each) for each in (vector(1, 0), vector(0, 1), vector(1, 1))]
    found = learn("王芳", calls, SETTINGS.profiles)
    assert likeness(found.voiceprint, vector(1, 1)) == pytest.approx(1.0, abs=1e-3)
    assert learn("王芳", [call() for _ in range(3)], SETTINGS.profiles).voiceprint is None


@pytest.mark.parametrize("agent", [1, 2])
def test_a_known_voice_finds_the_agent_where_pitch_and_words_say_nothing(agent) -> None:
    known = msgspec.structs.replace(profile(f0_median_hz=200.0), voiceprint=vector(1, 0.1))
    prints = {agent: vector(1, 0.2), 3 - agent: vector(0.3, 1)}
    facts = mixed(200.0, 200.0)
    cues = known_voices(facts, known, SETTINGS.profiles, prints)
    assert {cue.name for cue in cues} == {"known-voice"}  # the pitch is in it already
    found = decided(facts, SETTINGS.roles, Told(), cues).roles
    assert found.agent == agent
    assert found.confidence > 0.99


def test_only_the_agents_voiceprint_is_ever_kept() -> None:
    prints = {1: vector(1, 0), 2: vector(0, 1)}
    facts = with_print(decided(mixed(200.0, 120.0), SETTINGS.roles, Told(agent=1)), prints)
    assert facts.speaker(AGENT).voiceprint == prints[1]
    assert facts.speaker(CUSTOMER).voiceprint is None
    mended = revised(with_usual(facts, profile(f0_median_hz=200.0)), 2)
    assert [each.voiceprint for each in mended.speakers] == [None, None]
    assert mended.speaker(AGENT).usual is not None
    assert mended.speaker(CUSTOMER).usual is None


def test_none_is_kept_unless_the_settings_say_so() -> None:
    assert SETTINGS.profiles.keep_voiceprints is False


# ── Usual ────────────────────────────────────────────────────────────────────────────────────────

USUAL = profile(f0_median_hz=200.0, level_dbov=-26.0, articulation_rate_syl_s=4.5, f0_spread_st=3.0)
RUBRIC = shipped("usual-zh-v1")
JUDGE = Judge(RUBRIC, load_lexicon(RUBRIC.lexicon))


def outcomes(facts):
    found = {each.criterion: each for each in JUDGE.score(facts).findings}
    return {name: found[name] for name in ("rate-usual", "level-usual", "spread-usual")}


def test_what_is_loud_fast_or_flat_for_this_person_is_missed() -> None:
    own = outcomes(with_usual(call(), USUAL))
    assert [each.outcome for each in own.values()] == ["met"] * 3
    assert [each.value for each in own.values()] == [1.0, 0.0, 1.0]
    moved = outcomes(with_usual(call(level=-18.0, rate=5.6, spread=1.5), USUAL))
    assert [each.outcome for each in moved.values()] == ["missed"] * 3
    assert [each.value for each in moved.values()] == [1.244, 8.0, 0.5]


def test_without_a_known_voice_nothing_is_held_against_it() -> None:
    for found in outcomes(with_usual(call(), None)).values():
        assert found.outcome == "not_measured"
        assert found.reason.en.endswith("the speaker's usual voice is not known")
        assert "不知道该说话人平时的声音" in found.reason.zh


def test_only_the_agents_usual_voice_is_put_into_facts() -> None:
    facts = with_usual(call(), USUAL)
    assert facts.speaker(AGENT).usual == USUAL.usual
    assert facts.speaker(CUSTOMER).usual is None
    assert with_usual(facts, None) == call()
