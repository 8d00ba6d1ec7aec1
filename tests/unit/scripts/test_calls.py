"""The sample calls: the machinery on small scripts, and what ships against its own truth."""

import functools
import hashlib
import re
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
import yaml

from pipeline import timeline
from pipeline.errors import ConfigError
from pipeline.facts import AGENT, CUSTOMER
from pipeline.timeline import Span
from scripts.synthesis import calls, truth
from scripts.synthesis.clean_pitch import statistics, track
from scripts.synthesis.dialogue import (
    CallScript,
    Step,
    VoiceScript,
    read_script,
    script_paths,
    take_apart,
)
from scripts.synthesis.line import RATE_HZ, Signal, active_speech_level
from scripts.synthesis.placing import PlacingError, place
from scripts.synthesis.speaking import say
from scripts.synthesis.truth import CallTruth, read_truth

TRUTHS = sorted(calls.CALLS.glob("*.truth.json"))
NAMES = [path.name.removesuffix(".truth.json") for path in TRUTHS]
CHANNEL = {AGENT: 0, CUSTOMER: 1}

SMALL = """
id: small
title: 两句话
seed: 5
coding: flac
voices:
  agent: {variant: f3, level_dbov: -25}
  customer: {variant: m3, level_dbov: -31}
steps:
  - agent: 您好，请问有什么可以帮您？
  - customer: <嗯>，我想查一下上个月//的账单
    gap: 0.5
  - agent: 好的，我帮您查。
    overlap: competitive-with-floor
    in_on: 一下
  - hold: music
    seconds: 2
    gap: 0.4
expected: {}
"""


def script(*steps: Step) -> CallScript:
    voices = {AGENT: VoiceScript(variant="f3"), CUSTOMER: VoiceScript(variant="m3")}
    return msgspec.convert(
        {"id": "t", "title": "t", "seed": 1, "voices": {}, "steps": [], "expected": {}}
        | {"voices": msgspec.to_builtins(voices), "steps": msgspec.to_builtins(steps)},
        CallScript,
    )


def chance() -> np.random.Generator:
    return np.random.default_rng(0)


def level_db(samples: Signal, rate: int, span: Span) -> float:
    piece = samples[round(span.start * rate) : round(span.end * rate)]
    return float(10 * np.log10(np.mean(piece**2) + 1e-12))


@functools.cache
def shipped(name: str) -> tuple[CallTruth, Signal]:
    """A shipped call: its truth and its samples (2, n)."""
    found = read_truth(calls.CALLS / f"{name}.truth.json")
    samples, rate = soundfile.read(calls.CALLS / found.audio, always_2d=True)
    assert rate == found.rate_hz == RATE_HZ
    return found, samples.T


# ── Texts ────────────────────────────────────────────────────────────────────────────────────────


def test_markup_is_taken_apart() -> None:
    said = take_apart("<嗯>，一共[88元|八十八元]，//再见")
    assert said.spoken == "嗯，一共八十八元，再见"
    assert said.written == "嗯，一共88元，"
    assert said.spoken[: said.said] == "嗯，一共八十八元，"
    assert said.fillers == {0}
    assert said.cut


@pytest.mark.parametrize("text", ["<嗯，好", "[12|十二", "好]", "一//二//三"])
def test_broken_markup_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        take_apart(text)


