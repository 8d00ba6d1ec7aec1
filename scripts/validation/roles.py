"""How often the agent is found by what is said, and how far the confidence can be trusted.

Each call is taken as two voices of a mono recording whose words are given to the right voice; which
of them is the agent is the question. "Telephone calls" are the six Harper Valley calls with human
transcripts (English); "written dialogues" those of `tests/golden`, written blind for other criteria
and never looked at for this; "sample calls" the twelve that ship. The weights were fitted to the
"talk" (601 written dialogues, mostly begun by the customer and ended before the leave-taking), so
that row flatters; it is there for its size. "Sound-alikes" takes 15 % of the Hanzi for another of
the same sound; "wrong voice" gives every twelfth turn to the other voice; "from the middle" leaves
out the first and the last fifth. Chance is one half.

The English weights are not fitted: there is no English talk to fit them to that is not measured
here. They are those of the same lists in Chinese, lowered. How little hangs on them is shown
beside: each list counts the same ("signs alone"), and every weight is drawn anew 100 times, from
half to double its value ("drawn weights").

Confidence: among the calls of the talk in all conditions that are at least so sure, the share whose
agent is right.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import yaml

from pipeline.facts import AGENT, CUSTOMER, CallFacts, RoleFacts
from pipeline.measure.renaming import renamed
from pipeline.measure.roles import Told, decided
from pipeline.settings import RoleSettings, load_measure_settings
from scripts.synthesis.truth import read_truth
from scripts.validation.garble import garbled
from scripts.validation.table import OURS, Row, Target, markdown
from scripts.validation.talk import facts_of, read_line

STAGE: Final = "roles"
Lines = list[tuple[str, str]]
_ROOT: Final = Path(__file__).resolve().parents[2]
_GOLDEN: Final = _ROOT / "tests" / "golden"
_TALK: Final = _ROOT / "scripts" / "synthesis" / "phrases" / "talk"
_OTHER: Final = {AGENT: CUSTOMER, CUSTOMER: AGENT}
_DRAWS: Final = 100
_TO_REACH: Final = Target(95.0, at_least=True)


@dataclass(frozen=True)
class Said:
    """A call's lines by party."""

    name: str
    lines: Lines
    language: str = "zh"


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────


def telephone(data: Path) -> Iterator[Said]:
    """The telephone calls' transcripts."""
    for path in sorted((data / "calls").glob("*.stm")):
        cells = [line.split(" ", 5) for line in path.read_text().splitlines()]
        ordered = sorted(cells, key=lambda cell: float(cell[3]))
        lines = [(AGENT if cell[1] == "1" else CUSTOMER, cell[5]) for cell in ordered if cell[5:]]
        yield Said(path.stem, lines, "en")


def samples() -> Iterator[Said]:
    """The sample calls as they were spoken."""
    for path in sorted((_ROOT / "tests" / "calls").glob("*.truth.json")):
        truth = read_truth(path)
        yield Said(truth.call_id, [(each.speaker, each.written) for each in truth.utterances])


def written() -> Iterator[Said]:
    """The labelled dialogues."""
    for path in sorted(_GOLDEN.glob("dialogues*.yaml")):
        for number, call in enumerate(yaml.safe_load(path.read_text(encoding="utf-8"))):
            lines = [read_line(line) for line in call["lines"]]
            yield Said(f"{path.stem} {number}", [(line.by, line.says) for line in lines])


def talk() -> Iterator[Said]:
    """The written talk, whose parties take turns."""
    begun = yaml.safe_load(Path(__file__).with_name("agent_first.yaml").read_text(encoding="utf-8"))
    for path in sorted(_TALK.glob("*.txt")):
        for part in path.read_text(encoding="utf-8").split("\n# "):
            topic, *lines = [line for line in part.removeprefix("# ").splitlines() if line.strip()]
            if not lines:
                continue
            first = AGENT if topic.strip() in begun[path.stem] else CUSTOMER
            who = (first, _OTHER[first])
            yield Said(topic, [(who[i % 2], line) for i, line in enumerate(lines)])


# ── What happens to them ─────────────────────────────────────────────────────────────────────────


def _as_is(lines: Lines, chance: random.Random) -> Lines:
    return lines


def _sound_alike(lines: Lines, chance: random.Random) -> Lines:
    return [(who, garbled(said, 0.15, chance)) for who, said in lines]


def _wrong_voice(lines: Lines, chance: random.Random) -> Lines:
    return [(_OTHER[who] if chance.random() < 1 / 12 else who, said) for who, said in lines]


