"""One call as one page that needs nothing else: no network, no server, no other file."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import jinja2
import numpy as np
from markupsafe import Markup

from pipeline.facts import INTERRUPTIONS, CallFacts, NotMeasured, SpeakerFacts, Turn, Word
from pipeline.report.phrasing import (
    OUTCOMES,
    PAGE,
    SIGNS,
    clock,
    limits,
    number,
    points,
    speaker_name,
)
from pipeline.scorecard import Finding, Scorecard
from pipeline.standards import catalogue
from pipeline.timeline import Span
from pipeline.tracks import HOP_S, ChannelTracks, FloatTrack, Tracks

MOST_COLUMNS: Final = 120_000
"""Points drawn per track: 20 minutes at 10 ms; longer calls are drawn more coarsely."""
_LOWEST_HZ: Final = 40.0
_PITCH_STEP_ST: Final = 0.25
_LEVEL_FLOOR_DB: Final = -96.0


@dataclass(frozen=True, slots=True)
class Sound:
    """The call's sound, for the player."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class _ShownWord:
    text: str
    span: Span
    classes: str
    after: str


@dataclass(frozen=True, slots=True)
class _ShownTurn:
    speaker: str
    span: Span
    words: tuple[_ShownWord, ...]


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
    page = {key: text.of(ui) for key, text in PAGE.items()}
    return _template().render(
        ui=ui,
        t={
            **page,
            "layouts": {name: page[f"layout_{name}"] for name in _LAYOUTS},
            "key": [(page[f"key_{name}"], paint) for name, paint in _KEY],
        },
        scorecard=scorecard,
        facts=facts,
        mark="–" if scorecard.mark is None else number(scorecard.mark),
        lost=costliest(scorecard),
        turns=_shown_turns(facts.turns, scorecard.findings),
        measures=_measures(facts, ui),
        not_measured=list(_not_measured(facts, ui)),
        outcomes=OUTCOMES,
        signs=SIGNS,
        call_json=_script_safe(_call(scorecard, facts, tracks, ui)),
        sound=Markup(base64.b64encode(sound.data).decode()) if sound else None,
        sound_type=sound.media_type if sound else None,
        css=_part("page.css"),
        js=_part("page.js"),
        clock=clock,
        number=number,
        limits=limits,
        points=points,
        speaker_name=speaker_name,
        quotes=lambda finding: _quotes(finding, ui),
    )


_LAYOUTS = ("stereo", "two-files", "mono", "dual-mono")
_KEY = (
    ("agent", "--agent"),
    ("customer", "--customer"),
    ("interruption", "--bad"),
    ("overlap", "--warn"),
    ("hold", "--hold"),
)


def _quotes(finding: Finding, ui: str) -> list[tuple[str, str]]:
    """(training document, its words) for the standard that the finding serves."""
    every = catalogue()
    row = every.get(finding.standard)
    return [(every.documents[d].of(ui), words) for d, words in row.quotes.items()] if row else []


