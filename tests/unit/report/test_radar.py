import math

import pytest

from pipeline.report.html import render
from pipeline.report.radar import HIGH, LOW, RADIUS, summary
from pipeline.report.radar import radar as drawn
from tests.unit.report.examples import facts, radar, scorecard


def distance(point: tuple[float, float]) -> float:
    return math.hypot(*point)


def test_marks_lie_between_the_middle_and_the_rim() -> None:
    picture = drawn(scorecard(radar=radar(LOW, 4.5, HIGH)), "zh")
    assert picture
    low, middle, high = (distance(spoke.mark or (0, 0)) for spoke in picture.spokes)
    assert high == pytest.approx(RADIUS, abs=0.2)
    assert 0 < low < middle < high
    assert middle == pytest.approx((low + high) / 2, abs=0.2)


def test_axes_go_round_clockwise_from_the_top() -> None:
    picture = drawn(scorecard(radar=radar(5.5, 5.5, 5.5, 5.5)), "zh")
    assert picture
    assert [spoke.rim for spoke in picture.spokes] == [
        (0.0, -100.0), (100.0, 0.0), (0.0, 100.0), (-100.0, 0.0),
    ]  # fmt: skip
    assert [spoke.anchor for spoke in picture.spokes] == ["middle", "start", "middle", "end"]


def test_what_was_not_measured_is_a_gap_not_a_zero() -> None:
    picture = drawn(scorecard(radar=radar(5.0, None, 4.0, 4.5)), "zh")
    assert picture
    gap = picture.spokes[1]
    assert (gap.mark, gap.value) == (None, "未测量")
    # Four neighbours, of which the gap spoils two.
    assert len(picture.wedges) == len(picture.edges) == 2
    page = render(scorecard(radar=radar(5.0, None, 4.0, 4.5)), facts())
    assert page.count('class="axis gap"') == 1
    assert page.count('class="dot') == 3


def test_the_picture_and_its_words_say_the_same() -> None:
    card = scorecard(radar=radar(5.04, None, 4.0))
    words = summary(card, "zh")
    assert words == ["耐心程度·方面0 5.0", "耐心程度·方面1 未测量", "耐心程度·方面2 4.0"]
    page = render(card, facts())
    assert "；".join(words) in page
    for value in ("5.0", "4.0", "未测量"):
        assert f'">{value}</tspan>' in page
        assert f'<td class="figure">{value}</td>' in page


def test_two_axes_are_no_radar() -> None:
    assert drawn(scorecard(radar=radar(4.0, 5.0)), "zh") is None
    assert 'class="radar"' not in render(scorecard(radar=radar(4.0, 5.0)), facts())


def test_each_pillar_has_its_part_of_the_rim() -> None:
    picture = drawn(scorecard(radar=radar(4.0, 5.0, 5.0)), "en")
    assert picture
    assert [sector.name for sector in picture.sectors] == ["Patience"]
