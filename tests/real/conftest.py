import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, sync_playwright

from pipeline.cli import main
from tests.conftest import CALLS

Qinhe = Callable[..., int]


@pytest.fixture
def qinhe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Qinhe:
    """The command, run in an empty folder without a cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QINHE_CACHE", str(tmp_path.parent / f"{tmp_path.name}-cache"))

    def run(*arguments: object) -> int:
        return main([str(argument) for argument in arguments])

    return run


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def call() -> Path:
    """A sample call in which the agent interrupts."""
    return next(CALLS.glob("interrupted_customer.[fo]*"))


@pytest.fixture
def transcript(call: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is really said in that call, as a transcript of our own form."""
    truth = msgspec.json.decode((CALLS / f"{call.stem}.truth.json").read_bytes())
    words = [
        {
            "text": word["text"],
            "start": word["span"]["start"],
            "end": word["span"]["end"],
            "speaker": word["speaker"],
        }
        for word in truth["words"]
    ]
    path = tmp_path_factory.mktemp("transcript") / "truth.json"
    path.write_bytes(
        msgspec.json.encode({"schema": "qinhe.transcript/1", "language": "zh", "words": words})
    )
    return path


@pytest.fixture
def hostile(call: Path, tmp_path: Path) -> Path:
    """The call under a name that would do harm in a shell, a terminal or a page."""
    path = tmp_path / "-rf \x1b[31m<img src=x onerror=alert(1)>'\n.flac"
    shutil.copy(call, path)
    return path
