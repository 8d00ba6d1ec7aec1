"""A small call and its scorecard, made by hand."""

import numpy as np

from pipeline.facts import (
    AudioFacts,
    CallFacts,
    Hold,
    Overlap,
    Quality,
    Said,
    Shares,
    SpeakerFacts,
    TranscriptFacts,
    Turn,
    Word,
)
from pipeline.report.html import Sound
from pipeline.scorecard import (
    Axis,
    Coaching,
    Evidence,
    Finding,
    PillarMark,
    Points,
    RubricRef,
    Scorecard,
    Text,
)
from pipeline.timeline import Span
from pipeline.tracks import ChannelTracks, Tracks

SOUND = Sound(b"sound", "audio/webm")
HOSTILE = "</script><script>document.title='hurt'</script>"


def words(texts: str, start: float, speaker: str = "agent") -> tuple[Word, ...]:
    return tuple(
        Word(text=text, span=Span(start + i / 4, start + (i + 1) / 4), speaker=speaker)
        for i, text in enumerate(texts.split())
    )


def facts(said: str = "您 好 请 问") -> CallFacts:
    return CallFacts(
        call_id="example",
        audio=AudioFacts(
            name="example.wav",
            sha256="0" * 64,
            duration_s=20.0,
            rate_hz=8000,
            layout="stereo",
            format="WAV, µ-law",
            quality=tuple(
                Quality(
                    channel=i,
                    silent=False,
                    clipped_share=0.0,
                    dc_offset=0.0,
                    bandwidth_hz=3400.0,
                    noise_dbov=-70.0,
                    snr_db=40.0,
                    coding=None,
                )
                for i in range(2)
            ),
        ),
        transcript=TranscriptFacts(source="imported", language="zh"),
        speakers=tuple(
            SpeakerFacts(
                speaker=name,
                channel=i,
                role_confidence=1.0,
                talk_s=4.0,
                speech=(Span(1.0 + 5 * i, 5.0 + 5 * i),),
                level_dbov=-25.0,
                f0_median_hz=150.0,
            )
            for i, name in enumerate(("agent", "customer"))
        ),
        turns=(
            Turn(speaker="agent", span=Span(1.0, 5.0), said=Said.of(words(said, 1.0))),
            Turn(
                speaker="customer", span=Span(6.0, 10.0), said=Said.of(words("喂", 6.0, "customer"))
            ),
        ),
        overlaps=(
            Overlap(
                span=Span(4.5, 5.0),
                first="customer",
                second="agent",
                kind="competitive-with-floor",
            ),
        ),
        holds=(Hold(span=Span(12.0, 18.0), kind="music"),),
        shares=Shares(
            talk_s={"agent": 4.0, "customer": 4.0}, both_s=0.0, hold_s=6.0, silence_s=6.0
        ),
    )


MOMENT = Evidence(
    span=Span(1.0, 1.5),
    speaker="agent",
    words="您好",
    phrase="您好",
    similarity=0.9,
    value=0.5,
    unit="s",
    rewrite="您好，请问有什么可以帮您？",
)


def finding(criterion: str, outcome: str, won: float, possible: float, **more: object) -> Finding:
    return Finding(
        criterion=criterion,
        standard="T01",
        pillar="patience",
        name=Text(zh=f"{criterion} 名", en=f"{criterion} name"),
        outcome=outcome,  # type: ignore[arg-type]
        points=Points(won=won, possible=possible),
        reason=Text(zh="原因", en="reason"),
        **more,  # type: ignore[arg-type]
    )


def radar(*marks: float | None) -> tuple[Axis, ...]:
    """One axis for each mark."""
    return tuple(
        Axis(
            pillar="patience",
            family="T",
            name=Text(zh=f"方面{i}", en=f"side {i}"),
            standards=("T01",),
            outcome="not_measured" if mark is None else "missed",
            points=Points() if mark is None else Points(won=1.0, possible=2.0),
            mark=mark,
        )
        for i, mark in enumerate(marks or (4.0, None, 5.0))
    )


def scorecard(**changes: object) -> Scorecard:
    findings = (
        finding("cheap", "missed", 1.0, 2.0),
        finding(
            "costly",
            "missed",
            0.0,
            8.0,
            kind="events",
            measure="interruption",
            value=3.0,
            high=1.0,
            unit="per call",
            evidence=(
                MOMENT,
                Evidence(
                    span=Span(4.5, 5.0),
                    speaker="agent",
                    counts=False,
                    note=Text(zh="没有语音，不计", en="no speech; not counted"),
                ),
            ),
        ),
        finding("good", "met", 5.0, 5.0),
        finding("unheard", "not_measured", 0.0, 0.0),
    )
    values: dict[str, object] = {
        "call_id": "example",
        "facts_sha256": "1" * 64,
        "rubric": RubricRef(
            id="r", version=1, sha256="2" * 64, name=Text(zh="标准", en="Standard")
        ),
        "mark": 40.0,
        "points": Points(won=6.0, possible=15.0),
        "pillars": (
            PillarMark(
                pillar="patience",
                name=Text(zh="耐心程度", en="Patience"),
                points=Points(won=6.0, possible=15.0),
            ),
        ),
        "findings": findings,
        "coaching": (
            Coaching(
                criterion="costly",
                lost=Points(won=0.0, possible=8.0),
                moment=MOMENT,
                better=MOMENT.rewrite,
            ),
            Coaching(criterion="cheap", lost=Points(won=1.0, possible=2.0)),
        ),
        **changes,
    }
    known = {finding.criterion for finding in values["findings"]}  # type: ignore[attr-defined]
    advice = values["coaching"]
    values["coaching"] = tuple(each for each in advice if each.criterion in known)  # type: ignore[attr-defined]
    return Scorecard(**values)  # type: ignore[arg-type]


def tracks(seconds: float = 20.0) -> Tracks:
    count = round(seconds * 100)
    channel = ChannelTracks(
        speech_probability=np.zeros(count, np.float32),
        pitch_hz=np.where(np.arange(count) % 200 < 100, 150, np.nan).astype(np.float32),
        level_dbov=np.full(count, -30, np.float32),
        peak=np.full(count, 0.25, np.float32),
    )
    return Tracks((channel, channel))
