"""Reads rubrics and lexicons; every mistake is named by file, line and key."""

from __future__ import annotations

import dataclasses
import difflib
import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from pipeline.errors import ConfigError
from pipeline.rubric.checking import Problem, lexicon_problems, problems_of
from pipeline.rubric.kinds import AnyCriterion
from pipeline.rubric.model import Lexicon, Rubric, Variant
from pipeline.settings import CONFIGS
from pipeline.standards import catalogue
from pipeline.yamlfile import line_of, read_typed

Side = Literal["voice", "words"]

RUBRICS = CONFIGS / "rubrics"
LEXICONS = CONFIGS / "lexicons"


def names() -> tuple[str, ...]:
    """The shipped rubrics."""
    return tuple(sorted(path.stem for path in RUBRICS.glob("*.yaml")))


def shipped(name: str) -> Rubric:
    """A shipped rubric by name.

    Raises:
        ConfigError: there is none of that name.
    """
    return load(_shipped_file(name, RUBRICS, "rubric"))


@functools.lru_cache(maxsize=8)
def load_lexicon(name: str) -> Lexicon:
    """A shipped lexicon by name, or one by path.

    Raises:
        ConfigError: there is none, or it does not fit.
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = _shipped_file(name, LEXICONS, "lexicon")
    lexicon = read_typed(path, Lexicon)
    problem = next(lexicon_problems(lexicon), None)
    if problem:
        raise _error(path, problem)
    return lexicon


def _shipped_file(name: str, folder: Path, what: str) -> Path:
    path = folder / f"{name}.yaml"
    if path.parent == folder and path.is_file():
        return path
    known = sorted(each.stem for each in folder.glob("*.yaml"))
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    raise ConfigError(
        name,
        expected=f"a shipped {what}: {', '.join(known)}",
        found="another name",
        remedy=f"write {near[0]!r}" if near else "take one of these, or give a file",
    )


def load(path: Path) -> Rubric:
    """The rubric in a file, with what it inherits, its weights applied and its names checked.

    Raises:
        ConfigError: names the file, the line, the key, and the nearest key or name that exists.
    """
    return weighted(as_written(path))


def as_written(path: Path) -> Rubric:
    """The same before its weights are applied: the points are those of the file.

    Raises:
        ConfigError: as `load`.
    """
    rubric = _inherited(path) if _extends(path) else read_typed(path, Rubric)
    problem = next(iter(problems_of(rubric, load_lexicon(rubric.lexicon))), None)
    if problem:
        raise _error(path, problem)
    return rubric


def _extends(path: Path) -> bool:
    root = _root(path)
    return isinstance(root, yaml.MappingNode) and any(
        key.value == "extends" for key, _ in root.value
    )


def _root(path: Path) -> yaml.Node | None:
    try:
        return yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None  # `read_typed` says what is wrong


def _error(path: Path, problem: Problem) -> ConfigError:
    root = _root(path)
    steps = problem.steps
    if root is not None and _extends(path):
        steps = problem.steps_in_variant
    line = line_of(root, steps) if root is not None else 1
    place = ".".join(str(step) for step in steps)
    near = difflib.get_close_matches(problem.name, problem.known, n=1, cutoff=0.4)
    remedy = f"write {near[0]!r}" if near else problem.remedy
    return ConfigError(
        path, expected=problem.expected, found=f"line {line}: {place}: {problem.found}",
        remedy=remedy,
    )  # fmt: skip


# ── Inheritance and weights ──────────────────────────────────────────────────────────────────────


def _inherited(path: Path) -> Rubric:
    variant = read_typed(path, Variant)
    base = shipped(variant.extends)
    criteria = _changed(path, base.criteria, variant)
    return msgspec.structs.replace(
        base,
        id=variant.id,
        version=variant.version,
        name=variant.name,
        weights=variant.weights,
        support=variant.support or base.support,
        confidence=base.confidence if variant.confidence is None else variant.confidence,
        lists=base.lists | variant.lists,
        patterns=base.patterns | variant.patterns,
        criteria=(*criteria, *variant.add),
    )


def _changed(
    path: Path, criteria: Iterable[AnyCriterion], variant: Variant
) -> tuple[AnyCriterion, ...]:
    by_id = {criterion.id: criterion for criterion in criteria}
    for section, names_given in (("drop", variant.drop), ("change", tuple(variant.change))):
        for index, name in enumerate(names_given):
            if name not in by_id:
                step: str | int = index if section == "drop" else name
                raise _error(path, Problem.unknown((section, step), name, by_id, "a criterion"))
    return tuple(
        _patched(path, criterion, variant.change.get(name, {}))
        for name, criterion in by_id.items()
        if name not in variant.drop
    )


def _patched(path: Path, criterion: AnyCriterion, change: dict[str, Any]) -> AnyCriterion:
    if not change:
        return criterion
    known = [field.encode_name for field in msgspec.structs.fields(type(criterion))]
    for key in change:
        if key not in known:
            raise _error(path, Problem.unknown(("change", criterion.id, key), key, known, "a key"))
    merged = msgspec.to_builtins(criterion) | change
    try:
        return msgspec.convert(merged, type(criterion))
    except (msgspec.ValidationError, ValueError) as error:
        problem = Problem(
            steps=("change", criterion.id), expected="values that fit", found=str(error)
        )
        raise _error(path, dataclasses.replace(problem, own=True)) from None


def weighted(rubric: Rubric) -> Rubric:
    """The rubric with its points scaled so that voice and words weigh as it asks.

    The whole stays the same number of points. K08: 82 % of an impression is the voice and 18 % the
    words; without ``weights`` the points stand as written.
    """
    if not rubric.weights:
        return rubric
    sums: dict[Side, float] = {"voice": 0.0, "words": 0.0}
    for criterion in rubric.criteria:
        sums[side_of(criterion.standard)] += criterion.points
    whole, shares = sum(sums.values()), sum(rubric.weights.values())
    scale = {
        side: whole * rubric.weights.get(side, 0.0) / shares / points if points else 0.0
        for side, points in sums.items()
    }
    return msgspec.structs.replace(
        rubric,
        weights=None,
        criteria=tuple(
            msgspec.structs.replace(
                each, points=round(each.points * scale[side_of(each.standard)], 6)
            )
            for each in rubric.criteria
        ),
    )


def side_of(standard: str) -> Side:
    """Whether a row is about the voice (how it is said) or the words (what is said)."""
    row = catalogue().get(standard)
    return "voice" if row is not None and row.id[0] in "VT" else "words"