def test_unknown_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "call.yaml"
    path.write_text(SMALL.replace("seconds: 2", "secs: 2"), encoding="utf-8")
    with pytest.raises(ConfigError, match="secs"):
        read_script(path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"agent": "好", "customer": "好"}, "one of"),
        ({"hold": "music"}, "seconds"),
        ({"agent": "好", "in_on": "您"}, "kind"),
    ],
)
def test_contradictory_step_is_refused(fields: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        msgspec.convert(fields, Step)


# ── One line ─────────────────────────────────────────────────────────────────────────────────────


def test_cut_off_words_are_neither_heard_nor_true() -> None:
    voice = VoiceScript(variant="f3")
    whole = say(Step(agent="我想查一下上个月的账单"), voice, chance())
    cut = say(Step(agent="我想查一下上个月//的账单"), voice, chance())
    assert "".join(word.text for word in cut.words) == "我想查一下上个月"
    assert len(cut.samples) == pytest.approx(whole.words[7].end * RATE_HZ, abs=100)
    assert np.max(np.abs(cut.samples[-20:])) < 0.2 * np.max(np.abs(cut.samples))


def test_latin_letter_is_one_word_of_several_syllables() -> None:
    said = say(Step(customer="单号W八"), VoiceScript(variant="m3"), chance())
    assert [(word.text, word.syllables) for word in said.words] == [
        ("单", 1),
        ("号", 1),
        ("W", 3),
        ("八", 1),
    ]
    assert all(one.end <= two.start + 1e-9 for one, two in pairwise(said.words))


def test_drawl_lengthens_the_last_syllable_only() -> None:
    voice = VoiceScript(variant="linda", rate_wpm=180)
    plain = say(Step(agent="还有银行卡"), voice, chance())
    drawn = say(Step(agent="还有银行卡", drawl=True), voice, chance())
    lengths = [[word.end - word.start for word in utterance.words] for utterance in (plain, drawn)]
    assert lengths[1][-1] > 1.6 * lengths[0][-1]
    assert lengths[1][:-1] == pytest.approx(lengths[0][:-1], abs=0.02)
    assert len(drawn.samples) / RATE_HZ >= drawn.end - 0.01


def test_effort_raises_what_lies_above_1_khz() -> None:
    def treble(effort_db: float) -> float:
        samples = say(
            Step(agent="你冲我喊什么", effort_db=effort_db), VoiceScript(variant="f3"), chance()
        ).samples
        power = np.abs(np.fft.rfft(samples)) ** 2
        edge = round(1000 * len(samples) / RATE_HZ)
        return float(10 * np.log10(np.sum(power[edge:]) / np.sum(power[:edge])))

    assert treble(12.0) - treble(0.0) == pytest.approx(12 * 0.55, abs=0.8)


def test_pitch_of_a_known_voice() -> None:
    time = np.arange(2 * RATE_HZ) / RATE_HZ
    swing_st = 2.0  # F0 swings by that much about 200 Hz, once a second
    f0 = 200 * 2 ** (swing_st * np.sin(2 * np.pi * time) / 12)
    phase = 2 * np.pi * np.cumsum(f0) / RATE_HZ
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 8))
    found = statistics(track(np.asarray(voice) * 0.1))
    assert found is not None
    assert found.median_hz == pytest.approx(200, rel=0.01)
    assert found.range_st == pytest.approx(2 * swing_st * np.sin(0.45 * np.pi), abs=0.3)
    assert found.spread_st == pytest.approx(1.4826 * swing_st * np.sin(np.pi / 4), abs=0.2)


# ── Placing ──────────────────────────────────────────────────────────────────────────────────────


def test_gap_is_the_floor_transfer_offset() -> None:
    course = place(script(Step(agent="您好"), Step(customer="你好", gap=0.7)), chance())
    one, two = course.placed
    assert two.span.start - one.span.end == pytest.approx(0.7)


def test_coming_in_on_a_word_starts_when_it_ends() -> None:
    course = place(
        script(
            Step(customer="我上个月的账单不对"),
            Step(agent="嗯", overlap="backchannel", in_on="上个月"),
            Step(agent="请讲", gap=0.4),
        ),
        chance(),
    )
    talk, signal, answer = course.placed
    assert signal.span.start == pytest.approx(talk.words[3][1].end)
    assert answer.span.start - talk.span.end == pytest.approx(0.4)
    (overlap,) = course.overlaps
    assert (overlap.kind, overlap.first, overlap.second) == ("backchannel", CUSTOMER, AGENT)
    assert overlap.yielded is None
    assert overlap.span == signal.span.rounded()


