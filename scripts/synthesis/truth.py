"""What is true of a sample call, by construction: the oracle beside every recording.

The parts are the facts' own types (`pipeline.facts`), so a truth can be held against facts field
by field. docs/demo-calls.md describes the file.
"""

import json
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from pipeline import timeline
from pipeline.facts import (
    AGENT,
    CUSTOMER,
    Burst,
    Drawl,
    Filler,
    FloorTransfer,
    Hold,
    Overlap,
    OverlapKind,
    Said,
    Shares,
    Tone,
    Turn,
    TurnProsody,
    Word,
    rounded,
)
from pipeline.timeline import Span, Timeline
from pipeline.values import Value
from scripts.synthesis.clean_pitch import PitchTruth, statistics
from scripts.synthesis.line import RATE_HZ, Signal, active_speech_level
from scripts.synthesis.placing import Course, Placed

BRIDGE_S = 0.15
"""Words closer together than this are one stretch of speech: a stop's closure, not a pause."""


class VoiceTruth(Value, frozen=True, kw_only=True):
    """A person, as espeak-ng was told to be."""

    name: str
    speaker: str
    variant: str
    rate_wpm: int
    pitch: int
    pitch_range: int
    level_dbov: float
    held_out: bool
    """The demonstration model was not trained on this voice."""


class PartyTruth(Value, frozen=True, kw_only=True):
    """One party over the whole call, and its channel."""

    speaker: str
    channel: int
    level_dbov: float
    """Active speech level of the party's voice in the telephone band, before noise and coding."""
    noise_dbov: float
    leak_db: float | None
    leak_delay_s: float | None
    talk_s: float
    syllables: int
    articulation_rate_syl_s: float
    f0_median_hz: float
    f0_spread_st: float
    f0_range_st: float
    speech: tuple[Span, ...]


class UtteranceTruth(Value, frozen=True, kw_only=True):
    """One line of the script as it was spoken."""

    speaker: str
    voice: str
    span: Span
    text: str
    """As spoken, with punctuation, without what was cut off."""
    written: str
    """The same as a person would write it: digits, dates, order numbers."""
    syllables: int
    takes_floor: bool
    overlap: OverlapKind | None
    cut_off: bool
    rate_wpm: int
    pitch: int
    pitch_range: int
    level_dbov: float
    """Active speech level it was set to on the line."""
    gain_db: float
    """How far that is from the voice's usual level, without effort."""
    effort_db: float


class ExpectedTruth(Value, frozen=True, kw_only=True):
    """What a good listener would find, by the ids of the service standards."""

    met: tuple[str, ...]
    missed: dict[str, str]


class CallTruth(Value, frozen=True, kw_only=True):
    """Everything that is true of one sample call; times in seconds, on whole milliseconds."""

    schema: Literal["qinhe.truth/1"] = "qinhe.truth/1"
    call_id: str
    title: str
    seed: int
    audio: str
    pcm_sha256: str
    """Of the samples, 16-bit little-endian, channels interleaved."""
    rate_hz: int
    duration_s: float
    voices: tuple[VoiceTruth, ...]
    parties: tuple[PartyTruth, ...]
    utterances: tuple[UtteranceTruth, ...]
    words: tuple[Word, ...]
    turns: tuple[Turn, ...]
    overlaps: tuple[Overlap, ...]
    transfers: tuple[FloorTransfer, ...]
    holds: tuple[Hold, ...]
    tones: tuple[Tone, ...]
    shares: Shares
    bursts: tuple[Burst, ...]
    drawls: tuple[Drawl, ...]
    fillers: tuple[Filler, ...]
    expected: ExpectedTruth


def read_truth(path: Path) -> CallTruth:
    """A truth file."""
    return msgspec.json.decode(path.read_bytes(), type=CallTruth)


