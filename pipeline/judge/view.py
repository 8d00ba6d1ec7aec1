"""A call as the checks see it: facts, what was said, and the states that several checks speak of.

Made once per call; everything that more than one check needs is worked out here, once.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from pipeline.facts import AGENT, CUSTOMER, CallFacts, SpeakerFacts, Turn
from pipeline.judge.lexicon.normalise import COMMA, QUESTION, STOP
from pipeline.judge.lexicon.phrases import Hit, PhraseBook, searched
from pipeline.judge.lexicon.script import Script, script_of
from pipeline.rubric.model import Rubric
from pipeline.scorecard import Evidence, Text
from pipeline.timeline import Span

SPEECH_EDGE_S = 0.2
"""Word times stray that far over the edges of speech (recognisers round to 20 to 100 ms)."""
SENTENCE_GAP_S = 0.7
"""A silence that ends a sentence where no punctuation does."""

QUOTED = Text(zh="转述他人的话，不计", en="reports someone else's words; not counted")
NEGATED = Text(zh="被否定，不计", en="negated; not counted")


@dataclass(frozen=True, slots=True)
class Mention:
    """A phrase said, with what makes it count or not."""

    speaker: str
    turn: int
    start: int
    end: int
    span: Span
    words: str
    phrase: str
    similarity: float | None
    better: str | None = None
    quoted: int | None = None
    problem: Text | None = None
    """Why it does not count; ``None``: it does."""

    def evidence(self, note: Text | None = None, **more: float | str | None) -> Evidence:
        """As a moment that a finding rests on."""
        return Evidence(
            span=self.span,
            speaker=self.speaker,
            words=self.words,
            phrase=self.phrase,
            similarity=None if self.similarity is None else round(self.similarity, 3),
            counts=self.problem is None,
            note=self.problem or note,
            rewrite=self.better,
            **more,  # type: ignore[arg-type]
        )


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a turn, ``[start, end)`` in the script."""

    speaker: str
    turn: int
    start: int
    end: int
    question: bool


