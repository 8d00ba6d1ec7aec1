"""A night of written calls in a store, marked by raters whose truth is known.

For notebooks, tests and timings of tuning: no sound, no models. Agents differ in how fast they
speak, how soon they answer and how lively they sound; raters think in thresholds of their own
(`TRUTH`), each wrong now and then. Half of the agents use headsets, on which pitch is heard
flatter: what a threshold on melody then measures is the line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import numpy as np
from sqlalchemy import Connection

from pipeline.facts import AGENT, CallFacts
from pipeline.judge.call import Judge, compile
from pipeline.rubric import load_lexicon, shipped
from pipeline.store.calls import Details, enter, record
from pipeline.store.database import Database
from pipeline.store.marks import Mark, Verdict, add_marks
from pipeline.store.packing import pack_card, pack_facts
from scripts.validation.talk import Line, facts_of

RUBRIC: Final = "affinity-zh-v1"
TRUTH: Final = {"response-time": 2.2, "speech-rate": 5.0, "intonation": 1.9}
"""What the raters go by: slower answers, faster speech, flatter voices than that are missed."""
WRONG: Final = {"Chen": 0.06, "Li": 0.09, "Zhou": 0.15}
"""How often each rater is wrong."""
START: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)
_OPENINGS: Final = ("您好，很高兴为您服务，请问有什么可以帮您？", "喂，说", "您好，请讲")
_REQUESTS: Final = (
    "我的宽带从昨天晚上开始就上不了网了，你们能不能帮我看一下？",
    "我想问一下这个月的话费为什么比上个月多了三十多块钱？",
    "我要换一个便宜一点的套餐，现在这个太贵了。",
)
_ANSWERS: Final = (
    "好的，请您稍等，我马上帮您查询一下。",
    "这个我不太清楚，你自己到网上看看吧。",
    "我明白您的意思，给您带来不便非常抱歉，我们今天之内就给您处理好。",
)
_CLOSINGS: Final = ("请问还有其他可以帮您的吗？感谢您的来电，再见。", "好，就这样。")


@dataclass(frozen=True, slots=True)
class Written:
    """One call: what it is made of, and what the raters would say if they were never wrong."""

    facts: CallFacts
    agent: str
    headset: bool
    at: datetime
    missed: dict[str, bool]


def written(calls: int, agents: int, seed: int = 0, turns: int = 2) -> Iterator[Written]:
    """Calls, one after the other through one night.

    Args:
        calls: how many.
        agents: who take them.
        seed: of everything.
        turns: pairs of turns between opening and closing.
    """
    rng = np.random.default_rng(seed)
    rate = rng.normal(4.5, 0.45, agents)
    answer = np.exp(rng.normal(np.log(1.6), 0.3, agents))
    melody = rng.normal(2.5, 0.45, agents)
    for number in range(calls):
        who = int(rng.integers(agents))
        headset = who % 2 == 0
        lively = float(np.clip(rng.normal(melody[who], 0.4), 0.8, 5.0))
        heard = round(lively - (0.5 if headset else 0.0), 3)
        speed = round(float(np.clip(rng.normal(rate[who], 0.35), 2.5, 7.5)), 3)
        wait = round(float(np.exp(rng.normal(np.log(answer[who]), 0.3))), 3)
        facts = _call(rng, speed, wait, heard, turns)
        yield Written(
            facts=msgspec.structs.replace(facts, call_id=f"call-{number:05d}"),
            agent=f"agent-{who:03d}",
            headset=headset,
            at=START + timedelta(seconds=12 * number),
            missed={
                "response-time": wait > TRUTH["response-time"],
                "speech-rate": speed > TRUTH["speech-rate"],
                "intonation": lively < TRUTH["intonation"],
            },
        )


def _call(
    rng: np.random.Generator, speed: float, wait: float, melody: float, turns: int
) -> CallFacts:
    def pick(texts: tuple[str, ...], skew: float = 0.7) -> str:
        return texts[0] if rng.random() < skew else texts[int(rng.integers(1, len(texts)))]

    def agent(says: str, after: float) -> Line:
        prosody = {"f0_spread_st": melody, "level_dbov": -24.0}
        return Line(by="agent", says=says, rate=speed, after=after, prosody=prosody)

    lines = [agent(pick(_OPENINGS), 0.5)]
    for _ in range(turns):
        lines.append(Line(by="customer", says=_REQUESTS[int(rng.integers(len(_REQUESTS)))]))
        lines.append(agent(pick(_ANSWERS, 0.5), wait))
    lines += [Line(by="customer", says="好的，谢谢。"), agent(pick(_CLOSINGS), wait)]
    return facts_of(lines, speaker_more={AGENT: {"f0_spread_st": melody, "level_dbov": -24.0}})


def marks_of(call: Written, rng: np.random.Generator) -> Iterator[Mark]:
    """What every rater says of a call, criterion by criterion."""
    for rater, wrong in WRONG.items():
        for criterion, missed in call.missed.items():
            told: Verdict = "missed" if missed ^ bool(rng.random() < wrong) else "met"
            yield Mark(
                call_id=call.facts.call_id, rater=rater, criterion=criterion, value=told,
                marked_at=call.at + timedelta(days=1),
            )  # fmt: skip


_PART: Final = 100


def fill(
    database: Database,
    calls: int = 400,
    agents: int = 40,
    marked: int | None = None,
    seed: int = 0,
    turns: int = 2,
) -> None:
    """Put a night into an empty store, judged by `RUBRIC`; its first ``marked`` calls are marked
    (``None``: every one).
    """
    rubric = shipped(RUBRIC)
    judge = compile(rubric, load_lexicon(rubric.lexicon))
    rng = np.random.default_rng(seed + 1)
    part: list[Written] = []
    done = 0
    for call in written(calls, agents, seed, turns):
        part.append(call)
        if len(part) == _PART or done + len(part) == calls:
            left = max(0, (calls if marked is None else marked) - done)
            _store(database, judge, part, [m for each in part[:left] for m in marks_of(each, rng)])
            done += len(part)
            part = []


def _store(database: Database, judge: Judge, calls: list[Written], marks: list[Mark]) -> None:
    def store(connection: Connection) -> None:
        for call in calls:
            name = call.facts.call_id
            extra = {"headset": "headset" if call.headset else "handset"}
            details = Details(agent=call.agent, queue="hotline", started_at=call.at, extra=extra)
            sha256 = hashlib.sha256(name.encode()).hexdigest()
            known = enter(connection, sha256, name, f"{name}.wav", details)
            record(
                connection,
                known.id,
                None,
                measured=pack_facts(call.facts, None, 0.0),
                plan_sha256="",
                card=pack_card(judge.score(call.facts)),
            )
        add_marks(connection, marks)

    database.transact(store)
