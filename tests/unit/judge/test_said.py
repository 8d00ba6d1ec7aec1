"""The operators of expressions, and what must be true before words count."""

from collections.abc import Sequence

import msgspec
import pytest

from pipeline import rubric
from pipeline.facts import CallFacts, NotMeasured
from pipeline.judge.call import Judge, compile
from pipeline.judge.said import counted, found
from pipeline.rubric.kinds import Says
from pipeline.rubric.say import Near, Role, Say, Where
from pipeline.scorecard import Text
from scripts.validation.talk import Line, facts_of

TALK = [
    ("agent", "您好，请问有什么可以帮您"),
    ("customer", "我要投诉你们"),
    ("agent", "对不起，请您稍等，我帮您查一下"),
    ("customer", "好的谢谢"),
    ("agent", "查到了，谢谢您的耐心等待"),
    ("agent", "再见"),
]


def judge_of(by: Role = "agent", **said: Say) -> Judge:
    """The minimal rubric with these expressions as its only criteria."""
    base = rubric.shipped("minimal-zh-v1")
    criteria = tuple(
        Says(id=name, standard="P01", pillar="politeness", name=Text(zh=name, en=name), points=1.0,
             say=say, by=by)
        for name, say in said.items()
    )  # fmt: skip
    return compile(msgspec.structs.replace(base, criteria=criteria), rubric.load_lexicon("zh"))


def words(say: Say, by: Role = "agent", lines: Sequence = TALK, **more) -> list[str]:
    judge = judge_of(by, it=say)
    view = judge.view(facts_of(lines, **more))
    return [each.words for each in counted(view, judge.rubric.criteria[0].say, by)]


def test_any_is_all_hits_of_either() -> None:
    say = Say(any=("greeting", Say(phrase="再见")))
    assert words(say) == ["您好", "再见"]


def test_all_needs_each_one() -> None:
    assert words(Say(all=("greeting", Say(phrase="再见")))) == ["您好", "再见"]
    assert words(Say(all=("greeting", Say(phrase="不会说的话")))) == []


def test_so_many_of_them() -> None:
    parts = ("greeting", Say(phrase="再见"), Say(phrase="不会说的话"))
    assert words(Say(of=parts, at_least=2)) == ["您好", "再见"]
    assert words(Say(of=parts, at_least=3)) == []


def test_none_spoils_its_sentence() -> None:
    say = Say(phrase="谢谢", none=(Say(phrase="查到了"),))
    assert words(say) == []
    assert words(Say(phrase="谢谢")) == ["谢谢"]


def test_places_by_time_and_turn() -> None:
    assert words(Say(phrase="谢谢", where=Where(first_s=3))) == []
    assert words(Say(phrase="再见", where=Where(last_s=1.5))) == ["再见"]
    assert words(Say(phrase="您好", where=Where(first_turns=1))) == ["您好"]
    assert words(Say(phrase="您好", where=Where(last_turns=1))) == []


@pytest.mark.parametrize(
    ("near", "there"),
    [
        (Near(to="complaint", by="customer", order="after", within_turns=1), True),
        (Near(to="complaint", by="customer", order="before"), False),
        (Near(to="complaint", by="customer", within_s=3), True),
        (Near(to="complaint", by="customer", within_s=0.1), False),
        (Near(to="complaint"), False),  # the agent did not complain
    ],
)
def test_near_another_one(near: Near, there: bool) -> None:
    assert words(Say(phrase="对不起", near=near)) == (["对不起"] if there else [])


def test_expressions_over_the_text_with_exceptions() -> None:
    assert words(Say(regex="查.{0,2}")) == ["查一下", "查到了"]
    assert words(Say(regex="查.{0,2}", excepting=("查到",))) == ["查一下"]


def test_sentences_alike() -> None:
    assert words(Say(similar="请您稍等我帮您查一查", least=0.7)) == [
        "对不起，请您稍等，我帮您查一下"
    ]
    assert words(Say(similar="您的话费余额是多少", least=0.7)) == []


def test_again_and_again() -> None:
    lines = [("agent", "不行"), ("customer", "为什么"), ("agent", "不行"), ("agent", "不行")]
    assert (
        words(Say(repeated=Say(phrase="不行"), times=3, within_s=60), lines=lines) == ["不行"] * 3
    )
    assert words(Say(repeated=Say(phrase="不行"), times=3, within_s=1), lines=lines) == []


def test_the_other_party_is_someone_else() -> None:
    assert words(Say(phrase="谢谢"), by="customer") == ["谢谢"]
    assert words(Say(phrase="您好"), by="customer") == []


def test_what_nobody_asked_for_is_refused_and_not_just_missed() -> None:
    judge = judge_of(it=Say(phrase="谢谢"))
    view = judge.view(facts_of(TALK))
    with pytest.raises(LookupError, match="in what the customer says"):
        found(view, judge.rubric.criteria[0].say, "customer")


def problem(line: Line, phrase: str = "谢谢您") -> Text | None:
    judge = judge_of(it=Say(phrase=phrase))
    view = judge.view(facts_of([Line(by="agent", says="您好"), line]))
    (mention,) = found(view, judge.rubric.criteria[0].say, "agent")
    return mention.problem


def test_words_count_only_over_speech_and_if_recognised() -> None:
    assert problem(Line(by="agent", says="谢谢您")) is None
    assert problem(Line(by="agent", says="谢谢您", probability=None)) is None
    silent = problem(Line(by="agent", says="谢谢您", unheard=True, after=5.0))
    guessed = problem(Line(by="agent", says="谢谢您", probability=0.1))
    assert silent is not None
    assert "没有该方的语音" in silent.zh
    assert guessed is not None
    assert "识别概率" in guessed.zh


def test_what_does_not_count_is_shown() -> None:
    judge = judge_of(it=Say(phrase="谢谢您"))
    lines = [Line(by="agent", says="您好"),
             Line(by="agent", says="谢谢您", unheard=True, after=5.0)]  # fmt: skip
    (finding,) = judge.score(facts_of(lines)).findings
    assert finding.outcome == "missed"
    assert [each.counts for each in finding.evidence] == [False]
    assert "不计" in finding.reason.zh


def test_nobodys_speech_known_leaves_that_check_out() -> None:
    facts = facts_of([("agent", "谢谢您")])
    bare = tuple(msgspec.structs.replace(each, speech=()) for each in facts.speakers)
    judge = judge_of(it=Say(phrase="谢谢您"))
    (finding,) = judge.score(msgspec.structs.replace(facts, speakers=bare)).findings
    assert finding.outcome == "met"


def reasons(facts: CallFacts) -> set[str]:
    card = judge_of(it=Say(phrase="谢谢您")).score(facts)
    return {each.reason.en for each in card.findings if each.outcome == "not_measured"}


def test_another_language_is_not_judged() -> None:
    assert reasons(facts_of([("agent", "thank you")], language="en")) == {
        "not measured: language en"
    }


def test_without_a_transcript_the_facts_own_reason_is_given() -> None:
    why = NotMeasured(measure="transcript", reason="no model was given")
    more = {"transcript": None, "not_measured": (why,)}
    assert reasons(facts_of([("agent", "谢谢您")], more=more)) == {
        "not measured: no model was given"
    }
