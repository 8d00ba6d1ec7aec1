"""Points fitted to marks of whole calls, on worlds of which the answer is known."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy import optimize

from pipeline import rubric
from pipeline.errors import UsageError
from pipeline.facts import decode
from pipeline.judge.call import compile
from pipeline.rubric.reading import RUBRICS, as_written, side_of, weighted
from pipeline.store.marks import Mark
from pipeline.tune.overall import Overall, overall_of
from pipeline.tune.points import PointsPlan, fit_points, more
from pipeline.tune.shares import ShareReader, Shares, shares_of
from pipeline.tune.weighing import (
    Layout,
    MarkedCalls,
    _Goal,
    concordance,
    correlation,
    layout_of,
    rounded,
)
from scripts.synthesis.night import written as night
from scripts.synthesis.overall import weighing
from scripts.validation.scorecards import GOLDEN
from tests.unit.tune import worlds

QUICK = PointsPlan(redraws=200, refits=20)
CRITERIA = 8
NAMES = tuple(f"c{at}" for at in range(CRITERIA))
PILLARS = {name: str(at // 4) for at, name in enumerate(NAMES)}
PRESENT = np.full(CRITERIA, 3.0)
TRUE = np.array([1.0, 5.0, 4.5, 1.5, 1.0, 6.0, 3.0, 2.0])


def layout(free: tuple[int, ...] = tuple(range(CRITERIA))) -> Layout:
    return Layout(
        NAMES, PRESENT, np.ones(CRITERIA), np.arange(CRITERIA) // 4, PRESENT / 3, PRESENT * 3,
        np.isin(np.arange(CRITERIA), free),
    )  # fmt: skip


def shares(calls: int = 300, seed: int = 0) -> tuple[Shares, np.ndarray]:
    """Agents differ in what they are good at."""
    rng = np.random.default_rng(seed)
    agents = rng.integers(0, 30, calls)
    good = rng.normal(0.8, 1.2, (30, CRITERIA))[agents]
    met = rng.random((calls, CRITERIA)) < 1 / (1 + np.exp(-good))
    share = np.where(met, 1.0, rng.choice([0.0, 0.0, 0.4], (calls, CRITERIA)))
    judged = rng.random((calls, CRITERIA)) < 0.9
    none = np.zeros(share.shape, bool)
    return Shares(np.where(judged, share, 0.0), judged, none, none[:, 0]), agents


def fitted(wanted: np.ndarray, found: Shares, agents: np.ndarray, plan=QUICK, free=None):
    marked = MarkedCalls(agents=agents, shares=found, wanted=wanted)
    overall = Overall(scale="0-100", values={}, raters={"a": 1}, leniency={})
    own = layout() if free is None else layout(free).only(np.ones(CRITERIA, bool))
    return fit_points(marked, own, PILLARS, overall, plan=plan)


@functools.cache
def planted(noise: float = 5.0):
    found, agents = shares()
    wanted = found.marks(TRUE) + np.random.default_rng(9).normal(0, noise, len(found))
    return fitted(wanted, found, agents)


def test_the_raters_points_are_found_and_serve_agents_who_had_no_part() -> None:
    found = planted()
    best = np.array([each.best for each in found.points])
    assert found.status == "change"
    assert found.gain is not None
    assert found.gain.low > 0.03
    assert np.abs(best - TRUE).mean() < 0.4 * np.abs(PRESENT - TRUE).mean()
    assert [np.sign(b - 3) for b, t in zip(best, TRUE, strict=True) if abs(t - 3) > 1] == [
        np.sign(t - 3) for t in TRUE if abs(t - 3) > 1
    ]


def test_totals_of_pillars_stay_and_no_row_is_weighed_away() -> None:
    best = np.array([each.best for each in planted().points])
    assert best.reshape(2, 4).sum(axis=1) == pytest.approx([12, 12])
    assert (best >= 0.9).all()
    assert (best <= 9).all()
    assert best == pytest.approx(best.round(1))


def test_one_seed_one_answer() -> None:
    planted.cache_clear()
    first = planted()
    planted.cache_clear()
    assert planted() == first


def test_points_that_are_right_already_are_kept() -> None:
    found, agents = shares()
    wanted = found.marks(PRESENT) + np.random.default_rng(1).normal(0, 5, len(found))
    assert fitted(wanted, found, agents).changes == {}


@pytest.mark.parametrize("halo", [False, True])
def test_marks_without_meaning_change_nothing(halo: bool) -> None:
    found, agents = shares()
    rng = np.random.default_rng(2)
    wanted = rng.normal(70, 10, 30)[agents] if halo else rng.normal(70, 10, len(found))
    told = fitted(wanted, found, agents)
    assert told.status in ("nothing", "keep")
    assert told.changes == {}


def test_mild_and_narrow_marks_weigh_nothing_anew() -> None:
    """Only how calls lie to each other counts: not how high, not how far apart."""
    found, agents = shares()
    wanted = found.marks(TRUE) + np.random.default_rng(9).normal(0, 5, len(found))
    narrow = fitted(60 + wanted / 5, found, agents)
    assert [each.best for each in narrow.points] == [each.best for each in planted().points]


def test_only_what_was_asked_for_changes() -> None:
    found, agents = shares()
    wanted = found.marks(TRUE) + np.random.default_rng(9).normal(0, 5, len(found))
    told = fitted(wanted, found, agents, free=(0, 1, 6))
    held = {each.criterion: each.held for each in told.points}
    assert set(told.changes) <= {"c0", "c1"}
    assert held["c6"] == "fixed"  # alone in its pillar, and its total stays
    assert held["c2"] == "fixed"


def test_what_hardly_varies_keeps_its_points() -> None:
    found, agents = shares()
    share = found.share.copy()
    share[:, 2] = np.where(found.judged[:, 2], 1.0, 0.0)
    alike = Shares(share, found.judged, found.taken, found.failed)
    wanted = alike.marks(TRUE) + np.random.default_rng(9).normal(0, 5, len(alike))
    told = {each.criterion: each for each in fitted(wanted, alike, agents).points}
    assert told["c2"].held == "alike"
    assert told["c2"].best == 3.0


def test_too_few_marks_end_in_how_many_more() -> None:
    found, agents = shares(30)
    told = fitted(found.marks(TRUE), found, agents)
    assert told.status == "not-enough"
    assert told.more >= 10
    assert told.points == ()
    assert more(300, 30, 8) == 0
    assert more(60, 60, 60) >= 100  # a few calls for every number


def test_marks_that_are_all_the_same_and_three_agents() -> None:
    found, agents = shares()
    assert fitted(np.full(len(found), 80.0), found, agents).status == "one-sided"
    assert fitted(found.marks(TRUE), found, agents % 3).status == "not-enough"


def test_a_call_whose_only_criterion_may_weigh_nothing_does_no_harm() -> None:
    found, agents = shares()
    judged = found.judged.copy()
    judged[:60] = False
    judged[:60, 0] = True
    wanted = found.marks(TRUE)
    few = Shares(np.where(judged, found.share, 0.0), judged, found.taken, found.failed)
    own = layout()
    nothing = Layout(
        own.names, own.present, own.scale, own.groups, own.low * 0, own.high * 3, own.free
    )
    marked = MarkedCalls(agents=agents, shares=few, wanted=np.where(wanted > 50, wanted, 50))
    overall = Overall(scale="0-100", values={}, raters={"a": 1}, leniency={})
    told = fit_points(marked, nothing, PILLARS, overall, plan=QUICK)
    assert told.held_out is not None
    assert np.isfinite([told.held_out.value, told.held_out.low, told.held_out.high]).all()


def test_without_agents_calls_are_held_out() -> None:
    found, agents = shares()
    told = fitted(found.marks(TRUE), found, np.full(len(agents), -1))
    assert (told.agents, told.unit, told.status) == (0, "call", "change")


# ── Arithmetic ───────────────────────────────────────────────────────────────────────────────────


def test_the_gradient_is_that_of_the_goal() -> None:
    found, agents = shares(80)
    failed = np.arange(80) % 17 == 0
    some = Shares(found.share, found.judged, found.taken, failed)
    wanted = some.marks(TRUE)
    marked = MarkedCalls(agents=agents, shares=some, wanted=wanted)
    weights = np.random.default_rng(0).integers(0, 3, 80).astype(float)
    goal = _Goal(marked, layout((0, 1, 2, 3, 5, 6)), weights, 0.1)
    at = np.array([0.5, 1.4, 1.1, 1.0, 0.7, 1.3])
    assert optimize.check_grad(lambda x: goal(x)[0], lambda x: goal(x)[1], at) < 1e-6
    points = PRESENT.copy()
    points[[0, 1, 2, 3, 5, 6]] *= at
    cost = 0.1 * ((at - 1) ** 2).mean()
    r = correlation(some.marks(points), wanted, weights)
    assert goal(at)[0] == pytest.approx(cost - r, abs=1e-4)


def test_coefficients_are_those_of_the_books() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 50))
    every = np.ones(50)
    assert correlation(one, other, every) == pytest.approx(np.corrcoef(one, other)[0, 1])
    wide = 2 * np.cov(one, other, ddof=0)[0, 1]
    lin = wide / (one.var() + other.var() + (one.mean() - other.mean()) ** 2)
    assert concordance(one, other, every) == pytest.approx(lin)
    twice = np.concatenate((every, every[:25]))
    drawn = np.concatenate((np.arange(50), np.arange(25)))
    weights = np.bincount(drawn).astype(float)
    assert correlation(one, other, weights) == pytest.approx(
        correlation(one[drawn], other[drawn], twice)
    )
    assert correlation(one, np.full(50, 3.3), every) == 0.0


@settings(deadline=None)
@given(st.lists(st.floats(0.34, 2.9), min_size=CRITERIA, max_size=CRITERIA))
def test_rounding_keeps_totals_and_bounds(times: list[float]) -> None:
    wanted = PRESENT * times
    for pillar in (slice(0, 4), slice(4, 8)):
        wanted[pillar] *= 12 / wanted[pillar].sum()
    found = layout()
    exact = np.clip(wanted, found.low, found.high)
    points = rounded(exact, found)
    assert points.reshape(2, 4).sum(axis=1) == pytest.approx([12, 12])
    assert (points >= found.low - 1e-9).all()
    assert (points <= found.high + 1e-9).all()
    if exact.reshape(2, 4).sum(axis=1) == pytest.approx([12, 12]):
        assert (np.abs(points - exact) <= 0.1 + 1e-6).all()


# ── The judge's own marks ────────────────────────────────────────────────────────────────────────

FACTS = [call.facts for call in night(6, 4, seed=3)]
FACTS += [decode(path.read_bytes(), path) for path in sorted(GOLDEN.glob("*.facts.json"))]


@pytest.mark.parametrize("name", ["affinity-zh-v1", "strict-zh-v1"])
def test_marks_are_the_judges_under_any_points(name: str) -> None:
    found = rubric.shipped(name)
    lexicon = rubric.load_lexicon(found.lexicon)
    reader = ShareReader(found, lexicon)
    joined = shares_of([reader.read(facts) for facts in FACTS], len(found.criteria))
    rng = np.random.default_rng(0)
    for times in (np.ones(len(found.criteria)), rng.uniform(0, 3, len(found.criteria))):
        points = np.array([each.points for each in found.criteria]) * times
        names = [each.id for each in found.criteria]
        theirs = compile(weighing(found, dict(zip(names, points.tolist(), strict=True))), lexicon)
        expected = [theirs.score(facts, "-").mark for facts in FACTS]
        assert all(mark is not None for mark in expected)
        assert joined.marks(points) == pytest.approx(expected, abs=0.002)


def test_a_grave_miss_takes_the_pillar_or_the_call() -> None:
    found = rubric.shipped("affinity-zh-v1")
    lexicon = rubric.load_lexicon(found.lexicon)
    facts = [call.facts for call in night(12, 4, seed=5)]
    for severity in ("pillar", "critical"):
        grave = tuple(
            replace(each, severity=severity) if each.id == "response-time" else each
            for each in found.criteria
        )
        strict = replace(found, criteria=grave)
        reader, judge = ShareReader(strict, lexicon), compile(strict, lexicon)
        joined = shares_of([reader.read(each) for each in facts], len(grave))
        points = np.array([each.points for each in grave])
        expected = [judge.score(each, "-").mark for each in facts]
        assert joined.marks(points) == pytest.approx(expected, abs=0.002)
        assert joined.failed.any() == (severity == "critical")
        assert joined.taken.any()


# ── What may change ──────────────────────────────────────────────────────────────────────────────


def test_a_rubric_that_weighs_voice_against_words_keeps_weighing_them() -> None:
    written = as_written(RUBRICS / "affinity82-zh-v1.yaml")
    own = layout_of(written)
    real = np.array([each.points for each in weighted(written).criteria])
    assert own.present * own.scale == pytest.approx(real)
    groups = {
        (each.pillar, side_of(each.standard)): group
        for each, group in zip(written.criteria, own.groups, strict=True)
    }
    assert len(groups) == len(set(own.groups.tolist())) == 6
    plain = layout_of(as_written(RUBRICS / "affinity-zh-v1.yaml"))
    assert len(set(plain.groups.tolist())) == 3


def test_what_has_no_points_is_observed_and_stays_so() -> None:
    written = as_written(RUBRICS / "affinity-zh-v1.yaml")
    silent = next(each.id for each in written.criteria if each.points == 0)
    own = layout_of(written)
    assert not own.free[own.names.index(silent)]
    with pytest.raises(UsageError, match="only observed"):
        layout_of(written, [silent])


@pytest.mark.parametrize(
    ("names", "bounds", "text"),
    [
        (["speach-rate"], None, "'speach-rate' is no criterion"),
        ([], {"speech-rate.high": (5.0, 6.0)}, "no points of that name"),
        ([], {"speech-rate.points": (5.0, 6.0)}, "speech-rate.points is 4 now, outside 5 to 6"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(names, bounds, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        layout_of(as_written(RUBRICS / "affinity-zh-v1.yaml"), names, bounds)


def test_bounds_of_people_hold() -> None:
    own = layout_of(
        as_written(RUBRICS / "affinity-zh-v1.yaml"), ["speech-rate.points", "volume"],
        {"speech-rate.points": (0.0, 4.5)},
    )  # fmt: skip
    at = own.names.index("speech-rate")
    assert (own.low[at], own.high[at]) == (0.0, 4.5)
    assert own.free.sum() == 2


# ── One number a call ────────────────────────────────────────────────────────────────────────────


def mark(call: str, rater: str, value, scale: str | None = "0-100") -> Mark:
    return Mark(call_id=call, rater=rater, value=value, scale=scale)


def test_a_mild_rater_is_put_right_by_calls_that_others_marked() -> None:
    marks = [mark(f"c{at}", "x", 60.0 + at) for at in range(10)]
    marks += [mark(f"c{at}", "mild", 70.0 + at) for at in range(5, 15)]
    found = overall_of(marks)
    assert found.leniency == {"mild": 5.0, "x": -5.0}
    assert [found.values[f"c{at}"] for at in range(15)] == pytest.approx(range(65, 80))


def test_who_shares_no_call_is_taken_at_his_word() -> None:
    found = overall_of([mark("a", "x", 60.0), mark("b", "y", 80.0)])
    assert found.values == {"a": 60.0, "b": 80.0}


def test_verdicts_become_the_share_that_says_met() -> None:
    marks = [
        mark("a", "x", "met", None), mark("a", "y", "met", None), mark("a", "z", "missed", None),
        mark("b", "x", "not_applicable", None), mark("c", "x", "missed", None),
        worlds.mark("a", "speech-rate", True),
    ]  # fmt: skip
    found = overall_of(marks)
    assert found.scale is None
    assert found.not_applicable == 1
    assert set(found.values) == {"a", "c"}
    assert found.values["a"] > found.values["c"]
