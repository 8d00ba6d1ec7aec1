"""What was said as far as the sound bears it out: words, the speech under them, reported speech."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from pipeline.facts import CallFacts, join_words
from pipeline.judge.lexicon.heard import (
    SHORTEST_S,
    EverySpeech,
    SpeechHeard,
    little_speech,
)
from pipeline.judge.lexicon.phrases import Found, PhraseBook, reported
from pipeline.judge.lexicon.rows import Bools, Longs
from pipeline.judge.lexicon.script import Script
from pipeline.rubric.model import Support
from pipeline.scorecard import Text

SPEECH_EDGE_S = 0.2
"""Word times stray that far over the edges of speech (recognisers round to 20 to 100 ms)."""
SPREAD_EDGE_S = 1.0
"""The same where a segment's words were spread evenly over it."""
QUOTED = Text(zh="转述他人的话，不计", en="reports someone else's words; not counted")
NEGATED = Text(zh="被否定，不计", en="negated; not counted")
_EDGES = " ，。、？！；：,.?!;:…"


class Hearing:
    """The row of units of one call, and what speaks for and against them.

    Mentions hold on to this and to nothing that holds on to them, so that a judged call is let go
    of at once.
    """

    def __init__(
        self,
        facts: CallFacts,
        script: Script,
        support: Support,
        book: PhraseBook,
        reports: Sequence[Found],
    ) -> None:
        self.script = script
        self._facts = facts
        self._support = support
        self._book = book
        self._reported = reported(script, reports)

    def quoted(self, start: int) -> int | None:
        """Units between reporting words and this place; ``None``: not reported speech."""
        return self._reported.get(start)

    def negated(self, start: int) -> bool:
        """Whether a negator stands right before this place."""
        return self._book.negated(self.script, start)

    def said(self, start: int, end: int) -> str:
        """The words as transcribed; parts of words as the units they are."""
        script = self.script
        word_of = script.word_of.item
        first, last = word_of(start), word_of(end - 1)
        if word_of(start - 1) != first and word_of(end) != last:
            texts = script.texts[first : last + 1]
            joined = join_words(texts) if any(map(str.isascii, texts)) else "".join(texts)
            return joined.strip(_EDGES)
        names = [script.names[number] for number in script.numbers[start:end]]
        return (" " if names[0].isascii() else "").join(names)

    def problem(self, start: int, end: int, speaker: str, negatable: bool) -> Text | None:
        """Why what was said there does not count; ``None``: it does."""
        if negatable and self.negated(start):
            return NEGATED
        return self._unsupported(speaker, start, end)

    def doubtful(self, starts: Longs, ends: Longs) -> Bools:
        """Which places need a closer look: badly recognised, hardly spoken, a negator before."""
        script = self.script
        doubtful = self._little_heard(starts, ends)
        if self._unsure:
            before = np.cumsum([0, *self._unsure])
            word = script.word_of
            doubtful |= before[word[ends - 1] + 1] > before[word[starts]]
        negators = self._negators
        doubtful |= negators[starts - 1] | negators[starts - 2]
        return doubtful

    @cached_property
    def _negators(self) -> Bools:
        return self._book.negators_in(self.script)

    def _little_heard(self, starts: Longs, ends: Longs) -> Bools:
        """Where speech takes up so little of the time that it has to be looked at."""
        if not self._speech:
            return np.zeros(len(starts), bool)
        script = self.script
        spans = np.array([script.begins[starts], script.finishes[ends - 1]])
        said_by = self._speaker_of[script.turn_of[starts]]
        return little_speech(spans, said_by, self._every_speech, self._support.min_speech_share)

    @cached_property
    def _every_speech(self) -> EverySpeech:
        return EverySpeech.of(list(self._speech.values()))

    @cached_property
    def _speaker_of(self) -> Longs:
        """Of each turn the place of its speaker in `_speech`; -1: none of these."""
        number = {speaker: at for at, speaker in enumerate(self._speech)}
        return np.array([number.get(turn.speaker, -1) for turn in self._facts.turns], np.int64)

    def _unsupported(self, speaker: str, start: int, end: int) -> Text | None:
        """Why the sound does not bear these words out; ``None``: it does, or is not known."""
        support, script = self._support, self.script
        first, last = script.word_of.item(start), script.word_of.item(end - 1)
        every = script.probabilities[first : last + 1]
        known = [each for each in every if each is not None]
        if known and sum(known) < support.min_probability * len(known):
            mean = sum(known) / len(known)
            return Text(
                zh=f"识别概率仅 {mean:.2f}，不计", en=f"recognised at {mean:.2f} only; not counted"
            )
        least = support.min_speech_share
        begins, finishes = script.begins, script.finishes
        share = self.speech_share(speaker, begins.item(start), finishes.item(end - 1))
        if share is None or share >= least:
            return None
        # Silence between words is none under them.
        each = [self._unit_share(speaker, at) for at in range(start, end)]
        if min(each) < least or (self._unsure and any(self._unsure[first : last + 1])):
            return Text(zh="此处没有该方的语音，不计", en="no speech of theirs here; not counted")
        return None

    def _unit_share(self, speaker: str, at: int) -> float:
        begins, finishes = self.script.begins, self.script.finishes
        begin = begins.item(at)
        finish = max(finishes.item(at), begin + SHORTEST_S)
        share = self.speech_share(speaker, begin, finish)
        return 1.0 if share is None else share

    @cached_property
    def _unsure(self) -> list[bool]:
        """Of each word, whether it was badly recognised; empty where none was."""
        least = self._support.min_probability
        known = self.script.probabilities
        unsure = [each is not None and each < least for each in known]
        return unsure if True in unsure else []

    def speech_share(self, speaker: str, start: float, end: float) -> float | None:
        """Share of a stretch with speech of this party; ``None`` where speech was not measured."""
        heard = self._speech.get(speaker)
        if heard is None:
            return 0.0 if self._speech else None
        if end <= start:
            end = start + SHORTEST_S
        return (heard.until(end) - heard.until(start)) / (end - start)

    @cached_property
    def _speech(self) -> dict[str, SpeechHeard]:
        """Each party's speech, with the room that word times need; empty: nobody's is known."""
        transcript = self._facts.transcript
        spread = transcript is not None and transcript.word_times == "spread"
        reach = SPREAD_EDGE_S if spread else SPEECH_EDGE_S
        if not any(party.speech for party in self._facts.speakers):
            return {}
        return {party.speaker: SpeechHeard(party.speech, reach) for party in self._facts.speakers}
