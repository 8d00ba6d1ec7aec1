"""What has to be said, and where: openings and closings, answers to what happens, steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.facts import INTERRUPTIONS
from pipeline.judge.lexicon.normalise import COMMA
from pipeline.judge.said import counted, found, within
from pipeline.judge.states import upset_turns
from pipeline.judge.verdict import (
    MAX_EVIDENCE,
    Verdict,
    falling,
    judged,
    met,
    missed,
    not_applicable,
)
from pipeline.judge.view import Mention, Sentence, View
from pipeline.rubric.kinds import (
    Answers,
    Explains,
    Politely,
    QuestionKinds,
    Questions,
    ReadsBack,
    Restates,
    Says,
    Steps,
)
from pipeline.scorecard import Evidence, Text
from pipeline.timeline import Span

# ── Said at all ──────────────────────────────────────────────────────────────────────────────────


def says(criterion: Says, view: View) -> Verdict:
    """Something has to be said, so and so often, in a certain place."""
    every = within(view, found(view, criterion.say, criterion.by), criterion.where, criterion.by)
    good = [each for each in every if _counts(each)]
    wanted = _wanted(criterion, view)
    evidence = [each.evidence() for each in every[:MAX_EVIDENCE]]
    name = criterion.name
    if len(good) >= wanted:
        text = Text(
            zh=f"听到{len(good)}处：“{good[0].words}”" if good else "无须说出",
            en=f"heard {len(good)} times: “{good[0].words}”" if good else "nothing needed",
        )
        return met(text, evidence, value=len(good), low=wanted)
    elsewhere = [each for each in found(view, criterion.say, criterion.by) if each not in every]
    evidence += [each.evidence(WRONG_PLACE) for each in elsewhere[:3]]
    zh = f"未听到{name.zh}" if not good else f"{name.zh}只听到{len(good)}处，应至少{wanted}处"
    en = f"not heard: {name.en}" if not good else f"heard {len(good)} times, expected {wanted}"
    if not good and any(each.problem for each in every):
        zh, en = f"{zh}（有相近字句，但不计）", f"{en} (something like it does not count)"
    elif not good and elsewhere:
        zh, en = f"{zh}（说了，但位置不对）", f"{en} (said, but elsewhere)"
    share = len(good) / wanted if wanted else 0.0
    return missed(Text(zh=zh, en=en), evidence, share=share, value=len(good), low=wanted)


WRONG_PLACE = Text(zh="位置不对，不计", en="in the wrong place; not counted")


def _counts(mention: Mention) -> bool:
    """The words count, and are not somebody else's, told again ("您说对不起")."""
    return mention.problem is None and (mention.quoted is None or mention.quoted > 1)


def _wanted(criterion: Says, view: View) -> int:
    if criterion.per_minutes is None:
        return criterion.at_least
    minutes = view.facts.audio.duration_s / 60
    return max(1, round(criterion.at_least * minutes / criterion.per_minutes))


# ── Said whenever something happens ──────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that calls for words."""

    span: Span
    turn: int | None
    words: str | None = None
    speaker: str | None = None


def answers(criterion: Answers, view: View) -> Verdict:
    """Every occasion, and whether the words came near it."""
    occasions = _occasions(criterion, view)
    if not occasions:
        return not_applicable(*_NO_OCCASION.get(criterion.to or "", _NOTHING))
    said = [each for each in found(view, criterion.say, criterion.by) if _counts(each)]
    evidence: list[Evidence] = []
    answered = 0
    for occasion in occasions:
        reply = next((each for each in said if _replies(criterion, view, occasion, each)), None)
        answered += reply is not None
        evidence.append(reply.evidence() if reply is not None else _left(occasion, criterion.by))
    share = answered / len(occasions)
    text = Text(
        zh=f"{len(occasions)}次应说之处，说了{answered}次",
        en=f"said on {answered} of {len(occasions)} occasions",
    )
    return judged(
        share >= criterion.share, text, evidence, share=share, value=answered, low=len(occasions)
    )


_NOTHING = ("没有出现需要这样说的情形", "nothing called for it")
_NO_OCCASION = {
    "hold-start": ("没有让客户等待", "the customer was not made to wait"),
    "hold-end": ("没有让客户等待", "the customer was not made to wait"),
    "interruption": ("坐席没有插话", "the agent did not cut in"),
    "upset": ("客户没有负面情绪", "the customer was not upset"),
}


