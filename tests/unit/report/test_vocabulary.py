"""Nothing that measuring, judging or a rubric can name lacks its words in both languages."""

import ast
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest

from pipeline.facts import Hold, Layout, OverlapKind, Tone
from pipeline.measure.stages import VERSIONS
from pipeline.measure.tone import UNITS as TONE_UNITS
from pipeline.report import vocabulary
from pipeline.report.phrasing import OUTCOMES, PAGE
from pipeline.rubric.kinds import AnyCriterion, EventName, Events, MeasureName
from pipeline.scorecard import Outcome, Severity
from tests.conftest import ROOT


def nodes_in(*rooms: str) -> Iterator[ast.AST]:
    for room in rooms:
        for path in sorted((ROOT / "pipeline" / room).rglob("*.py")):
            yield from ast.walk(ast.parse(path.read_text("utf-8"), str(path)))


def calls_in(*rooms: str) -> Iterator[ast.Call]:
    return (node for node in nodes_in(*rooms) if isinstance(node, ast.Call))


def strings(node: ast.AST) -> Iterator[str]:
    """String literals that the expression can be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from strings(node.body)
        yield from strings(node.orelse)


def units() -> set[str]:
    found = set(TONE_UNITS.values())
    for call in calls_in("judge", "measure"):
        given = [keyword.value for keyword in call.keywords if keyword.arg == "unit"]
        if ast.unparse(call.func) == "_Named":
            given.append(call.args[2])
        found.update(text for node in given for text in strings(node))
    found.update(f"per {each}" for each in get_args(get_type_hints(Events)["per"]))
    return found - {""}


def unmeasured() -> set[str]:
    found = {f"tone.{name}" for name in TONE_UNITS}
    for node in nodes_in("measure"):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "NotMeasured":
            given = [keyword.value for keyword in node.keywords if keyword.arg == "measure"]
        elif isinstance(node, ast.Dict):  # {"pace": paced.reason, …}
            pairs = zip(node.keys, node.values, strict=True)
            given = [key for key, why in pairs if key and ast.unparse(why).endswith(".reason")]
        else:
            continue
        found.update(text for each in given for text in strings(each))
    return found


def tags() -> set[str]:
    return {str(kind.__struct_config__.tag) for kind in get_args(AnyCriterion)}


def names(annotation: Any) -> set[str]:
    return set(get_args(annotation))


def test_the_collectors_find_something() -> None:
    assert {"syl/s", "dB", "per 100 turns", "st/s"} <= units()
    assert {"noise", "overlaps", "words", "pitch", "tone.jitter"} <= unmeasured()
    assert {"measure", "events", "say"} <= tags()


@pytest.mark.parametrize(
    ("named", "table"),
    [
        (units(), vocabulary.UNITS),
        (unmeasured() | {"tone", "level", "speech"}, vocabulary.MEASURES),
        (tags(), vocabulary.KINDS),
        (names(MeasureName) | names(EventName), vocabulary.NUMBERS),
        (names(get_type_hints(Tone)["kind"]), vocabulary.TONES),
        (set(VERSIONS), vocabulary.STAGES),
        (names(Severity), vocabulary.SEVERITIES),
        (names(Outcome), OUTCOMES),
        (names(OverlapKind), PAGE),
        ({f"hold_{kind}" for kind in names(get_type_hints(Hold)["kind"])}, PAGE),
        ({f"layout_{name}" for name in names(Layout)}, PAGE),
    ],
    ids=["units", "measures", "kinds", "numbers", "tones", "stages", "severities", "outcomes",
         "overlaps", "holds", "layouts"],
)  # fmt: skip
def test_everything_named_has_words(named: set[str], table: dict[str, Any]) -> None:
    assert named - set(table) == set()


@pytest.mark.parametrize(
    "table", ["UNITS", "MEASURES", "KINDS", "NUMBERS", "TONES", "STAGES", "SEVERITIES"]
)
def test_both_languages(table: str) -> None:
    for key, text in getattr(vocabulary, table).items():
        assert text.zh, key
        assert text.en, key
        assert text.en.isascii(), key
        assert not text.zh.isascii() or text.zh in {"dBov", "LUFS", "Hz", "%"}, key


def test_units_stand_behind_figures() -> None:
    assert [vocabulary.unit(name, "zh") for name in ("syl/s", "%", None, "furlong")] == [
        " 音节/秒", "%", "", " furlong",
    ]  # fmt: skip


def test_the_way_a_finding_was_come_by() -> None:
    assert vocabulary.method("measure", "speech-rate", "zh") == (
        "测量声音，与界限比较：语速，停顿计入"
    )
    assert vocabulary.method("events", "burst", "en") == (
        "moments counted in the recording: rapid fire"
    )
    assert vocabulary.method("say", None, "en") == "looks for words that should be said"
    assert vocabulary.method(None, None, "zh") == ""


def test_stages_are_named_with_their_party() -> None:
    assert vocabulary.stage_name("transcript", "zh") == "转写"
    assert vocabulary.stage_name("transcript", "en") == "transcript"
    assert vocabulary.stage_name("pitch", "zh") == "音高"
    assert vocabulary.stage_name("new", "zh") == "new"
