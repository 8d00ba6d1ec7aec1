"""Reads what the text model learns from: examples by intent and theme, and unlabelled talk."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from pipeline.judge.lexicon.normalise import units
from scripts.validation.garble import garbled

ROOT: Final = Path(__file__).resolve().parents[2]
EXAMPLES: Final = Path(__file__).parent / "meanings"
TALK: Final = ROOT / "scripts" / "synthesis" / "phrases" / "talk"
GOLDEN: Final = ROOT / "tests" / "golden"
_SLOT: Final = re.compile(r"\{[a-z_]+\}")
_REMARK: Final = re.compile(r"\s*//.*")
SEED: Final = 13
ERRORS: Final = 0.1
YES, NO, UNSURE = 1, -1, 0
_SIGNS: Final = {"-": NO, "~": UNSURE}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, and what is known of its meaning."""

    text: str
    theme: str
    """The file and the heading it was first written under: what cross-validation holds out."""
    means: dict[str, int] = field(default_factory=dict)
    """By intent: `YES`, `NO` or `UNSURE`; nothing is known of the others."""


def plain(text: str) -> str:
    """What is heard of a text: its units, without marks."""
    return "".join(units(text)[0])


def examples(folder: Path) -> tuple[Sentence, ...]:
    """Every sentence of a language's files; one that stands in several is one sentence.

    Raises:
        ValueError: a line has nothing to hear in it, or means two things in one file.
    """
    found: dict[str, Sentence] = {}
    for path in sorted(folder.glob("*.txt")):
        for number, theme, sign, text in _lines(path):
            heard = plain(text)
            if not heard:
                raise ValueError(f"{path}, line {number}: nothing to hear in {text!r}")
            sentence = found.setdefault(heard, Sentence(text, f"{path.stem}: {theme}"))
            if sentence.means.setdefault(path.stem, sign) != sign:
                raise ValueError(f"{path}, line {number}: {text!r} stands there another way")
    return tuple(found.values())


def _lines(path: Path) -> Iterator[tuple[int, str, int, str]]:
    theme = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = _REMARK.sub("", line).strip()
        if text.startswith("#"):
            theme = text.lstrip("# ")
        elif text:
            sign = _SIGNS.get(text[0], YES)
            yield number, theme, sign, text if sign == YES else text[1:].strip()


def talk(folder: Path = TALK) -> tuple[str, ...]:
    """Written telephone talk, a line a sentence or two, each once."""
    lines = [
        _SLOT.sub("三", line.strip())
        for path in sorted(folder.glob("*.txt"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    return tuple(dict.fromkeys(lines))


def run_on(sentences: Sequence[Sentence], neutral: Sequence[str]) -> tuple[Sentence, ...]:
    """Every sentence as a recogniser writes it at its worst.

    Without marks, run on from or into a line of talk that means nothing in particular, and with
    some characters taken for others that sound alike.
    """
    chance = random.Random(SEED)
    found = []
    for each in sentences:
        lines = [each.text, chance.choice(neutral)]
        chance.shuffle(lines)
        heard = garbled("".join(plain(line) for line in lines), ERRORS, chance)
        found.append(Sentence(heard, each.theme, each.means))
    return tuple(found)


def golden(folder: Path = GOLDEN) -> frozenset[str]:
    """What is heard of every sentence that figures are measured on; none of it may be learnt."""
    found: set[str] = set()
    for path in folder.glob("utterances*.yaml"):
        for part in yaml.safe_load(path.read_text(encoding="utf-8")).values():
            for key in ("shows", "lacks"):
                found |= {plain(str(text)) for text in part.get(key, ())}
    return frozenset(found)
