"""Rubrics are read as people type them, and every mistake is named where it stands."""

from pathlib import Path

import msgspec
import pytest

from pipeline import rubric
from pipeline.errors import ConfigError
from pipeline.rubric.notation import Slots, slots, variants
from pipeline.rubric.reading import side_of, weighted
from pipeline.rubric.safe_regex import problem_of

MINIMAL = Path(rubric.reading.RUBRICS / "minimal-zh-v1.yaml").read_text(encoding="utf-8")


def refused(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        rubric.load(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def line_with(text: str, part: str) -> str:
    number = next(n for n, line in enumerate(text.splitlines(), 1) if part in line)
    return f"line {number}:"


@pytest.mark.parametrize("name", rubric.names())
def test_every_shipped_rubric_is_sound(name: str) -> None:
    found = rubric.shipped(name)
    assert f"{found.id}-v{found.version}" == name
    assert found.criteria
    assert {each.pillar for each in found.criteria} <= set(found.pillars)


def test_the_shipped_rubrics_are_those_promised() -> None:
    assert {
        "affinity-zh-v1",
        "strict-zh-v1",
        "courtesy-en-v1",
        "minimal-zh-v1",
        "usual-zh-v1",
    } <= set(rubric.names())


def test_the_hash_follows_the_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "copy.yaml"
    path.write_text(MINIMAL + "\n# a comment\n", encoding="utf-8")
    shipped = rubric.shipped("minimal-zh-v1")
    assert rubric.load(path).sha256 == shipped.sha256
    path.write_text(MINIMAL.replace("high: 5.5", "high: 5.4"), encoding="utf-8")
    assert rubric.load(path).sha256 != shipped.sha256


def test_a_misspelt_key_is_named_with_its_line_and_the_nearest_key(tmp_path: Path) -> None:
    text = MINIMAL.replace("    severity: critical", "    severty: critical")
    message = refused(tmp_path, text)
    assert line_with(text, "severty") in message
    assert "'severity'" in message


def test_a_misspelt_kind_gets_the_nearest_one(tmp_path: Path) -> None:
    text = MINIMAL.replace("kind: measure", "kind: mesure")
    message = refused(tmp_path, text)
    assert line_with(text, "kind: mesure") in message
    assert "write 'measure'" in message


def test_an_impossible_limit_is_refused(tmp_path: Path) -> None:
    text = MINIMAL.replace("low: 3.0", "low: 9.0")
    message = refused(tmp_path, text)
    assert line_with(text, "low: 9.0") in message
    assert "low 9 above high 5.5" in message


def test_a_second_id_is_refused(tmp_path: Path) -> None:
    text = MINIMAL.replace("id: interruptions", "id: speech-rate")
    assert "'speech-rate' a second time" in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("change", "near"),
    [
        (("standard: V01", "standard: V001"), "V01"),
        (("    pillar: patience", "    pillar: patiense"), "patience"),
        (("    say: taboo", "    say: tabu"), "taboo"),
        (("brand_greeting, greeting]", "brand_greting, greeting]"), "brand_greeting"),
    ],
)
def test_an_unknown_name_gets_the_nearest_one(
    tmp_path: Path, change: tuple[str, str], near: str
) -> None:
    text = MINIMAL.replace(*change)
    assert text != MINIMAL
    message = refused(tmp_path, text)
    assert line_with(text, change[1].strip()) in message
    assert repr(near) in message


def test_patterns_that_lead_back_to_themselves_are_refused(tmp_path: Path) -> None:
    rings = (
        "patterns:\n"
        "  one: {list: greeting, near: {to: two, within_s: 5}}\n"
        "  two: {any: [greeting, {pattern: one}]}\n\n"
        "criteria:"
    )
    message = refused(tmp_path, MINIMAL.replace("criteria:", rings, 1))
    assert "one → two → one" in message


@pytest.mark.parametrize(
    "expression",
    [r"(a+)+b", r"(a|a)*b", r"(?:x{0,9}){0,9}", r"(a)\1", "(", ".*.*.*.*x", "a" * 500],
)
def test_an_expression_that_could_run_for_ever_is_refused(expression: str) -> None:
    assert problem_of(expression) is not None


@pytest.mark.parametrize("expression", [r"a+b+", "[0-9]{3,}", "(ab)*", "(请|麻烦)您.{0,4}稍等"])
def test_a_quick_expression_is_allowed(expression: str) -> None:
    assert problem_of(expression) is None


def test_a_refused_expression_is_named(tmp_path: Path) -> None:
    text = MINIMAL.replace("    say: taboo", '    say: {regex: "(a+)+b"}')
    message = refused(tmp_path, text)
    assert line_with(text, "(a+)+b") in message
    assert "repeat inside a repeat" in message


def test_an_expression_has_one_head(tmp_path: Path) -> None:
    text = MINIMAL.replace("    say: taboo", "    say: {list: taboo, phrase: 您好}")
    assert "exactly one of" in refused(tmp_path, text)


def test_a_broken_phrase_is_named(tmp_path: Path) -> None:
    text = MINIMAL.replace('"海风电器…为您服务"', '"海风(电器…为您服务"')
    message = refused(tmp_path, text)
    assert line_with(text, "brand_greeting:") in message or "lists.brand_greeting" in message


def test_a_variant_changes_only_what_it_says() -> None:
    base = {each.id: each for each in rubric.shipped("affinity-zh-v1").criteria}
    strict = {each.id: each for each in rubric.shipped("strict-zh-v1").criteria}
    assert strict.keys() == base.keys()
    assert strict["speech-rate"] != base["speech-rate"]
    assert strict["praise"] == base["praise"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("change: {speech-rat: {high: 5}}", "'speech-rate'"),
        ("change: {speech-rate: {hihg: 5}}", "'high'"),
        ("change: {speech-rate: {high: fast}}", "Expected `float"),
        ("change: {speech-rate: {low: 9}}", "low 9 above high 5.5"),
        ("drop: [closin]", "'closing'"),
    ],
)
def test_a_variant_that_changes_what_is_not_there_is_refused(
    tmp_path: Path, change: str, expected: str
) -> None:
    text = (
        f"extends: affinity-zh-v1\nid: mine\nversion: 1\nname: {{zh: 我的, en: mine}}\n{change}\n"
    )
    message = refused(tmp_path, text)
    assert expected in message
    assert "line 5" in message


