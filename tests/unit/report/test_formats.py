import json
import re
import uuid
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli import main
from pipeline.facts import CallFacts, Said, encode
from pipeline.report.formats import SUFFIXES, Conversation, written
from pipeline.store.calls import Details
from pipeline.store.database import open_database
from tests.unit.report import examples
from tests.unit.report.vcon_schema import VCON
from tests.unit.store.examples import store

HARD = 'a --> b\n\n<script>"&"</script> ;; x'


def conversation(facts: CallFacts | None = None) -> Conversation:
    started = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
    return Conversation(facts or examples.facts(), examples.scorecard(), started, "李", masked=True)


def as_text(form: str, facts: CallFacts | None = None) -> str:
    return written(form, conversation(facts)).decode()


def said(text: str) -> CallFacts:
    facts = examples.facts()
    word = facts.turns[0].words[0]
    turn = msgspec.structs.replace(
        facts.turns[0], said=Said.of([msgspec.structs.replace(word, text=text)])
    )
    return msgspec.structs.replace(facts, turns=(turn, *facts.turns[1:]))


def test_webvtt_has_a_cue_a_turn() -> None:
    first, *rest = as_text("webvtt").split("\n\n")
    assert first == "WEBVTT"
    spoken = [turn for turn in examples.facts().turns if turn.words]
    assert len([cue for cue in rest if cue.strip()]) == len(spoken)
    assert f"<v {spoken[0].speaker}>{spoken[0].text}" in rest[0]
    assert re.match(r"1\n\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}\n", rest[0])


def test_webvtt_keeps_hostile_text_inside_its_cue() -> None:
    cue = as_text("webvtt", said(HARD)).split("\n\n")[1]
    assert cue.count("-->") == 1
    assert "<script>" not in cue
    assert cue.count("\n") == 2


def test_rttm_is_the_speech_of_each_party() -> None:
    lines = [line.split(" ") for line in as_text("rttm").splitlines()]
    assert all(len(line) == 10 and line[0] == "SPEAKER" for line in lines)
    spans = [(p.speaker, s.start, s.duration) for p in examples.facts().speakers for s in p.speech]
    found = {(line[7], float(line[3]), float(line[4])) for line in lines}
    assert found == {(who, round(a, 3), round(b, 3)) for who, a, b in spans}


def test_ctm_has_every_word_in_order_of_channel_and_time() -> None:
    lines = [line.split(" ") for line in as_text("ctm").splitlines()]
    assert all(len(line) == 6 for line in lines)
    words = [word for turn in examples.facts().turns for word in turn.words]
    assert len(lines) == len(words)
    order = [(int(line[1]), float(line[2])) for line in lines]
    assert order == sorted(order)


def intervals(text: str) -> dict[str, list[tuple[float, float, str]]]:
    """A strict reader of Praat's long text form."""
    found: dict[str, list[tuple[float, float, str]]] = {}
    for part in re.split(r"    item \[\d+\]:\n", text)[1:]:
        name = re.search(r'name = "(.*)"', part)[1]
        rows = re.findall(
            r"intervals \[\d+\]:\n +xmin = ([\d.]+)\n +xmax = ([\d.]+)\n"
            r' +text = "((?:[^"]|"")*)"\n',
            part,
        )
        assert int(re.search(r"intervals: size = (\d+)", part)[1]) == len(rows)
        found[name] = [(float(a), float(b), c.replace('""', '"')) for a, b, c in rows]
    return found


@given(st.text(max_size=40))
def test_textgrid_tiers_cover_the_call_without_a_gap(text: str) -> None:
    tiers = intervals(as_text("textgrid", said(text)))
    assert set(tiers) == {"agent turns", "agent words", "customer turns", "customer words", "holds"}
    for parts in tiers.values():
        assert parts[0][0] == 0
        assert parts[-1][1] == examples.facts().audio.duration_s
        assert all(before[1] == after[0] for before, after in pairwise(parts))
        assert all(start < end for start, end, _ in parts)


def test_vcon_names_the_recording_and_carries_transcript_and_scorecard() -> None:
    found = json.loads(as_text("vcon"))
    assert found["vcon"] == "0.4.0"
    assert uuid.UUID(found["uuid"]).version == 8
    assert found["created_at"] == "2026-11-21T14:30:00.000+00:00"
    assert [party["name"] for party in found["parties"]] == ["李", "customer"]
    (dialog,) = found["dialog"]
    assert dialog["type"] == "recording"
    assert dialog["parties"] == [0, 1]
    assert dialog["content_hash"].startswith("sha256-")
    assert [each["type"] for each in found["analysis"]] == ["transcript", "report"]
    assert [party["role"] for party in found["parties"]] == ["agent", "customer"]
    assert found["redacted"]["uuid"] != found["uuid"]
    assert as_text("vcon") == as_text("vcon")


