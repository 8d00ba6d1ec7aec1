"""Verdicts on recordings in which it is not sure who is who, or whose speech it is."""

import msgspec
import pytest

from pipeline.errors import ConfigError
from pipeline.facts import AGENT, CUSTOMER, NotMeasured, Overlap, RoleFacts
from pipeline.judge.call import Judge
from pipeline.judge.doubt import other_reading
from pipeline.rubric import load, load_lexicon, shipped
from pipeline.timeline import Span
from scripts.validation.talk import Line, facts_of

RUBRIC = shipped("affinity-zh-v1")
JUDGE = Judge(RUBRIC, load_lexicon("zh"))
CALL = (
    (AGENT, "您好，请问有什么可以帮您？"),
    (CUSTOMER, "我家的宽带昨天断了，今天又断了，孩子要上网课。"),
    (AGENT, "非常抱歉，我帮您查一下线路的情况，请您稍等。"),
    (CUSTOMER, "好的。"),
    (AGENT, "感谢您的来电，祝您生活愉快，再见。"),
)


def finding(facts, criterion):
    return next(each for each in JUDGE.score(facts).findings if each.criterion == criterion)


def mono(facts, *, sure=1.0, error_s=0.5, unsure_turns=(), confidence=0.5, doubt=None):
    """The facts as of a mixed recording, some turns of it given to a party without much faith."""
    speakers = tuple(
        msgspec.structs.replace(
            each, voice=number + 1, channel=0, role_confidence=sure, talk_error_s=error_s
        )
        for number, each in enumerate(facts.speakers)
    )
    turns = tuple(
        msgspec.structs.replace(turn, confidence=confidence if at in unsure_turns else 1.0)
        for at, turn in enumerate(facts.turns)
    )
    roles = RoleFacts(source="inferred", agent=1, confidence=sure, doubt=doubt)
    return msgspec.structs.replace(facts, speakers=speakers, turns=turns, roles=roles)


def test_the_shipped_rubrics_say_how_sure_it_must_be() -> None:
    for name in ("affinity-zh-v1", "strict-zh-v1", "courtesy-en-v1", "minimal-zh-v1"):
        assert 0.5 < shipped(name).confidence < 1


