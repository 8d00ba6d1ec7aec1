"""Nights, as an operator runs them: the real command, real workers, real databases."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile
from fsspec.implementations.memory import MemoryFileSystem
from sqlalchemy import select

from pipeline.batch.content import content
from pipeline.batch.pool import Pool
from pipeline.batch.tasks import Equipment, Task
from pipeline.cli import cli
from pipeline.settings import CONFIGS, load_measure_settings
from pipeline.store.database import open_database
from pipeline.store.reading import stored_call
from pipeline.store.tables import faults, recordings, runs, scorecards
from tests.night import check_sound, contents, short_calls, transcript
from tests.postgres import postgres  # noqa: F401 - a fixture
from tests.real.conftest import Qinhe

QUIET = ("--no-transcript", "--quiet", "--workers", "1")


@pytest.fixture
def night(tmp_path: Path) -> Path:
    short_calls(tmp_path / "in", 3)
    return tmp_path / "in"


def events(log: Path) -> list[str]:
    return [json.loads(line)["event"] for line in log.read_text("utf-8").splitlines()]


def last_counts(log: Path) -> dict[str, int]:
    return json.loads(log.read_text("utf-8").splitlines()[-1])["counts"]


def test_a_night_is_stored_once_and_costs_nothing_again(
    qinhe: Qinhe, night: Path, tmp_path: Path
) -> None:
    arguments = ("batch", night, "--db", "n.db", *QUIET, "--log", "log")
    assert qinhe(*arguments) == 0
    with open_database(str(tmp_path / "n.db")) as database:
        check_sound(database, 3)
    for path in night.iterdir():  # another name, another time: still the same call
        path.rename(path.with_name(f"renamed-{path.name}"))
    (tmp_path / "log").unlink()
    assert qinhe(*arguments) == 0
    assert last_counts(tmp_path / "log") == {"skipped": 3}
    assert "started" not in events(tmp_path / "log")


def test_bad_ones_are_quarantined_with_their_reason_and_the_night_goes_on(
    qinhe: Qinhe, night: Path, tmp_path: Path
) -> None:
    (night / "poison.wav").write_bytes(b"RIFF\xff\xff\xff\xffWAVEfmt ")
    (night / "empty.wav").write_bytes(b"")
    (night / "broken link.wav").symlink_to(tmp_path / "none")
    arguments = ("batch", night, "--db", "n.db", *QUIET, "--log", "log")
    assert qinhe(*arguments) == 4
    assert last_counts(tmp_path / "log") == {"measured": 3, "failed": 3}
    with open_database(str(tmp_path / "n.db")) as database, database.reading() as connection:
        reasons = dict(connection.execute(select(faults.c.source, faults.c.reason)).all())
        states = list(connection.scalars(select(recordings.c.state).order_by("state")))
    assert "expected" in reasons[str(night / "poison.wav")]
    assert states == ["done"] * 3 + ["quarantined"] * 2
    (tmp_path / "log").unlink()
    (night / "broken link.wav").unlink()
    assert qinhe(*arguments) == 0
    assert last_counts(tmp_path / "log") == {"skipped": 3, "quarantined": 2}
    assert qinhe(*arguments, "--again") == 4


def test_a_changed_setting_redoes_what_it_touches_and_nothing_else(
    qinhe: Qinhe, night: Path, tmp_path: Path
) -> None:
    qinhe("batch", night, "--db", "n.db", *QUIET)
    stages = tmp_path / "n.db.files" / "stages"
    before = {path: path.stat().st_mtime_ns for path in stages.rglob("*.npz")}
    text = (CONFIGS / "measure.yaml").read_text("utf-8")
    assert "\n  shortest_voiced_s: 0.03\n" in text or "shortest_voiced_s:" in text
    line = next(line for line in text.splitlines() if line.strip().startswith("shortest_voiced_s:"))
    changed = text.replace(line, line.split(":")[0] + ": 0.05")
    (tmp_path / "other.yaml").write_text(changed, "utf-8")
    arguments = ("batch", night, "--db", "n.db", *QUIET, "--settings", "other.yaml")
    assert qinhe(*arguments, "--log", "log") == 0
    assert last_counts(tmp_path / "log") == {"measured": 3}
    after = {path: path.stat().st_mtime_ns for path in stages.rglob("*.npz")}
    assert {path: after[path] for path in before} == before
    assert {path.parent.name for path in after.keys() - before.keys()} == {"pitch"}


def test_another_rubric_judges_again_and_measures_nothing(
    qinhe: Qinhe, night: Path, tmp_path: Path
) -> None:
    qinhe("batch", night, "--db", "n.db", *QUIET)
    arguments = ("batch", night, "--db", "n.db", *QUIET, "--rubric", "strict-zh-v1")
    assert qinhe(*arguments, "--log", "log") == 0
    assert last_counts(tmp_path / "log") == {"judged": 3}
    with open_database(str(tmp_path / "n.db")) as database, database.reading() as connection:
        current = list(connection.scalars(
            select(scorecards.c.rubric_id).where(scorecards.c.current)))  # fmt: skip
    assert len(current) == 3
    assert len(set(current)) == 1
    assert contents(str(tmp_path / "n.db"))["scorecards"] == 6


def test_a_manifest_brings_what_is_known_of_calls(
    qinhe: Qinhe, night: Path, tmp_path: Path
) -> None:
    transcript(tmp_path / "words.json")
    rows = ["path,call_id,agent,team,start_time,transcript,ticket"]
    rows += [f"in/call-0000{i}.wav,c{i},李,A,2026-11-2{i}T09:00:00+08:00,words.json,T{i}"
             for i in range(3)]  # fmt: skip
    rows += ["in/none.wav,c9,李,A,,,", "in/call-00000.wav,again,李,A,,words.json,"]
    (tmp_path / "night.csv").write_text("\n".join(rows), "utf-8")
    assert qinhe("batch", "night.csv", "--db", "n.db", *QUIET, "--log", "log") == 4
    assert last_counts(tmp_path / "log") == {"measured": 3, "failed": 1, "repeated": 1}
    with open_database(str(tmp_path / "n.db")) as database, database.reading() as connection:
        call = stored_call(connection, "c1")
        assert (call.agent, call.team, call.extra) == ("李", "A", {"ticket": "T1"})
        assert call.facts().transcript.source == "imported"
        assert call.card().call_id == "c1"


def test_a_remote_place_is_read_once(qinhe: Qinhe, night: Path, tmp_path: Path) -> None:
    far = MemoryFileSystem()
    for path in night.iterdir():
        far.pipe_file(f"/night/{path.name}", path.read_bytes())
    far.pipe_file("/night/words.json", transcript(tmp_path / "words.json").read_bytes())
    rows = "path,transcript\ncall-00000.wav,words.json\ncall-00001.wav,words.json\nnone.wav,\n"
    far.pipe_file("/night/list.csv", (rows + "call-00002.wav,\n").encode())
    arguments = ("batch", "memory:///night/list.csv", "--db", "n.db", *QUIET, "--log", "log")
    copies = tmp_path / "n.db.files" / "copies"
    assert qinhe(*arguments) == 4
    assert last_counts(tmp_path / "log") == {"measured": 3, "failed": 1}
    assert list(copies.iterdir()) == []
    with open_database(str(tmp_path / "n.db")) as database, database.reading() as connection:
        assert stored_call(connection, "call-00001").facts().transcript.source == "imported"
    opened: list[str] = []
    before = MemoryFileSystem._open
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            MemoryFileSystem, "_open",
            lambda self, path, *a, **k: (opened.append(path), before(self, path, *a, **k))[1],
        )  # fmt: skip
        assert qinhe(*arguments) == 4
    assert last_counts(tmp_path / "log") == {"skipped": 3, "failed": 1}
    assert not any(path.endswith(".wav") for path in opened)
    far.pipe_file("/night/words.json", transcript(tmp_path / "words.json", "再 见").read_bytes())
    assert qinhe(*arguments) == 4
    assert last_counts(tmp_path / "log") == {"measured": 2, "skipped": 1, "failed": 1}
    far.rm("/night", recursive=True)


def test_the_same_on_postgresql(
    qinhe: Qinhe,
    night: Path,
    tmp_path: Path,
    postgres: object,  # noqa: F811
) -> None:
    address = postgres.new_database()
    arguments = ("batch", night, "--db", address, "--files", "files", *QUIET, "--log", "log")
    assert qinhe(*arguments) == 0
    with open_database(address, tmp_path / "files") as database:
        check_sound(database, 3)
    assert qinhe(*arguments) == 0
    assert last_counts(tmp_path / "log") == {"skipped": 3}


def test_facts_are_those_of_measure(qinhe: Qinhe, night: Path, tmp_path: Path) -> None:
    qinhe("batch", night, "--db", "n.db", *QUIET)
    qinhe("measure", night / "call-00001.wav", "--no-transcript", "-o", "facts.json")
    from pipeline.facts import decode

    with open_database(str(tmp_path / "n.db")) as database, database.reading() as connection:
        stored = stored_call(connection, "call-00001").facts()
    assert stored == decode((tmp_path / "facts.json").read_bytes(), "facts.json")


def test_calls_side_by_side_are_what_each_is_alone(qinhe: Qinhe, tmp_path: Path) -> None:
    short_calls(tmp_path / "in", 3, 5.0)
    several = ("--model", "demo", "--quiet", "--workers", "1")
    assert qinhe("batch", "in", "--db", "n.db", *several, "--together", "3") == 0
    assert qinhe("batch", "in", "--db", "alone.db", *several, "--together", "1") == 0
    found = []
    for name in ("n.db", "alone.db"):
        with open_database(str(tmp_path / name)) as database, database.reading() as connection:
            calls = [stored_call(connection, f"call-0000{i}").facts() for i in range(3)]
        turns = [turn for facts in calls for turn in facts.turns]
        found.append(
            [(word.speaker, word.text, word.span) for turn in turns for word in turn.words]
        )
    assert found[0] == found[1]  # probabilities may differ in their last digit
    assert len(found[0]) > 20


def test_a_watched_folder_is_done_as_it_fills(qinhe: Qinhe, night: Path, tmp_path: Path) -> None:
    arguments = ("--still", "0", "--every", "0.1", "--for", "0.2")
    assert qinhe("watch", night, "--db", "n.db", *QUIET, *arguments) == 0
    assert contents(str(tmp_path / "n.db"))["facts"] == 3


OF_ONE_CALL = {"agent_file", "customer_file", "agent_is", "agent_name", "call_id", "transcript"}
"""What a manifest says of each call."""
OF_FILES = {"cache_folder", "no_cache", "audio"}
"""The store keeps them."""


@pytest.mark.parametrize("command", ["batch", "watch"])
def test_a_night_can_be_told_what_a_call_can(command: str) -> None:
    ways = {parameter.name for parameter in cli.commands["measure"].params} - {"out", "tracks"}
    here = {parameter.name for parameter in cli.commands[command].params}
    assert ways - OF_ONE_CALL - OF_FILES <= here


PIPELINE = """
from types import SimpleNamespace

