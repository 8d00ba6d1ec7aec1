"""Who is the agent: as told, by channel, or by what is said and who speaks first.

A role is a decision that can be mended: measuring names the voices, `decided` says which of them is
the agent's and keeps why (`pipeline.facts.RoleFacts`), `revised` takes another one, without sound.
docs/measures/roles.md has the cues, where their weights come from, and how often they are right.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from pipeline.errors import UsageError
from pipeline.facts import (
    AGENT,
    CUSTOMER,
    CallFacts,
    RoleCue,
    RoleFacts,
    SpeakerFacts,
    spoken_language,
)
from pipeline.measure.renaming import renamed
from pipeline.settings import RoleSettings
from pipeline.text import is_han, simplified, words_in

Roles = Mapping[str, int]
"""Speaker's name -> channel, counted from 0."""

OTHERS: Final = "others"
DEFAULT: Final[Roles] = {AGENT: 0, CUSTOMER: 1}
_SIDES: Final = {"left": 0, "right": 1, "l": 0, "r": 1, "1": 0, "2": 1, "左": 0, "右": 1}
_PARTIES: Final = {AGENT: AGENT, CUSTOMER: CUSTOMER, "坐席": AGENT, "客户": CUSTOMER}


# ── As people write it ───────────────────────────────────────────────────────────────────────────


def parse(text: str) -> Roles:
    """The map that ``text`` writes, such as ``agent=left,customer=right``.

    A party that is left out takes the other channel.

    Raises:
        UsageError: another party or side, or one of them twice.
    """
    found: dict[str, int] = {}
    for part in re.split(r"[,，;\s]+", text.strip().lower()):
        party, _, side = part.partition("=")
        if party not in _PARTIES or side not in _SIDES:
            raise _wrong(text)
        if _PARTIES[party] in found or _SIDES[side] in found.values():
            raise _wrong(text)
        found[_PARTIES[party]] = _SIDES[side]
    agent = found.get(AGENT, 1 - found.get(CUSTOMER, 1))
    return {AGENT: agent, CUSTOMER: 1 - agent}


def parse_speakers(text: str) -> dict[str, str]:
    """A transcript's labels onto parties: ``Diane=agent,Sheila=customer``, ``IVR=others``.

    Raises:
        UsageError: not such a map.
    """
    found = {}
    for part in re.split(r"[,，;]", text):
        label, _, party = part.rpartition("=")
        party = _PARTIES.get(party.strip().lower(), party.strip().lower())
        if not label.strip() or party not in (AGENT, CUSTOMER, OTHERS):
            raise UsageError(
                f"--speakers {text!r} does not say who is who: write NAME=agent,NAME=customer, "
                f"and NAME={OTHERS} for whom to leave out."
            )
        found[label.strip()] = party
    return found


def _wrong(text: str) -> UsageError:
    return UsageError(
        f"--channels {text!r} is not a map of parties onto sides: write agent=left,customer=right "
        "or agent=right,customer=left."
    )


# ── Deciding ─────────────────────────────────────────────────────────────────────────────────────

SWAPPED: Final = "what the agent's voice says is what customers say"
UNUSUAL: Final = "the agent is heard on the other channel than usual"
FIRST: Final = "first-to-speak"

_Scores = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Told:
    """What people say of who is who, before anything is heard.

    Attributes:
        agent: the agent's voice in this very call; certain.
        channel: the agent's voice by the recorder's map of channels; almost certain.
    """

    agent: int | None = None
    channel: int | None = None


def decided(
    facts: CallFacts,
    settings: RoleSettings,
    told: Told,
    known: Sequence[RoleCue] = (),
) -> CallFacts:
    """The facts with their voices named ``agent`` and ``customer``, and why.

    A voice that is neither is named after its number (``voice-3``). One voice alone is held
    against nobody: its own words say what part it has.

    Args:
        facts: their speakers carry `SpeakerFacts.voice`, whatever they are named.
        settings: the section ``roles`` of ``configs/measure.yaml``.
        told: what is known without listening.
        known: cues from the voices of known agents.

    Raises:
        UsageError: ``told.agent`` is no voice of this call.
    """
    voices = _voices(facts)
    if not voices:
        return facts
    _check(told.agent, voices)
    cues = (*_cues(facts, voices, settings), *known)
    scores = {voice: math.fsum(c.weight for c in cues if c.voice == voice) for voice in voices}
    decision = _decision(scores, _prior(voices, told, settings), told, settings)
    decision = msgspec.structs.replace(decision, cues=cues)
    return _named(facts, decision, _customer(voices, scores, decision.agent))


def revised(facts: CallFacts, agent: int) -> CallFacts:
    """The facts with another voice for the agent's; what was measured stays.

    Raises:
        UsageError: there is no such voice, or the voices were not told apart.
    """
    voices = _voices(facts)
    if not voices:
        raise UsageError(
            f"--agent-is {agent}: the voices of this call were not told apart when it was measured."
        )
    _check(agent, voices)
    cues = facts.roles.cues if facts.roles is not None else ()
    scores = {voice: math.fsum(c.weight for c in cues if c.voice == voice) for voice in voices}
    decision = RoleFacts(source="told", agent=agent, confidence=1.0, cues=cues)
    return _named(facts, decision, _customer(voices, scores, agent))


def _voices(facts: CallFacts) -> dict[int, SpeakerFacts]:
    return {each.voice: each for each in facts.speakers if each.voice is not None}


def _check(agent: int | None, voices: Mapping[int, SpeakerFacts]) -> None:
    if agent is not None and agent not in voices:
        raise UsageError(
            f"--agent-is {agent}: there is no such voice in this call; "
            f"its voices are {', '.join(map(str, sorted(voices)))}."
        )


