"""The pages of tuned thresholds and points in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from pipeline.cli import main
from pipeline.rubric import shipped
from pipeline.store.database import open_database
from scripts.synthesis.night import RUBRIC, fill
from scripts.synthesis.overall import add_overall
from tests.real.browsing import CONTRAST, opened

THEIRS = {"response-time": 8.0, "flat-voice": 1.0, "intonation": 1.0, "warm-tone": 1.0}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tuned")
    address = str(folder / "night.db")
    with open_database(address) as database:
        fill(database, 220, agents=25)
        add_overall(database, shipped(RUBRIC), THEIRS)
    asked = ["tune", "--db", address]
    assert main([*asked, "response-time", "speech-rate", "--out", str(folder / "limits")]) == 0
    assert main([*asked, "--points", "--out", str(folder / "points")]) == 0
    return {
        "limits": folder / "limits" / "tuning.html",
        "points": folder / "points" / "points.html",
    }


@pytest.mark.parametrize("name", ["limits", "points"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_they_are_readable_in_light_and_dark_and_ask_for_nothing(
    browser: Browser, pages: dict[str, Path], name: str, scheme: str
) -> None:
    page, wrong = opened(browser, pages[name], color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []
    assert wrong == []
    assert page.locator("figure svg").count() == (2 if name == "limits" else 1)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_in_pictures_are_dark_on_their_white(
    browser: Browser, pages: dict[str, Path], scheme: str
) -> None:
    for path in pages.values():
        page, _ = opened(browser, path, color_scheme=scheme)
        words = page.locator("figure svg text")
        assert words.count() > 20
        assert words.first.evaluate("e => getComputedStyle(e).fill") == "rgb(31, 35, 40)"
        page.close()


@pytest.mark.parametrize("name", ["limits", "points"])
def test_they_fit_a_phone(browser: Browser, pages: dict[str, Path], name: str) -> None:
    page, _ = opened(browser, pages[name], viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
