"""Constructed dialogues: who speaks when, with overlaps whose kinds are known by construction.

Durations and response times are drawn from what studies of telephone talk report, not from the
detector's limits: response times around 0.2-0.4 s (Heldner & Edlund 2010; Levinson & Torreira
2015), backchannels of a third of a second (Ward & Tsukahara 2000), stretches between pauses of one
to three seconds. Every boundary is then moved a little, as a detector of speech would.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipeline.facts import AGENT, CUSTOMER, Overlap, OverlapKind, Word
from pipeline.measure.units import Sound
from pipeline.timeline import Span, Timeline, union

SIGNALS = ("嗯", "对", "好的", "是的", "嗯嗯", "哦", "对对对", "知道了")
FAREWELLS = ("再见", "好的再见", "您好", "谢谢再见")
CONTENT = (
    "我上个月的账单里面有一笔费用不太清楚您帮我查看办卡时候说好免年费后来客服打电话告诉必须刷满六次"
)
FINISHED = ("清楚", "时候", "六次", "电话", "费用", "知道吗", "可以吗", "办卡")
CUT = ("因为", "但是", "我想", "如果", "然后", "而且", "一直", "我有")
OTHER = {AGENT: CUSTOMER, CUSTOMER: AGENT}


@dataclass(frozen=True)
class Dialogue:
    """One constructed dialogue: what a detector would get, and the truth."""

    speech: dict[str, Timeline]
    words: tuple[Word, ...]
    sounds: dict[str, Sound]
    duration_s: float
    overlaps: tuple[Overlap, ...]


@dataclass
class _Said:
    speaker: str
    span: Span
    text: str
    cut: bool = False


@dataclass
class _Script:
    """A dialogue in the making."""

    chance: np.random.Generator
    said: list[_Said] = field(default_factory=list)
    truth: list[tuple[OverlapKind, _Said, _Said]] = field(default_factory=list)
    floor: str = AGENT
    now: float = 1.0

    def between(self, low: float, high: float) -> float:
        return float(self.chance.uniform(low, high))

    def normal(self, mean: float, deviation: float) -> float:
        return float(self.chance.normal(mean, deviation))

    def text(self, seconds: float, ending: str) -> str:
        """About five syllables a second, with this ending."""
        count = max(0, round(seconds * self.between(4, 6)) - len(ending))
        at = int(self.chance.integers(len(CONTENT)))
        return (CONTENT[at:] + CONTENT * 9)[:count] + ending

    def pick(self, texts: tuple[str, ...]) -> str:
        return texts[int(self.chance.integers(len(texts)))]

    def say(self, who: str, start: float, seconds: float, ending: str, cut: bool = False) -> _Said:
        said = _Said(who, Span(start, start + seconds), self.text(seconds, ending), cut)
        self.said.append(said)
        return said

    def unit(self, low: float = 0.8, high: float = 3.5, ending: str | None = None) -> _Said:
        """The floor's holder says something from now on."""
        said = self.say(
            self.floor, self.now, self.between(low, high), ending or self.pick(FINISHED)
        )
        self.now = said.span.end
        return said

    def turn(self) -> _Said:
        """One to three units with pauses between."""
        last = self.unit()
        for _ in range(int(self.chance.integers(3))):
            self.now += self.between(0.28, 0.9)
            last = self.unit()
        return last

    def pass_floor(self) -> None:
        self.floor = OTHER[self.floor]
        self.now += float(np.clip(self.chance.normal(0.4, 0.2), 0.2, 1.2))

    # One method per kind: the floor's holder is first, the other second.

    def backchannel(self) -> None:
        first = self.unit(2.0, 4.0)
        seconds = float(np.clip(self.chance.lognormal(np.log(0.36), 0.4), 0.15, 1.2))
        latest = first.span.duration - 0.15
        start = first.span.start + self.between(0.6, latest)
        second = _Said(OTHER[self.floor], Span(start, start + seconds), self.pick(SIGNALS))
        self.said.append(second)
        self.truth.append(("backchannel", first, second))
        self.now = max(
            self.now + self.between(0.28, 0.6), second.span.end + self.between(0.05, 0.4)
        )
        self.unit(0.8, 2.5)

    def terminal(self) -> None:
        first = self.unit(1.2, 3.5)
        self.floor = OTHER[self.floor]
        self.now = first.span.end - max(0.07, self.normal(0.14, 0.06))
        self.truth.append(("terminal", first, self.unit(1.0, 3.0)))

    def choral(self) -> None:
        self.turn()
        self.now += self.between(0.4, 0.9)
        seconds, text = self.between(0.45, 1.1), self.pick(FAREWELLS)
        late = abs(self.normal(0.0, 0.08))
        first = _Said(self.floor, Span(self.now, self.now + seconds), text)
        end = first.span.end + self.between(-0.12, 0.15)
        second = _Said(OTHER[self.floor], Span(self.now + late, end), text)
        self.said += [first, second]
        self.truth.append(("choral", first, second))
        self.now = max(first.span.end, end)

    def competitive_with_floor(self) -> None:
        start, seconds = self.now, self.between(1.6, 4.0)
        first = self.say(self.floor, start, seconds, self.pick(CUT), cut=True)
        self.floor = OTHER[self.floor]
        self.now = first.span.end - 0.25 - self.between(0.0, 1.0)
        self.truth.append(("competitive-with-floor", first, self.unit(1.7, 4.0)))

    def competitive_without_floor(self) -> None:
        first = self.unit(3.4, 5.0)
        seconds = self.between(0.5, 1.8)
        start = first.span.start + self.between(0.6, first.span.duration - seconds - 0.5)
        second = self.say(OTHER[self.floor], start, seconds, self.pick(CUT), cut=True)
        self.truth.append(("competitive-without-floor", first, second))

    def silent_interruption(self) -> None:
        first = self.say(self.floor, self.now, self.between(1.2, 3.0), self.pick(CUT), cut=True)
        self.floor = OTHER[self.floor]
        self.now = first.span.end + self.between(0.03, 0.45)
        second = self.unit(1.0, 3.0)
        self.truth.append(("silent-interruption", first, second))
        self.floor = OTHER[self.floor]
        self.now = second.span.end + self.between(0.1, 0.4)
        self.unit(1.0, 3.0)