@pytest.mark.parametrize("number", ["1.2", "-0.1", ".nan"])
def test_another_confidence_is_refused_with_its_line(tmp_path, number) -> None:
    path = tmp_path / "house.yaml"
    name = "{zh: 本店, en: House}"
    head = f"extends: minimal-zh-v1\nid: house\nversion: 1\nname: {name}\n"
    path.write_text(f"{head}confidence: {number}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"share from 0 to 1.*line 5: confidence"):
        load(path)


def test_a_variant_may_ask_for_more(tmp_path) -> None:
    path = tmp_path / "house.yaml"
    path.write_text(
        "extends: minimal-zh-v1\nid: house\nversion: 1\nname: {zh: 本店, en: House}\n"
        "confidence: 0.95\n",
        encoding="utf-8",
    )
    assert load(path).confidence == 0.95


# ── Who is who ───────────────────────────────────────────────────────────────────────────────────


def test_an_agent_who_may_be_the_customer_is_not_judged() -> None:
    found = finding(mono(facts_of(CALL), sure=0.62), "opening")
    assert found.outcome == "not_measured"
    assert found.points.possible == 0
    assert found.reason.en == "not measured: who is the agent is sure to 0.62, the rubric asks 0.8"
    assert found.reason.zh == "未测量：谁是坐席的把握只有 0.62（评分规则要求 0.8）"


def test_what_speaks_against_the_channels_is_said_in_both_languages() -> None:
    doubt = "what the agent's voice says is what customers say"
    found = finding(mono(facts_of(CALL), sure=0.01, doubt=doubt), "opening")
    assert found.reason.en.endswith(f"the rubric asks 0.8: {doubt}")
    assert found.reason.zh.endswith("：坐席一方说的话更像客户说的")


def test_who_is_sure_enough_is_judged() -> None:
    assert finding(mono(facts_of(CALL), sure=0.8), "opening").outcome == "met"


def test_holds_are_the_same_whoever_is_the_agent() -> None:
    lines = [*(Line(by=who, says=said) for who, said in CALL[:3]),
             Line(by=AGENT, says="谢谢您的等待", hold="music", after=100.0)]  # fmt: skip
    assert finding(mono(facts_of(lines), sure=0.3), "long-hold").outcome == "missed"


# ── Whose speech ─────────────────────────────────────────────────────────────────────────────────


def with_rates(facts):
    return msgspec.structs.replace(
        facts,
        speakers=tuple(msgspec.structs.replace(each, level_dbov=-26.0) for each in facts.speakers),
    )


def test_a_voice_with_too_much_of_the_other_in_it_is_not_measured() -> None:
    facts = with_rates(facts_of(CALL))
    clean, mixed = mono(facts, error_s=0.1), mono(facts, error_s=5.0)
    assert finding(clean, "speech-rate").outcome == "met"
    found = finding(mixed, "speech-rate")
    assert found.outcome == "not_measured"
    assert "surely this party's" in found.reason.en
    assert finding(mixed, "opening").outcome == "met"  # words have their own test


def test_a_talk_share_near_its_limit_is_not_decided_by_an_error() -> None:
    limit = next(each for each in RUBRIC.criteria if each.id == "talk-share").high
    facts = facts_of(CALL)
    whole = sum(each.talk_s for each in facts.speakers)
    talk = {AGENT: (limit + 0.02) * whole, CUSTOMER: (1 - limit - 0.02) * whole}
    near = msgspec.structs.replace(
        facts,
        speakers=tuple(
            msgspec.structs.replace(each, talk_s=talk[each.speaker]) for each in facts.speakers
        ),
    )
    assert finding(near, "talk-share").outcome == "missed"
    assert finding(mono(near, error_s=0.005 * whole), "talk-share").outcome == "missed"
    found = finding(mono(near, error_s=0.03 * whole), "talk-share")
    assert found.outcome == "not_measured"
    assert "± 0.03" in found.reason.en


def test_words_of_an_unsure_turn_decide_nothing_alone() -> None:
    """The only greeting stands in a turn that may be the customer's."""
    found = finding(mono(facts_of(CALL), unsure_turns=(0,)), "opening")
    assert found.outcome == "not_measured"
    assert "hangs on turns" in found.reason.en
    assert "达标" in found.reason.zh


def test_an_unsure_turn_changes_nothing_where_nothing_hangs_on_it() -> None:
    sure, unsure = mono(facts_of(CALL)), mono(facts_of(CALL), unsure_turns=(3,))
    for criterion in ("opening", "closing", "taboo"):
        assert (
            finding(unsure, criterion).outcome
            == finding(sure, criterion).outcome
            != ("not_measured")
        )


def test_a_customers_insult_in_an_unsure_turn_does_not_fail_the_agent() -> None:
    lines = (*CALL[:2], (AGENT, "你是不是有病，真是个废物"), *CALL[2:])
    assert finding(mono(facts_of(lines)), "insults").outcome == "missed"
    assert finding(mono(facts_of(lines), unsure_turns=(2,)), "insults").outcome == "not_measured"
    assert not JUDGE.score(mono(facts_of(lines), unsure_turns=(2,))).failed


def test_unsure_overlaps_are_not_held_against_anybody() -> None:
    lines = [
        Line(by=AGENT, says=CALL[0][1]),
        Line(by=CUSTOMER, says=CALL[1][1]),
        *(
            line
            for _ in range(6)
            for line in (
                Line(by=AGENT, says="我知道我知道你先听我说", cuts="competitive-with-floor"),
                Line(by=CUSTOMER, says="可是我的宽带还是断的，你听我把话说完"),
            )
        ),
    ]
    facts = facts_of(lines)
    unsure = tuple(msgspec.structs.replace(each, confidence=0.7) for each in facts.overlaps)
    assert finding(mono(facts), "interruptions").outcome == "missed"
    doubtful = mono(msgspec.structs.replace(facts, overlaps=unsure))
    assert finding(doubtful, "interruptions").outcome == "not_measured"
    stereo = msgspec.structs.replace(facts, overlaps=unsure)
    assert finding(stereo, "interruptions").outcome == "missed"  # its kind is unsure, not its party


MOST_UNHEARD = "both parties share one channel and most of their overlaps go unheard"


@pytest.mark.parametrize(
    ("confidence", "outcome"), [(None, "not_measured"), (0.7, "not_measured"), (0.9, "missed")]
)
def test_interruptions_that_are_heard_count_and_none_heard_proves_nothing(confidence, outcome):
    facts = mono(facts_of(CALL))
    cut = () if confidence is None else (_cut_in(facts.turns[2], confidence),)
    gap = NotMeasured(measure="overlaps", reason=MOST_UNHEARD)
    facts = msgspec.structs.replace(facts, overlaps=cut, not_measured=(gap,))
    found = finding(facts, "interruptions")
    assert found.outcome == outcome
    if confidence is None:
        assert found.reason.en == f"not measured: {MOST_UNHEARD}"
        assert "多数重叠听不出来" in found.reason.zh


def _cut_in(turn, confidence):
    return Overlap(
        span=Span(turn.span.start, turn.span.start + 0.6),
        first=CUSTOMER,
        second=AGENT,
        kind="competitive-with-floor",
        yielded=CUSTOMER,
        confidence=confidence,
    )


def test_the_other_reading_moves_words_and_speech_and_keeps_every_second() -> None:
    facts = mono(facts_of(CALL), unsure_turns=(0, 3))
    other = other_reading(facts, 0.8)
    assert [turn.speaker for turn in other.turns] == [CUSTOMER, CUSTOMER, AGENT, AGENT, AGENT]
    spoken = [sum(s.duration for each in f.speakers for s in each.speech) for f in (facts, other)]
    assert spoken[0] == pytest.approx(spoken[1])


def test_a_call_with_a_channel_for_each_party_has_one_reading() -> None:
    facts = facts_of(CALL)
    turns = tuple(msgspec.structs.replace(turn, confidence=0.1) for turn in facts.turns)
    assert other_reading(msgspec.structs.replace(facts, turns=turns), 0.8) is None
