"""The command, as a person uses it."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from jsonschema import Draft202012Validator

from pipeline import schemas
from pipeline.cli import main
from pipeline.facts import decode
from pipeline.tracks import decode as decode_tracks
from tests.real.conftest import Qinhe

Capture = pytest.CaptureFixture[str]


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_score_writes_facts_scorecard_and_page(
    qinhe: Qinhe, call: Path, transcript: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert qinhe("score", call, "--transcript", transcript, "--out", "out") == 0
    expected = {f"{call.stem}.{kind}" for kind in ("facts.json", "scorecard.json", "html")}
    assert files(tmp_path / "out") == expected
    shown = capsys.readouterr().out
    assert "不打断客户" in shown
    assert "抢话" in shown


def test_what_is_written_fits_its_published_schema(
    qinhe: Qinhe, call: Path, transcript: Path, tmp_path: Path
) -> None:
    qinhe("score", call, "--transcript", transcript)
    for name in ("facts", "scorecard"):
        written = msgspec.json.decode((tmp_path / f"{call.stem}.{name}.json").read_bytes())
        Draft202012Validator(schemas.schema(name)).validate(written)


def test_score_is_measure_and_judge(
    qinhe: Qinhe, call: Path, transcript: Path, tmp_path: Path
) -> None:
    qinhe("score", call, "--transcript", transcript, "--no-audio", "--no-cache")
    qinhe("measure", call, "--transcript", transcript, "--no-cache", "-o", "facts.json")
    qinhe("judge", "facts.json", "-o", "scorecard.json")
    for name in ("facts", "scorecard"):
        once = (tmp_path / f"{call.stem}.{name}.json").read_bytes()
        assert (tmp_path / f"{name}.json").read_bytes() == once


def test_a_cached_result_is_the_measured_one(qinhe: Qinhe, call: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        qinhe("measure", call, "--no-transcript", "-o", f"{name}.json", "--tracks", f"{name}.npz")
    for kind in ("json", "npz"):
        first, second = (tmp_path / f"{name}.{kind}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_interruptions_are_found_in_the_sound_alone(
    qinhe: Qinhe, call: Path, tmp_path: Path
) -> None:
    qinhe("measure", call, "--no-transcript", "-o", "facts.json")
    facts = decode((tmp_path / "facts.json").read_bytes(), "facts.json")
    by_agent = [o for o in facts.overlaps if o.second == "agent" and "competitive" in o.kind]
    assert len(by_agent) >= 3
    assert facts.transcript is None


def test_tracks_share_one_clock(qinhe: Qinhe, call: Path, tmp_path: Path) -> None:
    qinhe("measure", call, "--no-transcript", "-o", "facts.json", "--tracks", "tracks.npz")
    tracks = decode_tracks((tmp_path / "tracks.npz").read_bytes(), "tracks.npz")
    facts = decode((tmp_path / "facts.json").read_bytes(), "facts.json")
    assert len(tracks.times_s) == int(np.ceil(facts.audio.duration_s * 100 - 1e-6))
    for channel in tracks.channels:
        assert {len(channel.pitch_hz), len(channel.level_dbov)} == {len(tracks.times_s)}


def test_swapped_channels_swap_the_parties(qinhe: Qinhe, call: Path, tmp_path: Path) -> None:
    qinhe("measure", call, "--no-transcript", "-o", "straight.json")
    qinhe("measure", call, "--no-transcript", "-o", "swapped.json", "--channels", "agent=right")
    straight, swapped = (
        decode((tmp_path / f"{name}.json").read_bytes(), name) for name in ("straight", "swapped")
    )
    assert straight.shares.talk_s["agent"] == swapped.shares.talk_s["customer"]


def test_one_file_for_each_party(qinhe: Qinhe, call: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(call)
    for side, name in enumerate(("a.wav", "c.wav")):
        soundfile.write(tmp_path / name, samples[:, side], rate)
    soundfile.write(tmp_path / "both.wav", samples, rate)
    qinhe("measure", "both.wav", "--no-transcript", "-o", "one.json")
    arguments = ("--agent", "a.wav", "--customer", "c.wav", "--no-transcript", "-o", "two.json")
    assert qinhe("measure", *arguments) == 0
    one, two = (decode((tmp_path / f"{n}.json").read_bytes(), n) for n in ("one", "two"))
    assert two.audio.layout == "two-files"
    assert two.turns == one.turns


def test_json_on_standard_output_is_the_scorecard(
    qinhe: Qinhe, call: Path, tmp_path: Path, capsys: Capture
) -> None:
    qinhe("score", call, "--no-transcript", "--json")
    written = (tmp_path / f"{call.stem}.scorecard.json").read_text("utf-8")
    assert capsys.readouterr().out == written


def test_without_words_nothing_about_words_is_judged(
    qinhe: Qinhe, call: Path, tmp_path: Path
) -> None:
    qinhe("score", call, "--no-transcript")
    card = msgspec.json.decode((tmp_path / f"{call.stem}.scorecard.json").read_bytes())
    said = [f for f in card["findings"] if f["standard"] in ("P01", "P02", "F01")]
    assert said
    assert {f["outcome"] for f in said} == {"not_measured"}
    assert all(f["points"]["possible"] == 0 for f in said)


# ── Used wrongly, and given what cannot be used ──────────────────────────────────────────────────


@pytest.mark.parametrize(
    "arguments",
    [
        ("score",),
        ("score", "a.wav", "b.wav"),
        ("score", "--agent", "a.wav"),
        ("score", "a.wav", "--channels", "agent=up"),
        ("score", "a.wav", "--transcript", "t.json", "--no-transcript"),
        ("score", "a.wav", "--no-such-option"),
        ("no-such-command",),
    ],
)
def test_wrong_use_is_exit_2(qinhe: Qinhe, arguments: tuple[str, ...], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 8000), 8000)
    before = files(tmp_path)
    assert qinhe(*arguments) == 2
    assert files(tmp_path) == before


def noise(seconds: float, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, (round(8000 * seconds), channels))


def bad_inputs(folder: Path) -> dict[str, Path]:
    """Everything that is not a call, by what is wrong with it."""
    made = {
        "empty": b"",
        "not audio": "这不是录音\n".encode() * 50,
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(2000),
        "header only": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0"
        b"\x80>\0\0\2\0\x10\0data\0\0\0\0",
    }
    paths = {}
    for what, data in made.items():
        paths[what] = folder / f"{what}.wav"
        paths[what].write_bytes(data)
    sounds = {
        "four channels": (noise(2, 4), "PCM_16"),
        "50 ms": (noise(0.05), "PCM_16"),
        "digital silence": (np.zeros((16000, 2)), "PCM_16"),
        "not a number": (np.where(np.arange(16000) == 9000, np.nan, noise(2)[:, 0]), "FLOAT"),
    }
    for what, (samples, subtype) in sounds.items():
        paths[what] = folder / f"{what}.wav"
        soundfile.write(paths[what], samples, 8000, subtype=subtype)
    soundfile.write(folder / "whole.wav", noise(3), 8000)
    paths["truncated"] = folder / "truncated.wav"
    paths["truncated"].write_bytes((folder / "whole.wav").read_bytes()[:9000])
    paths["missing"] = folder / "missing.wav"
    paths["a folder"] = folder / "folder.wav"
    paths["a folder"].mkdir()
    return paths


BAD = (
    "empty", "not audio", "a picture", "header only", "four channels", "50 ms", "digital silence",
    "not a number", "truncated", "missing", "a folder",
)  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_recording_is_one_sentence_and_exit_3(
    qinhe: Qinhe,
    what: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: Capture,
) -> None:
    bad = bad_inputs(tmp_path_factory.mktemp("bad"))
    assert set(bad) == set(BAD)
    assert qinhe("score", bad[what], "--no-transcript") == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(bad[what]) in said
    assert "expected" in said
    assert "found" in said
    assert files(tmp_path) == set()


def test_other_bad_inputs_are_named_too(
    qinhe: Qinhe, call: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "wrong.yaml").write_text("id: x\ncriterai: []\n", encoding="utf-8")
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    before = files(tmp_path)
    for arguments, named in (
        (("--rubric", "wrong.yaml"), "criteria"),
        (("--rubric", "affinty-zh-v1"), "affinity-zh-v1"),
        (("--model", "no-such-model"), "no-such-model"),
        (("--model", "other.json"), "other.json"),
        (("--transcript", "other.json"), "other.json"),
        (("--transcript", "none.vtt"), "none.vtt"),
    ):
        assert qinhe("score", call, *arguments) == 3
        said = capsys.readouterr().err
        assert named in said
        assert "Traceback" not in said
        assert said.count("\n") == 1
    assert files(tmp_path) == before


def test_facts_of_another_schema_are_refused_by_name(
    qinhe: Qinhe, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "old.json").write_text('{"schema": "qinhe.facts/0"}', encoding="utf-8")
    assert qinhe("judge", "old.json") == 3
    assert "qinhe.facts/0" in capsys.readouterr().err


def test_a_hostile_name_does_no_harm(
    qinhe: Qinhe, hostile: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert qinhe("score", "--no-transcript", "--out", "out", "--", hostile) == 0
    shown = capsys.readouterr()
    assert "\x1b[31m" not in shown.out + shown.err
    assert all(name.isprintable() and "<" not in name for name in files(tmp_path / "out"))


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="expected"):
        main(["score", str(tmp_path / "missing.wav"), "--no-transcript", "--debug"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("doctor",),
        ("standards",),
        ("standards", "--ui", "en"),
        ("rubric", "explain", "affinity-zh-v1"),
        ("rubric", "diff", "affinity-zh-v1", "affinity-zh-v1"),
        ("--version",),
        ("--help",),
    ],
)
def test_the_other_commands_answer(qinhe: Qinhe, arguments: tuple[str, ...]) -> None:
    assert qinhe(*arguments) == 0


@pytest.mark.parametrize("name", schemas.NAMES)
def test_published_schemas_are_current(name: str) -> None:
    published = Path(__file__).parents[2] / "docs" / "schemas" / f"{name}.json"
    assert published.read_bytes() == schemas.encoded(name), f"qinhe schema {name} > {published}"
