"""What types cannot say about a rubric: limits in order, names that exist, no rings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from pipeline.rubric.kinds import AnyCriterion, Measure
from pipeline.rubric.meanings import Meanings, shipped_meanings
from pipeline.rubric.model import Lexicon, PhraseList, Rubric
from pipeline.rubric.notation import slots
from pipeline.rubric.safe_regex import problem_of
from pipeline.rubric.say import HEADS, Say, head_of, parts_of
from pipeline.standards import catalogue

Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One mistake, with the way to it through the file."""

    steps: Steps
    expected: str
    found: str
    remedy: str = "correct that line"
    name: str = ""
    """The name that does not exist."""
    known: tuple[str, ...] = ()
    """The names that do."""
    own: bool = False
    """The steps lead through the file itself, also where it extends another."""
    criterion: str = ""

    @classmethod
    def unknown(cls, steps: Steps, name: str, known: Iterable[str], what: str) -> Problem:
        """A name that does not exist."""
        return cls(
            steps,
            expected=f"{what} that exists",
            found=f"unknown name {name!r}",
            remedy=f"take one of: {', '.join(list(known)[:12])}",
            name=name,
            known=tuple(known),
            own=True,
        )

    @property
    def steps_in_variant(self) -> Steps:
        """The way through a file that extends another: criteria stand there under ``change``."""
        if self.own and self.steps[0] != "criteria":
            return self.steps
        return ("change", self.criterion, *self.steps[2:]) if self.criterion else self.steps


def problems_of(rubric: Rubric, lexicon: Lexicon) -> Iterator[Problem]:
    """Every mistake, in the file's order."""
    if not 0 <= rubric.confidence <= 1:
        found = f"{rubric.confidence:g}"
        yield Problem(("confidence",), "a share from 0 to 1", found, own=True)
    yield from _lists(rubric, lexicon)
    yield from _signals(rubric, lexicon)
    yield from _patterns(rubric, lexicon)
    seen: set[str] = set()
    for index, criterion in enumerate(rubric.criteria):
        for problem in _criterion(rubric, lexicon, criterion, ("criteria", index), seen):
            yield _with_criterion(problem, criterion.id)
        seen.add(criterion.id)
    if rubric.weights is not None and not sum(rubric.weights.values()) > 0:
        yield Problem(("weights",), "weights above 0", "weights that add up to 0")


def _with_criterion(problem: Problem, criterion: str) -> Problem:
    values = {**problem.__dict__, "criterion": criterion}
    return Problem(**values)


def lexicon_problems(lexicon: Lexicon) -> Iterator[Problem]:
    """Every mistake of notation in a lexicon."""
    reporting = PhraseList(says=lexicon.reporting)
    for problem in list_problems(reporting, ()):
        yield Problem(("reporting", problem.steps[1]), problem.expected, problem.found)
    named, shipped = lexicon.meanings, shipped_meanings()
    if named is not None and not named.endswith(".npz") and named not in shipped:
        yield Problem.unknown(("meanings",), named, shipped, "a text model")
        return
    for name, phrases in lexicon.lists.items():
        yield from list_problems(phrases, ("lists", name))
        yield from _means(phrases, lexicon.model, ("lists", name))


def _lists(rubric: Rubric, lexicon: Lexicon) -> Iterator[Problem]:
    for name, phrases in rubric.lists.items():
        yield from list_problems(phrases, ("lists", name))
        yield from _means(phrases, lexicon.model, ("lists", name))


def _means(phrases: PhraseList, model: Meanings | None, steps: Steps) -> Iterator[Problem]:
    """Mistakes in what a list is said to mean."""
    means = phrases.means
    if means is None:
        if not phrases.says:
            yield Problem((*steps, "says"), "phrases, or means", "neither", "add one")
        return
    if model is None:
        yield Problem(
            (*steps, "means"),
            expected="a lexicon with a text model (its key meanings)",
            found="none",
            remedy="name one at the top of the lexicon, or take this key out",
        )
    elif means.intent not in model.intents:
        yield Problem.unknown((*steps, "means", "intent"), means.intent, model.intents, "an intent")
    if means.at_least is not None and not 0 < means.at_least < 1:
        found = f"{means.at_least:g}"
        yield Problem((*steps, "means", "at_least"), "a probability between 0 and 1", found)


def list_problems(phrases: PhraseList, steps: Steps) -> Iterator[Problem]:
    """Mistakes of notation in one phrase list."""
    for key in ("says", "excepting"):
        for index, phrase in enumerate(getattr(phrases, key)):
            text = phrase if isinstance(phrase, str) else phrase.say
            try:
                slots(text)
            except ValueError as error:
                yield Problem((*steps, key, index), "a phrase in the notation", str(error))


def _signals(rubric: Rubric, lexicon: Lexicon) -> Iterator[Problem]:
    for field in msgspec.structs.fields(type(rubric.signals)):
        value = getattr(rubric.signals, field.name)
        if isinstance(value, str | Say):
            yield from _say(rubric, lexicon, value, ("signals", field.name))


def _patterns(rubric: Rubric, lexicon: Lexicon) -> Iterator[Problem]:
    for name, say in rubric.patterns.items():
        yield from _say(rubric, lexicon, say, ("patterns", name))
    for name in rubric.patterns:
        ring = _ring(rubric, name, ())
        if ring:
            yield Problem(
                ("patterns", name),
                expected="patterns that do not lead back to themselves",
                found=f"the ring {' → '.join(ring)}",
                remedy="take one of these references out",
            )


