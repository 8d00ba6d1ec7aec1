"""The scorer, on errors that can be counted by hand."""

import numpy as np
import pytest

from scripts.validation import der
from scripts.validation.der import ErrorRate


def masks(*speakers, frames=1000):
    found = np.zeros((len(speakers), frames), bool)
    for mask, spans in zip(found, speakers, strict=True):
        for first, last in spans:
            mask[first:last] = True
    return found


TRUTH = masks([(100, 300), (600, 800)], [(350, 550)])


def test_what_is_right_has_no_errors_whatever_its_order():
    assert der.score(TRUTH, TRUTH[::-1]) == ErrorRate(0, 0, 0, 600)


def test_each_kind_of_error_is_counted():
    found = masks([(100, 300), (600, 700), (900, 950)], [(350, 500)], [(700, 800)])
    assert der.score(TRUTH, found) == ErrorRate(missed=50, invented=50, confused=100, speech=600)


def test_a_collar_forgives_boundaries():
    found = masks([(120, 320), (580, 790)], [(340, 560)])
    assert der.score(TRUTH, found).percent > 10
    assert der.score(TRUTH, found, 0.25) == ErrorRate(0, 0, 0, 3 * 150)


def test_several_at_once_count_each():
    truth = masks([(0, 400)], [(300, 600)])
    found = masks([(0, 350)], [(350, 600)])
    assert der.score(truth, found) == ErrorRate(missed=100, invented=0, confused=0, speech=700)
    assert der.score(truth, found, overlap=False).percent == 0


def test_nobody_found_misses_everything():
    assert der.score(TRUTH, np.zeros((0, 1000), bool)).percent == 100


def test_what_is_not_known_is_not_scored():
    known = np.ones(1000, bool)
    known[600:800] = False
    found = masks([(100, 300)], [(350, 550), (600, 800)])
    assert der.score(TRUTH, found, known=known) == ErrorRate(0, 0, 0, 400)


def test_errors_add_up_as_counts():
    one, two = ErrorRate(1, 2, 3, 10), ErrorRate(0, 0, 0, 90)
    assert (one + two).percent == 6.0


def test_shares_are_off_by_points():
    known = np.ones(1000, bool)
    assert der.share_off(TRUTH, TRUTH, known) == 0
    found = masks([(100, 300)], [(350, 550), (600, 800)])
    assert der.share_off(TRUTH, found, known) == pytest.approx(100 / 3)
