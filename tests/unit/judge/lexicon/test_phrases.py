"""Lists, gaps, exceptions, negation and reported speech."""

import pytest

from pipeline.errors import ConfigError
from pipeline.judge.lexicon.phrases import PhraseBook, reported
from pipeline.judge.lexicon.script import Script, script_of
from pipeline.rubric.model import Lexicon, PhraseList, Rewrite
from scripts.validation.talk import facts_of

LEXICON = Lexicon(
    language="zh",
    fillers=("嗯",),
    negators=("不", "没", "别"),
    reporting=("您说", "您刚才说", "没有说"),
    lists={},
)


def book(**lists: PhraseList) -> PhraseBook:
    return PhraseBook(LEXICON, lists)


def search(ready: PhraseBook, text: str) -> tuple[Script, dict[str, list[str]]]:
    script = script_of(facts_of([("agent", text)]).turns, ready.vocabulary)
    hits, _, _ = ready.search(script)
    found: dict[str, list[str]] = {}
    for number, start, end in zip(hits.entries, hits.starts, hits.ends, strict=True):
        found.setdefault(ready.entries[number].phrases, []).append(script.text(start, end))
    return script, found


def test_gaps_hold_so_many_units_in_one_sentence() -> None:
    ready = book(look=PhraseList(says=("帮您…3查",)))
    assert search(ready, "帮您马上去查")[1] == {"look": ["帮您马上去查"]}
    assert search(ready, "帮您马上就去查")[1] == {}
    assert search(ready, "帮您，去查")[1] == {"look": ["帮您去查"]}
    assert search(ready, "帮您。查一下")[1] == {}


def test_hits_of_a_list_do_not_overlap_and_the_longest_wins() -> None:
    ready = book(wait=PhraseList(says=("稍等", "请您稍等一下", "请您稍等")))
    assert search(ready, "请您稍等一下啊，稍等")[1] == {"wait": ["请您稍等一下", "稍等"]}


def test_exceptions_take_hits_away() -> None:
    ready = book(no=PhraseList(says=("不行",), excepting=("行不行",), negation="ignore"))
    assert search(ready, "这样行不行")[1] == {}
    assert search(ready, "这样不行")[1] == {"no": ["不行"]}


def test_exceptions_are_heard_as_badly_as_phrases_and_bar_what_sounds_no_better() -> None:
    ready = book(
        hello=PhraseList(says=("您好",), excepting=("您好像",)),
        bye=PhraseList(says=("再会",), excepting=("再回",)),
    )
    assert search(ready, "您嚎像登记过")[1] == {}  # 嚎 for 好, as in the exception
    assert search(ready, "那再会")[1] == {"bye": ["再会"]}  # another tone: the phrase was said
    assert search(ready, "我再回拨")[1] == {}


def test_exact_lists_know_no_nearness() -> None:
    near, exact = PhraseList(says=("您好吗",)), PhraseList(says=("您好吗",), exact=True)
    ready = book(near=near, exact=exact)
    assert set(search(ready, "宁好吗")[1]) == {"near"}
    assert set(search(ready, "您好马")[1]) == {"near"}  # another tone
    assert set(search(ready, "您好嘛")[1]) == {"near", "exact"}  # a perfect homophone


def test_a_rewrite_travels_with_its_phrase() -> None:
    ready = book(bad=PhraseList(says=(Rewrite(say="卖完了", better="暂时没货了"), "没了"),
                                better="请稍等"))  # fmt: skip
    script, _ = search(ready, "都卖完了，没了")
    hits, _, _ = ready.search(script)
    assert [ready.entries[each].better for each in hits.entries] == ["暂时没货了", "请稍等"]


@pytest.mark.parametrize(
    ("text", "negated"),
    [("不满意", True), ("不是满意", True), ("不太满意", True), ("没有满意", True), ("满意", False),
     ("是不是满意", False), ("满不满意", False), ("不，满意", False), ("要不满意", False)],
)  # fmt: skip
def test_negation_right_before_a_phrase_turns_it(text: str, negated: bool) -> None:
    ready = book(good=PhraseList(says=("满意",)))
    script, _ = search(ready, text)
    start = ready.search(script)[0].starts[-1]
    assert ready.negated(script, start) is negated


@pytest.mark.parametrize(
    ("text", "distance"),
    [("您刚才说信不信由你", 0), ("您刚才说我们信不信由你", 2), ("您说信不信由你", 0),
     ("您说得对，信不信由你", None), ("您刚才说了很多。信不信由你", None), ("信不信由你", None)],
)  # fmt: skip
def test_reported_speech_is_known(text: str, distance: int | None) -> None:
    ready = book(bad=PhraseList(says=("信不信由你",), negation="ignore"))
    script, _ = search(ready, text)
    hits, reports, _ = ready.search(script)
    assert reported(script, reports).get(hits.starts.item(0)) == distance


def test_no_phrase_crosses_a_turn() -> None:
    ready = book(wait=PhraseList(says=("请您稍等",)))
    turns = facts_of([("agent", "请您"), ("customer", "稍等")]).turns
    assert not len(ready.search(script_of(turns, ready.vocabulary))[0].entries)


def test_a_phrase_without_anything_to_hear_is_refused() -> None:
    with pytest.raises(ConfigError, match="nothing that can be heard"):
        book(odd=PhraseList(says=("？！",)))
