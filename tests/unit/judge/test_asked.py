"""Whose words are searched for what."""

import msgspec
import pytest

from pipeline import rubric
from pipeline.judge.asked import asked_of
from pipeline.judge.call import compile
from pipeline.judge.said import inline_list
from pipeline.rubric.kinds import Answers, AnyCriterion, Says, Types
from pipeline.rubric.model import Signals
from pipeline.rubric.say import Near, Say
from pipeline.scorecard import Text
from scripts.validation.talk import facts_of

NAME = Text(zh="项", en="item")
BASE = {"id": "it", "standard": "P01", "pillar": "politeness", "name": NAME, "points": 1.0}


def asked(criterion: AnyCriterion, **more: object) -> dict[str, set[str]]:
    """Of a rubric with this criterion alone, and no signals unless they are given."""
    changed = {"criteria": (criterion,), "signals": Signals(), "patterns": {}} | more
    whole = msgspec.structs.replace(rubric.shipped("minimal-zh-v1"), **changed)
    return {name: set(speakers) for name, speakers in asked_of(whole).items()}


def test_a_criterion_asks_its_own_party() -> None:
    assert asked(Says(**BASE, say="greeting")) == {"greeting": {"agent"}}
    assert asked(Says(**BASE, say="greeting", by="customer")) == {"greeting": {"customer"}}


def test_an_answer_asks_both() -> None:
    answer = Answers(**BASE, to_say="thanks", say="welcome", within_s=5.0)
    assert asked(answer) == {"thanks": {"customer"}, "welcome": {"agent"}}


def test_kinds_of_customer_are_heard_from_the_customer() -> None:
    types = Types(**BASE, types={"angry": "upset"}, names={}, at_least=1)
    assert asked(types) == {"upset": {"customer"}}


def test_what_lies_near_may_be_the_other_partys() -> None:
    say = Say(any=("greeting", Say(phrase="再见")), none=("refusal",),
              near=Near(to="complaint", by="customer"))  # fmt: skip
    agents = {name: {"agent"} for name in ("greeting", inline_list("再见"), "refusal")}
    assert asked(Says(**BASE, say=say)) == agents | {"complaint": {"customer"}}


def test_a_pattern_is_asked_of_those_who_are_asked_for_it() -> None:
    patterns = {"hello": Say(all=("greeting", Say(pattern="more"))), "more": Say(list="wishes")}
    assert asked(Says(**BASE, say="hello"), patterns=patterns) == {
        "greeting": {"agent"},
        "wishes": {"agent"},
    }


def test_signals_ask_whoever_shows_them() -> None:
    signals = Signals(upset="upset", question="questions", waiting="hold", filler="fillers")
    assert asked(Says(**BASE, say="greeting"), signals=signals) == {
        "greeting": {"agent"},
        "upset": {"customer"},
        "questions": {"agent", "customer"},
        "hold": {"agent"},
    }


@pytest.mark.parametrize("name", rubric.names())
def test_no_shipped_rubric_asks_for_what_is_not_searched(name: str) -> None:
    """`View.mentions` refuses what nothing asked for, so a whole call under each rubric would."""
    whole = rubric.shipped(name)
    judge = compile(whole, rubric.load_lexicon(whole.lexicon))
    lines = [("agent", "您好，请问有什么可以帮您？"), ("customer", "你们怎么回事，我要投诉！"),
             ("agent", "对不起，请您稍等。"), ("customer", "好的，谢谢。")]  # fmt: skip
    card = judge.score(facts_of(lines, language=whole.language))
    assert len(card.findings) == len(whole.criteria)
