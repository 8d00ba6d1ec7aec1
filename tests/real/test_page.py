"""The page in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from pipeline.cli import main
from tests.conftest import CALLS

NAME = "interrupted_customer"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with sound and words, made once."""
    folder = tmp_path_factory.mktemp("page")
    call = next(CALLS.glob(f"{NAME}.[fo]*"))
    truth = msgspec.json.decode((CALLS / f"{NAME}.truth.json").read_bytes())
    words = [{"text": w["text"], "speaker": w["speaker"], **w["span"]} for w in truth["words"]]
    transcript = folder / "words.json"
    transcript.write_bytes(msgspec.json.encode({"schema": "qinhe.transcript/1", "words": words}))
    arguments = ("score", call, "--transcript", transcript, "--language", "zh", "--out", folder)
    assert main([*map(str, arguments), "--no-cache"]) == 0
    return folder / f"{NAME}.html"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


class Opened:
    """The page, open, with everything that went wrong or left it on record."""

    def __init__(self, browser: Browser, file: Path, width: int = 1200, height: int = 900) -> None:
        self.troubles: list[str] = []
        self.requests: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": width, "height": height})
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.troubles.append(said.text) if said.type == "error" else None,
        )
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_function("document.documentElement.dataset.ready === 'yes'")

    def time(self) -> float:
        return float(self.page.evaluate("document.getElementById('audio').currentTime"))


@pytest.fixture
def opened(browser: Browser, page_file: Path) -> Iterator[Opened]:
    opened = Opened(browser, page_file)
    yield opened
    opened.page.close()


def test_it_opens_without_trouble_and_without_network(opened: Opened) -> None:
    opened.page.wait_for_function("document.getElementById('audio').readyState >= 1")
    assert opened.troubles == []
    assert all(url.startswith(("file:", "blob:")) for url in opened.requests)
    assert sum(url.startswith("file:") for url in opened.requests) == 1


def test_the_sound_is_whole(opened: Opened) -> None:
    opened.page.wait_for_function("document.getElementById('audio').readyState >= 1")
    duration = opened.page.evaluate("document.getElementById('audio').duration")
    assert duration == pytest.approx(86.4, abs=0.2)


def test_why_points_were_lost_leads_to_the_moment(opened: Opened) -> None:
    lost = opened.page.locator("#lost .finding").first
    expect(lost).to_contain_text("不打断客户")
    moment = lost.locator(".moment").first
    start = float(moment.get_attribute("data-start") or "nan")
    moment.click()
    opened.page.wait_for_function(
        f"Math.abs(document.getElementById('audio').currentTime - {start}) < 2"
    )


def test_the_transcript_follows_the_sound(opened: Opened) -> None:
    word = opened.page.locator(".turn .word").nth(30)
    word.scroll_into_view_if_needed()
    word.click()
    opened.page.wait_for_function("document.querySelector('.word.now') !== null")
    now = opened.page.locator(".word.now").first
    assert float(now.get_attribute("data-start") or "nan") == pytest.approx(opened.time(), abs=2)


def test_a_click_on_the_timeline_goes_there(opened: Opened) -> None:
    box = opened.page.locator("#timeline").bounding_box()
    assert box is not None
    opened.page.mouse.click(box["x"] + 62 + (box["width"] - 62) / 2, box["y"] + 20)
    opened.page.wait_for_function("document.getElementById('audio').currentTime > 30")
    assert opened.time() == pytest.approx(43.2, abs=3)


def test_the_timeline_is_drawn_and_zooms(opened: Opened) -> None:
    def drawn() -> int:
        return int(
            opened.page.evaluate(
                """() => { const c = document.getElementById('timeline');
                const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
                let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i]) n++; return n; }"""
            )
        )

    whole = drawn()
    assert whole > 5000
    opened.page.get_by_role("button", name="放大").click()
    assert drawn() != whole


def test_hits_are_marked_in_the_words(opened: Opened) -> None:
    marked = opened.page.locator(".word.hit")
    assert marked.count() > 0


def test_it_fits_a_phone(browser: Browser, page_file: Path) -> None:
    opened = Opened(browser, page_file, width=390, height=844)
    width = opened.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    opened.page.close()


def test_it_prints(opened: Opened, tmp_path: Path) -> None:
    pdf = opened.page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    opened.page.emulate_media(media="print")
    expect(opened.page.locator("#audio")).to_be_hidden()
    expect(opened.page.locator(".turn").last).to_be_visible()
