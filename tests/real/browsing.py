"""Pages opened in a real browser."""

from pathlib import Path

from playwright.sync_api import Browser, Page

CONTRAST = Path(__file__).with_name("contrast.js").read_text("utf-8")


def opened(browser: Browser, path: Path, **how: object) -> tuple[Page, list[str]]:
    """The page with everything unfolded, and a list of what goes wrong or leaves it."""
    page, wrong = browser.new_page(**how), []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: wrong.append(asked.url) if asked.url[:5] != "file:" else None)
    page.goto(path.as_uri())
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    return page, wrong
