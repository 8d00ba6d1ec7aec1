"""Voices that share one channel: which words are whose, and how sure all that follows is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

import msgspec

from pipeline.facts import FloorTransfer, Overlap, Turn, Word
from pipeline.measure.speakers import Separation
from pipeline.measure.turns import Conversation
from pipeline.settings import CompanySettings
from pipeline.timeline import Span, total

V = TypeVar("V", bound=msgspec.Struct)


def name(voice: int) -> str:
    """What a voice is called until somebody says what part it has."""
    return f"voice-{voice}"


def attributed(words: Sequence[Word], separation: Separation) -> tuple[Word, ...]:
    """The words with the voice that speaks longest in their time, or nearest to it."""
    return tuple(
        msgspec.structs.replace(word, speaker=name(_voice_of(word.span, separation)))
        for word in words
    )


def _voice_of(span: Span, separation: Separation) -> int:
    def likeness(voice: int) -> tuple[float, float]:
        speech = separation.speech[voice - 1]
        away = min(max(0.0, part.start - span.end, span.start - part.end) for part in speech)
        return sum(part.overlap(span) for part in speech), -away

    return max(range(1, len(separation.speech) + 1), key=likeness)


def in_company(separation: Separation, settings: CompanySettings) -> bool:
    """Whether a party's own channel surely carries somebody else, too."""
    talk = [total(speech) for speech in separation.speech]
    if len(talk) < 2 or min(talk) < settings.least_talk_s:
        return False
    bounds = sorted((speech[0].start, speech[-1].end) for speech in separation.speech)
    in_turn = all(one[1] <= two[0] for one, two in pairwise(bounds))
    least = settings.least_in_turn if in_turn else settings.least_confidence
    return separation.confidence >= least


def doubted(talk: Conversation, separation: Separation) -> Conversation:
    """The conversation with how sure the diarizer is that it went like this.

    A turn is as sure as its stretches; a floor transfer and an overlap, as the less sure of the two
    turns that they lie between, an overlap no surer than that both voices talk.
    """
    voices = {name(i): i for i in range(1, len(separation.speech) + 1)}
    turns = tuple(
        msgspec.structs.replace(turn, confidence=separation.sure(turn.span, voices[turn.speaker]))
        for turn in talk.turns
    )
    return replace(
        talk,
        turns=turns,
        transfers=tuple(_transfer(each, turns) for each in talk.transfers),
        overlaps=tuple(_overlap(each, turns, separation) for each in talk.overlaps),
    )


def _transfer(transfer: FloorTransfer, turns: Sequence[Turn]) -> FloorTransfer:
    at = transfer.at
    ends = {transfer.from_speaker: at - transfer.offset_s, transfer.to_speaker: at}
    return _as_sure_as(transfer, 1.0, ends, turns)


def _overlap(overlap: Overlap, turns: Sequence[Turn], separation: Separation) -> Overlap:
    parts = {overlap.first: overlap.span.start, overlap.second: overlap.span.end}
    return _as_sure_as(overlap, overlap.confidence * separation.both(overlap.span), parts, turns)


def _as_sure_as(value: V, own: float, at: Mapping[str, float], turns: Sequence[Turn]) -> V:
    sure = [
        min(
            (turn for turn in turns if turn.speaker == speaker),
            key=lambda turn: max(turn.span.start - time, time - turn.span.end),
        ).confidence
        for speaker, time in at.items()
    ]
    return msgspec.structs.replace(value, **{"confidence": own * min(sure)})
