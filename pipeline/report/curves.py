"""What the page's timeline draws: waveforms, events, pitch, level and pace, as compact JSON."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from pipeline.facts import INTERRUPTIONS, CallFacts, Turn
from pipeline.report.phrasing import PAGE, speaker_name
from pipeline.report.vocabulary import TONES, UNITS
from pipeline.scorecard import Finding, Scorecard
from pipeline.timeline import Span
from pipeline.tracks import HOP_S, ChannelTracks, FloatTrack, Tracks

MOST_COLUMNS: Final = 120_000
"""Points drawn per track: 20 minutes at 10 ms; longer calls are drawn more coarsely."""
_LOWEST_HZ: Final = 40.0
_PITCH_STEP_ST: Final = 0.25
_LEVEL_FLOOR_DB: Final = -96.0
_LANES: Final = ("losses", "events", "pitch", "level", "pace")
_CURVES: Final = {
    "pitch": ("f0-spread",),
    "level": ("level-re-other", "level"),
    "pace": ("speech-rate", "articulation-rate"),
}
"""The measures whose limits stand behind a lane."""


def drawn_call(
    scorecard: Scorecard, facts: CallFacts, tracks: Tracks | None, ui: str
) -> dict[str, Any]:
    """Everything that the timeline needs, ready for JSON."""
    channels = tracks.channels if tracks else ()
    step = -(-len(channels[0].peak) // MOST_COLUMNS) if channels else 1
    loudest = max((float(np.max(each.peak, initial=0.0)) for each in channels), default=0.0)
    speakers = {party.channel: party.speaker for party in facts.speakers}
    return {
        "duration": facts.audio.duration_s,
        "step": max(1, step) * HOP_S,
        "pitchScale": _PITCH_STEP_ST,
        "labels": _labels(facts, ui),
        "channels": [
            _drawn(channel, speakers[index], max(1, step), loudest)
            for index, channel in enumerate(channels)
            if index in speakers
        ],
        "medians": {
            party.speaker: 12 * float(np.log2(party.f0_median_hz / _LOWEST_HZ))
            for party in facts.speakers
            if party.f0_median_hz
        },
        "levels": {party.speaker: party.level_dbov for party in facts.speakers},
        "limits": _limits(scorecard.findings),
        "losses": list(_losses(scorecard, ui)),
        **_events(facts, ui),
    }


def _labels(facts: CallFacts, ui: str) -> dict[str, str]:
    return {
        **{party.speaker: speaker_name(party.speaker, ui) for party in facts.speakers},
        **{lane: PAGE[f"lane_{lane}"].of(ui) for lane in _LANES},
        "rateUnit": UNITS["syl/s"].of(ui),
        "play": PAGE["player"].of(ui),
        "pause": PAGE["pause"].of(ui),
    }


def _losses(scorecard: Scorecard, ui: str) -> Iterator[dict[str, Any]]:
    """The moments that cost points, in time order."""
    moments = [
        (piece.span, finding)
        for finding in scorecard.findings
        if finding.costly
        for piece in finding.faults
        if piece.span is not None
    ]
    for span, finding in sorted(moments, key=lambda each: each[0]):
        yield _box(span, f"{finding.standard} {finding.name.of(ui)}")


def _box(span: Span, label: str, **more: object) -> dict[str, Any]:
    return {"start": span.start, "end": span.end, "label": label, **more}


def _events(facts: CallFacts, ui: str) -> dict[str, Any]:
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
            _box(each.span, PAGE[each.kind].of(ui), interruption=each.kind in INTERRUPTIONS)
            for each in facts.overlaps
        ],
        "holds": [_box(each.span, PAGE[f"hold_{each.kind}"].of(ui)) for each in facts.holds],
        "tones": [_box(each.span, TONES[each.kind].of(ui)) for each in facts.tones],
    }


def _rate(turn: Turn) -> float | None:
    if turn.prosody is None:
        return None
    heard = turn.prosody.articulation_rate_syl_s
    return turn.prosody.nuclei_rate_syl_s if heard is None else heard


def _limits(findings: Sequence[Finding]) -> dict[str, tuple[float | None, float | None]]:
    """The limits that curves are drawn against: of the first criterion on that measure.

    Levels are drawn about the speaker's own, so their limits move with what was measured.
    """
    found: dict[str, tuple[float | None, float | None]] = {}
    for lane, measures in _CURVES.items():
        for finding in findings:
            if finding.measure in measures and finding.value is not None:
                shift = finding.value if lane == "level" else 0.0
                low, high = (
                    None if bound is None else bound - shift
                    for bound in (finding.low, finding.high)
                )
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