class Annotation:
    def __init__(self, length): self.length = length
    def itertracks(self, yield_label):
        half = self.length / 2
        yield SimpleNamespace(start=0.0, end=half), None, "A"
        yield SimpleNamespace(start=half, end=self.length), None, "B"

class Pipeline:
    @classmethod
    def from_pretrained(cls, config): return cls()
    def __call__(self, sound):
        return Annotation(sound["waveform"].shape[1] / sound["sample_rate"])
"""


def test_the_nights_options_reach_the_workers(
    qinhe: Qinhe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "packages" / "pyannote" / "audio"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").write_text(PIPELINE)
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    (tmp_path / "house-voices").mkdir()
    (tmp_path / "house-voices" / "config.yaml").write_text("version: 3")
    sound, rate = soundfile.read(short_calls(tmp_path / "in", 1, 8.0)[0])
    soundfile.write(tmp_path / "in" / "call-00000.wav", sound.mean(axis=1), rate)
    transcript(tmp_path / "words.json")
    night = ("batch", "in", "--db", "n.db", *QUIET, "--diarizer", "pyannote")
    assert qinhe(*night, "--pyannote", "house-voices", "--language", "en", "--log", "log") == 0
    with open_database(str(tmp_path / "n.db")) as database, database.reading() as connection:
        facts = stored_call(connection, "call-00000").facts()
    models = {each.stage: each.model for each in facts.provenance}
    assert models["speakers"].endswith("after pyannote house-voices")
    assert last_counts(tmp_path / "log") == {"measured": 1}
    (tmp_path / "house-voices" / "config.yaml").write_text("version: 4")  # another pipeline
    assert qinhe(*night, "--pyannote", "house-voices", "--language", "en", "--log", "log") == 0
    assert last_counts(tmp_path / "log") == {"measured": 1}


def test_channels_of_a_night_are_swapped_where_no_manifest_says_otherwise(
    qinhe: Qinhe, night: Path, tmp_path: Path
) -> None:
    (tmp_path / "night.csv").write_text(
        'path,channels\nin/call-00000.wav,\nin/call-00001.wav,"agent=left,customer=right"\n'
    )
    swapped = ("--channels", "agent=right,customer=left")
    assert qinhe("batch", "night.csv", "--db", "n.db", *QUIET, *swapped) == 0
    with open_database(str(tmp_path / "n.db")) as database, database.reading() as connection:
        agents = {
            name: next(s.channel for s in stored_call(connection, name).facts().speakers
                       if s.speaker == "agent")
            for name in ("call-00000", "call-00001")
        }  # fmt: skip
    assert agents == {"call-00000": 1, "call-00001": 0}


@pytest.mark.parametrize(
    "arguments",
    [
        ("none", "--db", "n.db"),
        ("in", "--db", "none/n.db"),
        ("in", "--db", "n.db", "--rubric", "no-such-rubric"),
        ("in", "--db", "n.db", "--model", "no-such-model"),
        ("in", "--db", "n.db", "--diarizer", "pyannote", "--pyannote", "no-such-folder"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    qinhe: Qinhe, night: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert qinhe("batch", *arguments, "--quiet", "--workers", "1") == 3
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.count("\n") == 1


# ── Workers that go wrong ────────────────────────────────────────────────────────────────────────


def equipment(files: Path, memory_mb: int = 2048, together: int = 1) -> Equipment:
    return Equipment(
        settings=load_measure_settings(), model=None, device=None, rubric=None, files=files,
        memory_mb=memory_mb, threads=1, together=together,
    )  # fmt: skip


def task(path: Path, number: int = 1) -> Task:
    return Task(number=number, call_id="x", sha256=content(str(path)), paths=(str(path),))


def one(pool: Pool) -> object:
    while not (outcomes := pool.wait(1.0)):
        pass
    (outcome,) = outcomes
    return outcome


def every(pool: Pool, count: int) -> dict[int, object]:
    """Outcomes by number, until there are so many."""
    found: dict[int, object] = {}
    while len(found) < count:
        found |= {outcome.number: outcome for outcome in pool.wait(1.0)}
    return found


def ready(pool: Pool) -> int:
    """The process of the first worker, once it has loaded its models."""
    while not pool._workers[0].ready:
        pool.wait(0.1)
    return pool._workers[0].process.pid


def test_a_worker_that_is_killed_costs_its_call_alone(night: Path, tmp_path: Path) -> None:
    path = night / "call-00000.wav"
    with Pool(equipment(tmp_path / "files"), 1, 600.0) as pool:
        victim = ready(pool)
        os.kill(victim, signal.SIGSTOP)  # so that the kill comes in the middle of the call
        pool.give(task(path))
        os.kill(victim, signal.SIGKILL)  # what the system does when memory runs out
        outcome = one(pool)
        assert outcome.fault.kind == "crash"
        assert "memory" in outcome.fault.reason
        pool.give(task(path, 2))
        assert one(pool).fault is None


def test_a_call_that_hangs_is_stopped_at_its_time(night: Path, tmp_path: Path) -> None:
    with Pool(equipment(tmp_path / "files"), 1, 1.5) as pool:
        os.kill(ready(pool), signal.SIGSTOP)  # a decoder that never comes back
        pool.give(task(night / "call-00000.wav"))
        start = time.monotonic()
        outcome = one(pool)
        assert outcome.fault.kind == "time"
        assert time.monotonic() - start >= 1.4


def test_a_worker_that_hangs_while_it_starts_holds_no_call_up(night: Path, tmp_path: Path) -> None:
    with Pool(equipment(tmp_path / "files"), 2, 600.0) as pool:
        os.kill(pool._workers[1].process.pid, signal.SIGSTOP)
        for number in (1, 2):
            pool.give(task(night / f"call-0000{number}.wav", number))
        assert every(pool, 2).keys() == {1, 2}
        pool._workers[1].until = 0.0  # as if it had been given up
        pool.wait(0.0)
        assert pool.free == 2


def test_a_call_that_wants_too_much_memory_fails_alone(night: Path, tmp_path: Path) -> None:
    with Pool(equipment(tmp_path / "files", memory_mb=1), 1, 600.0) as pool:
        for number in (1, 2):  # told by Python, or by a library that gives up with the process
            pool.give(task(night / "call-00000.wav", number))
            assert one(pool).fault.kind in ("memory", "crash")


@pytest.mark.parametrize(("how", "limit_s"), [(signal.SIGKILL, 600.0), (signal.SIGSTOP, 0.7)])
def test_what_befell_several_at_once_is_put_down_to_none_of_them(
    night: Path, tmp_path: Path, how: int, limit_s: float
) -> None:
    with Pool(equipment(tmp_path / "files", together=3), 1, limit_s) as pool:
        victim = ready(pool)
        os.kill(victim, signal.SIGSTOP)
        for number in range(3):
            pool.give(task(night / f"call-0000{number}.wav", number))
        assert pool.free == 0
        os.kill(victim, how)
        pool._time_limit_s = 600.0  # of those who are done again
        found = every(pool, 3)
        assert [found[number].fault for number in range(3)] == [None] * 3
        assert (pool.free, pool.busy) == (3, 0)


def test_a_call_that_is_to_blame_is_found_alone(night: Path, tmp_path: Path) -> None:
    (night / "poison.wav").write_bytes(b"RIFF\xff\xff\xff\xffWAVEfmt ")
    with Pool(equipment(tmp_path / "files", memory_mb=1, together=2), 1, 600.0) as pool:
        pool.give(task(night / "call-00000.wav", 1))
        pool.give(task(night / "poison.wav", 2))
        found = every(pool, 2)
    assert found[1].fault.kind in ("memory", "crash")
    assert found[2].fault.kind in ("input", "memory", "crash")


def test_a_file_that_changes_under_the_run_is_not_stored(night: Path, tmp_path: Path) -> None:
    path = night / "call-00000.wav"
    made = task(path)
    shutil.copy(night / "call-00001.wav", path)
    with Pool(equipment(tmp_path / "files"), 1, 600.0) as pool:
        pool.give(made)
        outcome = one(pool)
    assert outcome.fault.kind == "environment"
    assert outcome.measured is None


def test_a_model_that_cannot_be_loaded_ends_the_run(night: Path, tmp_path: Path) -> None:
    import msgspec

    from pipeline.errors import ModelError

    (tmp_path / "evil.pt").write_bytes(b"not weights")
    broken = msgspec.structs.replace(
        equipment(tmp_path / "files"), model=str(tmp_path / "evil.pt"), device="cpu"
    )
    with Pool(broken, 1, 600.0) as pool:
        pool.give(task(night / "call-00000.wav"))
        with pytest.raises(ModelError, match=r"evil\.pt"):
            one(pool)


# ── The whole process ────────────────────────────────────────────────────────────────────────────


def start(*arguments: object, **options: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "pipeline", *(str(each) for each in arguments)]
    return subprocess.Popen(command, **options)


def test_sigterm_stores_the_run_as_interrupted(night: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start("batch", night, "--db", tmp_path / "n.db", *QUIET, "--log", log)
    while not (log.exists() and "started" in log.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    assert process.wait(60) == 130
    with open_database(str(tmp_path / "n.db")) as database, database.reading() as connection:
        assert connection.scalar(select(runs.c.outcome)) == "interrupted"


def test_a_night_opens_no_socket_to_anywhere(night: Path, tmp_path: Path) -> None:
    """Every Internet socket is refused in the run and in all its workers."""
    (tmp_path / "sitecustomize.py").write_text(
        "import socket\n"
        "class Forbidden(socket.socket):\n"
        "    def __init__(self, family=-1, *a, **k):\n"
        "        if family != socket.AF_UNIX and k.get('fileno') is None and len(a) < 3:\n"
        "            raise AssertionError('a socket')\n"
        "        super().__init__(family, *a, **k)\n"
        "socket.socket = Forbidden\n"
        "socket.getaddrinfo = None\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"}
    probe = "import socket; socket.socket(socket.AF_INET)"
    refused = subprocess.run([sys.executable, "-c", probe], env=environment, stderr=-1, check=False)
    assert b"a socket" in refused.stderr
    process = start(
        "batch", night, "--db", tmp_path / "n.db", "--workers", "1", "--model", "demo",
        env=environment,
    )  # fmt: skip
    assert process.wait(500) == 0
    assert contents(str(tmp_path / "n.db"))["facts"] == 3
