"""An agent's voice, learnt from earlier calls: what is usual for it, and how to know it again.

Learnt from stored facts alone, without sound: only from calls in which it is sure enough who the
agent is and whose speech is whose. A profile says nothing of customers. docs/measures/roles.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
import numpy as np

from pipeline.facts import AGENT, CallFacts, RoleCue, SpeakerFacts, UsualFigure, UsualVoice
from pipeline.settings import ProfileSettings
from pipeline.values import Value
from pipeline.voiceprint import likeness, mean

FIGURES: Final = (
    "f0_median_hz",
    "f0_spread_st",
    "f0_range_st",
    "intonation_st",
    "speech_rate_syl_s",
    "articulation_rate_syl_s",
    "level_dbov",
)
"""Fields of `SpeakerFacts` whose usual values are kept."""
KNOWN_PITCH: Final = "known-pitch"
KNOWN_VOICE: Final = "known-voice"


class VoiceProfile(Value, frozen=True, kw_only=True):
    """What is kept of an agent's voice."""

    agent: str
    calls: int
    talk_s: float
    figures: dict[str, UsualFigure]
    voiceprint: str | None = None

    @property
    def usual(self) -> UsualVoice:
        """As facts carry it."""
        return UsualVoice(calls=self.calls, figures=self.figures)


def learn(agent: str, calls: Iterable[CallFacts], settings: ProfileSettings) -> VoiceProfile | None:
    """The agent's voice from their calls; ``None``: too few of them can be learnt from."""
    heard = [
        party
        for facts in calls
        if (party := facts.speaker(AGENT)) is not None and _can_teach(party, settings)
    ]
    if len(heard) < settings.least_calls:
        return None
    figures = {}
    for field in FIGURES:
        values = [value for party in heard if (value := getattr(party, field)) is not None]
        if len(values) >= settings.least_calls:
            figures[field] = _usual(values)
    talk_s = round(math.fsum(party.talk_s for party in heard), 3)
    prints = [party.voiceprint for party in heard if party.voiceprint is not None]
    return VoiceProfile(
        agent=agent, calls=len(heard), talk_s=talk_s, figures=figures, voiceprint=mean(prints)
    )


def _can_teach(party: SpeakerFacts, settings: ProfileSettings) -> bool:
    return (
        party.talk_s >= settings.least_talk_s
        and party.role_confidence >= settings.least_confidence
        and party.purity >= settings.least_purity
    )


def _usual(values: list[float]) -> UsualFigure:
    median = float(np.median(values))
    # 1.4826: makes the median deviation of a normal distribution its standard deviation.
    deviation = 1.4826 * float(np.median(np.abs(np.array(values) - median)))
    return UsualFigure(median=round(median, 3), deviation=round(deviation, 3), calls=len(values))


def with_usual(facts: CallFacts, profile: VoiceProfile | None) -> CallFacts:
    """The facts with the agent's usual voice in them; with ``None``, without it."""
    usual = profile.usual if profile is not None else None
    return msgspec.structs.replace(
        facts,
        speakers=tuple(
            msgspec.structs.replace(party, usual=usual) if party.speaker == AGENT else party
            for party in facts.speakers
        ),
    )


def with_print(facts: CallFacts, prints: Mapping[int, str]) -> CallFacts:
    """The facts with the agent's voiceprint in them, and nobody else's."""
    return msgspec.structs.replace(
        facts,
        speakers=tuple(
            msgspec.structs.replace(party, voiceprint=prints.get(party.voice or 0))
            if party.speaker == AGENT
            else party
            for party in facts.speakers
        ),
    )


def known_voices(
    facts: CallFacts,
    profile: VoiceProfile,
    settings: ProfileSettings,
    prints: Mapping[int, str] | None = None,
) -> tuple[RoleCue, ...]:
    """How far each voice speaks for its being this agent's.

    By voiceprint where there are some, which have the pitch in them; by median pitch otherwise.

    Args:
        facts: the call's.
        profile: what is known of the agent.
        settings: the section ``profiles`` of ``configs/measure.yaml``.
        prints: the voiceprints of this call's voices, by their numbers.
    """
    by_print = tuple(_by_print(profile, settings, prints or {}))
    return by_print or tuple(_by_pitch(facts, profile, settings))


def _by_print(
    profile: VoiceProfile, settings: ProfileSettings, prints: Mapping[int, str]
) -> Iterator[RoleCue]:
    if profile.voiceprint is None:
        return
    for voice, own in sorted(prints.items()):
        like = likeness(own, profile.voiceprint)
        if like is not None:
            weight = settings.print_steepness * (like - settings.print_even)
            weight = max(-settings.print_most, min(settings.print_most, weight))
            yield RoleCue(
                name=KNOWN_VOICE, voice=voice, count=round(like, 3), weight=round(weight, 3)
            )


def _by_pitch(
    facts: CallFacts, profile: VoiceProfile, settings: ProfileSettings
) -> Iterator[RoleCue]:
    """The log of the ratio of two densities: that of the agent's median pitch from call to call,
    and that of anybody's (both normal over semitones).
    """
    usual = profile.figures.get("f0_median_hz")
    if usual is None or usual.median <= 0:
        return
    own = max(settings.pitch_least_st, 12 * math.log2(1 + usual.deviation / usual.median))
    for party in facts.speakers:
        if party.voice is not None and party.f0_median_hz:
            away = abs(12 * math.log2(party.f0_median_hz / usual.median))
            yield RoleCue(
                name=KNOWN_PITCH,
                voice=party.voice,
                count=round(away, 3),
                weight=round(_ratio(away, own, settings.pitch_anybody_st), 3),
            )


def _ratio(away_st: float, own_st: float, anybody_st: float) -> float:
    """The log of N(away; 0, own) over N(away; 0, anybody), no less than an outlier deserves."""
    own, anybody = (-0.5 * (away_st / s) ** 2 - math.log(s) for s in (own_st, anybody_st))
    return max(own - anybody, -_OUTLIER)


_OUTLIER: Final = 4.0
"""Nats: a cold, or another headset, moves a voice too."""
