"""A call as the checks see it: facts, what was said, and the states that several checks speak of.

Made once per call; everything that more than one check needs is worked out here, once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from pipeline.facts import AGENT, CUSTOMER, CallFacts, NotMeasured, SpeakerFacts, Turn
from pipeline.judge.hearing import Hearing
from pipeline.judge.lexicon.match import Places
from pipeline.judge.lexicon.normalise import COMMA, QUESTION
from pipeline.judge.lexicon.phrases import Barred, Found, Hits, PhraseBook
from pipeline.judge.lexicon.script import SPEAKERS, Script, script_of
from pipeline.judge.meant import add_meant
from pipeline.judge.mention import Mention
from pipeline.reasons import in_chinese
from pipeline.rubric.model import Rubric
from pipeline.scorecard import Evidence, Text

_NONE = np.zeros(0, np.int64)
NO_HITS: tuple[Hits, list[Found], Barred] = Hits(_NONE, _NONE, _NONE, _NONE, {}), [], {}
SENTENCE_GAP_S = 0.7
"""A silence that ends a sentence where no punctuation does."""


class Sentence(NamedTuple):
    """A sentence of a turn, ``[start, end)`` in the script."""

    speaker: str
    turn: int
    start: int
    end: int


def _turns_of(turns: Sequence[Turn]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, turn in enumerate(turns):
        found.setdefault(turn.speaker, []).append(index)
    return found


class View:
    """One call under one rubric."""

    def __init__(self, facts: CallFacts, rubric: Rubric, book: PhraseBook) -> None:
        self.facts = facts
        self.rubric = rubric
        self.turns = facts.turns
        self.parties: dict[str, SpeakerFacts] = {each.speaker: each for each in facts.speakers}
        """By name."""
        self.turns_of = _turns_of(facts.turns)
        """Indices of each party's turns."""
        self._texts: dict[int, str] = {}
        self._gaps: dict[str | None, list[NotMeasured]] = {}
        self.script: Script = script_of(facts.turns, book.vocabulary)
        self.book = book
        self.why_no_words = self._why_no_words()
        """Why wording cannot be judged; ``None``: it can."""
        self.found: dict[tuple[int, str], tuple[Mention, ...]] = {}
        """What expressions found, by their identity and the party (`said.found`)."""
        self.memory: dict[object, object] = {}
        """What checks work out once for themselves, by a key of theirs."""

    # ── Searching ────────────────────────────────────────────────────────────────────────────

    @cached_property
    def places(self) -> Places | None:
        """Where pieces of phrases were said; ``None``: wording cannot be judged."""
        return self.book.places(self.script) if self.words_measured else None

    @cached_property
    def _searched(self) -> tuple[Hits, list[Found], Barred]:
        return NO_HITS if self.places is None else self.book.search(self.script, self.places)

    @property
    def hits(self) -> Hits:
        """Phrases said."""
        return self._searched[0]

    @cached_property
    def hearing(self) -> Hearing:
        """What was said as far as the sound bears it out."""
        reports = self._searched[1]
        return Hearing(self.facts, self.script, self.rubric.support, self.book, reports)

    # ── The parties ──────────────────────────────────────────────────────────────────────────

    @property
    def told_apart(self) -> bool:
        """Both parties are known."""
        return all(each in self.turns_of or each in self.parties for each in (AGENT, CUSTOMER))

    @cached_property
    def sure_of(self) -> frozenset[str]:
        """The parties of whom the facts are as sure as the rubric asks, in every respect."""
        least = self.rubric.confidence
        return frozenset(
            name
            for name, party in self.parties.items()
            if party.role_confidence >= least and party.purity >= least
        )

    @property
    def words_measured(self) -> bool:
        """There is a transcript, in the rubric's language."""
        return self.why_no_words is None

    def _why_no_words(self) -> Text | None:
        transcript = self.facts.transcript
        if transcript is None:
            reason = self.why_not("words", "transcript") or "no transcript"
            return Text(zh=f"没有文字记录：{in_chinese(reason)}", en=f"not measured: {reason}")
        if transcript.language.split("-")[0] != self.rubric.language:
            return Text(
                zh=f"未测量：语言 {transcript.language}（评分规则为 {self.rubric.language}）",
                en=f"not measured: language {transcript.language}",
            )
        return None

    def why_no_party(self, speaker: str) -> Text | None:
        """Why this party cannot be judged; ``None``: it can."""
        if speaker in self.turns_of or speaker in self.parties:
            return None
        reason = self.why_not("turn-taking", "speakers") or "the parties were not told apart"
        return Text(zh=f"未分清坐席与客户：{in_chinese(reason)}", en=f"not measured: {reason}")

    def why_not(self, *measures: str, speaker: str | None = None) -> str | None:
        """The facts' own reason why one of these was not measured."""
        gaps = self._gaps.get(speaker)
        if gaps is None:
            gaps = self._gaps[speaker] = self._gaps_of(speaker)
        for measure in measures:
            for gap in gaps:
                if gap.measure.startswith(measure):
                    return gap.reason
        return None

    def _gaps_of(self, speaker: str | None) -> list[NotMeasured]:
        """What was not measured of the call and, where one is named, of a party."""
        gaps = list(self.facts.not_measured)
        party = self.parties.get(speaker) if speaker else None
        if party is not None:
            gaps += party.not_measured
            for quality in self.facts.audio.quality:
                gaps += quality.not_measured if quality.channel == party.channel else ()
        return gaps

    # ── Times ────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def begins(self) -> float:
        """When the parties are connected: the end of the ringing before the first turn, or 0."""
        first = self.turns[0].span.start if self.turns else 0.0
        rings = [
            tone.span.end
            for tone in self.facts.tones
            if tone.kind == "ringback" and tone.span.end <= first + 0.5
        ]
        return max(rings, default=0.0)

    @cached_property
    def ends(self) -> float:
        """When the last turn ends."""
        return max((turn.span.end for turn in self.turns), default=self.facts.audio.duration_s)

    def own_turns_after(self, index: int, speaker: str, count: int) -> list[int]:
        """The party's next turns after turn ``index``, at most ``count``."""
        own = self.turns_of.get(speaker, [])
        at = bisect_right(own, index)
        return own[at : at + count]

    # ── What was said ────────────────────────────────────────────────────────────────────────

    @cached_property
    def syllables(self) -> list[int]:
        """Of each turn: as measured, otherwise its units."""
        script = self.script
        return [
            end - start
            if turn.prosody is None or turn.prosody.syllables is None
            else turn.prosody.syllables
            for turn, start, end in zip(self.turns, script.starts, script.ends, strict=True)
        ]

    @cached_property
    def digits(self) -> list[int]:
        """How many of each turn's units are digits."""
        script = self.script
        places = self.book.vocabulary.digits_in(script.ids).nonzero()[0]
        counts = np.bincount(script.turn_of[places], minlength=len(self.turns))
        found: list[int] = counts.tolist()
        return found

    def mentions(self, phrases: str, speaker: str) -> tuple[Mention, ...]:
        """Hits of a phrase list by a party, in time order."""
        try:
            return self._mentions[phrases, speaker]
        except KeyError:
            reason = f"nothing looks for {phrases!r} in what the {speaker} says"
            raise LookupError(reason) from None

    @cached_property
    def _mentions(self) -> dict[tuple[str, str], tuple[Mention, ...]]:
        """By phrase list and party."""
        found: dict[tuple[str, str], tuple[Mention, ...]] = dict.fromkeys(self.book.asked, ())
        every = self._hits_as_mentions()
        for (phrases, party), (first, end) in self.hits.rows.items():
            if party in SPEAKERS:
                found[phrases, SPEAKERS[party]] = every[first:end]
        if self.words_measured:
            add_meant(found, self.book, self.hearing, self.hits, self._searched[2])
        return found

    def _hits_as_mentions(self) -> tuple[Mention, ...]:
        """In the order of `hits`."""
        hits, hearing, turns = self.hits, self.hearing, self.turns
        turn = self.script.turn_of[hits.starts].tolist()
        line = [self.book.entries[number] for number in hits.entries.tolist()]
        likeness = np.maximum(0.0, 1 - hits.costs / (100 * (hits.ends - hits.starts)))
        start, end = hits.starts.tolist(), hits.ends.tolist()
        mentions = [
            Mention(hearing, start, end, at, turns[at].speaker, each.phrase, like, each.better)
            for start, end, at, each, like in zip(
                start, end, turn, line, likeness.tolist(), strict=True
            )
        ]
        for at in hearing.doubtful(hits.starts, hits.ends).nonzero()[0].tolist():
            one = mentions[at]
            one.problem = hearing.problem(one.start, one.end, one.speaker, line[at].negatable)
        return tuple(mentions)

    def mention(self, start: int, end: int, phrase: str, similarity: float | None) -> Mention:
        """A stretch of the script as something said."""
        turn = self.script.turn_of.item(start)
        speaker = self.turns[turn].speaker
        problem = self.hearing.problem(start, end, speaker, negatable=False)
        return Mention(self.hearing, start, end, turn, speaker, phrase, similarity, problem=problem)

    def text(self, turn: Turn) -> str:
        """A turn's words as written; several checks show the same turns."""
        known = self._texts.get(id(turn))
        if known is None:
            known = self._texts[id(turn)] = turn.text
        return known

    def said(self, start: int, end: int) -> str:
        """The words as transcribed; parts of words as the units they are."""
        return self.hearing.said(start, end)

    # ── Sentences ────────────────────────────────────────────────────────────────────────────

    @property
    def sentences(self) -> Iterator[Sentence]:
        """Every sentence: ended by punctuation, by a silence, by 吗, or with its turn."""
        for start, end in zip(self.script.starts, self.script.ends, strict=True):
            while start < end:
                sentence = self._sentence_at(start)
                yield sentence
                start = sentence.end

    def _sentence_at(self, place: int) -> Sentence:
        """The sentence that a unit stands in; a break stops what comes before it."""
        script, stops = self.script, self._stops
        turn = script.turn_of.item(place)
        at = bisect_left(stops, place)
        end = min(stops[at] + 1, script.ends[turn])
        return Sentence(self.turns[turn].speaker, turn, stops[at - 1] + 1, end)

    @cached_property
    def _stops(self) -> list[int]:
        """Units after which a sentence ends inside a turn."""
        script = self.script
        begins, finishes = script.begins, script.finishes
        stops = script.stopped.copy()
        one, two = (self.book.vocabulary.number(unit) for unit in "吗嘛")
        asks = (script.ids == one) | (script.ids == two)
        stops[:-1] |= asks[:-1] & (script.ids[1:] != self.book.vocabulary.number("的"))
        stops[:-1] |= begins[1:] - finishes[:-1] > SENTENCE_GAP_S
        found: list[int] = np.flatnonzero(stops).tolist()
        return found

    @cached_property
    def _asking(self) -> list[int]:
        """Where question words end."""
        name = self.rubric.signals.question
        rows = self.hits.rows
        found = [slice(*rows[key]) for key in rows if key[0] == name]
        return [end - 1 for each in found for end in self.hits.ends[each].tolist()]

    def questions(self, speaker: str) -> Sequence[Sentence]:
        """The party's questions: sentences with a question word, or a mark, in time order."""
        return self._questions.get(speaker, ())

    @cached_property
    def _questions(self) -> dict[str, list[Sentence]]:
        """By party."""
        found: dict[str, list[Sentence]] = {}
        reached = 0
        for place in sorted(self._asking + np.flatnonzero(self.script.marked == QUESTION).tolist()):
            if place >= reached:
                sentence = self._sentence_at(place)
                found.setdefault(sentence.speaker, []).append(sentence)
                reached = sentence.end
        return found

    def sentence_of(self, mention: Mention) -> tuple[int, int]:
        """Bounds of the clause run around a mention, up to the next full stop either side."""
        script, sections = self.script, self._sections
        start = bisect_left(sections, sections[mention.start])
        end = bisect_right(sections, sections[mention.end - 1])
        return start, min(end, script.ends[mention.turn])

    @cached_property
    def closed(self) -> list[int]:
        """Units with a comma or more after them."""
        closed: list[int] = np.flatnonzero(self.script.marked).tolist()
        return closed

    @cached_property
    def _sections(self) -> list[int]:
        sections: list[int] = self.script.sections.tolist()
        return sections

    def clause_before(self, index: int, reach: int) -> str:
        """Up to ``reach`` units before a place, back to the last comma."""
        script, start = self.script, index
        while index - start < reach and script.ids[start - 1] and script.marks[start - 1] < COMMA:
            start -= 1
        return script.text(start, index)

    def turn_evidence(
        self, turn: Turn, note: Text | None = None, value: float | None = None
    ) -> Evidence:
        """A whole turn as a moment."""
        words = self.text(turn) or None
        return Evidence(span=turn.span, speaker=turn.speaker, words=words, value=value, note=note)
