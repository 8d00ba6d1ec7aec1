"""Pages of figures: one head for all, nothing from outside, what people typed stays text."""

from html.parser import HTMLParser

import pytest

from pipeline.agreement.wording import TEXTS
from pipeline.report import sheet
from pipeline.rubric import shipped
from pipeline.tune import page
from pipeline.tune.pointing import Pointed
from pipeline.tune.truth import Problem

RUBRIC = shipped("affinity-zh-v1")
HOSTILE = "<script>alert(1)</script>"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(text)
    return parser.found


@pytest.mark.parametrize(("ui", "lang"), [("zh", "zh-CN"), ("en", "en")])
def test_one_head_that_lets_nothing_in(ui: str, lang: str) -> None:
    refused = Problem(kind="mixed-scales", criterion=None, found=f"marks by {HOSTILE}")
    found = Pointed(
        rubric=HOSTILE, version=1, rubric_sha256="0" * 64, seed=0, calls=3, refused=(refused,),
        noted=(),
    )  # fmt: skip
    text = page.render_points(found, RUBRIC, None, ["~ <b>"], ui)
    every = tags(text)
    assert every[0] == ("html", {"lang": lang})
    policy = next(attrs for tag, attrs in every if attrs.get("http-equiv"))
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert {tag for tag, _ in every} & {"script", "link", "img", "iframe", "b"} == set()
    assert not any("src" in attrs or "href" in attrs for _, attrs in every)
    assert text.count("&lt;script&gt;") == 3  # title, heading, note


def test_styles_of_the_house_come_first_and_a_packages_own_after() -> None:
    text = page.render_points(
        Pointed(rubric="r", version=1, rubric_sha256="", seed=0, calls=0, refused=(), noted=()),
        RUBRIC, None,
    )  # fmt: skip
    styles = text[text.index("<style>") : text.index("</style>")]
    assert styles.index("--paper") < styles.index("figure svg")


def test_a_value_that_is_missing_is_no_blank() -> None:
    with pytest.raises(Exception, match="undefined"):
        sheet.render("pipeline.agreement", "agreement.html.j2", ui="zh", t=TEXTS)
