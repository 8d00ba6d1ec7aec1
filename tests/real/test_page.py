"""The page in a real browser."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pipeline.cli import main
from pipeline.facts import CallFacts, Said, Turn
from pipeline.report import html
from pipeline.timeline import Span
from tests.conftest import CALLS
from tests.real.browsing import CONTRAST
from tests.unit.report.examples import HOSTILE, facts, radar, scorecard, tracks, words

NAME = "interrupted_customer"
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with sound and words, made once."""
    folder = tmp_path_factory.mktemp("page")
    call = next(CALLS.glob(f"{NAME}.[fo]*"))
    truth = msgspec.json.decode((CALLS / f"{NAME}.truth.json").read_bytes())
    said = [{"text": w["text"], "speaker": w["speaker"], **w["span"]} for w in truth["words"]]
    transcript = folder / "words.json"
    transcript.write_bytes(msgspec.json.encode({"schema": "qinhe.transcript/1", "words": said}))
    arguments = ("score", call, "--transcript", transcript, "--language", "zh", "--out", folder)
    assert main([*map(str, arguments), "--no-cache"]) == 0
    return folder / f"{NAME}.html"


class Opened:
    """The page, open, with everything that went wrong or left it on record."""

    def __init__(self, browser: Browser, file: Path, **options: Any) -> None:
        self.troubles: list[str] = []
        self.requests: list[str] = []
        options.setdefault("viewport", {"width": 1200, "height": 900})
        self.page: Page = browser.new_page(**options)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.troubles.append(said.text) if said.type == "error" else None,
        )
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())
        self.until("document.documentElement.dataset.ready === 'yes'")

    def until(self, true: str, seconds: float = 15.0) -> None:
        """Wait; Playwright's own waiting evaluates strings, which the page's policy forbids."""
        deadline = time.monotonic() + seconds
        while not self.page.evaluate(true):
            assert time.monotonic() < deadline, f"never: {true}"
            self.page.wait_for_timeout(30)

    def loaded(self) -> None:
        self.until("document.getElementById('audio').readyState >= 1")

    def slowly(self) -> None:
        """Make the sound crawl, so that a busy machine's look at it comes in time."""
        self.loaded()
        self.page.evaluate("document.getElementById('audio').playbackRate = 0.1")

    def plays(self) -> None:
        self.until("!document.getElementById('audio').paused")

    def pauses(self) -> None:
        self.until("document.getElementById('audio').paused")

    def time(self) -> float:
        return float(self.page.evaluate("document.getElementById('audio').currentTime"))

    def paused(self) -> bool:
        return bool(self.page.evaluate("document.getElementById('audio').paused"))

    def comes_to(self, seconds: float, within: float = 2.0) -> None:
        self.until(f"Math.abs(document.getElementById('audio').currentTime - {seconds}) < {within}")

    def drawn(self) -> str:
        """What the timeline shows, as a digest of its pixels."""
        return str(
            self.page.evaluate(
                """() => { const c = document.getElementById('timeline');
                const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
                let h = 0; for (let i = 0; i < d.length; i += 4) h = (h * 31 + d[i] + d[i + 3]) | 0;
                return h; }"""
            )
        )

    def width(self) -> int:
        return int(self.page.evaluate("document.documentElement.scrollWidth"))


def start_of(moment: Locator) -> float:
    return float(moment.get_attribute("data-start") or "nan")


@pytest.fixture
def opened(browser: Browser, page_file: Path) -> Iterator[Opened]:
    opened = Opened(browser, page_file)
    yield opened
    assert opened.troubles == []
    opened.page.close()


def test_it_opens_without_trouble_and_without_network(opened: Opened) -> None:
    opened.loaded()
    assert opened.troubles == []
    assert all(url.startswith(("file:", "blob:")) for url in opened.requests)
    assert sum(url.startswith("file:") for url in opened.requests) == 1


def test_the_sound_is_whole(opened: Opened) -> None:
    opened.loaded()
    duration = opened.page.evaluate("document.getElementById('audio').duration")
    assert duration == pytest.approx(86.4, abs=0.2)


def test_why_points_were_lost_leads_to_the_moment(opened: Opened) -> None:
    opened.slowly()
    lost = opened.page.locator("#lost .finding").first
    expect(lost).to_contain_text("不打断客户")
    moment = lost.locator(".jump").first
    moment.click()
    opened.comes_to(start_of(moment))
    opened.plays()


