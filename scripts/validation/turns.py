"""Kinds of overlaps on constructed dialogues and on the sample calls.

The dialogues (`scripts/validation/dialogues.py`) draw durations and response times from studies of
telephone talk; 60 of them hold some 700 overlaps and silent interruptions. "Sound alone" is the
same without words, as when a recording has no transcript. The sample calls are found and sorted
from their recordings (speech activity) and their true words. F1 is per kind: an overlap counts as
found if it is at the right time, with the right parties and of the right kind.

Nobody publishes such figures, so there is no reference beside ours but chance: every overlap taken
for an interruption by whoever came second, as tools do that count overlaps.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import soundfile

from pipeline.facts import Overlap, OverlapKind
from pipeline.measure import speech, turns
from pipeline.measure.channel import from_samples
from pipeline.measure.vad import load_vad
from pipeline.settings import load_measure_settings
from scripts.synthesis.truth import read_truth
from scripts.validation.dialogues import Dialogue, dialogue
from scripts.validation.table import OURS, Row, Target, markdown

STAGE = "turns"
KINDS: tuple[OverlapKind, ...] = get_args(OverlapKind)
SEEDS = range(60)
SAMPLE_CALLS = Path(__file__).resolve().parents[2] / "tests" / "calls"
NEAR_S = 0.15
COUNTING = "overlaps counted"


@dataclass
class Score:
    """Hits, inventions and misses per kind."""

    hits: Counter[OverlapKind] = field(default_factory=Counter)
    invented: Counter[OverlapKind] = field(default_factory=Counter)
    missed: Counter[OverlapKind] = field(default_factory=Counter)

    def add(self, found: Iterable[Overlap], truth: Sequence[Overlap]) -> None:
        """Match what was found to what is true, each once."""
        left = list(found)
        for true in truth:
            hit = next((one for one in left if _same(one, true)), None)
            if hit is None:
                self.missed[true.kind] += 1
            else:
                left.remove(hit)
                self.hits[true.kind] += 1
        self.invented.update(one.kind for one in left)

    def f1(self, kind: OverlapKind) -> float:
        """Harmonic mean of precision and recall; NaN where the kind does not occur."""
        wrong = self.invented[kind] + self.missed[kind]
        hits = self.hits[kind]
        return 2 * hits / (2 * hits + wrong) if hits + wrong else float("nan")


def _same(found: Overlap, true: Overlap) -> bool:
    near = found.span.start <= true.span.end + NEAR_S and true.span.start <= found.span.end + NEAR_S
    # Who speaks together on purpose has no first and second.
    roles = found.kind == "choral" or found.second == true.second
    return near and found.kind == true.kind and roles


def on_dialogues(dialogues: Iterable[Dialogue], with_words: bool) -> Score:
    """Ours on constructed dialogues."""
    settings, score = load_measure_settings().turns, Score()
    for each in dialogues:
        words = each.words if with_words else ()
        talk = turns.build(each.speech, words, (), each.duration_s, settings, each.sounds)
        score.add(talk.overlaps, each.overlaps)
    return score


def _counting(dialogues: Iterable[Dialogue]) -> Score:
    """Every overlap an interruption that succeeds."""
    settings, score = load_measure_settings().turns, Score()
    for each in dialogues:
        talk = turns.build(each.speech, (), (), each.duration_s, settings)
        found = [
            Overlap(
                span=one.span, first=one.first, second=one.second, kind="competitive-with-floor"
            )
            for one in talk.overlaps
        ]
        score.add(found, each.overlaps)
    return score


def on_sample_calls(folder: Path) -> Score:
    """Ours on the shipped calls: speech from the recording, words from the truth."""
    settings, model, score = load_measure_settings(), load_vad(), Score()
    for path in sorted(folder.glob("*.truth.json")):
        truth = read_truth(path)
        sound, rate = soundfile.read(path.with_name(truth.audio), dtype="float32")
        channels = [from_samples(part, rate) for part in sound.T]
        activity = speech.detect(channels, settings.speech, model)
        spoken = {p.speaker: activity.channels[p.channel].speech for p in truth.parties}
        talk = turns.build(spoken, truth.words, activity.holds, truth.duration_s, settings.turns)
        score.add(talk.overlaps, truth.overlaps)
    return score


def rows(data: Path) -> list[Row]:
    """Every figure of the stage; needs no recordings but the shipped ones."""
    dialogues = [dialogue(seed) for seed in SEEDS]
    found = _rows("constructed dialogues", OURS, on_dialogues(dialogues, with_words=True), 0.9)
    found += _rows("constructed dialogues", COUNTING, _counting(dialogues), 0.9)
    alone = on_dialogues(dialogues, with_words=False)
    found += _rows("constructed dialogues, sound alone", OURS, alone, None)
    return found + _rows("sample calls", OURS, on_sample_calls(SAMPLE_CALLS), 0.9)


def _rows(condition: str, system: str, score: Score, limit: float | None) -> list[Row]:
    target = Target(limit, at_least=True) if limit else None
    return [
        Row(STAGE, f"{kind}, F1", condition, system, score.f1(kind), "", target)
        for kind in KINDS
        if score.hits[kind] + score.missed[kind]
    ]


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(markdown(rows(Path())))


if __name__ == "__main__":
    main()
