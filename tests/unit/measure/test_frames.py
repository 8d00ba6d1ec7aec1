import numpy as np
import pytest

from pipeline.measure.channel import from_samples
from pipeline.measure.frames import (
    bridged,
    extent,
    frame_count,
    frame_edges,
    grown,
    mask_of,
    mask_within,
    runs,
    spans,
    touching,
    without_short,
)
from pipeline.timeline import Span


def mask(text):
    """A mask drawn as a line: # is true."""
    return np.array([character == "#" for character in text])


def drawn(found):
    return "".join(".#"[int(value)] for value in found)


@pytest.mark.parametrize(
    ("samples", "rate", "frames"), [(0, 8000, 0), (1, 8000, 1), (80, 8000, 1), (81, 8000, 2)]
)
def test_a_begun_frame_counts(samples, rate, frames):
    assert frame_count(from_samples(np.zeros(samples), rate)) == frames


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100])
def test_frames_share_their_edges_at_every_rate(rate):
    edges = frame_edges(0, 1000, rate)
    assert edges[0] == 0
    assert edges[-1] == 10 * rate
    assert set(np.diff(edges)) <= {int(rate * 0.01), int(rate * 0.01) + 1}


def test_runs_reach_both_ends():
    assert runs(mask("##..#.#")) == [(0, 2), (4, 5), (6, 7)]
    assert runs(mask("")) == []


def test_touching_keeps_whole_runs():
    assert drawn(touching(mask("###.##.#"), mask("#.....##"))) == "###....#"


def test_growing_stops_at_the_ends_and_joins():
    assert drawn(grown(mask("#....#..#"), 0.02)) == "#########"
    assert drawn(grown(mask("#......"), 0.02)) == "###...."


def test_short_runs_go_and_short_gaps_close():
    assert drawn(without_short(mask("#.##.###"), 0.02)) == "..##.###"
    assert drawn(bridged(mask("#.##..#"), 0.01)) == "####..#"
    assert drawn(bridged(mask("..#.."), 1.0)) == "..#.."


def test_spans_end_with_the_recording_and_come_back_as_the_mask():
    found = spans(mask("##..###"), 0.065)
    assert found == (Span(0.0, 0.02), Span(0.04, 0.065))
    assert drawn(mask_of(found, 7)) == "##..##."


def test_what_lies_near_the_spans_is_the_part_of_the_whole_mask_that_holds_them():
    turn = (Span(0.03, 0.05), Span(0.08, 0.1))
    assert extent(turn, 50) == slice(3, 10)
    assert extent(turn, 50, margin=5) == slice(0, 15)
    assert extent(turn, 9) == slice(3, 9)
    assert extent((), 50) == slice(0, 0)
    assert drawn(mask_within(turn, slice(3, 10))) == "##...##"
    assert drawn(mask_within(turn, slice(4, 9))) == "#...#"
    for part in (slice(0, 12), slice(2, 6), slice(20, 30)):
        assert drawn(mask_within(turn, part)) == drawn(mask_of(turn, 30)[part])
