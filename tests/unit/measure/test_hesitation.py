import msgspec
import numpy as np
import pytest

from pipeline.facts import Word
from pipeline.measure import hesitation
from pipeline.measure.nuclei import Nuclei
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span

SETTINGS = load_measure_settings().hesitation


def said(text, start=0.0, per_syllable=0.2):
    """A word per character; "|" is half a second of silence."""
    words, at = [], start
    for character in text:
        if character == "|":
            at += 0.5
            continue
        words.append(Word(text=character, span=Span(at, at + per_syllable), speaker="customer"))
        at += per_syllable
    return tuple(words)


def speech_of(words):
    """Speech as the words have it, joined where they touch."""
    spans = [words[0].span]
    for word in words[1:]:
        if word.span.start - spans[-1].end < 0.05:
            spans[-1] = Span(spans[-1].start, word.span.end)
        else:
            spans.append(word.span)
    return tuple(spans)


def heard(times):
    times = np.array(times, float)
    return Nuclei(times, times, np.ones(len(times)), 0.0)


def found(text):
    words = said(text)
    return [
        filler.text
        for filler in hesitation.fillers([words], speech_of(words), None, "customer", SETTINGS)
    ]


@pytest.mark.parametrize(
    ("text", "fillers"),
    [
        ("嗯我想问一下", ["嗯"]),
        ("我想嗯问一下", ["嗯"]),
        ("啊|这么贵", ["啊"]),
        ("好啊那就这样", []),
        ("谢谢你啊|再见", []),
        ("那个|我的包裹", ["那个"]),
        ("那个我想问一下", ["那个"]),
        ("那个套餐多少钱", []),
        ("我要那个套餐", []),
        ("我要那个|套餐", ["那个"]),
        ("那个那个套餐", ["那个"]),
        ("这就是说|我不能退", ["就是说"]),
        ("保价的金额|多少", []),
        ("嗯", []),
        ("嗯嗯", []),
    ],
)
def test_fillers_are_what_gains_time(text, fillers):
    assert found(text) == fillers


def test_a_filler_lies_where_it_was_said():
    words = said("我想呃问", start=10.0)
    (filler,) = hesitation.fillers([words], speech_of(words), None, "customer", SETTINGS)
    assert filler.span.start == pytest.approx(10.4)
    assert filler.span.end == pytest.approx(10.6)
    assert filler.speaker == "customer"


def test_english_fillers():
    words = [
        Word(text=text, span=Span(n * 0.3, n * 0.3 + 0.3), speaker="agent")
        for n, text in enumerate(["Um", "eight", "fifteen", "you", "know", "I", "like"])
    ]
    fillers = hesitation.fillers([words], [Span(0.0, 2.1)], None, "agent", SETTINGS)
    assert [filler.text for filler in fillers] == ["um"]


def test_a_filler_that_the_recogniser_dropped_is_heard():
    words = said("我想问||一下")
    between = Span(0.9, 1.2)
    speech = tuple(sorted([*speech_of(words), between]))
    (filler,) = hesitation.fillers([words], speech, heard([0.1, 0.3, 1.05]), "customer", SETTINGS)
    assert (filler.text, filler.span) == (None, between)


@pytest.mark.parametrize("nuclei", [[0.1, 0.3], [0.95, 1.1]], ids=["a click", "two syllables"])
def test_what_is_not_one_syllable_is_no_filler(nuclei):
    words = said("我想问||一下")
    speech = tuple(sorted([*speech_of(words), Span(0.9, 1.2)]))
    assert hesitation.fillers([words], speech, heard(nuclei), "customer", SETTINGS) == ()


def test_a_voice_that_goes_on_is_a_drawl():
    words = said("请您稍等", per_syllable=0.25)
    voicing = np.zeros(300, np.float32)
    voicing[0:150] = 1.0
    (drawl,) = hesitation.drawls(
        heard([0.1, 0.35, 0.6, 0.85]), voicing, [Span(0.0, 1.5)], words, "agent", SETTINGS
    )
    assert drawl.text == "等"
    assert drawl.span.start == pytest.approx(0.75)
    assert drawl.span.end == pytest.approx(1.5)


def test_usual_lengthening_before_a_pause_is_none():
    voicing = np.zeros(300, np.float32)
    voicing[0:115] = 1.0
    assert (
        hesitation.drawls(
            heard([0.1, 0.35, 0.6, 0.85]), voicing, [Span(0.0, 1.2)], [], "agent", SETTINGS
        )
        == ()
    )


def test_silence_after_a_syllable_is_no_drawl():
    voicing = np.zeros(300, np.float32)
    voicing[0:100] = 1.0
    nuclei = heard([0.1, 0.85])
    assert hesitation.drawls(nuclei, voicing, [Span(0.0, 2.5)], [], "agent", SETTINGS) == ()


def test_nothing_said_nothing_found():
    silent = Nuclei(np.zeros(0), np.zeros(0), np.zeros(0), 0.65)
    assert hesitation.fillers([], [], silent, "agent", SETTINGS) == ()
    assert hesitation.drawls(silent, np.zeros(0, np.float32), [], [], "agent", SETTINGS) == ()


def test_the_word_lists_are_settings():
    words = said("咳我想问")
    own = msgspec.structs.replace(SETTINGS, fillers=("咳",))
    assert hesitation.fillers([words], speech_of(words), None, "customer", own)
