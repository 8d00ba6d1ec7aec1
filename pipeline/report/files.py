"""The files that one call's results go to."""

from __future__ import annotations

from pipeline.facts import CallFacts, encode
from pipeline.report import html
from pipeline.report.privacy import mask_facts, mask_scorecard
from pipeline.scorecard import Scorecard
from pipeline.tracks import Tracks


def call_files(
    scorecard: Scorecard,
    facts: CallFacts,
    tracks: Tracks,
    sound: html.Sound | None,
    *,
    ui: str,
    show_numbers: bool,
) -> tuple[Scorecard, dict[str, bytes]]:
    """The scorecard as it may be shown, and every file by what comes after ``<call_id>.``.

    The facts keep identifying numbers (they are what judging compares); scorecard and page show
    them only with ``show_numbers``.
    """
    shown = scorecard if show_numbers else mask_scorecard(scorecard, facts)
    heard = facts if show_numbers else mask_facts(facts)
    page = html.render(shown, heard, tracks, sound, ui)
    return shown, {
        "facts.json": encode(facts),
        "scorecard.json": encode(shown),
        "html": page.encode(),
    }
