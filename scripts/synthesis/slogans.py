"""Calls that end in a company's slogan, said more or less as it should be.

The agent breaks off after some of its sounds. How like the slogan that is follows from how many
were said: of n sounds, k share k - 1 of n - 1 neighbouring pairs, 2 (k - 1) / (n + k - 2) by Dice's
(1945) coefficient.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec
import numpy as np
from sqlalchemy import Connection

from pipeline.facts import CallFacts
from pipeline.store.calls import Details, enter, record
from pipeline.store.database import Database
from pipeline.store.marks import Mark, add_marks
from pipeline.store.packing import pack_facts
from scripts.validation.talk import Line, facts_of

SLOGAN: Final = "海风电器祝您生活愉快工作顺利"
CRITERION: Final = "says-the-slogan"
ENOUGH: Final = 0.6
"""From that likeness on the raters let it pass."""
SAID: Final = (4, 6, 7, 8, 10, 14)
"""How many of its sounds are said."""
WRONG: Final = {"Chen": 0.04, "Li": 0.06, "Zhou": 0.1}


def likeness(said: int) -> float:
    """Of the slogan's first sounds to all of it."""
    return 2 * (said - 1) / (len(SLOGAN) + said - 2)


def call(name: str, said: int) -> CallFacts:
    """One call in which so many sounds of the slogan are said."""
    lines = [
        Line(by="agent", says="您好，请讲"),
        Line(by="customer", says="我想问一下这个月的话费。"),
        Line(by="agent", says="好的，已经帮您查过了。"),
        Line(by="customer", says="好的，谢谢。"),
        Line(by="agent", says=SLOGAN[:said]),
    ]
    return msgspec.structs.replace(facts_of(lines), call_id=name)


def fill(database: Database, calls: int = 150, agents: int = 20, seed: int = 0) -> None:
    """Put so many calls into an empty store, each marked by `WRONG`'s raters."""
    rng = np.random.default_rng(seed)
    drawn = [(f"call-{at:05d}", int(rng.choice(SAID))) for at in range(calls)]
    who = rng.integers(0, agents, calls).tolist()
    marks = [mark for name, said in drawn for mark in _marks(name, said, rng)]

    def store(connection: Connection) -> None:
        for (name, said), agent in zip(drawn, who, strict=True):
            details = Details(agent=f"agent-{agent}", started_at=datetime(2026, 3, 2, tzinfo=UTC))
            sha256 = hashlib.sha256(name.encode()).hexdigest()
            known = enter(connection, sha256, name, f"{name}.wav", details)
            measured = pack_facts(call(name, said), None, 0.0)
            record(connection, known.id, None, measured=measured, plan_sha256="", card=None)
        add_marks(connection, marks)

    database.transact(store)


def _marks(name: str, said: int, rng: np.random.Generator) -> Iterator[Mark]:
    for rater, wrong in WRONG.items():
        missed = (likeness(said) < ENOUGH) ^ bool(rng.random() < wrong)
        value = "missed" if missed else "met"
        yield Mark(call_id=name, rater=rater, criterion=CRITERION, value=value)  # type: ignore[arg-type]  # a Literal
