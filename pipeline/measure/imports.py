"""Transcripts made elsewhere -> words of the agent and the customer.

Reads any form that `transcript_formats` knows, finds out who is who, gives every word a time, and
refuses a transcript that does not belong to the recording.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from pipeline.errors import TranscriptError
from pipeline.facts import AGENT, CUSTOMER, MIXED, Word
from pipeline.measure.transcript_formats import READABLE, Cue, parse, spoken
from pipeline.measure.words import spread, words_from
from pipeline.settings import TranscriptSettings
from pipeline.timeline import Span, Timeline, intersection, total, union

Speech = Mapping[str, Timeline]
"""When each party speaks; ``mixed`` where one channel holds both."""

OTHERS = "others"
"""What a label may be mapped to besides a party: a menu's voice, a colleague. Left out."""


class Imported(NamedTuple):
    """A transcript as facts.

    Attributes:
        words: in time order.
        word_times: ``spread`` where the file timed whole segments, all or some.
        form: what kind of file it was.
    """

    words: tuple[Word, ...]
    language: str
    word_times: Literal["recognised", "spread"]
    form: str


def import_transcript(
    path: Path,
    speech: Speech,
    duration_s: float,
    settings: TranscriptSettings,
    *,
    speakers: Mapping[str, str] | None = None,
    recording: str | None = None,
) -> Imported:
    """Reads a transcript made elsewhere.

    Args:
        speech: when each party speaks in the recording.
        duration_s: the recording's length in seconds.
        speakers: the file's labels -> ``agent``, ``customer`` or ``others`` (left out).
        recording: the recording's name, for STM files of several.

    Raises:
        TranscriptError: unreadable, of no known form, with labels that cannot be told apart, or
            not of this recording.
    """
    path = Path(path)
    parsed = parse(read_text(path, settings.imports.largest_mb), path, recording)
    cues = [cue for cue in parsed.cues if cue.text.strip() or cue.pieces]
    parties = _parties(cues, speech, settings, speakers or {}, path)
    words: list[Word] = []
    whole_segments = False
    for cue in cues:
        speaker = parties[cue.label] if cue.label is not None else _nearest(cue, speech, path)
        if speaker == OTHERS:
            continue
        words += _words(cue, speaker, speech, settings)
        whole_segments = whole_segments or not cue.pieces
    words.sort(key=lambda word: word.span)
    _check_fit(words, speech, duration_s, settings, path)
    return Imported(
        tuple(_cut(words, duration_s)),
        language_code(parsed.language) or settings.language,
        "spread" if whole_segments else "recognised",
        parsed.form,
    )


def _words(
    cue: Cue, speaker: str, speech: Speech, settings: TranscriptSettings
) -> tuple[Word, ...]:
    if cue.pieces:
        return words_from([p._replace(text=spoken(p.text)) for p in cue.pieces], speaker)
    activity = speech.get(speaker) or speech.get(MIXED) or ()
    text = spoken(cue.text)
    return tuple(
        word
        for piece in spread(text, Span(cue.start, cue.end), activity, settings.closure_s)
        for word in words_from((piece,), speaker)
    )


def _cut(words: Sequence[Word], duration_s: float) -> list[Word]:
    """Words inside the recording; the last one may have run over its end."""
    return [
        word
        if word.span.end <= duration_s
        else msgspec.structs.replace(word, span=Span(word.span.start, duration_s))
        for word in words
        if word.span.start < duration_s
    ]


_LANGUAGES = {
    "chinese": "zh",
    "mandarin": "zh",
    "cmn": "zh",
    "zho": "zh",
    "chi": "zh",
    "cantonese": "yue",
    "english": "en",
    "eng": "en",
}


def language_code(language: str | None) -> str | None:
    """Whisper's code for a language ("zh-CN", "cmn-Hans-CN", "chinese", "en_US")."""
    if not language:
        return None
    first = re.split(r"[-_]", language.strip().lower())[0]
    return _LANGUAGES.get(first, first) or None


