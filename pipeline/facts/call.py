"""Everything that was measured in one call."""

from __future__ import annotations

from typing import Final, Literal

from pipeline.facts.exchange import FloorTransfer, Monologue, Overlap, Pause, Shares
from pipeline.facts.parties import Burst, Drawl, Filler, RoleFacts, SpeakerFacts
from pipeline.facts.recording import AudioFacts, Hold, NotMeasured, Provenance, Tone
from pipeline.facts.said import TranscriptFacts, Turn
from pipeline.values import Value

SCHEMA: Final = "qinhe.facts/2"


class CallFacts(Value, frozen=True, kw_only=True):
    """Everything that was measured in one call.

    The tuples are in time order. ``not_measured`` names what the whole call does not allow.
    """

    schema: Literal["qinhe.facts/2"] = SCHEMA
    call_id: str
    audio: AudioFacts
    transcript: TranscriptFacts | None
    speakers: tuple[SpeakerFacts, ...]
    turns: tuple[Turn, ...]
    pauses: tuple[Pause, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    transfers: tuple[FloorTransfer, ...] = ()
    monologues: tuple[Monologue, ...] = ()
    holds: tuple[Hold, ...] = ()
    tones: tuple[Tone, ...] = ()
    bursts: tuple[Burst, ...] = ()
    drawls: tuple[Drawl, ...] = ()
    fillers: tuple[Filler, ...] = ()
    shares: Shares
    roles: RoleFacts | None = None
    """``None``: nobody was told apart."""
    not_measured: tuple[NotMeasured, ...] = ()
    provenance: tuple[Provenance, ...] = ()

    def speaker(self, name: str) -> SpeakerFacts | None:
        """The party of that name, ``None`` where it was not heard apart."""
        return next((party for party in self.speakers if party.speaker == name), None)


def spoken_language(facts: CallFacts) -> str:
    """The language of the words (Whisper's code); Mandarin where there are none."""
    return facts.transcript.language if facts.transcript else "zh"
