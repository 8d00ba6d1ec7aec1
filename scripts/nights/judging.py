"""How long it takes to judge a whole store again: ``python -m scripts.nights.judging``.

The store is filled with ``--calls`` copies of the sample calls, or of the facts files given, each
under a name of its own; then ``qinhe rejudge`` is run over it as a user would. Which verdicts must
flip is worked out from the few calls that were copied.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from pipeline.batch.judging import Judging
from pipeline.batch.rejudge import flip_of
from pipeline.facts import CallFacts, decode
from pipeline.store.calls import Details, enter, record
from pipeline.store.database import Database, open_database
from pipeline.store.packing import pack_card, pack_facts
from scripts.benchmarking.material import CALLS, facts_of, transcript_of
from scripts.synthesis.truth import read_truth

_PART: Final = 200
FIRST: Final = "affinity-zh-v1"
THEN: Final = "strict-zh-v1"


class Copied(NamedTuple):
    """What a store is filled with.

    Attributes:
        flips: whether judging again turns the verdict.
    """

    facts: CallFacts
    flips: bool


def sample_calls() -> list[CallFacts]:
    """The facts of the sample calls, their words given."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(CALLS.glob("*.truth.json")):
            truth = read_truth(path)
            words = Path(folder) / path.name
            words.write_bytes(transcript_of(truth.words))
            found.append(facts_of(CALLS / truth.audio, words))
    return found


def copied(every: list[CallFacts]) -> list[Copied]:
    """The calls, and which of them flip."""
    first, then = (Judging(rubric).judge("zh") for rubric in (FIRST, THEN))
    return [
        Copied(facts, flip_of("", pack_card(first.score(facts)).data, pack_card(then.score(facts)))
               is not None)
        for facts in every
    ]  # fmt: skip


def fill(database: Database, every: list[Copied], calls: int) -> set[str]:
    """Put the calls in, judged by `FIRST`; the names of those that must flip."""
    judge = Judging(FIRST).judge("zh")
    cards = [judge.score(each.facts) for each in every]
    numbered = [(f"call-{n:06d}", which) for n, which in enumerate(islice(cycle(range(len(every))),
                calls))]  # fmt: skip
    for start in range(0, calls, _PART):

        def store(connection: Connection, part: list[tuple[str, int]]) -> None:
            for name, which in part:
                facts = msgspec.structs.replace(every[which].facts, call_id=name)
                row = pack_facts(facts, None, 0.0)
                card = msgspec.structs.replace(cards[which], call_id=name, facts_sha256=row.sha256)
                sha256 = hashlib.sha256(name.encode()).hexdigest()
                known = enter(connection, sha256, name, name, Details())
                made = pack_card(card)
                record(connection, known.id, None, measured=row, plan_sha256="", card=made)

        part = numbered[start : start + _PART]
        database.transact(lambda connection, part=part: store(connection, part))  # type: ignore[misc]
    return {name for name, which in numbered if every[which].flips}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("facts", nargs="*", type=Path)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args()
    every = copied([decode(p.read_bytes(), p) for p in given.facts] or sample_calls())
    words = sum(len(turn.words) for each in every for turn in each.facts.turns) / len(every)
    length_s = sum(each.facts.audio.duration_s for each in every) / len(every)
    with tempfile.TemporaryDirectory(prefix="qinhe-judging-") as name:
        folder = Path(name)
        begun = time.monotonic()
        with open_database(str(folder / "n.db")) as database:
            expected = fill(database, every, given.calls)
        print(f"{given.calls} calls of {length_s:.0f} s and {words:.0f} words in the mean, "
              f"stored in {time.monotonic() - begun:.1f} s", flush=True)  # fmt: skip
        seconds, spent_s = _rejudged(folder, given.workers)
        with (folder / "flips.csv").open(encoding="utf-8-sig", newline="") as file:
            found = {row["call_id"] for row in csv.DictReader(file)}
        size = (folder / "n.db").stat().st_size / 2**20
    print(
        f"judged again in {seconds:.1f} s, {1000 * spent_s / given.calls:.1f} ms of processor a "
        f"call; {len(found)} calls flip, {'as' if found == expected else 'NOT AS'} they must; "
        f"{given.workers} workers, load average {os.getloadavg()[0]:.1f}, database {size:.0f} MiB"
    )
    sys.exit(0 if found == expected else 1)


def _rejudged(folder: Path, workers: int) -> tuple[float, float]:
    """Seconds on the clock and of processor of the whole command, its workers as well."""
    arguments = ("rejudge", "--db", folder / "n.db", "--rubric", THEN, "--workers", workers)
    command = [sys.executable, "-m", "pipeline", *(str(each) for each in arguments)]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([*command, "--flips", str(folder / "flips.csv")], check=True)
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begun
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, spent_s


if __name__ == "__main__":
    main()