def test_an_unknown_rubric_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="write 'affinity-zh-v1'"):
        rubric.shipped("afinity-zh-v1")


def test_weights_scale_the_points_and_keep_their_sum() -> None:
    base = rubric.shipped("affinity-zh-v1")
    scaled = weighted(msgspec.structs.replace(base, weights={"voice": 82, "words": 18}))
    whole = sum(each.points for each in base.criteria)
    voice = sum(each.points for each in scaled.criteria if side_of(each.standard) == "voice")
    assert sum(each.points for each in scaled.criteria) == pytest.approx(whole, abs=1e-3)
    assert voice / whole == pytest.approx(0.82, abs=1e-4)
    assert rubric.shipped("affinity82-zh-v1").criteria == scaled.criteria


def test_notation_stands_for_phrases() -> None:
    said = [variant.pieces for variant in variants("[请]您稍(等|候)")]
    assert said == [("请您稍等",), ("请您稍候",), ("您稍等",), ("您稍候",)]
    assert slots("(帮|为)您…6查") == (Slots((("帮您", "为您"), ("查",)), (6,)),)
    # What may be left out between two gaps only widens them.
    assert slots("帮您…2[马上]…3查") == (Slots((("帮您",), ("查",)), (7,)),)


@pytest.mark.parametrize("text", ["(a", "a)", "[a]", "…a", "a…99b", "(a|b|c)" * 6])
def test_broken_notation_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"bracket|empty|edge|gap|more than"):
        slots(text)
