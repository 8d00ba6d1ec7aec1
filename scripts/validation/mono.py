"""The same call in stereo and mixed to mono: who is the agent, and what becomes of the scorecard.

Sample calls and the Harper Valley calls, their true words given without their speakers, so that
voices, roles and judging are tried and not the recogniser. In stereo the speakers stand beside the
words.

    python -m scripts.validation.mono [--data FOLDER] [--calls NAME …]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import soundfile

from pipeline.facts import AGENT, CUSTOMER, CallFacts
from pipeline.judge.call import compile
from pipeline.measure import call as measuring
from pipeline.measure.cache import Cache
from pipeline.measure.stages import Models
from pipeline.rubric import load_lexicon, shipped
from pipeline.scorecard import Scorecard
from pipeline.settings import MeasureSettings, default_rubric, load_measure_settings
from scripts.synthesis.truth import read_truth
from scripts.validation.table import OURS, Row, Target, markdown

STAGE: Final = "mono"
SAMPLES: Final = Path(__file__).resolve().parents[2] / "tests" / "calls"
_DECIDED: Final = frozenset({"met", "missed"})


@dataclass(frozen=True)
class Source:
    """A stereo recording, the agent left, with who said what and when (speaker, text, times)."""

    name: str
    path: Path
    words: tuple[tuple[str, str, float, float], ...]
    language: str
    timed_words: bool


@dataclass(frozen=True)
class Pair:
    """A call judged in stereo and in mono."""

    name: str
    stereo: CallFacts
    mono: CallFacts
    cards: tuple[Scorecard, Scorecard]

    @property
    def agent_found(self) -> bool:
        """Whether the mixed call's agent speaks mostly when the agent does."""
        agent = self.mono.speaker(AGENT)
        if agent is None:
            return False
        own, others = (
            sum(a.overlap(b) for a in agent.speech for b in party.speech)
            for name in (AGENT, CUSTOMER)
            if (party := self.stereo.speaker(name)) is not None
        )
        return own > others

    @property
    def share_error(self) -> float:
        """Points (of 100) by which the agent's talk share is off."""
        return 100 * abs(_share(self.mono) - _share(self.stereo))

    @property
    def mark_error(self) -> float:
        """Points by which the mark is off; NaN where one has none."""
        marks = [card.mark for card in self.cards]
        return abs(marks[0] - marks[1]) if None not in marks else float("nan")  # type: ignore[operator]

    def outcomes(self) -> Iterator[tuple[str, str, str]]:
        """(criterion, in stereo, in mono)."""
        other = {each.criterion: each.outcome for each in self.cards[1].findings}
        for each in self.cards[0].findings:
            yield each.criterion, each.outcome, other[each.criterion]


def _share(facts: CallFacts) -> float:
    talk = {each.speaker: each.talk_s for each in facts.speakers}
    whole = talk.get(AGENT, 0.0) + talk.get(CUSTOMER, 0.0)
    return talk.get(AGENT, 0.0) / whole if whole else 0.0


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────


def samples() -> Iterator[Source]:
    """The sample calls, every word timed."""
    for path in sorted(SAMPLES.glob("*.truth.json")):
        truth = read_truth(path)
        words = tuple((w.speaker, w.text, w.span.start, w.span.end) for w in truth.words)
        yield Source(truth.call_id, SAMPLES / truth.audio, words, "zh", True)


def telephone(data: Path) -> Iterator[Source]:
    """The telephone calls with human transcripts, segment by segment."""
    for path in sorted((data / "calls").glob("*.stm")):
        cells = [line.split(" ", 5) for line in path.read_text().splitlines()]
        words = tuple(
            (AGENT if cell[1] == "1" else CUSTOMER, cell[5], float(cell[3]), float(cell[4]))
            for cell in cells
            if cell[5:] and not cell[5].startswith(("[", "<"))
        )
        yield Source(path.stem, path.with_suffix(".wav"), words, "en", False)


def mixed(source: Path, target: Path) -> None:
    """Both channels added up, into one."""
    sound, rate = soundfile.read(source, dtype="float32", always_2d=True)
    one = sound.sum(axis=1)
    peak = float(np.max(np.abs(one))) or 1.0
    soundfile.write(target, one * min(1.0, 0.95 / peak), rate, subtype="PCM_16")


