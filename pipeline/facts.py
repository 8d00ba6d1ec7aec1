"""What happened in a call: the facts that `measure` finds and `judge` reads.

Facts are plain frozen values. Times are seconds from the start of the recording, rounded to the
millisecond once, when the facts are built (`rounded`). ``None`` means "not measured" and always
has its reason nearby; it is never a zero. Stored as JSON (`encode`, `decode`), the same facts are
the same bytes, so their SHA-256 names them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from pipeline.errors import FactsError
from pipeline.timeline import FARTHEST_S, Span
from pipeline.values import Value

SCHEMA: Final = "qinhe.facts/1"

AGENT = "agent"
CUSTOMER = "customer"
MIXED = "mixed"
"""The speaker's name where one channel holds both parties and they were not told apart."""

Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=FARTHEST_S)]
"""A length of time; one of which no recording is long is damage."""
Layout = Literal["stereo", "two-files", "mono", "dual-mono"]
OverlapKind = Literal[
    "backchannel",
    "terminal",
    "choral",
    "competitive-with-floor",
    "competitive-without-floor",
    "silent-interruption",
]
INTERRUPTIONS: frozenset[OverlapKind] = frozenset(
    {"competitive-with-floor", "competitive-without-floor", "silent-interruption"}
)
"""The kinds of overlap in which the second speaker went for the first one's floor."""


class NotMeasured(Value, frozen=True, kw_only=True):
    """A measure that this recording, or this stretch of it, does not allow, and why."""

    measure: str
    reason: str


class Provenance(Value, frozen=True, kw_only=True):
    """Where a part of the facts came from; together the key under which its stage is cached."""

    stage: str
    version: str
    settings_sha256: str
    model: str | None = None
    model_sha256: str | None = None


# ── The recording ────────────────────────────────────────────────────────────────────────────────


class Quality(Value, frozen=True, kw_only=True):
    """What one channel sounds like technically, and what that rules out."""

    channel: int
    silent: bool
    """Digital silence, or nothing above the noise of the coder."""
    clipped_share: float
    """Share of samples in runs at full scale, 0 to 1."""
    dc_offset: float
    """Mean sample, full scale = 1."""
    bandwidth_hz: float | None
    """Highest frequency that carries sound."""
    noise_dbov: float | None
    snr_db: float | None
    """Active speech level over noise floor."""
    coding: str | None
    """What the sound itself betrays of the codecs it went through ("8-bit log PCM" …)."""
    clipped: tuple[Span, ...] = ()
    """Where, runs within half a second of each other joined."""
    dropouts: tuple[Span, ...] = ()
    """Digital zeros inside speech."""
    gain_pumping_db: float | None = None
    """How far the noise floor swims within pauses (automatic gain control)."""
    not_measured: tuple[NotMeasured, ...] = ()


class AudioFacts(Value, frozen=True, kw_only=True):
    """The recording as a file."""

    name: str
    sha256: str
    duration_s: Seconds
    rate_hz: int
    layout: Layout
    format: str
    """Container and coding, for people ("WAV, µ-law")."""
    quality: tuple[Quality, ...]
    """One per channel."""
    notes: tuple[str, ...] = ()
    """What is odd about the file without making it unusable ("the file ends early" …)."""


class Tone(Value, frozen=True, kw_only=True):
    """A signal that is neither speech nor music."""

    span: Span
    channel: int
    kind: Literal["ringback", "busy", "dtmf", "beep"]


class Hold(Value, frozen=True, kw_only=True):
    """A stretch in which the customer waits."""

    span: Span
    kind: Literal["music", "silence", "ringback"]
    channel: int | None = None
    """Where the music was heard; ``None`` for silence on both sides."""


# ── What was said ────────────────────────────────────────────────────────────────────────────────


class Word(Value, frozen=True, kw_only=True):
    """A word as recognised: for Mandarin usually one to four characters."""

    text: str
    span: Span
    speaker: str
    probability: float | None = None
    """The recogniser's own, 0 to 1; ``None`` for transcripts that carry none."""


class RefusedText(Value, frozen=True, kw_only=True):
    """Text that the recogniser gave and that nobody said."""

    text: str
    span: Span
    speaker: str
    reason: str


class TranscriptFacts(Value, frozen=True, kw_only=True):
    """Where the words came from."""

    source: Literal["whisper", "imported"]
    language: str
    model: str | None = None
    demonstration: bool = False
    """Made by the small model that ships with Qinhe, which real calls need to replace."""
    word_times: Literal["recognised", "spread"] = "recognised"
    """``spread``: an imported transcript timed whole segments only."""
    refused: tuple[RefusedText, ...] = ()


# ── How it was said ──────────────────────────────────────────────────────────────────────────────


class Cue(Value, frozen=True, kw_only=True):
    """One acoustic cue of how a voice comes across, in the speaker's own units."""

    name: str
    value: float
    unit: str
    z: float | None = None
    """The same in standard deviations of the speaker's own turns, where these are known."""
    span: Span | None = None
    """Where it was heard; ``None``: over the whole call."""