def dialogue(seed: int, events: int = 12, jitter_s: float = 0.03) -> Dialogue:
    """A dialogue of ``events`` overlaps or silent interruptions among ordinary turns."""
    script = _Script(np.random.default_rng(seed))
    methods = (
        script.backchannel,
        script.terminal,
        script.choral,
        script.competitive_with_floor,
        script.competitive_without_floor,
        script.silent_interruption,
    )
    for _ in range(events):
        script.turn()
        script.pass_floor()
        methods[int(script.chance.integers(len(methods)))]()
        script.pass_floor()
    script.turn()
    return _detected(script, jitter_s)


def _detected(script: _Script, jitter_s: float) -> Dialogue:
    """As a detector of speech would hear it: every boundary a little off."""
    heard: dict[int, Span] = {}
    for said in script.said:
        start, end = script.chance.normal((said.span.start, said.span.end), jitter_s)
        heard[id(said)] = Span(float(start), float(max(end, start + 0.1)))
    overlaps = []
    for kind, first, second in script.truth:
        one, two = heard[id(first)], heard[id(second)]
        apart = kind == "silent-interruption"
        start, end = (one.end, two.start) if apart else (two.start, min(one.end, two.end))
        span = Span(min(start, end), max(start, end))
        overlaps.append(Overlap(span=span, first=first.speaker, second=second.speaker, kind=kind))
    duration_s = max(span.end for span in heard.values()) + 1.0
    speakers = (AGENT, CUSTOMER)
    return Dialogue(
        speech={
            who: union(heard[id(said)] for said in script.said if said.speaker == who)
            for who in speakers
        },
        words=tuple(word for said in script.said for word in _words(said, heard[id(said)])),
        sounds={who: _sound(script, heard, who, duration_s) for who in speakers},
        duration_s=duration_s,
        overlaps=tuple(sorted(overlaps, key=lambda overlap: overlap.span)),
    )


def _words(said: _Said, span: Span) -> list[Word]:
    """One word per character, evenly spread."""
    edges = np.linspace(span.start, span.end, len(said.text) + 1)
    return [
        Word(text=text, span=Span(float(start), float(end)), speaker=said.speaker)
        for text, start, end in zip(said.text, edges, edges[1:], strict=False)
    ]


def _sound(script: _Script, heard: dict[int, Span], who: str, duration_s: float) -> Sound:
    """Levels that swing with the syllables, and fade at the end of all that was not cut off."""
    level = np.full(int(duration_s * 100) + 1, -75.0)
    for said in script.said:
        if said.speaker != who:
            continue
        span = heard[id(said)]
        first, last = round(span.start * 100), round(span.end * 100)
        at = np.arange(last - first) / 100
        swing = 4 * np.sin(2 * np.pi * (5 * at + script.between(0, 1)))
        track = -26 + swing + script.chance.normal(0, 1.5, len(at))
        if not said.cut:
            track -= script.between(10, 20) * np.clip(1 - (at[-1] - at) / 0.2, 0, 1)
        level[first:last] = track
    return Sound(level.astype(np.float32))
