"""Each party over the whole call: how it spoke, what stood out, and whose part it played."""

from __future__ import annotations

from typing import Literal

from pipeline.facts.recording import NotMeasured, Seconds
from pipeline.facts.said import Cue
from pipeline.timeline import Span
from pipeline.values import Value


class Burst(Value, frozen=True, kw_only=True):
    """A stretch spoken at rapid fire (连珠炮)."""

    speaker: str
    span: Span
    rate_syl_s: float


class Drawl(Value, frozen=True, kw_only=True):
    """A lengthened final syllable (拖腔)."""

    speaker: str
    span: Span
    text: str | None = None


class Filler(Value, frozen=True, kw_only=True):
    """嗯, 啊, 那个 …; ``text`` is ``None`` where only the sound was heard."""

    speaker: str
    span: Span
    text: str | None = None


class UsualFigure(Value, frozen=True, kw_only=True):
    """A measure over a person's calls: its median, and its robust standard deviation."""

    median: float
    deviation: float
    calls: int


class UsualVoice(Value, frozen=True, kw_only=True):
    """How a person usually speaks, learnt from their earlier calls."""

    calls: int
    figures: dict[str, UsualFigure]
    """By the name of the field of `SpeakerFacts`."""

    def median(self, field: str) -> float | None:
        """The usual value of a field of `SpeakerFacts`."""
        figure = self.figures.get(field)
        return None if figure is None else figure.median


class SpeakerFacts(Value, frozen=True, kw_only=True):
    """One party over the whole call."""

    speaker: str
    channel: int
    role_confidence: float
    """How sure it is that this is the agent or the customer, 0 to 1."""
    voice: int | None = None
    """The voice's number, from 1, whatever part it is given: its channel's, or the diarizer's."""
    talk_s: Seconds
    """Time spent speaking, alone or with the other."""
    talk_error_s: float = 0.0
    """How much of it is expected to be another voice's; 0 on a channel of its own."""
    speech: tuple[Span, ...]
    """When this party made speech sounds."""
    level_dbov: float | None = None
    activity: float | None = None
    """P.56 activity factor of the channel, 0 to 1."""
    loudness_lufs: float | None = None
    syllables: int | None = None
    speech_rate_syl_s: float | None = None
    articulation_rate_syl_s: float | None = None
    nuclei_rate_syl_s: float | None = None
    f0_median_hz: float | None = None
    f0_spread_st: float | None = None
    f0_range_st: float | None = None
    intonation_st: float | None = None
    """F0 movement that lexical tone does not explain, in semitones (Mandarin)."""
    cues: tuple[Cue, ...] = ()
    usual: UsualVoice | None = None
    """``None``: not known."""
    voiceprint: str | None = None
    """The agent's voice as `pipeline.voiceprint` writes it, where the settings keep it."""
    not_measured: tuple[NotMeasured, ...] = ()

    @property
    def purity(self) -> float:
        """The share of the party's speech that is expected to be its own, 0 to 1."""
        return 1 - min(1.0, self.talk_error_s / self.talk_s) if self.talk_s > 0 else 1.0


class RoleCue(Value, frozen=True, kw_only=True):
    """One thing that speaks for or against a voice's being the agent's."""

    name: str
    voice: int
    count: float
    """How often it was heard; of a known voice, how like it is."""
    weight: float
    """What that adds to the log odds of this voice's being the agent's, in nats."""


class RoleFacts(Value, frozen=True, kw_only=True):
    """Which voice is the agent's, and how that is known."""

    source: Literal["told", "channels", "inferred"]
    """``told``: by who measured; ``channels``: the usual side; ``inferred``: from the cues."""
    agent: int | None
    """The voice's number (`SpeakerFacts.voice`); ``None``: the agent is not heard."""
    confidence: float
    """0 to 1."""
    cues: tuple[RoleCue, ...] = ()
    doubt: str | None = None
    """What speaks against it, where that is much."""