@pytest.mark.parametrize(
    ("kind", "first", "second", "yielded"),
    [
        ("competitive-with-floor", "我上个月的//账单不对", "请等一下", CUSTOMER),
        ("competitive-without-floor", "我上个月的账单不对啊", "请等//一下", AGENT),
    ],
)
def test_who_is_cut_off_has_yielded(kind: str, first: str, second: str, yielded: str) -> None:
    steps = [{"customer": first}, {"agent": second, "overlap": kind, "in_on": "上个"}]
    course = place(script(*(msgspec.convert(step, Step) for step in steps)), chance())
    (overlap,) = course.overlaps
    assert overlap.yielded == yielded
    loser = course.placed[0 if yielded == CUSTOMER else 1]
    assert overlap.span.end == pytest.approx(loser.span.end, abs=0.001)


def test_silent_interruption_lies_in_the_silence() -> None:
    course = place(
        script(
            Step(customer="我想//查账单"),
            Step(agent="请讲", gap=0.3, overlap="silent-interruption"),
        ),
        chance(),
    )
    (overlap,) = course.overlaps
    assert overlap.span.duration == pytest.approx(0.3, abs=0.001)
    assert overlap.yielded == CUSTOMER


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"agent": "您好您好"}, {"customer": "你好", "gap": -0.2}], "undeclared"),
        (
            [{"agent": "您好"}, {"customer": "你好", "gap": 0.2, "overlap": "terminal"}],
            "overlaps nobody",
        ),
        (
            [{"agent": "您好"}, {"customer": "好", "overlap": "backchannel", "in_on": "喂"}],
            "is not in the utterance",
        ),
        (
            [
                {"agent": "您好您好"},
                {"customer": "你好", "overlap": "competitive-with-floor", "in_on": "您好"},
            ],
            "is not cut off",
        ),
        (
            [
                {"agent": "您好您好"},
                {"customer": "你好", "overlap": "silent-interruption", "gap": 0.3},
            ],
            "cut off, in silence",
        ),
    ],
)
def test_times_that_contradict_the_script_are_refused(
    steps: list[dict[str, object]], message: str
) -> None:
    with pytest.raises(PlacingError, match=message):
        place(script(*(msgspec.convert(step, Step) for step in steps)), chance())


# ── A whole small call ───────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> list[calls.Recording]:
    path = tmp_path_factory.mktemp("scripts") / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return list(calls.make_all([path, path], jobs=1))


def test_same_script_gives_the_same_bytes(twice: list[calls.Recording], tmp_path: Path) -> None:
    one, two = twice
    assert np.array_equal(one.samples, two.samples)
    assert one.truth == two.truth
    for suffix in ("flac", "opus"):
        files = []
        for folder, made in (("one", one), ("two", two)):
            renamed = msgspec.structs.replace(made.truth, audio=f"small.{suffix}")
            files.append(calls.write(calls.Recording(made.samples, renamed), tmp_path / folder))
        assert files[0].read_bytes() == files[1].read_bytes()


def test_small_call_is_as_written(twice: list[calls.Recording]) -> None:
    made = twice[0].truth
    assert [turn.text for turn in made.turns] == [
        "您好请问有什么可以帮您",
        "嗯我想查一下上个月",
        "好的我帮您查",
    ]
    assert [turn.took_floor for turn in made.turns] == [True, True, True]
    assert made.transfers[0].offset_s == pytest.approx(0.5, abs=0.002)
    assert made.transfers[1].offset_s < 0
    assert [filler.text for filler in made.fillers] == ["嗯"]
    assert [(hold.kind, hold.channel) for hold in made.holds] == [("music", 0)]
    assert made.holds[0].span.duration == pytest.approx(2.0, abs=0.002)
    levels = [party.level_dbov for party in made.parties]
    assert levels == pytest.approx([-25.0, -31.0], abs=0.1)


