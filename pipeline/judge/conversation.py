"""How the talk was led: restating, reading back, questions, terms, polite ways of asking."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from pipeline.judge.lexicon.sound import readings, skeleton
from pipeline.judge.mention import Mention
from pipeline.judge.said import counted, found
from pipeline.judge.verdict import (
    MAX_EVIDENCE,
    Verdict,
    falling,
    judged,
    met,
    missed,
    not_applicable,
)
from pipeline.judge.view import View
from pipeline.rubric.kinds import (
    Explains,
    Politely,
    QuestionKinds,
    Questions,
    ReadsBack,
    Restates,
)
from pipeline.scorecard import Evidence, Text

# ── Restating, reading back ──────────────────────────────────────────────────────────────────────


_FUNCTION = frozenset(
    "的了呢啊吧吗呀嘛是我你您他她它们这那个一下要想就都也还有没不在和跟对说把被给让到去来会能可以"
    "请问好么什怎哪为因所但而且或者如果因此现先生女士帮需得很太已经将您咱麻烦确认意思就是吧上下"
)
_ENGLISH_FUNCTION = frozenset(
    (
        "the", "a", "an", "to", "of", "and", "is", "are", "you", "your", "i", "my", "me",
        "it", "that", "this", "so", "in", "on", "for", "do", "does", "be", "have", "has",
        "with", "at", "was", "were", "am", "just", "right", "correct", "like", "want",
        "would", "we", "us", "our",
    )
)  # fmt: skip
_FUNCTION_WORDS = _FUNCTION | _ENGLISH_FUNCTION


def restates(criterion: Restates, view: View) -> Verdict:
    """A sentence that gives back what the customer had said, with a cue or asking "对吗".

    The cue alone does not do: enough of the sentence's content must be the customer's.
    """
    cues = counted(view, criterion.cue, criterion.by)
    asks = counted(view, criterion.confirm, criterion.by)
    best: tuple[float, Mention] | None = None
    empty: list[Mention] = []
    for mention in sorted(dict.fromkeys((*cues, *asks)), key=lambda each: each.start):
        share = _borrowed(criterion, view, mention)
        if share >= criterion.overlap and (best is None or share > best[0]):
            best = share, mention
        elif share < criterion.overlap:
            empty.append(mention)
    if best is not None:
        start, end = view.sentence_of(best[1])
        sentence = view.said(start, end)
        text = Text(zh=f"复述了客户的诉求：“{sentence}”", en=f"restates the request: “{sentence}”")
        return met(text, [best[1].evidence()], value=best[0], low=criterion.overlap)
    if empty:
        return missed(
            Text(
                zh="有“您是说”“对吗”之类的话，但没有复述客户说过的内容",
                en="the cue words are there, but nothing of what the customer said",
            ),
            [each.evidence() for each in empty],
            low=criterion.overlap,
        )
    return missed(Text(zh="没有复述并确认客户的诉求", en="does not restate the request"))


def _borrowed(criterion: Restates, view: View, mention: Mention) -> float:
    """Share of the content of a sentence that stands in the customer's last turns."""
    start, end = view.sentence_of(mention)
    mine = _content(view, start, end)
    if len(mine) < 2:
        return 0.0
    customers = view.turns_of.get("customer", [])
    before = customers[: bisect_left(customers, mention.turn)]
    looked = before[-criterion.look_back_turns :]
    numbers, starts, ends = view.script.numbers, view.script.starts, view.script.ends
    shared = [mine.intersection(numbers[starts[index] : ends[index]]) for index in looked]
    borrowed = len(set().union(*shared))
    return borrowed / len(mine) if borrowed >= 2 else 0.0


def _content(view: View, start: int, end: int) -> set[int]:
    """The units that are no function words, by number."""
    return set(view.script.numbers[start:end]) - view.book.vocabulary.numbers(_FUNCTION_WORDS)


_HANZI_DIGITS = "零〇一二三四五六七八九幺两○"
_TO_DIGITS = str.maketrans(_HANZI_DIGITS, "00123456789120")
_RUN = re.compile(
    rf"[\d{_HANZI_DIGITS}](?:[\s,，、。.\-嗯呃啊]{{0,2}}[\d{_HANZI_DIGITS}]){{2,}}"
    r"(?P<amount>\s*[元块角%兆度岁年月天秒万千百十])?"
)
LEAST_DIGITS = 3
"""Fewer are no string."""
_THOUSANDS = re.compile(r"\d,\d{3}(?!\d)")
_NO_DIGIT = re.compile(r"\D")
_BETWEEN = re.compile(r"[\s,，、。.\-嗯呃啊]+")
_HANZI = re.compile(r"[\u4e00-\u9fff]")
_ANY_DIGIT = rf"[\d{_HANZI_DIGITS}]"
_INSIDE = re.compile(
    rf"(?<={_ANY_DIGIT}{{2}})[\u4e00-\u9fff](?={_ANY_DIGIT})"
    rf"|(?<={_ANY_DIGIT})[\u4e00-\u9fff](?={_ANY_DIGIT}{{2}})"
)
"""What a recogniser wrote among digits."""
_SOUND_OF_DIGIT = {skeleton(digit): digit.translate(_TO_DIGITS) for digit in _HANZI_DIGITS}
_OTHER_NUMERALS = frozenset("十百千万亿")


