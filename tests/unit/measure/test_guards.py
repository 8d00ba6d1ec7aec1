"""Each sign of made-up text, and what is nearly it and was said."""

import math
from collections.abc import Sequence

import pytest

from pipeline.facts import Word
from pipeline.measure.guards import Segment, guarded
from pipeline.settings import TranscriptGuards, load_measure_settings
from pipeline.text import words_in
from pipeline.timeline import Span

SPEECH = tuple(Span(3 * n, 3 * n + 2.95) for n in range(20))


@pytest.fixture(scope="module")
def settings() -> TranscriptGuards:
    return load_measure_settings().transcript.guards


def segment(
    texts: str | Sequence[str],
    *,
    start: float = 1.0,
    each: float = 0.25,
    probability: float = 0.9,
    no_speech: float = 0.01,
    log_probability: float = -0.2,
    unplaced: Sequence[int] = (),
) -> Segment:
    texts = words_in(texts) if isinstance(texts, str) else texts
    words = tuple(
        Word(
            text=text,
            span=Span(start + each * n, start + each * (n + 1)),
            speaker="agent",
            probability=probability,
        )
        for n, text in enumerate(texts)
    )
    placed = tuple(None if n in unplaced else word for n, word in enumerate(words))
    return Segment(words, placed, log_probability, no_speech)


def said(texts: str | Sequence[str], settings: TranscriptGuards, **more: float) -> str:
    found = guarded([segment(texts, **more)], SPEECH, settings)  # type: ignore[arg-type]
    assert all(text.reason for text in found.refused)
    return "".join(word.text for word in found.words)


@pytest.mark.parametrize(
    "credit",
    [
        "字幕由Amara.org社区提供",
        "字幕由 Amara.org 社區提供",
        "中文字幕由 Amara.org 社群提供",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "請不吝點贊 訂閱 轉發 打賞支持明鏡與點點欄目",
        "明镜需要您的支持 欢迎订阅明镜",
        "谢谢观看",
        "謝謝觀看！",
        "感谢您的收看",
        "谢谢大家收听",
        "由阳光字幕组翻译",
        "字幕志愿者 杨茜茜",
        "字幕by索兰娅",
        "作词 作曲 李宗盛",
        "优优独播剧场——YoYo Television Series Exclusive",
        "我们下期再见",
        "Thanks for watching!",
        "Thank you so much for watching.",
        "Please like and subscribe",
        "Subtitles by the Amara.org community",
    ],
)
def test_credits_are_refused_and_what_was_said_beside_them_stays(
    credit: str, settings: TranscriptGuards
) -> None:
    assert said(credit, settings) == ""
    beside = guarded([segment(f"您好。{credit}。好的")], SPEECH, settings)
    assert "".join(word.text for word in beside.words) == "您好好的"
    (refused,) = beside.refused
    assert refused.reason == "a subtitle's credit, known as invented"
    assert refused.span.start == pytest.approx(1.5)


@pytest.mark.parametrize(
    "text",
    [
        "谢谢您的来电再见",
        "感谢您的耐心等待",
        "谢谢",
        "您可以订阅我们的短信提醒",
        "我看字幕有问题",
        "I want to subscribe to the newsletter",
        "thank you for calling",
        "您看一下谢谢观察",
        "好的好的好的好的",
        "对对对对对对对对",
        "八八八八零零零零零零",
        "我的号码是一三八一三八一三八零零",
    ],
)
def test_what_a_person_says_stays(text: str, settings: TranscriptGuards) -> None:
    assert said(text, settings) == "".join(words_in(text))


def test_loops_are_refused_alone(settings: TranscriptGuards) -> None:
    found = guarded([segment("您好" + "请稍等" * 9 + "再见")], SPEECH, settings)
    assert "".join(word.text for word in found.words) == "您好再见"
    (refused,) = found.refused
    assert refused.text == "请稍等" * 9
    assert refused.reason == "a loop: '请稍等' 9 times"


def test_a_loop_does_not_take_its_segment_along(settings: TranscriptGuards) -> None:
    start = segment("你这是什么态度", each=0.2)
    looped = segment("就是" * 80, start=2.4, each=0.02)
    words = start.words + looped.words
    found = guarded([Segment(words, words, -0.2, 0.0)], (Span(1.0, 3.2),), settings)
    assert "".join(word.text for word in found.words) == "你这是什么态度"


def test_a_word_for_ever_is_a_loop(settings: TranscriptGuards) -> None:
    assert said("啊" * 40, settings) == ""
    assert said(["you"] * 13, settings) == ""


def test_silence_by_the_recogniser(settings: TranscriptGuards) -> None:
    assert said("谢谢", settings, no_speech=0.9, log_probability=-1.2) == ""
    assert said("谢谢", settings, no_speech=0.9, log_probability=-0.3) == "谢谢"
    assert said("谢谢", settings, no_speech=0.1, log_probability=-1.2) == "谢谢"


def test_guesses(settings: TranscriptGuards) -> None:
    limit = math.exp(settings.average_log_probability)
    assert said("您好请问", settings, probability=limit * 0.9) == ""
    assert said("您好请问", settings, probability=limit * 1.1) == "您好请问"


def test_more_text_than_anyone_can_say(settings: TranscriptGuards) -> None:
    speech = (Span(10, 10.5),)
    many = segment("请问有什么可以帮您的吗先生您好", start=9.8, each=0.07)
    found = guarded([many], speech, settings)
    assert found.words == ()
    assert found.refused[0].reason == ("too much text for the speech here (15 syllables in 0.5 s)")
    few = segment("好的", start=10, each=0.02)
    assert len(guarded([few], speech, settings).words) == 2


def test_rapid_fire_stays(settings: TranscriptGuards) -> None:
    text = "请问有什么可以帮您的吗先生您好"
    assert said(text, settings, each=1 / 9) == text


def test_many_words_at_one_moment(settings: TranscriptGuards) -> None:
    words = [*segment("您好").words, *segment("请问有什么", start=1.5, each=0.0).words]
    found = guarded([Segment(tuple(words), tuple(words), -0.2, 0.0)], SPEECH, settings)
    assert "".join(word.text for word in found.words) == "您好"
    assert found.refused[0].reason == "5 syllables at one moment"


def test_words_where_nobody_speaks(settings: TranscriptGuards) -> None:
    found = guarded([segment("好的谢谢", unplaced=(2, 3))], SPEECH, settings)
    assert "".join(word.text for word in found.words) == "好的"
    (refused,) = found.refused
    assert (refused.text, refused.reason) == ("谢谢", "nobody speaks here")
    assert refused.speaker == "agent"


def test_nothing_gives_nothing(settings: TranscriptGuards) -> None:
    assert guarded([], SPEECH, settings) == ((), ())
    assert guarded([Segment((), (), -0.1, 0.0)], SPEECH, settings) == ((), ())


def test_a_tone_taken_for_speech_is_no_word(settings: TranscriptGuards) -> None:
    tone = (Span(0.9, 18.0),)
    found = guarded([segment("一")], tone, settings)
    assert found.words == ()
    assert found.refused[0].reason == "hardly a word in 17 s of sound"
    # Slow speech stays, and so does one word in a breath.
    assert len(guarded([segment("我想问一下这个怎么办")], tone, settings).words) == 10
    assert len(guarded([segment("一")], (Span(0.9, 3.0),), settings).words) == 1
