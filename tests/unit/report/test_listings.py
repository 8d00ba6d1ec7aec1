import io

import pytest
from rich.console import Console, RenderableType

from pipeline.report.listings import difference, explained, standards
from pipeline.rubric import Rubric, shipped
from pipeline.standards import catalogue


def printed(what: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=200, highlight=False).print(what)
    return out.getvalue()


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return shipped("affinity-zh-v1")


@pytest.mark.parametrize(
    ("ui", "judged", "unheard"),
    [
        ("zh", "测量声音，与界限比较：语速，停顿计入", "录音中听不到仪表"),
        ("en", "a measured number held against limits: speech rate", "how people look cannot"),
    ],
)
def test_every_row_says_how_it_is_judged_or_why_it_is_not(
    rubric: Rubric, ui: str, judged: str, unheard: str
) -> None:
    shown = printed(standards(catalogue(), rubric, ui))
    assert judged in shown
    assert unheard in shown
    assert all(row.id in shown for row in catalogue().standards)


def test_a_row_that_a_rubric_leaves_out_is_named_as_such() -> None:
    assert "此评分标准未采用" in printed(standards(catalogue(), shipped("minimal-zh-v1"), "zh"))


def test_an_explained_criterion_shows_its_method_limits_and_the_documents_words(
    rubric: Rubric,
) -> None:
    shown = printed(explained(rubric, catalogue(), "zh"))
    rate = shown[shown.index("V01 语速适中") : shown.index("V02")]
    assert "判断方法：测量声音，与界限比较：语速，停顿计入" in rate
    assert "low=3  high=5.5" in rate
    assert "语速适中以确保客户能准确理解信息" in rate
    assert "一票否决" in shown


def test_what_goes_without_saying_is_not_said(rubric: Rubric) -> None:
    shown = printed(explained(rubric, catalogue(), "zh"))
    assert "null" not in shown
    assert "when=always" not in shown
    assert "when=complaint" in shown


def test_a_rubric_does_not_differ_from_itself(rubric: Rubric) -> None:
    assert list(difference(rubric, rubric)) == []
    assert any(line.startswith("- ") for line in difference(rubric, shipped("minimal-zh-v1")))