class TurnProsody(Value, frozen=True, kw_only=True):
    """How one turn sounded."""

    syllables: int | None = None
    """Syllables spoken, from the words."""
    speech_rate_syl_s: float | None = None
    """Syllables over the whole turn, pauses included."""
    articulation_rate_syl_s: float | None = None
    """Syllables over the time spent speaking."""
    nuclei_rate_syl_s: float | None = None
    """Articulation rate from sound alone (syllable nuclei)."""
    level_dbov: float | None = None
    """Active speech level (ITU-T P.56)."""
    level_re_baseline_db: float | None = None
    """Against the same speaker's level over the whole call."""
    f0_median_hz: float | None = None
    f0_spread_st: float | None = None
    """Robust standard deviation of F0, in semitones."""
    f0_range_st: float | None = None
    """5th to 95th percentile, in semitones."""
    effort_db: float | None = None
    """Vocal effort above the speaker's own baseline: level, tilt and F0 together."""
    cues: tuple[Cue, ...] = ()
    """Tone of voice, against the same speaker's usual one."""
    reason: str | None = None
    """Why fields are ``None``."""


class Turn(Value, frozen=True, kw_only=True):
    """One party's talk until the other party takes the floor."""

    speaker: str
    span: Span
    words: tuple[Word, ...] = ()
    prosody: TurnProsody | None = None
    took_floor: bool = True
    """False for a listener's signal (嗯, 好的) and for an attempt that did not get the floor."""
    confidence: float = 1.0
    """How sure it is that this voice says it, 0 to 1; 1 on a channel of its own."""

    @property
    def text(self) -> str:
        """The words, joined as written (a blank between Latin words only)."""
        return join_words([word.text for word in self.words])


class Pause(Value, frozen=True, kw_only=True):
    """Silence inside one party's turn."""

    speaker: str
    span: Span


class Overlap(Value, frozen=True, kw_only=True):
    """Both parties at once, or one cutting in on the other without it."""

    span: Span
    first: str
    """Who held the floor."""
    second: str
    """Who came in."""
    kind: OverlapKind
    yielded: str | None = None
    """Who stopped; ``None`` where nobody did."""
    confidence: float = 1.0
    """How sure the kind is, 0 to 1."""


class FloorTransfer(Value, frozen=True, kw_only=True):
    """The floor passes from one party to the other (Heldner & Edlund 2010)."""

    from_speaker: str
    to_speaker: str
    at: float
    """When the new speaker starts."""
    offset_s: float
    """Positive: a gap, the response time. Negative: an overlap."""
    confidence: float = 1.0
    """How sure it is that two voices and not one are on its sides, 0 to 1."""


class Monologue(Value, frozen=True, kw_only=True):
    """A long stretch in which one party speaks and the other at most backchannels."""

    speaker: str
    span: Span


class Shares(Value, frozen=True, kw_only=True):
    """How the call's time divides, in seconds. ``talk`` + ``both`` + ``hold`` + ``silence`` is
    exactly the call's duration.
    """

    talk_s: dict[str, float]
    """Per speaker, alone."""
    both_s: float
    hold_s: float
    silence_s: float


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


# ── The call ─────────────────────────────────────────────────────────────────────────────────────


class CallFacts(Value, frozen=True, kw_only=True):
    """Everything that was measured in one call.

    The tuples are in time order. ``not_measured`` names what the whole call does not allow.
    """

    schema: Literal["qinhe.facts/1"] = SCHEMA
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


_MAYBE_LATIN = re.compile("[0-9A-Za-z\u00aa-\u2e7f]")


def join_words(texts: Iterable[str]) -> str:
    """Join words as they are written: a blank between Latin words, none between Hanzi."""
    pieces = [text.strip() for text in texts]
    together = "".join(pieces)
    if not _MAYBE_LATIN.search(together):
        return together  # the common case, at a tenth of the time
    joined = ""
    for piece in pieces:
        if joined and piece and _latin(joined[-1]) and _latin(piece[0]):
            joined += " "
        joined += piece
    return joined


def _latin(character: str) -> bool:
    return character.isalnum() and character < "\u2e80"


# ── Stored ───────────────────────────────────────────────────────────────────────────────────────

V = TypeVar("V", bound=msgspec.Struct)


def rounded(value: V) -> V:
    """The same value with every number on three decimals: milliseconds, mHz, mdB."""
    plain = msgspec.to_builtins(value, enc_hook=_plain_number)
    return msgspec.convert(_round(plain), type(value))


def _plain_number(number: Any) -> int | float:
    """A NumPy scalar, which measures compute with, as the number that is stored."""
    plain: int | float = number.item()
    return plain


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3) + 0.0  # + 0.0: no "-0.0" in files
    if isinstance(value, dict):
        return {key: _round(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_round(part) for part in value]
    return value


def encode(value: msgspec.Struct) -> bytes:
    """JSON, indented, in field order, with a final newline: the same value, the same bytes."""
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=1) + b"\n"


def digest(value: msgspec.Struct) -> str:
    """SHA-256 (hexadecimal) of the stored form."""
    return hashlib.sha256(encode(value)).hexdigest()


def decode(data: bytes, source: str | Path) -> CallFacts:
    """Facts from their stored form.

    Raises:
        FactsError: not JSON, another schema, or fields that do not fit.
    """
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, ValueError) as error:
        raise _misfit(data, source, error) from None


_DECODER: Final = msgspec.json.Decoder(CallFacts)


def _misfit(data: bytes, source: str | Path, error: Exception) -> FactsError:
    """Why this is no stored form of facts; worked out only when it is none."""
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, ValueError) as broken:  # such as bytes that are no UTF-8
        return FactsError(
            source,
            expected=f"facts as JSON (schema {SCHEMA})",
            found=f"something else ({broken})",
            remedy="make it with `qinhe measure`",
        )
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema != SCHEMA:
        found_here = f"schema {schema}" if schema else "no schema"
    else:
        found_here = f"a part that does not fit ({error})"
    return FactsError(
        source,
        expected=f"facts of schema {SCHEMA}",
        found=found_here,
        remedy="measure the recording again with this version of qinhe",
    )
