"""A transcript file -> words of the parties."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from pipeline.facts import MIXED, Word
from pipeline.measure.imports.cues import Cue, spoken
from pipeline.measure.imports.encoding import read_text
from pipeline.measure.imports.fit import check_fit
from pipeline.measure.imports.forms import parse
from pipeline.measure.imports.parties import OTHERS, Speech, parties, speaking
from pipeline.measure.words import spread, touching, words_from
from pipeline.settings import ImportSettings, TranscriptSettings
from pipeline.text import has_han
from pipeline.timeline import Span


class Imported(NamedTuple):
    """A transcript as facts.

    Attributes:
        words: in time order.
        language: Whisper's code; "und" where neither the file nor its words say.
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
    language: str | None = None,
    speakers: Mapping[str, str] | None = None,
    recording: str | None = None,
) -> Imported:
    """Reads a transcript made elsewhere.

    Args:
        path: the file, of any form that `forms.parse` knows.
        speech: when each party speaks in the recording.
        duration_s: the recording's length in seconds.
        settings: the stage's settings.
        language: what is spoken; by default what the file says, or its words look like.
        speakers: the file's labels -> ``agent``, ``customer`` or ``others`` (left out).
        recording: the recording's name, which picks its lines from an STM file of several.

    Raises:
        TranscriptError: unreadable, of no known form, with labels that cannot be told apart, or
            not of this recording.
    """
    path = Path(path)
    parsed = parse(read_text(path, settings.imports.largest_mb), path, recording)
    cues = [cue for cue in parsed.cues if cue.text.strip() or cue.pieces]
    who = parties(cues, speech, speakers or {}, settings.imports.same_party_share, path)
    words: list[Word] = []
    for cue in cues:
        speaker = speaking(cue, speech, path) if cue.label is None else who[cue.label]
        if speaker != OTHERS:
            words += _words(cue, speaker, speech, settings.imports)
    words.sort(key=lambda word: word.span)
    check_fit(words, speech, duration_s, settings.imports, path)
    return Imported(
        tuple(_cut(words, duration_s)),
        language or language_code(parsed.language) or _guessed_language(words),
        "recognised" if all(cue.pieces for cue in cues) else "spread",
        parsed.form,
    )


def _words(cue: Cue, speaker: str, speech: Speech, settings: ImportSettings) -> tuple[Word, ...]:
    if cue.pieces:
        return words_from([p._replace(text=spoken(p.text)) for p in cue.pieces], speaker)
    span = Span(cue.start, cue.end)
    near = touching(speech.get(speaker, speech.get(MIXED, ())), span)
    return tuple(
        word
        for piece in spread(spoken(cue.text), span, near, settings)
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


# ── Language ─────────────────────────────────────────────────────────────────────────────────────

_CODES = {
    "chinese": "zh",
    "mandarin": "zh",
    "cmn": "zh",
    "zho": "zh",
    "chi": "zh",
    "cantonese": "yue",
    "english": "en",
    "eng": "en",
}
# The commonest words of English talk; a tenth of any call and of no other language.
_ENGLISH = frozenset(
    ("i", "you", "the", "is", "to", "a", "my", "that", "it", "and", "of", "have", "can", "for")
)


def language_code(language: str | None) -> str | None:
    """Whisper's code for a language ("zh-CN", "cmn-Hans-CN", "chinese", "en_US")."""
    first = re.split(r"[-_]", (language or "").strip().lower())[0]
    return _CODES.get(first, first) or None


def _guessed_language(words: Sequence[Word]) -> str:
    if sum(has_han(word.text) for word in words) > len(words) / 2:
        return "zh"
    english = sum(word.text.lower() in _ENGLISH for word in words)
    return "en" if english >= len(words) / 10 else "und"