def test_what_to_talk_about_leads_to_its_moment_and_its_finding(opened: Opened) -> None:
    opened.slowly()
    first = opened.page.locator("#coaching li").first
    moment = first.locator(".jump")
    moment.click()
    opened.comes_to(start_of(moment))
    first.get_by_role("link").click()
    criterion = first.get_attribute("data-criterion")
    expect(opened.page.locator(f"#f-{criterion}")).to_be_focused()
    expect(opened.page.locator(f"#f-{criterion} h3")).to_be_in_viewport()


def test_the_transcript_follows_the_sound(opened: Opened) -> None:
    word = opened.page.locator(".turn .word").nth(30)
    word.scroll_into_view_if_needed()
    word.click()
    opened.until("document.querySelector('.word.now') !== null")
    now = opened.page.locator(".word.now").first
    assert start_of(now) == pytest.approx(opened.time(), abs=2)


def test_the_words_of_a_moment_come_into_sight(opened: Opened) -> None:
    last = opened.page.locator(".turn .word").last
    opened.page.locator("#words").scroll_into_view_if_needed()
    opened.page.locator("#timeline").focus()
    opened.page.keyboard.press("End")
    expect(last).to_be_in_viewport()


def test_a_click_on_the_timeline_goes_there(opened: Opened) -> None:
    opened.page.locator("#timeline").scroll_into_view_if_needed()
    box = opened.page.locator("#timeline").bounding_box()
    assert box is not None
    opened.page.mouse.click(box["x"] + 62 + (box["width"] - 62) / 2, box["y"] + 20)
    opened.comes_to(43.2, within=3)


def test_the_timeline_is_drawn_and_zooms_and_moves(opened: Opened) -> None:
    whole = opened.drawn()
    window = opened.page.locator("#scroll")
    expect(window).to_be_hidden()
    opened.page.get_by_role("button", name="放大").click()
    near = opened.drawn()
    assert near != whole
    expect(window).to_be_visible()
    window.fill("1000")
    assert opened.drawn() not in (near, whole)
    opened.page.get_by_role("button", name="全程").click()
    assert opened.drawn() == whole


def test_the_keyboard_is_enough(opened: Opened) -> None:
    opened.slowly()
    keyboard = opened.page.keyboard
    keyboard.press("Space")
    opened.plays()
    keyboard.press("Space")
    opened.pauses()
    at = opened.time()
    keyboard.press("ArrowRight")
    opened.comes_to(at + 5, within=0.2)
    assert opened.paused()  # going somewhere does not start the sound
    keyboard.press("ArrowLeft")
    opened.comes_to(at, within=0.2)
    keyboard.press("n")
    first = min(start_of(each) for each in opened.page.locator("#lost .jump").all())
    opened.comes_to(first + 0.3, within=1)


def test_a_click_leaves_the_space_bar_to_the_player(opened: Opened) -> None:
    opened.slowly()
    opened.page.locator("#lost .jump").first.click()
    opened.plays()
    opened.page.keyboard.press("Space")
    opened.pauses()


def test_tab_goes_through_the_page_in_reading_order(opened: Opened) -> None:
    order = []
    for _ in range(60):
        opened.page.keyboard.press("Tab")
        order.append(
            opened.page.evaluate(
                "document.activeElement.closest('[id]:not([id^=f-])')?.id ?? 'header'"
            )
        )
    expected = ["header", "coaching", "play", "timeline", "lost"]
    assert [place for place in dict.fromkeys(order) if place in expected] == expected


def test_every_control_has_a_name(opened: Opened) -> None:
    nameless = opened.page.evaluate(
        """() => [...document.querySelectorAll('button, select, input, canvas, [role=img]')]
        .filter((e) => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')
            || e.textContent.trim() || e.labels?.length)).map((e) => e.outerHTML)"""
    )
    assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, page_file: Path, scheme: str) -> None:
    opened = Opened(browser, page_file, color_scheme=scheme)
    opened.page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert opened.page.evaluate(f"({CONTRAST})()") == []
    opened.page.close()


def test_hits_are_marked_in_the_words_and_say_what_they_are(opened: Opened) -> None:
    marked = opened.page.locator(".word.hit")
    assert marked.count() > 0
    assert marked.first.get_attribute("title")


