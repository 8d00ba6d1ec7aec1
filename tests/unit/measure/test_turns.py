"""Who has the floor, drawn: a line per party, a character for 0.1 s, # for speech."""

import pytest

from pipeline.facts import AGENT, CUSTOMER, Hold, Word
from pipeline.measure import turns
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

SETTINGS = load_measure_settings().turns


def drawn(line):
    """Spans of a drawn line."""
    spans, start = [], None
    for i, character in enumerate(f"{line} "):
        if character == "#" and start is None:
            start = i
        elif character != "#" and start is not None:
            spans.append(Span(start / 10, i / 10))
            start = None
    return spans


def talk(agent, customer, said=(), holds=()):
    """``said``: (speaker, start, end, text), spread over the time."""
    words = []
    for speaker, start, end, text in said:
        step = (end - start) / len(text)
        for i, character in enumerate(text):
            span = Span(start + i * step, start + (i + 1) * step)
            words.append(Word(text=character, span=span, speaker=speaker))
    duration_s = max(len(agent), len(customer)) / 10
    speech = {AGENT: drawn(agent), CUSTOMER: drawn(customer)}
    return turns.build(speech, words, holds, duration_s, SETTINGS)


def kinds(conversation):
    return [(overlap.kind, overlap.second, overlap.yielded) for overlap in conversation.overlaps]


# ── Turns, pauses, transfers ─────────────────────────────────────────────────────────────────────


def test_turns_pauses_and_response_times():
    found = talk(
        "  ##########     #########           ",
        "                            ########   ",
    )
    assert [(turn.speaker, turn.span) for turn in found.turns] == [
        (AGENT, Span(0.2, 2.6)),
        (CUSTOMER, Span(2.8, 3.6)),
    ]
    assert [(pause.speaker, pause.span) for pause in found.pauses] == [(AGENT, Span(1.2, 1.7))]
    (transfer,) = found.transfers
    assert (transfer.from_speaker, transfer.to_speaker, transfer.at) == (AGENT, CUSTOMER, 2.8)
    assert transfer.offset_s == pytest.approx(0.2)


def test_an_overlap_is_a_negative_response_time():
    found = talk(
        "####################            ",
        "                  ##############",
    )
    (transfer,) = found.transfers
    assert transfer.offset_s == pytest.approx(-0.2)
    assert kinds(found) == [("terminal", CUSTOMER, None)]


def test_nobody_answers_across_hold_music():
    hold = Hold(span=Span(1.2, 2.8), kind="music", channel=0)
    found = talk("##########                    ###", "", holds=[hold])
    assert [turn.span for turn in found.turns] == [Span(0, 1), Span(3, 3.3)]
    assert found.pauses == ()
    found = talk(
        "##########                       ", "                              ###", holds=[hold]
    )
    assert found.transfers == ()


def test_every_word_is_in_a_turn_once():
    said = [
        (AGENT, 0, 2, "您好请问要办什么"),
        (CUSTOMER, 1, 1.3, "嗯"),
        (CUSTOMER, 3, 4, "我要退款"),
    ]
    found = talk("####################", "          ###                 ##########", said)
    assert ["".join(word.text for word in turn.words) for turn in found.turns] == [
        "您好请问要办什么",
        "嗯",
        "我要退款",
    ]
    assert [turn.took_floor for turn in found.turns] == [True, False, True]


def test_a_monologue_survives_backchannels_and_ends_with_an_attempt():
    long = "#" * 300
    assert len(talk(long, " " * 100 + "###").monologues) == 1
    cut = talk(long, " " * 150 + "############", [(CUSTOMER, 15, 16.2, "你先听我说一下")])
    assert cut.overlaps[0].kind == "competitive-without-floor"
    assert cut.monologues == ()


# ── Kinds of overlaps ────────────────────────────────────────────────────────────────────────────


def test_a_short_signal_while_the_other_goes_on():
    found = talk("##############################", "               ####")
    assert kinds(found) == [("backchannel", CUSTOMER, None)]
    assert len([turn for turn in found.turns if turn.took_floor]) == 1
    assert found.transfers == ()


def test_a_signal_as_the_other_draws_breath():
    found = talk("###############    ###########", "             ####")
    assert kinds(found) == [("backchannel", CUSTOMER, None)]


