import msgspec

from pipeline.facts import FloorTransfer, NotMeasured, RoleFacts
from pipeline.report.figures import measures, not_measured, oddities, quality, refusal
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


def mono(roles: RoleFacts, **party: object):
    agent, customer = facts().speakers
    changes = {"channel": 0, **party}
    speakers = tuple(msgspec.structs.replace(each, **changes) for each in (agent, customer))
    return msgspec.structs.replace(facts(), speakers=speakers, roles=roles)


def test_who_was_taken_for_the_agent_is_said_with_how_to_put_it_right() -> None:
    guess = RoleFacts(source="inferred", agent=2, confidence=0.934)
    assert oddities(mono(guess), "zh") == [
        "按对话内容，坐席是声音 2（把握 93%）；不对可用 --agent-is 更正"
    ]
    nobody = RoleFacts(source="inferred", agent=None, confidence=0.9)
    assert oddities(mono(nobody), "en")[0].startswith("by what is said, the agent is not heard")


def test_what_is_told_is_said_only_where_it_is_doubted() -> None:
    told = RoleFacts(source="told", agent=1, confidence=1.0)
    assert oddities(mono(told), "zh") == []
    doubted = msgspec.structs.replace(
        told, doubt="what the agent's voice says is what customers say"
    )
    assert oddities(mono(doubted), "zh") == ["坐席一方说的话更像客户说的"]


def test_parties_that_share_a_channel_stand_together_over_it() -> None:
    guess = RoleFacts(source="inferred", agent=1, confidence=1.0)
    call = mono(guess, talk_error_s=0.25)
    assert quality(call, "zh").columns[0] == "坐席 + 客户"
    assert dict(measures(call, "zh").rows)["其中可能是他人的"] == ("0.25 秒", "0.25 秒")
