"""Who is the agent: maps as people write them, what words tell, and mending a wrong guess."""

import msgspec
import pytest

from pipeline.errors import UsageError
from pipeline.facts import AGENT, CUSTOMER, Overlap, Shares, digest
from pipeline.measure.renaming import renamed
from pipeline.measure.roles import Told, decided, parse, parse_speakers, revised
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span
from scripts.validation.talk import facts_of

SETTINGS = load_measure_settings().roles
NOBODY_SAYS = Told()
CALL = (
    (AGENT, "您好，工号二零七为您服务，请问有什么可以帮您？"),
    (CUSTOMER, "我家的宽带昨天又断了，你们怎么老是这样？"),
    (AGENT, "非常抱歉，我帮您查一下，麻烦您报一下手机号。"),
    (CUSTOMER, "那我等一下，我的手机号是一三八。"),
    (AGENT, "感谢您的来电，祝您生活愉快，再见。"),
)
ENGLISH = (
    (AGENT, "Thank you for calling the bank, how can I help you today?"),
    (CUSTOMER, "Hi, I lost my debit card and I need a new one."),
    (AGENT, "May I have your account number? One moment, let me check."),
    (CUSTOMER, "That's all, thank you very much."),
)


def voices(lines, *, names=("voice-1", "voice-2"), channels=(0, 0), language="zh"):
    """A call's facts before anybody has a part: the first of ``lines`` is the first name's."""
    facts = renamed(facts_of(lines, language=language), {AGENT: names[0], CUSTOMER: names[1]})
    speakers = tuple(
        msgspec.structs.replace(each, voice=number + 1, channel=channels[number])
        for number, each in enumerate(facts.speakers)
    )
    return msgspec.structs.replace(facts, speakers=speakers)


def swapped(lines):
    return [(CUSTOMER if who == AGENT else AGENT, said) for who, said in lines]


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("agent=left,customer=right", 0),
        ("agent=right,customer=left", 1),
        ("customer=left", 1),
        ("agent=2", 1),
        ("Agent=R, Customer=L", 1),
        ("坐席=右，客户=左", 1),
    ],
)
def test_maps_as_people_write_them(text: str, agent: int) -> None:
    assert parse(text) == {"agent": agent, "customer": 1 - agent}


@pytest.mark.parametrize(
    "text", ["", "agent", "agent=up", "boss=left", "agent=left,customer=left", "agent=left,agent=1"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="agent=left,customer=right"):
        parse(text)


def test_a_transcripts_speakers_are_mapped() -> None:
    found = parse_speakers("Diane=agent, 王 女士=客户, IVR=others")
    assert found == {"Diane": "agent", "王 女士": "customer", "IVR": "others"}


@pytest.mark.parametrize("text", ["", "Diane", "=agent", "Diane=boss"])
def test_a_map_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="NAME=agent"):
        parse_speakers(text)


# ── Inferring ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("lines", "language"), [(CALL, "zh"), (ENGLISH, "en")])
@pytest.mark.parametrize("agent", [1, 2])
def test_words_tell_the_agent_whichever_voice_it_is(lines, language, agent) -> None:
    lines = lines if agent == 1 else swapped(lines)
    found = decided(voices(lines, language=language), SETTINGS, NOBODY_SAYS)
    assert (found.roles.source, found.roles.agent) == ("inferred", agent)
    assert found.roles.confidence > 0.99
    assert found.speaker(AGENT).voice == agent
    assert found.speaker(AGENT).role_confidence == found.roles.confidence
    greeting = next(cue for cue in found.roles.cues if cue.name == "house-greeting")
    assert greeting.voice == agent
    assert greeting.weight > 0


def test_a_call_without_tell_tale_words_is_a_guess_and_says_so() -> None:
    found = decided(voices([(AGENT, "喂"), (CUSTOMER, "喂")]), SETTINGS, NOBODY_SAYS)
    assert 0.5 < found.roles.confidence < 0.7
    assert found.roles.agent == 1  # who spoke first


def test_words_of_another_language_tell_nothing() -> None:
    found = decided(voices(CALL, language="ja"), SETTINGS, NOBODY_SAYS)
    assert found.roles.confidence < 0.7


def test_latin_phrases_are_matched_as_whole_words() -> None:
    found = decided(voices([(AGENT, "ours hourly"), (CUSTOMER, "okay")], language="en"), SETTINGS,
                    NOBODY_SAYS)  # fmt: skip
    assert {cue.name for cue in found.roles.cues} == {"first-to-speak"}


@pytest.mark.parametrize(("who", "part"), [(AGENT, AGENT), (CUSTOMER, CUSTOMER)])
def test_one_voice_alone_has_the_part_that_its_words_have(who, part) -> None:
    facts = voices([line for line in CALL if line[0] == who])
    alone = msgspec.structs.replace(
        facts, speakers=tuple(each for each in facts.speakers if each.talk_s > 0)
    )
    found = decided(alone, SETTINGS, NOBODY_SAYS)
    assert [each.speaker for each in found.speakers] == [part]
    assert found.roles.agent == (found.speakers[0].voice if part == AGENT else None)
    assert found.roles.confidence > 0.9


def test_a_third_voice_keeps_its_number_for_a_name() -> None:
    facts = voices(CALL)
    third = msgspec.structs.replace(
        facts.speakers[0], speaker="voice-3", voice=3, talk_s=0.5, speech=(Span(0.0, 0.5),)
    )
    facts = msgspec.structs.replace(facts, speakers=(*facts.speakers, third))
    found = decided(facts, SETTINGS, NOBODY_SAYS)
    assert [each.speaker for each in found.speakers] == [AGENT, CUSTOMER, "voice-3"]
    assert found.speakers[2].role_confidence <= found.speakers[0].role_confidence


