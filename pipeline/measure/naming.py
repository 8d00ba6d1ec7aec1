"""Voices get the names of their parts, by words, by channels, and by what earlier calls taught."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.facts import CallFacts
from pipeline.measure.roles import Told, decided
from pipeline.measure.speakers import portrait
from pipeline.measure.stages import Stages
from pipeline.measure.voices import Voice
from pipeline.profiles import VoiceProfile, known_voices, with_print, with_usual
from pipeline.voiceprint import encoded


def named(
    facts: CallFacts,
    found: Sequence[Voice],
    stages: Stages,
    told: Told,
    profile: VoiceProfile | None,
) -> CallFacts:
    """The facts with their parties' names, and what is usual for the agent where it is known.

    Args:
        facts: their speakers are numbered voices.
        found: the same voices with their sound.
        stages: settings and models.
        told: who is who, as people say.
        profile: what is known of the agent's voice.

    Raises:
        UsageError: somebody names a voice that is not there.
    """
    settings = stages.settings
    keep = settings.profiles.keep_voiceprints
    prints = _prints(found, stages) if keep or (profile and profile.voiceprint) else {}
    known = known_voices(facts, profile, settings.profiles, prints) if profile else ()
    facts = decided(facts, settings.roles, told, known)
    if profile is not None:
        facts = with_usual(facts, profile)
    return with_print(facts, prints) if keep else facts


def _prints(found: Sequence[Voice], stages: Stages) -> dict[int, str]:
    """What each voice is like, by its number."""
    settings, model = stages.settings.speakers, stages.models.voices
    portraits = {
        voice.voice: portrait(voice.channel, voice.speech, settings, model)
        for voice in found
        if voice.voice is not None
    }
    return {number: encoded(each) for number, each in portraits.items() if each is not None}
