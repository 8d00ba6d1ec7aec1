"""Reads every stored call once, on several cores: what is asked of the facts is the caller's."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from pipeline.errors import QinheError
from pipeline.facts import AGENT, CallFacts, spoken_language
from pipeline.store.database import Database
from pipeline.store.packing import unpack_facts
from pipeline.store.reading import StoredCall, stored_calls

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_PART: Final = 100
_ALONE: Final = 300
"""So few calls are read here: starting other processes would take longer."""
_NARROW_HZ: Final = 4000.0


class Asks(Protocol[T_co]):
    """What a call's facts are asked; made once in every process that reads."""

    def read(self, facts: CallFacts) -> T_co:
        """The answer of one call."""


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """A store's calls in its order, and what was asked of each.

    Attributes:
        groups: what is known of each call besides its sound, and what line it came over.
        answers: one a call.
        other_language: calls in another language than the one asked for; they are left out.
        faults: calls whose facts cannot be read, and why.
    """

    call_ids: tuple[str, ...]
    agents: tuple[str | None, ...]
    groups: tuple[Mapping[str, str], ...]
    answers: tuple[T, ...]
    other_language: int = 0
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read(Generic[T]):
    call_id: str
    answer: T | None = None
    line: Mapping[str, str] | None = None
    fault: str | None = None


def read_store(
    database: Database, language: str, make: Callable[[], Asks[T]], workers: int = 1
) -> Stored[T]:
    """Ask every measured call of a store.

    Args:
        database: the store.
        language: calls in another one are left out.
        make: makes what asks; it goes to other processes, so it must be picklable.
        workers: processes.

    Raises:
        StoreError: the store cannot be read.
    """
    known: dict[str, StoredCall] = {}
    every: list[_Read[T]] = []
    with database.reading() as connection:
        parts = _parts(stored_calls(connection), known)
        for part in _read_parts(parts, language, make, workers):
            every += part
    good = [(read, read.answer) for read in every if read.answer is not None]
    return Stored(
        call_ids=tuple(read.call_id for read, _ in good),
        agents=tuple(known[read.call_id].agent for read, _ in good),
        groups=tuple({**_details(known[read.call_id]), **(read.line or {})} for read, _ in good),
        answers=tuple(answer for _, answer in good),
        other_language=sum(read.answer is None and read.fault is None for read in every),
        faults=tuple(read.fault for read in every if read.fault is not None),
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


# ── On several cores ─────────────────────────────────────────────────────────────────────────────


def _read_parts(
    parts: Iterator[list[tuple[str, bytes]]],
    language: str,
    make: Callable[[], Asks[T]],
    workers: int,
) -> Iterator[list[_Read[T]]]:
    first = list(itertools.islice(parts, _ALONE // _PART))
    if workers == 1 or sum(map(len, first)) < _ALONE:
        asks = make()
        for part in itertools.chain(first, parts):
            yield [_read(asks, language, *call) for call in part]
        return
    with ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_prepare, initargs=(make, language)
    ) as pool:
        waiting: deque[Future[list[_Read[T]]]] = deque()
        for part in itertools.chain(first, parts):
            waiting.append(pool.submit(_read_part, part))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_prepared: list[tuple[Asks[Any], str]] = []
"""A worker's own; made once for all the calls that it reads."""


def _prepare(make: Callable[[], Asks[Any]], language: str) -> None:
    _prepared[:] = [(make(), language)]


def _read_part(part: Sequence[tuple[str, bytes]]) -> list[_Read[Any]]:
    asks, language = _prepared[0]
    return [_read(asks, language, *call) for call in part]


def _read(asks: Asks[T], language: str, call_id: str, data: bytes) -> _Read[T]:
    try:
        facts = unpack_facts(data, call_id)
    except QinheError as error:
        return _Read(call_id, fault=str(error))
    if spoken_language(facts).split("-")[0] != language:
        return _Read(call_id)
    return _Read(call_id, answer=asks.read(facts), line=_line(facts))