def _left(occasion: Occasion, speaker: str) -> Evidence:
    return Evidence(
        span=occasion.span,
        speaker=occasion.speaker or speaker,
        words=occasion.words,
        note=Text(zh="此处应说而未说", en="should have been said here"),
    )


def _occasions(criterion: Answers, view: View) -> list[Occasion]:
    if criterion.to_say is not None:
        mentions = counted(view, criterion.to_say, criterion.to_by)
        return _one_per_turn(
            Occasion(each.span, each.turn, each.words, each.speaker) for each in mentions
        )
    if criterion.to == "interruption":
        return [
            Occasion(each.span, _turn_at(view, each.second, each.span.start), None, each.second)
            for each in view.facts.overlaps
            if each.second == criterion.by and each.kind in INTERRUPTIONS
        ]
    if criterion.to == "upset":
        return [
            Occasion(view.turns[index].span, index, view.turns[index].text, "customer")
            for index in upset_turns(view)
            if view.own_turns_after(index, criterion.by, 1)
        ]
    holds = [hold for hold in view.facts.holds if hold.span.duration >= criterion.at_least_s]
    at_start = criterion.to == "hold-start"
    edges = [hold.span.start if at_start else hold.span.end for hold in holds]
    return [Occasion(Span(edge, edge), None) for edge in edges if edge < view.ends or at_start]


def _one_per_turn(occasions: Iterable[Occasion]) -> list[Occasion]:
    kept: dict[int | None, Occasion] = {}
    for occasion in occasions:
        kept.setdefault(occasion.turn, occasion)
    return list(kept.values())


def _turn_at(view: View, speaker: str, time: float) -> int | None:
    for index in view.turns_of.get(speaker, ()):
        span = view.turns[index].span
        if span.start - 0.5 <= time < span.end:
            return index
    return None


def _replies(criterion: Answers, view: View, occasion: Occasion, mention: Mention) -> bool:
    before = (
        occasion.span.start - criterion.within_s <= mention.span.end <= (occasion.span.start + 2.0)
    )
    after = (
        occasion.span.start - 0.5 <= mention.span.start <= (occasion.span.end + criterion.within_s)
    )
    wanted = {"before": before, "after": after, "either": before or after}[criterion.side]
    if not wanted:
        return False
    if criterion.within_turns is None or occasion.turn is None:
        return True
    near = view.own_turns_after(occasion.turn - 1, criterion.by, criterion.within_turns)
    return mention.turn in near


# ── In order ─────────────────────────────────────────────────────────────────────────────────────


def steps(criterion: Steps, view: View) -> Verdict:
    """The longest part of the steps that came in order, and what is missing."""
    mentions = {name: counted(view, say, criterion.by) for name, say in criterion.steps.items()}
    chain = _longest_in_order(list(mentions.items()))
    done = {name for name, _ in chain}
    titles = {name: criterion.names.get(name, Text(zh=name, en=name)) for name in mentions}
    absent = [titles[name] for name in mentions if name not in done]
    evidence = [mention.evidence(titles[name]) for name, mention in chain]
    share = len(chain) / max(1, len(mentions))
    zh, en = (
        f"{len(mentions)}步中按顺序做到{len(chain)}步",
        (f"{len(chain)} of {len(mentions)} steps in order"),
    )
    if absent:
        zh += "；缺：" + "、".join(title.zh for title in absent)
        en += "; missing: " + ", ".join(title.en for title in absent)
    return judged(
        share >= criterion.share,
        Text(zh=zh, en=en),
        evidence,
        share=share,
        value=len(chain),
        low=criterion.share * len(mentions),
    )


def _longest_in_order(
    steps_said: Sequence[tuple[str, Sequence[Mention]]],
) -> list[tuple[str, Mention]]:
    """The longest chain of different steps, each said no earlier than the one before it."""
    best: list[list[tuple[str, Mention]]] = [[]]
    for name, mentions in steps_said:
        longer: list[list[tuple[str, Mention]]] = []
        for chain in best:
            begin = chain[-1][1].start if chain else -1
            fitting = next((each for each in mentions if each.start >= begin), None)
            if fitting is not None:
                longer.append([*chain, (name, fitting)])
        best = _undominated(best + longer)
    return max(best, key=len)


def _undominated(
    chains: list[list[tuple[str, Mention]]],
) -> list[list[tuple[str, Mention]]]:
    """Of the chains of one length, the one that ends first."""
    first: dict[int, list[tuple[str, Mention]]] = {}
    for chain in chains:
        known = first.get(len(chain))
        if known is None or (chain and chain[-1][1].start < known[-1][1].start):
            first[len(chain)] = chain
    return list(first.values())


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


