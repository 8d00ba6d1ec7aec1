"""What a sample call is made from: the script that people write, read from YAML.

The texts are written as a director would: what is said, how, and when it starts against what was
said before. In a text,

    ``<嗯>``               is a filler,
    ``[1,299元|一千二百九十九元]``  is written one way and spoken another,
    ``我想问一下//那个套餐``      is cut off at the bar: the rest is never said.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import msgspec

from pipeline.facts import AGENT, CUSTOMER, OverlapKind
from pipeline.yamlfile import read_typed

SCRIPTS = Path(__file__).resolve().parent / "scripts"

FLOORLESS: frozenset[OverlapKind] = frozenset({"backchannel", "competitive-without-floor"})
"""Kinds after which the first speaker goes on."""

_MARKUP = re.compile(r"//|<(?P<filler>[^<>]+)>|\[(?P<written>[^|\]]+)\|(?P<spoken>[^|\]]+)\]|(.)")


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything in a script: unknown keys are refused."""


class VoiceScript(Part, frozen=True, kw_only=True):
    """One person's usual voice, in espeak-ng's terms (`voice.Voice`), and level on the line."""

    variant: str
    rate_wpm: int = 210
    pitch: int = 60
    pitch_range: int = 80
    level_dbov: float = -26.0
    held_out: bool = False
    """The demonstration model never hears this variant in training."""


class LineScript(Part, frozen=True, kw_only=True):
    """`line.Line`, as written."""

    noise_dbov: float = -72.0
    noise_slope: float = 0.0
    leak_db: float | None = None
    leak_delay_s: float = 0.03


class Step(Part, frozen=True, kw_only=True):
    """One event of a call: `agent` or `customer` speaks, or the line does (`hold`, `tone`).

    It starts `gap` seconds after the floor was left (drawn by chance where not given), or, with
    `in_on`, `gap` seconds after that word of the utterance that holds the floor.
    """

    agent: str | None = None
    customer: str | None = None
    hold: Literal["music", "silence", "ringback"] | None = None
    tone: Literal["beep", "busy"] | None = None

    gap: float | None = None
    in_on: str | None = None
    overlap: OverlapKind | None = None

    voice: str | None = None
    """Somebody other than the party's own voice (a colleague)."""
    rate_wpm: int | None = None
    pitch: int | None = None
    pitch_range: int | None = None
    gain_db: float = 0.0
    effort_db: float = 0.0
    """Vocal effort: raises the level and, by 0.55 dB for each dB, what lies above 1 kHz."""
    drawl: bool = False
    """The last syllable is drawn out."""
    burst: bool = False
    """Meant as rapid fire."""

    seconds: float = 0.0
    """Length of a hold or tone."""
    channel: Literal["agent", "customer"] = "agent"
    """Where a hold's music or a tone is heard."""

    def __post_init__(self) -> None:
        kinds = [self.agent, self.customer, self.hold, self.tone]
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("a step is one of agent, customer, hold and tone")
        if (self.hold or self.tone) and self.seconds <= 0:
            raise ValueError("a hold or tone needs its seconds")
        if self.in_on is not None and self.overlap is None:
            raise ValueError("who comes in on a word overlaps: name the kind")

    @property
    def speaker(self) -> str | None:
        """The party that speaks, None for the line."""
        if self.agent is not None:
            return AGENT
        return CUSTOMER if self.customer is not None else None

    @property
    def takes_floor(self) -> bool:
        """Whether whoever speaks next follows on this."""
        return self.overlap not in FLOORLESS


class Expected(Part, frozen=True, kw_only=True):
    """What a good listener would find, by the ids of the service standards."""

    met: tuple[str, ...] = ()
    missed: dict[str, str] = {}
    """Id and why."""


class CallScript(Part, frozen=True, kw_only=True):
    """One sample call."""

    id: str
    title: str
    seed: int
    coding: Literal["flac", "opus"] = "opus"
    """How the recording is stored."""
    voices: dict[str, VoiceScript]
    """`agent`, `customer`, and any others by the name that steps use."""
    lines: dict[str, LineScript] = {}
    """`agent` and `customer`; a clean line where not given."""
    steps: tuple[Step, ...]
    expected: Expected

    def __post_init__(self) -> None:
        needed = {AGENT, CUSTOMER} | {step.voice for step in self.steps if step.voice}
        if missing := needed - set(self.voices):
            raise ValueError(f"no voice for {', '.join(sorted(missing))}")


class Said(Part, frozen=True, kw_only=True):
    """A text taken apart."""

    written: str
    """As a person would write what was said (digits, Latin), without what was cut off."""
    spoken: str
    """As it is read aloud, Hanzi and Latin letters with punctuation, all of it."""
    said: int
    """How many of `spoken`'s characters are said."""
    fillers: frozenset[int]
    """Positions in `spoken` that belong to fillers."""

    @property
    def cut(self) -> bool:
        """Whether the speaker was cut off."""
        return self.said < len(self.spoken)


def read_script(path: Path) -> CallScript:
    """The script in a YAML file.

    Raises:
        ConfigError: names file, line and key.
    """
    return read_typed(path, CallScript)


def script_paths() -> tuple[Path, ...]:
    """The scripts that ship, in order of their names."""
    return tuple(sorted(SCRIPTS.glob("*.yaml")))


def take_apart(text: str) -> Said:
    """Resolve the markup of a text.

    Raises:
        ValueError: a bracket without its partner, or two cuts.
    """
    written = spoken = ""
    cut: int | None = None
    fillers: set[int] = set()
    for mark in _MARKUP.finditer(text):
        if mark[0] == "//":
            if cut is not None:
                raise ValueError(f"cut off twice: {text!r}")
            cut = len(spoken)
            continue
        if mark[0] in "<>[]|":
            raise ValueError(f"{mark[0]!r} without its partner in {text!r}")
        said = mark["spoken"] or mark["filler"] or mark[0]
        if mark["filler"]:
            fillers |= set(range(len(spoken), len(spoken) + len(said)))
        spoken += said
        written += "" if cut is not None else mark["written"] or said
    said_count = len(spoken) if cut is None else cut
    return Said(written=written, spoken=spoken, said=said_count, fillers=frozenset(fillers))
