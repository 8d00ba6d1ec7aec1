"""Composes the checks and adds the points: facts and a rubric make a scorecard."""

from __future__ import annotations

import contextlib
import gc
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from pipeline.facts import CallFacts, digest
from pipeline.judge import conversation, customer, delivery, procedure, turntaking, wording
from pipeline.judge.asked import asked_of
from pipeline.judge.coaching import coaching
from pipeline.judge.doubt import other_reading, settled, unsure
from pipeline.judge.events import judge_events
from pipeline.judge.kpi import radar
from pipeline.judge.lexicon.phrases import PhraseBook
from pipeline.judge.said import inline_phrase
from pipeline.judge.states import absent
from pipeline.judge.verdict import Verdict
from pipeline.judge.view import View
from pipeline.judge.warmth import warmth
from pipeline.rubric import kinds
from pipeline.rubric.kinds import AnyCriterion
from pipeline.rubric.model import Lexicon, PhraseList, Rubric
from pipeline.scorecard import Finding, PillarMark, Points, RubricRef, Scorecard

Check = Callable[[Any, View], Verdict]
"""Judges a criterion of its kind."""
ABREAST: Final = 8
"""Calls that are judged together; with more of them caches overflow."""
NO_POINTS = Points()
"""Of what was not measured or does not apply: it changes no ratio."""


class _Ready(NamedTuple):
    """A criterion, what judges it, and what its findings take over from it."""

    criterion: AnyCriterion
    judge: Check
    kind: str
    measure: str | None
    """The number or the events that it holds against limits, by name."""
    full: Points
    """All of them won …"""
    lost: Points
    """… and none."""

    @classmethod
    def of(cls, criterion: AnyCriterion) -> _Ready:
        held: str | None = None
        if isinstance(criterion, kinds.Measure):
            held = criterion.measure
        elif isinstance(criterion, kinds.Events):
            held = criterion.event
        full, lost = _share_of(criterion.points, 1.0), _share_of(criterion.points, 0.0)
        kind = str(criterion.__struct_config__.tag)
        return cls(criterion, _judge_of(criterion), kind, held, full, lost)

    def won(self, verdict: Verdict) -> Points:
        """The points for a verdict."""
        outcome, share = verdict.outcome, verdict.share
        if outcome == "met" and share == 1.0:
            return self.full
        if outcome == "not_applicable" or outcome == "not_measured":
            return NO_POINTS
        return _share_of(self.criterion.points, share) if share else self.lost


def _share_of(possible: float, share: float) -> Points:
    return Points(won=min(round(possible * share, 3), possible), possible=possible)


class Judge:
    """A rubric compiled against a lexicon; `score` is pure and quick.

    One `Judge` serves one thread: it remembers the sounds of the words it has met.
    """

    def __init__(self, rubric: Rubric, lexicon: Lexicon) -> None:
        self.rubric = rubric
        self.lexicon = lexicon
        self._criteria = tuple(_Ready.of(criterion) for criterion in rubric.criteria)
        self._book = PhraseBook(lexicon, _lists(rubric, lexicon), asked_of(rubric))
        self._ref = RubricRef(
            id=rubric.id,
            version=rubric.version,
            sha256=rubric.sha256,
            lexicon_sha256=lexicon.sha256,
            name=rubric.name,
        )

    def score(self, facts: CallFacts, facts_sha256: str | None = None) -> Scorecard:
        """The scorecard of a call.

        Args:
            facts: what was measured.
            facts_sha256: `pipeline.facts.digest` of the facts where it is known already; it costs
                a third of the time otherwise.
        """
        return self._abreast([(facts, facts_sha256)])[0]

    def scores(self, calls: Iterable[tuple[CallFacts, str | None]]) -> Iterator[Scorecard]:
        """The scorecards of many calls, in their order, a few calls at a time.

        A fifth quicker than one by one: what a criterion and a search need stays in the
        processor's caches, and the garbage collector, which would walk the compiled rubric again
        and again, waits. Judging leaves it nothing to collect.

        Args:
            calls: as for `score`; each is read when its turn has come.
        """
        waiting = iter(calls)
        while True:
            with _collector_waits():
                cards = self._abreast(itertools.islice(waiting, ABREAST))
            if not cards:
                return
            yield from cards

    def _abreast(self, calls: Iterable[tuple[CallFacts, str | None]]) -> list[Scorecard]:
        """The scorecards of a few calls, criterion by criterion."""
        # Each call is looked into as soon as it is read.
        seen = [(self.view(facts), self._doubted(facts), sha256) for facts, sha256 in calls]
        for view, _, _ in seen:
            _ = view.places  # one search of all before the next: its tables stay in the caches
        for view, _, _ in seen:
            _ = view.hits
        rows = [
            [self._finding(ready, view, doubted) for view, doubted, _ in seen]
            for ready in self._criteria
        ]
        columns = zip(*rows, strict=True)
        return [
            self._card(view.facts, facts_sha256, findings)
            for (view, _, facts_sha256), findings in zip(seen, columns, strict=False)
        ]

    def _doubted(self, facts: CallFacts) -> View | None:
        """The call with its unsure turns read otherwise; ``None``: all are sure."""
        other = other_reading(facts, self.rubric.confidence)
        return None if other is None else self.view(other)

    def _card(
        self, facts: CallFacts, facts_sha256: str | None, findings: tuple[Finding, ...]
    ) -> Scorecard:
        pillars = self.pillars(findings)
        points = Points.sum(pillar.points for pillar in pillars)
        mark, failed = self.mark(findings, points)
        transcript = facts.transcript
        return Scorecard(
            call_id=facts.call_id,
            facts_sha256=facts_sha256 or digest(facts),
            rubric=self._ref,
            mark=mark,
            points=points,
            failed=failed,
            pillars=pillars,
            findings=findings,
            coaching=coaching(findings),
            radar=radar(findings, self.rubric.pillars),
            demonstration=transcript is not None and transcript.demonstration,
        )

    def view(self, facts: CallFacts) -> View:
        """The call as the checks see it, for those who look closer than a scorecard does."""
        return View(facts, self.rubric, self._book)

    def _finding(self, ready: _Ready, view: View, doubted: View | None) -> Finding:
        criterion = ready.criterion
        verdict = _checked(criterion, ready.judge, view)
        if doubted is not None and verdict.outcome != "not_measured":
            verdict = settled(verdict, _checked(criterion, ready.judge, doubted))
        return Finding(
            criterion=criterion.id,
            standard=criterion.standard,
            pillar=criterion.pillar,
            name=criterion.name,
            outcome=verdict.outcome,
            severity=criterion.severity,
            kind=ready.kind,
            measure=ready.measure,
            value=verdict.value,
            low=verdict.low,
            high=verdict.high,
            unit=verdict.unit or None,
            points=ready.won(verdict),
            evidence=verdict.evidence,
            reason=verdict.reason,
        )

    def pillars(self, findings: tuple[Finding, ...]) -> tuple[PillarMark, ...]:
        """Each pillar's sum; a missed finding that is more than normal takes its pillar."""
        findings_of: dict[str, list[Finding]] = {key: [] for key in self.rubric.pillars}
        for finding in findings:
            findings_of[finding.pillar].append(finding)
        marks = []
        for key, pillar in self.rubric.pillars.items():
            own = findings_of[key]
            failed = any(each.severity != "normal" and each.outcome == "missed" for each in own)
            points = Points.sum([each.points for each in own])
            if failed:
                points = Points(won=0.0, possible=points.possible)
            marks.append(PillarMark(pillar=key, name=pillar.name, points=points, failed=failed))
        return tuple(marks)

    def mark(self, findings: tuple[Finding, ...], points: Points) -> tuple[float | None, bool]:
        """The mark, 0 to 100, and whether a critical miss failed the call (100-1=0)."""
        failed = any(each.severity == "critical" and each.outcome == "missed" for each in findings)
        if points.percent is None:
            return (0.0 if failed else None), failed
        return (0.0 if failed else round(points.percent, 3)), failed