def _as_digit(found: re.Match[str]) -> str:
    """The digit that a Hanzi sounds like, or the Hanzi."""
    hanzi = found[0]
    sounds = readings(hanzi)
    if hanzi in _OTHER_NUMERALS or not sounds or sounds[0][0] == "sh":
        return hanzi  # 是, 时 and 十 sound much like 四, and stand between digits
    return _SOUND_OF_DIGIT.get(skeleton(hanzi), hanzi)


def _reads(text: str, digits: str) -> bool:
    """Whether these digits are said, or what sounds like them."""
    said = _HANZI.sub(_as_digit, _BETWEEN.sub("", text.translate(_TO_DIGITS)))
    return digits in said


def digits_of(text: str) -> list[str]:
    """Digit strings of three digits or more, however they are written; amounts are none."""
    text = _INSIDE.sub(_as_digit, text)
    runs = [run[0].translate(_TO_DIGITS) for run in _RUN.finditer(text) if not run["amount"]]
    return [_NO_DIGIT.sub("", run) for run in runs if not _THOUSANDS.search(run)]


def reads_back(criterion: ReadsBack, view: View) -> Verdict:
    """Numbers that the customer gave, and whether the agent said them again, and the same.

    What the agent's turn before asks for as a secret (a one-time code) is not to be repeated.
    """
    digits = view.digits
    asked_secretly = {
        mention.turn
        for mention in (counted(view, criterion.secret, criterion.by) if criterion.secret else ())
    }
    given: list[tuple[int, str]] = [
        (index, run)
        for index in view.turns_of.get("customer", ())
        if digits[index] >= LEAST_DIGITS  # quicker than reading the turn
        if index - 1 not in asked_secretly
        for run in digits_of(view.text(view.turns[index]))
        if len(run) >= criterion.min_digits
    ]
    if not given:
        return not_applicable("客户没有报出号码", "the customer gave no numbers")
    evidence, good = [], 0
    for index, run in given:
        after = view.own_turns_after(index, criterion.by, criterion.within_turns)
        texts = [view.text(view.turns[each]) for each in after]
        said = "".join("".join(digits_of(text)) for text in texts)
        same = (
            run in said
            or (len(run) > 6 and run[-4:] in said)
            or any(_reads(text, run) for text in texts)
        )
        good += same
        turn = view.turns[index]
        note = (
            Text(zh=f"客户报出 {run}，坐席已复述", en=f"{run} was read back")
            if same
            else Text(zh=f"客户报出 {run}，坐席{_heard(said)}", en=f"{run} was not read back")
        )
        evidence.append(
            Evidence(span=turn.span, speaker=turn.speaker, words=view.text(turn), note=note)
        )
    share = good / len(given)
    text = Text(
        zh=f"客户报出{len(given)}组号码，坐席复核{good}组",
        en=f"{good} of {len(given)} numbers read back",
    )
    return judged(share >= criterion.share, text, evidence, share=share, value=share,
                  low=criterion.share)  # fmt: skip


def _heard(said: str) -> str:
    return f"复述成 {said}，不一致" if len(said) >= 4 else "没有复述"


# ── Questions ────────────────────────────────────────────────────────────────────────────────────


def questions(criterion: Questions, view: View) -> Verdict:
    """Short questions, not several in a row."""
    asked = view.questions(criterion.by)
    if not asked:
        return not_applicable("坐席没有提问", "the agent asked nothing")
    bad: dict[int, Text] = {}
    rows = Counter([question.turn for question in asked])
    turn, place = -1, 0
    for at, question in enumerate(asked):
        turn, place = question.turn, place + 1 if question.turn == turn else 0
        length = question.end - _asked_from(view.closed, question.start, question.end)
        if length > criterion.max_syllables:
            bad[at] = Text(zh=f"问题长达{length}字", en=f"{length} syllables long")
        if place >= criterion.max_at_once:
            row = rows[turn]
            bad[at] = Text(zh=f"一次连问{row}个问题", en=f"{row} questions in one turn")
    share = 1 - len(bad) / len(asked)
    evidence = [
        Evidence(
            span=view.script.span(asked[at].start, asked[at].end),
            speaker=criterion.by,
            words=view.said(asked[at].start, asked[at].end),
            note=note,
        )
        for at, note in itertools.islice(bad.items(), MAX_EVIDENCE)
    ]
    text = Text(
        zh=f"{len(asked)}个问题中{len(asked) - len(bad)}个简短且逐一提出",
        en=f"{len(asked) - len(bad)} of {len(asked)} questions are short and asked one at a time",
    )
    return judged(share >= criterion.share, text, evidence, share=share, value=share,
                  low=criterion.share)  # fmt: skip


