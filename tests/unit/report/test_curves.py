import base64

import numpy as np
import pytest

from pipeline.report.curves import drawn_call
from tests.unit.report.examples import facts, finding, scorecard, tracks


def test_curves_come_back_as_they_were_measured() -> None:
    call = drawn_call(scorecard(), facts(), tracks(), "zh")
    (channel, _) = call["channels"]
    level = np.frombuffer(base64.b64decode(channel["level"]), np.uint8) / 2 - 96
    assert set(level) == {-30.0}
    pitch = np.frombuffer(base64.b64decode(channel["pitch"]), np.uint8)
    assert set(pitch[100:200]) == {0}
    hz = 40 * 2 ** (call["pitchScale"] * (int(pitch[50]) - 1) / 12)
    assert hz == pytest.approx(150, rel=0.01)


def test_long_calls_are_drawn_more_coarsely() -> None:
    call = drawn_call(scorecard(), facts(), tracks(3000.0), "zh")
    assert call["step"] == pytest.approx(0.03)
    assert len(base64.b64decode(call["channels"][0]["peak"])) == 100_000


def test_limits_of_the_rubric_stand_behind_the_curves() -> None:
    paced = finding("rate", "met", 1.0, 1.0, measure="speech-rate", value=4.0, low=3.3, high=5.5)
    loud = finding(
        "level", "missed", 0.0, 1.0, measure="level-re-other", value=12.0, low=-10.0, high=10.0
    )
    call = drawn_call(scorecard(findings=(paced, loud)), facts(), None, "zh")
    assert call["limits"] == {"pace": (3.3, 5.5), "level": (-22.0, -2.0)}


def test_moments_that_cost_points_are_marked_in_time_order() -> None:
    call = drawn_call(scorecard(), facts(), None, "zh")
    assert call["losses"] == [{"start": 1.0, "end": 1.5, "label": "T01 costly 名"}]


def test_events_have_their_names_in_the_pages_language() -> None:
    for ui, names in (("zh", ["打断（夺得话语权）", "等待音乐"]),
                      ("en", ["interruption, floor taken", "hold music"])):  # fmt: skip
        call = drawn_call(scorecard(), facts(), None, ui)
        assert [event["label"] for event in (*call["overlaps"], *call["holds"])] == names