def restates(criterion: Restates, view: View) -> Verdict:
    """A sentence that gives back what the customer had said, with a cue or asking "对吗".

    The cue alone does not do: enough of the sentence's content must be the customer's.
    """
    cues = counted(view, criterion.cue, criterion.by)
    asks = counted(view, criterion.confirm, criterion.by)
    best: tuple[float, Mention] | None = None
    empty: list[Mention] = []
    for mention in sorted({*cues, *asks}, key=lambda each: each.start):
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
    theirs: set[str] = set()
    customers = [i for i in view.turns_of.get("customer", ()) if i < mention.turn]
    for index in customers[-criterion.look_back_turns :]:
        theirs |= _content(view, view.script.starts[index], view.script.ends[index])
    shared = mine & theirs
    return len(shared) / len(mine) if len(shared) >= 2 else 0.0


def _content(view: View, start: int, end: int) -> set[str]:
    return {
        unit
        for index in range(start, end)
        if (unit := view.script.unit(index)) not in _FUNCTION and unit not in _ENGLISH_FUNCTION
    }


_TO_DIGITS = str.maketrans("零〇一二三四五六七八九幺两○", "00123456789120")
_RUN = re.compile(
    r"\d(?:[\s,，、。.\-嗯呃啊]{0,2}\d){2,}(?P<amount>\s*[元块角%兆度岁年月天秒万千百十])?"
)
_THOUSANDS = re.compile(r"\d,\d{3}(?!\d)")


def digits_of(text: str) -> list[str]:
    """Digit strings of three digits or more, however they are written; amounts are none."""
    return [
        re.sub(r"\D", "", run[0])
        for run in _RUN.finditer(text.translate(_TO_DIGITS))
        if not run["amount"] and not _THOUSANDS.search(run[0])
    ]


def reads_back(criterion: ReadsBack, view: View) -> Verdict:
    """Numbers that the customer gave, and whether the agent said them again, and the same."""
    given: list[tuple[int, str]] = [
        (index, run)
        for index in view.turns_of.get("customer", ())
        if _has_digits(view, index)
        for run in digits_of(view.turns[index].text)
        if len(run) >= criterion.min_digits
    ]
    if not given:
        return not_applicable("客户没有报出号码", "the customer gave no numbers")
    evidence, good = [], 0
    for index, run in given:
        after = view.own_turns_after(index, criterion.by, criterion.within_turns)
        said = "".join("".join(digits_of(view.turns[each].text)) for each in after)
        same = run in said or (len(run) > 6 and run[-4:] in said)
        good += same
        turn = view.turns[index]
        note = (
            Text(zh=f"客户报出 {run}，坐席已复述", en=f"{run} was read back")
            if same
            else Text(zh=f"客户报出 {run}，坐席{_heard(said)}", en=f"{run} was not read back")
        )
        evidence.append(Evidence(span=turn.span, speaker=turn.speaker, words=turn.text, note=note))
    share = good / len(given)
    text = Text(
        zh=f"客户报出{len(given)}组号码，坐席复核{good}组",
        en=f"{good} of {len(given)} numbers read back",
    )
    return judged(share >= criterion.share, text, evidence, share=share, value=share,
                  low=criterion.share)  # fmt: skip


def _has_digits(view: View, index: int) -> bool:
    """Whether a turn may hold a digit string at all; quicker than reading it."""
    script, digits = view.script, view.book.vocabulary.digits
    said = script.numbers[script.starts[index] : script.ends[index]]
    return len([number for number in said if number in digits]) >= 3


def _heard(said: str) -> str:
    return f"复述成 {said}，不一致" if len(said) >= 4 else "没有复述"


# ── Questions ────────────────────────────────────────────────────────────────────────────────────


def questions(criterion: Questions, view: View) -> Verdict:
    """Short questions, not several in a row."""
    asked = view.questions(criterion.by)
    if not asked:
        return not_applicable("坐席没有提问", "the agent asked nothing")
    bad: dict[int, Text] = {}
    for at, question in enumerate(asked):
        length = question.end - _asked_from(view, question)
        if length > criterion.max_syllables:
            bad[at] = Text(zh=f"问题长达{length}字", en=f"{length} syllables long")
        row = [q for q in asked if q.turn == question.turn]
        if len(row) > criterion.max_at_once and row.index(question) >= criterion.max_at_once:
            bad[at] = Text(zh=f"一次连问{len(row)}个问题", en=f"{len(row)} questions in one turn")
    share = 1 - len(bad) / len(asked)
    evidence = [
        Evidence(
            span=view.script.span(asked[at].start, asked[at].end),
            speaker=criterion.by,
            words=view.said(asked[at].start, asked[at].end),
            note=note,
        )
        for at, note in bad.items()
    ]
    text = Text(
        zh=f"{len(asked)}个问题中{len(asked) - len(bad)}个简短且逐一提出",
        en=f"{len(asked) - len(bad)} of {len(asked)} questions are short and asked one at a time",
    )
    return judged(share >= criterion.share, text, evidence, share=share, value=share,
                  low=criterion.share)  # fmt: skip