def test_the_radar_is_drawn_and_described(opened: Opened) -> None:
    picture = opened.page.get_by_role("img", name="亲和力雷达图")
    expect(picture).to_be_visible()
    marks = picture.locator(".axis-mark").all_text_contents()
    assert len(marks) >= 8
    assert all(3.5 <= float(mark) <= 5.5 for mark in marks)
    gaps = picture.locator(".axis-gap").all_text_contents()
    assert set(gaps) <= {"未测量", "不适用"}
    assert picture.locator(".dot").count() == len(marks)


def test_a_criterion_opens_with_its_standard(opened: Opened) -> None:
    row = opened.page.locator("#every .row").first
    expect(row.locator(".basis")).to_be_hidden()
    row.locator("summary").click()
    expect(row.locator(".basis")).to_contain_text("判断方法")
    expect(row.locator(".basis")).to_contain_text("《客户服务技巧》 语速适中")


def test_it_fits_a_phone(browser: Browser, page_file: Path) -> None:
    opened = Opened(browser, page_file, viewport=PHONE)
    opened.page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert opened.width() <= 390
    opened.slowly()
    opened.page.locator("#lost .jump").last.click()
    opened.plays()
    expect(opened.page.locator("#play")).to_be_in_viewport()
    opened.page.close()


def test_it_prints(opened: Opened) -> None:
    pdf = opened.page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    opened.page.emulate_media(media="print")
    expect(opened.page.locator(".controls")).to_be_hidden()
    expect(opened.page.locator(".radar-box .radar").first).to_be_visible()
    expect(opened.page.locator(".turn").last).to_be_visible()
    opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(opened.page.locator("#lost .basis").first).to_be_visible()
    opened.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(opened.page.locator("#lost .basis").first).to_be_hidden()


# ── Pages made by hand ───────────────────────────────────────────────────────────────────────────


def written(page: str, folder: Path) -> Path:
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    return path


def test_hostile_words_stay_words(browser: Browser, tmp_path: Path) -> None:
    attacks = f"{HOSTILE} <img/src=x/onerror=alert(1)> \" ' ' onmouseover=alert(1) {{{{7*7}}}}"
    hostile = msgspec.structs.replace(facts(attacks), call_id=attacks)
    card = scorecard(call_id=attacks, radar=radar())
    opened = Opened(browser, written(html.render(card, hostile, tracks()), tmp_path))
    shown = opened.page.locator(".turn").first.locator(".word").all_text_contents()
    assert shown == attacks.split()
    assert opened.page.title().startswith(HOSTILE)
    assert opened.page.locator("body img").count() == 0
    # Were a way in found after all, the policy would keep a script from running.
    opened.page.evaluate(
        """() => { const s = document.createElement('script');
        s.textContent = "document.title = 'hurt'"; document.body.append(s); }"""
    )
    assert opened.page.title() != "hurt"
    opened.page.close()


def half_an_hour() -> CallFacts:
    count, seconds = 360, 1800.0
    turns = tuple(
        Turn(
            speaker=speaker,
            span=Span(5.0 * i, 5.0 * i + 4.75),
            said=Said.of(words("您 好 " * 9, 5.0 * i, speaker)),
        )
        for i in range(count)
        for speaker in ("agent" if i % 2 else "customer",)
    )
    short = facts()
    audio = msgspec.structs.replace(short.audio, duration_s=seconds)
    return msgspec.structs.replace(short, audio=audio, turns=turns)


def test_half_an_hour_stays_quick(browser: Browser, tmp_path: Path) -> None:
    page = html.render(scorecard(radar=radar()), half_an_hour(), tracks(1800.0))
    assert len(page) < 3_000_000
    opened = Opened(browser, written(page, tmp_path))
    assert opened.page.locator(".word").count() == 6480
    steps = """() => { const t = performance.now(), key = { key: 'ArrowRight', bubbles: true };
        for (let i = 0; i < 20; i++) document.body.dispatchEvent(new KeyboardEvent('keydown', key));
        return (performance.now() - t) / 20; }"""
    # A step of the playhead, in ms: the machine may be busy, and yet nobody would notice it.
    assert opened.page.evaluate(steps) < 100
    assert opened.page.locator("#timeline").get_attribute("aria-valuenow") == "100.0"
    opened.page.close()