def test_words_tell_a_long_signal_from_a_short_attempt():
    agent, customer = "##############################", "               #########"
    assert kinds(talk(agent, customer, [(CUSTOMER, 1.5, 2.4, "嗯对对对")]))[0][0] == "backchannel"
    customer = "               #####"
    attempt = talk(agent, customer, [(CUSTOMER, 1.5, 2.0, "可是我")])
    assert kinds(attempt) == [("competitive-without-floor", CUSTOMER, CUSTOMER)]


def test_yes_after_a_question_is_an_answer():
    agent, customer = "##########      ##########", "            ###"
    question = [(AGENT, 0, 1, "是您本人吗"), (CUSTOMER, 1.2, 1.5, "是的")]
    assert len(talk(agent, customer, question).transfers) == 2
    statement = [(AGENT, 0, 1, "我帮您查到了"), (CUSTOMER, 1.2, 1.5, "是的")]
    assert talk(agent, customer, statement).transfers == ()


def test_cutting_in_and_taking_over():
    found = talk(
        "                    ####################",
        "#########################               ",
    )
    assert kinds(found) == [("competitive-with-floor", AGENT, CUSTOMER)]
    assert found.overlaps[0].span == Span(2.0, 2.5)


def test_cutting_in_in_vain():
    found = talk("########################################", "               ############")
    assert kinds(found) == [("competitive-without-floor", CUSTOMER, CUSTOMER)]


def test_a_party_that_catches_breath_in_a_contest_is_still_in_it():
    found = talk(
        "####################### ####            ",
        "                  ######################",
    )
    assert kinds(found) == [("competitive-with-floor", CUSTOMER, AGENT)]


def test_starting_together_is_nobodys_interruption():
    found = talk(
        "##########          ##########",
        "                     ########",
    )
    assert kinds(found) == [("choral", CUSTOMER, None)]


def test_the_same_farewell_at_the_same_time():
    agent, customer = "       #####", "############"
    said = [(CUSTOMER, 0, 1.2, "行那就这样再见"), (AGENT, 0.7, 1.2, "再见")]
    assert kinds(talk(agent, customer, said)) == [("choral", AGENT, None)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("我是因为", ["silent-interruption"]),
        ("我还没有", []),
        ("我的卡丢了", []),
        ("我现在", []),
    ],
)
def test_cutting_in_on_a_silence(text, found):
    conversation = talk(
        "                       ###########",
        "####################",
        [(CUSTOMER, 0, 2, text), (AGENT, 2.3, 3.4, "这个不行")],
    )
    assert [overlap.kind for overlap in conversation.overlaps] == found


def test_sure_where_words_tell_and_less_where_only_sound_does():
    agent, customer = "##############################", "               ####"
    heard = talk(agent, customer, [(CUSTOMER, 1.5, 1.9, "嗯")]).overlaps[0]
    guessed = talk(agent, customer).overlaps[0]
    assert heard.confidence > guessed.confidence > 0.5


# ── Whatever comes ───────────────────────────────────────────────────────────────────────────────


def test_nobody_speaks():
    found = turns.build({AGENT: (), CUSTOMER: ()}, (), (), 10.0, SETTINGS)
    assert (found.turns, found.overlaps, found.transfers) == ((), (), ())
    assert found.shares.silence_s == 10.0
    assert turns.build({}, (), (), 0.0, SETTINGS).shares.silence_s == 0.0


def test_one_party_alone():
    found = turns.build({"mixed": [Span(1, 2)]}, (), (), 3.0, SETTINGS)
    assert len(found.turns) == 1
    assert found.shares.talk_s == {"mixed": 1.0}


def test_both_all_the_time():
    whole = [Span(0, 10)]
    found = turns.build({AGENT: whole, CUSTOMER: whole}, (), (), 10.0, SETTINGS)
    assert found.shares.both_s == 10.0
    assert [overlap.span for overlap in found.overlaps] == whole


def test_a_hold_is_a_hold_whatever_is_said_in_it():
    shares = turns.divide(
        {AGENT: [Span(0, 4)], CUSTOMER: [Span(3, 6)]},
        [Hold(span=Span(3.5, 8), kind="music", channel=0)],
        10.0,
    )
    assert shares.talk_s == {AGENT: 3.0, CUSTOMER: 0.0}
    assert (shares.both_s, shares.hold_s, shares.silence_s) == (0.5, 4.5, 2.0)
