from pathlib import Path

import msgspec
import pytest

from pipeline.errors import ConfigError
from pipeline.yamlfile import read_typed


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    limit: float = 1.0


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    items: tuple[Item, ...] = ()


def read(tmp_path: Path, text: str) -> File:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return read_typed(path, File)


def test_a_good_file_is_typed(tmp_path: Path) -> None:
    file = read(tmp_path, "title: 标题\nitems:\n  - {name: a, limit: 2}\n")
    assert file == File("标题", (Item("a", 2.0),))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("title: x\nitms: []\n", r"line 2: unknown key 'itms'; write 'items'"),
        (
            "title: x\nitems:\n  - name: a\n    limt: 3\n",
            r"line 4: unknown key 'items.0.limt'; write 'limit'",
        ),
        (
            "title: x\nitems:\n  - name: a\n  - name: b\n    limit: high\n",
            r"line 5: items.1.limit: expected `float`",
        ),
        ("items: []\n", r"line 1: the whole file: .*title"),
        ("title: x\ntitle: y\n", r"line 2: 'title' a second time"),
        ("title: [x\n", r"line 2"),
        ("", "an empty file"),
        ("title: x\nitems: &a [*a]\n", r"line 2: an alias inside of its own anchor"),
        ("title: x\n? [a, b]\n: y\n", r"line 2: a list or mapping as a key"),
        ("title: x\nitems: 2026-13-45\n", "month must be in"),
        ("title: x\nitems: " + "1" * 400 + "\n", r"line 2: one of 400 digits"),
        ("title: x\nitems: " + "1" * 5000 + "\n", r"line 2: one of 5000 digits"),
        ('title: "\\ud800"\n', r"line 1: half of one"),
        ('title: x\n"\\udfff": y\n', r"line 2: half of one"),
        ("title: !!python/object:os.system x\n", "could not determine a constructor"),
    ],
)
def test_a_mistake_is_named_by_line_and_key(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(ConfigError, match=found):
        read(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: .*No such file"):
        read_typed(tmp_path / "none.yaml", File)
