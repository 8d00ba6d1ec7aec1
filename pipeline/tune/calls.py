"""Reads a store's calls into tables: the judge runs once over each, on several cores."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Final

import msgspec

from pipeline.errors import QinheError
from pipeline.facts import AGENT, CallFacts, spoken_language
from pipeline.rubric import Lexicon, Rubric
from pipeline.store.database import Database
from pipeline.store.packing import unpack_facts
from pipeline.store.reading import StoredCall, stored_calls
from pipeline.tune.table import Reader, Row, Setting, Table, tables

Cells = Mapping[str, Sequence[Setting]]

_PART: Final = 100
_ALONE: Final = 300
"""So few calls are read here: starting other processes would take longer."""


@dataclass(frozen=True, slots=True)
class Calls:
    """A store's calls in its order, and what the judge makes of them.

    Attributes:
        groups: what is known of each call besides its sound, and what line it came over.
        other_language: calls in another language than the rubric's; they are left out.
        faults: calls whose facts cannot be read, and why.
    """

    call_ids: tuple[str, ...]
    agents: tuple[str | None, ...]
    groups: tuple[Mapping[str, str], ...]
    tables: Mapping[str, Table]
    other_language: int = 0
    faults: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.call_ids)


@dataclass(frozen=True, slots=True)
class _Read:
    call_id: str
    row: Row | None = None
    line: Mapping[str, str] | None = None
    fault: str | None = None


def read_calls(
    database: Database, rubric: Rubric, lexicon: Lexicon, cells: Cells, workers: int = 1
) -> Calls:
    """Every measured call of a store under every setting.

    Args:
        database: the store.
        rubric: the one in force.
        lexicon: its phrase lists.
        cells: criterion -> settings to look at (`table.cells_of`); the first is the rubric's own.
        workers: processes.

    Raises:
        StoreError: the store cannot be read.
    """
    known: dict[str, StoredCall] = {}
    rows: list[_Read] = []
    with database.reading() as connection:
        parts = _parts(stored_calls(connection), known)
        for part in _read_parts(parts, rubric, lexicon, cells, workers):
            rows += part
    good = [read for read in rows if read.row is not None]
    return Calls(
        call_ids=tuple(read.call_id for read in good),
        agents=tuple(known[read.call_id].agent for read in good),
        groups=tuple({**_details(known[read.call_id]), **(read.line or {})} for read in good),
        tables=tables(rubric, cells, [read.row for read in good if read.row is not None]),
        other_language=sum(read.row is None and read.fault is None for read in rows),
        faults=tuple(read.fault for read in rows if read.fault is not None),
    )


def _parts(
    calls: Iterable[StoredCall], known: dict[str, StoredCall]
) -> Iterator[list[tuple[str, bytes]]]:
    part: list[tuple[str, bytes]] = []
    for call in calls:
        part.append((call.call_id, call.facts_data))
        known[call.call_id] = msgspec.structs.replace(call, facts_data=b"", card_data=None)
        if len(part) == _PART:
            yield part
            part = []
    if part:
        yield part


def _details(call: StoredCall) -> dict[str, str]:
    told: dict[str, Any] = {
        **{key: value for key, value in call.extra.items() if isinstance(value, str | int | bool)},
        "team": call.team,
        "queue": call.queue,
        "direction": call.direction,
    }
    return {key: str(value) for key, value in told.items() if value is not None}


def _line(facts: CallFacts) -> dict[str, str]:
    """What line the agent's voice came over, as far as the sound betrays it."""
    party = facts.speaker(AGENT)
    found = {"layout": str(facts.audio.layout)}
    for quality in facts.audio.quality:
        if party is not None and quality.channel == party.channel:
            if quality.coding is not None:
                found["coding"] = quality.coding
            if quality.bandwidth_hz is not None:
                found["bandwidth"] = "narrow" if quality.bandwidth_hz <= _NARROW_HZ else "wide"
    return found


_NARROW_HZ: Final = 4000.0


# ── On several cores ─────────────────────────────────────────────────────────────────────────────


def _read_parts(
    parts: Iterator[list[tuple[str, bytes]]],
    rubric: Rubric,
    lexicon: Lexicon,
    cells: Cells,
    workers: int,
) -> Iterator[list[_Read]]:
    first = list(itertools.islice(parts, _ALONE // _PART))
    if workers == 1 or sum(map(len, first)) < _ALONE:
        reader = Reader(rubric, lexicon, cells)
        for part in itertools.chain(first, parts):
            yield [_read(reader, rubric.language, *call) for call in part]
        return
    plain = {key: [dict(cell) for cell in each] for key, each in cells.items()}
    with ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_prepare, initargs=(rubric, lexicon, plain)
    ) as pool:
        waiting: deque[Future[list[_Read]]] = deque()
        for part in itertools.chain(first, parts):
            waiting.append(pool.submit(_read_part, part))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_prepared: list[tuple[Reader, str]] = []
"""A worker's own; made once for all the calls that it reads."""


def _prepare(rubric: Rubric, lexicon: Lexicon, cells: Cells) -> None:
    _prepared[:] = [(Reader(rubric, lexicon, cells), rubric.language)]


def _read_part(part: Sequence[tuple[str, bytes]]) -> list[_Read]:
    reader, language = _prepared[0]
    return [_read(reader, language, *call) for call in part]


def _read(reader: Reader, language: str, call_id: str, data: bytes) -> _Read:
    try:
        facts = unpack_facts(data, call_id)
    except QinheError as error:
        return _Read(call_id, fault=str(error))
    if spoken_language(facts).split("-")[0] != language:
        return _Read(call_id)
    return _Read(call_id, row=reader.read(facts), line=_line(facts))
