"""What was measured, as tables for people; what was not, with the reason."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.facts import INTERRUPTIONS, CallFacts, NotMeasured, Quality, SpeakerFacts
from pipeline.reasons import in_chinese
from pipeline.report.phrasing import PAGE, number, speaker_name
from pipeline.report.vocabulary import measure_name, unit
from pipeline.timeline import total

NONE = "–"


@dataclass(frozen=True, slots=True)
class Table:
    """Figures by party or channel; columns that have none at all are left out of ``rows``."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def measures(facts: CallFacts, ui: str) -> Table:
    """The parties' figures over the whole call."""
    figures: list[tuple[str, str, Callable[[SpeakerFacts], float | None]]] = [
        ("talk", "s", lambda party: party.talk_s),
        ("talk_error", "s", lambda party: party.talk_error_s or None),
        ("share", "%", lambda party: 100 * party.talk_s / facts.audio.duration_s),
        ("rate", "", lambda party: _per_minute(party.speech_rate_syl_s)),
        ("articulation", "", lambda party: _per_minute(party.articulation_rate_syl_s)),
        ("level", "dBov", lambda party: party.level_dbov),
        ("loudness", "LUFS", lambda party: party.loudness_lufs),
        ("pitch", "Hz", lambda party: party.f0_median_hz),
        ("spread", "st", lambda party: party.f0_spread_st),
        ("response", "s", lambda party: _median_response(facts, party)),
        ("interruptions", "", lambda party: float(_interruptions(facts, party))),
    ]
    per_minute = f" {PAGE['syllables_per_minute'].of(ui)}"
    rows = []
    for key, name, read in figures:
        tail = per_minute if key in ("rate", "articulation") else unit(name, ui)
        values = tuple(_shown(read(party), tail) for party in facts.speakers)
        rows.append((PAGE[f"measure_{key}"].of(ui), values))
    return _table(tuple(speaker_name(party.speaker, ui) for party in facts.speakers), rows)


def quality(facts: CallFacts, ui: str) -> Table:
    """What each channel sounds like technically."""
    figures: list[tuple[str, Callable[[Quality], str]]] = [
        ("bandwidth", lambda each: _shown(each.bandwidth_hz, " Hz")),
        ("noise", lambda each: _shown(each.noise_dbov, " dBov")),
        ("snr", lambda each: _shown(each.snr_db, unit("dB", ui))),
        ("clipped", lambda each: _share(each.clipped_share)),
        ("dropouts", lambda each: _shown(total(each.dropouts), unit("s", ui))),
        ("coding", lambda each: each.coding or NONE),
    ]
    on: dict[int, list[str]] = {}
    for party in facts.speakers:
        on.setdefault(party.channel, []).append(speaker_name(party.speaker, ui))
    names = {channel: " + ".join(parties) for channel, parties in on.items()}
    columns = tuple(
        names.get(each.channel, f"{PAGE['channel'].of(ui)} {each.channel + 1}")
        for each in facts.audio.quality
    )
    rows = [
        (PAGE[f"quality_{key}"].of(ui), tuple(read(each) for each in facts.audio.quality))
        for key, read in figures
    ]
    return _table(columns, rows)


def _table(columns: tuple[str, ...], rows: list[tuple[str, tuple[str, ...]]]) -> Table:
    told = tuple(row for row in rows if any(value != NONE for value in row[1]))
    return Table(columns, told)


def _shown(value: float | None, tail: str) -> str:
    return NONE if value is None else f"{number(value)}{tail}"


def _share(value: float) -> str:
    return f"{number(100 * value)}%"


def _per_minute(per_second: float | None) -> float | None:
    return None if per_second is None else 60 * per_second


def _median_response(facts: CallFacts, party: SpeakerFacts) -> float | None:
    offsets = [each.offset_s for each in facts.transfers if each.to_speaker == party.speaker]
    return statistics.median(offsets) if offsets else None


def _interruptions(facts: CallFacts, party: SpeakerFacts) -> int:
    return sum(
        each.second == party.speaker and each.kind in INTERRUPTIONS for each in facts.overlaps
    )


def not_measured(facts: CallFacts, ui: str) -> list[tuple[str, str]]:
    """(what, why), with whose it is; what the same reason rules out stands together."""
    names: dict[tuple[str, str], list[str]] = {}
    for who, missing in _missing(facts, ui):
        why = in_chinese(missing.reason) if ui == "zh" else missing.reason
        names.setdefault((who, why), []).append(measure_name(missing.measure, ui))
    comma = "、" if ui == "zh" else ", "
    return [(f"{who} {comma.join(what)}".strip(), why) for (who, why), what in names.items()]


def _missing(facts: CallFacts, ui: str) -> Iterator[tuple[str, NotMeasured]]:
    for missing in facts.not_measured:
        yield "", missing
    for channel in facts.audio.quality:
        for missing in channel.not_measured:
            yield f"{PAGE['channel'].of(ui)} {channel.channel + 1}", missing
    for party in facts.speakers:
        for missing in party.not_measured:
            yield speaker_name(party.speaker, ui), missing


def oddities(facts: CallFacts, ui: str) -> list[str]:
    """What is odd about the file without making it unusable, and who was taken for the agent."""
    notes = [in_chinese(note) if ui == "zh" else note for note in facts.audio.notes]
    return [*notes, *_guess(facts, ui)]


def _guess(facts: CallFacts, ui: str) -> Iterator[str]:
    """Who is the agent, where that was inferred or is doubtful, and how to put it right."""
    roles = facts.roles
    if roles is None or (roles.source != "inferred" and roles.doubt is None):
        return
    if roles.source == "inferred":
        heard = PAGE["agent_heard" if roles.agent is not None else "agent_not_heard"].of(ui)
        yield heard.format(voice=roles.agent, sure=f"{roles.confidence:.0%}")
    if roles.doubt is not None:
        yield in_chinese(roles.doubt) if ui == "zh" else roles.doubt


def refusal(reason: str, ui: str) -> str:
    """Why recognised text was refused."""
    return in_chinese(reason) if ui == "zh" else reason