def costliest(scorecard: Scorecard) -> list[Finding]:
    """The missed findings, critical ones first, then by points lost."""
    missed = [f for f in scorecard.findings if f.outcome == "missed"]
    return sorted(
        missed, key=lambda f: (f.severity != "critical", f.points.won - f.points.possible)
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(_part("page.html.j2"))


@cache
def _part(name: str) -> Markup:
    # Our own files, not anybody's input.
    return Markup(files("pipeline.report").joinpath("page", name).read_text("utf-8"))


def _script_safe(value: Any) -> Markup:
    """JSON that cannot end the script element it stands in, whatever strings it holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


# ── Transcript ───────────────────────────────────────────────────────────────────────────────────


def _shown_turns(turns: Sequence[Turn], findings: Sequence[Finding]) -> list[_ShownTurn]:
    hits = [
        (piece.span, piece.speaker, finding.outcome == "missed")
        for finding in findings
        for piece in finding.evidence
        if piece.words and piece.counts and piece.span is not None
    ]
    return [
        _ShownTurn(turn.speaker, turn.span, tuple(_shown_words(turn, hits)))
        for turn in turns
        if turn.words
    ]


def _shown_words(turn: Turn, hits: Sequence[tuple[Span, str | None, bool]]) -> Iterator[_ShownWord]:
    for word, following in itertools.zip_longest(turn.words, turn.words[1:]):
        about = [bad for span, who, bad in hits if who == turn.speaker and word.span.middle in span]
        classes = (" hit" if about else "") + (" bad" if any(about) else "")
        yield _ShownWord(word.text, word.span, classes, _between(word, following))


def _between(word: Word, following: Word | None) -> str:
    """A blank between words of scripts that use one, a thin pause mark where the voice paused."""
    if following is None:
        return ""
    if following.span.start - word.span.end > 0.5:
        return " · "
    latin = word.text[-1:].isascii() and following.text[:1].isascii()
    return " " if latin else ""


# ── Figures ──────────────────────────────────────────────────────────────────────────────────────


def _measures(facts: CallFacts, ui: str) -> list[tuple[str, list[str]]]:
    def row(key: str, unit: str, value: Any) -> tuple[str, list[str]]:
        shown = []
        for party in facts.speakers:
            figure = value(party)
            shown.append("–" if figure is None else f"{number(figure)} {unit}".strip())
        return PAGE[f"measure_{key}"].of(ui), shown

    per_minute = PAGE["syllables_per_minute"].of(ui)
    rows = [
        row("talk", "s", lambda p: p.talk_s),
        row("share", "%", lambda p: 100 * p.talk_s / facts.audio.duration_s),
        row("rate", per_minute, lambda p: _per_minute(p.speech_rate_syl_s)),
        row("articulation", per_minute, lambda p: _per_minute(p.articulation_rate_syl_s)),
        row("level", "dBov", lambda p: p.level_dbov),
        row("loudness", "LUFS", lambda p: p.loudness_lufs),
        row("pitch", "Hz", lambda p: p.f0_median_hz),
        row("spread", PAGE["semitones"].of(ui), lambda p: p.f0_spread_st),
        row("response", "s", lambda p: _median_response(facts, p)),
        row("interruptions", "", lambda p: float(_interruptions(facts, p))),
    ]
    return [(name, values) for name, values in rows if any(v != "–" for v in values)]


def _per_minute(per_second: float | None) -> float | None:
    return None if per_second is None else 60 * per_second


def _median_response(facts: CallFacts, party: SpeakerFacts) -> float | None:
    offsets = [t.offset_s for t in facts.transfers if t.to_speaker == party.speaker]
    return float(np.median(offsets)) if offsets else None


def _interruptions(facts: CallFacts, party: SpeakerFacts) -> int:
    return sum(o.second == party.speaker and o.kind in INTERRUPTIONS for o in facts.overlaps)


def _not_measured(facts: CallFacts, ui: str) -> Iterator[tuple[str, NotMeasured]]:
    for missing in facts.not_measured:
        yield "", missing
    for quality in facts.audio.quality:
        for missing in quality.not_measured:
            yield f"#{quality.channel + 1}", missing
    for party in facts.speakers:
        for missing in party.not_measured:
            yield speaker_name(party.speaker, ui), missing


# ── What the timeline draws ──────────────────────────────────────────────────────────────────────


def _call(scorecard: Scorecard, facts: CallFacts, tracks: Tracks | None, ui: str) -> dict[str, Any]:
    step = 1
    if tracks and tracks.channels:
        step = -(-len(tracks.channels[0].peak) // MOST_COLUMNS)
    speakers = {party.channel: party for party in facts.speakers}
    loudest = (
        max((float(np.max(c.peak, initial=0.0)) for c in tracks.channels), default=0.0)
        if tracks
        else 0.0
    )
    return {
        "duration": facts.audio.duration_s,
        "step": step * HOP_S,
        "pitchScale": _PITCH_STEP_ST,
        "labels": {
            **{p.speaker: speaker_name(p.speaker, ui) for p in facts.speakers},
            **{key: PAGE[f"lane_{key}"].of(ui) for key in ("events", "pitch", "level", "pace")},
            "rateUnit": PAGE["syllables_per_second"].of(ui),
        },
        "channels": [
            _drawn(channel, speakers[index].speaker, step, loudest)
            for index, channel in enumerate(tracks.channels if tracks else ())
            if index in speakers
        ],
        "medians": {
            p.speaker: 12 * float(np.log2(p.f0_median_hz / _LOWEST_HZ))
            for p in facts.speakers
            if p.f0_median_hz
        },
        "levels": {p.speaker: p.level_dbov for p in facts.speakers},
        "limits": _limits(scorecard.findings),
        **_events(facts, ui),
    }


def _events(facts: CallFacts, ui: str) -> dict[str, Any]:
    def box(span: Span, label: str, **more: object) -> dict[str, Any]:
        return {"start": span.start, "end": span.end, "label": label, **more}

    return {
        "turns": [
            {
                "speaker": turn.speaker,
                "start": turn.span.start,
                "end": turn.span.end,
                "rate": _rate(turn),
            }
            for turn in facts.turns
        ],
        "overlaps": [
            box(o.span, PAGE[o.kind].of(ui), interruption=o.kind in INTERRUPTIONS)
            for o in facts.overlaps
        ],
        "holds": [box(h.span, PAGE[f"hold_{h.kind}"].of(ui)) for h in facts.holds],
        "tones": [box(t.span, t.kind) for t in facts.tones],
    }


def _rate(turn: Turn) -> float | None:
    if turn.prosody is None:
        return None
    heard = turn.prosody.articulation_rate_syl_s
    return turn.prosody.nuclei_rate_syl_s if heard is None else heard


_CURVES = {
    "pitch": ("f0-spread",),
    "level": ("level-re-other", "level"),
    "pace": ("speech-rate", "articulation-rate"),
}


def _limits(findings: Sequence[Finding]) -> dict[str, tuple[float | None, float | None]]:
    """The limits that curves are drawn against: of the first criterion on that measure.

    Levels are drawn about the speaker's own, so their limits move with what was measured.
    """
    found: dict[str, tuple[float | None, float | None]] = {}
    for lane, measures in _CURVES.items():
        for finding in findings:
            if finding.measure in measures and finding.value is not None:
                shift = finding.value if lane == "level" else 0.0
                bounds = (
                    None if bound is None else bound - shift
                    for bound in (finding.low, finding.high)
                )
                low, high = bounds
                found.setdefault(lane, (low, high))
    return found


def _drawn(channel: ChannelTracks, speaker: str, step: int, loudest: float) -> dict[str, str]:
    semitones = 12 * np.log2(channel.pitch_hz / _LOWEST_HZ)
    return {
        "speaker": speaker,
        "peak": _bytes(255 / (loudest or 1.0) * _coarse(channel.peak, step, np.nanmax)),
        "level": _bytes(2 * (_coarse(channel.level_dbov, step, np.nanmax) - _LEVEL_FLOOR_DB)),
        "pitch": _bytes(1 + _coarse(semitones, step, np.nanmedian) / _PITCH_STEP_ST),
    }


def _coarse(track: FloatTrack, step: int, reduce: Any) -> FloatTrack:
    if step == 1:
        return track
    whole = np.pad(track, (0, -len(track) % step), constant_values=np.nan).reshape(-1, step)
    empty = np.isnan(whole).all(axis=1)
    whole[empty] = 0.0  # keeps the reduction from warning about rows without a value
    coarse: FloatTrack = reduce(whole, axis=1).astype(np.float32)
    coarse[empty] = np.nan
    return coarse


def _bytes(values: FloatTrack) -> str:
    """Each value as a byte, 0 where there is none, in base64."""
    limited = np.clip(np.nan_to_num(values, nan=0.0), 0, 255)
    return base64.b64encode(np.rint(limited).astype(np.uint8).tobytes()).decode()