def _ring(rubric: Rubric, name: str, path: tuple[str, ...]) -> tuple[str, ...] | None:
    if name in path:
        return (*path[path.index(name) :], name)
    for reference in _references(rubric.patterns[name]):
        if reference in rubric.patterns:
            ring = _ring(rubric, reference, (*path, name))
            if ring:
                return ring
    return None


def _references(say: Say | str) -> Iterator[str]:
    if isinstance(say, str):
        yield say
        return
    if say.pattern:
        yield say.pattern
    for _, part in parts_of(say):
        yield from _references(part)


def _criterion(
    rubric: Rubric, lexicon: Lexicon, criterion: AnyCriterion, steps: Steps, seen: set[str]
) -> Iterator[Problem]:
    if criterion.id in seen:
        yield Problem(
            (*steps, "id"), "every id once", f"{criterion.id!r} a second time", "choose another id"
        )
    if catalogue().get(criterion.standard) is None:
        yield Problem.unknown(
            (*steps, "standard"), criterion.standard, catalogue().ids(), "a standard"
        )
    if criterion.pillar not in rubric.pillars:
        yield Problem.unknown((*steps, "pillar"), criterion.pillar, rubric.pillars, "a pillar")
    yield from _numbers(criterion, steps)
    for key, say in says_of(criterion):
        yield from _say(rubric, lexicon, say, (*steps, *key))


def _numbers(criterion: AnyCriterion, steps: Steps) -> Iterator[Problem]:
    for field in msgspec.structs.fields(type(criterion)):
        value = getattr(criterion, field.name)
        if isinstance(value, float | int) and not isinstance(value, bool):
            if not math.isfinite(value):
                yield Problem((*steps, field.name), "a finite number", str(value))
            elif value < 0 and field.name not in ("low", "high", "beyond"):
                yield Problem((*steps, field.name), "0 or more", str(value))
            elif field.name in _SHARES and value > 1:
                yield Problem((*steps, field.name), "a share from 0 to 1", str(value))
    if isinstance(criterion, Measure):
        yield from _limits(criterion, steps)


_SHARES = ("share", "overlap", "min_confidence")


def _limits(criterion: Measure, steps: Steps) -> Iterator[Problem]:
    low, high = criterion.low, criterion.high
    if low is None and high is None:
        yield Problem((*steps, "measure"), "a limit: low, high or both", "neither", "add one")
    if low is not None and high is not None and low > high:
        yield Problem(
            (*steps, "low"),
            expected="low not above high",
            found=f"low {low:g} above high {high:g}",
            remedy="swap or correct them",
        )


def says_of(criterion: AnyCriterion) -> Iterator[tuple[Steps, Say | str]]:
    """Every expression of a criterion, with its path."""
    for field in msgspec.structs.fields(type(criterion)):
        if field.name in _NOT_SAID:
            continue
        value = getattr(criterion, field.name)
        if isinstance(value, Say | str) and _takes_say(type(criterion), field.name):
            yield (field.name,), value
        elif isinstance(value, dict):
            for key, part in value.items():
                if isinstance(part, Say | str):
                    yield (field.name, key), part


_NOT_SAID = frozenset({"id", "standard", "pillar", "name", "severity", "when", "by", "names"})
_SAID = frozenset(
    (
        "say",
        "to_say",
        "rather",
        "than",
        "cue",
        "confirm",
        "open",
        "terms",
        "explain",
        "thing",
        "polite",
        "secret",
        "steps",
        "types",
    )
)


def _takes_say(kind: type, name: str) -> bool:
    return name in _SAID


def _say(rubric: Rubric, lexicon: Lexicon, say: Say | str, steps: Steps) -> Iterator[Problem]:
    lists = {**lexicon.lists, **rubric.lists}
    if isinstance(say, str):
        if say not in lists and say not in rubric.patterns:
            known = (*lists, *rubric.patterns)
            yield Problem.unknown(steps, say, known, "a phrase list or pattern")
        return
    yield from _head(say, steps)
    if say.list is not None and say.list not in lists:
        yield Problem.unknown((*steps, "list"), say.list, lists, "a phrase list")
    if say.pattern is not None and say.pattern not in rubric.patterns:
        yield Problem.unknown((*steps, "pattern"), say.pattern, rubric.patterns, "a pattern")
    yield from _texts(say, steps)
    for key, part in parts_of(say):
        yield from _say(rubric, lexicon, part, (*steps, *_split(key)))


def _head(say: Say, steps: Steps) -> Iterator[Problem]:
    if head_of(say) is None:
        given = [key for key in HEADS if getattr(say, key) is not None]
        yield Problem(
            steps,
            expected=f"exactly one of {', '.join(HEADS)}",
            found=" and ".join(given) or "none of them",
            remedy="split it with any or all" if given else "add one",
        )
    if say.of is not None and not 1 <= (say.at_least or 0) <= len(say.of):
        yield Problem((*steps, "at_least"), f"at_least from 1 to {len(say.of)}", str(say.at_least))


def _texts(say: Say, steps: Steps) -> Iterator[Problem]:
    if say.phrase is not None:
        try:
            slots(say.phrase)
        except ValueError as error:
            yield Problem((*steps, "phrase"), "a phrase in the notation", str(error))
    expressions = [("regex", say.regex)] if say.regex is not None else []
    expressions += [(f"excepting.{index}", each) for index, each in enumerate(say.excepting)]
    for key, expression in expressions:
        why = problem_of(expression)
        if why:
            yield Problem(
                (*steps, *_split(key)),
                expected="a regular expression that always ends soon",
                found=why,
                remedy="write the repeats apart, or use phrases",
            )


def _split(key: str) -> Steps:
    return tuple(int(part) if part.isdigit() else part for part in key.split("."))