def test_nothing_is_decided_where_voices_were_not_told_apart() -> None:
    facts = facts_of(CALL)
    assert decided(facts, SETTINGS, NOBODY_SAYS) is facts


# ── Channels ─────────────────────────────────────────────────────────────────────────────────────


def test_two_channels_are_as_usual_unless_the_words_say_otherwise() -> None:
    usual = decided(voices(CALL, channels=(0, 1)), SETTINGS, NOBODY_SAYS)
    assert (usual.roles.source, usual.roles.agent, usual.roles.doubt) == ("channels", 1, None)
    silent = decided(voices([(AGENT, "嗯")], channels=(0, 1)), SETTINGS, NOBODY_SAYS)
    assert silent.roles.agent == 1
    assert silent.roles.confidence > 0.98


def test_channels_that_nobody_vouched_for_are_swapped_by_clear_words_and_it_is_said() -> None:
    found = decided(voices(swapped(CALL), channels=(0, 1)), SETTINGS, NOBODY_SAYS)
    assert (found.roles.source, found.roles.agent) == ("inferred", 2)
    assert found.roles.doubt == "the agent is heard on the other channel than usual"


def test_channels_that_somebody_vouched_for_stay_but_are_doubted() -> None:
    found = decided(voices(swapped(CALL), channels=(0, 1)), SETTINGS, Told(channel=1))
    assert (found.roles.source, found.roles.agent) == ("channels", 1)
    assert found.roles.confidence < 0.1
    assert found.roles.doubt == "what the agent's voice says is what customers say"


def test_who_is_told_is_certain_but_doubted_where_the_words_are_against_it() -> None:
    found = decided(voices(CALL), SETTINGS, Told(agent=2))
    assert (found.roles.source, found.roles.agent, found.roles.confidence) == ("told", 2, 1.0)
    assert found.roles.doubt is not None
    assert decided(voices(CALL), SETTINGS, Told(agent=1)).roles.doubt is None


def test_a_voice_that_is_not_there_is_refused_by_number() -> None:
    with pytest.raises(UsageError, match=r"--agent-is 3.*its voices are 1, 2"):
        decided(voices(CALL), SETTINGS, Told(agent=3))


# ── Mending ──────────────────────────────────────────────────────────────────────────────────────


def with_happenings(facts):
    return msgspec.structs.replace(
        facts,
        overlaps=(Overlap(span=Span(1.0, 2.0), first="voice-1", second="voice-2",
                          kind="competitive-with-floor", yielded="voice-1"),),
        shares=Shares(talk_s={"voice-1": 9.0, "voice-2": 5.0}, both_s=0.0, hold_s=0.0,
                      silence_s=1.0),
    )  # fmt: skip


def test_a_wrong_guess_is_mended_without_measuring() -> None:
    guessed = decided(with_happenings(voices(CALL)), SETTINGS, NOBODY_SAYS)
    mended = revised(guessed, 2)
    told = decided(with_happenings(voices(CALL)), SETTINGS, Told(agent=2))
    undoubted = msgspec.structs.replace(told.roles, doubt=None)
    assert mended == msgspec.structs.replace(told, roles=undoubted)
    assert mended.overlaps[0].first == mended.overlaps[0].yielded == CUSTOMER
    assert mended.shares.talk_s == {CUSTOMER: 9.0, AGENT: 5.0}
    assert {word.speaker for turn in mended.turns for word in turn.words} == {AGENT, CUSTOMER}


def test_mending_back_gives_the_same_facts_but_for_who_says_so() -> None:
    guessed = decided(with_happenings(voices(CALL)), SETTINGS, NOBODY_SAYS)
    there = revised(guessed, 1)
    assert digest(revised(revised(guessed, 2), 1)) == digest(there)


def test_what_was_not_told_apart_cannot_be_mended() -> None:
    with pytest.raises(UsageError, match="not told apart"):
        revised(facts_of(CALL), 1)


# ── A second voice on the agent's channel ────────────────────────────────────────────────────────

PASSED_ON = (
    (AGENT, "您好，工号二零七为您服务，请问有什么可以帮您？"),
    (CUSTOMER, "我家的宽带昨天又断了，你们怎么老是这样？"),
    (AGENT, "我马上为您转接，请您稍等。"),
)


def passed_on():
    """The second agent talks more, and less like one."""
    facts = voices(PASSED_ON, names=("voice-3", "customer"), channels=(0, 1))
    first, customer = facts.speakers
    second = msgspec.structs.replace(first, speaker="agent", voice=1, talk_s=30.0)
    first = msgspec.structs.replace(first, voice=3)
    return msgspec.structs.replace(facts, speakers=(first, second, customer))


def test_two_agents_on_one_channel_are_no_rivals() -> None:
    found = decided(passed_on(), SETTINGS, NOBODY_SAYS)
    assert (found.roles.source, found.roles.agent, found.roles.doubt) == ("channels", 1, None)
    assert found.roles.confidence > 0.99
    assert found.speaker(CUSTOMER).voice == 2
    assert found.speaker("voice-3").talk_s < found.speaker(AGENT).talk_s


def test_the_other_agents_part_is_judged_by_their_number() -> None:
    found = revised(decided(passed_on(), SETTINGS, NOBODY_SAYS), 3)
    assert found.speaker(AGENT).voice == 3
    assert found.speaker(CUSTOMER).voice == 2  # nobody who shares the agent's channel
    assert found.turns[0].speaker == AGENT