def _prior(
    voices: Mapping[int, SpeakerFacts], told: Told, settings: RoleSettings
) -> tuple[int, float] | None:
    """The voice that the channels make the agent's, and by what odds; ``None``: they do not.

    A channel's main voice has its number; others on it have higher ones.
    """
    if not set(_MAIN) <= set(voices) or len({voices[each].channel for each in _MAIN}) == 1:
        return None
    if told.channel is not None:
        return told.channel, settings.told_side
    return 1, settings.usual_side


def _decision(
    scores: _Scores, prior: tuple[int, float] | None, told: Told, settings: RoleSettings
) -> RoleFacts:
    if told.agent is not None:
        doubt = SWAPPED if _against(scores, told.agent) > settings.doubted else None
        return RoleFacts(source="told", agent=told.agent, confidence=1.0, doubt=doubt)
    odds = dict(scores)
    if prior is not None:  # a second agent on the agent's channel is no rival
        odds = {voice: scores[voice] for voice in _MAIN}
        odds[prior[0]] += prior[1]
    if len(odds) == 1:
        odds[NOBODY] = 0.0
    agent = max(odds, key=odds.__getitem__)
    if prior is None:
        heard = None if agent == NOBODY else agent
        return RoleFacts(source="inferred", agent=heard, confidence=_share(odds, agent))
    if agent == prior[0]:
        return RoleFacts(source="channels", agent=agent, confidence=_share(odds, agent))
    if told.channel is not None:  # who set the recorder up knows better; but it is said
        sure = _share(odds, prior[0])
        return RoleFacts(source="channels", agent=prior[0], confidence=sure, doubt=SWAPPED)
    return RoleFacts(source="inferred", agent=agent, confidence=_share(odds, agent), doubt=UNUSUAL)


_MAIN: Final = (1, 2)
"""The voices of the left and the right channel."""
NOBODY: Final = 0
"""Stands for the party that is not heard, where one voice is."""


def _against(scores: _Scores, agent: int) -> float:
    """By what odds the words say another voice."""
    return (
        max((score for voice, score in scores.items() if voice != agent), default=0.0)
        - scores[agent]
    )


def _share(odds: _Scores, voice: int) -> float:
    """Its probability among them (softmax of log odds)."""
    most = max(odds.values())
    return math.exp(odds[voice] - most) / math.fsum(math.exp(o - most) for o in odds.values())


def _customer(
    voices: Mapping[int, SpeakerFacts], scores: _Scores, agent: int | None
) -> tuple[int | None, float]:
    """The customer's voice among the others, and how sure that is, the agent being who it is.

    Who is on another channel than the agent goes before who shares it.
    """
    others = {voice: each for voice, each in voices.items() if voice != agent}
    if agent is not None:
        channel = voices[agent].channel
        others = {v: each for v, each in others.items() if each.channel != channel} or others
    odds = {
        voice: math.log(each.talk_s + _LEAST_TALK_S) - scores[voice]
        for voice, each in others.items()
    }
    if not odds:
        return None, 1.0
    customer = max(odds, key=odds.__getitem__)
    return customer, _share(odds, customer)


_LEAST_TALK_S: Final = 0.1


def _named(facts: CallFacts, decision: RoleFacts, customer: tuple[int | None, float]) -> CallFacts:
    """Voices under the names of their parts, with how sure each is."""
    parts = {decision.agent: AGENT, customer[0]: CUSTOMER}
    names = {
        each.speaker: parts.get(each.voice, f"voice-{each.voice}")
        for each in facts.speakers
        if each.voice is not None
    }
    sure = {AGENT: decision.confidence}
    found = renamed(facts, names)
    usual = next((each.usual for each in found.speakers if each.usual is not None), None)
    speakers = tuple(
        msgspec.structs.replace(
            each,
            usual=usual if each.speaker == AGENT else None,
            voiceprint=each.voiceprint if each.speaker == AGENT else None,
            role_confidence=round(sure.get(each.speaker, decision.confidence * customer[1]), 3),
        )
        if each.voice is not None
        else each
        for each in found.speakers
    )
    decision = msgspec.structs.replace(decision, confidence=round(decision.confidence, 3))
    return msgspec.structs.replace(found, speakers=speakers, roles=decision)


# ── Cues ─────────────────────────────────────────────────────────────────────────────────────────


def _cues(
    facts: CallFacts, voices: Mapping[int, SpeakerFacts], settings: RoleSettings
) -> Iterator[RoleCue]:
    """What speaks for or against each voice, in order of voices."""
    phrases = settings.cues.get(spoken_language(facts).split("-")[0], {})
    first = facts.turns[0].speaker if facts.turns and len(voices) > 1 else None
    for voice, each in sorted(voices.items()):
        if each.speaker == first:
            yield RoleCue(name=FIRST, voice=voice, count=1, weight=settings.first_to_speak)
        own = (turn.text for turn in facts.turns if turn.speaker == each.speaker)
        said = "\n".join(map(_folded, own))
        for name, cue in phrases.items():
            count = len(_expression(cue.says).findall(said))
            if count:
                weight = round(cue.weight * math.log1p(count), 3)
                yield RoleCue(name=name, voice=voice, count=count, weight=weight)


def _folded(text: str) -> str:
    """Text for comparing: simplified, without marks, blanks around each Latin word."""
    words = words_in(simplified(text).casefold().replace("’", "'"))
    return "".join(word if is_han(word[0]) else f" {word} " for word in words).replace("  ", " ")


@functools.lru_cache(maxsize=256)
def _expression(says: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the phrases, the longest where several fit."""
    longest_first = sorted(map(_folded, says), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))
