"""Nothing is lost and nothing is done twice, whatever dies and whenever.

``QINHE_KILLS`` says how often the run is killed (50); the places are drawn with a seed.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from pipeline.store import calls, claims
from pipeline.store.database import open_database
from pipeline.store.tables import facts, recordings, runs
from tests.night import check_sound, short_calls
from tests.postgres import Server, postgres  # noqa: F401 - a fixture
from tests.real.conftest import Qinhe

KILLS = int(os.environ.get("QINHE_KILLS", "50"))
PART = 6
SECONDS = 1.0
PATIENCE_S = 300.0


def start(
    folder: Path, address: str, log: Path, *more: object, workers: int = 2
) -> subprocess.Popen:
    """A run of its own session, so that whatever it leaves behind can be found."""
    arguments = (
        *("batch", folder, "--db", address, "--no-transcript", "--quiet"),
        *("--workers", workers, "--log", log, *more),
    )
    command = [sys.executable, "-m", "pipeline", *(str(each) for each in arguments)]
    return subprocess.Popen(command, start_new_session=True)


def events(log: Path, kind: str | None = None) -> int:
    if not log.exists():
        return 0
    lines = log.read_text("utf-8").splitlines()
    return sum(kind is None or f'"event":"{kind}"' in line for line in lines)


def wait_for(log: Path, count: int, process: subprocess.Popen) -> None:
    """Until the run has said that much, or is over."""
    until = time.monotonic() + PATIENCE_S
    while events(log) < count and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.005)


def gone(session: int) -> bool:
    """No process of a session is left."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            return False
    return True


def stored(address: str) -> dict[int, datetime]:
    """When each call was measured."""
    with open_database(address) as database, database.reading() as connection:
        rows = connection.execute(select(facts.c.recording_id, facts.c.measured_at)).all()
    return {row.recording_id: row.measured_at for row in rows}


def test_a_killed_night_goes_on_where_it_was(tmp_path: Path) -> None:
    draw = random.Random(20261121)
    folder, address = tmp_path / "in", str(tmp_path / "n.db")
    made, before, killed = 0, {}, 0
    while killed < KILLS:
        while made - len(before) < PART:  # always enough left to be killed in the middle of
            short_calls(tmp_path / f"made-{made}", PART, SECONDS, first=made)
            folder.mkdir(exist_ok=True)
            for path in (tmp_path / f"made-{made}").iterdir():
                path.rename(folder / path.name)
            made += PART
        log = tmp_path / f"log-{killed}"
        process = start(folder, address, log, workers=1 + killed % 2)
        skipped = len(before)
        wait_for(log, 1 + skipped + draw.randrange(0, 2 * PART), process)
        time.sleep(draw.random() * 0.2)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        until = time.monotonic() + 30
        while not gone(process.pid):
            assert time.monotonic() < until, "a worker outlived its run"
            time.sleep(0.02)
        if (tmp_path / "n.db").exists():
            now = stored(address)
            assert {key: now[key] for key in before} == before, "a stored call was done again"
            before = now
    assert start(folder, address, tmp_path / "log-last").wait() == 0
    with open_database(address) as database:
        check_sound(database, made)
    now = stored(address)
    assert {key: now[key] for key in before} == before


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_nights_share_one_store(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder, address, files = tmp_path / "in", str(tmp_path / "n.db"), tmp_path / "files"
    if kind == "postgresql":
        address = request.getfixturevalue("postgres").new_database()
    short_calls(folder, 2 * PART, SECONDS)
    logs = [tmp_path / "log-0", tmp_path / "log-1"]
    both = [start(folder, address, log, "--files", files) for log in logs]
    assert [process.wait() for process in both] == [0, 0]
    with open_database(address, files) as database:
        check_sound(database, 2 * PART)
    assert sum(events(log, "measured") for log in logs) == 2 * PART


def test_what_a_killed_run_had_claimed_is_done_by_the_other(tmp_path: Path) -> None:
    folder, address = tmp_path / "in", str(tmp_path / "n.db")
    short_calls(folder, PART, SECONDS)
    logs = [tmp_path / "log-0", tmp_path / "log-1"]
    first = start(folder, address, logs[0])
    wait_for(logs[0], 3, first)
    os.killpg(first.pid, signal.SIGSTOP)  # it holds its claims and does nothing
    second = start(folder, address, logs[1])
    wait_for(logs[1], 3, second)
    first.kill()
    first.wait()
    assert second.wait() == 0
    assert start(folder, address, tmp_path / "log-2").wait() == 0
    with open_database(address) as database:
        check_sound(database, PART)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", mount], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip("no small disk: this machine does not let us mount one")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "-l", mount], check=True)


def test_a_full_disk_ends_the_night_with_its_reason_and_room_lets_it_go_on(
    tmp_path: Path, small_disk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, address = tmp_path / "in", str(small_disk / "n.db")
    short_calls(folder, PART, SECONDS)
    (small_disk / "ballast").write_bytes(bytes(1_300_000))
    code = start(folder, address, tmp_path / "log", "--patience", "1", "--retries", "0").wait()
    said = capfd.readouterr().err
    assert code in (3, 4)
    assert "Traceback" not in said
    if code == 3:
        assert "full" in said or "No space" in said
    (small_disk / "ballast").unlink()
    assert start(folder, address, tmp_path / "log-2").wait() == 0
    with open_database(address) as database:
        check_sound(database, PART)


def test_a_database_that_goes_and_comes_back_loses_nothing(
    tmp_path: Path,
    postgres: Server,  # noqa: F811
) -> None:
    folder, address = tmp_path / "in", postgres.new_database()
    short_calls(folder, PART, SECONDS)
    log = tmp_path / "log"
    process = start(folder, address, log, "--files", tmp_path / "files")
    wait_for(log, 3, process)
    postgres.stop()
    time.sleep(2.0)
    assert process.poll() is None
    postgres.start()
    assert process.wait() == 0
    with open_database(address, tmp_path / "files") as database:
        check_sound(database, PART)
        with database.reading() as connection:
            assert connection.scalar(select(runs.c.outcome)) == "done"


def test_a_clock_that_jumps_decides_nothing(
    qinhe: Qinhe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [datetime(2026, 11, 22, tzinfo=UTC)]

    def jumping() -> datetime:
        moment[0] -= timedelta(days=400)
        if moment[0].year < 2000:
            moment[0] = datetime(2090, 1, 1, tzinfo=UTC)
        return moment[0]

    for module in (calls, claims):
        monkeypatch.setattr(module, "now", jumping)
    short_calls(tmp_path / "in", 3, SECONDS)
    arguments = ("batch", "in", "--db", "n.db", "--no-transcript", "--quiet", "--workers", "1")
    assert qinhe(*arguments, "--log", "log") == 0
    assert qinhe(*arguments, "--log", "log") == 0
    last = json.loads((tmp_path / "log").read_text("utf-8").splitlines()[-1])
    assert last["counts"] == {"skipped": 3}
    with open_database(str(tmp_path / "n.db")) as database:
        check_sound(database, 3)
        with database.reading() as connection:
            assert connection.scalar(select(func.count()).select_from(recordings)) == 3