class View:
    """One call under one rubric."""

    def __init__(self, facts: CallFacts, rubric: Rubric, book: PhraseBook) -> None:
        self.facts = facts
        self.rubric = rubric
        self.turns = facts.turns
        self.script: Script = script_of(facts.turns, book.vocabulary)
        self.hits: dict[str, dict[str, list[Hit]]] = (
            searched(book, facts.turns, self.script) if self.words_measured else {}
        )
        self._mentions: dict[tuple[str, str], tuple[Mention, ...]] = {}
        self.memory: dict[object, object] = {}
        """What checks work out once for themselves, by a key of theirs."""

    # ── The parties ──────────────────────────────────────────────────────────────────────────

    @cached_property
    def parties(self) -> dict[str, SpeakerFacts]:
        """By name."""
        return {party.speaker: party for party in self.facts.speakers}

    @cached_property
    def told_apart(self) -> bool:
        """Both parties are known."""
        speakers = {turn.speaker for turn in self.turns} | set(self.parties)
        return AGENT in speakers and CUSTOMER in speakers

    @cached_property
    def words_measured(self) -> bool:
        """There is a transcript, in the rubric's language."""
        return self.why_no_words is None

    @cached_property
    def why_no_words(self) -> Text | None:
        """Why wording cannot be judged; ``None``: it can."""
        transcript = self.facts.transcript
        if transcript is None:
            reason = self._reason("transcript") or "no transcript"
            return Text(zh=f"没有文字记录：{reason}", en=f"not measured: {reason}")
        if transcript.language.split("-")[0] != self.rubric.language:
            return Text(
                zh=f"未测量：语言 {transcript.language}（评分规则为 {self.rubric.language}）",
                en=f"not measured: language {transcript.language}",
            )
        return None

    def why_no_party(self, speaker: str) -> Text | None:
        """Why this party cannot be judged; ``None``: it can."""
        if any(turn.speaker == speaker for turn in self.turns) or speaker in self.parties:
            return None
        reason = self._reason("speakers") or "the parties were not told apart"
        return Text(zh=f"未分清坐席与客户：{reason}", en=f"not measured: {reason}")

    def _reason(self, measure: str) -> str | None:
        return next(
            (gap.reason for gap in self.facts.not_measured if gap.measure.startswith(measure)), None
        )

    def why_not(self, *measures: str, speaker: str | None = None) -> str | None:
        """The facts' own reason why one of these was not measured."""
        gaps = list(self.facts.not_measured)
        party = self.parties.get(speaker) if speaker else None
        if party is not None:
            gaps += party.not_measured
        for measure in measures:
            for gap in gaps:
                if gap.measure.startswith(measure):
                    return gap.reason
        return None

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

    @cached_property
    def turns_of(self) -> dict[str, list[int]]:
        """Indices of each party's turns."""
        found: dict[str, list[int]] = {}
        for index, turn in enumerate(self.turns):
            found.setdefault(turn.speaker, []).append(index)
        return found

    def own_turns_after(self, index: int, speaker: str, count: int) -> list[int]:
        """The party's next turns after turn ``index``, at most ``count``."""
        own = self.turns_of.get(speaker, [])
        at = bisect_right(own, index)
        return own[at : at + count]

    # ── What was said ────────────────────────────────────────────────────────────────────────

    def mentions(self, phrases: str, speaker: str) -> tuple[Mention, ...]:
        """Hits of a phrase list by a party, in time order."""
        key = (phrases, speaker)
        known = self._mentions.get(key)
        if known is None:
            hits = self.hits.get(phrases, {}).get(speaker, ())
            known = self._mentions[key] = tuple(self._mention(hit, speaker) for hit in hits)
        return known

    def _mention(self, hit: Hit, speaker: str) -> Mention:
        span = self.script.span(hit.start, hit.end)
        problem = NEGATED if hit.negated else self.unsupported(speaker, hit.start, hit.end, span)
        return Mention(
            speaker=speaker,
            turn=hit.turn,
            start=hit.start,
            end=hit.end,
            span=span,
            words=self.said(hit.start, hit.end),
            phrase=hit.phrase,
            similarity=hit.similarity,
            better=hit.better,
            quoted=hit.quoted,
            problem=problem,
        )

    def said(self, start: int, end: int) -> str:
        """The units as people read them (blanks between Latin words)."""
        names = [self.script.unit(index) for index in range(start, end)]
        blank = " " if any(name.isascii() for name in names) else ""
        return blank.join(names)

    def unsupported(self, speaker: str, start: int, end: int, span: Span) -> Text | None:
        """Why the sound does not bear these words out; ``None``: it does, or is not known."""
        support = self.rubric.support
        words = self.script.words[self.script.word_of[start] : self.script.word_of[end - 1] + 1]
        known = [word.probability for word in words if word.probability is not None]
        if known and sum(known) / len(known) < support.min_probability:
            mean = sum(known) / len(known)
            return Text(
                zh=f"识别概率仅 {mean:.2f}，不计", en=f"recognised at {mean:.2f} only; not counted"
            )
        share = self.speech_share(speaker, span)
        if share is not None and share < support.min_speech_share:
            return Text(zh="此处没有该方的语音，不计", en="no speech of theirs here; not counted")
        return None

    def speech_share(self, speaker: str, span: Span) -> float | None:
        """Share of the span with speech of this party; ``None`` where speech was not measured."""
        if not any(party.speech for party in self.facts.speakers):
            return None
        party = self.parties.get(speaker)
        if party is None:
            return None
        transcript = self.facts.transcript
        reach = SPEECH_EDGE_S
        if transcript is not None and transcript.word_times == "spread":
            reach = 1.0  # words of a segment were spread evenly over it
        heard = sum(
            max(0.0, min(span.end, part.end + reach) - max(span.start, part.start - reach))
            for part in party.speech[self._first_speech(party, span.start - reach) :][:8]
        )
        return heard / span.duration if span.duration > 0 else float(heard > 0)

    def _first_speech(self, party: SpeakerFacts, time: float) -> int:
        ends = self.memory.get(("speech ends", party.speaker))
        if not isinstance(ends, list):
            ends = [part.end for part in party.speech]
            self.memory["speech ends", party.speaker] = ends
        return bisect_right(ends, time)

    # ── Sentences ────────────────────────────────────────────────────────────────────────────

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """Every sentence: ended by punctuation, by a silence, or by 吗."""
        return tuple(
            sentence for index in range(len(self.turns)) for sentence in self._split(index)
        )

    def _split(self, index: int) -> list[Sentence]:
        script, found = self.script, []
        start, end = script.starts[index], script.ends[index]
        begin = start
        for at in range(start, end):
            if at + 1 == end or script.marks[at] >= STOP or self._ends_at(at):
                found.append(self._sentence(index, begin, at + 1))
                begin = at + 1
        return found

    def _ends_at(self, at: int) -> bool:
        script = self.script
        if script.names[script.ids[at]] in ("吗", "嘛"):
            return script.names[script.ids[at + 1]] not in ("的",)
        one, two = script.word_of[at], script.word_of[at + 1]
        if one == two:
            return False
        return script.words[two].span.start - script.words[one].span.end > SENTENCE_GAP_S

    def _sentence(self, index: int, start: int, end: int) -> Sentence:
        asks = self.script.marks[end - 1] == QUESTION or any(
            start <= hit < end for hit in self._asking.get(self.turns[index].speaker, ())
        )
        return Sentence(self.turns[index].speaker, index, start, end, asks)

    @cached_property
    def _asking(self) -> dict[str, list[int]]:
        name = self.rubric.signals.question
        if not isinstance(name, str):
            return {}
        return {
            speaker: [hit.end - 1 for hit in hits]
            for speaker, hits in self.hits.get(name, {}).items()
        }

    def questions(self, speaker: str) -> list[Sentence]:
        """The party's questions."""
        return [each for each in self.sentences if each.question and each.speaker == speaker]

    def sentence_of(self, mention: Mention) -> tuple[int, int]:
        """Bounds of the clause run around a mention, up to the next full stop either side."""
        script = self.script
        start, end = mention.start, mention.end
        while start > script.starts[mention.turn] and script.marks[start - 1] < STOP:
            start -= 1
        while end < script.ends[mention.turn] and script.marks[end - 1] < STOP:
            end += 1
        return start, end

    def clause_before(self, index: int, reach: int) -> str:
        """Up to ``reach`` units before a place, back to the last comma."""
        script, start = self.script, index
        while index - start < reach and script.ids[start - 1] and script.marks[start - 1] < COMMA:
            start -= 1
        return script.text(start, index)

    def turn_evidence(self, turn: Turn, **more: object) -> Evidence:
        """A whole turn as a moment."""
        return Evidence(
            span=turn.span,
            speaker=turn.speaker,
            words=turn.text or None,
            **more,  # type: ignore[arg-type]
        )
