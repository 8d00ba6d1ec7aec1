"""A table's verdicts are the judge's own, under every setting that a rubric could have."""

import functools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline import rubric
from pipeline.facts import CallFacts, decode
from pipeline.judge.call import Judge, check, compile
from pipeline.judge.doubt import other_reading, settled
from pipeline.tune.knobs import knobs_of, turned, value_of
from pipeline.tune.table import OUTCOMES, Reader, Table, cells_of, tables
from scripts.validation.scorecards import GOLDEN
from scripts.validation.talk import Line, facts_of

RUBRICS = ("affinity-zh-v1", "strict-zh-v1")
AGENT_SAYS = (
    "您好，很高兴为您服务", "请问您贵姓？", "请您稍等，我帮您查一下", "嗯，我明白您的意思",
    "这个我不知道", "不好意思，让您久等了", "您是说宽带不能用了，对吗？", "你自己看说明书",
    "就是说这个嘛那个嘛", "感谢您的来电，再见", "您的号码是一三八零零，对吗？",
)  # fmt: skip
CUSTOMER_SAYS = (
    "我的宽带不能用了，怎么办？", "你们到底怎么回事，我要投诉", "我的号码是一三八零零",
    "好的，谢谢", "为什么又断线了？", "你说什么？听不清", "我要退订这个套餐",
)  # fmt: skip


@st.composite
def calls(draw: st.DrawFn) -> CallFacts:
    lines = []
    for _ in range(draw(st.integers(1, 8))):
        agent = draw(st.booleans())
        lines.append(
            Line(
                by="agent" if agent else "customer",
                says=draw(st.sampled_from(AGENT_SAYS if agent else CUSTOMER_SAYS))
                * draw(st.integers(1, 5)),
                after=draw(st.sampled_from([0.2, 0.4, 1.5, 3.0, 20.0, 70.0])),
                rate=draw(st.sampled_from([3.0, 4.5, 5.5, 7.25])),
                hold=draw(st.sampled_from([None, None, "music", "silence"])),
                cuts=draw(st.sampled_from([None, None, "competitive-with-floor"])),
                bursts=draw(st.integers(0, 2)),
                drawls=draw(st.integers(0, 2)),
                fillers=draw(st.integers(0, 3)),
                backchannels=draw(st.integers(0, 1)),
                prosody={
                    "level_dbov": draw(st.sampled_from([-30.0, -24.5, -18.0])),
                    "f0_spread_st": draw(st.sampled_from([1.2, 2.2, 3.4])),
                    "effort_db": draw(st.sampled_from([None, 0.0, 6.0, 9.5])),
                },
            )
        )
    parties = {"agent": {"f0_spread_st": 2.2, "level_dbov": -24.5}, "customer": {"level_dbov": -20}}
    facts = facts_of(lines, speaker_more=parties)
    return mixed(facts, draw(st.sampled_from([0.4, 2.5]))) if draw(st.booleans()) else facts


def mixed(facts: CallFacts, error_s: float) -> CallFacts:
    """The same as if both had been in one channel, every third turn not surely told apart."""
    speakers = tuple(replace(each, channel=0, talk_error_s=error_s) for each in facts.speakers)
    turns = tuple(
        replace(turn, confidence=0.5) if at % 3 == 2 else turn
        for at, turn in enumerate(facts.turns)
    )
    return replace(facts, speakers=speakers, turns=turns)


@functools.cache
def ready(name: str) -> tuple[Judge, Reader, dict]:
    found = rubric.shipped(name)
    lexicon = rubric.load_lexicon(found.lexicon)
    cells = {}
    for criterion in found.criteria:
        knobs = knobs_of(criterion)
        if knobs:
            cells[criterion.id] = cells_of(criterion, knobs, most=5)[:12]
    return compile(found, lexicon), Reader(found, lexicon, cells), cells


def near(draw: st.DrawFn, table: Table, key: str) -> float:
    """A limit that a rubric could have, mostly one on or beside a value."""
    values = table.values[np.isfinite(table.values)]
    if not len(values) or draw(st.booleans()):
        return draw(st.integers(-3000, 20000)) / 1000
    value = draw(st.sampled_from(values.tolist()))
    return round(value + draw(st.sampled_from([0.0, 0.0, -0.001, 0.001])), 3)


def the_judge_agrees(name: str, facts: CallFacts, data: st.DataObject) -> None:
    judge, reader, cells = ready(name)
    view = judge.view(facts)
    other = other_reading(facts, judge.rubric.confidence)
    doubted = None if other is None else judge.view(other)
    for key, table in tables(reader.judge.rubric, cells, [reader.read(facts)]).items():
        criterion = table.criterion
        setting = dict(data.draw(st.sampled_from(list(table.cells))))
        for knob in knobs_of(criterion):
            if knob.role == "limit" and data.draw(st.booleans()):
                number = near(data.draw, table, knob.key)
                setting[knob.key] = round(number) if knob.whole else number
        variant = turned(criterion, setting)
        verdict = check(variant, view)
        expected = (settled(verdict, check(variant, doubted)) if doubted else verdict).outcome
        assert OUTCOMES[table.outcomes(setting)[0]] == expected, (key, setting, table.values)
        assert table.missed(setting)[0] == (expected == "missed")
        assert value_of(variant, next(iter(setting), "points")) is not None


few = settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
"""An example is a whole call under a whole rubric."""


@pytest.mark.parametrize("name", RUBRICS)
@few
@given(facts=calls(), data=st.data())
def test_written_calls(name: str, facts: CallFacts, data: st.DataObject) -> None:
    the_judge_agrees(name, facts, data)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.facts.json")), ids=lambda path: path.name)
@few
@given(data=st.data())
def test_sample_calls(path, data: st.DataObject) -> None:
    the_judge_agrees("affinity-zh-v1", decode(path.read_bytes(), path), data)