# ── Who is who ───────────────────────────────────────────────────────────────────────────────────

_ROLES = {
    AGENT: "agent rep representative operator advisor adviser csr seller 客服 客服人员 客服代表 坐席 "
    "座席 坐席员 话务员 接线员 专员 客服专员 服务员 顾问 销售",
    CUSTOMER: "customer caller client user consumer guest buyer 客户 顾客 用户 来电 来电者 来电人 "
    "主叫 消费者 客人",
    OTHERS: "system bot ivr custombot menu 系统 机器人 语音 语音导航",
}
_ROLE_OF = {label: role for role, labels in _ROLES.items() for label in labels.split()}
# The project's own order of channels: the agent left or first.
_ORDERED = re.compile(r"(?:channel|ch|声道)?(?:([01])|([12])|([ab])|(left|right|左|右))")


def _role(label: str) -> str | None:
    """The party that a label names by itself ("AGENT", "客服2"), if any."""
    folded = re.sub(r"[\s_\-]", "", label).casefold()
    return _ROLE_OF.get(folded) or _ROLE_OF.get(folded.rstrip("0123456789"))


def _parties(
    cues: Sequence[Cue],
    speech: Speech,
    settings: TranscriptSettings,
    speakers: Mapping[str, str],
    path: Path,
) -> dict[str, str]:
    """Every label's party: as told, by name, by sound, or by the order of channels."""
    labels = list(dict.fromkeys(cue.label for cue in cues if cue.label is not None))
    told = {name.casefold(): party for name, party in speakers.items()}
    known = {
        label: party
        for label in labels
        if (party := told.get(label.casefold()) or _role(label)) is not None
    }
    unknown = [label for label in labels if label not in known]
    if not unknown:
        return known
    found = _by_sound(unknown, cues, speech, settings) or _by_channel(labels)
    if found is None or not set(unknown) <= set(found):
        raise TranscriptError(
            path,
            expected="speakers named agent and customer",
            found=f"{', '.join(repr(label) for label in unknown[:6])}",
            remedy="say who they are: --speakers "
            + ",".join(
                f"{label}={party}" for label, party in zip(unknown, (AGENT, CUSTOMER), strict=False)
            ),
        )
    return {**found, **known}


def _by_sound(
    labels: Sequence[str], cues: Sequence[Cue], speech: Speech, settings: TranscriptSettings
) -> dict[str, str] | None:
    """Each label's party where the channels leave no doubt, else ``None``."""
    if not {AGENT, CUSTOMER} <= set(speech):
        return None
    found: dict[str, str] = {}
    for label in labels:
        said = union(Span(cue.start, cue.end) for cue in cues if cue.label == label)
        shares = {p: total(intersection(said, speech[p])) for p in (AGENT, CUSTOMER)}
        best = max(shares, key=lambda party: shares[party])
        if shares[best] <= settings.imports.same_party_share * sum(shares.values()):
            return None
        found[label] = best
    return found


def _by_channel(labels: Sequence[str]) -> dict[str, str] | None:
    """Two labels that only number the channels follow their order: the agent comes first."""
    numbered = sorted(labels, key=str.casefold)
    matches = [_ORDERED.fullmatch(re.sub(r"[\s_\-]", "", label).casefold()) for label in numbered]
    if len(labels) != 2 or not all(matches):
        return None
    return dict(zip(numbered, (AGENT, CUSTOMER), strict=True))


def _nearest(cue: Cue, speech: Speech, path: Path) -> str:
    """Who speaks during a cue without a label."""
    span = Span(cue.start, cue.end)

    def closeness(party: str) -> tuple[float, float]:
        shared = total(intersection(speech[party], (span,)))
        gap = min((abs(near.middle - span.middle) for near in speech[party]), default=1e9)
        return shared, -gap

    if not speech:
        raise TranscriptError(
            f"{path}, {cue.where}",
            expected="a speaker for every line",
            found="none",
            remedy="put agent: or customer: before it",
        )
    return max(sorted(speech), key=closeness)


