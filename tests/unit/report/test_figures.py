import msgspec

from pipeline.facts import FloorTransfer, NotMeasured
from pipeline.report.figures import measures, not_measured, quality, refusal
from tests.unit.report.examples import facts


def test_figures_stand_under_their_party_with_their_unit() -> None:
    moved = FloorTransfer(from_speaker="agent", to_speaker="customer", at=6.0, offset_s=1.0)
    table = measures(msgspec.structs.replace(facts(), transfers=(moved,)), "zh")
    assert table.columns == ("坐席", "客户")
    rows = dict(table.rows)
    assert rows["说话时间"] == ("4 秒", "4 秒")
    assert rows["占通话"] == ("20%", "20%")
    assert rows["音高中位数"] == ("150 Hz", "150 Hz")
    assert rows["应答间隔（中位数）"] == ("–", "1 秒")
    assert rows["打断对方"] == ("1", "0")


def test_a_figure_that_nobody_has_is_left_out() -> None:
    assert "响度" not in dict(measures(facts(), "zh").rows)


def test_quality_by_channel() -> None:
    table = quality(facts(), "en")
    assert table.columns == ("agent", "customer")
    assert dict(table.rows)["bandwidth"] == ("3400 Hz", "3400 Hz")
    assert "coding heard" not in dict(table.rows)


def test_what_was_not_measured_stands_together_by_reason() -> None:
    (agent, customer) = facts().speakers
    missing = tuple(NotMeasured(measure=m, reason="no words") for m in ("pace", "intonation"))
    agent = msgspec.structs.replace(agent, not_measured=missing)
    whole = NotMeasured(measure="overlaps", reason="both parties share one channel")
    call = msgspec.structs.replace(facts(), speakers=(agent, customer), not_measured=(whole,))
    assert not_measured(call, "zh") == [
        ("重叠与打断", "双方在同一声道"),
        ("坐席 语速、语调变化", "没有文字"),
    ]
    assert not_measured(call, "en") == [
        ("overlaps and interruptions", "both parties share one channel"),
        ("agent pace, intonation", "no words"),
    ]


def test_refusals_in_the_reports_language() -> None:
    assert refusal("nobody speaks here", "zh") == "此处没有人说话"
    assert refusal("nobody speaks here", "en") == "nobody speaks here"
