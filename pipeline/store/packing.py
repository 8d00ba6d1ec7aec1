"""Facts and scorecards as the rows that the store keeps; made in workers, without a database.

Both are kept as compact JSON under zlib: a tenth of the size of the readable form, and read in a
fraction of a millisecond. Hashes are those of the readable form (`pipeline.facts.digest`), which
name them everywhere else.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Final, TypeVar

import msgspec

from pipeline import __version__
from pipeline.errors import FactsError, StoreError
from pipeline.facts import CallFacts, decode, digest, spoken_language
from pipeline.scorecard import Finding, RubricRef, Scorecard
from pipeline.values import Value

T = TypeVar("T")

_LEVEL: Final = 1
FINDING_COLUMNS: Final = (
    "number",
    "criterion",
    "standard",
    "pillar",
    "outcome",
    "severity",
    "value",
    "low",
    "high",
    "won",
    "possible",
)

FindingRow = tuple[
    int, str, str, str, str, str, float | None, float | None, float | None, float, float
]


class FactsRow(Value, frozen=True, kw_only=True):
    """What the table of facts keeps of a call."""

    sha256: str
    language: str
    demonstration: bool
    duration_s: float
    tracks_sha256: str | None
    took_s: float
    data: bytes


class CardRow(Value, frozen=True, kw_only=True):
    """What the tables of scorecards and findings keep of a call."""

    facts_sha256: str
    rubric_id: str
    rubric_version: int
    judge_sha256: str
    mark: float | None
    won: float
    possible: float
    failed: bool
    data: bytes
    findings: tuple[FindingRow, ...]


def judge_sha256(rubric_sha256: str, lexicon_sha256: str | None) -> str:
    """Names a rubric together with its phrase lists and the version that judges by them."""
    judge = f"{rubric_sha256}\n{lexicon_sha256 or ''}\n{__version__}"
    return hashlib.sha256(judge.encode()).hexdigest()


def judge_of(rubric: RubricRef) -> str:
    """The same, of a scorecard's rubric."""
    return judge_sha256(rubric.sha256, rubric.lexicon_sha256)


def pack_facts(facts: CallFacts, tracks_sha256: str | None, took_s: float) -> FactsRow:
    """The row of a call's facts."""
    transcript = facts.transcript
    return FactsRow(
        sha256=digest(facts),
        language=spoken_language(facts),
        demonstration=transcript is not None and transcript.demonstration,
        duration_s=facts.audio.duration_s,
        tracks_sha256=tracks_sha256,
        took_s=took_s,
        data=_packed(facts),
    )


def pack_card(card: Scorecard) -> CardRow:
    """The rows of a call's scorecard."""
    return CardRow(
        facts_sha256=card.facts_sha256,
        rubric_id=card.rubric.id,
        rubric_version=card.rubric.version,
        judge_sha256=judge_of(card.rubric),
        mark=card.mark,
        won=card.points.won,
        possible=card.points.possible,
        failed=card.failed,
        data=_packed(card),
        findings=tuple(_finding(number, each) for number, each in enumerate(card.findings)),
    )


def _finding(number: int, finding: Finding) -> FindingRow:
    return (
        number,
        finding.criterion,
        finding.standard,
        finding.pillar,
        finding.outcome,
        finding.severity,
        finding.value,
        finding.low,
        finding.high,
        finding.points.won,
        finding.points.possible,
    )


def _packed(value: msgspec.Struct) -> bytes:
    return zlib.compress(msgspec.json.encode(value), _LEVEL)


_CARD: Final = msgspec.json.Decoder(Scorecard)


def unpack_facts(data: bytes, call_id: str) -> CallFacts:
    """The facts of a row.

    Raises:
        StoreError: the row is damaged, or of another version.
    """
    try:
        return decode(zlib.decompress(data), call_id)
    except (zlib.error, FactsError) as error:
        raise _damaged(call_id, "facts", error) from None


def unpack_card(data: bytes, call_id: str) -> Scorecard:
    """The scorecard of a row.

    Raises:
        StoreError: the row is damaged, or of another version.
    """
    return _unpacked(_CARD, data, call_id, "a scorecard")


class Outcome(msgspec.Struct, frozen=True):
    """What was concluded of one criterion."""

    criterion: str
    outcome: str


class Verdict(msgspec.Struct, frozen=True):
    """What a scorecard says in short, whichever version of Qinhe made it."""

    failed: bool
    mark: float | None
    findings: tuple[Outcome, ...]


_VERDICT: Final = msgspec.json.Decoder(Verdict)


def unpack_verdict(data: bytes, call_id: str) -> Verdict:
    """The verdict of a scorecard's row, without its evidence: a quarter of the time.

    Raises:
        StoreError: the row is damaged.
    """
    return _unpacked(_VERDICT, data, call_id, "a scorecard")


def _unpacked(decoder: msgspec.json.Decoder[T], data: bytes, call_id: str, what: str) -> T:
    try:
        return decoder.decode(zlib.decompress(data))
    except (zlib.error, msgspec.MsgspecError, ValueError) as error:
        raise _damaged(call_id, what, error) from None


def _damaged(call_id: str, what: str, error: Exception) -> StoreError:
    return StoreError(
        call_id,
        expected=f"{what} as this version of Qinhe stores it",
        found=f"something else ({error})",
        remedy="run `qinhe batch` or `qinhe rejudge` over it again",
    )
