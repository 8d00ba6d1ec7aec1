"""The kinds of criterion, told apart by ``kind``.

Every kind carries the standard it serves, its pillar, points and severity. Limits have no defaults
here: a rubric states them, so that whoever reads it sees what is asked. ``slack`` is how far beyond
a limit the points run out; they fall in a straight line, and at once where it is 0.
"""

from __future__ import annotations

from typing import Literal

from pipeline.rubric.say import Role, Say, Typed, Where
from pipeline.scorecard import Severity, Text

Condition = Literal[
    "always", "hold", "complaint", "upset", "rambling", "leaving", "thanked", "apologised"
]
"""What must have happened in the call for a criterion to apply."""


class Criterion(Typed, frozen=True, kw_only=True, tag_field="kind"):
    """What every kind has."""

    id: str
    standard: str
    pillar: str
    name: Text
    points: float
    severity: Severity = "normal"
    when: Condition = "always"
    by: Role = "agent"


# ── Numbers ──────────────────────────────────────────────────────────────────────────────────────

MeasureName = Literal[
    "speech-rate",
    "articulation-rate",
    "level",
    "level-re-other",
    "f0-spread",
    "f0-range",
    "intonation",
    "talk-share",
    "response-time",
    "rate-variation",
    "level-variation",
    "recognition",
    "warmth",
    "rate-re-usual",
    "level-re-usual",
    "pitch-re-usual",
    "spread-re-usual",
]


class Measure(Criterion, frozen=True, kw_only=True, tag="measure"):
    """A number held against limits."""

    measure: MeasureName
    low: float | None = None
    high: float | None = None
    slack: float = 0.0
    min_syllables: int = 8
    """Turns with fewer syllables do not enter: rates over short turns are noise."""


EventName = Literal[
    "interruption",
    "burst",
    "drawl",
    "filler",
    "line-noise",
    "flat-turn",
    "raised-turn",
    "lecture",
    "hold",
    "silence",
    "quarrel",
    "hurried-question",
]


class Events(Criterion, frozen=True, kw_only=True, tag="events"):
    """How often something happened."""

    event: EventName
    at_most: float
    per: Literal["call", "10 minutes", "minute", "100 syllables", "100 turns"] = "call"
    slack: float = 0.0
    at_least_s: float = 0.0
    """Shorter ones do not count."""
    beyond: float | None = None
    """The size that makes it an event, where the event has one (dB, semitones, seconds)."""
    min_confidence: float = 0.0
    """Events that are less sure than this are shown, not counted."""


# ── Words ────────────────────────────────────────────────────────────────────────────────────────


class Says(Criterion, frozen=True, kw_only=True, tag="say"):
    """Something that has to be said."""

    say: Say | str
    where: Where = Where()
    at_least: int = 1
    per_minutes: float | None = None
    """``at_least`` for every so many minutes of the call."""


class Avoids(Criterion, frozen=True, kw_only=True, tag="avoid"):
    """Something that must not be said."""

    say: Say | str
    at_most: int = 0
    slack: float = 0.0
    company: bool = False
    """Whether turns of somebody else count as well who is heard on the party's own line."""


class Answers(Criterion, frozen=True, kw_only=True, tag="answer"):
    """Something that has to be said whenever something else happens."""

    to: Literal["hold-start", "hold-end", "interruption", "upset"] | None = None
    to_say: Say | str | None = None
    """In place of ``to``: when this is said …"""
    to_by: Role = "customer"
    """… by this party."""
    say: Say | str
    side: Literal["before", "after", "either"] = "after"
    within_s: float
    within_turns: int | None = None
    """Of the speaker's own turns, that of the trigger included."""
    share: float = 1.0
    """Share of the occasions that must be answered."""
    at_least_s: float = 0.0
    """Shorter holds do not count."""


class Prefers(Criterion, frozen=True, kw_only=True, tag="prefer"):
    """One way of saying rather than another."""

    rather: Say | str
    than: Say | str
    share: float
    min_count: int = 1


# ── Conversation ─────────────────────────────────────────────────────────────────────────────────


class Restates(Criterion, frozen=True, kw_only=True, tag="restate"):
    """Gives the customer's request back in other words, and asks whether that is right."""

    cue: Say | str
    confirm: Say | str
    overlap: float
    """Share of the sentence's content that the customer had said before, 0 to 1."""
    look_back_turns: int


class ReadsBack(Criterion, frozen=True, kw_only=True, tag="read-back"):
    """Repeats the numbers that the customer gave."""

    min_digits: int
    share: float
    within_turns: int
    secret: Say | str | None = None
    """What the agent asks for that nobody should say aloud again: one-time codes, passwords."""


class Steps(Criterion, frozen=True, kw_only=True, tag="steps"):
    """Steps that have to come in order."""

    steps: dict[str, Say | str]
    names: dict[str, Text]
    share: float
    """Share of the steps, in order, that makes it met."""


class Questions(Criterion, frozen=True, kw_only=True, tag="questions"):
    """Short questions, one at a time."""

    max_syllables: int
    max_at_once: int
    share: float


class QuestionKinds(Criterion, frozen=True, kw_only=True, tag="question-kinds"):
    """Both open and closed questions."""

    open: Say | str
    min_questions: int
    min_open: int
    min_closed: int


class Explains(Criterion, frozen=True, kw_only=True, tag="explain"):
    """A technical term is explained near where it is used."""

    terms: Say | str
    explain: Say | str
    within_s: float
    share: float


class FullAnswers(Criterion, frozen=True, kw_only=True, tag="full-answers"):
    """The customer's questions get more than a word."""

    min_syllables: int
    share: float


class Listens(Criterion, frozen=True, kw_only=True, tag="listen"):
    """Shows listening while the customer tells a story."""

    cue: Say | str
    story_s: float
    """A customer's turn of at least this length calls for a sign."""
    share: float


class Politely(Criterion, frozen=True, kw_only=True, tag="politely"):
    """Whenever a thing is said at all, it is said politely."""

    thing: Say | str
    polite: Say | str
    within_s: float
    share: float = 1.0


# ── The customer, and the agent against the agent ────────────────────────────────────────────────


class Calm(Criterion, frozen=True, kw_only=True, tag="calm"):
    """After an upset customer turn the agent's voice stays where it was.

    Pitch, level and rate of the agent's next turns against the agent's own turns elsewhere.
    """

    turns_after: int
    max_level_db: float
    max_pitch_st: float
    max_rate_ratio: float
    min_syllables: int = 8


class Adapts(Criterion, frozen=True, kw_only=True, tag="adapt"):
    """The agent's pace follows the customer's state."""

    to: Literal["upset", "rambling"]
    measure: Literal["rate", "length"]
    max_ratio: float
    """Turns after against turns elsewhere."""
    turns_after: int
    min_syllables: int = 6


class Mood(Criterion, frozen=True, kw_only=True, tag="mood"):
    """The customer's mood from words and voice: never upset, or no worse at the end."""

    look_at: Literal["upset", "change"]
    edge_turns: int = 4
    """How many customer turns make the start and the end."""


class Types(Criterion, frozen=True, kw_only=True, tag="customer-types"):
    """Kinds of difficult customer, each with its cues."""

    types: dict[str, Say | str]
    names: dict[str, Text]
    at_least: int
    """Cues that make a kind."""


AnyCriterion = (
    Measure
    | Events
    | Says
    | Avoids
    | Answers
    | Prefers
    | Restates
    | ReadsBack
    | Steps
    | Questions
    | QuestionKinds
    | Explains
    | FullAnswers
    | Listens
    | Politely
    | Calm
    | Adapts
    | Mood
    | Types
)
