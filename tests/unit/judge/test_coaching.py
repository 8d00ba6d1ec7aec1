"""What is talked about first, and the moment that is played."""

import msgspec

from pipeline.judge.coaching import coaching
from pipeline.scorecard import Evidence, Finding, Points, Severity, Text
from pipeline.timeline import Span

NAME = Text(zh="项", en="item")


def missed(name: str, lost: float, severity: Severity = "normal", *moments: Evidence) -> Finding:
    return Finding(
        criterion=name,
        standard="F01",
        pillar="politeness",
        name=NAME,
        outcome="missed",
        severity=severity,
        points=Points(won=0.0, possible=lost),
        evidence=moments,
        reason=NAME,
    )


def at(start: float, better: str | None = None, *, counts: bool = True) -> Evidence:
    return Evidence(span=Span(start, start + 1.0), counts=counts, rewrite=better)


def test_the_three_costliest_and_critical_ones_before_them() -> None:
    findings = [missed("a", 1), missed("b", 5), missed("c", 3), missed("d", 2)]
    findings.append(missed("fatal", 1, "critical"))
    assert [advice.criterion for advice in coaching(findings)] == ["fatal", "b", "c"]


def test_the_moment_that_has_a_better_sentence_is_played() -> None:
    (advice,) = coaching([missed("a", 2, "normal", at(1), at(2, "better"), at(3, "later"))])
    assert advice.moment == at(2, "better")
    assert advice.better == "better"


def test_a_moment_that_does_not_count_is_not_played() -> None:
    uncounted = at(1, "better", counts=False)
    whole = Evidence(words="over the whole call")
    (advice,) = coaching([missed("a", 2, "normal", uncounted, whole)])
    assert (advice.moment, advice.better) == (None, None)
    (advice,) = coaching([missed("a", 2, "normal", uncounted, at(5))])
    assert (advice.moment, advice.better) == (at(5), None)


def test_what_cost_nothing_is_not_talked_about() -> None:
    assert coaching([missed("observed", 0)]) == ()


def test_words_that_were_asked_for_and_said_are_not_the_moment_to_play() -> None:
    said = msgspec.structs.replace(at(1), phrase="请稍等")
    left_out = at(5)
    asked = msgspec.structs.replace(missed("a", 2, "normal", said, left_out), kind="answer")
    assert asked.faults == (left_out,)
    assert coaching([asked])[0].moment == left_out
    avoided = msgspec.structs.replace(asked, kind="avoid")
    assert coaching([avoided])[0].moment == said