@pytest.mark.parametrize("odd", ["", "x" * 64, "ab" * 31])
def test_vcon_says_no_hash_that_is_none(odd: str) -> None:
    facts = examples.facts()
    audio = msgspec.structs.replace(facts.audio, sha256=odd)
    found = json.loads(as_text("vcon", msgspec.structs.replace(facts, audio=audio)))
    assert found["dialog"][0]["content_hash"] == "sha256-"


def test_vcon_has_the_structure_of_the_published_draft() -> None:
    check = jsonschema.Draft202012Validator(VCON)
    found = json.loads(as_text("vcon"))
    check.validate(found)
    parties, dialogs = len(found["parties"]), len(found["dialog"])
    assert all(party < parties for dialog in found["dialog"] for party in dialog["parties"])
    assert all(0 <= analysis["dialog"] < dialogs for analysis in found["analysis"])
    for spoil in (
        lambda vcon: vcon.pop("uuid"),
        lambda vcon: vcon.update(created_at="21 November"),
        lambda vcon: vcon.update(amended={}),
        lambda vcon: vcon["parties"][0].update(name=7),
        lambda vcon: vcon["dialog"][0].update(type="phone"),
        lambda vcon: vcon["dialog"][0].update(duration=-1),
        lambda vcon: vcon["dialog"][0].update(url="https://example.org/a.wav", content_hash=None),
        lambda vcon: vcon["analysis"][0].pop("vendor"),
        lambda vcon: vcon["analysis"][0].pop("encoding"),
    ):
        spoilt = json.loads(as_text("vcon"))
        spoil(spoilt)
        assert not check.is_valid(spoilt)


def test_contact_lens_knows_no_rate_of_who_hardly_spoke() -> None:
    facts = examples.facts()
    party = msgspec.structs.replace(facts.speakers[0], talk_s=1e-320)
    facts = msgspec.structs.replace(facts, speakers=(party, *facts.speakers[1:]))
    speeds = json.loads(as_text("contactlens", facts))["ConversationCharacteristics"]["TalkSpeed"]
    assert "AGENT" not in speeds["DetailsByParticipant"]


def test_contact_lens_adds_up() -> None:
    found = json.loads(as_text("contactlens"))
    facts = examples.facts()
    shape = found["ConversationCharacteristics"]
    assert shape["TotalConversationDurationMillis"] == round(1000 * facts.audio.duration_s)
    assert {p["ParticipantRole"] for p in found["Participants"]} == {"AGENT", "CUSTOMER"}
    talk = shape["TalkTime"]
    parts = [each["TotalTimeMillis"] for each in talk["DetailsByParticipant"].values()]
    assert sum(parts) == talk["TotalTimeMillis"]
    spans = shape["NonTalkTime"]["Instances"]
    assert all(s["EndOffsetMillis"] - s["BeginOffsetMillis"] == s["DurationMillis"] for s in spans)
    assert shape["Interruptions"]["TotalCount"] == sum(
        len(each) for each in shape["Interruptions"]["InterruptionsByInterrupter"].values()
    )
    assert found["ContentMetadata"]["Output"] == "Redacted"


@pytest.mark.parametrize("form", sorted(SUFFIXES))
def test_numbers_are_masked_in_every_form(form: str, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_bytes(encode(said("13812345678")))
    arguments = ["formats", form, str(tmp_path / "f.json"), "--out", str(tmp_path)]
    assert main(arguments) == 0
    path = tmp_path / f"example.{SUFFIXES[form]}"
    assert "1381234" not in path.read_text("utf-8")
    if form != "rttm":
        assert main([*arguments, "--reveal"]) == 0
        assert "13812345678" in path.read_text("utf-8")


def test_a_store_gives_every_call_with_its_agent_and_start(tmp_path: Path) -> None:
    address = str(tmp_path / "n.db")
    started = datetime(2026, 11, 21, 9, tzinfo=UTC)
    with open_database(address) as database:
        for name in ("a", "b"):
            store(database, name * 64, name, Details(agent="李", started_at=started))
    arguments = ["formats", "vcon", "--db", address, "--out", str(tmp_path)]
    assert main([*arguments, "--all"]) == 0
    for name in ("a", "b"):
        found = json.loads((tmp_path / f"{name}.vcon.json").read_text("utf-8"))
        assert found["parties"][0]["name"] == "李"
        assert found["created_at"].startswith("2026-11-21T09:00:00.000")
    assert main([*arguments, "b"]) == 0
    assert main([*arguments, "none"]) == 3
    assert main(arguments) == 2
    assert main(["formats", "vcon", "--all", "--out", str(tmp_path)]) == 2
