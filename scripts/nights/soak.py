"""A night of short recordings, some of them bad, and all kinds of trouble: the store is counted.

Prints the figures of docs/reliability.md. Bad recordings are of every kind that the tests know;
what must become of each is known, every trouble must be seen to come about, and anything else makes
the command fail.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
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
from pipeline.store.tables import facts, faults, recordings, runs
from scripts.nights.troubles import TIME_LIMIT_S, TROUBLES, NotSeenError, Stage, until
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


def run(calls: int, bad_share: float, times: int, workers: int, address: str | None) -> int:
    """The soak; the exit code."""
    with tempfile.TemporaryDirectory(prefix="qinhe-soak-") as name:
        root = Path(name)
        bad = round(calls * bad_share)
        short_calls(root / "in", calls - bad, _SECONDS)
        # Shuffled among the sound ones by their names, so that they come all night long.
        for number, path in enumerate(list(bad_recordings(root / "in", bad))):
            path.rename(path.with_name(f"call-{number * calls // max(bad, 1):05d}-bad.wav"))
        stage = _stage(root, address or str(root / "n.db"), workers)
        begun = time.monotonic()
        try:
            code = _troubled_night(stage, calls - bad, times)
        except NotSeenError as error:
            print(f"did not come about: {error}", file=sys.stderr)
            return 1
        elapsed_s = time.monotonic() - begun
        again = time.monotonic()
        rest = stage.start().process.wait()
        again_s = time.monotonic() - again
        return _told(stage, (calls, bad), (code, rest), (elapsed_s, again_s), workers)


def _stage(root: Path, address: str, workers: int) -> Stage:
    arguments = (
        *("batch", root / "in", "--db", address, "--files", root / "files", "--no-transcript"),
        *("--quiet", "--workers", workers, "--time-limit", TIME_LIMIT_S),
    )
    return Stage(root, address, tuple(str(each) for each in arguments), random.Random(5))


def _troubled_night(stage: Stage, sound: int, times: int) -> int:
    """Every trouble so many times, spread over the night; the exit code of the run that ends it."""
    due = [name for name in TROUBLES for _ in range(times)]
    stage.draw.shuffle(due)
    at_work = stage.start()
    for number, name in enumerate(due):
        # Early enough for the last ones, which take as long as a run takes to start.
        least = round(sound * (0.03 + 0.67 * number / len(due)))
        until(lambda least=least: stage.measured() >= least, f"{least} calls")  # type: ignore[misc]
        if at_work.process.poll() is not None:
            raise NotSeenError(f"{name}: the night was over")
        at_work = TROUBLES[name](stage, at_work)
        stage.happened[name] += 1
        print(f"{name}: after {stage.measured()} calls", file=sys.stderr, flush=True)
    return at_work.process.wait()


def _told(
    stage: Stage,
    asked: tuple[int, int],
    codes: tuple[int, int],
    seconds: tuple[float, float],
    workers: int,
) -> int:
    """Print the figures; 0 where they are what they must be."""
    calls, bad = asked
    with open_database(stage.address, stage.root / "files") as database:
        with database.reading() as connection:
            measured = connection.scalar(select(func.count()).select_from(facts)) or 0
            states = Counter(connection.scalars(select(recordings.c.state)))
            reasons = Counter(connection.scalars(select(faults.c.kind)))
            ends = Counter(connection.scalars(select(runs.c.outcome)))
        good = _sound(database, measured)
    again = json.loads(stage.starts[-1].log.read_text("utf-8").splitlines()[-1])["counts"]
    twice = stage.measured() - measured
    right = (measured, states["quarantined"], twice) == (calls - bad, bad, 0) and good
    right = right and codes[0] in (0, 4) and codes[1] == 0 and set(again) <= _DONE
    rows = {
        "recordings": calls,
        "of these bad": bad,
        **stage.happened,
        "stored whole": measured,
        "stored twice": twice,
        "quarantined with a reason": states["quarantined"],
        "faults by kind": _listed(reasons),
        "how runs ended": _listed(ends),
        "database and files sound": "yes" if good else "NO",
        "seconds, all starts together": f"{seconds[0]:.0f}",
        "calls a minute": f"{60 * calls / seconds[0]:.0f}",
        "the same command again": f"{seconds[1]:.1f} s: {_listed(again)}, none read",
        "machine": f"{os.cpu_count()} cores, {workers} workers, "
        f"load average {os.getloadavg()[0]:.1f}, Python {platform.python_version()}",
    }
    print("| | |\n|---|---|")
    for name, value in rows.items():
        print(f"| {name} | {value} |")
    print("as it must be" if right else "NOT AS IT MUST BE")
    return 0 if right else 1


_DONE: Final = {"skipped", "quarantined"}


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


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
    parser.add_argument("--times", type=int, default=3, help="how often each trouble comes")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--db", help="another database than SQLite in a temporary folder")
    given = parser.parse_args()
    sys.exit(run(given.calls, given.bad, given.times, given.workers, given.db))


if __name__ == "__main__":
    main()
