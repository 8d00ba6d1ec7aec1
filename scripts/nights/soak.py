"""A night of short recordings, some of them bad, killed now and then: what is stored is counted.

Prints the figures of docs/reliability.md. Bad recordings are of every kind that the tests know;
what must become of each is known, and anything else makes the command fail.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from sqlalchemy import func, select

from pipeline.store.database import Database, open_database
from pipeline.store.tables import facts, faults, recordings
from tests.night import check_sound, short_calls

_SECONDS: Final = 1.0
_RATE: Final = 8000


def bad_recordings(folder: Path, count: int) -> Iterator[Path]:
    """Recordings that cannot be measured, each for a reason of its own and none like another."""
    noise = np.random.default_rng(0).normal(0, 0.1, (_RATE, 4))
    for number in range(count):
        path = folder / f"bad-{number:04d}.wav"
        kind = number % 7
        mark = number.to_bytes(4, "little")
        if kind == 0:
            path.write_bytes(mark + "这不是录音".encode() * 20)
        elif kind == 1:
            path.write_bytes(b"RIFF\xff\xff\xff\xffWAVEfmt " + mark)
        elif kind == 2:
            soundfile.write(path, noise * (1 + number / 10_000), _RATE)
        elif kind == 3:
            soundfile.write(path, np.zeros((_RATE + number, 2)), _RATE)
        elif kind == 4:
            soundfile.write(path, noise[: 100 + number % 200, :2], _RATE)
        elif kind == 5:
            soundfile.write(path, noise[:, :2] * (1 + number / 10_000), _RATE)
            path.write_bytes(path.read_bytes()[: 9000 + number % 500])
        else:
            path.write_bytes(b"\x89PNG\r\n\x1a\n" + mark + bytes(500))
        yield path


def night(
    folder: Path, address: str, files: Path, log: Path, workers: int
) -> subprocess.Popen[bytes]:
    """The command, as an operator would run it."""
    arguments = (
        *("batch", folder, "--db", address, "--files", files, "--no-transcript", "--quiet"),
        *("--workers", workers, "--log", log),
    )
    command = [sys.executable, "-m", "pipeline", *(str(each) for each in arguments)]
    return subprocess.Popen(command)


def run(calls: int, bad_share: float, kills: int, workers: int, address: str | None) -> int:
    """The soak; the exit code."""
    draw = random.Random(5)
    with tempfile.TemporaryDirectory(prefix="qinhe-soak-") as name:
        root = Path(name)
        bad = round(calls * bad_share)
        short_calls(root / "in", calls - bad, _SECONDS)
        list(bad_recordings(root / "in", bad))
        address = address or str(root / "n.db")
        begun = time.monotonic()
        for number in range(kills):
            log = root / f"log-{number}"
            process = night(root / "in", address, root / "files", log, workers)
            _kill_at_work(process, log, draw.randrange(1, max(2, calls // 10)))
        last = night(root / "in", address, root / "files", root / "log", workers)
        code = last.wait()
        elapsed_s = time.monotonic() - begun
        again = time.monotonic()
        rest = night(root / "in", address, root / "files", root / "log-again", workers).wait()
        again_s = time.monotonic() - again
        asked = {"recordings": calls, "of these bad": bad, "killed with SIGKILL": kills}
        return _told(root, address, asked, (code, rest), (elapsed_s, again_s), workers)


def _kill_at_work(process: subprocess.Popen[bytes], log: Path, done: int) -> None:
    """SIGKILL once the run has measured that many calls."""
    while process.poll() is None:
        text = log.read_text("utf-8") if log.exists() else ""
        if text.count('"event":"measured"') >= done:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.05)
    process.wait()


def _told(
    root: Path,
    address: str,
    asked: dict[str, int],
    codes: tuple[int, int],
    seconds: tuple[float, float],
    workers: int,
) -> int:
    """Print the figures; 0 where they are what they must be."""
    calls, bad = asked["recordings"], asked["of these bad"]
    with open_database(address, root / "files") as database:
        with database.reading() as connection:
            measured = connection.scalar(select(func.count()).select_from(facts)) or 0
            states = Counter(connection.scalars(select(recordings.c.state)))
            reasons = Counter(connection.scalars(select(faults.c.kind)))
        good = _sound(database, measured)
    again = json.loads((root / "log-again").read_text("utf-8").splitlines()[-1])["counts"]
    right = (measured, states["quarantined"]) == (calls - bad, bad) and good
    right = right and codes[0] in (0, 4) and codes[1] == 0
    rows = {
        **asked,
        "stored whole": measured,
        "quarantined with a reason": states["quarantined"],
        "faults by kind": ", ".join(f"{n} {kind}" for kind, n in reasons.items()),
        "database and files sound": "yes" if good else "NO",
        "seconds, all starts together": f"{seconds[0]:.0f}",
        "calls a minute": f"{60 * calls / seconds[0]:.0f}",
        "the same command again": f"{seconds[1]:.1f} s, {again}",
        "machine": f"{os.cpu_count()} cores, {workers} workers, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}",
    }
    print("| | |\n|---|---|")
    for name, value in rows.items():
        print(f"| {name} | {value} |")
    print("as it must be" if right else "NOT AS IT MUST BE")
    return 0 if right else 1


def _sound(database: Database, measured: int) -> bool:
    try:
        check_sound(database, measured, every=False)
    except AssertionError as error:
        print(error, file=sys.stderr)
        return False
    return True


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--bad", type=float, default=0.05, help="share of bad ones")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--db", help="another database than SQLite in a temporary folder")
    given = parser.parse_args()
    sys.exit(run(given.calls, given.bad, given.kills, given.workers, given.db))


if __name__ == "__main__":
    main()
