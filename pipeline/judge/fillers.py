"""Fillers and pet phrases (口头禅), heard and read."""

from __future__ import annotations

from pipeline.judge.said import counted
from pipeline.judge.view import View
from pipeline.rubric.kinds import Events
from pipeline.scorecard import Evidence


def fillers(criterion: Events, view: View) -> list[Evidence]:
    """Fillers from the facts, and the pet phrases that the rubric names, each moment once."""
    heard = [
        Evidence(span=each.span, speaker=each.speaker, words=each.text)
        for each in view.facts.fillers
        if each.speaker == criterion.by
    ]
    signal = view.rubric.signals.filler
    if signal is None or view.why_no_words is not None:
        return heard
    spans = [each.span for each in heard if each.span is not None]
    read = [
        each.evidence()
        for each in counted(view, signal, criterion.by)
        if not any(each.span.overlap(span) > 0 for span in spans)
    ]
    return sorted(heard + read, key=lambda each: each.span.start if each.span else 0.0)
