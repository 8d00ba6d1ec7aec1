"""YAML that people type, read into typed values; a mistake is named by file, line and key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
import yaml

from pipeline.errors import ConfigError

T = TypeVar("T")
Step = str | int
_LONGEST_NUMBER = 30
_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")
_INVALID = re.compile(r"[Ii]nvalid (?:enum )?value '(?P<value>[^']*)'")


def read_typed(path: Path, kind: type[T]) -> T:
    """The file as a value of ``kind`` (a `msgspec.Struct` that forbids unknown fields).

    Raises:
        ConfigError: names the file, the line, the key, and the nearest key that exists.
    """
    node = _compose(path)
    data = _plain(node, path)
    try:
        return msgspec.convert(data, kind)
    except (msgspec.ValidationError, ValueError) as error:
        message = _with_keys(data, kind, str(error))
        raise _explained(path, node, kind, message) from None


def _compose(path: Path) -> yaml.Node:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            path,
            expected="a YAML file in UTF-8",
            found=getattr(error, "strerror", None) or "bytes that are not UTF-8",
            remedy="check the name and save it as UTF-8",
        ) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise ConfigError(
            path, expected="YAML", found=f"{line}{problem}", remedy="correct that line"
        ) from None
    if node is None:
        raise ConfigError(
            path, expected="YAML", found="an empty file", remedy="start from a shipped one"
        )
    return node


def _plain(node: yaml.Node, path: Path) -> Any:
    _refuse_duplicates(node, path)
    try:
        return yaml.SafeLoader("").construct_document(node)
    except yaml.YAMLError as error:
        raise ConfigError(
            path, expected="plain YAML values", found=str(error), remedy="remove the tag or alias"
        ) from None
    except ValueError as error:  # a date that no calendar has
        raise ConfigError(
            path, expected="plain YAML values", found=str(error), remedy="correct it or quote it"
        ) from None


def _refuse_duplicates(node: yaml.Node, path: Path, above: tuple[yaml.Node, ...] = ()) -> None:
    """Refuse keys that stand twice or are no text, and anchors that contain themselves."""
    if any(node is each for each in above):
        raise ConfigError(
            path,
            expected="anchors that do not contain themselves",
            found=f"line {node.start_mark.line + 1}: an alias inside of its own anchor",
            remedy="write that part out",
        )
    above = (*above, node)
    if isinstance(node, yaml.ScalarNode):
        _refuse_halves(node, path)
        _refuse_endless(node, path)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            _refuse_duplicates(key, path, above)
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(
                    path,
                    expected="keys of plain text",
                    found=f"line {key.start_mark.line + 1}: a list or mapping as a key",
                    remedy="write a name there",
                )
            if key.value in seen:
                raise ConfigError(
                    path,
                    expected="every key once",
                    found=f"line {key.start_mark.line + 1}: {key.value!r} a second time",
                    remedy="remove one of them",
                )
            seen.add(key.value)
            _refuse_duplicates(value, path, above)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_duplicates(value, path, above)


def _refuse_halves(node: yaml.ScalarNode, path: Path) -> None:
    """Refuse half a character, as an escaped surrogate is: no file and no screen can hold it."""
    try:
        node.value.encode()
    except UnicodeEncodeError:
        raise ConfigError(
            path,
            expected="whole characters",
            found=f"line {node.start_mark.line + 1}: half of one ({node.value[:40]!a})",
            remedy="write the character itself",
        ) from None


def _refuse_endless(node: yaml.ScalarNode, path: Path) -> None:
    """Refuse whole numbers that no floating-point number comes near."""
    if node.tag.endswith(":int") and len(node.value) > _LONGEST_NUMBER:
        raise ConfigError(
            path,
            expected="a number",
            found=f"line {node.start_mark.line + 1}: one of {len(node.value)} digits",
            remedy="correct it or quote it",
        )


def _with_keys(data: Any, kind: Any, message: str) -> str:
    """The message with each ``[...]`` of its path, a mapping's entry, given its key.

    msgspec does not say which entry it was, so each is tried without the others.
    """
    head, dots, _ = message.partition("[...]")
    if not dots:
        return message
    place = data
    for step in _steps(head.partition(" - at `$")[2]):
        place = place[step]
    for key, value in list(place.items()):
        others = {other: part for other, part in place.items() if other != key}
        place.clear()
        place[key] = value
        try:
            msgspec.convert(data, kind)
        except (msgspec.ValidationError, ValueError) as error:
            if str(error) == message:
                return _with_keys(data, kind, message.replace(dots, f".{key}", 1))
        place.clear()
        place.update({key: value, **others})
    return message


def _explained(path: Path, root: yaml.Node, kind: Any, message: str) -> ConfigError:
    text, _, where = message.partition(" - at `$")
    steps = _steps(where.rstrip("`"))
    unknown = _UNKNOWN.search(text)
    if unknown:
        steps.append(unknown["key"])
    line = line_of(root, steps)
    place = ".".join(str(step) for step in steps) or "the whole file"
    if unknown:
        near = difflib.get_close_matches(unknown["key"], _field_names(kind), n=1, cutoff=0.5)
        return ConfigError(
            path,
            expected=f"a key that exists{f', such as {near[0]!r}' if near else ''}",
            found=f"line {line}: unknown key {place!r}",
            remedy=f"write {near[0]!r}" if near else "remove it",
        )
    invalid = _INVALID.search(text)
    words = difflib.get_close_matches(invalid["value"], _words(kind), n=1) if invalid else []
    return ConfigError(
        path,
        expected="a value that fits",
        found=f"line {line}: {place}: {text[:1].lower() + text[1:]}",
        remedy=f"write {words[0]!r}" if words else "correct that line",
    )


def _steps(path: str) -> list[Step]:
    return [
        int(index) if index else key
        for key, index in re.findall(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]", path)
        if index != "..."
    ]


def line_of(node: yaml.Node, steps: Iterable[Step]) -> int:
    """The 1-based line of the deepest part of ``steps`` that exists."""
    line = node.start_mark.line + 1
    for step in steps:
        found = _child(node, step)
        if found is None:
            break
        line, node = found
    return line


def _child(node: yaml.Node, step: Step) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child = node.value[step]
        return child.start_mark.line + 1, child
    return None


def _field_names(kind: Any) -> set[str]:
    """Every key that exists anywhere below ``kind``; near enough for a suggestion."""
    return {
        field.encode_name
        for part in _parts(kind)
        if isinstance(part, type) and issubclass(part, msgspec.Struct)
        for field in msgspec.structs.fields(part)
    }


def _words(kind: Any) -> set[str]:
    """Every word that a value anywhere below ``kind`` may be: tags and literals."""
    parts = _parts(kind)
    tags = {
        part.__struct_config__.tag
        for part in parts
        if isinstance(part, type) and issubclass(part, msgspec.Struct)
    }
    return {word for word in parts | tags if isinstance(word, str)}


def _parts(kind: Any) -> set[Any]:
    """Every type, and every word of a literal type, below ``kind``."""
    waiting, done = [kind], set[Any]()
    while waiting:
        part = waiting.pop()
        if part in done:
            continue
        done.add(part)
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            waiting.extend(field.type for field in msgspec.structs.fields(part))
        waiting.extend(arg for arg in get_args(part) if arg is not Ellipsis)
    return done
