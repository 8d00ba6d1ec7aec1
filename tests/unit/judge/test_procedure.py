"""What single examples do not show: restating, reading back, steps, questions."""

import functools

import pytest

from pipeline.judge.call import Judge, compile
from pipeline.judge.conversation import digits_of
from pipeline.rubric import load_lexicon, shipped
from pipeline.scorecard import Finding
from scripts.validation.talk import Line, facts_of


@functools.cache
def judge() -> Judge:
    rubric = shipped("affinity-zh-v1")
    return compile(rubric, load_lexicon(rubric.lexicon))


def finding(criterion: str, *lines: tuple[str, str] | Line) -> Finding:
    card = judge().score(facts_of(lines))
    return next(each for each in card.findings if each.criterion == criterion)


@pytest.mark.parametrize(
    ("text", "digits"),
    [("我的号码是138 1234 5678", ["13812345678"]), ("一三八，零零幺幺，二二三三", ["13800112233"]),
     ("三百块", []), ("12,850元", []), ("尾号7736。", ["7736"]), ("二零二六年", []), ("两个", []),
     ("一三八流零零", ["138600"]), ("一二三是四五六", ["123", "456"])],
)  # fmt: skip
def test_digit_strings_however_written(text: str, digits: list[str]) -> None:
    assert digits_of(text) == digits


def test_numbers_read_back_otherwise_are_told() -> None:
    lines = [("customer", "号码是13812345678"), ("agent", "是13812345699对吗")]
    found = finding("reads-back", *lines)
    assert found.outcome == "missed"
    assert any(each.note and "不一致" in each.note.zh for each in found.evidence)


def test_a_number_is_read_back_though_a_digit_was_misheard() -> None:
    """The recogniser wrote 流 for 六: that the agent said another digit, nobody knows."""
    lines = [("customer", "卡号后四位六六三八"), ("agent", "好的，流六三八，对吗")]
    assert finding("reads-back", *lines).outcome == "met"
    lines[1] = ("agent", "好的，六七三八，对吗")
    assert finding("reads-back", *lines).outcome == "missed"


def test_a_one_time_code_is_not_to_be_read_back() -> None:
    code = [("agent", "麻烦念一下收到的验证码"), ("customer", "六六三八")]
    assert finding("reads-back", *code, ("agent", "收到")).outcome == "not_applicable"
    phone = [("agent", "请问您的手机号"), ("customer", "13812345678")]
    both = [*phone, ("agent", "13812345678对吗"), *code, ("agent", "收到")]
    assert finding("reads-back", *both).outcome == "met"
    assert finding("reads-back", *phone, ("agent", "收到"), *code).outcome == "missed"


def test_the_cue_of_restating_without_content_does_not_count() -> None:
    said = ("customer", "我上个月的账单里多扣了三十块的彩铃费")
    assert finding("restates", said, ("agent", "您是说这样吗对吧")).outcome == "missed"
    good = finding("restates", said, ("agent", "您是说账单里多扣了彩铃费对吗"))
    assert good.outcome == "met"
    assert good.value is not None
    assert good.value >= 0.33


def test_steps_out_of_order_do_not_all_count() -> None:
    complaint = ("customer", "我要投诉，你们乱扣费，太过分了")
    ordered = [
        complaint,
        ("agent", "您请讲，我在听"),
        ("agent", "非常抱歉"),
        ("agent", "我非常理解您的心情"),
        ("agent", "我帮您核实一下原因"),
        ("agent", "您可以退款，或者换一个套餐"),
        ("agent", "您看这样可以吗"),
        ("agent", "请您放心，我会跟进的"),
    ]
    assert finding("seven-a", *ordered).value == 7
    backwards = [complaint, *reversed(ordered[1:])]
    found = finding("seven-a", *backwards)
    assert found.value is not None
    assert found.value < 5
    assert "缺" in found.reason.zh


def test_each_hold_needs_its_own_thanks() -> None:
    lines = [
        Line(by="agent", says="请您稍等"),
        Line(by="agent", says="谢谢您的耐心等待", after=15, hold="music"),
        Line(by="agent", says="请您再稍等"),
        Line(by="agent", says="查到了", after=15, hold="music"),
    ]
    found = finding("after-hold", *lines)
    assert (found.outcome, found.value, found.low) == ("missed", 1, 2)
    assert finding("before-hold", *lines).outcome == "met"


def test_long_sentences_lead_up_to_short_questions() -> None:
    lead = (
        "您的宽带是去年三月份办理的，到今年三月份就到期了，到期以后价格会恢复到原价，您看可以吗？"
    )
    assert finding("short-questions", ("agent", lead)).outcome == "met"


def test_a_quoted_taboo_is_shown_and_does_not_count() -> None:
    found = finding("taboo", ("agent", "您刚才说信不信由你，我想说明一下"))
    assert found.outcome == "met"
    assert [each.counts for each in found.evidence] == [False]
    customer = finding("taboo", ("customer", "信不信由你"), ("agent", "好的"))
    assert (customer.outcome, customer.evidence) == ("met", ())


def test_a_rewrite_is_offered() -> None:
    found = finding("habitual-phrasing", ("agent", "这种产品都卖完了"))
    assert found.evidence[0].rewrite == "由于需求很大，我们暂时没货了"


def test_greeting_after_ringing_is_in_time() -> None:
    from pipeline.facts import Tone
    from pipeline.timeline import Span

    ringing = Tone(span=Span(0.0, 9.0), channel=0, kind="ringback")
    late = [Line(by="agent", says="您好", after=10.0)]
    plain = judge().score(facts_of(late))
    rung = judge().score(facts_of(late, more={"tones": (ringing,)}))
    outcome = {
        card is rung: next(f.outcome for f in card.findings if f.criterion == "greets-in-seven")
        for card in (plain, rung)
    }
    assert outcome == {False: "missed", True: "met"}


def test_what_was_said_on_cutting_in_is_shown() -> None:
    lines = [
        ("customer", "我想说一下我家的宽带从上个星期开始就一直很慢"),
        Line(by="agent", says="您重启一下光猫", cuts="competitive-with-floor"),
    ]
    found = finding("cuts-in-politely", *lines)
    assert found.outcome == "missed"
    assert [each.words for each in found.evidence] == ["您重启一下光猫"]


@pytest.mark.parametrize(
    ("criterion", "says"),
    [
        ("standard-mandarin", "有的，这个套餐是有的"),
        ("vagueness", "因为地址写错了，所以师傅没有接到单子"),
    ],
)
def test_plain_words_are_no_fault(criterion: str, says: str) -> None:
    found = finding(criterion, ("customer", "怎么回事"), ("agent", says))
    assert (found.outcome, found.evidence) == ("met", ())


def test_when_it_began_is_no_promise_of_a_time() -> None:
    said = ("customer", "我的冰箱坏了")
    was = "我确认一下，前天晚上开始不制冷，之前报修过两次，师傅没有来"
    assert finding("next-step", said, ("agent", was)).outcome == "missed"
    will = "师傅明天下午三点之前会给您修好"
    assert finding("next-step", said, ("agent", will)).outcome == "met"


def test_better_words_than_dialect_are_a_sentence() -> None:
    found = finding("standard-mandarin", ("customer", "喂"), ("agent", "俺这就看看，咋整呢"))
    assert found.outcome == "missed"
    assert all(each.rewrite and each.rewrite[-1] in "。？" for each in found.evidence)
