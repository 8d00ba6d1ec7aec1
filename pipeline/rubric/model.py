"""A rubric: pillars, criteria, points; and the phrase lists they speak of."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

from pipeline.rubric.kinds import AnyCriterion
from pipeline.rubric.meanings import Meanings, load_meanings
from pipeline.rubric.say import Say, Typed
from pipeline.scorecard import Text


class Rewrite(Typed, frozen=True, kw_only=True):
    """A phrase with the better one in its place."""

    say: str
    better: str


class Means(Typed, frozen=True, kw_only=True):
    """What a phrase list stands for, so that the text model finds it in other words too."""

    intent: str
    """One of the model's, by name."""
    at_least: float | None = None
    """The probability from which it counts, 0 to 1; left out: the intent's own limit, from which
    it was right in cross-validation as often as is asked of it."""


class PhraseList(Typed, frozen=True, kw_only=True):
    """Phrases that mean the same.

    Notation: ``(a|b)`` alternatives, ``[x]`` may be left out, ``…`` up to four words or characters
    in between (``…9``: up to nine).
    """

    says: tuple[str | Rewrite, ...] = ()
    means: Means | None = None
    """Found by its meaning as well, in sentences where none of these phrases was said."""
    excepting: tuple[str, ...] = ()
    """Hits that overlap one of these do not count."""
    exact: bool = False
    """As spelt, or as a perfect homophone; no nearness."""
    negation: Literal["guard", "ignore"] = "guard"
    """``guard``: 不, 没 … right before a hit turn its meaning, so it does not count."""
    better: str | None = None
    """What to say instead, where a phrase has no rewrite of its own."""


class Lexicon(Typed, frozen=True, kw_only=True):
    """The phrase lists of one language."""

    language: str
    fillers: tuple[str, ...]
    """Sounds that may stand anywhere inside a phrase."""
    negators: tuple[str, ...]
    reporting: tuple[str, ...]
    """What comes before other people's words: "您刚才说", "客户说"."""
    meanings: str | None = None
    """The text model beside the lists: a shipped one's name, or a file; left out: lists alone."""
    lists: dict[str, PhraseList]

    @property
    def model(self) -> Meanings | None:
        """The text model, where there is one.

        Raises:
            ModelError: it cannot be read.
        """
        return None if self.meanings is None else load_meanings(self.meanings)

    @property
    def sha256(self) -> str:
        """Names this lexicon, its text model included."""
        content = msgspec.json.encode(self, order="deterministic")
        model = self.model
        return hashlib.sha256(content + (model.sha256.encode() if model else b"")).hexdigest()


class Pillar(Typed, frozen=True, kw_only=True):
    """A group of criteria with a mark of its own."""

    name: Text


class Support(Typed, frozen=True, kw_only=True):
    """What the sound must show before words count."""

    min_probability: float
    """Mean word probability of the hit, where the recogniser gave any."""
    min_speech_share: float
    """Share of the hit's time with speech of that speaker under it."""


class Signals(Typed, frozen=True, kw_only=True):
    """What tells the states of a call that conditions and several criteria speak of."""

    complaint: Say | str | None = None
    upset: Say | str | None = None
    pleased: Say | str | None = None
    leaving: Say | str | None = None
    thanks: Say | str | None = None
    apology: Say | str | None = None
    question: Say | str | None = None
    waiting: Say | str | None = None
    dispute: Say | str | None = None
    filler: Say | str | None = None
    upset_effort_db: float = 6.0
    """A turn that much above the customer's own baseline sounds upset."""
    rambling_s: float = 40.0
    """A customer's turn of that length rambles."""


class Rubric(Typed, frozen=True, kw_only=True):
    """What is asked of a call, as a quality manager writes it."""

    id: str
    version: int
    language: str
    name: Text
    lexicon: str
    """A shipped lexicon's name."""
    weights: dict[Literal["voice", "words"], float] | None = None
    """Voice (V and T rows) against words (P, F and C rows): points are scaled to this."""
    support: Support
    confidence: float = 0.0
    """How sure it must be who is the agent and whose speech it is, 0 to 1; less is not measured."""
    signals: Signals = Signals()
    pillars: dict[str, Pillar]
    lists: dict[str, PhraseList] = msgspec.field(default_factory=dict)
    """Phrase lists of this rubric's own; one of a lexicon list's name stands in for it."""
    patterns: dict[str, Say] = msgspec.field(default_factory=dict)
    criteria: tuple[AnyCriterion, ...]

    @property
    def sha256(self) -> str:
        """Names this rubric as it was applied: after inheritance and weighting."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


class Variant(Typed, frozen=True, kw_only=True):
    """A rubric told as its difference from a shipped one."""

    extends: str
    id: str
    version: int
    name: Text
    weights: dict[Literal["voice", "words"], float] | None = None
    support: Support | None = None
    confidence: float | None = None
    drop: tuple[str, ...] = ()
    """Criteria left out."""
    change: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """Criterion id to the keys that differ."""
    lists: dict[str, PhraseList] = msgspec.field(default_factory=dict)
    patterns: dict[str, Say] = msgspec.field(default_factory=dict)
    """Added to the shipped rubric's; one of the same name takes its place."""
    add: tuple[AnyCriterion, ...] = ()
