"""The sample calls, whose truth is known: what is measured must be what was made."""

import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from pipeline.facts import CallFacts, Overlap, SpeakerFacts
from pipeline.judge.call import Judge, compile
from pipeline.measure import call, roles
from pipeline.measure.cache import Cache
from pipeline.measure.stages import Models
from pipeline.report import figures
from pipeline.report.coaching import asked, lost
from pipeline.report.files import call_files
from pipeline.report.phrasing import clock, number, points
from pipeline.report.radar import value
from pipeline.report.vocabulary import method, unit
from pipeline.rubric import load_lexicon, shipped
from pipeline.scorecard import Scorecard, decode
from pipeline.settings import MeasureSettings, default_rubric, load_measure_settings
from pipeline.timeline import bridge, difference, intersection, total, union
from pipeline.tracks import Tracks
from scripts.synthesis.truth import CallTruth, read_truth
from tests.conftest import CALLS
from tests.real import reading

NAMES = sorted(path.name.removesuffix(".truth.json") for path in CALLS.glob("*.truth.json"))


@pytest.fixture(scope="module")
def settings() -> MeasureSettings:
    return load_measure_settings()


@pytest.fixture(scope="module")
def models(settings: MeasureSettings) -> Models:
    return call.load_models(settings, None, None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("words")


class Heard:
    """One call: its truth, and what was measured when told the true words."""

    def __init__(self, truth: CallTruth, facts: CallFacts) -> None:
        self.truth = truth
        self.facts = facts


@pytest.fixture(scope="module", params=NAMES)
def heard(
    request: pytest.FixtureRequest, settings: MeasureSettings, models: Models, folder: Path
) -> Heard:
    truth = read_truth(CALLS / f"{request.param}.truth.json")
    transcript = folder / f"{request.param}.json"
    words = [
        {"text": w.text, "start": w.span.start, "end": w.span.end, "speaker": w.speaker}
        for w in truth.words
    ]
    transcript.write_bytes(
        msgspec.json.encode({"schema": "qinhe.transcript/1", "language": "zh", "words": words})
    )
    recording = call.Recording(
        paths=(CALLS / truth.audio,),
        call_id=truth.call_id,
        roles=roles.DEFAULT,
        transcript=transcript,
    )
    with call.opened(recording, settings.audio) as audio:
        measured = call.measure(audio, recording, models, settings, Cache(None))
    return Heard(truth, measured.facts)


def test_there_are_calls() -> None:
    assert len(NAMES) >= 8


def on_the_line_of(speaker: str, facts: CallFacts) -> list[SpeakerFacts]:
    """A party and whoever else speaks on its channel: the truth does not part colleagues."""
    found = facts.speaker(speaker)
    assert found is not None
    return [each for each in facts.speakers if each.channel == found.channel]


def test_colleagues_are_told_apart_where_there_are_any(heard: Heard) -> None:
    voices = {"shouting_quarrel": 3}  # it is passed on to the accounts department
    assert len(heard.facts.speakers) == voices.get(heard.facts.call_id, 2)


def test_speech_is_where_it_was_spoken(heard: Heard) -> None:
    for party in heard.truth.parties:
        voices = [each.speech for each in on_the_line_of(party.speaker, heard.facts)]
        # A pause of just the length up to which silence belongs to speech may be either.
        heard_in, spoken = bridge(union(*voices), 0.3), bridge(party.speech, 0.3)
        wrong = total(difference(heard_in, spoken)) + total(difference(spoken, heard_in))
        assert wrong <= 0.6 + 0.04 * total(spoken), party.speaker


def test_level_and_pitch_are_what_was_set(heard: Heard) -> None:
    for party in heard.truth.parties:
        found, *others = on_the_line_of(party.speaker, heard.facts)
        if others:
            continue
        # A party that hears the other's echo on its line reads louder than it speaks.
        if party.leak_db is None and not heard.truth.tones:
            assert found.level_dbov == pytest.approx(party.level_dbov, abs=0.5)
        assert found.f0_median_hz == pytest.approx(party.f0_median_hz, rel=0.06)
        assert found.articulation_rate_syl_s == pytest.approx(
            party.articulation_rate_syl_s, rel=0.1
        )


def kinds(overlaps: tuple[Overlap, ...]) -> Counter[tuple[str, str]]:
    return Counter((overlap.second, overlap.kind) for overlap in overlaps)


def test_overlaps_are_of_the_kinds_that_were_scripted(heard: Heard) -> None:
    assert kinds(heard.facts.overlaps) == kinds(heard.truth.overlaps)


def test_holds_and_tones_are_where_they_were_put(heard: Heard) -> None:
    for kind in ("music", "silence", "ringback"):
        found = [hold.span for hold in heard.facts.holds if hold.kind == kind]
        made = [hold.span for hold in heard.truth.holds if hold.kind == kind]
        assert total(difference(found, made)) + total(difference(made, found)) <= 1.0, kind
    assert Counter(t.kind for t in heard.facts.tones) == Counter(t.kind for t in heard.truth.tones)


def test_rapid_fire_is_heard_where_it_was(heard: Heard) -> None:
    found = [burst.span for burst in heard.facts.bursts if burst.speaker == "agent"]
    made = [burst.span for burst in heard.truth.bursts if burst.speaker == "agent"]
    assert total(intersection(found, made)) >= 0.8 * total(made)
    assert total(difference(found, made)) <= 3.0


def test_the_call_divides_into_its_shares_exactly(heard: Heard) -> None:
    shares = heard.facts.shares
    parts = sum(shares.talk_s.values()) + shares.both_s + shares.hold_s + shares.silence_s
    assert parts == pytest.approx(heard.facts.audio.duration_s, abs=0.003)
    for speaker, seconds in heard.truth.shares.talk_s.items():
        line = on_the_line_of(speaker, heard.facts)
        assert sum(shares.talk_s[each.speaker] for each in line) == pytest.approx(seconds, abs=2.0)


def test_nobody_types_or_knocks(heard: Heard) -> None:
    for party in heard.facts.speakers:
        noise = [cue for cue in party.cues if cue.name == "handling-noise"]
        told = any(gap.measure == "handling-noise" for gap in party.not_measured)
        assert told or [(cue.value, cue.span) for cue in noise] == [(0.0, None)], party.speaker


# ── What is said about them ──────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def judge() -> Judge:
    rubric = shipped(default_rubric("zh"))
    return compile(rubric, load_lexicon(rubric.lexicon))


@pytest.mark.parametrize("ui", ["zh", "en"])
def test_terminal_page_and_json_say_the_same(heard: Heard, judge: Judge, ui: str) -> None:
    card, files = call_files(
        judge.score(heard.facts), heard.facts, Tracks(()), None, ui=ui, show_numbers=False
    )
    told = decode(files["scorecard.json"], heard.truth.call_id)
    assert told == card
    page, terminal = reading.of_page(files["html"].decode()), reading.of_terminal(card, ui)
    for said in (*told_of_the_whole(told, ui), *told_of_coaching(told, ui)):
        assert reading.plain(said) in terminal, said
        assert reading.plain(said) in page, said
    for finding in told.findings:
        for said in (finding.name.of(ui), finding.reason.of(ui)):
            assert reading.plain(said) in page, said
            assert reading.plain(said) in terminal, said
        for piece in finding.evidence:
            assert reading.plain(piece.words or "") in page


def told_of_the_whole(card: Scorecard, ui: str) -> list[str]:
    sides = [f"{axis.name.of(ui)} {value(axis, ui)}" for axis in card.radar]
    return [number(card.mark or 0.0), *(points(p.points) for p in card.pillars), *sides]


def told_of_coaching(card: Scorecard, ui: str) -> list[str]:
    findings = {finding.criterion: finding for finding in card.findings}
    said = []
    for given in card.coaching:
        finding = findings[given.criterion]
        said += [f"{finding.name.of(ui)} {lost(given.lost, ui)}", finding.reason.of(ui)]
        if given.moment is not None and given.moment.span is not None:
            said += [clock(given.moment.span.start), given.moment.words or ""]
        said += [given.better] if given.better else [w for _, w in asked(finding.standard, ui)]
    return said


def test_the_rude_agent_has_most_to_talk_about(heard: Heard, judge: Judge) -> None:
    coaching = judge.score(heard.facts).coaching
    assert len(coaching) <= 3
    if heard.truth.call_id == "rude_agent":
        assert len(coaching) == 3
        assert coaching[0].better
        assert coaching[0].moment


def test_a_report_in_chinese_has_no_english_left(heard: Heard, judge: Judge) -> None:
    card = judge.score(heard.facts)
    pieces = [piece for finding in card.findings for piece in finding.evidence]
    said = [
        *(finding.name.zh + finding.reason.zh for finding in card.findings),
        *(unit(measured.unit, "zh") for measured in (*card.findings, *pieces)),
        *(method(finding.kind, finding.measure, "zh") for finding in card.findings),
        *(piece.note.zh for piece in pieces if piece.note is not None),
        *(what + why for what, why in figures.not_measured(heard.facts, "zh")),
        *(name for name, _ in figures.measures(heard.facts, "zh").rows),
        *(name for name, _ in figures.quality(heard.facts, "zh").rows),
    ]
    # Units of level and frequency have no Chinese that the trade uses.
    left = [text for text in said if re.search("[a-z]{2,}", re.sub("dBov|kHz|Hz", "", text))]
    assert left == []
