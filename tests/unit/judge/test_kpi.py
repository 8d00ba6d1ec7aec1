"""Figures over many calls come from sums."""

import msgspec
import pytest

from pipeline.judge import kpi
from pipeline.scorecard import Finding, Outcome, Points, RubricRef, Scorecard, Text

NAME = Text(zh="项", en="item")


def finding(standard: str, outcome: Outcome, won: float = 0.0, possible: float = 0.0) -> Finding:
    return Finding(
        criterion=f"c-{standard}",
        standard=standard,
        pillar="patience",
        name=NAME,
        outcome=outcome,
        points=Points(won=won, possible=possible),
        reason=NAME,
    )


def card(*findings: Finding, failed: bool = False) -> Scorecard:
    points = Points.sum(each.points for each in findings)
    return Scorecard(
        call_id="call",
        facts_sha256="0",
        rubric=RubricRef(id="r", version=1, sha256="0", name=NAME),
        mark=points.percent,
        points=points,
        failed=failed,
        pillars=(),
        findings=findings,
    )


def test_handling_time() -> None:
    assert kpi.handling_time([240, 300]).value == 270
    assert kpi.handling_time([240, 300]).met
    assert kpi.handling_time([600, 600]).met is False
    assert kpi.handling_time([]).met is None


def test_shares_leave_out_what_was_not_measured() -> None:
    cards = [
        card(finding("C04", "met"), finding("C05", "missed")),
        card(finding("C04", "missed"), finding("C05", "not_measured")),
        card(finding("C04", "not_measured"), finding("C05", "met")),
    ]
    assert kpi.first_call_resolution(cards).value == 0.5
    assert kpi.first_call_resolution(cards).calls == 2
    assert kpi.satisfaction(cards).value == 0.5


def test_one_fault_spoils_the_call() -> None:
    figure = kpi.spoilt([card(failed=True), card(), card(), card()])
    assert (figure.value, figure.met) == (0.25, False)
    assert kpi.spoilt([card()]).met


def test_the_profile_weighs_calls_by_their_points() -> None:
    cards = [card(finding("V01", "met", 4, 4)), card(finding("V01", "missed", 0, 12))]
    (spoke,) = kpi.profile(cards)
    assert spoke.points == Points(won=4, possible=16)
    assert spoke.mark == pytest.approx(3.5 + 2 * 0.25)
    assert kpi.profile([card(finding("V01", "not_measured"))]) == ()


def test_calibration() -> None:
    assert kpi.calibration([(80, 70), (60, 70)]) == kpi.Calibration(
        calls=2, bias=0.0, mean_error=10.0
    )
    assert kpi.calibration([]).bias is None


def test_what_recurs_is_counted_once_a_call() -> None:
    bad, fine = finding("P01", "missed"), finding("P01", "met")
    rare = finding("P02", "missed")
    cards = [card(bad, bad, rare), card(bad), card(fine)]
    assert kpi.recurring(cards) == (("c-P01", 2),)


def test_voice_and_words() -> None:
    sides = {"V01": "voice", "P01": "words"}
    both = card(finding("V01", "met", 3, 4), finding("P01", "missed", 1, 2))
    assert kpi.voice_and_words(both, sides) == {
        "voice": Points(won=3, possible=4), "words": Points(won=1, possible=2),
    }  # fmt: skip


def test_the_radar_has_an_axis_for_each_family_of_a_pillar() -> None:
    spokes = kpi.radar(
        [
            finding("V01", "met", 4, 4),
            finding("V02", "missed", 1, 4),
            finding("P01", "met", 3, 3),
            finding("F01", "not_measured"),
            finding("T05", "not_applicable"),
            finding("C01", "missed"),
        ],
        ["patience"],
    )
    assert [(axis.family, axis.outcome, axis.mark) for axis in spokes] == [
        ("V", "missed", 3.5 + 2 * 5 / 8),
        ("T", "not_applicable", None),
        ("P", "met", 5.5),
        ("F", "not_measured", None),
    ]
    assert spokes[0].standards == ("V01", "V02")
    assert spokes[0].points == Points(won=5, possible=8)


def test_the_radars_pillars_come_in_the_rubrics_order() -> None:
    other = msgspec.structs.replace(finding("P01", "met", 1, 1), pillar="politeness")
    axes = kpi.radar([finding("V01", "met", 1, 1), other], ["politeness", "patience"])
    assert [axis.pillar for axis in axes] == ["politeness", "patience"]


def test_an_axis_is_not_measured_rather_than_zero() -> None:
    (axis,) = kpi.radar(
        [finding("V01", "not_measured"), finding("V02", "not_applicable")], ["patience"]
    )
    assert (axis.mark, axis.outcome) == (None, "not_measured")
    assert axis.points == Points()
