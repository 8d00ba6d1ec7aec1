"""A new version of a rubric's file: other numbers, the evidence beside them, all else as it was.

The file is edited as text at the places that the YAML parser names, so that comments, order and
layout stay the author's. The result is read again and must be the old rubric with exactly the new
numbers. Nothing that exists is ever written to.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from pipeline.errors import ConfigError, InputError, UsageError
from pipeline.files import read_input
from pipeline.rubric import Rubric
from pipeline.rubric.kinds import AnyCriterion
from pipeline.rubric.reading import RUBRICS, as_written, weighted
from pipeline.tune.knobs import turned
from pipeline.values import Value

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The file is read once for every number; libyaml's parser takes a tenth of the time."""


class Change(Value, frozen=True, kw_only=True):
    """One number of one criterion, and why."""

    criterion: str
    key: str
    number: float
    why: tuple[str, ...]


class Proposal(Value, frozen=True, kw_only=True):
    """A new version of a rubric, as a file that is not written yet."""

    name: str
    text: str
    rubric: Rubric


def file_of(name: str) -> Path:
    """Where a rubric is written down: a shipped one by name, or the file itself."""
    path = Path(name)
    is_file = path.suffix in (".yaml", ".yml") or path.exists()
    return path if is_file else RUBRICS / f"{name}.yaml"


def propose(path: Path, changes: Sequence[Change], head: Sequence[str]) -> Proposal:
    """The next version of the rubric in a file.

    Args:
        path: the rubric's file; it stays as it is.
        changes: the numbers to change.
        head: what the new file says first.

    Raises:
        ConfigError: the file does not hold the rubric's criteria in a way that can be edited.
        UsageError: there is nothing to change.
    """
    if not changes:
        raise UsageError("There is nothing to propose.")
    old = as_written(path)
    text = read_input(path).decode("utf-8")
    text = _versioned(text, old.version + 1)
    for change in changes:
        text = _changed(path, text, old, change)
    text = "".join(f"{_comment(line)}\n" for line in head) + text
    name = f"{old.id}-v{old.version + 1}.yaml"
    return Proposal(name=name, text=text, rubric=_checked(path, name, text, old, changes))


def refuse_existing(path: Path) -> None:
    """Say no to a file that is there.

    Raises:
        InputError: it is.
    """
    if path.exists():
        raise InputError(
            path,
            expected="no file of that name: a rubric is never edited",
            found="one",
            remedy="choose another folder with --out, or move it away",
        )


def _checked(path: Path, name: str, text: str, old: Rubric, changes: Sequence[Change]) -> Rubric:
    """The rubric that was written, if it is the old one with the new numbers and nothing else."""
    with tempfile.TemporaryDirectory(prefix="qinhe-") as folder:
        written = Path(folder) / name
        written.write_text(text, encoding="utf-8")
        new = as_written(written)
    settings: dict[str, dict[str, float]] = {}
    for change in changes:
        settings.setdefault(change.criterion, {})[change.key] = change.number
    criteria = tuple(turned(each, settings.get(each.id, {})) for each in old.criteria)
    wanted = msgspec.structs.replace(old, version=old.version + 1, criteria=criteria)
    if new != wanted:
        raise ConfigError(
            path,
            expected="a rubric whose numbers stand once each, in a place of their own",
            found="one that reads otherwise once they are changed",
            remedy="write anchors and aliases out",
        )
    return weighted(new)


# ── Editing ──────────────────────────────────────────────────────────────────────────────────────


def _root(text: str) -> yaml.MappingNode:
    root = yaml.compose(text, Loader=_LOADER)
    assert isinstance(root, yaml.MappingNode)  # it was loaded as a rubric before
    return root


def _versioned(text: str, version: int) -> str:
    node = _entry(_root(text), "version")
    assert node is not None
    return _put(text, node[1], str(version))


def _changed(path: Path, text: str, old: Rubric, change: Change) -> str:
    root = _root(text)
    found = _listed(root, "criteria", change.criterion) or _listed(root, "add", change.criterion)
    if found is not None:
        return _in_mapping(text, found, change)
    if _entry(root, "extends") is None:
        raise ConfigError(
            path, expected=f"a criterion {change.criterion!r}", found="none", remedy="name another"
        )
    return _in_variant(text, root, old, change)


def _in_mapping(text: str, mapping: yaml.MappingNode, change: Change) -> str:
    """Change a number where it stands, or add it where it would."""
    *parents, last = change.key.split(".")
    inner = _inside(mapping, parents)
    entry = None if inner is None else _entry(inner, last)
    if entry is not None:
        text = _put(text, entry[1], _shown(change.number))
        return _above(text, entry[0], mapping, change.why)
    if inner is not None and parents:
        first = inner.value[0][0]
        apart = ", " if inner.flow_style else "\n" + " " * first.start_mark.column
        at = first.start_mark.index
        text = f"{text[:at]}{last}: {_shown(change.number)}{apart}{text[at:]}"
        return _above(text, first, mapping, change.why)
    anchor = _entry(mapping, "id")
    assert anchor is not None
    at = text.index("\n", anchor[1].end_mark.index) + 1
    indent = " " * mapping.value[0][0].start_mark.column
    why = "".join(f"{indent}{_comment(line)}\n" for line in change.why)
    return f"{text[:at]}{why}{indent}{change.key}: {_shown(change.number)}\n{text[at:]}"