def encode_truth(truth: CallTruth) -> bytes:
    """JSON with every element of a list on a line of its own: short, and good to compare."""
    fields = msgspec.to_builtins(rounded(truth))
    lines = [f"{_json(name)}: {_value(value)}" for name, value in fields.items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _value(value: object) -> str:
    if isinstance(value, list) and value:
        return "[\n " + ",\n ".join(_json(item) for item in value) + "\n]"
    return _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def speech(placed: Sequence[Placed]) -> Timeline:
    """Where these utterances sound: their words, bridged over less than `BRIDGE_S`."""
    return timeline.bridge((span for item in placed for _, span in item.words), BRIDGE_S)


def pitch(placed: Sequence[Placed]) -> PitchTruth | None:
    """F0 statistics of these utterances' clean sound."""
    return statistics(np.concatenate([item.utterance.pitch_hz for item in placed]))


def syllables(placed: Sequence[Placed]) -> int:
    """Syllables spoken; a Latin letter may have several."""
    return sum(word.syllables for item in placed for word, _ in item.words)


def turns(course: Course, parties: Signal) -> tuple[Turn, ...]:
    """Each party's talk until the other takes the floor or a hold comes between.

    Backchannels and attempts that did not get the floor are turns of their own, `took_floor` false.
    """
    in_order = sorted(course.placed, key=lambda item: item.span)
    holding = [item for item in in_order if item.step.takes_floor]
    starts = [event.span.start for event in course.events]

    def belongs(item: Placed) -> tuple[str, int]:
        return item.speaker, sum(start < item.span.start for start in starts)

    held = [_turn(tuple(group), parties, True) for _, group in groupby(holding, key=belongs)]
    others = [_turn((p,), parties, False) for p in in_order if not p.step.takes_floor]
    return tuple(sorted((*held, *others), key=lambda turn: turn.span))


def _turn(placed: tuple[Placed, ...], parties: Signal, took_floor: bool) -> Turn:
    speaker = placed[0].speaker
    span = Span(placed[0].span.start, placed[-1].span.end)
    count, voice = syllables(placed), pitch(placed)
    channel = parties[0 if speaker == AGENT else 1]
    first, last = (round(edge * RATE_HZ) for edge in (span.start, span.end))
    level, _ = active_speech_level(channel[first:last])
    prosody = TurnProsody(
        syllables=count,
        speech_rate_syl_s=count / span.duration,
        articulation_rate_syl_s=count / timeline.total(speech(placed)),
        level_dbov=round(level, 2),
        f0_median_hz=voice.median_hz if voice else None,
        f0_spread_st=voice.spread_st if voice else None,
        f0_range_st=voice.range_st if voice else None,
        reason=None if voice else "too short to have a steady pitch",
    )
    return Turn(
        speaker=speaker,
        span=span.rounded(),
        said=Said.of(words(placed)),
        prosody=prosody,
        took_floor=took_floor,
    )


def words(placed: Sequence[Placed]) -> tuple[Word, ...]:
    """Every character that was said, in time order."""
    found = [
        Word(text=word.text, span=span.rounded(), speaker=item.speaker)
        for item in placed
        for word, span in item.words
    ]
    return tuple(sorted(found, key=lambda word: (word.span, word.speaker)))


def transfers(found: tuple[Turn, ...], holds: Sequence[Hold]) -> tuple[FloorTransfer, ...]:
    """Every change of speaker, but those with a hold between: nobody answered anybody there."""
    return tuple(
        FloorTransfer(
            from_speaker=before.speaker,
            to_speaker=after.speaker,
            at=after.span.start,
            offset_s=after.span.start - before.span.end,
        )
        for before, after in pairwise(turn for turn in found if turn.took_floor)
        if before.speaker != after.speaker
        and not any(before.span.start < hold.span.start < after.span.start for hold in holds)
    )


def shares(course: Course, holds: Sequence[Hold]) -> Shares:
    """How the call's time divides; speech during a hold counts as hold."""
    whole = Span(0.0, course.duration_s)
    waiting = timeline.union(hold.span for hold in holds)
    talk = {
        name: timeline.difference(speech([p for p in course.placed if p.speaker == name]), waiting)
        for name in (AGENT, CUSTOMER)
    }
    both = timeline.intersection(talk[AGENT], talk[CUSTOMER])
    silence = timeline.gaps((*talk[AGENT], *talk[CUSTOMER], *waiting), whole)
    return Shares(
        talk_s={name: timeline.total(timeline.difference(talk[name], both)) for name in talk},
        both_s=timeline.total(both),
        hold_s=timeline.total(waiting),
        silence_s=timeline.total(silence),
    )


def fillers(course: Course) -> tuple[Filler, ...]:
    """嗯, 那个 …, as marked in the script; neighbouring characters are one filler."""
    found: list[Filler] = []
    for item in course.placed:
        marked = groupby(item.words, key=lambda pair: pair[0].filler)
        for group in (list(pairs) for is_filler, pairs in marked if is_filler):
            span = Span(group[0][1].start, group[-1][1].end).rounded()
            text = "".join(word.text for word, _ in group)
            found.append(Filler(speaker=item.speaker, span=span, text=text))
    return tuple(found)


def bursts(course: Course) -> tuple[Burst, ...]:
    """The utterances meant as rapid fire."""
    return tuple(
        Burst(
            speaker=item.speaker,
            span=item.span.rounded(),
            rate_syl_s=syllables([item]) / timeline.total(speech([item])),
        )
        for item in course.placed
        if item.step.burst
    )


def drawls(course: Course) -> tuple[Drawl, ...]:
    """The drawn-out final syllables."""
    return tuple(
        Drawl(speaker=item.speaker, span=item.words[-1][1].rounded(), text=item.words[-1][0].text)
        for item in course.placed
        if item.step.drawl
    )
