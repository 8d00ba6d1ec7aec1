"""Laws of the marks: points add, order is nothing, what was not measured changes no ratio."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import rubric
from pipeline.judge.call import Judge, compile
from pipeline.judge.coaching import coaching
from pipeline.scorecard import Finding, Points, Severity, Text
from scripts.validation.talk import Line, facts_of

NAME = Text(zh="项", en="item")


@st.composite
def points(draw: st.DrawFn) -> Points:
    possible = draw(st.floats(0, 1000))
    return Points(won=possible * draw(st.floats(0, 1)), possible=possible)


@st.composite
def findings(draw: st.DrawFn, severities: tuple[Severity, ...] = ("normal",)) -> Finding:
    outcome = draw(st.sampled_from(["met", "missed", "not_measured", "not_applicable"]))
    worth = draw(points()) if outcome in ("met", "missed") else Points()
    return Finding(
        criterion=draw(st.text("abc", min_size=1, max_size=4)),
        standard="V01",
        pillar=draw(st.sampled_from(["politeness", "communication", "patience"])),
        name=NAME,
        outcome=outcome,
        severity=draw(st.sampled_from(severities)),
        points=worth,
        reason=NAME,
    )


JUDGE: Judge = compile(rubric.shipped("affinity-zh-v1"), rubric.load_lexicon("zh"))


def pillars(every: list[Finding]) -> dict[str, tuple[Points, bool]]:
    marks = JUDGE.pillars(tuple(every))
    return {mark.pillar: (mark.points, mark.failed) for mark in marks}


@settings(deadline=None)
@given(st.lists(points(), max_size=20), st.randoms())
def test_points_add_in_any_order(parts: list[Points], chance) -> None:
    shuffled = list(parts)
    chance.shuffle(shuffled)
    assert Points.sum(parts) == Points.sum(shuffled)


@settings(deadline=None)
@given(st.lists(points(), max_size=8), st.lists(points(), max_size=8))
def test_teams_add_up_from_their_calls(one: list[Points], two: list[Points]) -> None:
    together, apart = Points.sum(one + two), Points.sum(one) + Points.sum(two)
    assert abs(together.won - apart.won) <= 1e-6
    assert abs(together.possible - apart.possible) <= 1e-6


@settings(deadline=None)
@given(points())
def test_a_percentage_lies_between_0_and_100(part: Points) -> None:
    assert part.percent is None or -1e-9 <= part.percent <= 100 + 1e-9


@settings(deadline=None)
@given(st.lists(findings(), max_size=12), st.randoms())
def test_the_order_of_findings_is_nothing(every: list[Finding], chance) -> None:
    shuffled = list(every)
    chance.shuffle(shuffled)
    assert pillars(every) == pillars(shuffled)


@settings(deadline=None)
@given(st.lists(findings(), max_size=12))
def test_what_was_not_measured_changes_no_ratio(every: list[Finding]) -> None:
    counted = [each for each in every if each.outcome in ("met", "missed")]
    assert pillars(every) == pillars(counted)


@settings(deadline=None)
@given(st.lists(findings(("normal", "pillar", "critical")), max_size=12))
def test_a_critical_miss_always_wins(every: list[Finding]) -> None:
    fatal = any(each.severity == "critical" and each.outcome == "missed" for each in every)
    total = Points.sum(part for part, _ in pillars(every).values())
    mark, failed = JUDGE.mark(tuple(every), total)
    assert failed == fatal
    if fatal and total.possible:
        assert mark == 0
    if mark is not None:
        assert 0 <= mark <= 100


@settings(deadline=None)
@given(st.lists(findings(("normal", "pillar", "critical")), max_size=12))
def test_coaching_speaks_of_what_was_lost(every: list[Finding]) -> None:
    chosen = [advice.criterion for advice in coaching(tuple(every))]
    assert len(chosen) <= 3
    missed = {each.criterion for each in every if each.outcome == "missed"}
    assert set(chosen) <= missed


WORDS = ["您好", "请稍等", "不行", "再见", "谢谢您的来电", "你听错了", "我帮您查一下", "信不信由你"]


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(["agent", "customer"]), st.sampled_from(WORDS)), max_size=8)
)
def test_a_card_adds_up_and_repeats(lines: list[tuple[str, str]]) -> None:
    facts = facts_of(Line(by=by, says=says) for by, says in lines)
    card = JUDGE.score(facts)
    assert JUDGE.score(facts) == card
    assert card.points == Points.sum(pillar.points for pillar in card.pillars)
    assert len(card.findings) == len(JUDGE.rubric.criteria)
    for each in card.findings:
        assert each.outcome in ("met", "missed") or each.points == Points()
        assert each.reason.zh
        assert each.reason.en
