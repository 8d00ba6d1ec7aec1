"""How long it takes to judge a whole store again: ``python -m scripts.nights.judging FACTS…``.

The store is filled with ``--calls`` copies of the facts files given, under names of their own.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection

from pipeline.batch.judging import Judging
from pipeline.batch.rejudge import rejudge
from pipeline.facts import decode
from pipeline.store.calls import Details, enter, record
from pipeline.store.database import Database, open_database
from pipeline.store.packing import pack_card, pack_facts

_PART: Final = 200
FIRST: Final = "affinity-zh-v1"
THEN: Final = "strict-zh-v1"


def fill(database: Database, files: list[Path], calls: int) -> float:
    """Put the calls in, judged by `FIRST`; the mean number of words of a call."""
    every = [decode(path.read_bytes(), path) for path in files]
    judge = Judging(FIRST).judge("zh")
    cards = [judge.score(facts) for facts in every]
    numbered = list(islice(cycle(range(len(every))), calls))
    for start in range(0, calls, _PART):
        part = list(enumerate(numbered[start : start + _PART], start))

        def store(connection: Connection, part: list[tuple[int, int]] = part) -> None:
            for number, which in part:
                name = f"call-{number:06d}"
                facts = msgspec.structs.replace(every[which], call_id=name)
                row = pack_facts(facts, None, 0.0)
                card = msgspec.structs.replace(cards[which], call_id=name, facts_sha256=row.sha256)
                sha256 = hashlib.sha256(name.encode()).hexdigest()
                known = enter(connection, sha256, name, name, Details())
                made = pack_card(card)
                record(connection, known.id, None, measured=row, plan_sha256="", card=made)

        database.transact(store)
    return sum(len(turn.words) for facts in every for turn in facts.turns) / len(every)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("facts", nargs="+", type=Path)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with open_database(f"{folder}/n.db") as database:
            begun = time.monotonic()
            words = fill(database, given.facts, given.calls)
            print(f"{given.calls} calls of {words:.0f} words stored in "
                  f"{time.monotonic() - begun:.1f} s")  # fmt: skip
            begun = time.monotonic()
            counts = rejudge(database, THEN, given.workers)
            seconds = time.monotonic() - begun
        print(
            f"judged again in {seconds:.1f} s: {counts.judged / seconds:.0f} calls a second, "
            f"{counts.flipped} flips, {given.workers} workers, load {os.getloadavg()[0]:.1f}"
        )


if __name__ == "__main__":
    main()