def _asked_from(closed: Sequence[int], start: int, end: int) -> int:
    """Where the asking clause of a sentence begins: what comes before its comma only leads up."""
    before = bisect_left(closed, end - 1)
    begin = max(start, closed[before - 1] + 1) if before else start
    short = end - begin <= TAG_UNITS and begin > start
    return _asked_from(closed, start, begin) if short else begin


TAG_UNITS = 3
"""好吗, 对吗, 可以吗 belong to the clause before them."""


def question_kinds(criterion: QuestionKinds, view: View) -> Verdict:
    """Open questions to learn, closed ones to make sure."""
    asked = view.questions(criterion.by)
    if len(asked) < criterion.min_questions:
        return not_applicable(
            f"提问不足{criterion.min_questions}个，不作判断", "too few questions to tell"
        )
    marks = sorted([each.start for each in found(view, criterion.open, criterion.by)])
    kinds = [bisect_left(marks, q.start) < bisect_left(marks, q.end) for q in asked]
    opens = sum(kinds)
    closed = len(asked) - opens
    good = opens >= criterion.min_open and closed >= criterion.min_closed
    text = Text(
        zh=f"开放式{opens}个，封闭式{closed}个",
        en=f"{opens} open and {closed} closed questions",
    )
    evidence = [
        Evidence(
            span=view.script.span(q.start, q.end),
            speaker=criterion.by,
            words=view.said(q.start, q.end),
            note=OPEN if is_open else CLOSED,
        )
        for q, is_open in zip(asked[:MAX_EVIDENCE], kinds, strict=False)
    ]
    return judged(good, text, evidence, share=0.5, value=opens, low=criterion.min_open)


OPEN = Text(zh="开放式", en="open")
CLOSED = Text(zh="封闭式", en="closed")
NO_TERMS = Text(zh="没有使用专业术语", en="no technical terms")


# ── Nearness of two things ───────────────────────────────────────────────────────────────────────


def explains(criterion: Explains, view: View) -> Verdict:
    """Each technical term once: explained in the same turn or soon after."""
    terms = {each.phrase: each for each in reversed(counted(view, criterion.terms, criterion.by))}
    if not terms:
        return met(NO_TERMS)
    plain = counted(view, criterion.explain, criterion.by)
    bare = [
        term
        for term in terms.values()
        if not any(
            term.begins - criterion.within_s / 2
            <= each.begins
            <= term.finishes + criterion.within_s
            for each in plain
        )
    ]
    share = 1 - len(bare) / len(terms)
    text = Text(
        zh=f"使用{len(terms)}个专业术语，{len(terms) - len(bare)}个作了解释",
        en=f"{len(terms) - len(bare)} of {len(terms)} technical terms explained",
    )
    evidence = [each.evidence() for each in bare[:MAX_EVIDENCE]]
    return judged(share >= criterion.share, text, evidence, share=share, value=share,
                  low=criterion.share)  # fmt: skip


def politely(criterion: Politely, view: View) -> Verdict:
    """Whenever the thing is said, the polite words are near it."""
    things = _one_mention_per_turn(counted(view, criterion.thing, criterion.by))
    if not things:
        return not_applicable("没有出现需要这样说的情形", "nothing called for it")
    kind = counted(view, criterion.polite, criterion.by)
    bare = [
        each
        for each in things
        if not any(
            abs(other.begins - each.begins) <= criterion.within_s
            and abs(other.turn - each.turn) <= 2
            for other in kind
        )
    ]
    share = 1 - len(bare) / len(things)
    text = Text(
        zh=f"{len(things)}次中{len(things) - len(bare)}次得体",
        en=f"{len(things) - len(bare)} of {len(things)} times with the right words",
    )
    evidence = [each.evidence() for each in (bare or things)[:MAX_EVIDENCE]]
    return judged(share >= criterion.share, text, evidence, share=falling(1 - share, 1.0),
                  value=share, low=criterion.share)  # fmt: skip


def _one_mention_per_turn(mentions: Sequence[Mention]) -> list[Mention]:
    kept: dict[int, Mention] = {}
    for mention in mentions:
        kept.setdefault(mention.turn, mention)
    return list(kept.values())