def test_truth_file_reads_back(twice: list[calls.Recording], tmp_path: Path) -> None:
    calls.write(twice[0], tmp_path)
    assert read_truth(tmp_path / "small.truth.json") == twice[0].truth


def test_unknown_call_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        calls.main(["no_such_call"])
    assert "no_such_call" in capsys.readouterr().err


# ── What ships ───────────────────────────────────────────────────────────────────────────────────


def test_calls_are_many_small_and_of_every_kind() -> None:
    found = [shipped(name)[0] for name in NAMES]
    assert {path.stem for path in script_paths()} == set(NAMES)
    assert len(found) >= 8
    assert all(60 <= call.duration_s <= 150 for call in found)
    assert sum((calls.CALLS / call.audio).stat().st_size for call in found) < 6_000_000
    overlaps = {overlap.kind for call in found for overlap in call.overlaps}
    assert overlaps == {
        "backchannel",
        "terminal",
        "choral",
        "competitive-with-floor",
        "competitive-without-floor",
        "silent-interruption",
    }
    assert {hold.kind for call in found for hold in call.holds} == {"music", "silence", "ringback"}
    assert {tone.kind for call in found for tone in call.tones} == {"ringback", "busy", "beep"}
    assert {voice.held_out for call in found for voice in call.voices} == {True, False}


def test_held_out_voices_are_those_that_training_holds_out() -> None:
    corpus = pytest.importorskip("scripts.training.corpus")
    for name in NAMES:
        for voice in shipped(name)[0].voices:
            assert voice.held_out == (voice.variant in corpus.HELD_OUT), voice.variant


@pytest.mark.parametrize("path", script_paths(), ids=lambda path: path.stem)
def test_shipped_truth_is_what_the_script_says(path: Path) -> None:
    written = read_script(path)
    found, _ = shipped(path.stem)
    said = [take_apart(step.agent or step.customer or "") for step in written.steps if step.speaker]
    assert [text.written for text in said] == [spoken.written for spoken in found.utterances]
    assert (found.title, found.seed) == (written.title, written.seed)
    assert found.expected.met == written.expected.met
    assert found.expected.missed == written.expected.missed


def test_expected_verdicts_name_standards_that_exist() -> None:
    text = (calls.CALLS.parents[1] / "configs" / "standards.yaml").read_text(encoding="utf-8")
    known = set(re.findall(r"\b[VTPFC]\d\d\b", text))
    assert yaml.safe_load(text)
    for name in NAMES:
        expected = shipped(name)[0].expected
        assert set(expected.met) | set(expected.missed) <= known, name
        assert not set(expected.met) & set(expected.missed), name


@pytest.mark.parametrize("name", NAMES)
def test_recording_is_the_one_that_the_truth_describes(name: str) -> None:
    found, samples = shipped(name)
    assert samples.shape == (2, round(found.duration_s * RATE_HZ))
    if found.audio.endswith(".flac"):
        pcm = (samples.T * 32768).astype("<i2").tobytes()
        assert hashlib.sha256(pcm).hexdigest() == found.pcm_sha256


@pytest.mark.parametrize("name", NAMES)
def test_sound_is_where_the_words_are(name: str) -> None:
    found, samples = shipped(name)
    for party in found.parties:
        channel = samples[party.channel]
        heard = [level_db(channel, RATE_HZ, span) for span in party.speech if span.duration > 0.3]
        assert min(heard) > party.level_dbov - 12, name
        other = next(p for p in found.parties if p is not party)
        busy = [hold.span for hold in found.holds if hold.channel == party.channel]
        busy += [tone.span for tone in found.tones if tone.channel == party.channel]
        busy += other.speech if party.leak_db is not None else ()
        free = timeline.gaps(
            timeline.padded([*party.speech, *busy], 0.1, 0.15, Span(0, found.duration_s)),
            Span(0.0, found.duration_s),
        )
        quiet = [level_db(channel, RATE_HZ, span) for span in timeline.at_least(free, 0.2)]
        assert quiet
        assert max(quiet) < party.noise_dbov + 6, name