def _inside(mapping: yaml.MappingNode, steps: Sequence[str]) -> yaml.MappingNode | None:
    """The mapping at the end of a way through mappings and lists."""
    node: yaml.Node = mapping
    for step in steps:
        if isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
            node = node.value[int(step)]
            continue
        entry = _entry(node, step) if isinstance(node, yaml.MappingNode) else None
        if entry is None:
            return None
        node = entry[1]
    return node if isinstance(node, yaml.MappingNode) else None


def _in_variant(text: str, root: yaml.MappingNode, old: Rubric, change: Change) -> str:
    """Change a number of a criterion that is inherited: under ``change``."""
    section = _entry(root, "change")
    if section is None or not isinstance(section[1], yaml.MappingNode) or not section[1].value:
        text = text if section is None else _without(text, section)
        text = text if text.endswith("\n") else f"{text}\n"
        return f"{text}\nchange:\n{_block(old, change, 2)}"
    own = _entry(section[1], change.criterion)
    if own is not None and isinstance(own[1], yaml.MappingNode):
        if _entry(own[1], change.key.partition(".")[0]) is not None:
            return _in_mapping(text, own[1], change)
        at = own[1].value[0][0].start_mark.index
        if not own[1].flow_style:
            start = text.rindex("\n", 0, at) + 1
            return text[:start] + _lines(old, change, at - start) + text[start:]
        key, value = _written(old, change)
        text = f"{text[:at]}{key}: {value}, {text[at:]}"
        return _above(text, own[0], own[1], change.why)
    first = section[1].value[0][0]
    start = text.rindex("\n", 0, first.start_mark.index) + 1
    return text[:start] + _block(old, change, first.start_mark.column) + text[start:]


def _without(text: str, section: tuple[yaml.Node, yaml.Node]) -> str:
    return text[: section[0].start_mark.index] + text[section[1].end_mark.index :]


def _block(old: Rubric, change: Change, column: int) -> str:
    return f"{' ' * column}{change.criterion}:\n{_lines(old, change, column + 2)}"


def _lines(old: Rubric, change: Change, column: int) -> str:
    indent = " " * column
    key, value = _written(old, change)
    why = "".join(f"{indent}{_comment(line)}\n" for line in change.why)
    return f"{why}{indent}{key}: {value}\n"


def _written(old: Rubric, change: Change) -> tuple[str, str]:
    """A variant replaces a criterion's keys whole, so what holds the number is written out."""
    key, dot, _ = change.key.partition(".")
    if not dot:
        return key, _shown(change.number)
    criterion: AnyCriterion = next(each for each in old.criteria if each.id == change.criterion)
    whole = msgspec.to_builtins(getattr(turned(criterion, {change.key: change.number}), key))
    plain = yaml.safe_dump(_bare(whole), default_flow_style=True, allow_unicode=True, width=10**6)
    return key, plain.strip()


def _bare(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _bare(part) for key, part in value.items() if part not in (None, (), [])}
    return [_bare(part) for part in value] if isinstance(value, list | tuple) else value


def _above(text: str, key: yaml.Node, mapping: yaml.MappingNode, why: Sequence[str]) -> str:
    """Comment lines above the line of a key, as deep as the mapping it is in."""
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    column = len(re.match(r" *", text[start:])[0])  # type: ignore[index] # it matches anything
    if not mapping.flow_style:
        column = mapping.value[0][0].start_mark.column
    indent = " " * column
    return text[:start] + "".join(f"{indent}{_comment(each)}\n" for each in why) + text[start:]


def _listed(root: yaml.MappingNode, section: str, criterion: str) -> yaml.MappingNode | None:
    entry = _entry(root, section)
    if entry is None or not isinstance(entry[1], yaml.SequenceNode):
        return None
    for each in entry[1].value:
        if isinstance(each, yaml.MappingNode):
            name = _entry(each, "id")
            if name is not None and name[1].value == criterion:
                return each
    return None


def _entry(mapping: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    return next(((k, v) for k, v in mapping.value if k.value == key), None)


def _put(text: str, node: yaml.Node, written: str) -> str:
    return text[: node.start_mark.index] + written + text[node.end_mark.index :]


def _shown(value: float) -> str:
    return f"{value:g}"


def _comment(line: str) -> str:
    return f"# {line}".rstrip()
