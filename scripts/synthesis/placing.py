"""Puts the steps of a call on the clock, and refuses overlaps that nobody declared."""

import math
from dataclasses import dataclass

import numpy as np

from pipeline.facts import Overlap
from pipeline.timeline import Span
from scripts.synthesis.dialogue import CallScript, Step
from scripts.synthesis.speaking import Utterance, Word, say

LEAD_S = 0.6
TAIL_S = 0.9
_GAP_MEAN_S, _GAP_SPREAD_S, _GAP_LEAST_S = 0.45, 0.15, 0.2
"""Response times of telephone talk lie around these (Heldner & Edlund 2010)."""
_LEAST_OVERLAP_S = 0.03


class PlacingError(ValueError):
    """The script's times contradict what it declares."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An utterance and when its first sample lies, in seconds from the start of the call."""

    utterance: Utterance
    at: float

    @property
    def step(self) -> Step:
        """What the script says about it."""
        return self.utterance.step

    @property
    def speaker(self) -> str:
        """The party that speaks."""
        return self.step.speaker or ""

    @property
    def span(self) -> Span:
        """From its first word to the end of its last."""
        return Span(self.at + self.utterance.start, self.at + self.utterance.end)

    @property
    def words(self) -> tuple[tuple[Word, Span], ...]:
        """Its words with their times in the call."""
        return tuple((w, Span(self.at + w.start, self.at + w.end)) for w in self.utterance.words)


@dataclass(frozen=True, slots=True)
class Event:
    """A hold or tone and its time."""

    step: Step
    span: Span


@dataclass(frozen=True, slots=True)
class Course:
    """A call on the clock."""

    placed: tuple[Placed, ...]
    events: tuple[Event, ...]
    overlaps: tuple[Overlap, ...]
    duration_s: float


def place(script: CallScript, chance: np.random.Generator) -> Course:
    """Speak the steps in order and give each its time.

    Raises:
        PlacingError: an overlap without a kind, a kind without its overlap, a word not found.
    """
    placed: list[Placed] = []
    events: list[Event] = []
    floor: Placed | None = None
    free_at = LEAD_S
    for number, step in enumerate(script.steps, 1):
        gap = _gap(step, chance)
        if step.speaker is None:
            events.append(Event(step, Span(free_at + gap, free_at + gap + step.seconds)))
            free_at = events[-1].span.end
            continue
        utterance = say(step, script.voices[step.voice or step.speaker], chance)
        try:
            start = free_at + gap if step.in_on is None else _word_end(floor, step.in_on) + gap
        except PlacingError as error:
            raise PlacingError(f"{script.id}, step {number}: {error}") from None
        placed.append(Placed(utterance, start - utterance.start))
        if step.takes_floor:
            floor, free_at = placed[-1], placed[-1].span.end
    ends = [item.span.end for item in placed] + [event.span.end for event in events]
    duration_s = math.ceil((max(ends) + TAIL_S) * 1000) / 1000
    return Course(tuple(placed), tuple(events), _overlaps(script.id, placed), duration_s)


def _gap(step: Step, chance: np.random.Generator) -> float:
    drawn = max(_GAP_LEAST_S, chance.normal(_GAP_MEAN_S, _GAP_SPREAD_S))
    if step.gap is not None:
        return step.gap
    return 0.0 if step.in_on is not None else drawn


def _word_end(floor: Placed | None, text: str) -> float:
    words = floor.words if floor else ()
    at = "".join(word.text for word, _ in words).find(text)
    if at < 0:
        raise PlacingError(f"{text!r} is not in the utterance that holds the floor")
    return words[at + len(text) - 1][1].end


def _overlaps(call: str, placed: list[Placed]) -> tuple[Overlap, ...]:
    """Every utterance's overlap with the other party, against what the script declares."""
    found: list[Overlap] = []
    for position, second in enumerate(placed):
        before = [item for item in placed[:position] if item.speaker != second.speaker]
        sounding = [item for item in before if item.span.overlap(second.span) > 0]
        if len(sounding) > 1:
            raise PlacingError(f"{call}: {_quote(second)} overlaps two utterances")
        first = sounding[0] if sounding else None
        if second.step.overlap is not None:
            found.append(_declared(call, before[-1] if before else None, first, second))
        elif first is not None:
            raise PlacingError(f"{call}: {_quote(second)} overlaps {_quote(first)} undeclared")
    return tuple(sorted(found, key=lambda overlap: overlap.span))


def _declared(call: str, last: Placed | None, first: Placed | None, second: Placed) -> Overlap:
    kind = second.step.overlap
    assert kind is not None
    if kind == "silent-interruption":
        if first is not None or last is None or not last.utterance.said.cut:
            raise PlacingError(f"{call}: {_quote(second)} must follow somebody cut off, in silence")
        first, span = last, Span(last.span.end, second.span.start)
    else:
        if first is None or first.span.overlap(second.span) < _LEAST_OVERLAP_S:
            raise PlacingError(f"{call}: {_quote(second)} is declared {kind} and overlaps nobody")
        span = Span(second.span.start, min(first.span.end, second.span.end))
    yielded = _yielded(call, first, second)
    return Overlap(
        span=span.rounded(), first=first.speaker, second=second.speaker, kind=kind, yielded=yielded
    )


def _yielded(call: str, first: Placed, second: Placed) -> str | None:
    loser = {
        "competitive-with-floor": first,
        "silent-interruption": first,
        "competitive-without-floor": second,
    }.get(second.step.overlap or "")
    if loser is None:
        return None
    if not loser.utterance.said.cut:
        raise PlacingError(f"{call}: {_quote(loser)} loses the floor and is not cut off")
    return loser.speaker


def _quote(item: Placed) -> str:
    return f"{item.speaker} {item.utterance.said.written[:12]!r} at {item.span.start:.1f} s"