# ── Does it belong to the recording? ─────────────────────────────────────────────────────────────


def _check_fit(
    words: Sequence[Word],
    speech: Speech,
    duration_s: float,
    settings: TranscriptSettings,
    path: Path,
) -> None:
    knobs = settings.imports
    if not words:
        raise TranscriptError(
            path,
            expected="words of the agent or the customer",
            found="none",
            remedy="export the transcript again, or leave it out",
        )
    last = max(word.span.end for word in words)
    if last > duration_s + knobs.late_s:
        raise TranscriptError(
            path,
            expected=f"a transcript of this recording of {duration_s:.1f} s",
            found=f"words up to {last:.1f} s",
            remedy="give the transcript that belongs to the recording",
        )
    silent = _silent(words, speech, settings)
    if len(words) >= knobs.least_words and silent > knobs.silent_share * len(words):
        raise TranscriptError(
            path,
            expected="words where their speaker speaks",
            found=f"{silent} of {len(words)} words where the speaker is silent",
            remedy=_fit_remedy(words, speech, settings, silent),
        )


def _fit_remedy(
    words: Sequence[Word], speech: Speech, settings: TranscriptSettings, silent: int
) -> str:
    other = {AGENT: CUSTOMER, CUSTOMER: AGENT}
    swapped = [
        msgspec.structs.replace(word, speaker=other.get(word.speaker, word.speaker))
        for word in words
    ]
    if _silent(swapped, speech, settings) < silent / 2:
        return (
            "the parties seem to have changed places: say which channel is the agent's "
            "(--channels agent=right,customer=left)"
        )
    return "give the transcript that belongs to the recording"


def _silent(words: Sequence[Word], speech: Speech, settings: TranscriptSettings) -> int:
    """How many words have no speech of their speaker within the error of word times."""
    everyone = union(*speech.values())
    reach = settings.guards.time_error_s
    near = {
        party: [Span(max(0.0, span.start - reach), span.end + reach) for span in spans]
        for party, spans in {**speech, "": everyone}.items()
    }
    joined = {party: union(spans) for party, spans in near.items()}
    count = 0
    for party in {word.speaker for word in words}:
        spoken_here = joined.get(party, joined[""])
        mine = [word for word in words if word.speaker == party]
        count += sum(1 for word in mine if not _touches(word.span.middle, spoken_here))
    return count


def _touches(time: float, spans: Timeline) -> bool:
    return any(time in span for span in spans)


# ── Bytes ────────────────────────────────────────────────────────────────────────────────────────

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path, largest_mb: float) -> str:
    """A text file in UTF-8, UTF-16, UTF-32 or GB 18030.

    Raises:
        TranscriptError: no such file, too large, or not text in any of these.
    """
    try:
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "no such file" if not path.exists() else "no file"
            raise TranscriptError(path, expected=READABLE, found=kind, remedy="check the path")
        size = path.stat().st_size
        if size > largest_mb * 2**20:
            raise TranscriptError(
                path,
                expected=f"a transcript of at most {largest_mb:g} MiB",
                found=f"{size / 2**20:.0f} MiB",
                remedy="give the transcript of one call",
            )
        data = path.read_bytes()
    except OSError as error:
        raise TranscriptError(
            path,
            expected=READABLE,
            found=f"a file that cannot be read ({error.strerror})",
            remedy="check its permissions",
        ) from None
    return _decoded(data, path)


def _decoded(data: bytes, path: Path) -> str:
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text):
            return text
    raise TranscriptError(
        path,
        expected=f"{READABLE} in UTF-8, UTF-16 or GB 18030",
        found="bytes that are no text in any of these",
        remedy="save it again as UTF-8",
    )


def _encodings(data: bytes) -> list[str]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return [encoding]
    if data[1:4:2] == b"\0\0" or data[0:3:2] == b"\0\0":  # UTF-16 of a Latin first word
        return ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    return ["utf-8", "gb18030"]