@contextlib.contextmanager
def _collector_waits() -> Iterator[None]:
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def compile(rubric: Rubric, lexicon: Lexicon) -> Judge:
    """The rubric and its phrases, made ready once for any number of calls."""
    return Judge(rubric, lexicon)


# ── Checks ───────────────────────────────────────────────────────────────────────────────────────

_WORDS = frozenset(
    (
        kinds.Says,
        kinds.Avoids,
        kinds.Answers,
        kinds.Prefers,
        kinds.Restates,
        kinds.ReadsBack,
        kinds.Steps,
        kinds.Questions,
        kinds.QuestionKinds,
        kinds.Explains,
        kinds.FullAnswers,
        kinds.Politely,
        kinds.Types,
    )
)
"""The kinds that need a transcript."""

_CHECKS: dict[type, Check] = {
    kinds.Events: judge_events,
    kinds.Says: procedure.says,
    kinds.Answers: procedure.answers,
    kinds.Restates: conversation.restates,
    kinds.ReadsBack: conversation.reads_back,
    kinds.Steps: procedure.steps,
    kinds.Questions: conversation.questions,
    kinds.QuestionKinds: conversation.question_kinds,
    kinds.Explains: conversation.explains,
    kinds.Politely: conversation.politely,
    kinds.Avoids: wording.avoids,
    kinds.Prefers: wording.prefers,
    kinds.FullAnswers: turntaking.full_answers,
    kinds.Listens: turntaking.listens,
    kinds.Calm: customer.calm,
    kinds.Adapts: customer.adapts,
    kinds.Mood: customer.mood,
    kinds.Types: customer.types,
}


_MEASURES: dict[str, Check] = {
    "talk-share": turntaking.talk_share,
    "response-time": turntaking.response_time,
    "warmth": warmth,
}
"""Those that are more than a number of the voice."""


def _judge_of(criterion: AnyCriterion) -> Check:
    """What judges criteria of its kind, as far as they can be judged at all."""
    if isinstance(criterion, kinds.Measure):
        return _MEASURES.get(criterion.measure, delivery.measure)
    return _CHECKS[type(criterion)]


def check(criterion: AnyCriterion, view: View) -> Verdict:
    """The verdict on one criterion."""
    return _checked(criterion, _judge_of(criterion), view)


def _checked(criterion: AnyCriterion, judge: Check, view: View) -> Verdict:
    if view.why_no_words is not None and type(criterion) in _WORDS:
        return Verdict("not_measured", 0.0, view.why_no_words)
    if criterion.by not in view.sure_of:
        why = view.why_no_party(criterion.by) or unsure(criterion, view)
        if why is not None:
            return Verdict("not_measured", 0.0, why)
    if criterion.when != "always":
        not_called_for = absent(view, criterion.when)
        if not_called_for is not None:
            return Verdict("not_applicable", 0.0, not_called_for)
    return judge(criterion, view)


# ── Phrase lists ─────────────────────────────────────────────────────────────────────────────────


def _lists(rubric: Rubric, lexicon: Lexicon) -> dict[str, PhraseList]:
    """The lexicon's lists, the rubric's own, and the phrases written into its expressions.

    Only the lists that the rubric speaks of: the others would cost time and bring nothing.
    """
    known = {**lexicon.lists, **rubric.lists}
    return {
        name: known[name] if name in known else PhraseList(says=(inline_phrase(name),))
        for name in sorted(asked_of(rubric))
    }
