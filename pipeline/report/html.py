"""One call as one page that needs nothing else: no network, no server, no other file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import jinja2
from markupsafe import Markup

from pipeline.facts import CallFacts
from pipeline.report import figures, phrasing, vocabulary
from pipeline.report.coaching import advice, asked, lost
from pipeline.report.curves import drawn_call
from pipeline.report.phrasing import PAGE
from pipeline.report.radar import radar
from pipeline.report.spoken import shown_turns
from pipeline.scorecard import Finding, Scorecard
from pipeline.standards import Standard, catalogue
from pipeline.tracks import Tracks

LANGUAGES: Final = {"zh": "zh-CN", "en": "en"}
_LOW_PERCENT: Final = 70.0
_KEY: Final = ("agent", "customer", "loss", "interruption", "overlap", "hold", "band")


@dataclass(frozen=True, slots=True)
class Sound:
    """The call's sound, for the player."""

    data: bytes
    media_type: str


def render(
    scorecard: Scorecard,
    facts: CallFacts,
    tracks: Tracks | None = None,
    sound: Sound | None = None,
    ui: str = "zh",
) -> str:
    """The page.

    Args:
        scorecard: masked already, if it is to be (`privacy`).
        facts: the facts it was judged from, masked likewise.
        tracks: curves and waveforms; without them the timeline shows events only.
        sound: what the player plays; without it there is no player.
        ui: "zh" or "en".
    """
    return filled(
        "page.html.j2",
        ui,
        styles="page.css",
        script="page.js",
        scorecard=scorecard,
        facts=facts,
        thin=phrasing.thin(scorecard, ui),
        advice=advice(scorecard, ui),
        radar=radar(scorecard, ui),
        lost=costliest(scorecard),
        turns=shown_turns(facts.turns, scorecard, ui),
        counts=[_counts(scorecard, pillar.pillar) for pillar in scorecard.pillars],
        unheard=_unheard(),
        measures=figures.measures(facts, ui),
        quality=figures.quality(facts, ui),
        oddities=figures.oddities(facts, ui),
        not_measured=figures.not_measured(facts, ui),
        refusal=lambda reason: figures.refusal(reason, ui),
        call_json=_script_safe(drawn_call(scorecard, facts, tracks, ui)),
        sound=Markup(base64.b64encode(sound.data).decode()) if sound else None,
        sound_type=sound.media_type if sound else None,
        key=_KEY,
        method=lambda finding: vocabulary.method(finding.kind, finding.measure, ui),
        asked=lambda finding: asked(finding.standard, ui),
        row=lambda finding: catalogue().get(finding.standard),
        lost_points=lambda finding: lost(finding.points, ui),
        stage_name=lambda stage: vocabulary.stage_name(stage, ui),
    )


def filled(template: str, ui: str, *, styles: str, script: str | None, **values: Any) -> str:
    """A template of ours with what every page has: words, formats, styles and their policy."""
    return (
        _environment()
        .get_template(template)
        .render(
            ui=ui,
            lang=LANGUAGES[ui],
            t={key: text.of(ui) for key, text in PAGE.items()},
            outcomes=phrasing.OUTCOMES,
            signs=phrasing.SIGNS,
            clock=phrasing.clock,
            number=phrasing.number,
            limits=lambda finding: phrasing.limits(finding, ui),
            points=phrasing.points,
            speaker_name=lambda speaker: phrasing.speaker_name(speaker, ui),
            quoted=lambda words: phrasing.quoted(words, ui),
            unit=lambda name: vocabulary.unit(name, ui),
            level=_level,
            css=_part(styles),
            js=_part(script) if script else None,
            policy=_policy(styles, script),
            **values,
        )
    )


def costliest(scorecard: Scorecard) -> list[Finding]:
    """The findings that cost points: critical ones first, then by points lost."""
    costly = [finding for finding in scorecard.findings if finding.costly]
    return sorted(costly, key=lambda each: (each.severity != "critical", -each.cost))


def _counts(scorecard: Scorecard, pillar: str) -> tuple[int, int, int]:
    """How many of a pillar's criteria were met, were missed, and could not be judged."""
    outcomes = [f.outcome for f in scorecard.findings if f.pillar == pillar]
    met, missed = outcomes.count("met"), outcomes.count("missed")
    return met, missed, len(outcomes) - met - missed


def _unheard() -> Sequence[Standard]:
    """The rows of the standard that one recording cannot show."""
    return [row for row in catalogue().standards if not row.audible]


def _level(percent: float | None, failed: bool) -> str:
    """The class that colours a bar."""
    if failed:
        return "failed"
    return "low" if percent is not None and percent < _LOW_PERCENT else ""


# ── The page's own parts ─────────────────────────────────────────────────────────────────────────


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


@cache
def _part(name: str) -> Markup:
    # Our own files, not anybody's input.
    return Markup(files("pipeline.report").joinpath("page", name).read_text("utf-8"))


@cache
def _policy(styles: str, script: str | None) -> str:
    """A Content-Security-Policy under which only the page's own style and script have effect."""
    parts = [
        "default-src 'none'",
        "media-src blob:",
        f"style-src '{_hash(_part(styles))}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    if script:
        parts.append(f"script-src '{_hash(_part(script))}'")
    return "; ".join(parts)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _script_safe(value: Any) -> Markup:
    """JSON that cannot end the script element it stands in, whatever strings it holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
