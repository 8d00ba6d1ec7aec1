"""The laws of the span algebra."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.timeline import (
    Span,
    at_least,
    bridge,
    clipped,
    difference,
    gaps,
    intersection,
    padded,
    total,
    union,
)

# Whole milliseconds, as everywhere in facts: sums of them compare without rounding noise.
times = st.integers(0, 20_000).map(lambda ms: ms / 1000)
spans = st.builds(lambda a, b: Span(min(a, b), max(a, b)), times, times)
timelines = st.lists(spans, max_size=12)
CALL = Span(0.0, 20.0)


def is_timeline(result: tuple[Span, ...]) -> bool:
    apart = all(a.end < b.start for a, b in itertools.pairwise(result))
    return apart and all(span.duration > 0 for span in result)


@given(timelines, timelines)
def test_results_are_ordered_apart_and_not_empty(a: list[Span], b: list[Span]) -> None:
    for result in (union(a, b), intersection(a, b), difference(a, b), gaps(a, CALL)):
        assert is_timeline(result)


@given(timelines, timelines, times)
def test_a_moment_is_in_a_result_exactly_when_set_logic_says_so(
    a: list[Span], b: list[Span], moment: float
) -> None:
    in_a, in_b = any(moment in span for span in a), any(moment in span for span in b)
    held = {
        union: in_a or in_b,
        intersection: in_a and in_b,
        difference: in_a and not in_b,
    }
    for function, expected in held.items():
        assert any(moment in span for span in function(a, b)) == expected


@given(timelines, spans)
def test_a_span_of_a_long_timeline_is_their_intersection(a: list[Span], within: Span) -> None:
    assert clipped(union(a), within) == intersection(a, [within])


@given(timelines, timelines)
def test_inclusion_and_exclusion(a: list[Span], b: list[Span]) -> None:
    both = total(intersection(a, b))
    assert total(union(a, b)) == pytest.approx(total(union(a)) + total(union(b)) - both)
    assert total(difference(a, b)) == pytest.approx(total(union(a)) - both)


@given(timelines)
def test_gaps_complete_the_call(a: list[Span]) -> None:
    assert total(gaps(a, CALL)) + total(intersection(a, (CALL,))) == pytest.approx(CALL.duration)
    assert union(gaps(a, CALL), intersection(a, (CALL,))) == (CALL,)


@given(timelines, st.floats(0, 5))
def test_bridging_only_adds_and_leaves_wider_gaps(a: list[Span], gap: float) -> None:
    joined = bridge(a, gap)
    assert difference(a, joined) == ()
    assert all(y.start - x.end > gap for x, y in itertools.pairwise(joined))


@given(timelines, st.floats(0, 5))
def test_at_least_keeps_whole_spans(a: list[Span], seconds: float) -> None:
    kept = at_least(a, seconds)
    assert set(kept) <= set(union(a))
    assert all(span.duration < seconds for span in set(union(a)) - set(kept))


@given(timelines)
def test_padding_by_nothing_changes_nothing_inside_the_call(a: list[Span]) -> None:
    assert padded(a, 0.0, 0.0, CALL) == union(a)


@given(spans, spans)
def test_overlap_is_the_length_of_the_intersection(a: Span, b: Span) -> None:
    assert a.overlap(b) == b.overlap(a) == pytest.approx(total(intersection((a,), (b,))))


@pytest.mark.parametrize("bounds", [(1.0, 0.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_impossible_spans_are_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="span"):
        Span(*bounds)


@pytest.mark.parametrize("end", [2e9, 1e308, float("inf"), float("nan")])
def test_nothing_lies_where_no_recording_reaches(end: float) -> None:
    with pytest.raises(ValueError, match=r"within a recording|finite"):
        Span(0.0, end)