def _middle(lines: Lines, chance: random.Random) -> Lines:
    edge = len(lines) // 5
    return lines[edge : len(lines) - edge]


CONDITIONS: Final[dict[str, Callable[[Lines, random.Random], Lines]]] = {
    "as said": _as_is,
    "sound-alikes": _sound_alike,
    "wrong voice": _wrong_voice,
    "from the middle": _middle,
}


# ── Measuring ────────────────────────────────────────────────────────────────────────────────────


def voices_of(lines: Lines, language: str, agent: int) -> CallFacts:
    """The call as two voices of one channel, the agent's under this number."""
    numbers = {AGENT: agent, CUSTOMER: 3 - agent}
    facts = facts_of(lines, language=language)
    speakers = tuple(
        msgspec.structs.replace(each, voice=numbers[each.speaker], channel=0)
        for each in facts.speakers
    )
    facts = msgspec.structs.replace(facts, speakers=speakers)
    return renamed(facts, {who: f"voice-{number}" for who, number in numbers.items()})


def found(
    calls: Sequence[Said], settings: RoleSettings, condition: str, seed: int = 11
) -> list[tuple[str, bool, RoleFacts]]:
    """Per call: its name, whether the agent was found, and how."""
    chance, results = random.Random(seed), []
    for call in calls:
        lines = CONDITIONS[condition](call.lines, chance)
        if {who for who, _ in lines} != {AGENT, CUSTOMER}:
            continue
        agent = chance.choice((1, 2))
        roles = decided(voices_of(lines, call.language, agent), settings, Told()).roles
        if roles is not None:
            results.append((call.name, roles.agent == agent, roles))
    return results


def _accuracy(results: Sequence[tuple[str, bool, RoleFacts]]) -> float:
    return 100 * sum(right for _, right, _ in results) / len(results)


def rows(data: Path) -> list[Row]:
    """The share of calls whose agent was found, and how right the confidence is."""
    settings = load_measure_settings().roles
    sources = {
        "telephone calls": list(telephone(data)),
        "sample calls": list(samples()),
        "written dialogues": list(written()),
        "talk (fitted to)": list(talk()),
    }
    table, pooled = [], []
    for source, calls in sources.items():
        for condition in CONDITIONS:
            if not calls or (condition == "sound-alikes" and calls[0].language != "zh"):
                continue
            results = found(calls, settings, condition)
            if source.startswith("talk"):
                pooled += results
            where = f"{len(results)} {source}, {condition}"
            target = _TO_REACH if condition != "from the middle" else None
            table.append(Row(STAGE, "agent found", where, OURS, _accuracy(results), "%", target))
    return [*table, *_english(sources["telephone calls"], settings), *_trust(pooled)]


def _english(calls: Sequence[Said], settings: RoleSettings) -> Iterator[Row]:
    """The telephone calls with other weights than ours."""
    if not calls:
        return
    chance = random.Random(3)
    alike = _weighed(settings, lambda weight: math.copysign(1.0, weight))
    drawn = [_weighed(settings, lambda w: w * 2 ** chance.uniform(-1, 1)) for _ in range(_DRAWS)]
    for condition in ("as said", "wrong voice", "from the middle"):
        for name, others in (("signs alone", [alike]), ("drawn weights", drawn)):
            results = [each for other in others for each in found(calls, other, condition)]
            where = f"{len(calls)} telephone calls, {condition}, {name}"
            yield Row(STAGE, "agent found", where, OURS, _accuracy(results), "%", None)


def _weighed(settings: RoleSettings, weight: Callable[[float], float]) -> RoleSettings:
    cues = {
        name: msgspec.structs.replace(cue, weight=weight(cue.weight))
        for name, cue in settings.cues["en"].items()
    }
    return msgspec.structs.replace(settings, cues={**settings.cues, "en": cues})


def _trust(results: Sequence[tuple[str, bool, RoleFacts]]) -> Iterator[Row]:
    for low, high in ((0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        band = [each for each in results if low <= each[2].confidence < high]
        where = f"confidence {low:g} to {min(high, 1):g}, {len(band)} calls"
        target = Target(100 * low, at_least=True)
        yield Row(STAGE, "agent right", where, OURS, _accuracy(band), "%", target)


def main() -> None:
    """Print the table, and every call whose agent was taken for the customer."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    wanted = parser.parse_args()
    print(markdown(rows(wanted.data)))
    settings = load_measure_settings().roles
    for calls in (telephone(wanted.data), samples(), written(), talk()):
        for name, right, roles in found(list(calls), settings, "as said"):
            if not right:
                print(f"wrong: {name}, sure to {roles.confidence}")


if __name__ == "__main__":
    main()
