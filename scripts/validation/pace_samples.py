"""Pace, drawl and fillers on the sample calls, whose every syllable's time is known.

Words and speech are the truth's own, so that these figures speak of this stage alone. The calls are
synthetic: they show that the definitions are met, not how people hesitate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import soxr

from pipeline.facts import Burst, Drawl, Filler
from pipeline.measure import hesitation, nuclei, pace, pitch, spectrum
from pipeline.measure.channel import from_samples
from pipeline.measure.pitch import PitchModel
from pipeline.settings import MeasureSettings, load_measure_settings
from pipeline.timeline import Span, total
from scripts.synthesis.truth import CallTruth, PartyTruth, read_truth
from scripts.validation.table import OURS, Row

CALLS = Path(__file__).resolve().parents[2] / "tests" / "calls"
STAGE = "pace"
_RATE = 8000

_Found = Burst | Drawl | Filler


@dataclass
class Score:
    """Events that overlap a true one, that overlap none, and true ones that none overlaps."""

    hits: int = 0
    invented: int = 0
    missed: int = 0

    def add(self, found: Iterable[Span], truth: Sequence[Span]) -> None:
        """Count one party's events."""
        spans = list(found)
        right = sum(any(span.overlap(true) > 0 for true in truth) for span in spans)
        self.hits += right
        self.invented += len(spans) - right
        self.missed += sum(not any(true.overlap(span) > 0 for span in spans) for true in truth)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        every = 2 * self.hits + self.invented + self.missed
        return 2 * self.hits / every if every else float("nan")


@dataclass
class Tally:
    """What was counted over all calls."""

    rates: list[tuple[float, float]] = field(default_factory=list)
    bursts: Score = field(default_factory=Score)
    drawls: Score = field(default_factory=Score)
    fillers: Score = field(default_factory=Score)


def rows() -> Iterator[Row]:
    """The figures; none where the sample calls were not made."""
    settings, model, tally = load_measure_settings(), pitch.load_model(), Tally()
    for path in sorted(CALLS.glob("*.truth.json")):
        truth = read_truth(path)
        samples, rate = soundfile.read(CALLS / truth.audio, dtype="float32", always_2d=True)
        samples = soxr.resample(samples, rate, _RATE)
        for party in truth.parties:
            _count(tally, truth, party, samples[:, party.channel], settings, model)
    if not tally.rates:
        return
    heard, true = np.array(tally.rates).T
    on = f"sample calls, {len(true)} parties"
    r = float(np.corrcoef(heard, true)[0, 1])
    error = float(np.mean(np.abs(heard - true)))
    yield Row(STAGE, "rate from sound, correlation", on, OURS, r)
    yield Row(STAGE, "rate from sound, mean error", on, OURS, error, "syl/s")
    yield Row(STAGE, "bursts (连珠炮), F1", "sample calls", OURS, tally.bursts.f1)
    yield Row(STAGE, "drawl (拖腔), F1", "sample calls", OURS, tally.drawls.f1)
    yield Row(STAGE, "fillers, F1", "sample calls", OURS, tally.fillers.f1)


def _count(
    tally: Tally,
    truth: CallTruth,
    party: PartyTruth,
    samples: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    settings: MeasureSettings,
    model: PitchModel,
) -> None:
    channel, name = from_samples(samples, _RATE), party.speaker
    voicing = pitch.track(channel, settings.pitch, model, within=party.speech).voicing
    heard = nuclei.nuclei(spectrum.bands(channel, party.speech), voicing, settings.nuclei)
    turns = [turn.words for turn in truth.turns if turn.speaker == name]
    words = [word for turn in turns for word in turn]
    times = pace.instants(words, "zh")
    tally.rates.append(
        (heard.syllables(party.speech) / total(party.speech), party.articulation_rate_syl_s)
    )
    tally.bursts.add(
        _spans(pace.bursts(times, party.speech, name, settings.pace)), _of(truth.bursts, name)
    )
    drawls = hesitation.drawls(heard, voicing, party.speech, words, name, settings.hesitation)
    tally.drawls.add(_spans(drawls), _of(truth.drawls, name))
    fillers = hesitation.fillers(turns, party.speech, heard, name, settings.hesitation)
    tally.fillers.add(_spans(fillers), _of(truth.fillers, name))


def _spans(found: Iterable[_Found]) -> list[Span]:
    return [one.span for one in found]


def _of(events: Iterable[_Found], speaker: str) -> list[Span]:
    return [one.span for one in events if one.speaker == speaker]
