from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from pipeline.cli import main
from pipeline.facts import CallFacts, Said, TranscriptFacts, Turn, Word, encode
from pipeline.redact import MARGIN_S, hidden_spans, hushed
from pipeline.store.calls import Details, enter, record
from pipeline.store.database import open_database
from pipeline.store.packing import pack_facts
from pipeline.timeline import Span
from tests.unit.report import examples

RATE = 8000


def said(*words: tuple[str, float, float]) -> tuple[Word, ...]:
    return tuple(Word(text=t, span=Span(a, b), speaker="customer") for t, a, b in words)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Ten seconds of noise on both sides."""
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (10 * RATE, 2))
    path = tmp_path / "call.wav"
    soundfile.write(path, sound, RATE, subtype="PCM_16")
    return path


def facts_of(path: Path) -> CallFacts:
    import hashlib

    words = said(("电话", 1.0, 1.4), ("一三八一二三四", 2.0, 3.0), ("五六七八", 4.0, 5.0))
    base = examples.facts()
    return msgspec.structs.replace(
        base,
        audio=msgspec.structs.replace(
            base.audio,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            duration_s=10.0,
        ),
        transcript=TranscriptFacts(source="imported", language="zh"),
        turns=(Turn(speaker="customer", span=Span(1.0, 5.0), said=Said.of(words)),),
    )


def check(path: Path, copy: Path, how: str) -> None:
    before, _ = soundfile.read(path, dtype="int16")
    after, rate = soundfile.read(copy, dtype="int16")
    assert (after.shape, rate) == (before.shape, RATE)
    hidden = np.zeros(len(before), bool)
    for start, end in ((2.0, 3.0), (4.0, 5.0)):
        hidden[round((start - MARGIN_S) * RATE) : round((end + MARGIN_S) * RATE)] = True
    assert np.array_equal(after[:, 0], before[:, 0])  # the agent said nothing of it
    assert np.array_equal(after[~hidden, 1], before[~hidden, 1])
    inside = after[hidden, 1].astype(float)
    if how == "silence":
        assert not inside.any()
    else:
        assert 0.05 * 32768 < np.abs(inside).max() <= 0.11 * 32768
        assert abs(np.corrcoef(inside, before[hidden, 1])[0, 1]) < 0.05


@pytest.mark.parametrize("how", ["silence", "beep"])
def test_numbers_cannot_be_heard_and_nothing_else_changes(
    recording: Path, tmp_path: Path, how: str
) -> None:
    (tmp_path / "f.json").write_bytes(encode(facts_of(recording)))
    out = tmp_path / "copy.wav"
    arguments = ["redact", str(recording), "--facts", str(tmp_path / "f.json"), "--out", str(out)]
    assert main([*arguments, "--how", how]) == 0
    check(recording, out, how)
    assert {path.name for path in tmp_path.iterdir()} == {"call.wav", "f.json", "copy.wav"}


def test_a_store_knows_the_recording_by_its_content(recording: Path, tmp_path: Path) -> None:
    facts = facts_of(recording)
    with open_database(str(tmp_path / "n.db")) as database:
        call = database.transact(
            lambda c: enter(c, facts.audio.sha256, "some name", "/in", Details())
        )
        database.transact(
            lambda c: record(c, call.id, None, measured=pack_facts(facts, None, 1.0),
                             plan_sha256="p", card=None)
        )  # fmt: skip
    renamed = recording.rename(tmp_path / "other.wav")
    out = tmp_path / "copy.wav"
    arguments = ["redact", str(renamed), "--db", str(tmp_path / "n.db"), "--out", str(out)]
    assert main(arguments) == 0
    check(renamed, out, "silence")


def test_facts_of_another_recording_are_refused(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_bytes(encode(examples.facts()))
    arguments = ["redact", str(recording), "--facts", str(tmp_path / "f.json"), "--out", "c.wav"]
    assert main(arguments) == 3


def test_without_words_nothing_is_promised(recording: Path, tmp_path: Path) -> None:
    facts = msgspec.structs.replace(facts_of(recording), transcript=None, turns=())
    (tmp_path / "f.json").write_bytes(encode(facts))
    out = tmp_path / "c.wav"
    arguments = ["redact", str(recording), "--facts", str(tmp_path / "f.json"), "--out", str(out)]
    assert main(arguments) == 3
    assert not out.exists()


def test_a_span_over_two_blocks_is_hidden_in_both() -> None:
    sound = np.ones(20, np.float32)
    spans = [Span(0.9, 1.1)]
    whole = hushed(sound, 0, 10, spans, "silence")
    parts = [
        hushed(sound[:10], 0, 10, spans, "silence"),
        hushed(sound[10:], 10, 10, spans, "silence"),
    ]
    assert np.array_equal(np.concatenate(parts), whole)
    assert list(np.flatnonzero(whole == 0)) == [9, 10]


def test_spans_are_on_the_channel_of_who_spoke(recording: Path) -> None:
    assert set(hidden_spans(facts_of(recording))) == {1}
