"""What happened in a call: the facts that `measure` finds and `judge` reads.

Facts are plain frozen values. Times are seconds from the start of the recording, rounded to the
millisecond once, when the facts are built (`rounded`). ``None`` means "not measured" and always
has its reason nearby; it is never a zero. Stored as JSON (`encode`, `decode`), the same facts are
the same bytes, so their SHA-256 names them.
"""

from pipeline.facts.call import SCHEMA, CallFacts, spoken_language
from pipeline.facts.exchange import (
    INTERRUPTIONS,
    FloorTransfer,
    Monologue,
    Overlap,
    OverlapKind,
    Pause,
    Shares,
)
from pipeline.facts.parties import (
    Burst,
    Drawl,
    Filler,
    RoleCue,
    RoleFacts,
    SpeakerFacts,
    UsualFigure,
    UsualVoice,
)
from pipeline.facts.recording import (
    AGENT,
    CUSTOMER,
    MIXED,
    AudioFacts,
    Hold,
    Layout,
    NotMeasured,
    Provenance,
    Quality,
    Seconds,
    Tone,
)
from pipeline.facts.said import (
    Cue,
    Cues,
    RefusedText,
    Said,
    TranscriptFacts,
    Turn,
    TurnProsody,
    Word,
    join_words,
)
from pipeline.facts.stored import decode, digest, encode, rounded

__all__ = [
    "AGENT",
    "CUSTOMER",
    "INTERRUPTIONS",
    "MIXED",
    "SCHEMA",
    "AudioFacts",
    "Burst",
    "CallFacts",
    "Cue",
    "Cues",
    "Drawl",
    "Filler",
    "FloorTransfer",
    "Hold",
    "Layout",
    "Monologue",
    "NotMeasured",
    "Overlap",
    "OverlapKind",
    "Pause",
    "Provenance",
    "Quality",
    "RefusedText",
    "RoleCue",
    "RoleFacts",
    "Said",
    "Seconds",
    "Shares",
    "SpeakerFacts",
    "Tone",
    "TranscriptFacts",
    "Turn",
    "TurnProsody",
    "UsualFigure",
    "UsualVoice",
    "Word",
    "decode",
    "digest",
    "encode",
    "join_words",
    "rounded",
    "spoken_language",
]
