"""How well whole dialogues are judged: precision and recall of the verdict "missed", per criterion.

    python -m scripts.validation.dialogue_marks [--errors 0 10] [--misses]

Labelled are `tests/golden/dialogues.yaml` and `dialogues-fresh.yaml`, several criteria each, and
the worked examples of every audible row (`examples.yaml`): a call that meets the row and one that
misses it. Words are judged clean and with characters taken for sound-alikes; what happened besides
the words stays.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from pipeline.facts import CallFacts
from pipeline.judge.call import Judge, compile
from pipeline.rubric import load_lexicon, shipped
from scripts.validation.garble import garbled
from scripts.validation.talk import facts_of, read_line
from scripts.validation.wording import Row, pooled

GOLDEN: Final = Path(__file__).resolve().parents[2] / "tests" / "golden"


@dataclass(frozen=True)
class Labelled:
    """A dialogue, and by criterion whether it is missed."""

    lines: tuple[Any, ...]
    speakers: Mapping[str, Any]
    missed: Mapping[str, bool]
    whole_rows: bool = False
    """The labels name rows of the standard: missed where any of their criteria is."""

    def facts(self, errors: float, chance: random.Random) -> CallFacts:
        """What would be measured of it."""
        lines = [read_line(line) for line in self.lines]
        heard = [
            msgspec.structs.replace(line, says=garbled(line.says, errors, chance)) for line in lines
        ]
        return facts_of(heard if errors else lines, speaker_more=self.speakers)


def dialogues(name: str = "dialogues") -> tuple[Labelled, ...]:
    """The dialogues that were written with their labels; "dialogues-fresh" came second."""
    written = yaml.safe_load((GOLDEN / f"{name}.yaml").read_text(encoding="utf-8"))
    return tuple(
        Labelled(
            tuple(each["lines"]),
            each.get("speakers", {}),
            dict.fromkeys(each.get("met", ()), False) | dict.fromkeys(each.get("missed", ()), True),
        )
        for each in written
    )


def examples() -> tuple[Labelled, ...]:
    """The worked examples of every audible row."""
    rows = yaml.safe_load((GOLDEN / "examples.yaml").read_text(encoding="utf-8"))
    return tuple(
        Labelled(tuple(part["lines"]), part.get("speakers", {}), {standard: key == "misses"}, True)
        for standard, row in rows.items()
        for key in ("meets", "misses")
        for part in (row[key],)
    )


def rows(
    judge: Judge,
    calls: Iterable[Labelled],
    errors: float = 0.0,
    seed: int = 7,
    wrong: list[str] | None = None,
) -> list[Row]:
    """Counts per criterion (or row), at a rate of sound-alike character errors."""
    chance = random.Random(seed)
    counts: dict[str, list[int]] = {}
    for number, call in enumerate(calls):
        for name, label, found in _judged(judge, call, errors, chance):
            place = (0 if found else 1) if label else (2 if found else 3)
            counts.setdefault(name, [0, 0, 0, 0])[place] += 1
            if wrong is not None and label != found:
                wrong.append(f"{number} {name}: {'not ' if label else ''}taken for missed")
    return [Row(name, errors, *numbers) for name, numbers in counts.items()]


def _judged(
    judge: Judge, call: Labelled, errors: float, chance: random.Random
) -> Iterator[tuple[str, bool, bool]]:
    card = judge.score(call.facts(errors, chance))
    found: dict[str, bool] = {}
    for each in card.findings:
        name = each.standard if call.whole_rows else each.criterion
        found[name] = found.get(name, False) or each.outcome == "missed"
    for name, label in call.missed.items():
        yield name, label, found[name]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", type=float, nargs="*", default=[0, 10], help="per cent")
    parser.add_argument("--misses", action="store_true", help="print what was judged wrongly")
    wanted = parser.parse_args()
    rubric = shipped("affinity-zh-v1")
    judge = compile(rubric, load_lexicon(rubric.lexicon))
    sets = {name: dialogues(name) for name in ("dialogues", "dialogues-fresh")}
    for name, calls in (*sets.items(), ("examples", examples())):
        for percent in wanted.errors:
            wrong: list[str] = []
            row = pooled(rows(judge, calls, percent / 100, wrong=wrong))
            print(
                f"{name:15} {percent:3.0f} %  P {row.precision:.3f}  R {row.recall:.3f}  "
                f"({row.hits} found, {row.misses} missed, {row.false_alarms} false alarms, "
                f"{row.rejected} rightly left)"
            )
            print(*(f"  {line}\n" for line in (wrong if wanted.misses else ())), sep="", end="")


if __name__ == "__main__":
    main()
