"""Pieces become words; times are shared out, spread and corrected."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.facts import Word
from pipeline.measure.words import Piece, into_speech, shared_out, spread, touching, words_from
from pipeline.settings import load_measure_settings
from pipeline.text import words_in
from pipeline.timeline import Span, total, union


def pieces(*texts: str, each: float = 0.5) -> list[Piece]:
    return [Piece(text, n * each, (n + 1) * each, 0.5) for n, text in enumerate(texts)]


def shown(words: tuple[Word, ...]) -> list[tuple[str, float, float]]:
    return [(word.text, round(word.span.start, 3), round(word.span.end, 3)) for word in words]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["您好", "，", "请", "问"], [("您好", 0, 0.5), ("请", 1, 1.5), ("问", 1.5, 2)]),
        (["10", "086", "号"], [("10086", 0, 1), ("号", 1, 1.5)]),
        ([" Wi", "Fi", "吗？"], [("WiFi", 0, 1), ("吗", 1, 1.5)]),
        ([" Hello", " world", "!"], [("Hello", 0, 0.5), ("world", 0.5, 1)]),
        (["3", ".", "5", "元"], [("3.5", 0, 1.5), ("元", 1.5, 2)]),
        (["50", "%"], [("50%", 0, 1)]),
        (["，请", "。"], [("请", 0, 0.5)]),
        (["好。再", "见"], [("好", 0, 0.25), ("再", 0.25, 0.5), ("见", 0.5, 1)]),
        (["OK吗"], [("OK", 0, 0.333), ("吗", 0.333, 0.5)]),
        (["謝謝"], [("謝謝", 0, 0.5)]),
        (["。", "…", " "], []),
        ([], []),
    ],
)
def test_pieces_become_words(texts: list[str], expected: list[tuple[str, float, float]]) -> None:
    assert shown(words_from(pieces(*texts), "agent")) == expected


def test_probability_is_the_mean_over_the_characters() -> None:
    parts = [Piece("1008", 0, 1, 0.9), Piece("6", 1, 2, 0.4), Piece("。", 2, 3, 0.0)]
    (word,) = words_from(parts, "agent")
    assert word.probability == pytest.approx(0.8)
    (unknown,) = words_from([Piece("好", 0, 1)], "agent")
    assert unknown.probability is None


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=6), max_size=12))
def test_words_are_in_order_and_hold_every_letter(texts: list[str]) -> None:
    words = words_from(pieces(*texts), "agent")
    assert all(a.span.end <= b.span.start + 1e-9 for a, b in pairwise(words))
    spelled = "".join(c for word in words for c in word.text if c.isalnum())
    assert spelled == "".join(c for text in texts for c in text if c.isalnum())


SETTINGS = load_measure_settings().transcript.imports

SPANS = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0.01, 5)).map(lambda p: Span(p[0], p[0] + p[1])),
    min_size=1,
    max_size=6,
).map(union)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20), SPANS)
def test_shares_fill_the_speech_in_order(weights: list[int], spans: tuple[Span, ...]) -> None:
    shares = shared_out(weights, spans)
    assert len(shares) == len(weights)
    for share in shares:
        assert any(s.start - 1e-6 <= share.start and share.end <= s.end + 1e-6 for s in spans)
    for before, after in pairwise(shares):
        assert before.end <= after.start + 1e-6
    if len(spans) == 1:
        assert total(shares) == pytest.approx(total(spans))


def test_speech_activity_that_hardly_knows_the_segment_is_not_believed() -> None:
    parts = spread("您好", Span(10, 12), (Span(11.9, 12.5),), SETTINGS)
    assert [(p.start, p.end) for p in parts] == [(10, 11), (11, 12)]


def word(start: float, end: float) -> Word:
    return Word(text="好", span=Span(start, end), speaker="agent")


SPEECH = (Span(1, 2), Span(4, 5))


@pytest.mark.parametrize(
    ("given_span", "expected"),
    [
        ((1.2, 1.5), (1.2, 1.5)),  # inside
        ((0.7, 1.4), (1.0, 1.4)),  # begins in the silence before
        ((1.8, 2.6), (1.8, 2.0)),  # ends in the silence after
        ((1.8, 4.9), (4.0, 4.9)),  # over a pause: the side with more
        ((2.1, 2.4), (1.7, 2.0)),  # in silence, just after
        ((3.6, 3.9), (4.0, 4.3)),  # in silence, just before
        ((2.2, 3.8), (1.0, 2.0)),  # as near to both: the earlier
        ((2.8, 3.2), None),  # far from any
        ((1.5, 1.5), (1.5, 1.5)),  # no length
        ((9.0, 9.5), None),
    ],
)
def test_words_are_brought_into_speech(
    given_span: tuple[float, float], expected: tuple[float, float] | None
) -> None:
    (found,) = into_speech([word(*given_span)], SPEECH, 0.5)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.span.start, found.span.end) == pytest.approx(expected)


def test_order_is_kept_when_words_are_brought_into_speech() -> None:
    found = into_speech([word(1.9, 2.2), word(2.2, 2.4), word(3.9, 4.2)], SPEECH, 0.5)
    spans = [entry.span for entry in found if entry]
    assert len(spans) == 3
    assert all(a.end <= b.start for a, b in pairwise(spans))


@given(SPANS, st.floats(0, 110), st.floats(0, 5))
def test_touching_is_what_overlaps(spans: tuple[Span, ...], start: float, duration: float) -> None:
    span = Span(start, start + duration)
    found = touching(spans, span)
    assert all(s.start <= span.end and s.end >= span.start for s in found)
    assert set(found) >= {s for s in spans if s.overlap(span) > 0}


@pytest.mark.parametrize("late", [-0.4, 0.0, 0.4])
def test_a_clause_ends_at_the_pause_near_its_end(late: float) -> None:
    speech = (Span(0, 2 + late), Span(3, 5))
    parts = spread("您好请问，您要什么？", Span(0, 5), speech, SETTINGS)
    assert "".join(part.text for part in parts) == "您好请问您要什么"
    assert parts[3].end == pytest.approx(2 + late)
    assert parts[4].start == pytest.approx(3)


def test_a_pause_far_from_any_clause_end_is_just_a_pause() -> None:
    parts = spread("您，好请问您要什么", Span(0, 9), (Span(0, 4), Span(5, 9)), SETTINGS)
    assert [round(part.start, 3) for part in parts] == [0, 1, 2, 3, 5, 6, 7, 8]


def test_amounts_and_times_hold_no_clause_end() -> None:
    speech = (Span(0, 1), Span(2, 5))
    parts = spread("共3.5元", Span(0, 5), speech, SETTINGS)
    assert [part.text for part in parts] == ["共", "3.5", "元"]
    assert (parts[0].start, parts[0].end) == (0, 1)
    assert parts[1].start == 2


@given(
    st.lists(st.sampled_from(["您", "好", "10", "，", "。", " hi ", "3.5"]), max_size=20),
    SPANS,
)
def test_spread_words_are_in_order_in_the_segment(
    texts: list[str], speech: tuple[Span, ...]
) -> None:
    text = "".join(texts)
    span = Span(speech[0].start, speech[-1].end)
    parts = spread(text, span, speech, SETTINGS)
    assert [part.text for part in parts] == list(words_in(text))
    edges = [edge for part in parts for edge in (part.start, part.end)]
    assert all(a <= b + 1e-6 for a, b in pairwise(edges))
    assert all(span.start - 1e-6 <= edge <= span.end + 1e-6 for edge in edges)


def test_an_hour_in_one_segment() -> None:
    speech = tuple(Span(n, n + 0.8) for n in range(3600))
    parts = spread("您好，请问。" * 3600, Span(0, 3600), speech, SETTINGS)
    assert len(parts) == 4 * 3600
    assert parts[-1].end == pytest.approx(3599.8)