def _asked_from(view: View, question: Sentence) -> int:
    """Where the asking clause of a sentence begins: what comes before its comma only leads up."""
    script, start = view.script, question.end - 1
    while start > question.start and script.marks[start - 1] < COMMA:
        start -= 1
    short = question.end - start <= TAG_UNITS and start > question.start
    return _asked_from(view, replace(question, end=start)) if short else start


TAG_UNITS = 3
"""好吗, 对吗, 可以吗 belong to the clause before them."""


def question_kinds(criterion: QuestionKinds, view: View) -> Verdict:
    """Open questions to learn, closed ones to make sure."""
    asked = view.questions(criterion.by)
    if len(asked) < criterion.min_questions:
        return not_applicable(
            f"提问不足{criterion.min_questions}个，不作判断", "too few questions to tell"
        )
    marks = [each.start for each in found(view, criterion.open, criterion.by)]
    opens = [q for q in asked if any(q.start <= mark < q.end for mark in marks)]
    closed = len(asked) - len(opens)
    good = len(opens) >= criterion.min_open and closed >= criterion.min_closed
    text = Text(
        zh=f"开放式{len(opens)}个，封闭式{closed}个",
        en=f"{len(opens)} open and {closed} closed questions",
    )
    evidence = [
        Evidence(
            span=view.script.span(q.start, q.end),
            speaker=criterion.by,
            words=view.said(q.start, q.end),
            note=OPEN if q in opens else CLOSED,
        )
        for q in asked
    ]
    return judged(good, text, evidence, share=0.5, value=len(opens), low=criterion.min_open)


OPEN = Text(zh="开放式", en="open")
CLOSED = Text(zh="封闭式", en="closed")


# ── Nearness of two things ───────────────────────────────────────────────────────────────────────


def explains(criterion: Explains, view: View) -> Verdict:
    """Each technical term once: explained in the same turn or soon after."""
    terms = {each.phrase: each for each in reversed(counted(view, criterion.terms, criterion.by))}
    if not terms:
        return met(Text(zh="没有使用专业术语", en="no technical terms"))
    plain = counted(view, criterion.explain, criterion.by)
    bare = [
        term
        for term in terms.values()
        if not any(
            term.span.start - criterion.within_s / 2
            <= each.span.start
            <= term.span.end + criterion.within_s
            for each in plain
        )
    ]
    share = 1 - len(bare) / len(terms)
    text = Text(
        zh=f"使用{len(terms)}个专业术语，{len(terms) - len(bare)}个作了解释",
        en=f"{len(terms) - len(bare)} of {len(terms)} technical terms explained",
    )
    return judged(share >= criterion.share, text, [each.evidence() for each in bare], share=share,
                  value=share, low=criterion.share)  # fmt: skip


def politely(criterion: Politely, view: View) -> Verdict:
    """Whenever the thing is said, the polite words are near it."""
    things = _one_mention_per_turn(counted(view, criterion.thing, criterion.by))
    if not things:
        return not_applicable(*_NOTHING)
    kind = counted(view, criterion.polite, criterion.by)
    bare = [
        each
        for each in things
        if not any(
            abs(other.span.start - each.span.start) <= criterion.within_s
            and abs(other.turn - each.turn) <= 2
            for other in kind
        )
    ]
    share = 1 - len(bare) / len(things)
    text = Text(
        zh=f"{len(things)}次中{len(things) - len(bare)}次得体",
        en=f"{len(things) - len(bare)} of {len(things)} times with the right words",
    )
    evidence = [each.evidence() for each in (bare or things)]
    return judged(share >= criterion.share, text, evidence, share=falling(1 - share, 1.0),
                  value=share, low=criterion.share)  # fmt: skip


def _one_mention_per_turn(mentions: Sequence[Mention]) -> list[Mention]:
    kept: dict[int, Mention] = {}
    for mention in mentions:
        kept.setdefault(mention.turn, mention)
    return list(kept.values())