def transcript(source: Source, target: Path, *, labelled: bool) -> None:
    """The true words as our JSON, with or without who said them."""
    parts = [
        {"text": text, "start": start, "end": end} | ({"speaker": who} if labelled else {})
        for who, text, start, end in sorted(source.words, key=lambda word: word[2])
    ]
    kind = "words" if source.timed_words else "segments"
    written = {"schema": "qinhe.transcript/1", "language": source.language, kind: parts}
    target.write_bytes(msgspec.json.encode(written))


# ── Measuring ────────────────────────────────────────────────────────────────────────────────────


def pairs(sources: Sequence[Source], settings: MeasureSettings, models: Models) -> Iterator[Pair]:
    """Each call both ways."""
    for source in sources:
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder)
            mixed(source.path, here / "mono.wav")
            transcript(source, here / "told.json", labelled=True)
            transcript(source, here / "untold.json", labelled=False)
            stereo = _measured(source.path, here / "told.json", settings, models)
            mono = _measured(here / "mono.wav", here / "untold.json", settings, models)
        rubric = shipped(default_rubric(source.language))
        judge = compile(rubric, load_lexicon(rubric.lexicon))
        yield Pair(source.name, stereo, mono, (judge.score(stereo), judge.score(mono)))


def _measured(path: Path, transcript: Path, settings: MeasureSettings, models: Models) -> CallFacts:
    recording = measuring.Recording((path,), path.stem, transcript=transcript)
    with measuring.opened(recording, settings.audio) as audio:
        return measuring.measure(audio, recording, models, settings, Cache(None)).facts


def rows_of(found: Sequence[Pair], what: str) -> list[Row]:
    """The figures of calls measured both ways."""
    turned: Counter[str] = Counter()
    for pair in found:
        for _, stereo, mono in pair.outcomes():
            if stereo in _DECIDED:
                turned["all"] += 1
                turned["lost"] += mono == "not_measured"
                turned["flipped"] += mono in _DECIDED and mono != stereo
    where = f"{len(found)} {what}, mixed to mono"
    marks = [pair.mark_error for pair in found if pair.mark_error == pair.mark_error]
    agents = 100 * statistics.fmean(pair.agent_found for pair in found)
    shares = statistics.fmean(pair.share_error for pair in found)

    def row(name: str, value: float, unit: str, target: Target | None = None) -> Row:
        return Row(STAGE, name, where, OURS, value, unit, target)

    return [
        row("agent found", agents, "%", Target(95.0, at_least=True)),
        row("talk share off by", shares, "points", Target(1.5)),
        row("mark off by, mean", statistics.fmean(marks), "points"),
        row("mark off by, worst", max(marks), "points"),
        row("verdicts that flip", 100 * turned["flipped"] / turned["all"], "%"),
        row("verdicts no longer measured", 100 * turned["lost"] / turned["all"], "%"),
    ]


def rows(data: Path) -> list[Row]:
    """The figures of every call there is."""
    settings = load_measure_settings()
    models = measuring.load_models(settings, None, None)
    table = rows_of(list(pairs(list(samples()), settings, models)), "sample calls")
    calls = list(telephone(data))
    if calls:
        table += rows_of(list(pairs(calls, settings, models)), "telephone calls")
    return table


def main() -> None:
    """Print each call's figures as they come, and what turned."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--calls", nargs="*", help="only these")
    wanted = parser.parse_args()
    settings = load_measure_settings()
    models = measuring.load_models(settings, None, None)
    every = [*samples(), *telephone(wanted.data)]
    chosen = [each for each in every if not wanted.calls or each.name in wanted.calls]
    found = []
    for pair in pairs(chosen, settings, models):
        found.append(pair)
        roles = pair.mono.roles
        print(
            f"{pair.name}: agent {'found' if pair.agent_found else 'NOT FOUND'}, "
            f"sure to {roles.confidence if roles else 0}, voices {len(pair.mono.speakers)}, "
            f"share off {pair.share_error:.1f}, mark {pair.cards[0].mark} -> {pair.cards[1].mark}",
            flush=True,
        )
        for criterion, stereo, mono in pair.outcomes():
            if stereo != mono and stereo in _DECIDED:
                print(f"  {criterion}: {stereo} -> {mono}")
    print(markdown(rows_of(found, "calls")))


if __name__ == "__main__":
    main()