@pytest.mark.parametrize("name", NAMES)
def test_both_are_heard_only_in_declared_overlaps(name: str) -> None:
    found, _ = shipped(name)
    agent, customer = (party.speech for party in found.parties)
    declared = timeline.padded(
        [overlap.span for overlap in found.overlaps], 0.002, 0.002, Span(0, found.duration_s)
    )
    both = timeline.intersection(agent, customer)
    assert not timeline.at_least(timeline.difference(both, declared), 0.001)
    for overlap in found.overlaps:
        shared = timeline.total(timeline.intersection(both, [overlap.span]))
        if overlap.kind == "silent-interruption":
            assert shared == 0
        else:
            assert shared > 0.6 * overlap.span.duration, overlap


@pytest.mark.parametrize("name", NAMES)
def test_nothing_clips_unless_somebody_shouts(name: str) -> None:
    found, samples = shipped(name)
    clipped = float(np.mean(np.abs(samples) > 0.97))
    shouting = any(utterance.effort_db >= 9 for utterance in found.utterances)
    assert clipped < (0.02 if shouting else 1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_levels_on_the_line_are_the_true_ones(name: str) -> None:
    found, samples = shipped(name)
    for party in found.parties:
        played = [*found.holds, *found.tones]
        if party.leak_db is None and not any(item.channel == party.channel for item in played):
            level, _ = active_speech_level(samples[party.channel])
            assert level == pytest.approx(party.level_dbov, abs=0.3)


@pytest.mark.parametrize("name", NAMES)
def test_truth_holds_together(name: str) -> None:
    found, _ = shipped(name)
    shares = found.shares
    parts = [*shares.talk_s.values(), shares.both_s, shares.hold_s, shares.silence_s]
    assert sum(parts) == pytest.approx(found.duration_s, abs=0.005)
    assert sorted(found.words, key=lambda word: word.span) == list(found.words)
    in_turns = [word for turn in found.turns for word in turn.words]
    assert sorted(in_turns, key=lambda word: (word.span, word.speaker)) == sorted(
        found.words, key=lambda word: (word.span, word.speaker)
    )
    for party in found.parties:
        own = [word.span for word in found.words if word.speaker == party.speaker]
        assert all(one.end <= two.start + 0.0015 for one, two in pairwise(own))
        assert timeline.total(party.speech) == pytest.approx(party.talk_s, abs=0.05)
        spoken = [u for u in found.utterances if u.speaker == party.speaker]
        assert sum(utterance.syllables for utterance in spoken) == party.syllables
    for turn in found.turns:
        assert turn.span.start == pytest.approx(turn.words[0].span.start, abs=0.0015)
        assert turn.prosody is not None
        assert turn.prosody.syllables is not None
        assert turn.prosody.syllables >= len(turn.words)


def test_calls_differ_as_their_names_say() -> None:
    def agent(name: str) -> truth.PartyTruth:
        return shipped(name)[0].parties[0]

    usual = agent("good_service")
    assert agent("rapid_fire").articulation_rate_syl_s > 1.5 * usual.articulation_rate_syl_s
    assert agent("cold_monotone").f0_range_st < 0.2 * usual.f0_range_st
    assert agent("cold_monotone").articulation_rate_syl_s < 0.85 * usual.articulation_rate_syl_s
    assert agent("soft_line").level_dbov < usual.level_dbov - 15
    quarrel = shipped("shouting_quarrel")[0].turns
    loud = [turn.prosody.level_dbov for turn in quarrel if turn.prosody]
    assert max(level or -99 for level in loud) - min(level or 0 for level in loud) > 10
    assert len(shipped("cold_monotone")[0].drawls) >= 8
    assert len(shipped("rapid_fire")[0].bursts) >= 5
