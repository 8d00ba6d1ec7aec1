"""The agreement page in a real browser."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from pipeline.agreement.page import render
from pipeline.agreement.report import agreement
from tests.real.browsing import CONTRAST, opened
from tests.unit.agreement.simulated import numbers, verdicts

CALLS = 60


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = np.random.default_rng(0)
    truth = generator.random(CALLS) < 0.7
    marks = verdicts(truth, {"王芳": 0.05, "李雷": 0.1, "张伟": 0.3}, 1)
    marks += verdicts(truth, {"王芳": 0.1, "李雷": 0.1}, 2, "hold")
    marks += numbers(60 + 20 * truth, {"王芳": 4, "李雷": 4}, 3)
    ours = {(f"call-{n:04d}", "pace"): "met" if met else "missed" for n, met in enumerate(truth)}
    path = tmp_path_factory.mktemp("agreement") / "agreement.html"
    path.write_text(render(agreement(marks, ours, {}, draws=50)), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_in_light_and_dark_and_asks_for_nothing(
    browser: Browser, page_file: Path, scheme: str
) -> None:
    page, wrong = opened(browser, page_file, color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []
    assert wrong == []
    assert page.locator(".matrix .cell").count() == 16
    assert page.locator(".confusion").count() > 0
    page.close()


def test_it_fits_a_phone(browser: Browser, page_file: Path) -> None:
    page, _ = opened(browser, page_file, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
