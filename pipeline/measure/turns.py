"""Who has the floor: turns, pauses, floor transfers, overlaps and how the call's time divides.

Everything follows from when each party makes speech sounds; words, where there are some, only
refine the kinds of overlaps. The floor model is that of Sacks, Schegloff & Jefferson (1974), "A
simplest systematics for the organization of turn-taking for conversation", Language 50, and its
measurable form in Heldner & Edlund (2010): silence within a turn is a pause, silence between two
parties' turns a gap, and the floor-transfer offset is positive for a gap and negative for an
overlap. docs/measures/turns.md has every definition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import attrgetter

from pipeline.facts import FloorTransfer, Hold, Monologue, Overlap, Pause, Said, Shares, Turn, Word
from pipeline.measure.overlaps import (
    Encounter,
    find_encounters,
    is_backchannel,
    silent_interruption,
)
from pipeline.measure.units import Party, Sound, Unit, parties
from pipeline.settings import TurnSettings
from pipeline.timeline import Span, difference, union

__all__ = ["Conversation", "Sound", "build"]


@dataclass(frozen=True)
class Conversation:
    """Who spoke to whom and when, in time order.

    Attributes:
        turns: those that held the floor, and (``took_floor`` false) backchannels and attempts.
        pauses: silences within a turn.
        transfers: from one party's turn to the other's; none across a hold.
        overlaps: with their kinds, silent interruptions among them.
    """

    turns: tuple[Turn, ...]
    pauses: tuple[Pause, ...]
    transfers: tuple[FloorTransfer, ...]
    overlaps: tuple[Overlap, ...]
    monologues: tuple[Monologue, ...]
    shares: Shares


def build(
    speech: Mapping[str, Sequence[Span]],
    words: Sequence[Word],
    holds: Sequence[Hold],
    duration_s: float,
    settings: TurnSettings,
    sounds: Mapping[str, Sound] | None = None,
) -> Conversation:
    """Work out turns and the floor.

    Args:
        speech: per speaker, when speech sounds were made (seconds).
        words: recognised words of these speakers; may be empty, and may miss some speech.
        holds: stretches in which the customer waits; nobody answers anybody across one.
        duration_s: length of the recording.
        settings: the section ``turns`` of ``configs/measure.yaml``.
        sounds: per speaker, the level track, for telling broken-off endings from finished ones.
    """
    within = Span(0.0, max(0.0, duration_s))
    found = parties(speech, words, sounds or {}, within, settings)
    encounters = find_encounters(found, settings)
    floorless = _floorless(found, encounters, settings)
    waits = union(hold.span for hold in holds)
    groups = _grouped(found, floorless, waits)
    holders = [units for units, holds_floor in groups if holds_floor]
    silent = _silent_interruptions(found, holders, waits, settings)
    overlaps = (*(encounter.overlap for encounter in encounters), *silent)
    return Conversation(
        turns=tuple(_turn(units, holds_floor) for units, holds_floor in groups),
        pauses=_pauses(holders, settings),
        transfers=_transfers(holders, waits),
        overlaps=tuple(sorted(overlaps, key=attrgetter("span"))),
        monologues=_monologues(holders, encounters, settings),
        shares=divide(speech, holds, duration_s),
    )


# ── The floor ────────────────────────────────────────────────────────────────────────────────────


def _floorless(
    found: Sequence[Party], encounters: Sequence[Encounter], settings: TurnSettings
) -> frozenset[tuple[str, Span]]:
    """The units that only signal listening, or went for the floor and did not get it."""
    listening = {
        (unit.speaker, unit.span)
        for own in found
        for unit in own.units
        if any(is_backchannel(unit, own, other, settings) for other in found if other is not own)
    }
    lost = {
        (unit.speaker, unit.span)
        for encounter in encounters
        if encounter.overlap.kind == "competitive-without-floor"
        for unit in encounter.second
    }
    return frozenset(listening | lost)


def _grouped(
    found: Sequence[Party], floorless: frozenset[tuple[str, Span]], waits: Sequence[Span]
) -> list[tuple[tuple[Unit, ...], bool]]:
    """(units of one turn, whether it held the floor), in time order.

    Units of one speaker are one turn until another speaker's unit takes the floor, or a hold
    comes between.
    """
    units = sorted((unit for own in found for unit in own.units), key=lambda unit: unit.span)
    groups: list[tuple[tuple[Unit, ...], bool]] = []
    floor: list[Unit] = []
    for unit in units:
        if (unit.speaker, unit.span) in floorless:
            groups.append(((unit,), False))
        elif floor and floor[-1].speaker == unit.speaker and not _apart(floor[-1], unit, waits):
            floor.append(unit)
        else:
            if floor:
                groups.append((tuple(floor), True))
            floor = [unit]
    if floor:
        groups.append((tuple(floor), True))
    return sorted(groups, key=lambda group: group[0][0].span)


def _apart(one: Unit, two: Unit, waits: Sequence[Span]) -> bool:
    """Whether a hold lies between two units."""
    return any(one.span.end <= wait.middle <= two.span.start for wait in waits)


def _turn(units: tuple[Unit, ...], holds_floor: bool) -> Turn:
    return Turn(
        speaker=units[0].speaker,
        span=Span(units[0].span.start, max(unit.span.end for unit in units)),
        said=Said.of(word for unit in units for word in unit.words),
        took_floor=holds_floor,
    )


def _pauses(holders: Sequence[tuple[Unit, ...]], settings: TurnSettings) -> tuple[Pause, ...]:
    found = [
        Pause(speaker=one.speaker, span=Span(one.span.end, two.span.start))
        for units in holders
        for one, two in pairwise(units)
        if two.span.start - one.span.end >= settings.least_pause_s
    ]
    return tuple(sorted(found, key=attrgetter("span")))


def _transfers(
    holders: Sequence[tuple[Unit, ...]], waits: Sequence[Span]
) -> tuple[FloorTransfer, ...]:
    return tuple(
        FloorTransfer(
            from_speaker=last.speaker,
            to_speaker=new.speaker,
            at=new.span.start,
            offset_s=new.span.start - last.span.end,
        )
        for (*_, last), (new, *_) in pairwise(holders)
        if last.speaker != new.speaker and not _apart(last, new, waits)
    )


def _silent_interruptions(
    found: Sequence[Party],
    holders: Sequence[tuple[Unit, ...]],
    waits: Sequence[Span],
    settings: TurnSettings,
) -> list[Overlap]:
    by_speaker = {own.speaker: own for own in found}
    overlaps = []
    for (*_, last), (new, *_) in pairwise(holders):
        if last.speaker == new.speaker or _apart(last, new, waits):
            continue
        resumed = by_speaker[last.speaker].after(new.span.start)
        overlap = silent_interruption(last, new, resumed, settings)
        if overlap is not None:
            overlaps.append(overlap)
    return overlaps


def _monologues(
    holders: Sequence[tuple[Unit, ...]],
    encounters: Sequence[Encounter],
    settings: TurnSettings,
) -> tuple[Monologue, ...]:
    """Turns, cut where the other did more than listen, that last long enough."""
    attempts = [
        unit.span
        for encounter in encounters
        if encounter.overlap.kind == "competitive-without-floor"
        for unit in encounter.second
    ]
    return tuple(
        Monologue(speaker=units[0].speaker, span=span)
        for units in holders
        for span in difference([Span(units[0].span.start, units[-1].span.end)], attempts)
        if span.duration >= settings.monologue_s
    )


# ── Shares ───────────────────────────────────────────────────────────────────────────────────────


def divide(
    speech: Mapping[str, Sequence[Span]], holds: Sequence[Hold], duration_s: float
) -> Shares:
    """Divide the call's time, on whole milliseconds, so that the parts add up to it exactly.

    A hold is a hold whatever is said in it (announcements, muttering); the rest is silence, one
    party's talk, or both parties'.
    """
    end = round(duration_s * 1000)
    steps: list[tuple[int, int, str | None]] = []
    for speaker, spans in (*speech.items(), (None, [hold.span for hold in holds])):
        for span in union(spans):
            start, stop = (min(max(round(t * 1000), 0), end) for t in (span.start, span.end))
            steps += [(start, 1, speaker), (stop, -1, speaker)]
    spent: Counter[frozenset[str | None]] = Counter()
    active: Counter[str | None] = Counter()
    at = 0
    for time, group in groupby(sorted(steps, key=lambda step: step[0]), key=lambda step: step[0]):
        spent[frozenset(who for who, count in active.items() if count)] += time - at
        at = time
        for _, change, who in group:
            active[who] += change
    spent[frozenset(who for who, count in active.items() if count)] += end - at
    return Shares(
        talk_s={speaker: spent[frozenset({speaker})] / 1000 for speaker in speech},
        both_s=sum(ms for who, ms in spent.items() if len(who) > 1 and None not in who) / 1000,
        hold_s=sum(ms for who, ms in spent.items() if None in who) / 1000,
        silence_s=spent[frozenset()] / 1000,
    )
