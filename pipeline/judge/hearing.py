"""What was said as far as the sound bears it out: words, the speech under them, reported speech."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from pipeline.facts import CallFacts, join_words
from pipeline.judge.lexicon.phrases import Found, PhraseBook, quoted
from pipeline.judge.lexicon.script import Floats, Script
from pipeline.rubric.model import Support
from pipeline.scorecard import Text
from pipeline.timeline import Span, union

SPEECH_EDGE_S = 0.2
"""Word times stray that far over the edges of speech (recognisers round to 20 to 100 ms)."""
SPREAD_EDGE_S = 1.0
"""The same where a segment's words were spread evenly over it."""
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
        self._reports = reports

    def quoted(self, start: int) -> int | None:
        """Units between reporting words and this place; ``None``: not reported speech."""
        return quoted(self.script, start, self._reports)

    def negated(self, start: int) -> bool:
        """Whether a negator stands right before this place."""
        return self._book.negated(self.script, start)

    def said(self, start: int, end: int) -> str:
        """The words as transcribed; parts of words as the units they are."""
        script = self.script
        word_of = script.word_of
        first, last = word_of[start], word_of[end - 1]
        if word_of[start - 1] != first and word_of[end] != last:
            texts = [word.text for word in script.words[first : last + 1]]
            joined = join_words(texts) if any(map(str.isascii, texts)) else "".join(texts)
            return joined.strip(_EDGES)
        names = [script.names[number] for number in script.numbers[start:end]]
        return (" " if names[0].isascii() else "").join(names)

    def unsupported(self, speaker: str, start: int, end: int) -> Text | None:
        """Why the sound does not bear these words out; ``None``: it does, or is not known."""
        if True not in self._doubtful[start:end]:
            return None
        support, script = self._support, self.script
        words = script.words[script.word_of[start] : script.word_of[end - 1] + 1]
        known = [word.probability for word in words if word.probability is not None]
        if known and sum(known) < support.min_probability * len(known):
            mean = sum(known) / len(known)
            return Text(
                zh=f"识别概率仅 {mean:.2f}，不计", en=f"recognised at {mean:.2f} only; not counted"
            )
        share = self.speech_share(speaker, script.begins[start], script.finishes[end - 1])
        if share is not None and share < support.min_speech_share:
            return Text(zh="此处没有该方的语音，不计", en="no speech of theirs here; not counted")
        return None

    @cached_property
    def _doubtful(self) -> list[bool]:
        """Units whose word was recognised badly, or under which there is little speech.

        A phrase without any is borne out: the rest need a closer look.
        """
        support, script = self._support, self.script
        sure = [
            word.probability is None or word.probability >= support.min_probability
            for word in script.words
        ]
        found = np.zeros(len(script.ids), bool)
        names = list(dict.fromkeys(turn.speaker for turn in self._facts.turns))
        speakers = np.array([-1, *(names.index(turn.speaker) for turn in self._facts.turns)])
        speaker_of = speakers[np.array(script.turn_of) + 1]
        for number, speaker in enumerate(names):
            own = np.flatnonzero(speaker_of == number)
            heard = self._speech.get(speaker)
            if heard is None:
                found[own] = bool(self._speech)
                continue
            begins = script.times[0][own]
            finishes = np.maximum(script.times[1][own], begins + 0.001)
            until = heard.untils(np.concatenate([begins, finishes]))
            share = (until[len(own) :] - until[: len(own)]) / (finishes - begins)
            found[own] = share < support.min_speech_share
        if not all(sure):
            unsure = [word >= 0 and not sure[word] for word in script.word_of]
            found |= np.array(unsure, bool)
        doubtful: list[bool] = found.tolist()
        return doubtful

    def speech_share(self, speaker: str, start: float, end: float) -> float | None:
        """Share of a stretch with speech of this party; ``None`` where speech was not measured."""
        heard = self._speech.get(speaker)
        if heard is None:
            return 0.0 if self._speech else None
        if end <= start:
            end = start + 0.001
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


class SpeechHeard:
    """How much speech there was up to any time."""

    def __init__(self, speech: Sequence[Span], reach: float) -> None:
        spans = union(Span(max(0.0, each.start - reach), each.end + reach) for each in speech)
        self._starts = [span.start for span in spans]
        self._durations = [span.duration for span in spans]
        self._before = [0.0, *itertools.accumulate(self._durations)]

    def until(self, time: float) -> float:
        """Seconds of speech before ``time``."""
        at = bisect_right(self._starts, time) - 1
        if at < 0:
            return 0.0
        return self._before[at] + min(time - self._starts[at], self._durations[at])

    def untils(self, times: Floats) -> Floats:
        """The same for many times at once."""
        starts = np.array([-np.inf, *self._starts])
        durations = np.array([0.0, *self._durations])
        before = np.array([0.0, *self._before[:-1]])
        at = np.searchsorted(starts, times, side="right") - 1
        spent: Floats = before[at] + np.minimum(times - starts[at], durations[at])
        return spent
