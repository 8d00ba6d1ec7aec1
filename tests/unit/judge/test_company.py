"""Somebody else on the agent's own line: side talk, unless the call was passed on."""

import msgspec
import pytest

from pipeline.facts import AGENT, CUSTOMER, Said
from pipeline.judge.call import Judge
from pipeline.rubric import load_lexicon, shipped
from scripts.validation.talk import facts_of

JUDGE = Judge(shipped("affinity-zh-v1"), load_lexicon("zh"))
CALL = (
    (AGENT, "您好，请问有什么可以帮您？"),
    (CUSTOMER, "我家的宽带昨天断了，今天又断了，孩子要上网课。"),
    (AGENT, "非常抱歉，我帮您查一下线路的情况，请您稍等。"),
    (CUSTOMER, "好的。"),
    (AGENT, "感谢您的来电，祝您生活愉快，再见。"),
)


def side_talk(facts):
    found = JUDGE.score(facts).findings
    return next(each for each in found if each.criterion == "side-talk")


def with_company(at, channel=0):
    """The call, one of its turns said by a third voice on this channel."""
    facts = facts_of(CALL)
    (agent,) = (each for each in facts.speakers if each.speaker == AGENT)
    own = [facts.turns[at].span]
    third = msgspec.structs.replace(agent, speaker="voice-3", voice=3, channel=channel, speech=own)
    turns = list(facts.turns)
    turns[at] = msgspec.structs.replace(turns[at], speaker="voice-3", said=Said())
    return msgspec.structs.replace(facts, speakers=(*facts.speakers, third), turns=tuple(turns))


def test_somebody_else_between_the_agents_turns_is_side_talk() -> None:
    assert side_talk(facts_of(CALL)).outcome == "met"
    facts = with_company(2)
    found = side_talk(facts)
    assert found.outcome == "missed"
    (moment,) = found.evidence
    assert (moment.span, moment.speaker) == (facts.turns[2].span, "voice-3")
    assert "另有他人说话" in found.reason.zh
    assert "somebody else talks on the same line" in found.reason.en


@pytest.mark.parametrize("at", [0, 4])
def test_who_had_the_call_before_or_after_is_no_company(at) -> None:
    assert side_talk(with_company(at)).outcome == "met"


def test_the_customers_company_is_not_the_agents() -> None:
    assert side_talk(with_company(2, channel=1)).outcome == "met"


def test_on_a_shared_channel_nobody_knows_whose_company_it_is() -> None:
    facts = with_company(2)
    speakers = tuple(msgspec.structs.replace(each, channel=0) for each in facts.speakers)
    assert side_talk(msgspec.structs.replace(facts, speakers=speakers)).outcome != "missed"
