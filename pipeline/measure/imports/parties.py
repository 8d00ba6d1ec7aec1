"""Who is who in a transcript."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.facts import AGENT, CUSTOMER
from pipeline.measure.imports.cues import Cue, refuse
from pipeline.measure.words import touching
from pipeline.timeline import Span, Timeline, intersection, total, union

Speech = Mapping[str, Timeline]
"""When each party speaks; ``mixed`` where one channel holds both."""

OTHERS = "others"
"""What a label may be mapped to besides a party: a menu's voice, a colleague. Left out."""

_ROLES = {
    AGENT: "agent rep representative operator advisor adviser csr seller "
    "客服 客服人员 客服代表 坐席 座席 坐席员 话务员 接线员 专员 客服专员 服务员 顾问 销售",
    CUSTOMER: "customer caller client user consumer guest buyer "
    "客户 顾客 用户 来电 来电者 来电人 主叫 消费者 客人",
    OTHERS: "system bot ivr custombot menu 系统 机器人 语音 语音导航",
}
_ROLE_OF = {label: role for role, labels in _ROLES.items() for label in labels.split()}
# The project's own order of channels: the agent left, or first.
_ORDERED = re.compile(r"(?:channel|ch|声道)?(?:[012]|[ab]|left|right|左|右)")


def parties(
    cues: Sequence[Cue],
    speech: Speech,
    speakers: Mapping[str, str],
    same_party_share: float,
    source: Path,
) -> dict[str, str]:
    """Every label's party: as told, by what it says, by sound, or by the order of channels.

    Args:
        cues: the transcript.
        speech: when each party speaks in the recording.
        speakers: what the user says: label -> ``agent``, ``customer`` or ``others``.
        same_party_share: share of a label's speech that must be one party's before sound decides.
        source: the file, for messages.

    Raises:
        TranscriptError: some label can be either party's; names them.
    """
    labels = list(dict.fromkeys(cue.label for cue in cues if cue.label is not None))
    told = {name.casefold(): party for name, party in speakers.items()}
    known = {
        label: party
        for label in labels
        if (party := told.get(label.casefold()) or _role(label)) is not None
    }
    unknown = [label for label in labels if label not in known]
    found = _by_sound(unknown, cues, speech, same_party_share) or _by_channel(labels) or {}
    if not set(unknown) <= set(found):
        example = zip(unknown, (AGENT, CUSTOMER), strict=False)
        refuse(
            source,
            ", ".join(repr(label) for label in unknown[:6]),
            "say who they are: --speakers " + ",".join(f"{a}={b}" for a, b in example),
            expected="speakers named agent and customer",
        )
    return {**found, **known}


def _role(label: str) -> str | None:
    """The party that a label names by itself ("AGENT", "客服2"), if any."""
    folded = _folded(label)
    return _ROLE_OF.get(folded) or _ROLE_OF.get(folded.rstrip("0123456789"))


def _folded(label: str) -> str:
    return re.sub(r"[\s_\-]", "", label).casefold()


def _by_sound(
    labels: Sequence[str], cues: Sequence[Cue], speech: Speech, same_party_share: float
) -> dict[str, str] | None:
    """Each label's party where the channels leave no doubt, else ``None``."""
    if not {AGENT, CUSTOMER} <= set(speech):
        return None
    found: dict[str, str] = {}
    for label in labels:
        said = union(Span(cue.start, cue.end) for cue in cues if cue.label == label)
        shares = {party: total(intersection(said, speech[party])) for party in (AGENT, CUSTOMER)}
        best = max(shares, key=lambda party: shares[party])
        if shares[best] <= same_party_share * sum(shares.values()):
            return None
        found[label] = best
    return found


def _by_channel(labels: Sequence[str]) -> dict[str, str] | None:
    """Two labels that only number the channels follow their order: the agent comes first."""
    numbered = sorted(labels, key=str.casefold)
    if len(labels) != 2 or not all(_ORDERED.fullmatch(_folded(label)) for label in labels):
        return None
    return dict(zip(numbered, (AGENT, CUSTOMER), strict=True))


def speaking(cue: Cue, speech: Speech, source: Path) -> str:
    """Who speaks during a cue without a label: most, or else nearest to it.

    Raises:
        TranscriptError: it is not known when anybody speaks.
    """
    if not speech:
        refuse(
            source,
            "none",
            "put agent: or customer: before it",
            where=cue.where,
            expected="a speaker for every line",
        )
    span = Span(cue.start, cue.end)

    def closeness(party: str) -> tuple[float, float]:
        if shared := total(intersection(touching(speech[party], span), (span,))):
            return shared, 0.0
        return 0.0, -min((abs(near.middle - span.middle) for near in speech[party]), default=1e9)

    return max(sorted(speech), key=closeness)
