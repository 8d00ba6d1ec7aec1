from pipeline.report.spoken import shown_turns
from pipeline.scorecard import Evidence
from pipeline.timeline import Span
from tests.unit.report.examples import facts, finding, scorecard


def test_hits_are_marked_for_the_right_speaker_only() -> None:
    agent, customer = shown_turns(facts().turns, scorecard(), "zh")
    assert [word.classes for word in agent.words] == [" hit bad", " hit bad", "", ""]
    assert agent.words[0].found == "T01 costly 名"
    assert {word.classes for word in customer.words} == {""}


def test_what_was_only_observed_is_marked_but_not_as_bad() -> None:
    heard = Evidence(span=Span(1.0, 1.5), speaker="agent", words="您好", phrase="您好")
    card = scorecard(findings=(finding("observed", "missed", 0, 0, evidence=(heard,)),))
    assert shown_turns(facts().turns, card, "zh")[0].words[0].classes == " hit"


def test_a_finding_about_a_whole_turn_is_a_remark_on_it() -> None:
    moments = tuple(Evidence(span=Span(t, t + 3.0), speaker="agent") for t in (1.0, 1.5))
    slow = finding("slow", "missed", 0, 1, evidence=moments)
    agent, customer = shown_turns(facts().turns, scorecard(findings=(slow,)), "zh")
    assert [remark.criterion for remark in agent.remarks] == ["slow"]
    assert customer.remarks == ()
    assert {word.classes for word in agent.words} == {""}


def test_turns_that_say_nothing_are_left_out() -> None:
    silent = facts("").turns
    assert [turn.speaker for turn in shown_turns(silent, scorecard(), "zh")] == ["customer"]
