"""Whether a transcript belongs to the recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from pipeline.facts import AGENT, CUSTOMER, Word
from pipeline.measure.imports.cues import refuse
from pipeline.measure.imports.parties import Speech
from pipeline.measure.words import touching
from pipeline.settings import ImportSettings
from pipeline.timeline import Span, union


def check_fit(
    words: Sequence[Word],
    speech: Speech,
    duration_s: float,
    settings: ImportSettings,
    source: Path,
) -> None:
    """Refuses a transcript of another recording.

    Args:
        words: the transcript, its speakers already parties.
        speech: when each party speaks.
        duration_s: the recording's length in seconds.
        settings: how much may be off.
        source: the file, for messages.

    Raises:
        TranscriptError: no words, words long after the end, or most of them in silence.
    """
    if not words:
        refuse(
            source,
            "none",
            "export the transcript again, or leave it out",
            expected="words of the agent or the customer",
        )
    last = max(word.span.end for word in words)
    if last > duration_s + settings.late_s:
        refuse(
            source,
            f"words up to {last:.1f} s",
            "give the transcript that belongs to the recording",
            expected=f"a transcript of this recording of {duration_s:.1f} s",
        )
    silent = _silent(words, speech, settings.time_error_s)
    if len(words) >= settings.least_words and silent > settings.silent_share * len(words):
        refuse(
            source,
            f"{silent} of {len(words)} words where their speaker is silent",
            _remedy(words, speech, settings, silent),
            expected="words where their speaker speaks",
        )


def _remedy(words: Sequence[Word], speech: Speech, settings: ImportSettings, silent: int) -> str:
    other = {AGENT: CUSTOMER, CUSTOMER: AGENT}
    swapped = [
        msgspec.structs.replace(word, speaker=other.get(word.speaker, word.speaker))
        for word in words
    ]
    if _silent(swapped, speech, settings.time_error_s) < silent / 2:
        return (
            "the parties seem to have changed places: say which channel is the agent's, "
            "for example --channels agent=right,customer=left"
        )
    return "give the transcript that belongs to the recording"


def _silent(words: Sequence[Word], speech: Speech, reach_s: float) -> int:
    """How many words have no speech of their speaker within reach.

    A speaker whose speech is not known apart (one channel for both) may speak whenever anybody
    does.
    """
    anybody = union(*speech.values())
    return sum(
        1
        for word in words
        if not touching(
            speech.get(word.speaker, anybody),
            Span(max(0.0, word.span.start - reach_s), word.span.end + reach_s),
        )
    )
